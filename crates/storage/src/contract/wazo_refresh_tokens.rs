//! The rules about refresh tokens of the wazo dialect: what is stored of them, and who logs in with them.

use std::sync::Arc;

use countersign_core::wazo::{RefreshToken, Session};
use countersign_core::{Client, EntityId, Epoch, User};

use super::samples::{
    NO_ROOM, NOW, UNLIMITED, app, at_most, create, create_user, log_in_offline, user,
    varied_wazo_refresh_tokens, wazo_refresh_token, wazo_session, wazo_session_with,
};
use super::scene::change_user;
use super::{RACERS, count, race};
use crate::{
    EndRefreshToken, FoundRefreshToken, Issued, LogIn, LogInLimits, LoginBasis, Store, StoreError,
};

/// What was stored comes back as it was given, with what it stands on.
pub async fn wazo_refresh_token_is_found_with_every_field(store: Arc<dyn Store>) {
    let (a, user) = (create(&*store, "a").await, create_user(&*store, "a").await);
    let mut stored = varied_wazo_refresh_tokens(&a, &user);
    for token in &stored {
        log_in_offline(&*store, &a, &user, token).await;
    }
    for token in &stored {
        let expected = FoundRefreshToken {
            token: token.clone(),
            client_is_live: true,
            user: Some(user.clone()),
        };
        assert_eq!(expected.live_user(), Some(&user));
        assert_eq!(found(&store, token).await, Some(expected));
    }
    stored.sort_by_key(|token| token.id);
    let all = store.list_wazo_refresh_tokens(None, None, 1_000).await;
    assert_eq!(all, Ok(stored));
    let unknown = wazo_refresh_token(&a, &user, "plain");
    assert_eq!(found(&store, &unknown).await, None);
}

/// RULES D2: a user has one refresh token for each program. Whoever asks again gets the same one, at whatever mount; only
/// whether it is mobile is as was said last.
pub async fn rule_d2_program_keeps_its_refresh_token(store: Arc<dyn Store>) {
    let (a, b) = (create(&*store, "a").await, create(&*store, "b").await);
    let alice = create_user(&*store, "alice").await;
    let bob = create_user(&*store, "bob").await;
    let first = wazo_refresh_token(&a, &alice, "program");
    log_in_offline(&*store, &a, &alice, &first).await;
    let of_bob = wazo_refresh_token(&a, &bob, "program");
    log_in_offline(&*store, &a, &bob, &of_bob).await;
    let of_another = wazo_refresh_token(&a, &alice, "Program");
    log_in_offline(&*store, &a, &alice, &of_another).await;
    for (client, mobile) in [(&a, true), (&a, true), (&b, false), (&b, true)] {
        let offered = RefreshToken {
            mobile,
            created_at: NOW.plus(9),
            sealed: vec![1, 2, 3],
            ..wazo_refresh_token(client, &alice, "program")
        };
        let expected = RefreshToken {
            mobile,
            ..first.clone()
        };
        let given = offline(&store, client, &alice, &offered, UNLIMITED).await;
        assert_eq!(given, Ok(done(Some(&expected))), "{mobile}");
        let stored = found(&store, &first).await.map(|it| it.token);
        assert_eq!(stored.as_ref(), Some(&expected), "{mobile}");
        assert_eq!(found(&store, &offered).await, None, "{mobile}");
    }
    for other in [of_bob, of_another] {
        let stored = found(&store, &other).await.map(|it| it.token);
        assert_eq!(stored, Some(other));
    }
    assert_eq!(list(&store, Some(alice.id)).await.len(), 2);
}

/// A refresh token is stored, or changed, only together with a session; whoever offers one with a taken id has a defect.
pub async fn refused_log_in_leaves_no_refresh_token(store: Arc<dyn Store>) {
    let (a, user) = (create(&*store, "a").await, create_user(&*store, "a").await);
    let first = wazo_refresh_token(&a, &user, "program");
    log_in_offline(&*store, &a, &user, &first).await;
    let again = RefreshToken {
        mobile: true,
        ..wazo_refresh_token(&a, &user, "program")
    };
    let other = wazo_refresh_token(&a, &user, "other");
    for offered in [&again, &other] {
        let given = offline(&store, &a, &user, offered, at_most(1)).await;
        assert_eq!(given, Ok(LogIn::TooMany));
    }
    let reused = RefreshToken {
        id: first.id,
        ..other
    };
    let given = offline(&store, &a, &user, &reused, at_most(1)).await;
    assert_eq!(given, Ok(LogIn::TooMany), "told before a taken id");
    let given = offline(&store, &a, &user, &reused, UNLIMITED).await;
    assert_eq!(given, Err(StoreError::EntityIdTaken(first.id)));
    let sessions = store.list_wazo_sessions(None, NOW, None, 10).await;
    assert_eq!(sessions.map(|it| it.len()), Ok(1));
    assert_eq!(list(&store, None).await, vec![first.clone()]);
    // It does not matter where nothing new is stored.
    let reused = RefreshToken {
        id: first.id,
        ..wazo_refresh_token(&a, &user, "program")
    };
    let given = offline(&store, &a, &user, &reused, UNLIMITED).await;
    assert_eq!(given, Ok(done(Some(&first))));
}

