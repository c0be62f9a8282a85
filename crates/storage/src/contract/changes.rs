//! The rules about the change feed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::samples::{NOW, client, create};
use super::{RACERS, head, race, since};
use crate::{CHANGE_RETENTION_SECONDS, Change, ChangeCursor, Changes, MAX_CHANGES, Store};

/// Nothing happened yet.
pub async fn head_of_an_empty_store_has_no_changes(store: Arc<dyn Store>) {
    let head = head(&store).await;
    assert_eq!(since(&store, &head).await, (head, Vec::new()));
}

/// Reading the feed takes nothing out of it.
pub async fn cursor_can_be_used_again(store: Arc<dyn Store>) {
    let start = head(&store).await;
    create(&*store, "a").await;
    let first = since(&store, &start).await;
    assert_eq!(since(&store, &start).await, first);
    create(&*store, "b").await;
    assert_eq!(since(&store, &start).await.1.len(), 2);
    // A cursor keeps its meaning as bytes.
    let copy = ChangeCursor::from_bytes(start.as_bytes());
    assert_eq!(since(&store, &copy).await.1.len(), 2);
}

/// RULES N1: whoever comes with a cursor that means nothing here reads everything again.
pub async fn rule_n1_unknown_cursor_means_rebuild(store: Arc<dyn Store>) {
    create(&*store, "a").await;
    let head = head(&store).await;
    let mut cut = head.as_bytes().to_vec();
    cut.pop();
    let longer = [head.as_bytes(), &[0]].concat();
    for bytes in [
        Vec::new(),
        vec![0],
        vec![255; 64],
        b"unknown".to_vec(),
        cut,
        longer,
    ] {
        let answer = store
            .changes_since(&ChangeCursor::from_bytes(bytes.clone()))
            .await;
        assert_eq!(
            answer,
            Ok(Changes::Rebuild {
                cursor: head.clone()
            }),
            "{bytes:?}"
        );
    }
}

/// RULES N1: a place in the feed of another store means nothing here.
pub async fn rule_n1_cursor_of_another_store_means_rebuild(
    store: Arc<dyn Store>,
    other: Arc<dyn Store>,
) {
    for foreign in 0..3 {
        let answer = store.changes_since(&head(&other).await).await;
        let expected = Changes::Rebuild {
            cursor: head(&store).await,
        };
        assert_eq!(answer, Ok(expected), "after {foreign} changes there");
        create(&*other, &format!("foreign-{foreign}")).await;
    }
}

/// RULES N1: "A cursor that is too old: rebuild everything." Nobody misses a change that was swept.
pub async fn rule_n1_old_cursor_means_rebuild(store: Arc<dyn Store>) {
    let start = head(&store).await;
    create(&*store, "a").await;
    let middle = head(&store).await;
    let removed = store.remove_client(&client("a").client_id, NOW).await;
    assert!(removed.is_ok(), "{removed:?}");
    let end = head(&store).await;

    let much_later = NOW.plus(CHANGE_RETENTION_SECONDS + 1);
    assert_eq!(store.sweep(much_later, 100).await, Ok(2));
    for old in [&start, &middle] {
        let answer = store.changes_since(old).await;
        assert_eq!(
            answer,
            Ok(Changes::Rebuild {
                cursor: end.clone()
            })
        );
    }
    assert_eq!(since(&store, &end).await, (end.clone(), Vec::new()));
    create(&*store, "b").await;
    assert_eq!(
        since(&store, &end).await.1,
        [Change::Client(client("b").client_id)]
    );
}

/// Clocks of callers differ, so a later change may be swept first. Nobody misses one of them all the same.
pub async fn rule_n1_changes_swept_out_of_order_are_not_lost(store: Arc<dyn Store>) {
    let start = head(&store).await;
    let ahead = countersign_core::NewClient {
        created_at: NOW.plus(100),
        ..client("a")
    };
    assert!(store.create_client(ahead).await.is_ok());
    let middle = head(&store).await;
    create(&*store, "b").await;
    let end = head(&store).await;
    for (seconds, place) in [(1, "the later change"), (101, "the earlier one")] {
        let now = NOW.plus(CHANGE_RETENTION_SECONDS + seconds);
        assert_eq!(store.sweep(now, 100).await, Ok(1), "{place}");
        for old in [&start, &middle] {
            let answer = store.changes_since(old).await;
            assert_eq!(
                answer,
                Ok(Changes::Rebuild {
                    cursor: end.clone()
                }),
                "{place}"
            );
        }
        assert_eq!(
            since(&store, &end).await,
            (end.clone(), Vec::new()),
            "{place}"
        );
    }
}

