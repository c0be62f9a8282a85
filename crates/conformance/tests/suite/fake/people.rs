//! The users of the fake server, and how they prove who they are.

use serde_json::{Map, Value, json};

use super::{Fake, Sin};

#[derive(Debug)]
pub(crate) struct User {
    /// The role in the description.
    pub(crate) role: &'static str,
    pub(crate) username: &'static str,
    pub(crate) password: &'static str,
    pub(crate) sub: &'static str,
}

pub(crate) static USERS: [User; 3] = [
    User {
        role: "primary",
        username: "ada",
        password: "ada-hush-20",
        sub: "user-1",
    },
    User {
        role: "guessed",
        username: "bob",
        password: "bob-hush-21",
        sub: "user-2",
    },
    User {
        role: "second",
        username: "cleo",
        password: "cleo-hush-22",
        sub: "user-3",
    },
];

/// How many wrong passwords in a row are judged.
const GUESSES: u32 = 20;

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    UnknownUser,
    WrongPassword,
    /// Not judged at all.
    TooManyGuesses,
}

/// The user whose password this is.
pub(crate) fn prove(fake: &Fake, username: &str, password: &str) -> Result<&'static User, Refusal> {
    let mut memory = fake.memory.lock().unwrap();
    let user = USERS.iter().find(|user| user.username == username);
    let right = |user: &&User| user.password == password || fake.is(Sin::TakesAnyPassword);
    if let Some(authentic) = user.filter(right) {
        memory.guesses.remove(username);
        return Ok(authentic);
    }
    let guesses = memory.guesses.entry(username.to_owned()).or_default();
    *guesses += 1;
    Err(match user {
        _ if *guesses > GUESSES && !fake.is(Sin::PasswordGuessingIsFree) => Refusal::TooManyGuesses,
        None => Refusal::UnknownUser,
        Some(_) => Refusal::WrongPassword,
    })
}

/// What is known of a user besides (OpenID Connect Core §5.1).
pub(crate) fn profile(user: &User) -> Map<String, Value> {
    let username = user.username;
    let profile = json!({
        "name": format!("{username} Example"),
        "given_name": username,
        "family_name": "Example",
        "preferred_username": username,
        "locale": "en-GB",
        "zoneinfo": "Europe/Berlin",
        "updated_at": 1_700_000_000,
        "email": format!("{username}@example.com"),
        "email_verified": true,
        "address": { "street_address": "Main Street 1", "locality": "Springfield", "country": "GB" },
        "phone_number": "+44 20 7946 0000",
        "phone_number_verified": false,
    });
    profile.as_object().unwrap().clone()
}

/// The claims that a scope stands for (OpenID Connect Core §5.4).
pub(crate) fn claims_of_scope(scope: &str) -> &'static [&'static str] {
    match scope {
        "profile" => &[
            "name",
            "given_name",
            "family_name",
            "preferred_username",
            "locale",
            "zoneinfo",
            "updated_at",
        ],
        "email" => &["email", "email_verified"],
        "address" => &["address"],
        "phone" => &["phone_number", "phone_number_verified"],
        _ => &[],
    }
}