/// RULES D2: of many who ask at once for the refresh token of one user and program, all get the same one.
pub async fn rule_d2_race_for_one_refresh_token_is_won_by_all(store: Arc<dyn Store>) {
    let (a, user) = (create(&*store, "a").await, create_user(&*store, "a").await);
    let ask = |store: Arc<dyn Store>, _| {
        let offered = wazo_refresh_token(&a, &user, "program");
        let (a, user) = (a.clone(), user.clone());
        async move { offline(&store, &a, &user, &offered, UNLIMITED).await }
    };
    let seen = race(&store, ask).await;
    let stored = list(&store, None).await;
    assert_eq!(stored.len(), 1);
    let same = count(&seen, |it| *it == Ok(done(Some(&stored[0]))));
    assert_eq!(same, RACERS);
    let sessions = store.list_wazo_sessions(None, NOW, None, 1_000).await;
    assert_eq!(sessions.map(|it| it.len()), Ok(RACERS));
}

/// RULES A4: a refresh token that is not live is none: nobody logs in with it, and it makes room for another.
pub async fn rule_a4_dead_refresh_token_makes_room(store: Arc<dyn Store>) {
    let (a, user) = (create(&*store, "a").await, create_user(&*store, "a").await);
    let other = |epoch: Epoch| Epoch::from_number(epoch.number() + 100);
    let mut dead = wazo_refresh_token(&a, &user, "program");
    for number in 0..3 {
        match number {
            0 => dead.user_epoch = other(user.epoch),
            1 => dead.client_epoch = other(a.epoch),
            _ => dead.client = EntityId::from_bytes([7; 16]),
        }
        let given = offline(&store, &a, &user, &dead, UNLIMITED).await;
        assert_eq!(given, Ok(done(Some(&dead))), "{number}");
        let stored = found(&store, &dead).await.expect("the row is there");
        assert_eq!((&stored.token, stored.live_user()), (&dead, None));
        assert_eq!(stored.client_is_live, number == 0);
        assert_eq!(list(&store, None).await, [], "{number}");
        let session = wazo_session_with(&a, &user, &dead);
        let basis = LoginBasis::RefreshToken(dead.token_hash);
        let answer = store.log_in(session, basis, UNLIMITED).await;
        assert_eq!(answer, Ok(LogIn::RefreshTokenEnded), "{number}");

        let live = wazo_refresh_token(&a, &user, "program");
        let given = offline(&store, &a, &user, &live, UNLIMITED).await;
        assert_eq!(given, Ok(done(Some(&live))), "{number}");
        assert_eq!(found(&store, &dead).await, None, "{number}");
        assert_eq!(list(&store, None).await, [live], "{number}");
        let ended = store.end_wazo_refresh_token(user.id, &dead.app).await;
        assert_eq!(ended, Ok(EndRefreshToken::Ended));
        dead = wazo_refresh_token(&a, &user, "program");
    }
}

