//! From rows to the model and back. What cannot be read is corrupt, and is named.

use countersign_core::{EntityId, Epoch, Revision, Timestamp};
use countersign_storage::StoreError;
use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{Connection, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::{Failure, Result};

/// A row that can name itself by the text or the id in its first column.
pub(crate) struct NamedRow<'row> {
    table: &'static str,
    row: &'row Row<'row>,
    /// Which column of the answer is the first of this row: an answer may have rows of several tables side by side.
    first: usize,
}

impl<'row> NamedRow<'row> {
    /// A row that begins with the answer.
    pub(crate) fn new(table: &'static str, row: &'row Row<'row>) -> Self {
        Self {
            table,
            row,
            first: 0,
        }
    }

    /// A row that begins behind a column of the answer.
    pub(crate) fn behind(column: &str, table: &'static str, row: &'row Row<'row>) -> Self {
        Self {
            table,
            row,
            first: index_of(row, 0, column).map_or(0, |index| index + 1),
        }
    }

    /// Whether its first column has no value: it is the missing half of a join.
    pub(crate) fn is_missing(&self) -> bool {
        self.row.get_ref(self.first) == Ok(ValueRef::Null)
    }

    /// The value of a column.
    pub(crate) fn get<T: FromSql>(&self, column: &'static str) -> Result<T> {
        let value =
            index_of(self.row, self.first, column).and_then(|index| self.row.get(index).ok());
        value.ok_or_else(|| self.corrupt(column))
    }

    /// The value of a column, made into what it stands for.
    pub(crate) fn parse<T: FromSql, U, E>(
        &self,
        column: &'static str,
        make: impl FnOnce(T) -> std::result::Result<U, E>,
    ) -> Result<U> {
        make(self.get(column)?).map_err(|_| self.corrupt(column))
    }

    /// The value of a column of JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        self.parse(column, |text: String| serde_json::from_str(&text))
    }

    /// The value of a column of ids.
    pub(crate) fn entity_id(&self, column: &'static str) -> Result<EntityId> {
        self.get(column).map(EntityId::from_bytes)
    }

    /// The value of a column of epochs.
    pub(crate) fn epoch(&self, column: &'static str) -> Result<Epoch> {
        self.number(column).map(Epoch::from_number)
    }

    /// The value of a column of revisions.
    pub(crate) fn revision(&self, column: &'static str) -> Result<Revision> {
        self.number(column).map(Revision::from_number)
    }

    /// The value of a column of numbers that are never below zero.
    fn number(&self, column: &'static str) -> Result<u64> {
        self.parse(column, |number: i64| u64::try_from(number))
    }

    /// The value of a column of times.
    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp> {
        self.get(column).map(Timestamp::from_seconds)
    }

    /// Names the place only: what lies there may be a secret.
    pub(crate) fn corrupt(&self, column: &'static str) -> Failure {
        let name = match self.row.get_ref(self.first) {
            Ok(ValueRef::Text(name)) => String::from_utf8_lossy(name).into_owned(),
            Ok(ValueRef::Blob(id)) => id.try_into().map_or("without a name".into(), |id| {
                EntityId::from_bytes(id).to_string()
            }),
            _ => "without a name".into(),
        };
        let table = self.table;
        Failure(StoreError::Corrupt(format!(
            "table {table}, row {name:?}, column {column}"
        )))
    }
}

/// The index of the first column with this name, from `first` on.
fn index_of(row: &Row<'_>, first: usize, column: &str) -> Option<usize> {
    let columns = row.as_ref();
    (first..columns.column_count()).find(|index| columns.column_name(*index) == Ok(column))
}

/// The row of `meta` that cannot be read.
pub(crate) fn corrupt_value(name: &str) -> StoreError {
    StoreError::Corrupt(format!("table meta, row {name:?}"))
}

/// The revision of the row with this id, if there is one.
pub(crate) fn stored_revision(
    connection: &Connection,
    sql: &str,
    table: &'static str,
    id: EntityId,
) -> Result<Option<Revision>> {
    let mut statement = connection.prepare_cached(sql)?;
    let revision = |row: &Row<'_>| NamedRow::new(table, row).revision("revision");
    let mut revisions = statement.query_and_then([id.as_bytes()], revision)?;
    revisions.next().transpose()
}

/// A number as it is bound. One that no row can have is without a value, which is equal to nothing.
pub(crate) fn bound(number: u64) -> Option<i64> {
    i64::try_from(number).ok()
}

/// A value as it is stored in a column of JSON. `what` says what cannot be written if it cannot.
pub(crate) fn json(what: &str, value: &impl Serialize) -> Result<String> {
    // Without the words of serde_json: they could quote what they could not write.
    serde_json::to_string(value).map_err(|_| {
        Failure(StoreError::Defect(format!(
            "{what} cannot be written as JSON"
        )))
    })
}
