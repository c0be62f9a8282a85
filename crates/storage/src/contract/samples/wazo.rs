//! Sessions, refresh tokens and policies of the wazo dialect, of every kind.

use countersign_core::wazo::{AccessList, AppId, Policy, PolicySlug, RefreshToken, Session};
use countersign_core::{Client, EntityId, Revision, Timestamp, User};

use super::grants::bytes;
use super::{Counting, NOW};
use crate::{ChangePolicy, LogIn, LogInLimits, LoginBasis, Store};

/// What a pattern may hold that means something to JSON or SQL.
const ODD_PATTERN: &str = "'\\,[%\u{1f511}";

/// The name of a program.
#[must_use]
pub fn app(name: &str) -> AppId {
    name.parse().expect("the name of a sample is a program's")
}

/// A list of access patterns.
#[must_use]
pub fn acl(patterns: &[&str]) -> AccessList {
    let parse = |pattern: &&str| pattern.parse().expect("a sample is a pattern");
    patterns.iter().map(parse).collect()
}

/// A session of `user` at the mount of `client`, who logged in at [`NOW`] with a password alone.
#[must_use]
pub fn wazo_session(client: &Client, user: &User) -> Session {
    wazo_session_at(client, user, NOW)
}

/// The same of a user who logged in at `at`. Ids of different seconds are ordered by them.
#[must_use]
pub fn wazo_session_at(client: &Client, user: &User, at: Timestamp) -> Session {
    Session {
        id: EntityId::generate(at, &Counting),
        token_hash: bytes(),
        client: client.id,
        client_epoch: client.epoch,
        user: user.id,
        user_epoch: user.epoch,
        acl: acl(&["auth.users.me.#"]),
        mobile: false,
        issued_at: at,
        expires_at: at.plus(7_200),
        app: None,
        remote_addr: "192.0.2.1".into(),
        user_agent: "sample/1.0".into(),
    }
}

/// Sessions whose fields take, between them, both ends of every range, nothing where there may be nothing, and odd
/// texts.
#[must_use]
pub fn varied_wazo_sessions(client: &Client, user: &User) -> Vec<Session> {
    let mut sessions = Vec::new();
    let mut add = |change: &dyn Fn(&mut Session)| {
        let mut session = wazo_session(client, user);
        change(&mut session);
        sessions.push(session);
    };
    let odd = "'\"\\,[ \u{1f511}\u{2028}";
    add(&|_| ());
    add(&|it| it.id = EntityId::from_bytes([0xff; 16]));
    add(&|it| it.token_hash = [0; 32]);
    add(&|it| it.token_hash = [0xff; 32]);
    add(&|it| it.acl = AccessList::default());
    add(&|it| it.acl = acl(&["#", "!auth.#", ODD_PATTERN, "a.*.b", "me"]));
    add(&|it| it.mobile = true);
    add(&|it| it.app = Some(app(odd)));
    add(&|it| it.app = Some(app(&"\u{e9}".repeat(AppId::MAX_CHARS))));
    add(&|it| it.remote_addr = "2001:db8::1".into());
    add(&|it| it.remote_addr = String::new());
    add(&|it| it.user_agent = format!("{odd}\0"));
    add(&|it| it.user_agent = String::new());
    for seconds in [0, 253_402_300_799] {
        let at = Timestamp::from_seconds(seconds);
        add(&|it| it.issued_at = at);
        add(&|it| it.expires_at = at);
    }
    sessions
}

/// A refresh token of `user` at the mount of `client`, for the program of this name, issued at [`NOW`].
#[must_use]
pub fn wazo_refresh_token(client: &Client, user: &User, name: &str) -> RefreshToken {
    RefreshToken {
        id: EntityId::generate(NOW, &Counting),
        token_hash: bytes(),
        sealed: vec![0, 255, b'\'', 1],
        client: client.id,
        client_epoch: client.epoch,
        user: user.id,
        user_epoch: user.epoch,
        app: app(name),
        mobile: false,
        created_at: NOW,
    }
}

/// Refresh tokens, each for a program of its own, whose fields take, between them, both ends of every range, and odd
/// texts.
#[must_use]
pub fn varied_wazo_refresh_tokens(client: &Client, user: &User) -> Vec<RefreshToken> {
    let mut tokens = Vec::new();
    let mut add = |name: &str, change: &dyn Fn(&mut RefreshToken)| {
        let mut token = wazo_refresh_token(client, user, name);
        change(&mut token);
        tokens.push(token);
    };
    add("plain", &|_| ());
    // Another program: their names are told apart byte by byte.
    add("Plain", &|_| ());
    add("plain ", &|_| ());
    add("'; DROP TABLE clients; --\u{1f511}\u{2028}", &|_| ());
    add(&"\u{e9}".repeat(AppId::MAX_CHARS), &|_| ());
    add("last id", &|it| it.id = EntityId::from_bytes([0xff; 16]));
    add("least hash", &|it| it.token_hash = [0; 32]);
    add("greatest hash", &|it| it.token_hash = [0xff; 32]);
    add("mobile", &|it| it.mobile = true);
    add("sealed in nothing", &|it| it.sealed = Vec::new());
    add("sealed in much", &|it| {
        it.sealed = (0..=255).cycle().take(8_192).collect();
    });
    for seconds in [0, 253_402_300_799] {
        add(&format!("at {seconds}"), &|it| {
            it.created_at = Timestamp::from_seconds(seconds);
        });
    }
    tokens
}

