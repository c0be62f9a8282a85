//! Verbs on clients.

use async_trait::async_trait;
use countersign_core::{Client, ClientId, EntityId, Epoch, NewClient, Timestamp};
use countersign_storage::{Change, ClientStore, CreateClient, RemoveClient, StoreError};
use rusqlite::{Connection, Row, params};
use serde::Serialize;

use crate::changes::log;
use crate::failure::{Failure, Result};
use crate::rows::NamedRow;
use crate::{SqliteStore, sql};

#[async_trait]
impl ClientStore for SqliteStore {
    async fn create_client(
        &self,
        client: NewClient,
    ) -> std::result::Result<CreateClient, StoreError> {
        self.workers
            .write(move |connection| create(connection, client))
            .await
    }

    async fn find_client(
        &self,
        client_id: &ClientId,
    ) -> std::result::Result<Option<Client>, StoreError> {
        let client_id = client_id.clone();
        self.workers
            .read(move |connection| find(connection, &client_id))
            .await
    }

    async fn list_clients(
        &self,
        after: Option<&ClientId>,
        limit: u32,
    ) -> std::result::Result<Vec<Client>, StoreError> {
        let after = after.map_or_else(String::new, ToString::to_string);
        self.workers
            .read(move |connection| {
                let mut statement = connection.prepare_cached(sql::LIST_CLIENTS)?;
                let clients = statement.query_and_then(params![after, limit], client)?;
                clients.collect()
            })
            .await
    }

    async fn remove_client(
        &self,
        client_id: &ClientId,
        now: Timestamp,
    ) -> std::result::Result<RemoveClient, StoreError> {
        let client_id = client_id.clone();
        self.workers
            .write(move |connection| remove(connection, &client_id, now))
            .await
    }
}

fn create(connection: &Connection, client: NewClient) -> Result<CreateClient> {
    let (client_id_taken, entity_id_taken): (bool, bool) =
        connection.prepare_cached(sql::CLIENT_TAKEN)?.query_row(
            params![client.client_id.as_str(), client.id.as_bytes()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
    if client_id_taken {
        return Ok(CreateClient::ClientIdTaken);
    }
    if entity_id_taken {
        return Err(StoreError::EntityIdTaken(client.id).into());
    }
    let epoch: i64 = connection
        .prepare_cached(sql::NEXT_EPOCH)?
        .query_row([], |row| row.get(0))?;
    let corrupt = |_| StoreError::Corrupt("table meta, row \"epoch\"".into());
    let client = client.with_epoch(Epoch::from_number(u64::try_from(epoch).map_err(corrupt)?));
    connection
        .prepare_cached(sql::INSERT_CLIENT)?
        .execute(params![
            client.client_id.as_str(),
            client.id.as_bytes(),
            epoch,
            client.created_at.as_seconds(),
            json(&client.secrets)?,
            json(&client.settings)?,
        ])?;
    log(
        connection,
        &Change::Client(client.client_id.clone()),
        client.created_at,
    )?;
    Ok(CreateClient::Created(client))
}

fn find(connection: &Connection, client_id: &ClientId) -> Result<Option<Client>> {
    let mut statement = connection.prepare_cached(sql::FIND_CLIENT)?;
    let mut rows = statement.query_and_then([client_id.as_str()], client)?;
    rows.next().transpose()
}

fn remove(connection: &Connection, client_id: &ClientId, now: Timestamp) -> Result<RemoveClient> {
    let Some(client) = find(connection, client_id)? else {
        return Ok(RemoveClient::NotFound);
    };
    connection
        .prepare_cached(sql::DELETE_CLIENT)?
        .execute([client_id.as_str()])?;
    log(connection, &Change::Client(client_id.clone()), now)?;
    Ok(RemoveClient::Removed(client))
}

fn client(row: &Row<'_>) -> Result<Client> {
    let row = NamedRow {
        table: "clients",
        row,
    };
    Ok(Client {
        id: EntityId::from_bytes(row.get("id")?),
        client_id: row.parse("client_id", |text: String| text.parse())?,
        epoch: Epoch::from_number(row.parse("epoch", |number: i64| u64::try_from(number))?),
        secrets: row.json("secrets")?,
        settings: row.json("settings")?,
        created_at: Timestamp::from_seconds(row.get("created_at")?),
    })
}

fn json(value: &impl Serialize) -> Result<String> {
    // Without the words of serde_json: they could quote what they could not write.
    serde_json::to_string(value).map_err(|_| {
        Failure(StoreError::Defect(
            "a client cannot be written as JSON".into(),
        ))
    })
}
