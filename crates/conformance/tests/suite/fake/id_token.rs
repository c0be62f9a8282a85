//! The ID tokens of the fake server.

use jsonwebtoken::get_current_timestamp;
use serde_json::{Map, Value, json};

use super::clients::{Client, Signing};
use super::grant::{Grant, Login};
use super::people::{claims_of_scope, profile};
use super::{Fake, Make, Sin, keys, subject};

/// The only authentication context class that there is.
pub(crate) const ACR: &str = "1";

/// What an ID token comes with.
#[derive(Clone, Copy, Default)]
pub(crate) struct Occasion<'a> {
    pub(crate) nonce: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
    pub(crate) access_token: Option<&'a str>,
    /// It comes with a refreshed access token.
    pub(crate) refreshed: bool,
    /// Nothing will ever come with which to ask userinfo.
    pub(crate) alone: bool,
}

pub(crate) fn mint(fake: &Fake, grant: &Grant, login: &Login, occasion: &Occasion<'_>) -> String {
    let now = get_current_timestamp();
    let mut claims = Map::new();
    let mut set = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
    let by_scope = match fake.sin {
        Sin::IdTokenTellsEverything => true,
        Sin::IdTokenTellsNothing => false,
        _ => occasion.alone,
    };
    for (name, value) in profile(grant.user) {
        let of_scope = |scope: &str| claims_of_scope(scope).contains(&name.as_str());
        let told = by_scope && grant.scope.split(' ').any(of_scope);
        if told || login.claims.id_token.contains(&name) {
            set(&name, value);
        }
    }
    set("iss", json!(fake.issuer));
    set("sub", json!(subject::of(fake, grant.client, grant.user)));
    if fake.is_of(Make::Foreign) {
        set("aud", json!([grant.client.id]));
        set("azp", json!(grant.client.id));
    } else {
        set("aud", json!(grant.client.id));
    }
    set("exp", json!(now + 300));
    set("iat", json!(now));
    set("auth_time", json!(grant.auth_time));
    set("amr", json!(["pwd"]));
    set("sid", json!(login.sid));
    if login.acr {
        set("acr", json!(ACR));
    }
    let bound = [
        ("nonce", occasion.nonce.map(str::to_owned)),
        ("c_hash", occasion.code.map(keys::half_hash)),
        ("at_hash", occasion.access_token.map(keys::half_hash)),
    ];
    for (name, value) in bound {
        if let Some(value) = value {
            set(name, json!(value));
        }
    }
    sinful(fake, occasion, &mut claims);
    let client = grant.client;
    let token = match fake.sin {
        Sin::UnsignedIdToken => unsigned(&claims),
        Sin::IdTokenSignedByAnother => {
            keys::sign(&keys::ANOTHER, "JWT", keys::ANOTHER.kid, &claims)
        }
        Sin::IdTokenOfUnknownKey => keys::sign(&keys::RS256, "JWT", "unknown", &claims),
        Sin::IgnoresIdTokenAlgorithm => sign(client, Signing::Rs256, &claims),
        Sin::SignsIdTokensWithEs256 => sign(client, Signing::Es256, &claims),
        _ => sign(client, client.id_tokens, &claims),
    };
    fake.memory.lock().unwrap().issued.push(token.clone());
    token
}

fn sinful(fake: &Fake, occasion: &Occasion<'_>, claims: &mut Map<String, Value>) {
    let front = occasion.code.is_some();
    let wrong = || json!(keys::half_hash("something else"));
    match fake.sin {
        Sin::IdTokenLeavesOutExp => drop(claims.remove("exp")),
        Sin::IdTokenIsOld => drop(claims.insert("iat".to_owned(), json!(1))),
        Sin::MisspellsIdTokenIssuer => {
            claims.insert("iss".to_owned(), json!(format!("{}/", fake.issuer)));
        }
        Sin::IdTokenForAnother => drop(claims.insert("aud".to_owned(), json!("somebody-else"))),
        Sin::ForgetsAcr => drop(claims.remove("acr")),
        Sin::ForgetsNonce => drop(claims.remove("nonce")),
        Sin::LeavesOutLoginTime => drop(claims.remove("auth_time")),
        Sin::LeavesOutAtHash => drop(claims.remove("at_hash")),
        Sin::WrongAtHash => drop(claims.insert("at_hash".to_owned(), wrong())),
        Sin::LeavesOutCHash => drop(claims.remove("c_hash")),
        Sin::WrongCHash => drop(claims.insert("c_hash".to_owned(), wrong())),
        Sin::SubjectDiffersInFront if front => {
            claims.insert("sub".to_owned(), json!("somebody-else"));
        }
        Sin::RefreshedLoginIsNew if occasion.refreshed => {
            let later = claims["auth_time"].as_u64().unwrap_or_default() + 1;
            claims.insert("auth_time".to_owned(), json!(later));
        }
        Sin::RefreshedNonceIsNew if occasion.refreshed => {
            claims.insert("nonce".to_owned(), json!(keys::random(22)));
        }
        _ => {}
    }
}

fn unsigned(claims: &Map<String, Value>) -> String {
    let token = keys::sign(&keys::RS256, "JWT", keys::RS256.kid, claims);
    let payload = token.split('.').nth(1).unwrap();
    // {"alg":"none","typ":"JWT"}
    format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.")
}

/// What is said of a user to a client, signed.
pub(crate) fn sign(client: &Client, signing: Signing, claims: &Map<String, Value>) -> String {
    let key = match signing {
        Signing::Rs256 => &*keys::RS256,
        Signing::Es256 => &*keys::ES256,
        Signing::Hs256 => return keys::sign_with_secret(client.secret, claims),
    };
    keys::sign(key, "JWT", key.kid, claims)
}
