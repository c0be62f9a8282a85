//! The rules about keys.

use std::sync::Arc;

use countersign_core::KeyRecord;

use super::samples::{NOW, key, key_id, varied_keys};
use super::{RACERS, count, race};
use crate::{AnnounceKeys, KeyRing, RemoveKeys, RevokeKey, Store};

/// A store without keys says so.
pub async fn key_ring_begins_empty(store: Arc<dyn Store>) {
    assert_eq!(
        store.key_ring().await,
        Ok(KeyRing {
            version: 0,
            keys: Vec::new()
        })
    );
    // Announcing nothing is not a change.
    assert_eq!(
        announce(&store, 0, Vec::new()).await,
        AnnounceKeys::Announced { version: 0 }
    );
}

/// What was announced comes back as it was given.
pub async fn announced_keys_are_found_with_every_field(store: Arc<dyn Store>) {
    let keys = varied_keys();
    assert_eq!(
        announce(&store, 0, keys.clone()).await,
        AnnounceKeys::Announced { version: 1 }
    );
    assert_eq!(store.key_ring().await, Ok(KeyRing { version: 1, keys }));
}

/// The ring is ordered by the time of creation, then by the bytes of the id.
pub async fn key_ring_is_ordered_by_creation(store: Arc<dyn Store>) {
    let made = |id, seconds| KeyRecord {
        created_at: NOW.plus(seconds),
        ..key(id)
    };
    let keys = vec![
        made("b", 0),
        made("c", -5),
        made("a", 0),
        made("_", 7),
        made("B", 0),
    ];
    announce(&store, 0, keys).await;
    announce(&store, 1, vec![made("d", -9)]).await;
    let ring = store.key_ring().await.expect("the store is up");
    let ids: Vec<&str> = ring.keys.iter().map(|key| key.id.as_str()).collect();
    assert_eq!(ids, ["d", "c", "B", "a", "b", "_"]);
}

/// RULES T6: rotation is a compare-and-set; every change of the ring makes what was read before stale.
pub async fn rule_t6_stale_version_changes_nothing(store: Arc<dyn Store>) {
    let stale = |version| AnnounceKeys::Stale { version };
    assert_eq!(announce(&store, 1, vec![key("a")]).await, stale(0));
    announce(&store, 0, vec![key("a")]).await;
    assert_eq!(announce(&store, 0, vec![key("b")]).await, stale(1));
    assert_eq!(announce(&store, u64::MAX, vec![key("b")]).await, stale(1));
    // Told before a taken id.
    assert_eq!(announce(&store, 0, vec![key("a")]).await, stale(1));
    assert_eq!(
        store.revoke_key(&key_id("a"), NOW).await,
        Ok(RevokeKey::Revoked)
    );
    assert_eq!(announce(&store, 1, vec![key("b")]).await, stale(2));
    let removed = store.remove_keys(1, &[key_id("a")], NOW).await;
    assert_eq!(removed, Ok(RemoveKeys::Stale { version: 2 }));
    let revoked = KeyRecord {
        revoked_at: Some(NOW),
        ..key("a")
    };
    assert_eq!(
        store.key_ring().await,
        Ok(KeyRing {
            version: 2,
            keys: vec![revoked]
        })
    );
}

/// RULES T1: key ids are unique over all kinds; with one that is taken, none of the new keys is stored.
pub async fn rule_t1_key_id_is_taken_once(store: Arc<dyn Store>) {
    announce(&store, 0, vec![key("a")]).await;
    for ids in [&["a"][..], &["b", "a"], &["b", "b"]] {
        let keys = ids.iter().map(|id| key(id)).collect();
        assert_eq!(
            announce(&store, 1, keys).await,
            AnnounceKeys::KeyIdTaken,
            "{ids:?}"
        );
    }
    assert_eq!(
        store.key_ring().await,
        Ok(KeyRing {
            version: 1,
            keys: vec![key("a")]
        })
    );
}