/// RULES R10, D2: a user has no more live refresh tokens than there may be, whatever names programs give themselves. Those of
/// others do not count, nor do dead ones; and only who would get a new one is refused.
pub async fn rule_r10_limit_refuses_a_further_wazo_refresh_token(store: Arc<dyn Store>) {
    let (a, b) = (create(&*store, "a").await, create(&*store, "b").await);
    let alice = create_user(&*store, "alice").await;
    let bob = create_user(&*store, "bob").await;
    for number in 0..5 {
        let of_bob = wazo_refresh_token(&a, &bob, &format!("{number}"));
        log_in_offline(&*store, &a, &bob, &of_bob).await;
    }
    let dead = |name| RefreshToken {
        user_epoch: Epoch::from_number(alice.epoch.number() + 100),
        ..wazo_refresh_token(&a, &alice, name)
    };
    let dead = [dead("dead"), dead("dead too")];
    for token in &dead {
        log_in_offline(&*store, &a, &alice, token).await;
    }
    let everything = async || {
        let sessions = store.list_wazo_sessions(Some(alice.id), NOW, None, 1_000);
        (sessions.await, list(&store, Some(alice.id)).await)
    };
    // By its name, whether a program gets a refresh token, or keeps its own, when there may be so many.
    for (number, (client, name, limit, is_given)) in [
        (&a, "1", 0, false),
        (&a, "1", 1, true),
        (&a, "2", 1, false),
        (&a, "2", 2, true),
        // Whatever the mount.
        (&b, "3", 2, false),
        (&b, "3", 3, true),
        // Programs that have one keep it.
        (&a, "1", 3, true),
        (&b, "1", 1, true),
        (&a, "2", 0, true),
        // One that is dead is none.
        (&a, "dead", 3, false),
        (&a, "dead", 4, true),
        (&a, "dead too", 4, false),
        (&a, "4", 4, false),
        (&a, "4", u32::MAX, true),
    ]
    .into_iter()
    .enumerate()
    {
        let offered = RefreshToken {
            mobile: number.is_multiple_of(2),
            ..wazo_refresh_token(client, &alice, name)
        };
        let before = everything().await;
        let answer = offline(&store, client, &alice, &offered, tokens_at_most(limit)).await;
        if is_given {
            assert!(
                matches!(answer, Ok(LogIn::Done { refresh: Some(_) })),
                "{name} {limit}"
            );
        } else {
            assert_eq!(answer, Ok(LogIn::TooManyRefreshTokens), "{name} {limit}");
            assert_eq!(everything().await, before, "{name} {limit}");
        }
    }
    let stored = found(&store, &dead[1]).await.map(|it| it.token);
    assert_eq!(stored.as_ref(), Some(&dead[1]), "it made no room");
    let live = list(&store, Some(alice.id)).await;
    assert_eq!(live.len(), 5);
    // Nobody else meets the limit.
    for basis in [
        LoginBasis::Password,
        LoginBasis::RefreshToken(live[0].token_hash),
    ] {
        let session = wazo_session_with(&a, &alice, &live[0]);
        let answer = store.log_in(session, basis, tokens_at_most(0)).await;
        assert_eq!(answer, Ok(done(None)));
    }
    // It is told after the limit of sessions, and before a taken id.
    let reused = RefreshToken {
        id: live[0].id,
        ..wazo_refresh_token(&a, &alice, "5")
    };
    for (limits, expected) in [
        (NO_ROOM, LogIn::TooMany),
        (tokens_at_most(5), LogIn::TooManyRefreshTokens),
    ] {
        let answer = offline(&store, &a, &alice, &reused, limits).await;
        assert_eq!(answer, Ok(expected));
    }
    // One that ended makes room.
    let ended = store.end_wazo_refresh_token(alice.id, &live[0].app).await;
    assert_eq!(ended, Ok(EndRefreshToken::Ended));
    for expected in [true, false] {
        let offered = wazo_refresh_token(&a, &alice, &format!("room {expected}"));
        let answer = offline(&store, &a, &alice, &offered, tokens_at_most(5)).await;
        let is_given = answer == Ok(done(Some(&offered)));
        assert_eq!(is_given, expected, "{answer:?}");
    }
}

/// RULES R10, D2: programs that log in at once keep to the limit; of one that is refused nothing is stored.
pub async fn rule_r10_race_for_refresh_tokens_keeps_the_limit(store: Arc<dyn Store>) {
    let (a, user) = (create(&*store, "a").await, create_user(&*store, "a").await);
    let ask = |store: Arc<dyn Store>, racer: usize| {
        let offered = wazo_refresh_token(&a, &user, &format!("{racer}"));
        let (a, user) = (a.clone(), user.clone());
        async move { offline(&store, &a, &user, &offered, tokens_at_most(5)).await }
    };
    let seen = race(&store, ask).await;
    let stored = list(&store, None).await;
    let is_stored = |token: &RefreshToken| stored.contains(token);
    let given = count(
        &seen,
        |it| matches!(it, Ok(LogIn::Done { refresh: Some(token) }) if is_stored(token)),
    );
    let refused = count(&seen, |it| *it == Ok(LogIn::TooManyRefreshTokens));
    assert_eq!((given, refused, stored.len()), (5, RACERS - 5, 5));
    let sessions = store.list_wazo_sessions(None, NOW, None, 1_000).await;
    assert_eq!(sessions.map(|it| it.len()), Ok(5));
}

