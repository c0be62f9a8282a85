//! Lists: which entries of one are told, and in which order.

use std::cmp::Reverse;

use axum::http::Uri;
use countersign_protocol::Form;
use countersign_provider::wazo::Refusal;
use serde_json::{Value, json};

use super::refusal::{Fault, Shape};

/// How many entries are read at a time.
const PAGE: u32 = 500;

/// The ways in which that system writes a boolean in a query; its Python programs send the first two.
const FLAGS: [(&str, bool); 6] = [
    ("True", true),
    ("False", false),
    ("true", true),
    ("false", false),
    ("1", true),
    ("0", false),
];

/// Reads pages until there is none left, each beginning behind the last entry of the one before.
pub(super) async fn all<T, K, Read>(
    key: impl Fn(&T) -> K,
    page: impl Fn(Option<K>, u32) -> Read,
) -> Result<Vec<T>, Refusal>
where
    Read: Future<Output = Result<Vec<T>, Refusal>>,
{
    let mut entries: Vec<T> = Vec::new();
    loop {
        let page = page(entries.last().map(&key), PAGE).await?;
        if page.is_empty() {
            return Ok(entries);
        }
        entries.extend(page);
    }
}

/// What a list knows of its entries.
#[derive(Debug)]
pub(super) struct Table {
    /// The columns.
    pub(super) columns: &'static [Column],
    /// The column by which it is ordered until a request says another; without, entries stand as they are read.
    pub(super) order: Option<&'static str>,
}

/// What a list can be filtered by, and perhaps ordered and searched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    name: &'static str,
    /// Where it stands in an entry (RFC 6901).
    at: &'static str,
    is_flag: bool,
    is_ordered: bool,
    is_searched: bool,
}

impl Column {
    /// A text.
    pub(super) const fn text(name: &'static str, at: &'static str) -> Self {
        Self {
            name,
            at,
            is_flag: false,
            is_ordered: false,
            is_searched: false,
        }
    }

    /// A boolean.
    pub(super) const fn flag(name: &'static str, at: &'static str) -> Self {
        Self {
            is_flag: true,
            ..Self::text(name, at)
        }
    }

    /// The same column, by which a list can be ordered.
    pub(super) const fn ordered(self) -> Self {
        Self {
            is_ordered: true,
            ..self
        }
    }

    /// The same column, in which `search` looks.
    pub(super) const fn searched(self) -> Self {
        Self {
            is_searched: true,
            ..self
        }
    }

    fn of<'entry>(&self, entry: &'entry Value) -> &'entry Value {
        entry.pointer(self.at).unwrap_or(&Value::Null)
    }

    /// What entries are ordered by: letter case comes last, and what is not there behind everything.
    fn key(&self, entry: &Value) -> (bool, bool, String, String) {
        let value = self.of(entry);
        let text = value.as_str().unwrap_or_default();
        (
            value.is_null(),
            value == &Value::Bool(true),
            text.to_lowercase(),
            text.to_owned(),
        )
    }
}

/// What a request wants to see of a list.
#[derive(Debug)]
pub(super) struct Listing {
    table: &'static Table,
    search: Option<String>,
    filters: Vec<(&'static Column, Value)>,
    order: Option<&'static Column>,
    is_descending: bool,
    limit: usize,
    offset: usize,
}

/// What is told of a list.
#[derive(Debug)]
pub(super) struct Page {
    /// The entries.
    pub(super) items: Vec<Value>,
    /// How many there are.
    pub(super) total: usize,
    /// How many of these are left after the search and the filters.
    pub(super) filtered: usize,
}

impl Page {
    /// The members of most lists.
    pub(super) fn body(&self) -> Value {
        json!({ "items": self.items, "total": self.total, "filtered": self.filtered })
    }
}

impl Listing {
    /// Reads the query. An empty parameter counts as absent, and one that this list does not know is nobody's business.
    pub(super) fn read(uri: &Uri, table: &'static Table) -> Result<Self, Fault> {
        let query = uri.query().unwrap_or_default();
        let query = Form::parse(query.as_bytes(), &[])
            .map_err(|error| told(Fault::invalid(error.to_string())))?;
        // There is one tenant, and none below it.
        flag(&query, "recurse")?;
        Ok(Self {
            table,
            search: query.get("search").map(str::to_lowercase),
            filters: filters(&query, table)?,
            order: order(&query, table)?,
            is_descending: is_descending(&query)?,
            limit: number(&query, "limit")?.unwrap_or(usize::MAX),
            offset: number(&query, "offset")?.unwrap_or(0),
        })
    }

