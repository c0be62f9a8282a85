//! The password grant of the fake server, and its users.

use super::clients::Client;
use super::wire::{Form, Reply};
use super::{Fake, Sin, grant, token};

pub(crate) struct User {
    /// The role in the description.
    pub(crate) role: &'static str,
    pub(crate) username: &'static str,
    pub(crate) password: &'static str,
    pub(crate) sub: &'static str,
}

pub(crate) static USERS: [User; 2] = [
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
];

/// How many wrong passwords in a row are judged.
const GUESSES: u32 = 20;

pub(crate) fn handle(fake: &Fake, client: &'static Client, form: &Form) -> Result<Reply, Reply> {
    if !client.grants.contains(&"password") && !fake.is(Sin::PasswordForAnyClient) {
        return Err(if fake.is(Sin::EchoesPassword) {
            Reply::text(400, form.get("password").unwrap_or_default())
        } else {
            Reply::error(400, "unauthorized_client")
        });
    }
    let (Some(username), Some(password)) = (form.get("username"), form.get("password")) else {
        let misnamed = fake.is(Sin::MisnamesMissingPassword);
        return Err(Reply::error(
            400,
            if misnamed {
                "invalid_grant"
            } else {
                "invalid_request"
            },
        ));
    };
    let user = USERS.iter().find(|user| user.username == username);
    let right = |user: &&User| user.password == password || fake.is(Sin::TakesAnyPassword);
    let Some(authentic) = user.filter(right) else {
        return Err(refusal(fake, username, user.is_some()));
    };
    fake.memory.lock().unwrap().guesses.remove(username);
    let scope = token::scope(fake, form)?;
    let audience = token::audience(fake, client, form)?;
    let id = grant::open(fake, client, authentic.sub, scope, audience);
    let reply = grant::respond(fake, client, id, &grant::Wanted::default());
    Ok(if fake.is(Sin::CachesLogin) {
        reply.with("cache-control", "max-age=600")
    } else {
        reply
    })
}

fn refusal(fake: &Fake, username: &str, known: bool) -> Reply {
    let mut memory = fake.memory.lock().unwrap();
    let guesses = memory.guesses.entry(username.to_owned()).or_default();
    *guesses += 1;
    if *guesses > GUESSES && !fake.is(Sin::PasswordGuessingIsFree) {
        return Reply::error(429, "invalid_grant").with("retry-after", "9");
    }
    match fake.sin {
        Sin::MisnamesWrongPassword => Reply::error(401, "access_denied"),
        Sin::TellsUnknownUser if !known => {
            let body = serde_json::json!({"error": "invalid_grant", "error_description": "who?"});
            Reply::json(400, &body)
        }
        _ => Reply::error(400, "invalid_grant"),
    }
}
