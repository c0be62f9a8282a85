//! The rules about how refresh tokens of the wazo dialect end.

use std::sync::Arc;

use countersign_core::EntityId;
use countersign_core::wazo::RefreshToken;

use super::samples::{
    NOW, UNLIMITED, app, create, create_user, log_in, log_in_offline, user, wazo_refresh_token,
    wazo_session_with,
};
use super::scene::{End, Scene, change_client, change_user};
use super::{RACERS, count, race};
use crate::{
    EndRefreshToken, FoundRefreshToken, Issued, LogIn, LoginBasis, Store, WazoSessionFilter,
};

/// RULES D2: with a refresh token end the sessions that were made with it, and the one that was made together with it; no
/// others do.
pub async fn rule_d2_ended_refresh_token_takes_its_sessions(store: Arc<dyn Store>) {
    let a = create(&*store, "a").await;
    let alice = create_user(&*store, "alice").await;
    let bob = create_user(&*store, "bob").await;
    let token = wazo_refresh_token(&a, &alice, "program");
    let together = log_in_offline(&*store, &a, &alice, &token).await;
    let with = wazo_session_with(&a, &alice, &token);
    let basis = LoginBasis::RefreshToken(token.token_hash);
    let answer = store.log_in(with.clone(), basis.clone(), UNLIMITED).await;
    assert_eq!(answer, Ok(DONE));
    let mut left = vec![log_in(&*store, &a, &alice).await];
    for (user, name) in [(&alice, "Program"), (&bob, "program")] {
        let other = wazo_refresh_token(&a, user, name);
        left.push(log_in_offline(&*store, &a, user, &other).await);
    }
    for (user, name) in [(&bob, "Program"), (&alice, "other"), (&alice, "PROGRAM")] {
        let answer = store.end_wazo_refresh_token(user.id, &app(name)).await;
        assert_eq!(answer, Ok(EndRefreshToken::NotFound), "{name}");
    }
    let nobody = user("nobody").id;
    let answer = store.end_wazo_refresh_token(nobody, &token.app).await;
    assert_eq!(answer, Ok(EndRefreshToken::NotFound));
    assert_eq!(list(&store, None).await.len(), 3);

    for expected in [EndRefreshToken::Ended, EndRefreshToken::NotFound] {
        let answer = store.end_wazo_refresh_token(alice.id, &token.app).await;
        assert_eq!(answer, Ok(expected));
        assert_eq!(found(&store, &token).await, None);
        for session in [&together, &with] {
            let found = store.find_wazo_session(&session.token_hash).await;
            assert_eq!(found, Ok(None));
        }
    }
    let answer = store.log_in(with, basis, UNLIMITED).await;
    assert_eq!(answer, Ok(LogIn::RefreshTokenEnded));
    let sessions = store.list_wazo_sessions(None, NOW, None, 10).await;
    left.sort_by_key(|session| session.id);
    assert_eq!(sessions, Ok(left));
    assert_eq!(list(&store, None).await.len(), 2);
    // The end of a session is none of the refresh token that it was made together with.
    let again = wazo_refresh_token(&a, &alice, "program");
    let together = log_in_offline(&*store, &a, &alice, &again).await;
    let which = WazoSessionFilter::Token(together.token_hash);
    assert!(store.end_wazo_session(which).await.is_ok());
    assert!(found(&store, &again).await.is_some());
    // One that is not live can be ended, too.
    change_user(&store, &alice, Issued::Lives, |it| it.enabled = false).await;
    let answer = store.end_wazo_refresh_token(alice.id, &again.app).await;
    assert_eq!(answer, Ok(EndRefreshToken::Ended));
}

/// Of many who end one refresh token, exactly one does.
pub async fn race_of_refresh_token_ends_has_one_winner(store: Arc<dyn Store>) {
    let (a, user) = (create(&*store, "a").await, create_user(&*store, "a").await);
    let token = wazo_refresh_token(&a, &user, "program");
    log_in_offline(&*store, &a, &user, &token).await;
    let end = |store: Arc<dyn Store>, _| {
        let (user, app) = (token.user, token.app.clone());
        async move { store.end_wazo_refresh_token(user, &app).await }
    };
    let seen = race(&store, end).await;
    let ended = count(&seen, |it| *it == Ok(EndRefreshToken::Ended));
    let not_found = count(&seen, |it| *it == Ok(EndRefreshToken::NotFound));
    assert_eq!((ended, not_found), (1, RACERS - 1));
}