/// The time of the first revocation stays.
pub async fn revoked_key_keeps_its_first_time(store: Arc<dyn Store>) {
    announce(&store, 0, vec![key("a"), key("b")]).await;
    assert_eq!(
        store.revoke_key(&key_id("a"), NOW).await,
        Ok(RevokeKey::Revoked)
    );
    for later in [0, 5, -5] {
        let again = store.revoke_key(&key_id("a"), NOW.plus(later)).await;
        assert_eq!(again, Ok(RevokeKey::AlreadyRevoked));
    }
    assert_eq!(
        store.revoke_key(&key_id("c"), NOW).await,
        Ok(RevokeKey::NotFound)
    );
    let revoked = KeyRecord {
        revoked_at: Some(NOW),
        ..key("a")
    };
    assert_eq!(
        store.key_ring().await,
        Ok(KeyRing {
            version: 2,
            keys: vec![revoked, key("b")]
        })
    );
}

/// Removed are the keys that were named and no others.
pub async fn removed_keys_are_gone(store: Arc<dyn Store>) {
    announce(&store, 0, ["a", "b", "c", "d"].map(key).to_vec()).await;
    let removed = |version| Ok(RemoveKeys::Removed { version });
    let ids = [key_id("c"), key_id("a"), key_id("nobody")];
    assert_eq!(store.remove_keys(1, &ids, NOW).await, removed(2));
    let left = KeyRing {
        version: 2,
        keys: vec![key("b"), key("d")],
    };
    assert_eq!(store.key_ring().await, Ok(left.clone()));
    // Nothing to remove is not a change.
    assert_eq!(store.remove_keys(2, &ids, NOW).await, removed(2));
    assert_eq!(store.remove_keys(2, &[], NOW).await, removed(2));
    assert_eq!(store.key_ring().await, Ok(left));
}

/// RULES T6: of many who rotate at once, exactly one does.
pub async fn rule_t6_race_of_rotations_has_one_winner(store: Arc<dyn Store>) {
    let rotate = |store: Arc<dyn Store>, number| async move {
        announce(&store, 0, vec![key(&format!("key-{number}"))]).await
    };
    let seen = race(&store, rotate).await;
    assert_eq!(
        count(&seen, |it| *it == AnnounceKeys::Announced { version: 1 }),
        1
    );
    assert_eq!(
        count(&seen, |it| *it == AnnounceKeys::Stale { version: 1 }),
        RACERS - 1
    );
    assert_eq!(store.key_ring().await.map(|ring| ring.keys.len()), Ok(1));
}

/// RULES T6: rotation and removal share one version.
pub async fn rule_t6_race_of_removal_and_rotation_has_one_winner(store: Arc<dyn Store>) {
    announce(&store, 0, vec![key("a")]).await;
    let change = |store: Arc<dyn Store>, number: usize| async move {
        if number.is_multiple_of(2) {
            let answer = announce(&store, 1, vec![key(&format!("key-{number}"))]).await;
            answer == AnnounceKeys::Announced { version: 2 }
        } else {
            let answer = store.remove_keys(1, &[key_id("a")], NOW).await;
            answer == Ok(RemoveKeys::Removed { version: 2 })
        }
    };
    let seen = race(&store, change).await;
    assert_eq!(count(&seen, |won| *won), 1);
    let ring = store.key_ring().await.expect("the store is up");
    assert_eq!(ring.version, 2);
    assert!(
        [0, 2].contains(&ring.keys.len()),
        "half of one change and half of another"
    );
}

/// A ring is never read with the version of one moment and the keys of another.
pub async fn key_ring_is_read_in_one_snapshot(store: Arc<dyn Store>) {
    let last = 100;
    let writer = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            for version in 0..last {
                announce(&store, version, vec![key(&format!("key-{version}"))]).await;
            }
        }
    });
    loop {
        let ring = store.key_ring().await.expect("the store is up");
        assert_eq!(u64::try_from(ring.keys.len()), Ok(ring.version));
        if ring.version == last {
            break;
        }
        assert!(!writer.is_finished() || store.key_ring().await.is_ok_and(|it| it.version == last));
    }
    writer.await.expect("the writer does not panic");
}

async fn announce(store: &Arc<dyn Store>, expected: u64, keys: Vec<KeyRecord>) -> AnnounceKeys {
    store
        .announce_keys(expected, keys)
        .await
        .expect("the store is up")
}
