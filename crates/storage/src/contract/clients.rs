//! The rules about clients.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_core::{Client, Epoch, Revision};

use super::samples::{NOW, client, create, secrets, varied_clients};
use super::scene::change_client;
use super::{RACERS, count, race};
use crate::{CreateClient, Issued, RemoveClient, Store, StoreError, UpdateClient};

/// What was created comes back as it was given, with an epoch.
pub async fn created_client_is_found_with_every_field(store: Arc<dyn Store>) {
    let mut stored = Vec::new();
    for new in varied_clients() {
        let answer = store.create_client(new.clone()).await;
        let Ok(CreateClient::Created(created)) = answer else {
            unreachable!("{:?} cannot be created: {answer:?}", new.client_id);
        };
        assert_eq!(created, new.with_epoch(created.epoch));
        stored.push(created);
    }
    for client in &stored {
        assert_eq!(
            store.find_client(&client.client_id).await.as_ref(),
            Ok(&Some(client.clone()))
        );
    }
    stored.sort_by(|one, other| one.client_id.cmp(&other.client_id));
    assert_eq!(store.list_clients(None, 1_000).await, Ok(stored));
    assert_eq!(
        store.find_client(&client("nobody").client_id).await,
        Ok(None)
    );
}

/// A second client of the same name is refused, and the first one stays as it is.
pub async fn client_id_is_taken_once(store: Arc<dyn Store>) {
    let first = create(&*store, "a").await;
    assert_eq!(
        store.create_client(client("a")).await,
        Ok(CreateClient::ClientIdTaken)
    );
    // Not even with the internal id of the first one: a command that is sent twice learns that it was done.
    let again = countersign_core::NewClient {
        id: first.id,
        ..client("a")
    };
    assert_eq!(
        store.create_client(again).await,
        Ok(CreateClient::ClientIdTaken)
    );
    assert_eq!(store.list_clients(None, 10).await, Ok(vec![first]));
}

/// RFC 6749 §1.9: "all the protocol parameter names and values are case sensitive"; nothing is trimmed or padded.
pub async fn client_ids_are_told_apart_byte_by_byte(store: Arc<dyn Store>) {
    let names = [" ", " a", "A", "a", "a ", "a%", "aa"];
    for name in names {
        create(&*store, name).await;
    }
    for name in names {
        let found = store.find_client(&client(name).client_id).await;
        assert_eq!(
            found.map(|it| it.map(|it| it.client_id.to_string())),
            Ok(Some(name.into()))
        );
    }
    assert_eq!(store.find_client(&client("aA").client_id).await, Ok(None));
}

/// Internal ids are never used twice (RULES R10): a caller who tries has a defect, and is told so.
pub async fn reused_entity_id_is_refused(store: Arc<dyn Store>) {
    let first = create(&*store, "a").await;
    let second = countersign_core::NewClient {
        id: first.id,
        ..client("b")
    };
    assert_eq!(
        store.create_client(second).await,
        Err(StoreError::EntityIdTaken(first.id))
    );
    assert_eq!(store.list_clients(None, 10).await, Ok(vec![first]));
}

/// A removed client is found nowhere, and its name is free again.
pub async fn removed_client_is_gone(store: Arc<dyn Store>) {
    let (first, other) = (create(&*store, "a").await, create(&*store, "b").await);
    let removed = store.remove_client(&first.client_id, NOW).await;
    assert_eq!(removed, Ok(RemoveClient::Removed(first.clone())));
    assert_eq!(
        store.remove_client(&first.client_id, NOW).await,
        Ok(RemoveClient::NotFound)
    );
    assert_eq!(store.find_client(&first.client_id).await, Ok(None));
    assert_eq!(store.list_clients(None, 10).await, Ok(vec![other]));
    assert_ne!(create(&*store, "a").await.id, first.id);
}

/// RULES R10: a removed and re-created name revives nothing, so no epoch is ever drawn twice.
pub async fn rule_r10_epochs_never_repeat(store: Arc<dyn Store>) {
    let mut epochs = BTreeSet::new();
    for round in 0..5 {
        for name in ["a", "b"] {
            let client = create(&*store, name).await;
            assert!(
                epochs.insert(client.epoch),
                "{:?} came twice, round {round}",
                client.epoch
            );
        }
        // All are removed, so that no row is left from which the next epoch could be guessed.
        for name in ["b", "a"] {
            let removed = store.remove_client(&client(name).client_id, NOW).await;
            assert!(
                matches!(removed, Ok(RemoveClient::Removed(_))),
                "{removed:?}"
            );
        }
    }
}

/// Pages follow each other without a gap or a repetition, in the order of the bytes.
pub async fn list_pages_in_order(store: Arc<dyn Store>) {
    assert_eq!(store.list_clients(None, 10).await, Ok(Vec::new()));
    let names = ["A", "Z", "_", "a", "aa", "ab", "b"];
    for name in ["b", "aa", "Z", "a", "_", "ab", "A"] {
        create(&*store, name).await;
    }
    for limit in 1..=8_u32 {
        let (mut seen, mut after) = (Vec::new(), None);
        for _ in 0..=names.len() {
            let page = store
                .list_clients(after.as_ref(), limit)
                .await
                .expect("the store is up");
            assert!(page.len() <= limit as usize);
            let Some(last) = page.last() else { break };
            after = Some(last.client_id.clone());
            seen.extend(page.into_iter().map(|client| client.client_id.to_string()));
        }
        assert_eq!(seen, names, "in pages of {limit}");
    }
    assert_eq!(store.list_clients(None, 0).await, Ok(Vec::new()));
    // A page goes on behind a client that is gone by now.
    let between = client("aaa").client_id;
    let rest = store
        .list_clients(Some(&between), 10)
        .await
        .expect("the store is up");
    assert_eq!(
        rest.iter()
            .map(|it| it.client_id.as_str())
            .collect::<Vec<_>>(),
        ["ab", "b"]
    );
}

