//! Verbs on what users have agreed to.

use async_trait::async_trait;
use countersign_core::{Consent, EntityId, Scope};
use countersign_storage::{ConsentStore, StoreError};
use rusqlite::{Connection, Row, params};

use crate::failure::Result;
use crate::rows::NamedRow;
use crate::{SqliteStore, sql};

#[async_trait]
impl ConsentStore for SqliteStore {
    async fn remember_consent(&self, consent: Consent) -> std::result::Result<(), StoreError> {
        self.workers
            .write(move |connection| remember(connection, consent))
            .await
    }

    async fn find_consent(
        &self,
        user: EntityId,
        client: EntityId,
    ) -> std::result::Result<Option<Consent>, StoreError> {
        self.workers
            .read(move |connection| find(connection, user, client))
            .await
    }

    async fn list_consents(
        &self,
        user: EntityId,
        after: Option<EntityId>,
        limit: u32,
    ) -> std::result::Result<Vec<Consent>, StoreError> {
        self.workers
            .read(move |connection| {
                let after = after.as_ref().map(EntityId::as_bytes);
                let mut statement = connection.prepare_cached(sql::consents::LIST_CONSENTS)?;
                let values = params![user.as_bytes(), after, limit];
                let consents = statement.query_and_then(values, consent)?;
                consents.collect()
            })
            .await
    }

    async fn forget_consent(
        &self,
        user: EntityId,
        client: EntityId,
    ) -> std::result::Result<bool, StoreError> {
        self.workers
            .write(move |connection| {
                let forgotten = connection
                    .prepare_cached(sql::consents::FORGET_CONSENT)?
                    .execute([user.as_bytes(), client.as_bytes()])?;
                Ok(forgotten > 0)
            })
            .await
    }
}

fn remember(connection: &Connection, consent: Consent) -> Result<()> {
    let (user, client) = (consent.user, consent.client);
    let (user_is_there, client_is_there): (bool, bool) = connection
        .prepare_cached(sql::consents::CONSENT_MAY_STAND)?
        .query_row([user.as_bytes(), client.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if !(user_is_there && client_is_there) {
        return Ok(());
    }
    let stored = find(connection, user, client)?;
    let before = stored.iter().flat_map(|it| &it.scope);
    let both: Scope = before.chain(&consent.scope).cloned().collect();
    let scope = if both.iter().len() > Scope::MAX_TOKENS {
        consent.scope
    } else {
        both
    };
    connection
        .prepare_cached(sql::consents::REMEMBER_CONSENT)?
        .execute(params![
            user.as_bytes(),
            client.as_bytes(),
            scope.to_string(),
            consent.given_at.as_seconds(),
        ])?;
    Ok(())
}

fn find(connection: &Connection, user: EntityId, client: EntityId) -> Result<Option<Consent>> {
    let mut statement = connection.prepare_cached(sql::consents::FIND_CONSENT)?;
    let mut consents = statement.query_and_then([user.as_bytes(), client.as_bytes()], consent)?;
    consents.next().transpose()
}

/// Forgets all that this user has agreed to, who is removed.
pub(crate) fn forget_of_user(connection: &Connection, user: EntityId) -> Result<()> {
    let mut statement = connection.prepare_cached(sql::consents::FORGET_CONSENTS_OF_USER)?;
    statement.execute([user.as_bytes()])?;
    Ok(())
}

/// Forgets all that this client was let have, which is removed.
pub(crate) fn forget_of_client(connection: &Connection, client: EntityId) -> Result<()> {
    let mut statement = connection.prepare_cached(sql::consents::FORGET_CONSENTS_OF_CLIENT)?;
    statement.execute([client.as_bytes()])?;
    Ok(())
}

/// Reads a row, which names itself by its user.
fn consent(row: &Row<'_>) -> Result<Consent> {
    let row = NamedRow::new("consents", row);
    Ok(Consent {
        user: row.entity_id("user")?,
        client: row.entity_id("client")?,
        scope: row.parse("scope", |text: String| text.parse())?,
        given_at: row.time("given_at")?,
    })
}
