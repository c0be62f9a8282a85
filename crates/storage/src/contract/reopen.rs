//! The rules about a store that is opened again: what was answered is there.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_core::{Client, Timestamp, User};

use super::entries;
use super::samples::{
    NOW, UNLIMITED, assertion_ids, client, consent, create, create_grant, create_standing_grant,
    create_user, first_refresh, key, key_id, log_in_offline, next_refresh, renewed, secrets,
    standing_grant, token, token_of, username, varied_clients, varied_grants, varied_keys,
    varied_policies, varied_resources, varied_scopes, varied_sessions, varied_standing_grants,
    varied_users, varied_wazo_refresh_tokens, varied_wazo_sessions, wazo_refresh_token,
};
use super::scene::{End, Scene, change_client, change_user, liveness, store_grant};
use crate::{
    AnnounceKeys, AssignPolicy, Change, ChangePolicy, CreateClient, CreateSession,
    CreateStandingGrant, CreateUser, Define, Deployment, EndGrant, EndRefreshToken, GrantFilter,
    Issued, KeyRing, Liveness, LogIn, LoginBasis, MarkDeployment, RESTORE_EPOCHS, RedeemCode,
    RefreshOutcome, Registry, RememberJti, RenewSession, RestoreGap, RevokeKey, RevokeToken,
    SeenCode, Store, ThrottleSubject,
};

/// Clients come back with every field.
pub async fn clients_outlive_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    for new in varied_clients() {
        let created = store.create_client(new).await;
        assert!(
            matches!(created, Ok(CreateClient::Created(_))),
            "{created:?}"
        );
    }
    assert!(
        store
            .remove_client(&client("plain").client_id, NOW)
            .await
            .is_ok()
    );
    let before = store.list_clients(None, 1_000).await;
    assert_eq!(
        before.as_ref().map(Vec::len),
        Ok(varied_clients().len() - 1)
    );
    drop(store);
    assert_eq!(open().await.list_clients(None, 1_000).await, before);
}

/// Changed clients come back as they were changed.
pub async fn updates_outlive_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    let scene = Scene::set(&store, "a").await;
    let reset = |it: &mut Client| it.secrets = secrets();
    let client = change_client(&store, &scene.client, Issued::Ends, reset).await;
    let rename = |it: &mut User| (it.username, it.enabled) = (username("Zo\u{eb}"), false);
    let user = change_user(&store, &scene.user, Issued::Ends, rename).await;
    drop(store);
    let store = open().await;
    let found = store.find_client(&client.client_id).await;
    assert_eq!(found, Ok(Some(client)));
    let found = store.find_user_by_name(&user.username.key()).await;
    assert_eq!(found, Ok(Some(user)));
    assert_eq!(scene.liveness(&store).await, Liveness::ClientEnded);
}

/// Users come back with every field.
pub async fn users_outlive_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    for new in varied_users() {
        let created = store.create_user(new).await;
        assert!(matches!(created, Ok(CreateUser::Created(_))), "{created:?}");
    }
    let removed = create_user(&*store, "removed").await;
    assert!(store.remove_user(removed.id, NOW).await.is_ok());
    let before = store.list_users(None, 1_000).await;
    let count = before.as_ref().map(Vec::len);
    assert_eq!(count, Ok(varied_users().len()));
    drop(store);
    assert_eq!(open().await.list_users(None, 1_000).await, before);
}

/// Grants come back with every field, the ended ones do not, and a rotation is as it was answered.
pub async fn grants_outlive_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    let scene = Scene::set(&store, "a").await;
    for grant in varied_grants(&scene.client, &scene.user, &scene.session) {
        store_grant(&store, &grant).await;
    }
    let ended = create_grant(&*store, &scene.client, &scene.user).await;
    assert_eq!(store.end_grant(ended.id).await, Ok(EndGrant::Ended));
    let next = next_refresh(scene.refresh());
    let rotated = store.rotate_refresh(scene.seen(), next.clone()).await;
    assert_eq!(rotated, Ok(RefreshOutcome::Done));
    let before = store.list_grants(GrantFilter::default(), None, 1_000).await;
    drop(store);
    let store = open().await;
    let after = store.list_grants(GrantFilter::default(), None, 1_000).await;
    assert_eq!(after, before);
    assert_eq!(scene.liveness(&store).await, Liveness::Live);
    let ended = Scene {
        grant: ended,
        ..scene.clone()
    };
    assert_eq!(ended.liveness(&store).await, Liveness::GrantEnded);
    let again = store.rotate_refresh(scene.seen(), next).await;
    assert_eq!(again, Ok(RefreshOutcome::Done));
    let late = next_refresh(scene.refresh());
    let outcome = store.rotate_refresh(scene.seen(), late).await;
    assert_eq!(outcome, Ok(RefreshOutcome::Changed));
}

