//! The rules about how a session goes on: renewed by its user, and used by the browser.

use std::sync::Arc;

use countersign_core::{EntityId, Epoch, Session, User};

use super::samples::{NOW, create_session, create_user, renewed, session, varied_sessions};
use super::scene::{End, Scene};
use super::{RACERS, count, race};
use crate::{Liveness, RenewSession, Store};

/// A renewed session is as it was told, but for its time of creation; the secret before it is worth nothing any more.
pub async fn renewed_session_goes_on_under_its_new_secret(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let other = create_session(&*store, &scene.user).await;
    let mut current = scene.session.clone();
    for varied in varied_sessions(&scene.user) {
        let next = Session {
            id: current.id,
            secret_hash: renewed(&current).secret_hash,
            ..varied
        };
        let answer = store.renew_session(current.secret_hash, next.clone());
        assert_eq!(answer.await, Ok(RenewSession::Renewed), "{next:?}");
        let old = current.secret_hash;
        current = Session {
            created_at: scene.session.created_at,
            ..next
        };
        assert_eq!(found(&store, current.id).await, Some(current.clone()));
        let answer = store.renew_session(old, renewed(&current)).await;
        assert_eq!(answer, Ok(RenewSession::Ended));
        assert_eq!(found(&store, current.id).await, Some(current.clone()));
    }
    // Its grants go on with it, and nobody else's session was touched.
    assert_eq!(scene.liveness(&store).await, Liveness::Live);
    assert_eq!(found(&store, other.id).await, Some(other));
}

/// Of many who renew what all of them saw, exactly one does; it is what is stored.
pub async fn race_of_renewals_has_one_winner(store: Arc<dyn Store>) {
    let user = create_user(&*store, "a").await;
    let session = create_session(&*store, &user).await;
    let renew = |store: Arc<dyn Store>, _| {
        let (seen, next) = (session.secret_hash, renewed(&session));
        async move { (next.clone(), store.renew_session(seen, next).await) }
    };
    let seen = race(&store, renew).await;
    let lost = count(&seen, |it| it.1 == Ok(RenewSession::Ended));
    assert_eq!(lost, RACERS - 1);
    let won = |it: &(Session, _)| it.1 == Ok(RenewSession::Renewed);
    let winner = seen.into_iter().find(won).map(|it| it.0);
    assert_eq!(found(&store, session.id).await, winner);
}

/// What was not seen, what is another user's and what has ended is not renewed, and stays as it is.
pub async fn renewal_of_what_is_not_as_seen_changes_nothing(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let other = create_user(&*store, "b").await;
    let stored = &scene.session;
    let next = renewed(stored);
    let next_epoch = Epoch::from_number(stored.user_epoch.number() + 1);
    let of = |user: &User| Session {
        user: user.id,
        user_epoch: user.epoch,
        ..next.clone()
    };
    let of_another_epoch = Session {
        user_epoch: next_epoch,
        ..next.clone()
    };
    let unknown = Session {
        id: session(&scene.user).id,
        ..next.clone()
    };
    for (what, seen, refused) in [
        ("secret", next.secret_hash, next.clone()),
        ("user", stored.secret_hash, of(&other)),
        ("epoch", stored.secret_hash, of_another_epoch),
        ("id", stored.secret_hash, unknown),
    ] {
        let answer = store.renew_session(seen, refused.clone()).await;
        assert_eq!(answer, Ok(RenewSession::Ended), "{what}");
        let found = found(&store, stored.id).await;
        assert_eq!(found.as_ref(), Some(stored), "{what}");
        if refused.id != stored.id {
            assert_eq!(store.find_session(refused.id).await, Ok(None), "{what}");
        }
    }
    for end in [
        End::Session,
        End::UserDisabled,
        End::UserEpoch,
        End::UserRemoved,
    ] {
        let scene = Scene::set(&store, &format!("{end:?}")).await;
        scene.end(&store, end).await;
        let (before, seen) = (scene.session.id, scene.session.secret_hash);
        let before = store.find_session(before).await;
        let answer = store.renew_session(seen, renewed(&scene.session)).await;
        assert_eq!(answer, Ok(RenewSession::Ended), "{end:?}");
        assert_eq!(store.find_session(scene.session.id).await, before);
    }
}

/// The last use of a session moves forward only, and nothing else moves with it.
pub async fn use_of_a_session_moves_forward_only(store: Arc<dyn Store>) {
    let user = create_user(&*store, "a").await;
    let session = create_session(&*store, &user).await;
    let other = create_session(&*store, &user).await;
    for (seconds, expected) in [(60, 60), (30, 60), (-9, 60), (60, 60), (90, 90)] {
        let now = NOW.plus(seconds);
        assert_eq!(store.use_session(session.id, now).await, Ok(()));
        let expected = Session {
            used_at: NOW.plus(expected),
            ..session.clone()
        };
        assert_eq!(found(&store, session.id).await, Some(expected));
    }
    let unknown = super::samples::session(&user).id;
    assert_eq!(store.use_session(unknown, NOW).await, Ok(()));
    assert_eq!(store.find_session(unknown).await, Ok(None));
    assert_eq!(found(&store, other.id).await, Some(other));
}

async fn found(store: &Arc<dyn Store>, id: EntityId) -> Option<Session> {
    let found = store.find_session(id).await.expect("the store is up");
    found.map(|it| it.session)
}
