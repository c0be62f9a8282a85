//! From what SQLite says to what a caller can act on.

use countersign_storage::StoreError;
use rusqlite::{ErrorCode, ffi};

/// A [`StoreError`] into which `?` turns the errors of SQLite.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) StoreError);

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self(store_error(&error))
    }
}

/// What an error of `COMMIT` means to a caller.
///
/// A transaction holds once the last page that it wrote lies in the log whole. If the system refused to write, it does
/// not. After any other error nobody can say whether it would be found after a crash.
pub(crate) fn commit_error(error: &rusqlite::Error) -> StoreError {
    let message = error.to_string();
    let code = error.sqlite_error().map(|error| error.extended_code);
    match code {
        Some(ffi::SQLITE_FULL | ffi::SQLITE_IOERR_WRITE) => StoreError::Unavailable(message),
        _ => StoreError::OutcomeUnknown(message),
    }
}

/// What an error of SQLite means to a caller.
///
/// The messages of SQLite name tables and columns, never values, since every value is bound.
pub(crate) fn store_error(error: &rusqlite::Error) -> StoreError {
    let message = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Corrupt(message),
        // The verbs ask before they write, within one transaction.
        Some(ErrorCode::ConstraintViolation) => StoreError::Defect(message),
        Some(_) => StoreError::Unavailable(message),
        None => match error {
            // A row that must be there, or a column of another type than the schema gives it.
            rusqlite::Error::QueryReturnedNoRows
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..) => StoreError::Corrupt(message),
            _ => StoreError::Defect(message),
        },
    }
}