/// Standing grants come back with every field; the replaced ones do not, and they are found by their scopes.
pub async fn standing_grants_outlive_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    let scene = Scene::set(&store, "a").await;
    for grant in varied_standing_grants(&scene.client, &scene.user, &scene.session) {
        let created = store.create_standing_grant(grant, None, 1_000).await;
        assert!(matches!(created, Ok(CreateStandingGrant::Created { .. })));
    }
    let first = create_standing_grant(&*store, &scene.client, "read write").await;
    let second = standing_grant(&scene.client, "write read");
    let replaced = store.create_standing_grant(second.clone(), Some(first.id), 1_000);
    assert!(matches!(
        replaced.await,
        Ok(CreateStandingGrant::Created { .. })
    ));
    let before = store.list_grants(GrantFilter::default(), None, 1_000).await;
    drop(store);
    let store = open().await;
    let after = store.list_grants(GrantFilter::default(), None, 1_000).await;
    assert_eq!(after, before);
    let found = store.find_standing_grant(scene.client.id, &first.scope);
    let found = found.await.map(|it| it.map(|it| it.grant));
    assert_eq!(found, Ok(Some(second.clone())));
    let third = standing_grant(&scene.client, "read write");
    let answer = store.create_standing_grant(third, None, 1_000).await;
    assert_eq!(answer, Ok(CreateStandingGrant::AlreadyThere));
    let told = liveness(&store, &scene.client, token_of(&second)).await;
    assert_eq!(told, Liveness::Live);
}

/// What the wazo dialect keeps comes back with every field, and without what ended.
pub async fn wazo_logins_outlive_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    let Scene { client, user, .. } = Scene::set(&store, "a").await;
    for session in varied_wazo_sessions(&client, &user) {
        let stored = store.log_in(session, LoginBasis::Password, UNLIMITED).await;
        assert_eq!(stored, Ok(LogIn::Done { refresh: None }));
    }
    for token in varied_wazo_refresh_tokens(&client, &user) {
        log_in_offline(&*store, &client, &user, &token).await;
    }
    let ended = wazo_refresh_token(&client, &user, "ended");
    let session = log_in_offline(&*store, &client, &user, &ended).await;
    let outcome = store.end_wazo_refresh_token(user.id, &ended.app).await;
    assert_eq!(outcome, Ok(EndRefreshToken::Ended));
    let always = Timestamp::from_seconds(0);
    let sessions = store.list_wazo_sessions(None, always, None, 1_000).await;
    let tokens = store.list_wazo_refresh_tokens(None, None, 1_000).await;
    assert!(tokens.as_ref().is_ok_and(|it| !it.is_empty()));
    drop(store);
    let store = open().await;
    let after = store.list_wazo_sessions(None, always, None, 1_000).await;
    assert_eq!(after, sessions);
    let after = store.list_wazo_refresh_tokens(None, None, 1_000).await;
    assert_eq!(after, tokens);
    let found = store.find_wazo_session(&session.token_hash).await;
    assert_eq!(found, Ok(None));
    let found = store.find_wazo_refresh_token(&ended.token_hash).await;
    assert_eq!(found, Ok(None));
}

/// Policies come back with every field, and whoever has them has them still.
pub async fn policies_outlive_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    let user = create_user(&*store, "a").await.id;
    for policy in varied_policies() {
        let id = policy.id;
        let created = store.create_policy(policy).await;
        assert!(matches!(created, Ok(ChangePolicy::Done(_))), "{created:?}");
        let given = store.assign_policy(id, user).await;
        assert_eq!(given, Ok(AssignPolicy::Done));
    }
    let all = store.list_policies(None, 1_000).await.expect("it is up");
    let removed = store.remove_policy(all[0].id).await;
    assert_eq!(removed, Ok(true));
    let withdrawn = store.withdraw_policy(all[1].id, user).await;
    assert_eq!(withdrawn, Ok(AssignPolicy::Done));
    drop(store);
    let store = open().await;
    let listed = store.list_policies(None, 1_000).await;
    assert_eq!(listed.as_deref(), Ok(&all[1..]));
    let of_user = store.policies_of(user).await;
    assert_eq!(of_user.as_deref(), Ok(&all[2..]));
}

