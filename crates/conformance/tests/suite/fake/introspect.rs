//! The introspection endpoint of the fake server.

use serde_json::{Value, json};

use super::clients::{self, Client};
use super::wire::{Form, Reply, Request};
use super::{Fake, Sin};

pub(crate) fn handle(fake: &Fake, request: &Request) -> Reply {
    respond(fake, request).unwrap_or_else(|reply| reply)
}

fn respond(fake: &Fake, request: &Request) -> Result<Reply, Reply> {
    let form = match request.method.as_str() {
        "POST" => request.form(),
        "GET" if fake.is(Sin::IntrospectsOnGet) => request.query_form(),
        _ => return Err(Reply::text(405, "POST it")),
    };
    let caller = caller(fake, request, &form)?;
    let token = form
        .get("token")
        .ok_or_else(|| Reply::error(400, "invalid_request"))?;
    if fake.is(Sin::IntrospectionBelievesHint) && form.get("token_type_hint").is_some() {
        return Ok(Reply::json(200, &json!({ "active": false })));
    }
    if let Some(known) = fake.memory.lock().unwrap().cached.get(token)
        && fake.is(Sin::CachesIntrospection)
    {
        return Ok(Reply::json(200, known));
    }
    let Some(claims) = fake
        .claims_of(token)
        .filter(|claims| concerns(fake, caller, claims))
    else {
        let mut memory = fake.memory.lock().unwrap();
        memory.misses += 1;
        if memory.misses > 40 && !fake.is(Sin::ScanningIsFree) {
            return Err(Reply::error(429, "slow_down").with("retry-after", "9"));
        }
        return Err(match fake.sin {
            Sin::UnknownIs404 => Reply::error(404, "not_found"),
            Sin::InactiveTalks => {
                Reply::json(200, &json!({ "active": false, "reason": "revoked" }))
            }
            _ => Reply::json(200, &json!({ "active": false })),
        });
    };
    let mut body = Value::from(claims);
    body["active"] = true.into();
    body["token_type"] = "Bearer".into();
    match fake.sin {
        Sin::ActiveIsText => body["active"] = "true".into(),
        Sin::IntrospectionLies => body["client_id"] = "somebody-else".into(),
        Sin::SparseIntrospection => {
            body = json!({ "active": true, "client_id": body["client_id"] });
        }
        _ => {}
    }
    fake.memory
        .lock()
        .unwrap()
        .cached
        .insert(token.to_owned(), body.clone());
    Ok(Reply::json(200, &body))
}

fn caller(fake: &Fake, request: &Request, form: &Form) -> Result<&'static Client, Reply> {
    let bearer = request
        .authorizations()
        .iter()
        .any(|value| value.starts_with("Bearer"));
    let nobody = request.authorizations().is_empty() && form.get("client_id").is_none();
    if (nobody && fake.is(Sin::IntrospectsForAnyone)) || (bearer && fake.is(Sin::BadBearerIsServed))
    {
        return Ok(clients::of_role("resource_server"));
    }
    fake.authenticate(request, form)
        .map_err(|reply| match fake.sin {
            Sin::BadCallerIs403 if !bearer && !nobody => Reply::error(403, "invalid_client"),
            Sin::BadBearerIsMisnamed if bearer => {
                Reply::error(401, "invalid_client").with("www-authenticate", "Bearer")
            }
            _ => reply,
        })
}

/// RFC 7662 §2.2: whether the token is meant for the caller.
fn concerns(fake: &Fake, caller: &Client, claims: &serde_json::Map<String, Value>) -> bool {
    let aud = claims.get("aud").cloned().unwrap_or_default();
    let holds = |resource: &&str| {
        aud == **resource
            || aud
                .as_array()
                .is_some_and(|list| list.contains(&json!(resource)))
    };
    fake.is(Sin::IgnoresCaller)
        || aud.as_str() == Some(fake.issuer.as_str())
        || caller.resources.iter().any(holds)
}
