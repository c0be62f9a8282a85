//! The rules about what is in the change feed, and what is not.

use std::sync::Arc;

use countersign_core::{NewClient, NewUser, ScopeDefinition, User};

use super::samples::{
    NOW, UNLIMITED, assertion_id, client, consent, create, create_grant, create_policy,
    create_session, create_standing_grant, create_user, key, key_id, log_in, log_in_offline,
    next_refresh, renewed, resource_definition, scope_definition, standing_grant, token, user,
    username, wazo_refresh_token, wazo_session_with,
};
use super::scene::{Scene, change_client, change_user, store_grant};
use super::{head, since};
use crate::{
    AssignPolicy, CHANGE_RETENTION_SECONDS, Change, ChangeCursor, ChangePolicy, CreateClient,
    CreateStandingGrant, CreateUser, EndRefreshToken, EndSession, Issued, LogIn, LoginBasis,
    RedeemCode, RefreshOutcome, RememberJti, RenewSession, SeenCode, Store, ThrottleSubject,
    UpdateClient, UpdateUser, WazoSessionFilter,
};

/// What was done to a store, step by step: the place behind each step, and the change that it was.
struct Steps {
    store: Arc<dyn Store>,
    places: Vec<ChangeCursor>,
    changes: Vec<Change>,
}

impl Steps {
    async fn begin(store: &Arc<dyn Store>) -> Self {
        Self {
            store: Arc::clone(store),
            places: vec![head(store).await],
            changes: Vec::new(),
        }
    }

    async fn done(&mut self, change: Change) {
        self.places.push(head(&self.store).await);
        self.changes.push(change);
    }

    /// From the place behind each step, exactly the later ones are told, in their order.
    async fn are_told(&self) {
        let end = head(&self.store).await;
        for (step, place) in self.places.iter().enumerate() {
            let later = self.changes[step..].to_vec();
            let told = since(&self.store, place).await;
            assert_eq!(told, (end.clone(), later), "behind step {step}");
        }
    }
}

/// RULES N1: every change of a client is in the feed, in order.
pub async fn rule_n1_every_change_of_a_client_is_logged(store: Arc<dyn Store>) {
    let of_client = |name| Change::Client(client(name).client_id);
    let mut steps = Steps::begin(&store).await;
    let a = create(&*store, "a").await;
    steps.done(of_client("a")).await;
    create(&*store, "b").await;
    steps.done(of_client("b")).await;
    for issued in [Issued::Lives, Issued::Ends] {
        change_client(&store, &a, issued, |_| ()).await;
        steps.done(of_client("a")).await;
    }
    assert!(store.remove_client(&a.client_id, NOW).await.is_ok());
    steps.done(of_client("a")).await;
    assert_eq!(store.end_everything(NOW).await, Ok(1));
    steps.done(of_client("b")).await;
    steps.are_told().await;
}

/// RULES N1: with the end of everything, every client changes.
pub async fn rule_n1_end_of_everything_is_logged_for_each_client(store: Arc<dyn Store>) {
    let names = ["a", "b", "c"];
    for name in names {
        create(&*store, name).await;
    }
    create_user(&*store, "a").await;
    let before = head(&store).await;
    assert_eq!(store.end_everything(NOW).await, Ok(3));
    let mut told = since(&store, &before).await.1;
    told.sort();
    assert_eq!(
        told,
        names.map(|name| Change::Client(client(name).client_id))
    );
}

/// RULES N1: every change of a user is in the feed, in order, under its id.
pub async fn rule_n1_every_change_of_a_user_is_logged(store: Arc<dyn Store>) {
    let mut steps = Steps::begin(&store).await;
    let a = create_user(&*store, "a").await;
    steps.done(Change::User(a.id)).await;
    let b = create_user(&*store, "b").await;
    steps.done(Change::User(b.id)).await;
    for issued in [Issued::Lives, Issued::Ends] {
        change_user(&store, &a, issued, |_| ()).await;
        steps.done(Change::User(a.id)).await;
    }
    assert!(store.remove_user(b.id, NOW).await.is_ok());
    steps.done(Change::User(b.id)).await;
    steps.are_told().await;
}

