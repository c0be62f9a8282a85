//! No more rows than a limit: the oldest go.

use rusqlite::{Connection, ToSql};

use crate::failure::Result;

/// Ends the oldest of the rows with this key other than `new`, until there are no more than `limit` with it. Gives their
/// ids, the oldest first.
///
/// The first statement tells whether there are more than `?1` rows with a key. The second ends all of them but `?2` and
/// the `?1` that came last. The key is told behind these.
pub(crate) fn end_oldest(
    connection: &Connection,
    [too_many, end]: [&str; 2],
    key: &[&dyn ToSql],
    new: &[u8; 16],
    limit: u32,
) -> Result<Vec<[u8; 16]>> {
    let values: [&dyn ToSql; 1] = [&limit];
    let too_many: bool = connection
        .prepare_cached(too_many)?
        .query_row(&*[&values, key].concat(), |row| row.get(0))?;
    if !too_many {
        return Ok(Vec::new());
    }
    let others = limit.saturating_sub(1);
    let mut statement = connection.prepare_cached(end)?;
    let values: [&dyn ToSql; 2] = [&others, new];
    let ended = statement.query_map(&*[&values, key].concat(), |row| row.get(0))?;
    let mut ended: Vec<[u8; 16]> = ended.collect::<rusqlite::Result<_>>()?;
    ended.sort_unstable();
    Ok(ended)
}
