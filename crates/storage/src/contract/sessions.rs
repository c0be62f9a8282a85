//! The rules about sessions.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_core::{EntityId, Epoch, Session};

use super::samples::{
    NOW, create_session, create_user, renewed, session, session_at, user, varied_sessions,
};
use super::scene::{End, Scene, change_user};
use super::{RACERS, count, race};
use crate::{
    CreateSession, EndSession, FoundSession, Issued, Liveness, RenewSession, Store, StoreError,
};

/// What was created comes back as it was given, with its user.
pub async fn created_session_is_found_with_every_field(store: Arc<dyn Store>) {
    let user = create_user(&*store, "a").await;
    let mut stored = varied_sessions(&user);
    for session in &stored {
        let answer = store.create_session(session.clone(), None, 1_000).await;
        assert_eq!(answer, Ok(created(&[])), "{session:?}");
    }
    for session in &stored {
        let expected = FoundSession {
            session: session.clone(),
            user: Some(user.clone()),
        };
        assert_eq!(expected.live_user(), Some(&user));
        assert_eq!(store.find_session(session.id).await, Ok(Some(expected)));
    }
    stored.sort_by_key(|session| session.id);
    assert_eq!(store.list_sessions(None, None, 1_000).await, Ok(stored));
    let unknown = session(&user).id;
    assert_eq!(store.find_session(unknown).await, Ok(None));
}

/// RULES A1: a session is stored only if its user is as it says; if not, the one before it goes on.
pub async fn rule_a1_session_of_a_user_who_ended_is_refused(store: Arc<dyn Store>) {
    let a = create_user(&*store, "a").await;
    let b = create_user(&*store, "b").await;
    let before = create_session(&*store, &a).await;
    let nobody = user("nobody").with_epoch(a.epoch);
    let next = Epoch::from_number(a.epoch.number() + 1);
    for (id, epoch) in [(a.id, next), (a.id, b.epoch), (nobody.id, nobody.epoch)] {
        let refused = Session {
            user: id,
            user_epoch: epoch,
            ..session(&a)
        };
        // Told before a taken id.
        for id in [refused.id, before.id] {
            let refused = Session {
                id,
                ..refused.clone()
            };
            let answer = store.create_session(refused, Some(before.id), 0).await;
            assert_eq!(answer, Ok(CreateSession::UserEnded), "{id} {epoch:?}");
        }
    }
    for end in [End::UserDisabled, End::UserEpoch, End::UserRemoved] {
        let scene = Scene::set(&store, &format!("{end:?}")).await;
        scene.end(&store, end).await;
        let new = session(&scene.user);
        let answer = store.create_session(new, Some(before.id), 0).await;
        assert_eq!(answer, Ok(CreateSession::UserEnded), "{end:?}");
    }
    let of_a = store.list_sessions(Some(a.id), None, 10).await;
    assert_eq!(of_a, Ok(vec![before]));
}

/// Ids are never used twice: a caller who tries has a defect, and is told so; nothing is changed.
pub async fn reused_session_id_is_refused(store: Arc<dyn Store>) {
    let user = create_user(&*store, "a").await;
    let first = create_session(&*store, &user).await;
    let second = create_session(&*store, &user).await;
    let again = Session {
        id: first.id,
        ..session(&user)
    };
    for replaces in [None, Some(first.id), Some(second.id)] {
        let answer = store.create_session(again.clone(), replaces, 1).await;
        assert_eq!(answer, Err(StoreError::EntityIdTaken(first.id)));
    }
    for session in [first, second] {
        assert_eq!(found(&store, session.id).await, Some(session));
    }
}

/// Attack class 15: a new session takes the place of the one that the browser had before, whosever that was.
pub async fn new_session_replaces_the_one_before(store: Arc<dyn Store>) {
    for whose in ["own", "another's"] {
        let scene = Scene::set(&store, whose).await;
        let user = match whose {
            "own" => scene.user.clone(),
            _ => create_user(&*store, "other").await,
        };
        let bystander = create_session(&*store, &user).await;
        let before = scene.session.id;
        // Then it is gone already.
        for number in 0..2 {
            let new = session(&user);
            let answer = store.create_session(new.clone(), Some(before), 10).await;
            assert_eq!(answer, Ok(created(&[])), "{whose} {number}");
            assert_eq!(found(&store, before).await, None, "{whose} {number}");
            assert_eq!(found(&store, new.id).await, Some(new), "{whose} {number}");
        }
        let told = scene.liveness(&store).await;
        assert_eq!(told, Liveness::SessionEnded, "{whose}");
        assert_eq!(found(&store, bystander.id).await, Some(bystander));
    }
}

