//! A protected resource of the fake server. It wants the scope `read` and an audience of its own.

use serde_json::{Map, Value, json};

use super::clients::ONE;
use super::wire::{Reply, Request};
use super::{Fake, Sin, keys};

pub(crate) fn handle(fake: &Fake, request: &Request) -> Reply {
    respond(fake, request).unwrap_or_else(|reply| reply)
}

pub(crate) fn challenge(fake: &Fake, status: u16, error: Option<&str>) -> Reply {
    let error = error.or_else(|| fake.is(Sin::NamesErrorAlways).then_some("invalid_token"));
    let error = error
        .map(|error| format!(", error=\"{error}\""))
        .unwrap_or_default();
    let mut value = format!("Bearer realm=\"fake\"{error}");
    if fake.is(Sin::RepeatsAttribute) {
        value += ", realm=\"again\"";
    }
    let reply = Reply::text(status, "");
    if fake.is(Sin::BearerChallengesNobody) {
        reply
    } else {
        reply.with("www-authenticate", value)
    }
}

/// The refusal of a token that is none.
pub(crate) fn refusal(fake: &Fake) -> Reply {
    let status = if fake.is(Sin::BadTokenIs403) {
        403
    } else {
        401
    };
    challenge(fake, status, Some("invalid_token"))
}

fn respond(fake: &Fake, request: &Request) -> Result<Reply, Reply> {
    let as_described = request.method == "POST" && request.form().get("token").is_some();
    let as_json = request.content_type() == "application/json";
    if fake.form && !as_described && !as_json {
        return Err(Reply::text(400, "POST a token"));
    }
    let token = &one_token(fake, request)?;
    let bad = || refusal(fake);
    let unsigned = || {
        fake.is(Sin::ServesUnsigned)
            .then(|| keys::unverified(token))
            .flatten()
    };
    let claims = fake.claims_of(token).or_else(unsigned).ok_or_else(bad)?;
    if !is_for(&claims, ONE) && !fake.is(Sin::ServesAnyAudience) {
        return Err(bad());
    }
    let scope = claims
        .get("scope")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !scope.split(' ').any(|one| one == "read") && !fake.is(Sin::ServesAnyScope) {
        return Err(challenge(fake, 403, Some("insufficient_scope")));
    }
    Ok(Reply::json(200, &json!({ "hello": "there" })))
}

fn is_for(claims: &Map<String, Value>, resource: &str) -> bool {
    match claims.get("aud") {
        Some(Value::String(one)) => one == resource,
        Some(Value::Array(many)) => many.contains(&json!(resource)),
        _ => false,
    }
}

/// The token of the request, which has to hold one and no more.
pub(crate) fn one_token(fake: &Fake, request: &Request) -> Result<String, Reply> {
    let mut tokens = presented(fake, request);
    match tokens.len() {
        0 => Err(challenge(fake, 401, None)),
        1 => Ok(tokens.remove(0)),
        _ if fake.is(Sin::TakesTwoTokens) => Ok(tokens.remove(0)),
        _ if fake.is(Sin::MalformedIs401) => Err(challenge(fake, 401, Some("invalid_request"))),
        _ => Err(challenge(fake, 400, Some("invalid_request"))),
    }
}

/// Every token of the request, in the ways of RFC 6750 §2 that are taken.
fn presented(fake: &Fake, request: &Request) -> Vec<String> {
    let mut tokens = Vec::new();
    for value in request.authorizations() {
        let Some((scheme, token)) = value.split_once(' ') else {
            continue;
        };
        let minds = fake.is(Sin::MindsCaseOfBearer);
        if scheme == "Bearer" || (!minds && scheme.eq_ignore_ascii_case("bearer")) {
            tokens.push(token.to_owned());
        }
    }
    let as_form = request.content_type() == "application/x-www-form-urlencoded";
    if as_form && (request.method == "POST" || fake.is(Sin::TakesTokenFromGetBody)) {
        tokens.extend(request.form().get("access_token").map(str::to_owned));
    }
    if request.content_type() == "application/json" && fake.is(Sin::TakesTokenFromJson) {
        let body: Value =
            serde_json::from_slice(request.body.as_deref().unwrap_or_default()).unwrap_or_default();
        tokens.extend(body["access_token"].as_str().map(str::to_owned));
    }
    // A query token is never taken alone, but sending one as well is malformed.
    if fake.is(Sin::TakesTokenFromQuery) || !tokens.is_empty() {
        tokens.extend(request.query_form().get("access_token").map(str::to_owned));
    }
    tokens
}
