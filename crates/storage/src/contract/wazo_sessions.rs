//! The rules about sessions of the wazo dialect: what is stored of them, and how many there may be.

use std::sync::Arc;

use countersign_core::wazo::Session;
use countersign_core::{EntityId, Epoch, Timestamp};

use super::samples::{
    NO_ROOM, NOW, UNLIMITED, at_most, client, create, create_user, log_in, user,
    varied_wazo_sessions, wazo_refresh_token, wazo_session, wazo_session_at,
};
use super::scene::{End, Scene, change_user};
use super::{RACERS, count, race};
use crate::{
    EndSession, FoundWazoSession, Issued, Liveness, LogIn, LogInLimits, LoginBasis, Store,
    StoreError, WazoSessionFilter,
};

/// What was stored comes back as it was given, with what it stands on.
pub async fn wazo_session_is_found_with_every_field(store: Arc<dyn Store>) {
    let (a, user) = (create(&*store, "a").await, create_user(&*store, "a").await);
    let mut stored = varied_wazo_sessions(&a, &user);
    for session in &stored {
        let answer = store.log_in(session.clone(), LoginBasis::Password, UNLIMITED);
        assert_eq!(answer.await, Ok(DONE), "{session:?}");
    }
    for session in &stored {
        let expected = FoundWazoSession {
            session: session.clone(),
            client_is_live: true,
            user: Some(user.clone()),
        };
        assert_eq!(expected.live_user(), Some(&user));
        assert_eq!(found(&store, session).await, Some(expected));
    }
    stored.sort_by_key(|session| session.id);
    let always = Timestamp::from_seconds(0);
    let all = store.list_wazo_sessions(None, always, None, 1_000).await;
    assert_eq!(all, Ok(stored));
    assert_eq!(found(&store, &wazo_session(&a, &user)).await, None);
}

/// RULES A1, D2: a session is stored only if its client and its user are as it says. The client is told first, and both
/// before a refresh token, the limit and a taken id.
pub async fn rule_a1_wazo_session_of_what_ended_is_refused(store: Arc<dyn Store>) {
    let (a, b) = (create(&*store, "a").await, create(&*store, "b").await);
    let of_a = create_user(&*store, "a").await;
    let of_b = create_user(&*store, "b").await;
    let there = log_in(&*store, &a, &of_a).await;
    let next = |epoch: Epoch| Epoch::from_number(epoch.number() + 1);
    let no_client = [
        (a.id, next(a.epoch)),
        (a.id, b.epoch),
        (client("gone").id, a.epoch),
        (of_a.id, of_a.epoch),
    ];
    let no_user = [
        (of_a.id, next(of_a.epoch)),
        (of_a.id, of_b.epoch),
        (user("nobody").id, of_a.epoch),
        (a.id, a.epoch),
    ];
    let is_refused = async |refused: &Session, expected: LogIn| {
        let offered = wazo_refresh_token(&a, &of_a, "program");
        for (basis, limits) in [
            (LoginBasis::Password, UNLIMITED),
            (LoginBasis::Password, at_most(0)),
            (LoginBasis::Offline(offered.clone()), UNLIMITED),
            (LoginBasis::Offline(offered), NO_ROOM),
            (LoginBasis::RefreshToken([7; 32]), NO_ROOM),
        ] {
            for id in [refused.id, there.id] {
                let refused = Session {
                    id,
                    ..refused.clone()
                };
                let answer = store.log_in(refused.clone(), basis.clone(), limits).await;
                assert_eq!(answer, Ok(expected.clone()), "{refused:?} {basis:?}");
                assert_eq!(found(&store, &refused).await, None);
            }
        }
    };
    for (number, (client, client_epoch)) in no_client.into_iter().enumerate() {
        let refused = Session {
            client,
            client_epoch,
            ..wazo_session(&a, &of_a)
        };
        is_refused(&refused, LogIn::ClientEnded).await;
        let (user, user_epoch) = no_user[number];
        let of_nobody = Session {
            user,
            user_epoch,
            ..refused
        };
        is_refused(&of_nobody, LogIn::ClientEnded).await;
    }
    for (user, user_epoch) in no_user {
        let refused = Session {
            user,
            user_epoch,
            ..wazo_session(&a, &of_a)
        };
        is_refused(&refused, LogIn::UserEnded).await;
    }
    for end in End::ALL {
        let scene = Scene::set(&store, &format!("{end:?}")).await;
        scene.end(&store, end).await;
        let new = wazo_session(&scene.client, &scene.user);
        match end.told() {
            Liveness::ClientEnded => is_refused(&new, LogIn::ClientEnded).await,
            Liveness::UserEnded => is_refused(&new, LogIn::UserEnded).await,
            // The sessions of browsers and the grants of standard clients are none of the dialect.
            _ => {
                let answer = store.log_in(new, LoginBasis::Password, UNLIMITED).await;
                assert_eq!(answer, Ok(DONE), "{end:?}");
            }
        }
    }
    let tokens = store.list_wazo_refresh_tokens(None, None, 10).await;
    assert_eq!(tokens, Ok(Vec::new()));
}