/// A session that stands on a refresh token needs it, of its own user and program. That is told before the limit.
pub async fn log_in_with_a_refresh_token_needs_it(store: Arc<dyn Store>) {
    let (a, b) = (create(&*store, "a").await, create(&*store, "b").await);
    let alice = create_user(&*store, "alice").await;
    let bob = create_user(&*store, "bob").await;
    let token = wazo_refresh_token(&a, &alice, "program");
    log_in_offline(&*store, &a, &alice, &token).await;
    log_in_offline(&*store, &a, &bob, &wazo_refresh_token(&a, &bob, "program")).await;
    let basis = LoginBasis::RefreshToken(token.token_hash);
    for client in [&a, &b] {
        let session = wazo_session_with(client, &alice, &token);
        let answer = store
            .log_in(session.clone(), basis.clone(), at_most(9))
            .await;
        assert_eq!(answer, Ok(done(None)));
        let found = store.find_wazo_session(&session.token_hash).await;
        assert_eq!(found.map(|it| it.map(|it| it.session)), Ok(Some(session)));
    }
    let good = wazo_session_with(&a, &alice, &token);
    let program = |name: Option<&str>| Session {
        app: name.map(app),
        ..wazo_session(&a, &alice)
    };
    for limits in [UNLIMITED, NO_ROOM] {
        for (refused, hash) in [
            (good.clone(), wazo_refresh_token(&a, &alice, "x").token_hash),
            (good.clone(), good.token_hash),
            (wazo_session_with(&a, &bob, &token), token.token_hash),
            (program(Some("Program")), token.token_hash),
            (program(Some("other")), token.token_hash),
            (program(None), token.token_hash),
        ] {
            let basis = LoginBasis::RefreshToken(hash);
            let answer = store.log_in(refused.clone(), basis, limits).await;
            assert_eq!(answer, Ok(LogIn::RefreshTokenEnded), "{refused:?}");
            let found = store.find_wazo_session(&refused.token_hash).await;
            assert_eq!(found, Ok(None), "{refused:?}");
        }
    }
    let answer = store.log_in(good, basis, at_most(3)).await;
    assert_eq!(answer, Ok(LogIn::TooMany));
    let stored = found(&store, &token).await.map(|it| it.token);
    assert_eq!(stored, Some(token), "it is not used up");
}

/// Live refresh tokens are listed by their ids, of one user or of all.
pub async fn list_wazo_refresh_tokens_filters_and_pages_in_order(store: Arc<dyn Store>) {
    let a = create(&*store, "a").await;
    let users = [
        create_user(&*store, "alice").await,
        create_user(&*store, "bob").await,
        create_user(&*store, "disabled").await,
    ];
    let mut tokens = Vec::new();
    for age in [5, 2, 7, 0, 4, 8, 1, 6, 3] {
        let at = NOW.plus(i64::try_from(age).expect("small"));
        let token = RefreshToken {
            id: EntityId::generate(at, &super::samples::Counting),
            created_at: at,
            ..wazo_refresh_token(&a, &users[age % 3], &format!("program {age}"))
        };
        log_in_offline(&*store, &a, &users[age % 3], &token).await;
        tokens.push(token);
    }
    tokens.sort_by_key(|token| token.created_at);
    change_user(&store, &users[2], Issued::Lives, |it| it.enabled = false).await;
    let nobody = user("nobody").id;
    let whose = users.each_ref().map(|user| Some(user.id));
    for user in whose.into_iter().chain([None, Some(nobody)]) {
        let wanted =
            |it: &&RefreshToken| user.is_none_or(|id| it.user == id) && it.user != users[2].id;
        let expected: Vec<RefreshToken> = tokens.iter().filter(wanted).cloned().collect();
        for limit in 1..=7_u32 {
            let (mut seen, mut after) = (Vec::new(), None);
            for _ in 0..=tokens.len() {
                let page = store.list_wazo_refresh_tokens(user, after, limit).await;
                let page = page.expect("the store is up");
                assert!(page.len() <= limit as usize);
                let Some(last) = page.last() else { break };
                after = Some(last.id);
                seen.extend(page);
            }
            assert_eq!(seen, expected, "{user:?} in pages of {limit}");
        }
    }
    let none = store.list_wazo_refresh_tokens(None, None, 0).await;
    assert_eq!(none, Ok(Vec::new()));
}

fn done(refresh: Option<&RefreshToken>) -> LogIn {
    LogIn::Done {
        refresh: refresh.cloned(),
    }
}

const fn tokens_at_most(refresh_tokens: u32) -> LogInLimits {
    LogInLimits {
        refresh_tokens,
        ..UNLIMITED
    }
}

/// What becomes of a new session of `user`, for whose program `offered` is offered.
async fn offline(
    store: &Arc<dyn Store>,
    client: &Client,
    user: &User,
    offered: &RefreshToken,
    limits: LogInLimits,
) -> Result<LogIn, StoreError> {
    let session = wazo_session_with(client, user, offered);
    let basis = LoginBasis::Offline(offered.clone());
    store.log_in(session, basis, limits).await
}

async fn found(store: &Arc<dyn Store>, token: &RefreshToken) -> Option<FoundRefreshToken> {
    let found = store.find_wazo_refresh_token(&token.token_hash).await;
    found.expect("the store is up")
}

async fn list(store: &Arc<dyn Store>, user: Option<EntityId>) -> Vec<RefreshToken> {
    let tokens = store.list_wazo_refresh_tokens(user, None, 1_000).await;
    tokens.expect("the store is up")
}
