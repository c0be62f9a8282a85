//! The rules about how sessions of the wazo dialect end.

use std::sync::Arc;

use countersign_core::EntityId;
use countersign_core::wazo::Session;

use super::samples::{
    NOW, UNLIMITED, create, create_user, log_in, wazo_refresh_token, wazo_session,
};
use super::scene::{End, Scene, change_client, change_user};
use super::{RACERS, count, race};
use crate::{
    EndSession, FoundWazoSession, Issued, Liveness, LogIn, LoginBasis, Store, WazoSessionFilter,
};

/// RULES A1, A4: a session that is stored while its user or client ends is refused, or dead from then on.
pub async fn rule_a4_log_in_raced_with_the_end_never_lives(store: Arc<dyn Store>) {
    for end in End::ALL {
        let refusal = match end.told() {
            Liveness::ClientEnded => LogIn::ClientEnded,
            Liveness::UserEnded => LogIn::UserEnded,
            _ => continue,
        };
        let scene = Scene::set(&store, &format!("{end:?}")).await;
        let log_in_or_end = |store: Arc<dyn Store>, racer: usize| {
            let scene = scene.clone();
            async move {
                if racer == 0 {
                    scene.end(&store, end).await;
                }
                let token = wazo_refresh_token(&scene.client, &scene.user, "program");
                let session = Session {
                    app: Some(token.app.clone()),
                    ..wazo_session(&scene.client, &scene.user)
                };
                let basis = LoginBasis::Offline(token);
                let answer = store.log_in(session.clone(), basis, UNLIMITED).await;
                (session, answer)
            }
        };
        let seen = race(&store, log_in_or_end).await;
        assert_eq!(seen[0].1, Ok(refusal.clone()), "{end:?}, answered before");
        for (session, answer) in seen {
            let was_stored = matches!(answer, Ok(LogIn::Done { .. }));
            assert!(was_stored || answer == Ok(refusal.clone()), "{answer:?}");
            let found = found(&store, &session).await;
            let live_user = found.as_ref().and_then(FoundWazoSession::live_user);
            assert_eq!(live_user, None, "{end:?}");
            // Only a user who was disabled may be enabled again; all others left nothing behind.
            let is_left = was_stored && end == End::UserDisabled;
            assert_eq!(found.is_some(), is_left, "{end:?}");
        }
        let of_user = list(&store, Some(scene.user.id)).await;
        assert_eq!(of_user, [], "{end:?}");
        let tokens = store.list_wazo_refresh_tokens(Some(scene.user.id), None, 10);
        assert_eq!(tokens.await, Ok(Vec::new()), "{end:?}");
    }
}

/// RULES A2, D2: a session is read with what it stands on: it is not live while its user is disabled; with every other end
/// of its user or client it is gone, and no other session is.
pub async fn rule_a2_wazo_session_ends_with_what_it_stands_on(store: Arc<dyn Store>) {
    let other = Scene::set(&store, "other").await;
    let others = log_in(&*store, &other.client, &other.user).await;
    for end in End::ALL {
        let scene = Scene::set(&store, &format!("{end:?}")).await;
        let session = log_in(&*store, &scene.client, &scene.user).await;
        let elsewhere = log_in(&*store, &other.client, &scene.user).await;
        for changed in [session.clone(), elsewhere.clone()] {
            // A change that is no end.
            change_user(&store, &scene.user, Issued::Lives, |_| ()).await;
            change_client(&store, &scene.client, Issued::Lives, |_| ()).await;
            assert!(is_live(&store, &changed).await, "{end:?}");
        }
        scene.end(&store, end).await;
        let (is_there, is_there_elsewhere) = match end {
            End::Grant | End::Session | End::UserDisabled => (true, true),
            End::ClientEpoch | End::ClientRemoved => (false, true),
            End::UserEpoch | End::UserRemoved | End::Everything => (false, false),
        };
        let lives = end != End::UserDisabled;
        for (session, is_there) in [(session, is_there), (elsewhere, is_there_elsewhere)] {
            let found = found(&store, &session).await;
            assert_eq!(found.is_some(), is_there, "{end:?}");
            let listed = list(&store, Some(scene.user.id)).await;
            let is_live = is_live(&store, &session).await;
            assert_eq!(is_live, is_there && lives, "{end:?}");
            assert_eq!(listed.contains(&session.id), is_live, "{end:?}");
        }
        if end == End::UserDisabled {
            change_user(&store, &scene.user, Issued::Lives, |it| it.enabled = true).await;
            assert_eq!(list(&store, Some(scene.user.id)).await.len(), 2);
        }
        if end != End::Everything {
            assert!(is_live(&store, &others).await, "{end:?}");
        }
    }
}