/// RULES N1: every change of a key or a definition is in the feed, in order.
pub async fn rule_n1_every_change_of_a_setting_is_logged(store: Arc<dyn Store>) {
    let mut steps = Steps::begin(&store).await;
    let keys = vec![key("k"), key("l")];
    assert!(store.announce_keys(0, keys).await.is_ok());
    steps.done(Change::Keys).await;
    assert!(store.revoke_key(&key_id("k"), NOW).await.is_ok());
    steps.done(Change::Keys).await;
    assert!(store.remove_keys(2, &[key_id("k")], NOW).await.is_ok());
    steps.done(Change::Keys).await;
    let (scope, resource) = (scope_definition("a"), resource_definition("urn:a"));
    // Added, then replaced.
    for _ in 0..2 {
        assert!(store.define_scope(scope.clone()).await.is_ok());
        steps.done(Change::Registry).await;
        assert!(store.define_resource(resource.clone()).await.is_ok());
        steps.done(Change::Registry).await;
    }
    assert_eq!(store.forget_scope(&scope.name, NOW).await, Ok(true));
    steps.done(Change::Registry).await;
    let forgotten = store.forget_resource(&resource.resource, NOW).await;
    assert_eq!(forgotten, Ok(true));
    steps.done(Change::Registry).await;
    steps.are_told().await;
}

/// RULES N1: a change is logged at the time that its verb was given, from which on it is kept.
pub async fn rule_n1_changes_are_logged_at_their_time(store: Arc<dyn Store>) {
    let new = NewUser {
        created_at: NOW.plus(10),
        ..user("a")
    };
    let Ok(CreateUser::Created(a)) = store.create_user(new).await else {
        unreachable!("the user cannot be created");
    };
    let updated = store.update_user(a.clone(), Issued::Lives, NOW.plus(20));
    assert!(matches!(updated.await, Ok(UpdateUser::Updated(_))));
    assert!(store.remove_user(a.id, NOW.plus(30)).await.is_ok());
    let b = create(&*store, "b").await;
    let updated = store.update_client(b.clone(), Issued::Ends, NOW.plus(40));
    assert!(matches!(updated.await, Ok(UpdateClient::Updated(_))));
    assert_eq!(store.end_everything(NOW.plus(50)).await, Ok(1));
    let removed = store.remove_client(&b.client_id, NOW.plus(60)).await;
    assert!(removed.is_ok(), "{removed:?}");
    let scope = ScopeDefinition {
        created_at: NOW.plus(70),
        ..scope_definition("a")
    };
    assert!(store.define_scope(scope.clone()).await.is_ok());
    let forgotten = store.forget_scope(&scope.name, NOW.plus(80)).await;
    assert_eq!(forgotten, Ok(true));
    for seconds in [0, 10, 20, 30, 40, 50, 60, 70, 80] {
        let kept_until = NOW.plus(seconds + CHANGE_RETENTION_SECONDS);
        assert_eq!(store.sweep(kept_until, 9).await, Ok(0), "{seconds}");
        assert_eq!(store.sweep(kept_until.plus(1), 9).await, Ok(1), "{seconds}");
    }
}

