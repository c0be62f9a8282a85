//! Whether the store fails as it is told, and counts.

use super::*;
use crate::MemoryStore;
use crate::contract::samples::{
    NOW, UNLIMITED, app, assertion_id, client, coded_grant, consent, create, create_user,
    first_refresh, grant, key, key_id, limits, next_refresh, policy, renewed, resource_definition,
    scope_definition, session, slug, standing_grant, token, user, wazo_session,
};

const GAP: RestoreGap = RestoreGap {
    restored_to: NOW,
    declared_at: NOW,
};

/// How every verb that reads fails.
async fn reads(store: &dyn Store) -> Vec<Option<StoreError>> {
    let (client, user) = (client("nobody"), user("nobody"));
    let (client_id, name) = (client.client_id, user.username.key());
    let token = token(countersign_core::Epoch::from_number(1));
    let scope = Scope::empty();
    let query = LivenessQuery {
        client_id: client_id.clone(),
        token,
    };
    let unknown = ChangeCursor::from_bytes(*b"unknown");
    vec![
        store.find_client(&client_id).await.err(),
        store.list_clients(None, 1).await.err(),
        store.find_user(user.id).await.err(),
        store.find_user_by_name(&name).await.err(),
        store.find_users_by_email("a@example.com", 1).await.err(),
        store.list_users(None, 1).await.err(),
        store.find_session(user.id).await.err(),
        store.list_sessions(None, None, 1).await.err(),
        store.find_consent(user.id, client.id).await.err(),
        store.list_consents(user.id, None, 1).await.err(),
        store.find_grant(token.grant()).await.err(),
        store.find_standing_grant(client.id, &scope).await.err(),
        store
            .list_grants(GrantFilter::default(), None, 1)
            .await
            .err(),
        store.find_wazo_session(&[0; 32]).await.err(),
        store.list_wazo_sessions(None, NOW, None, 1).await.err(),
        store.find_wazo_refresh_token(&[0; 32]).await.err(),
        store.list_wazo_refresh_tokens(None, None, 1).await.err(),
        store.find_policy(user.id).await.err(),
        store.find_policy_by_slug(&slug("nobody")).await.err(),
        store.list_policies(None, 1).await.err(),
        store.policies_of(user.id).await.err(),
        store.key_ring().await.err(),
        store.liveness(&query).await.err(),
        store.registry().await.err(),
        store.failures(&[]).await.err(),
        store.changes_since(&unknown).await.err(),
        store.change_head().await.err(),
        store.ping().await.err(),
        store.restore_gap().await.err(),
    ]
}

/// How every verb that writes fails.
async fn writes(store: &dyn Store, a: &Client, b: &User) -> Vec<Option<StoreError>> {
    let grant = grant(a, b);
    let refresh = next_refresh(grant.refresh.as_ref().unwrap());
    let seen = SeenRefresh::of(&grant).unwrap();
    let (session, consent) = (session(b), consent(b, a, "read"));
    let code = SeenCode::of(&coded_grant(a, b, &session)).unwrap();
    let first = Some(first_refresh());
    let (scope, resource) = (scope_definition("s"), resource_definition("urn:r"));
    let subjects = [ThrottleSubject::from_bytes([1; 16])];
    let standing = standing_grant(a, "read");
    let (login, policy) = (wazo_session(a, b), policy("p"));
    vec![
        store.create_client(client("c")).await.err(),
        store.create_user(user("c")).await.err(),
        store.create_session(session.clone(), None, 1).await.err(),
        store
            .renew_session(session.secret_hash, renewed(&session))
            .await
            .err(),
        store.use_session(session.id, NOW).await.err(),
        store.end_session(session.id).await.err(),
        store.remember_consent(consent).await.err(),
        store.forget_consent(b.id, a.id).await.err(),
        store.create_grant(grant.clone(), limits(10)).await.err(),
        store.create_standing_grant(standing, None, 10).await.err(),
        store.redeem_code(code, NOW, first).await.err(),
        store.rotate_refresh(seen.clone(), refresh).await.err(),
        store.retry_refresh(seen.clone(), 1).await.err(),
        store.use_refresh(seen, NOW).await.err(),
        store.end_grant(grant.id).await.err(),
        store
            .log_in(login.clone(), LoginBasis::Password, UNLIMITED)
            .await
            .err(),
        store
            .end_wazo_session(WazoSessionFilter::Token(login.token_hash))
            .await
            .err(),
        store
            .end_wazo_refresh_token(b.id, &app("program"))
            .await
            .err(),
        store.create_policy(policy.clone()).await.err(),
        store.update_policy(policy.clone()).await.err(),
        store.assign_policy(policy.id, b.id).await.err(),
        store.withdraw_policy(policy.id, b.id).await.err(),
        store.remove_policy(policy.id).await.err(),
        store.update_user(b.clone(), Issued::Ends, NOW).await.err(),
        store.remove_user(b.id, NOW).await.err(),
        store
            .update_client(a.clone(), Issued::Ends, NOW)
            .await
            .err(),
        store.end_everything(NOW).await.err(),
        store.remove_client(&a.client_id, NOW).await.err(),
        store.announce_keys(0, vec![key("k")]).await.err(),
        store.revoke_key(&key_id("k"), NOW).await.err(),
        store.remove_keys(2, &[key_id("k")], NOW).await.err(),
        store.revoke_token(&token(a.epoch), NOW).await.err(),
        store
            .remember_jti(&assertion_id("a"), NOW.plus(600), NOW)
            .await
            .err(),
        store.define_scope(scope.clone()).await.err(),
        store.forget_scope(&scope.name, NOW).await.err(),
        store.define_resource(resource.clone()).await.err(),
        store.forget_resource(&resource.resource, NOW).await.err(),
        store.count_failure(&subjects, NOW, 60).await.err(),
        store.forgive(&subjects).await.err(),
        store.mark_deployment(Deployment::Production).await.err(),
        store.declare_restore(GAP).await.err(),
        store.sweep(NOW, 1).await.err(),
    ]
}

