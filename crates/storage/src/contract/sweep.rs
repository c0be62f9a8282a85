//! The rules about what the sweep removes, beyond revocations and changes.

use std::sync::Arc;

use countersign_core::{ClientSettings, Grant, GrantLifetime, Timestamp};

use super::samples::{
    NOW, create, create_grant, create_user, grant, next_refresh, token_of, varied_grants,
};
use super::scene::{End, Scene};
use super::{RACERS, race};
use crate::{
    CHANGE_RETENTION_SECONDS, CreateGrant, GrantFilter, Liveness, RefreshOutcome, RevokeToken,
    Store, THROTTLE_RETENTION_SECONDS, ThrottleSubject,
};

/// How long the refresh token of a sample may lie unused here, in seconds.
const IDLE: u32 = 1_000;

/// RULES R11: the row of a grant outlives every access token of it, and is swept then.
pub async fn rule_r11_sweep_keeps_a_grant_for_its_last_token(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let ends_at = NOW.plus(IDLE.into());
    let by_idleness = GrantLifetime {
        ends_at: NOW.plus(1_000_000),
        idle: IDLE,
    };
    let by_age = GrantLifetime {
        ends_at,
        idle: u32::MAX,
    };
    let mut grants = Vec::new();
    for lifetime in [by_idleness, by_age] {
        let with = Grant {
            lifetime,
            ..grant(&scene.client, &scene.user)
        };
        let without = Grant {
            lifetime,
            refresh: None,
            ..grant(&scene.client, &scene.user)
        };
        grants.extend([with, without]);
    }
    for grant in &grants {
        let created = store.create_grant(grant.clone(), 10).await;
        assert!(matches!(created, Ok(CreateGrant::Created { .. })));
    }
    sweep_changes(&store, ends_at).await;

    let last_token = ends_at.plus(ClientSettings::MAX_ACCESS_TOKEN_LIFETIME.into());
    assert_eq!(store.sweep(last_token, 100).await, Ok(0));
    let end = grants[0].row_ends_at();
    assert!(end > last_token);
    assert_eq!(store.sweep(end.plus(-1), 100).await, Ok(0));
    assert_eq!(count(&store).await, 5);
    assert_eq!(store.sweep(end, 100).await, Ok(4));
    assert_eq!(
        count(&store).await,
        1,
        "the grant of the scene lives longer"
    );
    assert_eq!(store.sweep(end, 100).await, Ok(0));
}

/// RULES R11: a grant that was used is looked at when it would have ended unused, and again when it ends now.
pub async fn rule_r11_sweep_keeps_a_grant_that_was_used(store: Arc<dyn Store>) {
    let scene = idle_scene(&store, "a").await;
    let other = idle_scene(&store, "b").await;
    let first_look = scene.grant.row_ends_at();
    sweep_changes(&store, NOW).await;
    // One is rotated (five seconds later), one is used as it is.
    let next = next_refresh(scene.refresh());
    let rotated = store.rotate_refresh(scene.seen(), next).await;
    assert_eq!(rotated, Ok(RefreshOutcome::Done));
    let used = store.use_refresh(other.seen(), NOW.plus(9)).await;
    assert_eq!(used, Ok(RefreshOutcome::Done));

    for (seconds, looked, left) in [
        (-1, 0, 2),
        (0, 2, 2),
        (0, 0, 2),
        (4, 0, 2),
        (5, 1, 1),
        (8, 0, 1),
        (9, 1, 0),
        (9, 0, 0),
    ] {
        let now = first_look.plus(seconds);
        assert_eq!(store.sweep(now, 100).await, Ok(looked), "{seconds}");
        assert_eq!(count(&store).await, left, "{seconds}");
    }
}

/// A dead grant is swept when it is looked at, however much time it would have had.
pub async fn sweep_removes_dead_grants(store: Arc<dyn Store>) {
    for end in End::ALL {
        let scene = idle_scene(&store, &format!("{end:?}")).await;
        let live = idle_scene(&store, &format!("not {end:?}")).await;
        let look = scene.grant.row_ends_at();
        for scene in [&scene, &live] {
            let used = store.use_refresh(scene.seen(), NOW.plus(500)).await;
            assert_eq!(used, Ok(RefreshOutcome::Done));
        }
        scene.end(&store, end).await;
        sweep_changes(&store, NOW).await;
        // What was ended by its id has no row that would have to be looked at.
        let looked = if end == End::Grant { 1 } else { 2 };
        assert_eq!(store.sweep(look, 100).await, Ok(looked), "{end:?}");
        assert_eq!(scene.found(&store).await, None, "{end:?}");
        let is_left = live.found(&store).await.is_some();
        assert_eq!(is_left, end != End::Everything, "{end:?}");
        assert!(store.sweep(look.plus(500), 100).await.is_ok());
        assert_eq!(count(&store).await, 0, "{end:?}");
    }
}