/// An ended session is gone, and no other; one user's is not ended as another's.
pub async fn ended_wazo_session_is_gone(store: Arc<dyn Store>) {
    let (a, user) = (create(&*store, "a").await, create_user(&*store, "a").await);
    let other = create_user(&*store, "b").await;
    let left = log_in(&*store, &a, &user).await;
    let by_id = |id, user| WazoSessionFilter::Id { id, user };
    for number in 0..3 {
        let session = log_in(&*store, &a, &user).await;
        let unknown = wazo_session(&a, &user);
        for which in [
            WazoSessionFilter::Token(unknown.token_hash),
            by_id(unknown.id, None),
            by_id(unknown.id, Some(user.id)),
            by_id(session.id, Some(other.id)),
            by_id(session.id, Some(unknown.id)),
            by_id(user.id, None),
        ] {
            let answer = store.end_wazo_session(which).await;
            assert_eq!(answer, Ok(EndSession::NotFound), "{which:?}");
            assert!(is_live(&store, &session).await, "{which:?}");
        }
        let ways = [
            WazoSessionFilter::Token(session.token_hash),
            by_id(session.id, None),
            by_id(session.id, Some(user.id)),
        ];
        let answer = store.end_wazo_session(ways[number]).await;
        assert_eq!(answer, Ok(EndSession::Ended), "{number}");
        assert_eq!(found(&store, &session).await, None, "{number}");
        for again in ways {
            let answer = store.end_wazo_session(again).await;
            assert_eq!(answer, Ok(EndSession::NotFound), "{number}");
        }
    }
    assert_eq!(list(&store, None).await, [left.id]);
    // One that is not live can be ended, too.
    change_user(&store, &user, Issued::Lives, |it| it.enabled = false).await;
    let answer = store.end_wazo_session(by_id(left.id, None)).await;
    assert_eq!(answer, Ok(EndSession::Ended));
}

/// Of many who end one session, each in some way, exactly one does.
pub async fn race_of_wazo_session_ends_has_one_winner(store: Arc<dyn Store>) {
    let (a, user) = (create(&*store, "a").await, create_user(&*store, "a").await);
    let session = log_in(&*store, &a, &user).await;
    let end = |store: Arc<dyn Store>, racer: usize| {
        let which = if racer.is_multiple_of(2) {
            WazoSessionFilter::Token(session.token_hash)
        } else {
            WazoSessionFilter::Id {
                id: session.id,
                user: Some(user.id),
            }
        };
        async move { store.end_wazo_session(which).await }
    };
    let seen = race(&store, end).await;
    let ended = count(&seen, |it| *it == Ok(EndSession::Ended));
    let not_found = count(&seen, |it| *it == Ok(EndSession::NotFound));
    assert_eq!((ended, not_found), (1, RACERS - 1));
}

async fn found(store: &Arc<dyn Store>, session: &Session) -> Option<FoundWazoSession> {
    let found = store.find_wazo_session(&session.token_hash).await;
    found.expect("the store is up")
}

async fn is_live(store: &Arc<dyn Store>, session: &Session) -> bool {
    let found = found(store, session).await;
    found.is_some_and(|it| it.live_user().is_some_and(|user| user.id == session.user))
}

/// The live sessions.
async fn list(store: &Arc<dyn Store>, user: Option<EntityId>) -> Vec<EntityId> {
    let sessions = store.list_wazo_sessions(user, NOW, None, 1_000).await;
    let sessions = sessions.expect("the store is up");
    sessions.into_iter().map(|session| session.id).collect()
}