/// A verb that changed nothing announces nothing: the entry is in the transaction of the change.
pub async fn rule_n1_refused_verbs_log_nothing(store: Arc<dyn Store>) {
    assert_eq!(store.end_everything(NOW).await, Ok(0));
    let stored = create(&*store, "a").await;
    let announced = store.announce_keys(0, vec![key("k")]).await;
    assert!(announced.is_ok(), "{announced:?}");
    assert!(store.revoke_key(&key_id("k"), NOW).await.is_ok());
    let of_user = create_user(&*store, "a").await;
    create_user(&*store, "b").await;
    let before = head(&store).await;

    assert_eq!(
        store.create_client(client("a")).await,
        Ok(CreateClient::ClientIdTaken)
    );
    let subject = store.create_client(client(&of_user.id.to_string())).await;
    assert_eq!(subject, Ok(CreateClient::ClientIdIsSubject));
    let reused = NewClient {
        id: stored.id,
        ..client("b")
    };
    assert!(store.create_client(reused).await.is_err());
    let nobody = client("nobody").with_epoch(stored.epoch);
    let stale = countersign_core::Client {
        revision: stored.revision.next(),
        ..stored
    };
    for issued in [Issued::Lives, Issued::Ends] {
        let answer = store.update_client(nobody.clone(), issued, NOW).await;
        assert_eq!(answer, Ok(UpdateClient::NotFound));
        let answer = store.update_client(stale.clone(), issued, NOW).await;
        assert_eq!(answer, Ok(UpdateClient::Stale));
    }
    assert!(store.remove_client(&nobody.client_id, NOW).await.is_ok());

    refuse_changes_of_users(&store, of_user).await;
    for (version, keys) in [(1, vec![key("l")]), (2, vec![key("k")]), (2, Vec::new())] {
        assert!(store.announce_keys(version, keys).await.is_ok());
    }
    assert!(store.revoke_key(&key_id("k"), NOW).await.is_ok());
    assert!(store.revoke_key(&key_id("nobody"), NOW).await.is_ok());
    assert!(store.remove_keys(1, &[key_id("k")], NOW).await.is_ok());
    assert!(store.remove_keys(2, &[key_id("nobody")], NOW).await.is_ok());
    let (scope, resource) = (scope_definition("a"), resource_definition("urn:a"));
    assert_eq!(store.forget_scope(&scope.name, NOW).await, Ok(false));
    let forgotten = store.forget_resource(&resource.resource, NOW).await;
    assert_eq!(forgotten, Ok(false));

    assert_eq!(since(&store, &before).await, (before, Vec::new()));
}

/// Everything that can be refused about `stored`, whose name is not "b".
async fn refuse_changes_of_users(store: &Arc<dyn Store>, stored: User) {
    let answer = store.create_user(user("a")).await;
    assert_eq!(answer, Ok(CreateUser::UsernameTaken));
    let reused = NewUser {
        id: stored.id,
        ..user("c")
    };
    assert!(store.create_user(reused).await.is_err());
    let nobody = user("nobody").with_epoch(stored.epoch);
    let renamed = User {
        username: username("b"),
        ..stored.clone()
    };
    let stale = User {
        revision: stored.revision.next(),
        ..stored
    };
    for (refused, expected) in [
        (&nobody, UpdateUser::NotFound),
        (&renamed, UpdateUser::UsernameTaken),
        (&stale, UpdateUser::Stale),
    ] {
        for issued in [Issued::Lives, Issued::Ends] {
            let answer = store.update_user(refused.clone(), issued, NOW).await;
            assert_eq!(answer.as_ref(), Ok(&expected));
        }
    }
    assert!(store.remove_user(nobody.id, NOW).await.is_ok());
}