/// Of many who create one client, exactly one does.
pub async fn race_for_one_client_id_has_one_winner(store: Arc<dyn Store>) {
    let seen = race(&store, |store, _| async move {
        store.create_client(client("a")).await
    })
    .await;
    assert_eq!(
        count(&seen, |it| matches!(it, Ok(CreateClient::Created(_)))),
        1
    );
    assert_eq!(
        count(&seen, |it| matches!(it, Ok(CreateClient::ClientIdTaken))),
        RACERS - 1
    );
    let winner = seen.into_iter().find_map(|it| match it {
        Ok(CreateClient::Created(client)) => Some(client),
        _ => None,
    });
    assert_eq!(
        store.list_clients(None, 10).await,
        Ok(winner.into_iter().collect())
    );
}

/// Clients that are created at once are all stored, each with an epoch of its own.
pub async fn race_of_different_clients_draws_different_epochs(store: Arc<dyn Store>) {
    let create = |store: Arc<dyn Store>, number| async move {
        create(&*store, &format!("client-{number}")).await.epoch
    };
    let epochs: BTreeSet<_> = race(&store, create).await.into_iter().collect();
    assert_eq!(epochs.len(), RACERS);
    assert_eq!(
        store.list_clients(None, 1_000).await.map(|all| all.len()),
        Ok(RACERS)
    );
}

/// Of many who remove one client, exactly one does.
pub async fn race_of_removals_has_one_winner(store: Arc<dyn Store>) {
    create(&*store, "a").await;
    let remove = |store: Arc<dyn Store>, _| async move {
        store.remove_client(&client("a").client_id, NOW).await
    };
    let seen = race(&store, remove).await;
    assert_eq!(
        count(&seen, |it| matches!(it, Ok(RemoveClient::Removed(_)))),
        1
    );
    assert_eq!(
        count(&seen, |it| matches!(it, Ok(RemoveClient::NotFound))),
        RACERS - 1
    );
}

/// Everything that may change does; the ids, the time of creation and the epoch stay as they are stored.
pub async fn updated_client_is_found_with_every_field(store: Arc<dyn Store>) {
    let first = create(&*store, "a").await;
    let other = create(&*store, "other").await;
    let mut revision = first.revision;
    for sample in varied_clients() {
        let given = Client {
            id: first.id,
            revision,
            ..sample.with_epoch(Epoch::from_number(u64::MAX >> 1))
        };
        revision = revision.next();
        let expected = Client {
            client_id: first.client_id.clone(),
            epoch: first.epoch,
            created_at: first.created_at,
            revision,
            ..given.clone()
        };
        let answer = store.update_client(given, Issued::Lives, NOW).await;
        assert_eq!(answer, Ok(UpdateClient::Updated(expected.clone())));
        let found = store.find_client(&first.client_id).await;
        assert_eq!(found, Ok(Some(expected)));
    }
    let found = store.find_client(&other.client_id).await;
    assert_eq!(found, Ok(Some(other)));
    let all = store.list_clients(None, 10).await;
    assert_eq!(all.map(|all| all.len()), Ok(2));
}

/// A change that was made from another state than the stored one is refused, and so is one of nobody.
pub async fn stale_client_update_changes_nothing(store: Arc<dyn Store>) {
    let first = create(&*store, "a").await;
    let stored = change_client(&store, &first, Issued::Lives, |_| ()).await;
    let next = stored.revision.next();
    for revision in [first.revision, next, Revision::from_number(u64::MAX >> 1)] {
        for issued in [Issued::Lives, Issued::Ends] {
            let stale = Client {
                secrets: secrets(),
                revision,
                ..stored.clone()
            };
            let answer = store.update_client(stale, issued, NOW).await;
            assert_eq!(answer, Ok(UpdateClient::Stale), "{revision:?}");
        }
    }
    // A client that was removed and added again under its name is another one.
    let nobody = client("a").with_epoch(stored.epoch);
    let answer = store.update_client(nobody, Issued::Ends, NOW).await;
    assert_eq!(answer, Ok(UpdateClient::NotFound));
    let found = store.find_client(&first.client_id).await;
    assert_eq!(found, Ok(Some(stored)));
}

/// Of many who change one state of a client, exactly one does.
pub async fn race_of_client_updates_has_one_winner(store: Arc<dyn Store>) {
    let client = create(&*store, "a").await;
    let update = |store: Arc<dyn Store>, racer: usize| {
        let mut changed = client.clone();
        changed.settings.access_token_lifetime = u32::try_from(racer + 1).ok();
        async move { store.update_client(changed, Issued::Ends, NOW).await }
    };
    let seen = race(&store, update).await;
    let stale = count(&seen, |it| *it == Ok(UpdateClient::Stale));
    assert_eq!(stale, RACERS - 1);
    let winner = seen.into_iter().find_map(|it| match it {
        Ok(UpdateClient::Updated(client)) => Some(client),
        _ => None,
    });
    assert_eq!(store.find_client(&client.client_id).await, Ok(winner));
}
