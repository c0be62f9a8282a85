//! Verbs on grants.

mod code;
mod refresh;
mod row;
mod standing;

use async_trait::async_trait;
use countersign_core::{CurrentRefresh, EntityId, Grant, GrantId, Scope, Timestamp};
use countersign_storage::{
    CreateGrant, CreateStandingGrant, EndGrant, FoundGrant, GrantFilter, GrantLimits, GrantStore,
    RedeemCode, RefreshOutcome, SeenCode, SeenRefresh, StoreError,
};
use rusqlite::{Connection, Params, Row, ToSql, params};

use crate::failure::{Failure, Result};
use crate::oldest::end_oldest;
use crate::rows::{NamedRow, bound, json};
use crate::{SqliteStore, clients, sql, users};

#[async_trait]
impl GrantStore for SqliteStore {
    async fn create_grant(
        &self,
        grant: Grant,
        limits: GrantLimits,
    ) -> std::result::Result<CreateGrant, StoreError> {
        self.workers
            .write(move |connection| create(connection, &grant, limits))
            .await
    }

    async fn redeem_code(
        &self,
        seen: SeenCode,
        redeemed_at: Timestamp,
        refresh: Option<CurrentRefresh>,
    ) -> std::result::Result<RedeemCode, StoreError> {
        self.workers
            .write(move |connection| code::redeem(connection, &seen, redeemed_at, refresh.as_ref()))
            .await
    }

    async fn find_grant(&self, id: GrantId) -> std::result::Result<Option<FoundGrant>, StoreError> {
        let find_grant = sql::grants::FIND_GRANT;
        self.workers
            .read(move |connection| find(connection, find_grant, [id.as_bytes()]))
            .await
    }

    async fn find_standing_grant(
        &self,
        client: EntityId,
        scope: &Scope,
    ) -> std::result::Result<Option<FoundGrant>, StoreError> {
        let scope = scope.clone();
        self.workers
            .read(move |connection| standing::find(connection, client, &scope))
            .await
    }

    async fn create_standing_grant(
        &self,
        grant: Grant,
        replaces: Option<GrantId>,
        limit: u32,
    ) -> std::result::Result<CreateStandingGrant, StoreError> {
        self.workers
            .write(move |connection| standing::create(connection, &grant, replaces, limit))
            .await
    }

    async fn rotate_refresh(
        &self,
        seen: SeenRefresh,
        next: CurrentRefresh,
    ) -> std::result::Result<RefreshOutcome, StoreError> {
        self.workers
            .write(move |connection| refresh::rotate(connection, &seen, &next))
            .await
    }

    async fn retry_refresh(
        &self,
        seen: SeenRefresh,
        in_a_row: u32,
    ) -> std::result::Result<RefreshOutcome, StoreError> {
        self.workers
            .write(move |connection| refresh::retry(connection, &seen, in_a_row))
            .await
    }

    async fn use_refresh(
        &self,
        seen: SeenRefresh,
        now: Timestamp,
    ) -> std::result::Result<RefreshOutcome, StoreError> {
        self.workers
            .write(move |connection| refresh::note_use(connection, &seen, now))
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

fn create(connection: &Connection, grant: &Grant, limits: GrantLimits) -> Result<CreateGrant> {
    let session = grant.authorization.as_ref().map(|it| it.session.as_bytes());
    let (id, client) = (grant.id.as_bytes(), grant.client.as_bytes());
    // Without a value there is no such user.
    let user = grant.user.as_ref().map(|user| user.id.as_bytes());
    let user_epoch = grant.user.and_then(|user| bound(user.epoch.number()));
    // The writer holds the lock: what is asked here holds until the commit. One statement would say the same, and SQLite
    // would keep a journal of its own for it.
    let (client_is_live, user_is_live, session_is_there): (bool, bool, bool) = connection
        .prepare_cached(sql::grants::GRANT_MAY_STAND)?
        .query_row(
            params![
                client,
                bound(grant.client_epoch.number()),
                user,
                user_epoch,
                session
            ],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
    match (client_is_live, user_is_live, session_is_there) {
        (false, _, _) => return Ok(CreateGrant::ClientEnded),
        (true, false, _) => return Ok(CreateGrant::UserEnded),
        (true, true, false) => return Ok(CreateGrant::SessionEnded),
        (true, true, true) => {}
    }
    insert(connection, grant)?;
    if grant.unredeemed_code().is_some() {
        let statements = [
            sql::grants::TOO_MANY_UNREDEEMED,
            sql::grants::END_OLDEST_UNREDEEMED,
        ];
        end_oldest(connection, statements, &[&session], id, limits.unredeemed)?;
    }
    let statements = [sql::grants::TOO_MANY_GRANTS, sql::grants::END_OLDEST_GRANTS];
    let pair: [&dyn ToSql; 2] = [&user, client];
    let ended = end_oldest(connection, statements, &pair, id, limits.of_client)?;
    Ok(CreateGrant::Created {
        ended: ended.into_iter().map(GrantId::from_bytes).collect(),
    })
}

fn insert(connection: &Connection, grant: &Grant) -> Result<()> {
    let resources = match &*grant.resources {
        [] => None,
        resources => Some(json("a grant", &resources)?),
    };
    let user = grant.user.unwrap_or(row::NOBODY);
    let values: [&dyn ToSql; 11] = [
        grant.id.as_bytes(),
        grant.client.as_bytes(),
        &bound(grant.client_epoch.number()),
        user.id.as_bytes(),
        &bound(user.epoch.number()),
        &grant.created_at.as_seconds(),
        &grant.lifetime.ends_at.as_seconds(),
        &grant.lifetime.idle,
        &grant.scope.to_string(),
        &resources,
        &grant.row_ends_at().as_seconds(),
    ];
    let refresh = row::refresh_values(grant.refresh.as_ref());
    let bound_to = row::authorization_values(grant.authorization.as_ref())?;
    let optional = refresh.iter().chain(&bound_to).map(|it| it as &dyn ToSql);
    let mut values: Vec<&dyn ToSql> = values.into_iter().chain(optional).collect();
    let standing_for = match grant.user {
        Some(_) => None,
        None => Some(row::standing_for(&grant.scope)),
    };
    values.push(&standing_for);
    let created = connection
        .prepare_cached(sql::grants::CREATE_GRANT)?
        .execute(&*values)?;
    if created == 0 {
        return Err(id_taken(grant.id));
    }
    Ok(())
}

fn id_taken(id: GrantId) -> Failure {
    StoreError::EntityIdTaken(EntityId::from_bytes(*id.as_bytes())).into()
}

fn find(connection: &Connection, sql: &str, key: impl Params) -> Result<Option<FoundGrant>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query_and_then(key, |row| {
        let grant = NamedRow::new("grants", row);
        let client = NamedRow::behind("standing_for", "clients", row);
        let user = NamedRow::behind("session_is_there", "users", row);
        Ok(FoundGrant {
            client_is_live: grant.get("client_is_live")?,
            client_id: clients::read_joined_id(&client)?,
            session_is_there: grant.get("session_is_there")?,
            grant: row::read(&grant)?,
            user: users::read_joined(&user)?,
        })
    })?;
    found.next().transpose()
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
    row::read(&NamedRow::new("grants", row))
}