/// A session of `user` at the mount of `client`, made with `token`, or together with it.
#[must_use]
pub fn wazo_session_with(client: &Client, user: &User, token: &RefreshToken) -> Session {
    Session {
        app: Some(token.app.clone()),
        ..wazo_session(client, user)
    }
}

/// Log-ins without a limit that any rule meets.
pub const UNLIMITED: LogInLimits = LogInLimits {
    sessions: None,
    refresh_tokens: u32::MAX,
};

/// Log-ins of a user who may have nothing.
pub const NO_ROOM: LogInLimits = LogInLimits {
    sessions: Some(0),
    refresh_tokens: 0,
};

/// Log-ins of a user who may have this many sessions.
#[must_use]
pub const fn at_most(sessions: u32) -> LogInLimits {
    LogInLimits {
        sessions: Some(sessions),
        ..UNLIMITED
    }
}

/// Stores a session of `user` at the mount of `client` and gives it back.
pub async fn log_in(store: &dyn Store, client: &Client, user: &User) -> Session {
    let session = wazo_session(client, user);
    match store
        .log_in(session.clone(), LoginBasis::Password, UNLIMITED)
        .await
    {
        Ok(LogIn::Done { refresh: None }) => session,
        other => unreachable!("the user cannot log in: {other:?}"),
    }
}

/// Stores a session of the user of `token`, and `token` for its program, which has none yet; gives the session back.
pub async fn log_in_offline(
    store: &dyn Store,
    client: &Client,
    user: &User,
    token: &RefreshToken,
) -> Session {
    let session = wazo_session_with(client, user, token);
    let basis = LoginBasis::Offline(token.clone());
    match store.log_in(session.clone(), basis, UNLIMITED).await {
        Ok(LogIn::Done {
            refresh: Some(given),
        }) if given == *token => session,
        other => unreachable!("the user cannot log in: {other:?}"),
    }
}

/// The slug of a policy.
#[must_use]
pub fn slug(slug: &str) -> PolicySlug {
    slug.parse().expect("the slug of a sample is one")
}

/// A policy of this name and slug, which gives access to nothing.
#[must_use]
pub fn policy(name: &str) -> Policy {
    Policy {
        id: EntityId::generate(NOW, &Counting),
        name: name.parse().expect("the name of a sample is a policy's"),
        slug: slug(name),
        description: None,
        acl: AccessList::default(),
        revision: Revision::FIRST,
        created_at: NOW,
    }
}

/// Policies whose fields take, between them, both ends of every range, nothing where there may be nothing, and odd texts.
#[must_use]
pub fn varied_policies() -> Vec<Policy> {
    let mut policies = Vec::new();
    let mut add = |slug: &str, change: &dyn Fn(&mut Policy)| {
        let mut policy = policy(slug);
        change(&mut policy);
        policies.push(policy);
    };
    add("plain", &|_| ());
    add("last-id", &|it| it.id = EntityId::from_bytes([0xff; 16]));
    let named = |name: &'static str| {
        move |it: &mut Policy| it.name = name.parse().expect("a sample is a name")
    };
    add("A-Z_a-z_0-9", &named("'; DROP TABLE users; -- %_"));
    // Only the letters of ASCII are the same in either case.
    add("upper", &named("\u{c9}T\u{c9} \u{1f511}"));
    add("lower", &named("\u{e9}t\u{e9} \u{1f511}"));
    add(&"x".repeat(Policy::MAX_NAME_CHARS), &|it| {
        let name = "\u{5d0}".repeat(Policy::MAX_NAME_CHARS);
        it.name = name.parse().expect("a sample is a name");
    });
    add("no-words", &|it| it.description = Some(String::new()));
    add("many-words", &|it| {
        it.description = Some("'\"\\\r\n\t\u{5d0}\u{1f511}\u{2028}".into());
    });
    add("acl", &|it| {
        it.acl = acl(&["#", "!auth.#", ODD_PATTERN, "a.*.b", "my_session"]);
    });
    for seconds in [0, 253_402_300_799] {
        add(&format!("at-{seconds}"), &|it| {
            it.created_at = Timestamp::from_seconds(seconds);
        });
    }
    policies
}

/// Stores a policy of this name and slug and gives it back.
pub async fn create_policy(store: &dyn Store, name: &str) -> Policy {
    match store.create_policy(policy(name)).await {
        Ok(ChangePolicy::Done(policy)) => policy,
        other => unreachable!("the policy {name} cannot be created: {other:?}"),
    }
}
