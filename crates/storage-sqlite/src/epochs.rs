//! The one sequence of epochs, for clients and users (RULES A1, R10).

use countersign_core::Epoch;
use countersign_storage::Issued;
use rusqlite::Connection;

use crate::failure::Result;
use crate::rows::{bound, corrupt_value};
use crate::sql;

/// The next epoch.
pub(crate) fn draw(connection: &Connection) -> Result<Epoch> {
    pass_over(connection, 1).map(Epoch::from_number)
}

/// The epoch to change to, if everything that was issued is to end.
pub(crate) fn after(connection: &Connection, issued: Issued) -> Result<Option<Epoch>> {
    match issued {
        Issued::Lives => Ok(None),
        Issued::Ends => draw(connection).map(Some),
    }
}

/// Draws `count` epochs at once, and gives the number of the last.
pub(crate) fn pass_over(connection: &Connection, count: u64) -> Result<u64> {
    let mut statement = connection.prepare_cached(sql::meta::DRAW_EPOCHS)?;
    let last: i64 = statement.query_row([bound(count)], |row| row.get(0))?;
    Ok(u64::try_from(last).map_err(|_| corrupt_value("epoch"))?)
}
