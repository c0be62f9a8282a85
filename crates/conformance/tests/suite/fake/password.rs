//! The password grant of the fake server.

use super::clients::Client;
use super::people::{self, Refusal};
use super::wire::{Form, Reply};
use super::{Fake, Sin, grant, token};

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
    let user = people::prove(fake, username, password).map_err(|why| refusal(fake, why))?;
    let scope = token::scope(fake, form)?;
    let audience = token::audience(fake, client, form)?;
    let id = grant::open(
        fake,
        grant::Grant::of_password(client, user, scope, audience),
    );
    let reply = grant::respond(fake, client, id, &grant::Wanted::default());
    Ok(if fake.is(Sin::CachesLogin) {
        reply.with("cache-control", "max-age=600")
    } else {
        reply
    })
}

fn refusal(fake: &Fake, why: Refusal) -> Reply {
    match (why, fake.sin) {
        (Refusal::TooManyGuesses, _) => Reply::error(429, "invalid_grant").with("retry-after", "9"),
        (_, Sin::MisnamesWrongPassword) => Reply::error(401, "access_denied"),
        (Refusal::UnknownUser, Sin::TellsUnknownUser) => {
            let body = serde_json::json!({"error": "invalid_grant", "error_description": "who?"});
            Reply::json(400, &body)
        }
        _ => Reply::error(400, "invalid_grant"),
    }
}
