//! Verbs on clients.

use async_trait::async_trait;
use countersign_core::{Client, ClientId, EntityId, NewClient, Timestamp};
use countersign_storage::{
    Change, ClientStore, CreateClient, Issued, RemoveClient, StoreError, UpdateClient,
};
use rusqlite::{Connection, Row, params};

use crate::changes::log;
use crate::failure::Result;
use crate::rows::{NamedRow, bound, json, stored_revision};
use crate::{SqliteStore, consents, epochs, sql, wazo};

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
                let mut statement = connection.prepare_cached(sql::clients::LIST_CLIENTS)?;
                let clients = statement.query_and_then(params![after, limit], client)?;
                clients.collect()
            })
            .await
    }

    async fn update_client(
        &self,
        client: Client,
        issued: Issued,
        now: Timestamp,
    ) -> std::result::Result<UpdateClient, StoreError> {
        self.workers
            .write(move |connection| update(connection, &client, issued, now))
            .await
    }

    async fn end_everything(&self, now: Timestamp) -> std::result::Result<u64, StoreError> {
        self.workers
            .write(move |connection| end_everything(connection, now))
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
    // RULES A6. A subject has one spelling.
    let subject = client.client_id.as_str().parse::<EntityId>().ok();
    let (client_id_taken, is_subject, entity_id_taken): (bool, bool, bool) = connection
        .prepare_cached(sql::clients::CLIENT_TAKEN)?
        .query_row(
            params![
                client.client_id.as_str(),
                subject.as_ref().map(EntityId::as_bytes),
                client.id.as_bytes()
            ],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
    if client_id_taken {
        return Ok(CreateClient::ClientIdTaken);
    }
    if is_subject {
        return Ok(CreateClient::ClientIdIsSubject);
    }
    if entity_id_taken {
        return Err(StoreError::EntityIdTaken(client.id).into());
    }
    let client = client.with_epoch(epochs::draw(connection)?);
    connection
        .prepare_cached(sql::clients::INSERT_CLIENT)?
        .execute(params![
            client.client_id.as_str(),
            client.id.as_bytes(),
            bound(client.epoch.number()),
            bound(client.revision.number()),
            client.created_at.as_seconds(),
            json("a client", &client.secrets)?,
            json("a client", &client.settings)?,
        ])?;
    log(
        connection,
        &Change::Client(client.client_id.clone()),
        client.created_at,
    )?;
    Ok(CreateClient::Created(client))
}

fn find(connection: &Connection, client_id: &ClientId) -> Result<Option<Client>> {
    let mut statement = connection.prepare_cached(sql::clients::FIND_CLIENT)?;
    let mut rows = statement.query_and_then([client_id.as_str()], client)?;
    rows.next().transpose()
}

fn update(
    connection: &Connection,
    changed: &Client,
    issued: Issued,
    now: Timestamp,
) -> Result<UpdateClient> {
    let revision_of = sql::clients::CLIENT_REVISION;
    match stored_revision(connection, revision_of, "clients", changed.id)? {
        None => return Ok(UpdateClient::NotFound),
        Some(stored) if stored != changed.revision => return Ok(UpdateClient::Stale),
        Some(_) => {}
    }
    let epoch = epochs::after(connection, issued)?;
    let mut statement = connection.prepare_cached(sql::clients::UPDATE_CLIENT)?;
    let mut updated = statement.query_and_then(
        params![
            changed.id.as_bytes(),
            epoch.and_then(|epoch| bound(epoch.number())),
            json("a client", &changed.secrets)?,
            json("a client", &changed.settings)?,
        ],
        client,
    )?;
    let Some(updated) = updated.next().transpose()? else {
        return Ok(UpdateClient::NotFound);
    };
    if issued == Issued::Ends {
        wazo::end_of_client(connection, updated.id)?;
    }
    log(connection, &Change::Client(updated.client_id.clone()), now)?;
    Ok(UpdateClient::Updated(updated))
}

fn end_everything(connection: &Connection, now: Timestamp) -> Result<u64> {
    // Every client gets the epoch that its place in the table gives it; those of the empty places stay unused.
    let largest_rowid: u32 = connection
        .prepare_cached(sql::clients::LARGEST_ROWID)?
        .query_row([], |row| row.get(0))?;
    let last = epochs::pass_over(connection, largest_rowid.into())?;
    let ended = connection
        .prepare_cached(sql::clients::END_EVERYTHING)?
        .execute([bound(last - u64::from(largest_rowid))])?;
    connection
        .prepare_cached(sql::sessions::END_EVERY_SESSION)?
        .execute([])?;
    wazo::end_everything(connection)?;
    connection
        .prepare_cached(sql::clients::LOG_EVERY_CLIENT)?
        .execute([now.as_seconds()])?;
    Ok(ended as u64)
}

fn remove(connection: &Connection, client_id: &ClientId, now: Timestamp) -> Result<RemoveClient> {
    let Some(client) = find(connection, client_id)? else {
        return Ok(RemoveClient::NotFound);
    };
    connection
        .prepare_cached(sql::clients::DELETE_CLIENT)?
        .execute([client_id.as_str()])?;
    consents::forget_of_client(connection, client.id)?;
    wazo::end_of_client(connection, client.id)?;
    log(connection, &Change::Client(client_id.clone()), now)?;
    Ok(RemoveClient::Removed(client))
}

/// The identifier of the client beside another row in an answer, if it is there.
pub(crate) fn read_joined_id(row: &NamedRow<'_>) -> Result<Option<ClientId>> {
    (!row.is_missing()).then(|| read_id(row)).transpose()
}

fn read_id(row: &NamedRow<'_>) -> Result<ClientId> {
    row.parse("client_id", |text: String| text.parse())
}

fn client(row: &Row<'_>) -> Result<Client> {
    let row = NamedRow::new("clients", row);
    Ok(Client {
        id: row.entity_id("id")?,
        client_id: read_id(&row)?,
        epoch: row.epoch("epoch")?,
        revision: row.revision("revision")?,
        secrets: row.json("secrets")?,
        settings: row.json("settings")?,
        created_at: row.time("created_at")?,
    })
}