/// A bounded number of sessions per user, the oldest ended; the replaced one does not count, nor does anybody else's.
pub async fn limit_ends_the_oldest_sessions_of_the_user(store: Arc<dyn Store>) {
    let alice = create_user(&*store, "alice").await;
    let bob = create_user(&*store, "bob").await;
    let of_bob = session_at(&bob, NOW.plus(-9));
    let answer = store.create_session(of_bob.clone(), None, 1).await;
    assert_eq!(answer, Ok(created(&[])));
    let sessions: Vec<Session> = (0..7)
        .map(|age| session_at(&alice, NOW.plus(age)))
        .collect();
    let ids: Vec<EntityId> = sessions.iter().map(|session| session.id).collect();
    for (number, replaces, limit, ended) in [
        (0, None, 3, &[][..]),
        (1, None, 3, &[]),
        (2, None, 3, &[]),
        (3, None, 3, &ids[0..1]),
        (4, Some(ids[2]), 3, &[]),
        // A limit that was lowered ends more than one, the oldest first.
        (5, None, 2, &[ids[1], ids[3]]),
        (6, Some(of_bob.id), 9, &[]),
    ] {
        let answer = store.create_session(sessions[number].clone(), replaces, limit);
        assert_eq!(answer.await, Ok(created(ended)), "session {number}");
        let is_there = found(&store, of_bob.id).await.is_some();
        assert_eq!(is_there, replaces != Some(of_bob.id), "session {number}");
    }
    assert_eq!(list(&store, Some(alice.id)).await, ids[4..]);
}

/// The new session stays, even if it is the oldest by its id or the limit leaves no room; dead ones count, too.
pub async fn limit_never_ends_the_new_session(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let older = session_at(&scene.user, NOW.plus(-9));
    let answer = store.create_session(older.clone(), None, 1).await;
    assert_eq!(answer, Ok(created(&[scene.session.id])));
    let told = scene.liveness(&store).await;
    assert_eq!(told, Liveness::SessionEnded);
    let user = change_user(&store, &scene.user, Issued::Ends, |_| ()).await;
    let oldest = session_at(&user, NOW.plus(-99));
    let answer = store.create_session(oldest.clone(), None, 0).await;
    assert_eq!(answer, Ok(created(&[older.id])));
    assert_eq!(list(&store, None).await, [oldest.id]);
}

/// Sessions that are created at once keep to the limit, and each that is ended is told once.
pub async fn race_of_new_sessions_keeps_the_limit(store: Arc<dyn Store>) {
    let user = create_user(&*store, "a").await;
    let create = |store: Arc<dyn Store>, _| {
        let session = session(&user);
        async move { store.create_session(session, None, 5).await }
    };
    let mut ended = BTreeSet::new();
    for answer in race(&store, create).await {
        let Ok(CreateSession::Created { ended: these }) = answer else {
            unreachable!("a session cannot be created: {answer:?}");
        };
        for id in these {
            assert!(ended.insert(id), "{id} was ended twice");
        }
    }
    assert_eq!(ended.len(), RACERS - 5);
    let left = list(&store, Some(user.id)).await;
    assert_eq!(left.len(), 5);
    assert!(left.iter().all(|id| !ended.contains(id)));
}

/// RULES A1, A4: a session that is created or renewed while its user ends is refused, or dead from then on.
pub async fn rule_a4_session_raced_with_the_end_never_lives(store: Arc<dyn Store>) {
    for end in [End::UserDisabled, End::UserEpoch, End::UserRemoved] {
        let scene = Scene::set(&store, &format!("{end:?}")).await;
        let create_or_end = |store: Arc<dyn Store>, racer: usize| {
            let scene = scene.clone();
            async move {
                if racer == 0 {
                    scene.end(&store, end).await;
                }
                let new = session(&scene.user);
                let created = store.create_session(new.clone(), None, 1_000).await;
                let renewal = renewed(&scene.session);
                let seen = scene.session.secret_hash;
                let renewed = store.renew_session(seen, renewal).await;
                (new.id, created, renewed)
            }
        };
        let seen = race(&store, create_or_end).await;
        let (_, created, renewed) = &seen[0];
        assert_eq!(*created, Ok(CreateSession::UserEnded), "{end:?}");
        assert_eq!(*renewed, Ok(RenewSession::Ended), "{end:?}");
        for id in seen.into_iter().map(|it| it.0).chain([scene.session.id]) {
            let found = store.find_session(id).await.expect("the store is up");
            let live_user = found.as_ref().and_then(FoundSession::live_user);
            assert_eq!(live_user, None, "{end:?}");
        }
    }
}

