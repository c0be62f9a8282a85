//! How clients authenticate with a key at the fake server (RFC 7523 §3).

use jsonwebtoken::{Algorithm, get_current_timestamp};
use serde_json::{Map, Value};

use super::clients::{self, Client, Method};
use super::wire::{Form, Request};
use super::{Fake, Sin, keys};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The client that an assertion proves.
pub(crate) fn client(fake: &Fake, request: &Request, form: &Form) -> Option<&'static Client> {
    let presented = form.get("client_assertion")?;
    let seen = presented.to_owned();
    fake.memory.lock().unwrap().issued.push(seen);
    if form.get("client_assertion_type") != Some(JWT_BEARER) || refuses(fake, request) {
        return None;
    }
    let claims = verified(fake, presented)?;
    let holds = |name: &'static str, is_right: &dyn Fn(&Value) -> bool| match claims.get(name) {
        Some(value) => is_right(value) || fake.is(Sin::TakesAssertionWithAny(name)),
        None => fake.is(Sin::TakesAssertionWithout(name)),
    };
    let client = clients::all().find(|client| {
        let owns = client.method == Method::PrivateKey || fake.is(Sin::LendsClientKeys);
        owns && holds("iss", &|iss| iss == client.id) && holds("sub", &|sub| sub == client.id)
    })?;
    let now = get_current_timestamp();
    let lives = holds("exp", &|exp| exp.as_u64().is_some_and(|exp| exp > now));
    let is_for_us = holds("aud", &|aud| *aud == fake.issuer);
    let is_named = holds("jti", &Value::is_string);
    let takes = lives && is_for_us && is_named && is_new(fake, &claims);
    takes.then_some(client)
}

fn refuses(fake: &Fake, request: &Request) -> bool {
    match request.path.as_str() {
        "/introspect" => fake.is(Sin::IntrospectionRefusesAssertions),
        "/revoke" => fake.is(Sin::RevocationRefusesAssertions),
        _ => fake.is(Sin::RefusesAssertions),
    }
}

/// What the assertion says, if the right key has signed it.
fn verified(fake: &Fake, presented: &str) -> Option<Map<String, Value>> {
    let unsigned = presented.ends_with('.');
    match fake.sin {
        Sin::TakesUnsignedAssertion if unsigned => keys::unverified(presented),
        Sin::TakesAssertionWithAnySignature if !unsigned => keys::unverified(presented),
        Sin::BelievesKeyOfAssertion if keys::header(presented)?.contains_key("jwk") => {
            keys::verify_with(
                &keys::header(presented)?["jwk"],
                Algorithm::ES256,
                presented,
            )
        }
        _ => keys::verify_with(&keys::CLIENT.published, Algorithm::ES256, presented),
    }
}

/// Remembers the assertion, and tells whether it is the first time.
fn is_new(fake: &Fake, claims: &Map<String, Value>) -> bool {
    let jti = claims.get("jti").map(Value::to_string);
    let mut memory = fake.memory.lock().unwrap();
    jti.is_none_or(|jti| memory.assertions.insert(jti)) || fake.is(Sin::AssertionsWorkTwice)
}