/// Ids are never used twice: a caller who tries has a defect, and is told so at last; nothing is changed.
pub async fn reused_wazo_session_id_is_refused(store: Arc<dyn Store>) {
    let (a, user) = (create(&*store, "a").await, create_user(&*store, "a").await);
    let first = log_in(&*store, &a, &user).await;
    let token = wazo_refresh_token(&a, &user, "program");
    let again = Session {
        id: first.id,
        app: Some(token.app.clone()),
        ..wazo_session(&a, &user)
    };
    for (basis, limits, expected) in [
        (LoginBasis::Password, at_most(1), Ok(LogIn::TooMany)),
        (
            LoginBasis::RefreshToken(token.token_hash),
            UNLIMITED,
            Ok(LogIn::RefreshTokenEnded),
        ),
        (
            LoginBasis::Password,
            UNLIMITED,
            Err(StoreError::EntityIdTaken(first.id)),
        ),
        (
            LoginBasis::Offline(token.clone()),
            LogInLimits {
                refresh_tokens: 0,
                ..UNLIMITED
            },
            Ok(LogIn::TooManyRefreshTokens),
        ),
        (
            LoginBasis::Offline(token),
            UNLIMITED,
            Err(StoreError::EntityIdTaken(first.id)),
        ),
    ] {
        let answer = store.log_in(again.clone(), basis, limits).await;
        assert_eq!(answer, expected);
    }
    assert_eq!(found(&store, &again).await, None);
    let found = found(&store, &first).await.map(|it| it.session);
    assert_eq!(found, Some(first));
    let tokens = store.list_wazo_refresh_tokens(None, None, 10).await;
    assert_eq!(tokens, Ok(Vec::new()));
}

/// A user has no more live sessions than there may be; those that ended before the new one was issued do not count, nor do
/// anybody else's. One that ends in that very second is still good, is listed, and counts.
pub async fn limit_refuses_a_further_wazo_session(store: Arc<dyn Store>) {
    let (a, b) = (create(&*store, "a").await, create(&*store, "b").await);
    let user = create_user(&*store, "a").await;
    let other = create_user(&*store, "b").await;
    for _ in 0..5 {
        log_in(&*store, &a, &other).await;
    }
    let ends_at = |seconds| Session {
        expires_at: NOW.plus(seconds),
        ..wazo_session_at(&a, &user, NOW.plus(-100))
    };
    let now = || wazo_session(&a, &user);
    let elsewhere = wazo_session(&b, &user);
    let mut left = 0;
    for (number, (session, limit, expected)) in [
        (now(), Some(0), LogIn::TooMany),
        // They end before the others are issued, if only a second.
        (ends_at(-50), Some(1), DONE),
        (ends_at(-1), Some(2), DONE),
        (now(), Some(1), DONE),
        (now(), Some(1), LogIn::TooMany),
        (now(), Some(2), DONE),
        // It ends in the second in which the others are issued.
        (ends_at(0), Some(4), LogIn::TooMany),
        (ends_at(0), Some(5), DONE),
        (now(), Some(3), LogIn::TooMany),
        // Whatever the mount.
        (elsewhere.clone(), Some(3), LogIn::TooMany),
        (elsewhere, Some(4), DONE),
        (now(), Some(4), LogIn::TooMany),
        (now(), None, DONE),
        (now(), Some(u32::MAX), DONE),
    ]
    .into_iter()
    .enumerate()
    {
        let stored = expected == DONE;
        let limits = LogInLimits {
            sessions: limit,
            ..UNLIMITED
        };
        let answer = store.log_in(session.clone(), LoginBasis::Password, limits);
        assert_eq!(answer.await, Ok(expected), "session {number}");
        let is_there = found(&store, &session).await.is_some();
        assert_eq!(is_there, stored, "session {number}");
        left += usize::from(stored);
    }
    let of_user = list(&store, Some(user.id), NOW.plus(-100)).await;
    assert_eq!(of_user.len(), left);
    assert_eq!(list(&store, Some(user.id), NOW).await.len(), left - 2);
    // One that ended makes room.
    let ended = store.end_wazo_session(WazoSessionFilter::Id {
        id: of_user[left - 1],
        user: None,
    });
    assert_eq!(ended.await, Ok(EndSession::Ended));
    let answer = store.log_in(now(), LoginBasis::Password, at_most(6)).await;
    assert_eq!(answer, Ok(DONE));
    let answer = store.log_in(now(), LoginBasis::Password, at_most(6)).await;
    assert_eq!(answer, Ok(LogIn::TooMany));
}

