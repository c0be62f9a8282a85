//! Sessions and consents of every kind.

use countersign_core::{Client, Consent, EntityId, Random, Scope, Session, Timestamp, User};

use super::{Counting, NOW};
use crate::{CreateSession, Store};

fn secret_hash() -> [u8; 32] {
    let counting: &dyn Random = &Counting;
    counting.bytes()
}

/// A session of `user`, who signed in at [`NOW`].
#[must_use]
pub fn session(user: &User) -> Session {
    session_at(user, NOW)
}

/// A session of `user`, who signed in at `at`. Ids of different seconds are ordered by them.
#[must_use]
pub fn session_at(user: &User, at: Timestamp) -> Session {
    Session {
        id: EntityId::generate(at, &Counting),
        user: user.id,
        user_epoch: user.epoch,
        secret_hash: secret_hash(),
        created_at: at,
        auth_time: at,
        amr: vec!["pwd".into()],
        used_at: at,
        ends_at: at.plus(1_209_600),
    }
}

/// `session` after its user has signed in again a minute later: everything that may change has changed.
#[must_use]
pub fn renewed(session: &Session) -> Session {
    Session {
        secret_hash: secret_hash(),
        auth_time: session.auth_time.plus(60),
        amr: vec!["pwd".into(), "mfa".into()],
        used_at: session.used_at.plus(60),
        ends_at: session.ends_at.plus(60),
        ..session.clone()
    }
}

/// Sessions whose fields take, between them, both ends of every range, nothing where there may be nothing, and odd
/// texts.
#[must_use]
pub fn varied_sessions(user: &User) -> Vec<Session> {
    let mut sessions = Vec::new();
    let mut add = |change: &dyn Fn(&mut Session)| {
        let mut session = session(user);
        change(&mut session);
        sessions.push(session);
    };
    add(&|_| ());
    add(&|it| it.id = EntityId::from_bytes([0xff; 16]));
    add(&|it| it.secret_hash = [0; 32]);
    add(&|it| it.secret_hash = [0xff; 32]);
    add(&|it| it.amr = Vec::new());
    add(&|it| it.amr = vec!["pwd".into(), "'\"\\,[ \u{1f511}".into(), String::new()]);
    for seconds in [0, 253_402_300_799] {
        let at = Timestamp::from_seconds(seconds);
        add(&|it| it.created_at = at);
        add(&|it| it.auth_time = at);
        add(&|it| it.used_at = at);
        add(&|it| it.ends_at = at);
    }
    sessions
}

/// Stores a session of `user` and gives it back.
pub async fn create_session(store: &dyn Store, user: &User) -> Session {
    let session = session(user);
    match store.create_session(session.clone(), None, u32::MAX).await {
        Ok(CreateSession::Created { ended }) if ended.is_empty() => session,
        other => unreachable!("the session cannot be created: {other:?}"),
    }
}

/// That `user` agreed at [`NOW`] to let `client` have `scope`.
#[must_use]
pub fn consent(user: &User, client: &Client, scope: &str) -> Consent {
    Consent {
        user: user.id,
        client: client.id,
        scope: scope.parse::<Scope>().expect("a sample is a scope"),
        given_at: NOW,
    }
}