/// Sessions come back with every field, as they were renewed, and without those that ended.
pub async fn sessions_outlive_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    let scene = Scene::set(&store, "a").await;
    for session in varied_sessions(&scene.user) {
        let created = store.create_session(session, None, 1_000).await;
        assert!(matches!(created, Ok(CreateSession::Created { .. })));
    }
    let ended = Scene::set(&store, "b").await;
    ended.end(&store, End::Session).await;
    let seen = scene.session.secret_hash;
    let outcome = store.renew_session(seen, renewed(&scene.session)).await;
    assert_eq!(outcome, Ok(RenewSession::Renewed));
    let used = store.use_session(scene.session.id, NOW.plus(90)).await;
    assert_eq!(used, Ok(()));
    let before = store.list_sessions(None, None, 1_000).await;
    drop(store);
    let store = open().await;
    assert_eq!(store.list_sessions(None, None, 1_000).await, before);
    let again = store.renew_session(seen, renewed(&scene.session)).await;
    assert_eq!(again, Ok(RenewSession::Ended));
    assert_eq!(scene.liveness(&store).await, Liveness::Live);
    assert_eq!(ended.liveness(&store).await, Liveness::SessionEnded);
}

/// Consents come back as they were put together, and without those that were forgotten.
pub async fn consents_outlive_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    let scenes = [Scene::set(&store, "a").await, Scene::set(&store, "b").await];
    for scope in ["read", "openid write"] {
        for scene in &scenes {
            let consent = consent(&scene.user, &scene.client, scope);
            assert_eq!(store.remember_consent(consent).await, Ok(()));
        }
    }
    let [kept, forgotten] = &scenes;
    let forgot = store.forget_consent(forgotten.user.id, forgotten.client.id);
    assert_eq!(forgot.await, Ok(true));
    drop(store);
    let store = open().await;
    let all = consent(&kept.user, &kept.client, "read openid write");
    let found = store.find_consent(kept.user.id, kept.client.id).await;
    assert_eq!(found, Ok(Some(all)));
    let of_user = store.list_consents(forgotten.user.id, None, 10).await;
    assert_eq!(of_user, Ok(Vec::new()));
}

/// RULES C1: a code that was redeemed stays redeemed.
pub async fn rule_c1_redemptions_outlive_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    let scene = Scene::set(&store, "a").await;
    let grants = [scene.coded_grant(), scene.coded_grant()];
    for grant in &grants {
        store_grant(&store, grant).await;
    }
    let seen = grants.each_ref().map(SeenCode::of);
    let [redeemed, unredeemed] = seen.map(|it| it.expect("it has a code"));
    let first = Some(first_refresh());
    let outcome = store.redeem_code(redeemed.clone(), NOW, first).await;
    assert_eq!(outcome, Ok(RedeemCode::Redeemed));
    let before = store.find_grant(grants[0].id).await;
    drop(store);
    let store = open().await;
    assert_eq!(store.find_grant(grants[0].id).await, before);
    for (seen, expected) in [
        (redeemed, RedeemCode::AlreadyRedeemed),
        (unredeemed, RedeemCode::Redeemed),
    ] {
        assert_eq!(store.redeem_code(seen, NOW, None).await, Ok(expected));
    }
}

/// Definitions come back with every field.
pub async fn definitions_outlive_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    for scope in varied_scopes() {
        assert_eq!(store.define_scope(scope).await, Ok(Define::Added));
    }
    for resource in varied_resources() {
        assert_eq!(store.define_resource(resource).await, Ok(Define::Added));
    }
    drop(store);
    let registry = Registry {
        scopes: varied_scopes(),
        resources: varied_resources(),
    };
    assert_eq!(open().await.registry().await, Ok(registry));
}

/// RULES S5: whoever guesses gains nothing when the service starts again.
pub async fn rule_s5_failures_outlive_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let subjects = [ThrottleSubject::from_bytes([1; 16])];
    let mut counts = Vec::new();
    for seconds in 0..3 {
        let store = open().await;
        let counted = store.count_failure(&subjects, NOW.plus(seconds), 120);
        counts.extend(counted.await.expect("the store is up"));
    }
    let counts: Vec<u32> = counts.into_iter().map(|it| it.count).collect();
    assert_eq!(counts, [1, 2, 3]);
}

