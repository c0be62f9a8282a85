//! Verbs on grants.

use async_trait::async_trait;
use countersign_core::{
    CurrentRefresh, EntityId, Generation, Grant, GrantId, GrantLifetime, Timestamp,
};
use countersign_storage::{
    CreateGrant, EndGrant, FoundGrant, GrantFilter, GrantStore, RefreshOutcome, SeenRefresh,
    StoreError,
};
use rusqlite::{Connection, Row, ToSql, params};

use crate::failure::Result;
use crate::rows::{NamedRow, bound, json};
use crate::{SqliteStore, sql, users};

#[async_trait]
impl GrantStore for SqliteStore {
    async fn create_grant(
        &self,
        grant: Grant,
        limit: u32,
    ) -> std::result::Result<CreateGrant, StoreError> {
        self.workers
            .write(move |connection| create(connection, &grant, limit))
            .await
    }

    async fn find_grant(&self, id: GrantId) -> std::result::Result<Option<FoundGrant>, StoreError> {
        self.workers
            .read(move |connection| find(connection, id))
            .await
    }

    async fn rotate_refresh(
        &self,
        seen: SeenRefresh,
        next: CurrentRefresh,
    ) -> std::result::Result<RefreshOutcome, StoreError> {
        self.workers
            .write(move |connection| rotate(connection, &seen, &next))
            .await
    }

    async fn retry_refresh(
        &self,
        seen: SeenRefresh,
        in_a_row: u32,
    ) -> std::result::Result<RefreshOutcome, StoreError> {
        self.workers
            .write(move |connection| {
                let retry = sql::grants::RETRY_REFRESH;
                change(connection, retry, &seen, &[&in_a_row], None)
            })
            .await
    }

    async fn use_refresh(
        &self,
        seen: SeenRefresh,
        now: Timestamp,
    ) -> std::result::Result<RefreshOutcome, StoreError> {
        self.workers
            .write(move |connection| {
                let used = sql::grants::USE_REFRESH;
                change(connection, used, &seen, &[&now.as_seconds()], None)
            })
            .await
    }

    async fn end_grant(&self, id: GrantId) -> std::result::Result<EndGrant, StoreError> {
        self.workers
            .write(move |connection| {
                Ok(if end(connection, id)? {
                    EndGrant::Ended
                } else {
                    EndGrant::NotFound
                })
            })
            .await
    }

    async fn list_grants(
        &self,
        filter: GrantFilter,
        after: Option<GrantId>,
        limit: u32,
    ) -> std::result::Result<Vec<Grant>, StoreError> {
        // No grant has the id that stands for none, so all are greater.
        let after = after.unwrap_or(GrantId::NONE);
        self.workers
            .read(move |connection| list(connection, filter, after, limit))
            .await
    }
}

