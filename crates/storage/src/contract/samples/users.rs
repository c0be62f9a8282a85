//! Users of every kind.

use countersign_core::{EntityId, NewUser, PasswordHash, Timestamp, User, UserProfile, Username};

use super::{Counting, NOW};
use crate::{CreateUser, Store};

/// A name of a user.
#[must_use]
pub fn username(name: &str) -> Username {
    name.parse()
        .expect("the name of a sample is a name of a user")
}

/// A user about whom nothing is known, not even a password.
#[must_use]
pub fn user(name: &str) -> NewUser {
    NewUser {
        id: EntityId::generate(NOW, &Counting),
        username: username(name),
        password: None,
        profile: UserProfile::default(),
        created_at: NOW,
    }
}

/// Users whose fields take, between them, every value that they can be without, and odd texts.
#[must_use]
pub fn varied_users() -> Vec<NewUser> {
    let mut users = Vec::new();
    let mut add = |name: &str, change: &dyn Fn(&mut NewUser)| {
        let mut user = user(name);
        change(&mut user);
        users.push(user);
    };
    add("plain", &|_| ());
    add("password", &|it| {
        let phc = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$\"'\\\u{e9}\u{1f511}\0";
        it.password = Some(PasswordHash::from_phc(phc.into()));
    });
    add("'; DROP TABLE users; --", &|it| {
        it.profile.name = Some("Robert'); %_".into());
    });
    add("Zo\u{eb} \u{1f511}", &|it| {
        it.profile.name = Some("Zoe\u{308} \u{5d0}\u{1f469}\u{200d}\u{1f52c}".into());
    });
    add("\u{3a3}\u{3af}\u{3c3}\u{3c5}\u{3c6}\u{3bf}\u{3c2}", &|it| {
        it.profile.name = Some("\u{1d400}".repeat(63));
    });
    add(&"x".repeat(Username::MAX_LEN), &|it| {
        it.created_at = Timestamp::from_seconds(0);
    });
    add("~", &|it| {
        it.created_at = Timestamp::from_seconds(253_402_300_799);
    });
    for verified in [false, true] {
        add(&format!("address@example.com {verified}"), &|it| {
            it.profile.email = Some("Address@Example.com".into());
            it.profile.email_verified = verified;
        });
    }
    add("groups and roles", &|it| {
        it.profile.groups = ["b", "a", "b", "\"quoted\", [list]"]
            .map(Into::into)
            .to_vec();
        it.profile.roles = vec!["admin \u{1f511}".into()];
    });
    add("claims", &|it| {
        it.profile.claims = [
            ("nothing", ().into()),
            ("no", false.into()),
            ("least", i64::MIN.into()),
            ("most", u64::MAX.into()),
            ("half", 0.5.into()),
            ("text \u{1f511}", "\0\u{1}\"'\\\u{2028}\u{ffff}".into()),
            ("list", vec![0, 1].into()),
            ("object", [("inner", vec![""])].into_iter().collect()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    });
    users
}

/// Stores a plain user and gives it back.
pub async fn create_user(store: &dyn Store, name: &str) -> User {
    match store.create_user(user(name)).await {
        Ok(CreateUser::Created(user)) => user,
        other => unreachable!("the user {name} cannot be created: {other:?}"),
    }
}