/// A sweep that runs beside a poll takes nothing out of its answer: either all is told, or that it cannot be.
pub async fn rule_n1_sweep_beside_a_poll_hides_nothing(store: Arc<dyn Store>) {
    for round in 0..10 {
        let start = head(&store).await;
        create(&*store, &format!("client-{round}")).await;
        let poll_or_sweep = |store: Arc<dyn Store>, racer| {
            let start = start.clone();
            async move {
                if racer == 0 {
                    let much_later = NOW.plus(CHANGE_RETENTION_SECONDS + 1);
                    return store.sweep(much_later, 100).await == Ok(1);
                }
                let mut all_told = true;
                for _ in 0..10 {
                    all_told &= match store.changes_since(&start).await {
                        Ok(Changes::Entries { changes, .. }) => changes.len() == 1,
                        answer => answer.is_ok(),
                    };
                }
                all_told
            }
        };
        assert!(
            race(&store, poll_or_sweep).await.into_iter().all(|it| it),
            "round {round}"
        );
    }
}

/// A feed that is longer than [`MAX_CHANGES`] is not told entry by entry: answers are bounded.
pub async fn rule_n1_too_many_changes_mean_rebuild(store: Arc<dyn Store>) {
    let start = head(&store).await;
    let round = MAX_CHANGES as usize / RACERS + 1;
    let fill = |store: Arc<dyn Store>, racer| async move {
        for number in 0..round {
            create(&*store, &format!("client-{racer}-{number}")).await;
        }
    };
    race(&store, fill).await;
    let head = head(&store).await;
    let answer = store.changes_since(&start).await;
    assert_eq!(
        answer,
        Ok(Changes::Rebuild {
            cursor: head.clone()
        })
    );
    assert_eq!(since(&store, &head).await.1, []);
}

/// RULES N1: the entry is written in the transaction of the change, so whoever sees the change finds its entry.
pub async fn rule_n1_what_is_visible_is_logged(store: Arc<dyn Store>) {
    let start = head(&store).await;
    let change = |store: Arc<dyn Store>, racer: usize| {
        let start = start.clone();
        async move {
            create(&*store, &format!("client-{racer}")).await;
            let visible = store
                .list_clients(None, 1_000)
                .await
                .expect("the store is up");
            let (_, changes) = since(&store, &start).await;
            let logged: BTreeSet<_> = changes.into_iter().collect();
            visible
                .into_iter()
                .all(|client| logged.contains(&Change::Client(client.client_id)))
        }
    };
    assert!(
        race(&store, change)
            .await
            .into_iter()
            .all(|all_logged| all_logged)
    );
}

/// RULES N1: a poller that goes from cursor to cursor while others write sees every change.
pub async fn rule_n1_polling_passes_over_nothing(store: Arc<dyn Store>) {
    let (start, written) = (head(&store).await, Arc::new(AtomicBool::new(false)));
    let poller = tokio::spawn({
        let (store, written) = (Arc::clone(&store), Arc::clone(&written));
        async move {
            let (mut cursor, mut seen) = (start, BTreeSet::new());
            loop {
                // Read before the poll: a poll that begins after the last change must find it.
                let last_poll = written.load(Ordering::SeqCst);
                let (next, changes) = since(&store, &cursor).await;
                for change in &changes {
                    let Change::Client(client_id) = change else {
                        continue;
                    };
                    let found = store.find_client(client_id).await;
                    assert!(
                        matches!(found, Ok(Some(_))),
                        "{client_id} was announced too early"
                    );
                }
                seen.extend(changes);
                cursor = next;
                if last_poll {
                    return seen.len();
                }
                tokio::task::yield_now().await;
            }
        }
    });
    let write = |store: Arc<dyn Store>, racer| async move {
        for number in 0..4 {
            create(&*store, &format!("client-{racer}-{number}")).await;
        }
    };
    race(&store, write).await;
    written.store(true, Ordering::SeqCst);
    assert_eq!(poller.await.expect("the poller does not panic"), RACERS * 4);
}
