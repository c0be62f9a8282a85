//! From rows to the model. What cannot be read is corrupt, and is named.

use countersign_storage::StoreError;
use rusqlite::Row;
use rusqlite::types::{FromSql, ValueRef};
use serde::de::DeserializeOwned;

use crate::failure::{Failure, Result};

/// A row that can name itself by the text in its first column.
pub(crate) struct NamedRow<'row> {
    pub(crate) table: &'static str,
    pub(crate) row: &'row Row<'row>,
}

impl NamedRow<'_> {
    /// The value of a column.
    pub(crate) fn get<T: FromSql>(&self, column: &'static str) -> Result<T> {
        self.row.get(column).map_err(|_| self.corrupt(column))
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

    /// Names the place only: what lies there may be a secret.
    fn corrupt(&self, column: &'static str) -> Failure {
        let name = match self.row.get_ref(0) {
            Ok(ValueRef::Text(name)) => String::from_utf8_lossy(name).into_owned(),
            _ => "without a name".into(),
        };
        let table = self.table;
        Failure(StoreError::Corrupt(format!(
            "table {table}, row {name:?}, column {column}"
        )))
    }
}