/// An ended session is gone, and no other.
pub async fn ended_session_is_gone(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let other = create_session(&*store, &scene.user).await;
    scene.end(&store, End::Session).await;
    for unknown in [scene.session.id, session(&scene.user).id] {
        let again = store.end_session(unknown).await;
        assert_eq!(again, Ok(EndSession::NotFound));
        assert_eq!(store.find_session(unknown).await, Ok(None));
    }
    assert_eq!(list(&store, None).await, [other.id]);
}

/// Of many who end one session, exactly one does.
pub async fn race_of_session_ends_has_one_winner(store: Arc<dyn Store>) {
    let user = create_user(&*store, "a").await;
    let id = create_session(&*store, &user).await.id;
    let end = |store: Arc<dyn Store>, _| async move { store.end_session(id).await };
    let seen = race(&store, end).await;
    let ended = count(&seen, |it| *it == Ok(EndSession::Ended));
    let not_found = count(&seen, |it| *it == Ok(EndSession::NotFound));
    assert_eq!((ended, not_found), (1, RACERS - 1));
}

/// RULES A2: a session is read with its user: it is not live while the user is disabled, and never again after another
/// end of the user.
pub async fn rule_a2_session_ends_with_its_user(store: Arc<dyn Store>) {
    let disabled = Scene::set(&store, "a").await;
    disabled.end(&store, End::UserDisabled).await;
    assert!(!is_live(&store, &disabled).await);
    let enabled = change_user(&store, &disabled.user, Issued::Lives, |it| {
        it.enabled = true;
    });
    enabled.await;
    assert!(is_live(&store, &disabled).await);
    for end in [End::UserEpoch, End::UserRemoved] {
        let scene = Scene::set(&store, &format!("{end:?}")).await;
        assert!(is_live(&store, &scene).await, "{end:?}");
        scene.end(&store, end).await;
        assert!(!is_live(&store, &scene).await, "{end:?}");
        if end == End::UserRemoved {
            // A new user of the old name is somebody else.
            create_user(&*store, &format!("{end:?}")).await;
            assert!(!is_live(&store, &scene).await, "{end:?}");
        }
    }
    // The end of a client is none of the user.
    disabled.end(&store, End::ClientRemoved).await;
    assert!(is_live(&store, &disabled).await);
}

/// Sessions are listed by their age, of one user or of all; those that are over, too.
pub async fn list_sessions_filters_and_pages_in_order(store: Arc<dyn Store>) {
    let users = [
        create_user(&*store, "alice").await,
        create_user(&*store, "bob").await,
    ];
    let mut sessions = Vec::new();
    for age in [5, 2, 7, 0, 4, 1, 6, 3] {
        let at = NOW.plus(i64::try_from(age).expect("small"));
        let session = session_at(&users[age % 2], at);
        let answer = store.create_session(session.clone(), None, 9).await;
        assert_eq!(answer, Ok(created(&[])));
        sessions.push(session);
    }
    sessions.sort_by_key(|session| session.created_at);
    change_user(&store, &users[0], Issued::Ends, |_| ()).await;
    let nobody = user("nobody").id;
    for user in [None, Some(users[0].id), Some(users[1].id), Some(nobody)] {
        let wanted = |session: &&Session| user.is_none_or(|id| session.user == id);
        let expected: Vec<Session> = sessions.iter().filter(wanted).cloned().collect();
        for limit in 1..=9_u32 {
            let (mut seen, mut after) = (Vec::new(), None);
            for _ in 0..=sessions.len() {
                let page = store.list_sessions(user, after, limit).await;
                let page = page.expect("the store is up");
                assert!(page.len() <= limit as usize);
                let Some(last) = page.last() else { break };
                after = Some(last.id);
                seen.extend(page);
            }
            assert_eq!(seen, expected, "{user:?} in pages of {limit}");
        }
    }
    let none = store.list_sessions(None, None, 0).await;
    assert_eq!(none, Ok(Vec::new()));
}

async fn found(store: &Arc<dyn Store>, id: EntityId) -> Option<Session> {
    let found = store.find_session(id).await.expect("the store is up");
    found.map(|it| it.session)
}

async fn is_live(store: &Arc<dyn Store>, scene: &Scene) -> bool {
    let found = store.find_session(scene.session.id).await;
    let found = found.expect("the store is up");
    found.is_some_and(|it| it.live_user().is_some_and(|user| user.id == scene.user.id))
}

async fn list(store: &Arc<dyn Store>, user: Option<EntityId>) -> Vec<EntityId> {
    let sessions = store.list_sessions(user, None, 1_000).await;
    let sessions = sessions.expect("the store is up");
    sessions.into_iter().map(|session| session.id).collect()
}

fn created(ended: &[EntityId]) -> CreateSession {
    CreateSession::Created {
        ended: ended.to_vec(),
    }
}