#[test]
fn every_verb_fails_as_it_was_told() {
    crate::contract::run(async {
        let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let (a, b) = (create(&*inner, "a").await, create_user(&*inner, "b").await);
        let store = FailingStore::new(Arc::clone(&inner));
        let unavailable = |it: &Option<_>| matches!(it, Some(StoreError::Unavailable(_)));
        let unknown = |it: &Option<_>| matches!(it, Some(StoreError::OutcomeUnknown(_)));
        let before = inner.change_head().await;

        store.switch_off();
        assert!(reads(&store).await.iter().all(unavailable));
        assert!(writes(&store, &a, &b).await.iter().all(unavailable));
        store.fail_writes();
        assert_eq!(reads(&store).await.into_iter().flatten().next(), None);
        assert!(writes(&store, &a, &b).await.iter().all(unavailable));
        assert_eq!(inner.change_head().await, before);
        assert_eq!(inner.restore_gap().await, Ok(None));

        store.lose_answers();
        assert_eq!(reads(&store).await.into_iter().flatten().next(), None);
        assert!(writes(&store, &a, &b).await.iter().all(unknown));
        assert_ne!(inner.change_head().await, before);
        assert_eq!(inner.restore_gap().await, Ok(Some(GAP)));
        assert_eq!(inner.find_client(&a.client_id).await, Ok(None));

        store.switch_on();
        assert_eq!(store.restore_gap().await, Ok(Some(GAP)));
        assert_eq!(
            store.mark_deployment(Deployment::Production).await.err(),
            None
        );
    });
}

/// Done, or not done: it is for the caller to refuse whatever it was not told to be the first.
#[test]
fn rule_n3_assertion_of_a_failed_call_is_taken_or_not() {
    crate::contract::run(async {
        let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let store = FailingStore::new(Arc::clone(&inner));
        for (name, fault, expected) in [
            ("off", Mode::Off, RememberJti::Remembered),
            ("read-only", Mode::WritesFail, RememberJti::Remembered),
            ("lost", Mode::AnswersAreLost, RememberJti::Seen),
            ("lost once", Mode::OneAnswerIsLost, RememberJti::Seen),
        ] {
            let id = assertion_id(name);
            store.set(fault);
            let failed = store.remember_jti(&id, NOW.plus(600), NOW).await;
            assert!(failed.is_err(), "{name}: {failed:?}");
            store.switch_on();
            let heard = store.remember_jti(&id, NOW.plus(600), NOW).await;
            assert_eq!(heard, Ok(expected), "{name}");
        }
    });
}

#[test]
fn every_call_is_counted_under_its_verb() {
    crate::contract::run(async {
        let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let (a, b) = (create(&*inner, "a").await, create_user(&*inner, "b").await);
        let store = FailingStore::new(inner);
        for round in 1..=2 {
            let calls = reads(&store).await.len() + writes(&store, &a, &b).await.len();
            assert_eq!(calls, VERBS, "a verb is missing above");
            for (verb, count) in store.calls.iter().enumerate() {
                assert_eq!(count.load(Ordering::SeqCst), round, "verb {verb}");
            }
            assert_eq!(store.calls(Verb::RotateRefresh), round);
            assert_eq!(store.total_calls(), round * u64::try_from(VERBS).unwrap());
            store.switch_off();
        }
    });
}

#[test]
fn error_of_the_inner_store_is_not_lost() {
    crate::contract::run(async {
        let down = FailingStore::new(Arc::new(MemoryStore::new()));
        down.switch_off();
        let store = FailingStore::new(Arc::new(down));
        store.lose_answers();
        let answer = store.create_client(client("a")).await;
        assert!(
            matches!(answer, Err(StoreError::Unavailable(_))),
            "{answer:?}"
        );
    });
}