    /// What is told of these entries.
    pub(super) fn of(&self, mut items: Vec<Value>) -> Page {
        let total = items.len();
        items.retain(|entry| self.has(entry));
        let filtered = items.len();
        // Of two that are equal, the one that comes first comes last in the other direction.
        if self.is_descending {
            items.reverse();
        }
        if let Some(column) = self.order {
            if self.is_descending {
                items.sort_by_cached_key(|entry| Reverse(column.key(entry)));
            } else {
                items.sort_by_cached_key(|entry| column.key(entry));
            }
        }
        let items = items.into_iter().skip(self.offset).take(self.limit);
        Page {
            items: items.collect(),
            total,
            filtered,
        }
    }

    fn has(&self, entry: &Value) -> bool {
        let is_found = |text: &String| {
            let mut columns = self.table.columns.iter().filter(|it| it.is_searched);
            columns.any(|column| column.key(entry).2.contains(text))
        };
        let mut filters = self.filters.iter();
        self.search.as_ref().is_none_or(is_found)
            && filters.all(|(column, value)| column.of(entry) == value)
    }
}

fn filters(query: &Form, table: &'static Table) -> Result<Vec<(&'static Column, Value)>, Fault> {
    let mut filters = Vec::new();
    for column in table.columns {
        let value = if column.is_flag {
            flag(query, column.name)?.map(Value::from)
        } else {
            query.get(column.name).map(Value::from)
        };
        filters.extend(value.map(|value| (column, value)));
    }
    Ok(filters)
}

fn order(query: &Form, table: &'static Table) -> Result<Option<&'static Column>, Fault> {
    let Some(name) = query.get("order").or(table.order) else {
        return Ok(None);
    };
    let ordered = || table.columns.iter().filter(|column| column.is_ordered);
    let found = ordered().find(|column| column.name == name);
    found.map(Some).ok_or_else(|| {
        let names: Vec<&str> = ordered().map(|column| column.name).collect();
        bad("order", &format!("one of: {}", names.join(", ")))
    })
}

fn is_descending(query: &Form) -> Result<bool, Fault> {
    match query.get("direction") {
        None | Some("asc") => Ok(false),
        Some("desc") => Ok(true),
        Some(_) => Err(bad("direction", "'asc' or 'desc'")),
    }
}

fn number(query: &Form, name: &str) -> Result<Option<usize>, Fault> {
    let number = query.get(name).map(str::parse).transpose();
    number.map_err(|_| bad(name, "a whole number from 0 on"))
}

fn flag(query: &Form, name: &str) -> Result<Option<bool>, Fault> {
    let Some(text) = query.get(name) else {
        return Ok(None);
    };
    match FLAGS.iter().find(|(word, _)| *word == text) {
        Some((_, value)) => Ok(Some(*value)),
        None => Err(bad(name, "'True' or 'False'")),
    }
}

fn bad(name: &str, expected: &str) -> Fault {
    told(Fault::field(name, format!("'{name}' must be {expected}")))
}

/// The body is the same at every list.
fn told(fault: Fault) -> Fault {
    fault.id("invalid-list-param").in_shape(Shape::Api)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Table = Table {
        columns: &[
            Column::text("name", "/name").ordered().searched(),
            Column::text("address", "/emails/0/address").searched(),
            Column::text("uuid", "/uuid"),
            Column::flag("mobile", "/mobile").ordered(),
        ],
        order: Some("name"),
    };

    fn listing(query: &str) -> Result<Listing, Fault> {
        static STATIC: Table = TABLE;
        let uri = format!("/users?{query}").parse().unwrap();
        Listing::read(&uri, &STATIC)
    }

    fn entry(name: Option<&str>, address: &str, mobile: bool) -> Value {
        json!({ "name": name, "emails": [{ "address": address }], "uuid": address, "mobile": mobile })
    }

    #[tokio::test]
    async fn a_list_longer_than_a_page_is_read_to_its_end() {
        let there = PAGE * 2 + 1;
        let read = all(
            |number: &u32| *number,
            async |after: Option<u32>, limit| {
                let first = after.map_or(0, |last| last + 1);
                Ok((first..there).take(limit as usize).collect())
            },
        );
        assert!(read.await.unwrap().into_iter().eq(0..there));
    }

    #[test]
    fn row_4_4_list_parameters() {
        let entries = || {
            vec![
                entry(Some("bob"), "bob@example.com", true),
                entry(None, "nobody@example.com", false),
                entry(Some("Alice"), "a@example.com", false),
                entry(Some("Zoë"), "z@example.com", true),
            ]
        };
        for (query, expected, filtered) in [
            ("", &["Alice", "bob", "Zoë", ""][..], 4),
            (
                "direction=asc&recurse=True",
                &["Alice", "bob", "Zoë", ""],
                4,
            ),
            ("direction=desc", &["", "Zoë", "bob", "Alice"], 4),
            ("order=mobile", &["", "Alice", "bob", "Zoë"], 4),
            (
                "order=mobile&direction=desc",
                &["Zoë", "bob", "Alice", ""],
                4,
            ),
            ("limit=2", &["Alice", "bob"], 4),
            ("offset=1&limit=2", &["bob", "Zoë"], 4),
            ("limit=0", &[], 4),
            ("offset=9", &[], 4),
            ("search=B", &["bob", ""], 2),
            ("search=ZO%C3%8B", &["Zoë"], 1),
            ("search=a%40example", &["Alice"], 1),
            ("search=false", &[], 0),
            ("search=b&mobile=False", &[""], 1),
            ("mobile=True", &["bob", "Zoë"], 2),
            ("mobile=1&limit=1", &["bob"], 2),
            ("name=bob", &["bob"], 1),
            ("name=Bob", &[], 0),
            ("address=z%40example.com", &["Zoë"], 1),
            (
                "search=&order=&limit=&unknown=x",
                &["Alice", "bob", "Zoë", ""],
                4,
            ),
        ] {
            let page = listing(query).unwrap().of(entries());
            let names: Vec<&str> = page
                .items
                .iter()
                .map(|it| it["name"].as_str().unwrap_or_default())
                .collect();
            assert_eq!(names, expected, "{query}");
            assert_eq!((page.total, page.filtered), (4, filtered), "{query}");
        }
    }

    #[test]
    fn row_4_3_a_bad_list_parameter_is_named() {
        for (query, name) in [
            ("order=uuid", "order"),
            ("order=Name", "order"),
            ("direction=up", "direction"),
            ("direction=DESC", "direction"),
            ("limit=-1", "limit"),
            ("limit=1.5", "limit"),
            ("limit=ten", "limit"),
            ("offset=-1", "offset"),
            ("offset=99999999999999999999999", "offset"),
            ("recurse=perhaps", "recurse"),
            ("mobile=yes", "mobile"),
            ("limit=1&limit=1", "limit"),
            ("search=%ff", ""),
        ] {
            let fault = format!("{:?}", listing(query).unwrap_err());
            assert!(fault.contains("invalid-list-param"), "{query}: {fault}");
            assert!(fault.contains("status: 400"), "{query}: {fault}");
            assert!(
                fault.contains(&format!("'{name}")) || name.is_empty(),
                "{query}: {fault}"
            );
        }
    }
}