/// RULES N2: liveness is read, not announced; and nobody caches sessions, consents and failures.
pub async fn rule_n2_what_is_read_and_not_cached_logs_nothing(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let before = head(&store).await;
    for _ in 0..3 {
        let token = token(scene.client.epoch);
        let revoked = store.revoke_token(&token, NOW.plus(600)).await;
        assert!(revoked.is_ok(), "{revoked:?}");
    }
    let assertion = assertion_id("a");
    let taken = store.remember_jti(&assertion, NOW.plus(600), NOW);
    assert_eq!(taken.await, Ok(RememberJti::Remembered));
    let grant = create_grant(&*store, &scene.client, &scene.user).await;
    assert!(store.end_grant(grant.id).await.is_ok());
    let next = next_refresh(scene.refresh());
    for outcome in [
        store.use_refresh(scene.seen(), NOW).await,
        store.rotate_refresh(scene.seen(), next.clone()).await,
        store.retry_refresh(scene.seen_as(&next), 1).await,
    ] {
        assert_eq!(outcome, Ok(RefreshOutcome::Done));
    }
    let coded = scene.coded_grant();
    store_grant(&store, &coded).await;
    let seen = SeenCode::of(&coded).expect("it has a code");
    let redeemed = store.redeem_code(seen, NOW, None).await;
    assert_eq!(redeemed, Ok(RedeemCode::Redeemed));
    let session = create_session(&*store, &scene.user).await;
    let renewal = store.renew_session(session.secret_hash, renewed(&session));
    assert_eq!(renewal.await, Ok(RenewSession::Renewed));
    assert_eq!(store.use_session(session.id, NOW.plus(9)).await, Ok(()));
    assert_eq!(store.end_session(session.id).await, Ok(EndSession::Ended));
    let consent = consent(&scene.user, &scene.client, "read");
    assert_eq!(store.remember_consent(consent).await, Ok(()));
    let forgotten = store.forget_consent(scene.user.id, scene.client.id).await;
    assert_eq!(forgotten, Ok(true));
    let subjects = [ThrottleSubject::from_bytes([1; 16])];
    assert!(store.count_failure(&subjects, NOW, 60).await.is_ok());
    assert!(store.forgive(&subjects).await.is_ok());
    let standing = create_standing_grant(&*store, &scene.client, "read").await;
    let again = standing_grant(&scene.client, "read");
    let replaced = store.create_standing_grant(again, Some(standing.id), 1);
    assert!(matches!(
        replaced.await,
        Ok(CreateStandingGrant::Created { .. })
    ));
    assert_eq!(since(&store, &before).await, (before, Vec::new()));
}

/// RULES N2, D2: nobody caches anything of the wazo dialect.
pub async fn rule_n2_the_wazo_dialect_logs_nothing(store: Arc<dyn Store>) {
    let Scene { client, user, .. } = Scene::set(&store, "a").await;
    let before = head(&store).await;
    for way in 0..3 {
        let session = log_in(&*store, &client, &user).await;
        let which = match way {
            0 => WazoSessionFilter::Token(session.token_hash),
            _ => WazoSessionFilter::Id {
                id: session.id,
                user: (way == 1).then_some(user.id),
            },
        };
        let ended = store.end_wazo_session(which).await;
        assert_eq!(ended, Ok(EndSession::Ended));
    }
    let token = wazo_refresh_token(&client, &user, "program");
    log_in_offline(&*store, &client, &user, &token).await;
    let session = wazo_session_with(&client, &user, &token);
    let basis = LoginBasis::RefreshToken(token.token_hash);
    let logged_in = store.log_in(session, basis, UNLIMITED).await;
    assert_eq!(logged_in, Ok(LogIn::Done { refresh: None }));
    let ended = store.end_wazo_refresh_token(user.id, &token.app).await;
    assert_eq!(ended, Ok(EndRefreshToken::Ended));
    let policy = create_policy(&*store, "policy").await;
    let updated = store.update_policy(policy.clone()).await;
    assert!(matches!(updated, Ok(ChangePolicy::Done(_))), "{updated:?}");
    for _ in 0..2 {
        assert!(store.assign_policy(policy.id, user.id).await.is_ok());
    }
    let withdrawn = store.withdraw_policy(policy.id, user.id).await;
    assert_eq!(withdrawn, Ok(AssignPolicy::Done));
    assert_eq!(store.remove_policy(policy.id).await, Ok(true));
    assert_eq!(since(&store, &before).await, (before, Vec::new()));
}