/// RULES A4: once the end of a refresh token is answered, no session that was made with it is left, and none comes.
pub async fn rule_a4_log_in_raced_with_the_end_of_its_refresh_token(store: Arc<dyn Store>) {
    let (a, user) = (create(&*store, "a").await, create_user(&*store, "a").await);
    for round in 0..4 {
        let token = wazo_refresh_token(&a, &user, &format!("{round}"));
        log_in_offline(&*store, &a, &user, &token).await;
        let log_in_or_end = |store: Arc<dyn Store>, racer: usize| {
            let (session, token) = (wazo_session_with(&a, &user, &token), token.clone());
            async move {
                if racer == 0 {
                    let ended = store.end_wazo_refresh_token(token.user, &token.app);
                    assert_eq!(ended.await, Ok(EndRefreshToken::Ended));
                }
                let basis = LoginBasis::RefreshToken(token.token_hash);
                store.log_in(session, basis, UNLIMITED).await
            }
        };
        let seen = race(&store, log_in_or_end).await;
        assert_eq!(seen[0], Ok(LogIn::RefreshTokenEnded), "answered before");
        let ended = count(&seen, |it| *it == Ok(LogIn::RefreshTokenEnded));
        let stored = count(&seen, |it| *it == Ok(DONE));
        assert_eq!(ended + stored, RACERS);
        let sessions = store.list_wazo_sessions(None, NOW, None, 10).await;
        assert_eq!(sessions, Ok(Vec::new()));
    }
}

/// RULES A2, D2: a refresh token is read with what it stands on: it is not live while its user is disabled; with every
/// other end of its user or client it is gone, and no other is.
pub async fn rule_a2_wazo_refresh_token_ends_with_what_it_stands_on(store: Arc<dyn Store>) {
    let other = Scene::set(&store, "other").await;
    for end in End::ALL {
        let scene = Scene::set(&store, &format!("{end:?}")).await;
        let token = wazo_refresh_token(&scene.client, &scene.user, "program");
        log_in_offline(&*store, &scene.client, &scene.user, &token).await;
        let elsewhere = wazo_refresh_token(&other.client, &scene.user, "elsewhere");
        log_in_offline(&*store, &other.client, &scene.user, &elsewhere).await;
        let others = wazo_refresh_token(&other.client, &other.user, &format!("{end:?}"));
        log_in_offline(&*store, &other.client, &other.user, &others).await;
        change_user(&store, &scene.user, Issued::Lives, |_| ()).await;
        change_client(&store, &scene.client, Issued::Lives, |_| ()).await;
        scene.end(&store, end).await;
        let (is_there, is_there_elsewhere) = match end {
            End::Grant | End::Session | End::UserDisabled => (true, true),
            End::ClientEpoch | End::ClientRemoved => (false, true),
            End::UserEpoch | End::UserRemoved | End::Everything => (false, false),
        };
        let lives = end != End::UserDisabled;
        for (token, is_there) in [(&token, is_there), (&elsewhere, is_there_elsewhere)] {
            let found = found(&store, token).await;
            assert_eq!(found.is_some(), is_there, "{end:?}");
            let is_live = found.is_some_and(|it| it.live_user().is_some());
            assert_eq!(is_live, is_there && lives, "{end:?}");
            let listed = list(&store, Some(scene.user.id)).await;
            assert_eq!(listed.contains(token), is_live, "{end:?}");
        }
        if end == End::UserDisabled {
            change_user(&store, &scene.user, Issued::Lives, |it| it.enabled = true).await;
            assert_eq!(list(&store, Some(scene.user.id)).await.len(), 2);
        }
        let is_left = found(&store, &others).await.is_some();
        assert_eq!(is_left, end != End::Everything, "{end:?}");
    }
}

const DONE: LogIn = LogIn::Done { refresh: None };

async fn found(store: &Arc<dyn Store>, token: &RefreshToken) -> Option<FoundRefreshToken> {
    let found = store.find_wazo_refresh_token(&token.token_hash).await;
    found.expect("the store is up")
}

async fn list(store: &Arc<dyn Store>, user: Option<EntityId>) -> Vec<RefreshToken> {
    let tokens = store.list_wazo_refresh_tokens(user, None, 1_000).await;
    tokens.expect("the store is up")
}
