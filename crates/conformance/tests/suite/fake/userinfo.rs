//! The userinfo endpoint of the fake server (OpenID Connect Core §5.3).

use serde_json::{Map, Value, json};

use super::grant::Grant;
use super::people::{claims_of_scope, profile};
use super::wire::{Reply, Request};
use super::{Fake, Sin, bearer, id_token, keys, subject};

pub(crate) fn handle(fake: &Fake, request: &Request) -> Reply {
    let reply = respond(fake, request)
        .unwrap_or_else(|reply| reply)
        .with("cache-control", "no-store");
    match fake.sin {
        Sin::UserinfoHidesFromScripts => reply,
        _ => reply.with("access-control-allow-origin", "*"),
    }
}

fn respond(fake: &Fake, request: &Request) -> Result<Reply, Reply> {
    match (request.method.as_str(), fake.sin) {
        ("GET", sin) if sin != Sin::UserinfoByPostOnly => {}
        ("POST", sin) if sin != Sin::UserinfoByGetOnly => {}
        ("OPTIONS", _) => return Err(preflight()),
        _ => return Err(Reply::text(405, "GET or POST it").with("allow", "GET, POST")),
    }
    if request.authorizations().is_empty() && fake.is(Sin::UserinfoTakesNoForms) {
        return Err(bearer::challenge(fake, 401, None));
    }
    let token = bearer::one_token(fake, request)?;
    let unsigned = || {
        fake.is(Sin::ServesUnsigned)
            .then(|| keys::unverified(&token))
    };
    let claims = fake.claims_of(&token).or_else(|| unsigned().flatten());
    let claims = claims.ok_or_else(|| bearer::refusal(fake))?;
    let scope = claims.get("scope").and_then(Value::as_str);
    let scope: Vec<_> = scope.unwrap_or_default().split(' ').collect();
    let grant = claims.get("grant").and_then(Value::as_u64);
    let grant = grant.and_then(|id| usize::try_from(id).ok());
    let Some(grant) = grant.filter(|_| scope.contains(&"openid")) else {
        return Err(bearer::challenge(fake, 403, Some("insufficient_scope")));
    };
    let grant = fake.memory.lock().unwrap().grants[grant].clone();
    let client = grant.client;
    let mut told = of(fake, &grant, &scope);
    let sub = match fake.sin {
        Sin::UserinfoOfAnother => "somebody-else".to_owned(),
        _ => subject::of(fake, client, grant.user),
    };
    told.insert("sub".to_owned(), sub.into());
    sinful(fake, &mut told);
    let Some(signing) = client
        .userinfo
        .filter(|_| !fake.is(Sin::UserinfoNeverSigned))
    else {
        return Ok(Reply::json(200, &told.into()));
    };
    told.insert("iss".to_owned(), json!(fake.issuer));
    told.insert("aud".to_owned(), json!(client.id));
    if fake.is(Sin::SignedUserinfoForNobody) {
        told.remove("aud");
    }
    let signed = id_token::sign(client, signing, &told);
    Ok(Reply::text(200, &signed).with("content-type", "application/jwt"))
}

/// What scripts may send (Fetch §3.2.3).
fn preflight() -> Reply {
    Reply::text(204, "")
        .with("access-control-allow-methods", "GET, POST")
        .with("access-control-allow-headers", "authorization")
}

/// What the scopes stand for, and what was asked for by name.
fn of(fake: &Fake, grant: &Grant, scope: &[&str]) -> Map<String, Value> {
    let requested = grant.login.as_ref().map(|login| &login.claims.userinfo);
    let mut told = profile(grant.user);
    told.retain(|name, _| {
        let of_scope = |one: &&str| claims_of_scope(one).contains(&name.as_str());
        let asked = requested.is_some_and(|names| names.contains(name));
        asked || scope.iter().any(of_scope) || fake.is(Sin::UserinfoTellsEverything)
    });
    told
}

fn sinful(fake: &Fake, told: &mut Map<String, Value>) {
    let mut set = |name: &str, value: Value| {
        if told.contains_key(name) {
            told.insert(name.to_owned(), value);
        }
    };
    match fake.sin {
        Sin::ClaimsAreText => {
            set("email_verified", json!("true"));
            set("updated_at", json!("2023-11-14"));
        }
        Sin::UserinfoLeavesOutSub => drop(told.remove("sub")),
        Sin::UserinfoTellsNull => drop(told.insert("nickname".to_owned(), Value::Null)),
        Sin::UserinfoTellsLess => drop(told.remove("given_name")),
        _ => {}
    }
}
