//! Verbs on what scopes and resources mean.

use async_trait::async_trait;
use countersign_core::{ResourceDefinition, ResourceUri, ScopeDefinition, ScopeToken, Timestamp};
use countersign_storage::{Change, Define, Registry, RegistryStore, StoreError};
use rusqlite::{Connection, Params, Row, params};

use crate::changes::log;
use crate::failure::Result;
use crate::rows::{NamedRow, json};
use crate::{SqliteStore, sql};

#[async_trait]
impl RegistryStore for SqliteStore {
    async fn registry(&self) -> std::result::Result<Registry, StoreError> {
        self.workers.read(registry).await
    }

    async fn define_scope(
        &self,
        definition: ScopeDefinition,
    ) -> std::result::Result<Define, StoreError> {
        self.workers
            .write(move |connection| define_scope(connection, &definition))
            .await
    }

    async fn forget_scope(
        &self,
        name: &ScopeToken,
        now: Timestamp,
    ) -> std::result::Result<bool, StoreError> {
        let name = name.clone();
        self.workers
            .write(move |connection| {
                forget(connection, sql::registry::DELETE_SCOPE, name.as_str(), now)
            })
            .await
    }

    async fn define_resource(
        &self,
        definition: ResourceDefinition,
    ) -> std::result::Result<Define, StoreError> {
        self.workers
            .write(move |connection| define_resource(connection, &definition))
            .await
    }

    async fn forget_resource(
        &self,
        resource: &ResourceUri,
        now: Timestamp,
    ) -> std::result::Result<bool, StoreError> {
        let name = resource.clone();
        self.workers
            .write(move |connection| {
                forget(
                    connection,
                    sql::registry::DELETE_RESOURCE,
                    name.as_str(),
                    now,
                )
            })
            .await
    }
}

fn registry(connection: &Connection) -> Result<Registry> {
    let snapshot = connection.unchecked_transaction()?;
    let mut scopes = snapshot.prepare_cached(sql::registry::SCOPES)?;
    let mut resources = snapshot.prepare_cached(sql::registry::RESOURCES)?;
    Ok(Registry {
        scopes: scopes.query_and_then([], scope)?.collect::<Result<_>>()?,
        resources: resources
            .query_and_then([], resource)?
            .collect::<Result<_>>()?,
    })
}

fn define_scope(connection: &Connection, definition: &ScopeDefinition) -> Result<Define> {
    let name = definition.name.as_str();
    let values = params![
        name,
        definition.description,
        json("a scope", &definition.claims)?,
        definition.created_at.as_seconds(),
    ];
    let outcome = outcome(connection, sql::registry::SCOPE_EXISTS, name)?;
    write(
        connection,
        sql::registry::DEFINE_SCOPE,
        values,
        definition.created_at,
    )?;
    Ok(outcome)
}

fn define_resource(connection: &Connection, definition: &ResourceDefinition) -> Result<Define> {
    let name = definition.resource.as_str();
    let values = params![
        name,
        definition.description,
        definition.scope.to_string(),
        definition.created_at.as_seconds(),
    ];
    let outcome = outcome(connection, sql::registry::RESOURCE_EXISTS, name)?;
    write(
        connection,
        sql::registry::DEFINE_RESOURCE,
        values,
        definition.created_at,
    )?;
    Ok(outcome)
}

/// What becomes of a definition of `name`.
fn outcome(connection: &Connection, exists: &str, name: &str) -> Result<Define> {
    let mut statement = connection.prepare_cached(exists)?;
    Ok(if statement.query_row([name], |row| row.get(0))? {
        Define::Replaced
    } else {
        Define::Added
    })
}

fn forget(connection: &Connection, delete: &str, name: &str, now: Timestamp) -> Result<bool> {
    write(connection, delete, [name], now)
}

/// Carries out a statement and, if it changed something, announces it (RULES N1). Whether it did.
fn write(connection: &Connection, sql: &str, values: impl Params, at: Timestamp) -> Result<bool> {
    let changed = connection.prepare_cached(sql)?.execute(values)? > 0;
    if changed {
        log(connection, &Change::Registry, at)?;
    }
    Ok(changed)
}

fn scope(row: &Row<'_>) -> Result<ScopeDefinition> {
    let row = NamedRow::new("scopes", row);
    Ok(ScopeDefinition {
        name: row.parse("name", |text: String| text.parse())?,
        description: row.get("description")?,
        claims: row.json("claims")?,
        created_at: row.time("created_at")?,
    })
}

fn resource(row: &Row<'_>) -> Result<ResourceDefinition> {
    let row = NamedRow::new("resources", row);
    Ok(ResourceDefinition {
        resource: row.parse("resource", |text: String| text.parse())?,
        description: row.get("description")?,
        scope: row.parse("scope", |text: String| text.parse())?,
        created_at: row.time("created_at")?,
    })
}