fn create(connection: &Connection, grant: &Grant, limit: u32) -> Result<CreateGrant> {
    let refresh = grant.refresh.as_ref();
    let resources = match &*grant.resources {
        [] => None,
        resources => Some(json("a grant", &resources)?),
    };
    let (client_epoch, user_epoch) = (
        bound(grant.client_epoch.number()),
        bound(grant.user_epoch.number()),
    );
    // The writer holds the lock: what is asked here holds until the commit. One statement would say the same, and SQLite
    // would keep a journal of its own for it.
    let (client_is_live, user_is_live): (bool, bool) = connection
        .prepare_cached(sql::grants::GRANT_MAY_STAND)?
        .query_row(
            params![
                grant.client.as_bytes(),
                client_epoch,
                grant.user.as_bytes(),
                user_epoch
            ],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
    match (client_is_live, user_is_live) {
        (false, _) => return Ok(CreateGrant::ClientEnded),
        (true, false) => return Ok(CreateGrant::UserEnded),
        (true, true) => {}
    }
    let created = connection
        .prepare_cached(sql::grants::CREATE_GRANT)?
        .execute(params![
            grant.id.as_bytes(),
            grant.client.as_bytes(),
            client_epoch,
            grant.user.as_bytes(),
            user_epoch,
            grant.created_at.as_seconds(),
            grant.lifetime.ends_at.as_seconds(),
            grant.lifetime.idle,
            refresh.map(|it| it.generation.number()),
            refresh.map(|it| it.nonce),
            refresh.map(|it| it.key.as_str()),
            refresh.map(|it| it.used_at.as_seconds()),
            refresh.and_then(|it| it.previous_tag),
            refresh.map(|it| it.retried_in_a_row),
            refresh.map(|it| it.retried),
            grant.scope.to_string(),
            resources,
            grant.row_ends_at().as_seconds(),
        ])?;
    if created == 0 {
        let id = EntityId::from_bytes(*grant.id.as_bytes());
        return Err(StoreError::EntityIdTaken(id).into());
    }
    let too_many: bool = connection
        .prepare_cached(sql::grants::TOO_MANY_GRANTS)?
        .query_row(
            params![grant.user.as_bytes(), grant.client.as_bytes(), limit],
            |row| row.get(0),
        )?;
    if !too_many {
        return Ok(CreateGrant::Created { ended: Vec::new() });
    }
    let mut statement = connection.prepare_cached(sql::grants::END_OLDEST_GRANTS)?;
    let ended = statement.query_map(
        params![
            grant.user.as_bytes(),
            grant.client.as_bytes(),
            grant.id.as_bytes(),
            limit.saturating_sub(1)
        ],
        |row| row.get(0).map(GrantId::from_bytes),
    )?;
    let mut ended: Vec<GrantId> = ended.collect::<rusqlite::Result<_>>()?;
    ended.sort_unstable();
    Ok(CreateGrant::Created { ended })
}

fn find(connection: &Connection, id: GrantId) -> Result<Option<FoundGrant>> {
    let mut statement = connection.prepare_cached(sql::grants::FIND_GRANT)?;
    let mut found = statement.query_and_then([id.as_bytes()], |row| {
        let grant = NamedRow::new("grants", row);
        let user = NamedRow::behind("client_is_live", "users", row);
        Ok(FoundGrant {
            client_is_live: grant.get("client_is_live")?,
            grant: read(&grant)?,
            user: (!user.is_missing())
                .then(|| users::read(&user))
                .transpose()?,
        })
    })?;
    found.next().transpose()
}

fn rotate(
    connection: &Connection,
    seen: &SeenRefresh,
    next: &CurrentRefresh,
) -> Result<RefreshOutcome> {
    change(
        connection,
        sql::grants::ROTATE_REFRESH,
        seen,
        &[
            &next.generation.number(),
            &next.nonce,
            &next.key.as_str(),
            &next.used_at.as_seconds(),
            &next.previous_tag,
            &next.retried_in_a_row,
            &next.retried,
            &seen.retried,
        ],
        Some(next.nonce),
    )
}

/// Carries out a statement on the refresh token that was seen, with `values` behind what was seen. `attempt` is the
/// nonce that it would make the current one, if any.
fn change(
    connection: &Connection,
    sql: &str,
    seen: &SeenRefresh,
    values: &[&dyn ToSql],
    attempt: Option<[u8; 16]>,
) -> Result<RefreshOutcome> {
    let epochs = (
        bound(seen.client_epoch.number()),
        bound(seen.user_epoch.number()),
    );
    let seen_values: [&dyn ToSql; 5] = [
        seen.grant.as_bytes(),
        &seen.generation.number(),
        &seen.nonce,
        &epochs.0,
        &epochs.1,
    ];
    let changed = connection
        .prepare_cached(sql)?
        .execute(&*[&seen_values, values].concat())?;
    if changed > 0 {
        return Ok(RefreshOutcome::Done);
    }
    let mut statement = connection.prepare_cached(sql::grants::REFRESH_UNCHANGED)?;
    let mut current = statement
        .query_and_then(params![seen.grant.as_bytes(), epochs.0, epochs.1], |row| {
            NamedRow::new("grants", row).get::<Option<[u8; 16]>>("nonce")
        })?;
    Ok(match current.next().transpose()? {
        None => RefreshOutcome::Ended,
        // RULES R5: "the nonce is mine" means "I won".
        Some(nonce) if attempt.is_some() && nonce == attempt => RefreshOutcome::Done,
        Some(_) => RefreshOutcome::Changed,
    })
}

/// Removes the row of a grant. Whether there was one.
pub(crate) fn end(connection: &Connection, id: GrantId) -> Result<bool> {
    let mut statement = connection.prepare_cached(sql::grants::END_GRANT)?;
    Ok(statement.execute([id.as_bytes()])? > 0)
}

fn list(
    connection: &Connection,
    filter: GrantFilter,
    after: GrantId,
    limit: u32,
) -> Result<Vec<Grant>> {
    let (user, client) = (
        filter.user.as_ref().map(EntityId::as_bytes),
        filter.client.as_ref().map(EntityId::as_bytes),
    );
    let mut values: Vec<&dyn ToSql> = vec![after.as_bytes(), &limit];
    let sql = match (&user, &client) {
        (None, None) => sql::grants::LIST_GRANTS,
        (None, Some(client)) => {
            values.push(client);
            sql::grants::LIST_GRANTS_OF_CLIENT
        }
        (Some(user), None) => {
            values.push(user);
            sql::grants::LIST_GRANTS_OF_USER
        }
        (Some(user), Some(client)) => {
            values.extend([user as &dyn ToSql, client]);
            sql::grants::LIST_GRANTS_OF_USER_AND_CLIENT
        }
    };
    let mut statement = connection.prepare_cached(sql)?;
    let grants = statement.query_and_then(&*values, grant)?;
    grants.collect()
}

pub(crate) fn grant(row: &Row<'_>) -> Result<Grant> {
    read(&NamedRow::new("grants", row))
}

fn read(row: &NamedRow<'_>) -> Result<Grant> {
    Ok(Grant {
        id: row.get("id").map(GrantId::from_bytes)?,
        client: row.entity_id("client")?,
        client_epoch: row.epoch("client_epoch")?,
        user: row.entity_id("user")?,
        user_epoch: row.epoch("user_epoch")?,
        scope: row.parse("scope", |text: String| text.parse())?,
        resources: match row.get::<Option<String>>("resources")? {
            None => Vec::new(),
            Some(_) => row.json("resources")?,
        },
        created_at: row.time("created_at")?,
        lifetime: GrantLifetime {
            ends_at: row.time("ends_at")?,
            idle: row.get("idle")?,
        },
        refresh: read_refresh(row)?,
    })
}

fn read_refresh(row: &NamedRow<'_>) -> Result<Option<CurrentRefresh>> {
    let generation: Option<u32> = row.get("generation")?;
    let nonce: Option<[u8; 16]> = row.get("nonce")?;
    match (generation, nonce) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(row.corrupt("generation")),
        (Some(_), None) => Err(row.corrupt("nonce")),
        (Some(generation), Some(nonce)) => Ok(Some(CurrentRefresh {
            generation: Generation::from_number(generation),
            nonce,
            key: row.parse("key", |text: String| text.parse())?,
            used_at: row.time("used_at")?,
            previous_tag: row.get("previous_tag")?,
            retried_in_a_row: row.get("retried_in_a_row")?,
            retried: row.get("retried")?,
        })),
    }
}
