//! Standing grants: those without a user, one for each client and scope.

use countersign_core::{EntityId, Grant, GrantId, Scope};
use countersign_storage::{CreateStandingGrant, FoundGrant, StoreError};
use rusqlite::{Connection, Row, ToSql, params};

use super::row::{self, NOBODY};
use crate::failure::Result;
use crate::oldest::end_oldest;
use crate::rows::bound;
use crate::sql;

pub(super) fn find(
    connection: &Connection,
    client: EntityId,
    scope: &Scope,
) -> Result<Option<FoundGrant>> {
    let values = params![client.as_bytes(), row::standing_for(scope)];
    super::find(connection, sql::grants::FIND_STANDING_GRANT, values)
}

pub(super) fn create(
    connection: &Connection,
    grant: &Grant,
    replaces: Option<GrantId>,
    limit: u32,
) -> Result<CreateStandingGrant> {
    if grant.user.is_some() {
        let defect = "a grant with a user is no standing grant".into();
        return Err(StoreError::Defect(defect).into());
    }
    let client = grant.client.as_bytes();
    let client_is_live: bool = connection
        .prepare_cached(sql::grants::STANDING_GRANT_MAY_STAND)?
        .query_row(params![client, bound(grant.client_epoch.number())], |row| {
            row.get(0)
        })?;
    if !client_is_live {
        return Ok(CreateStandingGrant::ClientEnded);
    }
    if let Some(standing) = standing(connection, grant)? {
        if Some(standing) != replaces {
            return Ok(CreateStandingGrant::AlreadyThere);
        }
        // RULES R10: its id is not free for the one that replaces it.
        if standing == grant.id {
            return Err(super::id_taken(grant.id));
        }
        super::end(connection, standing)?;
    }
    super::insert(connection, grant)?;
    let statements = [sql::grants::TOO_MANY_GRANTS, sql::grants::END_OLDEST_GRANTS];
    let pair: [&dyn ToSql; 2] = [NOBODY.id.as_bytes(), client];
    let ended = end_oldest(connection, statements, &pair, grant.id.as_bytes(), limit)?;
    Ok(CreateStandingGrant::Created {
        ended: ended.into_iter().map(GrantId::from_bytes).collect(),
    })
}

/// The id of the standing grant that the client of `grant` has for its scope.
fn standing(connection: &Connection, grant: &Grant) -> Result<Option<GrantId>> {
    let values = params![grant.client.as_bytes(), row::standing_for(&grant.scope)];
    let mut statement = connection.prepare_cached(sql::grants::STANDING_GRANT)?;
    let id = |row: &Row<'_>| row.get(0).map(GrantId::from_bytes);
    let mut standing = statement.query_map(values, id)?;
    Ok(standing.next().transpose()?)
}