/// Failures are kept for as long as was promised after the last of them.
pub async fn rule_s5_sweep_keeps_recent_failures(store: Arc<dyn Store>) {
    let [old, young] = [1, 2].map(|byte| ThrottleSubject::from_bytes([byte; 16]));
    for (subjects, seconds) in [(&[old, young][..], 0), (&[young], 100), (&[young], 50)] {
        let counted = store.count_failure(subjects, NOW.plus(seconds), 120);
        assert!(counted.await.is_ok());
    }
    let horizon = NOW.plus(THROTTLE_RETENTION_SECONDS);
    for (seconds, left) in [(0, [true, true]), (1, [false, true]), (100, [false, true])] {
        sweep_all(&store, horizon.plus(seconds)).await;
        let stored = store.failures(&[old, young]).await;
        let stored = stored.expect("the store is up");
        let stored: Vec<bool> = stored.iter().map(Option::is_some).collect();
        assert_eq!(stored, left, "{seconds}");
    }
    sweep_all(&store, horizon.plus(101)).await;
    assert_eq!(store.failures(&[young]).await, Ok(vec![None]));
}

/// One call looks at no more rows than it was allowed to, of whatever kind they are.
pub async fn sweep_is_bounded_over_all_kinds(store: Arc<dyn Store>) {
    let client = create(&*store, "a").await;
    let user = create_user(&*store, "a").await;
    for _ in 0..5 {
        let grant = create_grant(&*store, &client, &user).await;
        let revoked = store.revoke_token(&token_of(&grant), NOW).await;
        assert_eq!(revoked, Ok(RevokeToken::Revoked));
    }
    for byte in 0..5 {
        let subject = ThrottleSubject::from_bytes([byte; 16]);
        assert!(store.count_failure(&[subject], NOW, 60).await.is_ok());
    }
    // Two changes, five revocations, five grants and five failures.
    let much_later = NOW.plus(1_000_000_000);
    let mut looked = Vec::new();
    for limit in [0, 4, 4, 4, 4, 4] {
        looked.push(
            store
                .sweep(much_later, limit)
                .await
                .expect("the store is up"),
        );
    }
    assert_eq!(looked, [0, 4, 4, 4, 4, 1]);
    assert_eq!(store.sweep(much_later, 100).await, Ok(0));
    assert_eq!(count(&store).await, 0);
}

/// A sweep beside those who use a grant takes it from nobody.
pub async fn race_of_sweeps_and_uses_loses_no_grant(store: Arc<dyn Store>) {
    let scene = idle_scene(&store, "a").await;
    let look = scene.grant.row_ends_at();
    sweep_changes(&store, NOW).await;
    let used = store.use_refresh(scene.seen(), NOW.plus(1)).await;
    assert_eq!(used, Ok(RefreshOutcome::Done));
    let use_or_sweep = |store: Arc<dyn Store>, racer: usize| {
        let seen = scene.seen();
        async move {
            if racer.is_multiple_of(2) {
                store.sweep(look, 10).await.is_ok_and(|looked| looked <= 1)
            } else {
                let later = NOW.plus(2);
                store.use_refresh(seen, later).await == Ok(RefreshOutcome::Done)
            }
        }
    };
    let seen = race(&store, use_or_sweep).await;
    assert_eq!(seen, [true; RACERS]);
    assert_eq!(scene.liveness(&store).await, Liveness::Live);
    // Looked at again only if the first sweep came before all of those uses.
    assert!(store.sweep(look.plus(1), 10).await.is_ok_and(|it| it <= 1));
    assert!(scene.found(&store).await.is_some());
    assert_eq!(store.sweep(look.plus(2), 10).await, Ok(1));
    assert_eq!(scene.found(&store).await, None);
}

/// Grants of every kind are swept in the end, and not before.
pub async fn every_kind_of_grant_is_swept_at_its_end(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    for grant in varied_grants(&scene.client, &scene.user) {
        let (id, end) = (grant.id, grant.row_ends_at());
        let created = store.create_grant(grant, 1_000).await;
        assert!(matches!(created, Ok(CreateGrant::Created { .. })));
        let is_there = async || store.find_grant(id).await.is_ok_and(|it| it.is_some());
        sweep_all(&store, end.plus(-1)).await;
        assert!(is_there().await, "{id} was swept before {end}");
        sweep_all(&store, end).await;
        assert!(!is_there().await, "{id} was not swept at {end}");
    }
}

/// A scene whose grant ends after [`IDLE`] seconds without use.
async fn idle_scene(store: &Arc<dyn Store>, name: &str) -> Scene {
    let client = create(&**store, name).await;
    let user = create_user(&**store, name).await;
    let mut grant = grant(&client, &user);
    grant.lifetime.idle = IDLE;
    let created = store.create_grant(grant.clone(), 10).await;
    assert!(matches!(created, Ok(CreateGrant::Created { .. })));
    Scene {
        client,
        user,
        grant,
    }
}

/// Sweeps all changes that were made up to `at`, so that only other rows are left to look at.
async fn sweep_changes(store: &Arc<dyn Store>, at: Timestamp) {
    sweep_all(store, at.plus(CHANGE_RETENTION_SECONDS + 1)).await;
}

async fn sweep_all(store: &Arc<dyn Store>, now: Timestamp) {
    let looked = store.sweep(now, 10_000).await;
    assert!(looked.is_ok_and(|looked| looked < 10_000));
}

async fn count(store: &Arc<dyn Store>) -> usize {
    let grants = store.list_grants(GrantFilter::default(), None, 1_000).await;
    grants.expect("the store is up").len()
}
