//! Verbs on users.

use async_trait::async_trait;
use countersign_core::{EntityId, NewUser, PasswordHash, Timestamp, User, UsernameKey};
use countersign_storage::{
    Change, CreateUser, Issued, RemoveUser, StoreError, UpdateUser, UserStore,
};
use rusqlite::{Connection, Params, Row, params};

use crate::changes::log;
use crate::failure::Result;
use crate::rows::{NamedRow, bound, json, stored_revision};
use crate::{SqliteStore, consents, epochs, sql, wazo};

#[async_trait]
impl UserStore for SqliteStore {
    async fn create_user(&self, user: NewUser) -> std::result::Result<CreateUser, StoreError> {
        self.workers
            .write(move |connection| create(connection, user))
            .await
    }

    async fn find_user(&self, id: EntityId) -> std::result::Result<Option<User>, StoreError> {
        self.workers
            .read(move |connection| one(connection, sql::users::FIND_USER, [id.as_bytes()]))
            .await
    }

    async fn find_user_by_name(
        &self,
        name: &UsernameKey,
    ) -> std::result::Result<Option<User>, StoreError> {
        let name = name.clone();
        self.workers
            .read(move |connection| one(connection, sql::users::FIND_USER_BY_NAME, [name.as_str()]))
            .await
    }

    async fn find_users_by_email(
        &self,
        email: &str,
        limit: u32,
    ) -> std::result::Result<Vec<User>, StoreError> {
        let key = email.to_ascii_lowercase();
        self.workers
            .read(move |connection| {
                let find = sql::users::FIND_USERS_BY_EMAIL;
                many(connection, find, params![key, limit])
            })
            .await
    }

    async fn list_users(
        &self,
        after: Option<&UsernameKey>,
        limit: u32,
    ) -> std::result::Result<Vec<User>, StoreError> {
        let after = after.map_or_else(String::new, ToString::to_string);
        self.workers
            .read(move |connection| many(connection, sql::users::LIST_USERS, params![after, limit]))
            .await
    }

    async fn update_user(
        &self,
        user: User,
        issued: Issued,
        now: Timestamp,
    ) -> std::result::Result<UpdateUser, StoreError> {
        self.workers
            .write(move |connection| update(connection, &user, issued, now))
            .await
    }

    async fn remove_user(
        &self,
        id: EntityId,
        now: Timestamp,
    ) -> std::result::Result<RemoveUser, StoreError> {
        self.workers
            .write(move |connection| remove(connection, id, now))
            .await
    }
}

fn create(connection: &Connection, user: NewUser) -> Result<CreateUser> {
    let key = user.username.key();
    let (name_taken, is_client_id, id_taken): (bool, bool, bool) = connection
        .prepare_cached(sql::users::USER_TAKEN)?
        .query_row(
            params![key.as_str(), user.id.to_string(), user.id.as_bytes()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
    if name_taken {
        return Ok(CreateUser::UsernameTaken);
    }
    // RULES A6.
    if is_client_id {
        return Ok(CreateUser::SubjectIsClientId);
    }
    if id_taken {
        return Err(StoreError::EntityIdTaken(user.id).into());
    }
    let user = user.with_epoch(epochs::draw(connection)?);
    connection
        .prepare_cached(sql::users::INSERT_USER)?
        .execute(params![
            user.id.as_bytes(),
            bound(user.epoch.number()),
            user.enabled,
            bound(user.revision.number()),
            user.created_at.as_seconds(),
            user.username.as_str(),
            user.password.as_ref().map(PasswordHash::as_phc),
            json("a user", &user.profile)?,
            key.as_str(),
        ])?;
    log(connection, &Change::User(user.id), user.created_at)?;
    Ok(CreateUser::Created(user))
}

fn one(connection: &Connection, sql: &str, key: impl Params) -> Result<Option<User>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query_and_then(key, user)?;
    rows.next().transpose()
}

fn many(connection: &Connection, sql: &str, values: impl Params) -> Result<Vec<User>> {
    let mut statement = connection.prepare_cached(sql)?;
    let users = statement.query_and_then(values, user)?;
    users.collect()
}

fn update(
    connection: &Connection,
    changed: &User,
    issued: Issued,
    now: Timestamp,
) -> Result<UpdateUser> {
    let revision_of = sql::users::USER_REVISION;
    match stored_revision(connection, revision_of, "users", changed.id)? {
        None => return Ok(UpdateUser::NotFound),
        Some(stored) if stored != changed.revision => return Ok(UpdateUser::Stale),
        Some(_) => {}
    }
    let key = changed.username.key();
    let name_taken: bool = connection
        .prepare_cached(sql::users::NAME_OF_ANOTHER)?
        .query_row(params![key.as_str(), changed.id.as_bytes()], |row| {
            row.get(0)
        })?;
    if name_taken {
        return Ok(UpdateUser::UsernameTaken);
    }
    let epoch = epochs::after(connection, issued)?;
    let updated = one(
        connection,
        sql::users::UPDATE_USER,
        params![
            changed.id.as_bytes(),
            epoch.and_then(|epoch| bound(epoch.number())),
            changed.enabled,
            changed.username.as_str(),
            changed.password.as_ref().map(PasswordHash::as_phc),
            json("a user", &changed.profile)?,
            key.as_str(),
        ],
    )?;
    let Some(updated) = updated else {
        return Ok(UpdateUser::NotFound);
    };
    if issued == Issued::Ends {
        wazo::end_of_user(connection, updated.id)?;
    }
    log(connection, &Change::User(updated.id), now)?;
    Ok(UpdateUser::Updated(updated))
}

fn remove(connection: &Connection, id: EntityId, now: Timestamp) -> Result<RemoveUser> {
    let Some(user) = one(connection, sql::users::FIND_USER, [id.as_bytes()])? else {
        return Ok(RemoveUser::NotFound);
    };
    connection
        .prepare_cached(sql::users::DELETE_USER)?
        .execute([id.as_bytes()])?;
    consents::forget_of_user(connection, id)?;
    wazo::end_of_user(connection, id)?;
    wazo::withdraw_all_from(connection, id)?;
    log(connection, &Change::User(id), now)?;
    Ok(RemoveUser::Removed(user))
}

fn user(row: &Row<'_>) -> Result<User> {
    read(&NamedRow::new("users", row))
}

/// The user beside another row in an answer, if it is there.
pub(crate) fn read_joined(row: &NamedRow<'_>) -> Result<Option<User>> {
    (!row.is_missing()).then(|| read(row)).transpose()
}

fn read(row: &NamedRow<'_>) -> Result<User> {
    Ok(User {
        id: row.entity_id("id")?,
        username: row.parse("username", |text: String| text.parse())?,
        epoch: row.epoch("epoch")?,
        revision: row.revision("revision")?,
        enabled: row.get("enabled")?,
        password: row
            .get::<Option<String>>("password")?
            .map(PasswordHash::from_phc),
        profile: row.json("profile")?,
        created_at: row.time("created_at")?,
    })
}
