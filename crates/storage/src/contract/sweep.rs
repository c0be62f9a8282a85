//! The rules about what the sweep removes, beyond revocations and changes.

use std::sync::Arc;

use countersign_core::{
    ClientSettings, EntityId, Grant, GrantLifetime, IssuedCode, Session, Timestamp, wazo,
};

use super::samples::{
    NOW, UNLIMITED, assertion_id, create, create_grant, create_policy, create_session, create_user,
    first_refresh, grant, log_in, log_in_offline, next_refresh, renewed, session, standing_grant,
    token_of, varied_grants, varied_sessions, varied_standing_grants, varied_wazo_sessions,
    wazo_refresh_token, wazo_session_at,
};
use super::scene::{End, Scene, change_user, store_grant};
use super::{RACERS, race};
use crate::{
    CHANGE_RETENTION_SECONDS, CreateSession, CreateStandingGrant, GrantFilter, Issued, Liveness,
    LogIn, LoginBasis, RedeemCode, RefreshOutcome, RememberJti, RenewSession, RevokeToken,
    SeenCode, Store, THROTTLE_RETENTION_SECONDS, ThrottleSubject,
};

/// How long the refresh token of a sample may lie unused here, in seconds.
const IDLE: u32 = 1_000;

/// RULES R11, C2, C3: the row of a grant outlives every access token of it, and the time in which a replay of its code
/// counts; it is swept then, and that of a code which nobody redeemed much earlier than that of one which somebody did.
pub async fn rule_r11_sweep_keeps_a_grant_for_its_last_token(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    sweep_changes(&store, NOW).await;
    let last_token = i64::from(ClientSettings::MAX_ACCESS_TOKEN_LIFETIME);
    let by_idleness = GrantLifetime {
        ends_at: NOW.plus(1_000_000),
        idle: IDLE,
    };
    let by_age = GrantLifetime {
        ends_at: NOW.plus(IDLE.into()),
        idle: u32::MAX,
    };
    let (plain, by_code) = (grant(&scene.client, &scene.user), scene.another_grant());
    let with_refresh = |lifetime| Grant {
        lifetime,
        ..by_code.clone()
    };
    let without_refresh = |grant: &Grant| Grant {
        lifetime: by_age,
        refresh: None,
        id: super::samples::grant(&scene.client, &scene.user).id,
        ..grant.clone()
    };
    let for_a_replay = by_age.ends_at.plus(IssuedCode::REPLAY_WINDOW);
    let for_a_token = by_age.ends_at.plus(last_token);
    for (kind, grant, needed_until) in [
        ("idle", with_refresh(by_idleness), for_a_token),
        ("old", with_refresh(by_age), for_a_token),
        ("implicit", without_refresh(&plain), for_a_replay),
        ("redeemed", without_refresh(&by_code), for_a_replay),
        ("unredeemed", scene.coded_grant(), NOW.plus(60 + last_token)),
    ] {
        store_grant(&store, &grant).await;
        let end = grant.row_ends_at();
        assert!(end > needed_until, "{kind}");
        for (now, looked) in [(needed_until, 0), (end.plus(-1), 0), (end, 1), (end, 0)] {
            assert_eq!(store.sweep(now, 100).await, Ok(looked), "{kind}, {now}");
            assert_eq!(count(&store).await, 2 - usize::from(now == end), "{kind}");
        }
    }
    assert!(scene.found(&store).await.is_some());
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

/// Sessions of every kind are swept in the end, and not before; a renewed one at its new end.
pub async fn sweep_removes_sessions_at_their_end(store: Arc<dyn Store>) {
    let user = create_user(&*store, "a").await;
    sweep_changes(&store, NOW).await;
    for session in varied_sessions(&user) {
        let (id, end) = (session.id, session.row_ends_at());
        assert!(end > session.ends_at);
        let created = store.create_session(session, None, 10).await;
        assert!(matches!(created, Ok(CreateSession::Created { .. })));
        sweep_finds(&store, id, end).await;
    }
    for seconds in [-60, 60] {
        let first = create_session(&*store, &user).await;
        let renewed = Session {
            ends_at: first.ends_at.plus(seconds),
            ..renewed(&first)
        };
        let outcome = store.renew_session(first.secret_hash, renewed.clone());
        assert_eq!(outcome.await, Ok(RenewSession::Renewed));
        // Whether it is used does not matter.
        assert_eq!(store.use_session(first.id, first.ends_at).await, Ok(()));
        sweep_finds(&store, first.id, renewed.row_ends_at()).await;
    }
}

/// Sessions of the wazo dialect are swept in the end, and not before, live or not; its refresh tokens and policies never
/// are.
pub async fn sweep_removes_wazo_sessions_at_their_end(store: Arc<dyn Store>) {
    let (client, user) = (create(&*store, "a").await, create_user(&*store, "a").await);
    let token = wazo_refresh_token(&client, &user, "program");
    log_in_offline(&*store, &client, &user, &token).await;
    let policy = create_policy(&*store, "policy").await;
    assert!(store.assign_policy(policy.id, user.id).await.is_ok());
    let mut sessions = varied_wazo_sessions(&client, &user);
    sessions.sort_by_key(wazo::Session::row_ends_at);
    let enable =
        |enabled| change_user(&store, &user, Issued::Lives, move |it| it.enabled = enabled);
    for (number, session) in sessions.into_iter().enumerate() {
        let (hash, end) = (session.token_hash, session.row_ends_at());
        assert!(end > session.expires_at);
        enable(true).await;
        let stored = store.log_in(session, LoginBasis::Password, UNLIMITED).await;
        assert_eq!(stored, Ok(LogIn::Done { refresh: None }));
        enable(number.is_multiple_of(2)).await;
        let is_there = async || {
            store
                .find_wazo_session(&hash)
                .await
                .is_ok_and(|it| it.is_some())
        };
        sweep_all(&store, end.plus(-1)).await;
        assert!(is_there().await, "session {number} was swept before {end}");
        sweep_all(&store, end).await;
        assert!(!is_there().await, "session {number} was not swept at {end}");
    }
    let much_later = Timestamp::from_seconds(253_402_400_000);
    sweep_all(&store, much_later).await;
    let found = store.find_wazo_refresh_token(&token.token_hash).await;
    assert_eq!(found.map(|it| it.map(|it| it.token)), Ok(Some(token)));
    assert_eq!(store.policies_of(user.id).await, Ok(vec![policy]));
}

/// One call removes no more sessions of the wazo dialect than it was allowed to look at, and none that is good still.
pub async fn sweep_of_wazo_sessions_is_bounded(store: Arc<dyn Store>) {
    let (client, user) = (create(&*store, "a").await, create_user(&*store, "a").await);
    sweep_changes(&store, NOW).await;
    for age in 0..10 {
        let session = wazo_session_at(&client, &user, NOW.plus(age % 2));
        let stored = store.log_in(session, LoginBasis::Password, UNLIMITED).await;
        assert_eq!(stored, Ok(LogIn::Done { refresh: None }));
    }
    let end = wazo_session_at(&client, &user, NOW).row_ends_at();
    for (now, limit, looked) in [
        (end.plus(-1), 9, 0),
        (end, 0, 0),
        (end, 2, 2),
        (end, 9, 3),
        (end, 9, 0),
        (end.plus(1), 4, 4),
        (end.plus(1), 4, 1),
        (end.plus(1), 4, 0),
    ] {
        assert_eq!(store.sweep(now, limit).await, Ok(looked), "{now} {limit}");
    }
}

/// A redeemed code is looked at when it would have ended unredeemed, and its grant is swept at its own end.
pub async fn rule_c3_sweep_keeps_a_grant_whose_code_was_redeemed(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let grants = [scene.coded_grant(), scene.coded_grant()];
    for grant in &grants {
        store_grant(&store, grant).await;
    }
    let seen = SeenCode::of(&grants[0]).expect("it has a code");
    let redeemed = store.redeem_code(seen, NOW, Some(first_refresh())).await;
    assert_eq!(redeemed, Ok(RedeemCode::Redeemed));
    let end = grants[0].row_ends_at();
    sweep_changes(&store, NOW).await;
    assert_eq!(store.sweep(end.plus(-1), 100).await, Ok(0));
    assert_eq!(store.sweep(end, 100).await, Ok(2));
    assert_eq!(store.sweep(end, 100).await, Ok(0));
    for (grant, is_there) in grants.iter().zip([true, false]) {
        let found = store.find_grant(grant.id).await.expect("the store is up");
        assert_eq!(found.is_some(), is_there);
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
        create_session(&*store, &user).await;
        log_in(&*store, &client, &user).await;
        let grant = create_grant(&*store, &client, &user).await;
        let revoked = store.revoke_token(&token_of(&grant), NOW).await;
        assert_eq!(revoked, Ok(RevokeToken::Revoked));
    }
    for byte in 0..5 {
        let subject = ThrottleSubject::from_bytes([byte; 16]);
        assert!(store.count_failure(&[subject], NOW, 60).await.is_ok());
        let id = assertion_id(&byte.to_string());
        let taken = store.remember_jti(&id, NOW.plus(600), NOW).await;
        assert_eq!(taken, Ok(RememberJti::Remembered));
    }
    // Two changes, and five revocations, assertions, sessions, grants, failures and sessions of the wazo dialect.
    let much_later = NOW.plus(1_000_000_000);
    let mut looked = Vec::new();
    for limit in [0, 4, 4, 4, 4, 4, 4, 4, 9] {
        looked.push(
            store
                .sweep(much_later, limit)
                .await
                .expect("the store is up"),
        );
    }
    assert_eq!(looked, [0, 4, 4, 4, 4, 4, 4, 4, 4]);
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
    let client = create(&*store, "a").await;
    let user = create_user(&*store, "a").await;
    let session = Session {
        ends_at: Timestamp::from_seconds(253_402_300_799),
        ..session(&user)
    };
    let created = store.create_session(session.clone(), None, 10).await;
    assert!(matches!(created, Ok(CreateSession::Created { .. })));
    let mut grants = varied_grants(&client, &user, &session);
    let standing = varied_standing_grants(&client, &user, &session);
    grants.extend(standing.into_iter().map(|it| Grant {
        id: standing_grant(&client, "").id,
        ..it
    }));
    // So that the session outlives those that end with it.
    grants.sort_by_key(Grant::row_ends_at);
    for grant in grants {
        let (id, end) = (grant.id, grant.row_ends_at());
        if grant.user.is_some() {
            store_grant(&store, &grant).await;
        } else {
            let stored = store.create_standing_grant(grant, None, 100).await;
            assert!(matches!(stored, Ok(CreateStandingGrant::Created { .. })));
        }
        let is_there = async || store.find_grant(id).await.is_ok_and(|it| it.is_some());
        sweep_all(&store, end.plus(-1)).await;
        assert!(is_there().await, "{id} was swept before {end}");
        sweep_all(&store, end).await;
        assert!(!is_there().await, "{id} was not swept at {end}");
    }
}

/// A scene whose grant ends after [`IDLE`] seconds without use.
async fn idle_scene(store: &Arc<dyn Store>, name: &str) -> Scene {
    Scene::set_with(store, name, |it| it.lifetime.idle = IDLE).await
}

/// The session is the only row that the sweep has to look at, and is removed at `end`.
async fn sweep_finds(store: &Arc<dyn Store>, id: EntityId, end: Timestamp) {
    for (now, looked, is_there) in [(end.plus(-1), 0, true), (end, 1, false), (end, 0, false)] {
        assert_eq!(store.sweep(now, 100).await, Ok(looked), "{now}");
        let found = store.find_session(id).await.expect("the store is up");
        assert_eq!(found.is_some(), is_there, "{now}");
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