/// Sessions that are stored at once keep to the limit.
pub async fn race_of_log_ins_keeps_the_limit(store: Arc<dyn Store>) {
    let (a, user) = (create(&*store, "a").await, create_user(&*store, "a").await);
    let log_in = |store: Arc<dyn Store>, racer: usize| {
        let token = wazo_refresh_token(&a, &user, &format!("{racer}"));
        let session = Session {
            app: Some(token.app.clone()),
            ..wazo_session(&a, &user)
        };
        async move {
            let basis = if racer.is_multiple_of(2) {
                LoginBasis::Password
            } else {
                LoginBasis::Offline(token)
            };
            store.log_in(session, basis, at_most(5)).await
        }
    };
    let seen = race(&store, log_in).await;
    let done = count(&seen, |it| matches!(it, Ok(LogIn::Done { .. })));
    let too_many = count(&seen, |it| *it == Ok(LogIn::TooMany));
    assert_eq!((done, too_many), (5, RACERS - 5));
    assert_eq!(list(&store, Some(user.id), NOW).await.len(), 5);
    // Who was refused has no refresh token either.
    let offline = count(&seen, |it| matches!(it, Ok(it) if has_refresh(it)));
    let tokens = store.list_wazo_refresh_tokens(None, None, 1_000).await;
    assert_eq!(tokens.map(|it| it.len()), Ok(offline));
}

/// Live sessions are listed by their age, of one user or of all, until the last second in which they are good.
pub async fn list_wazo_sessions_filters_and_pages_in_order(store: Arc<dyn Store>) {
    let (a, b) = (create(&*store, "a").await, create(&*store, "b").await);
    let users = [
        create_user(&*store, "alice").await,
        create_user(&*store, "bob").await,
        create_user(&*store, "disabled").await,
    ];
    let mut sessions = Vec::new();
    for age in [5, 2, 11, 7, 0, 4, 9, 1, 6, 10, 3, 8] {
        let at = NOW.plus(i64::try_from(age).expect("small"));
        let client = if age < 6 { &a } else { &b };
        let session = Session {
            expires_at: NOW.plus(100 + i64::try_from(age % 4).expect("small")),
            ..wazo_session_at(client, &users[age % 3], at)
        };
        let answer = store.log_in(session.clone(), LoginBasis::Password, UNLIMITED);
        assert_eq!(answer.await, Ok(DONE));
        sessions.push(session);
    }
    sessions.sort_by_key(|session| session.issued_at);
    change_user(&store, &users[2], Issued::Lives, |it| it.enabled = false).await;
    let nobody = user("nobody").id;
    let whose = users.each_ref().map(|user| Some(user.id));
    for user in whose.into_iter().chain([None, Some(nobody)]) {
        for now in [NOW, NOW.plus(101), NOW.plus(103), NOW.plus(104)] {
            let wanted = |it: &&Session| {
                user.is_none_or(|id| it.user == id)
                    && it.user != users[2].id
                    && it.expires_at >= now
            };
            let expected: Vec<Session> = sessions.iter().filter(wanted).cloned().collect();
            for limit in 1..=9_u32 {
                let (mut seen, mut after) = (Vec::new(), None);
                for _ in 0..=sessions.len() {
                    let page = store.list_wazo_sessions(user, now, after, limit).await;
                    let page = page.expect("the store is up");
                    assert!(page.len() <= limit as usize);
                    let Some(last) = page.last() else { break };
                    after = Some(last.id);
                    seen.extend(page);
                }
                assert_eq!(seen, expected, "{user:?} at {now} in pages of {limit}");
            }
        }
    }
    let none = store.list_wazo_sessions(None, NOW, None, 0).await;
    assert_eq!(none, Ok(Vec::new()));
}

const DONE: LogIn = LogIn::Done { refresh: None };

const fn has_refresh(answer: &LogIn) -> bool {
    matches!(answer, LogIn::Done { refresh: Some(_) })
}

async fn found(store: &Arc<dyn Store>, session: &Session) -> Option<FoundWazoSession> {
    let found = store.find_wazo_session(&session.token_hash).await;
    found.expect("the store is up")
}

async fn list(store: &Arc<dyn Store>, user: Option<EntityId>, now: Timestamp) -> Vec<EntityId> {
    let sessions = store.list_wazo_sessions(user, now, None, 1_000).await;
    let sessions = sessions.expect("the store is up");
    sessions.into_iter().map(|session| session.id).collect()
}