/// RULES R4: a declared restore is remembered, and the epochs that it passed over are never drawn.
pub async fn rule_r4_declared_restore_outlives_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    let before = create(&*store, "a").await.epoch.number();
    let gap = RestoreGap {
        restored_to: NOW.plus(-600),
        declared_at: NOW,
    };
    assert_eq!(store.declare_restore(gap).await, Ok(()));
    drop(store);
    let store = open().await;
    assert_eq!(store.restore_gap().await, Ok(Some(gap)));
    let after = create_user(&*store, "a").await.epoch.number();
    assert!(after > before + RESTORE_EPOCHS, "{before} then {after}");
}

/// RULES R10: no epoch is drawn twice, not even when the client or user with the latest one was removed.
pub async fn rule_r10_epochs_go_on(open: impl AsyncFn() -> Arc<dyn Store>) {
    let mut epochs = BTreeSet::new();
    for round in 0..4 {
        let store = open().await;
        let client = create(&*store, "a").await;
        let user = create_user(&*store, "a").await;
        for epoch in [client.epoch, user.epoch] {
            assert!(epochs.insert(epoch), "{epoch:?} came twice, round {round}");
        }
        assert!(store.remove_user(user.id, NOW).await.is_ok());
        assert!(store.remove_client(&client.client_id, NOW).await.is_ok());
    }
}

/// Keys come back with every field, and the version of the ring with them.
pub async fn keys_outlive_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    assert!(store.announce_keys(0, varied_keys()).await.is_ok());
    assert_eq!(
        store.revoke_key(&key_id("key-0"), NOW).await,
        Ok(RevokeKey::Revoked)
    );
    drop(store);
    let mut keys = varied_keys();
    keys[0].revoked_at = Some(NOW);
    let store = open().await;
    assert_eq!(store.key_ring().await, Ok(KeyRing { version: 2, keys }));
    let stale = store.announce_keys(0, vec![key("later")]).await;
    assert_eq!(stale, Ok(AnnounceKeys::Stale { version: 2 }));
}

/// A revoked token stays dead.
pub async fn revocations_outlive_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    let client = create(&*store, "a").await;
    let (dead, live) = (token(client.epoch), token(client.epoch));
    assert_eq!(
        store.revoke_token(&dead, NOW.plus(600)).await,
        Ok(RevokeToken::Revoked)
    );
    drop(store);
    let store = open().await;
    for (token, expected) in [(dead, Liveness::TokenRevoked), (live, Liveness::Live)] {
        assert_eq!(liveness(&store, &client, token).await, expected);
    }
    let again = store.revoke_token(&dead, NOW.plus(600)).await;
    assert_eq!(again, Ok(RevokeToken::AlreadyRevoked));
}

/// RULES N3: what was taken before the service started again is not taken once more, until its end.
pub async fn rule_n3_assertions_outlive_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let end = NOW.plus(660);
    for (now, expected) in [
        (NOW, RememberJti::Remembered),
        (end.plus(-1), RememberJti::Seen),
        (end, RememberJti::Remembered),
    ] {
        let store = open().await;
        for (number, id) in assertion_ids().iter().enumerate() {
            let heard = store.remember_jti(id, end, now).await;
            assert_eq!(heard, Ok(expected), "{number} {now}");
        }
    }
}

/// RULES N1: a cursor keeps its place while the store is closed.
pub async fn rule_n1_change_feed_goes_on(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    create(&*store, "a").await;
    let cursor = store.change_head().await.expect("the store is up");
    create(&*store, "b").await;
    drop(store);
    let store = open().await;
    create(&*store, "c").await;
    let changes = store.changes_since(&cursor).await.expect("the store is up");
    let expected = ["b", "c"].map(|name| Change::Client(client(name).client_id));
    assert_eq!(entries(changes).1, expected);
}

/// RULES O3: the mark stays.
pub async fn rule_o3_deployment_mark_outlives_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let marked = open().await.mark_deployment(Deployment::Development).await;
    assert_eq!(marked, Ok(MarkDeployment::Marked));
    let again = open().await.mark_deployment(Deployment::Production).await;
    assert_eq!(again, Ok(MarkDeployment::Already(Deployment::Development)));
}
