//! Who takes part in what is listed: clients and users, as far as they are still there.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::{Client, EntityId, User};

use super::{Opened, pages};
use crate::output::Failure;

/// Every client, by its internal id.
pub(super) async fn clients(opened: &Opened) -> Result<BTreeMap<EntityId, Client>, Failure> {
    let clients = pages::all(
        |client: &Client| client.client_id.clone(),
        async |after, limit| opened.store.list_clients(after.as_ref(), limit).await,
    )
    .await?;
    let by_id = clients.into_iter().map(|client| (client.id, client));
    Ok(by_id.collect())
}

/// The users with these ids.
pub(super) async fn users(
    opened: &Opened,
    ids: impl Iterator<Item = EntityId>,
) -> Result<BTreeMap<EntityId, User>, Failure> {
    let mut users = BTreeMap::new();
    for id in ids.collect::<BTreeSet<_>>() {
        if let Some(user) = opened.store.find_user(id).await? {
            users.insert(id, user);
        }
    }
    Ok(users)
}
