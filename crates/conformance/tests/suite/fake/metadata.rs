//! The metadata and the keys of the fake server.

use serde_json::{Value, json};

use super::wire::{Reply, Request};
use super::{Fake, Sin, keys};

/// Where the metadata lies (RFC 8414 §3).
pub(crate) fn path(fake: &Fake) -> String {
    let path = fake.issuer.strip_prefix(&fake.base).unwrap();
    if fake.is(Sin::AppendsWellKnown) {
        return format!("{path}/.well-known/oauth-authorization-server");
    }
    format!("/.well-known/oauth-authorization-server{path}")
}

pub(crate) fn handle(fake: &Fake, request: &Request) -> Reply {
    if fake.is(Sin::PublishesNothing) {
        return Reply::text(404, "nothing here");
    }
    let mut base = fake.base.clone();
    if let Some(host) = request.header("x-forwarded-host")
        && fake.is(Sin::BelievesForwardedHost)
    {
        base = format!("https://{host}");
    }
    let plain = base.replacen("https://", "http://", 1);
    let at = |path: &str, sin: Sin| format!("{}{path}", if fake.is(sin) { &plain } else { &base });
    let mut document = json!({
        "issuer": fake.issuer,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "introspection_endpoint": at("/introspect", Sin::HttpIntrospection),
        "revocation_endpoint": at("/revoke", Sin::HttpRevocation),
        "jwks_uri": at("/jwks", Sin::HttpJwksUri),
        "response_types_supported": ["code"],
        "grant_types_supported": ["client_credentials", "authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "scopes_supported": ["read", "write"],
    });
    let mut methods = vec![
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
    ];
    match fake.sin {
        Sin::LeavesOutPrivateKeyJwt => methods.truncate(2),
        Sin::TakesUnadvertisedPost => methods = vec!["client_secret_basic"],
        _ => {}
    }
    for endpoint in ["token", "introspection", "revocation"] {
        document[format!("{endpoint}_endpoint_auth_methods_supported")] = json!(methods);
        document[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")] =
            json!(["ES256"]);
    }
    if fake.users {
        let grants = document["grant_types_supported"].as_array_mut();
        grants.unwrap().push("password".into());
    }
    sinful(fake, &mut document);
    let reply = Reply::json(200, &document);
    if fake.is(Sin::MetadataAsText) {
        reply.with("content-type", "text/plain")
    } else {
        reply
    }
}

fn sinful(fake: &Fake, document: &mut Value) {
    let without = |document: &mut Value, member: &str| {
        document.as_object_mut().unwrap().remove(member);
    };
    match fake.sin {
        Sin::EmptyList => document["ui_locales_supported"] = json!([]),
        Sin::IssuerWithSlash => document["issuer"] = format!("{}/", fake.issuer).into(),
        Sin::IssuerWithQuery => document["issuer"] = format!("{}?a=b", fake.issuer).into(),
        Sin::LeavesOutTokenEndpoint => without(document, "token_endpoint"),
        Sin::AllowsNone => {
            document["token_endpoint_auth_signing_alg_values_supported"] = json!(["ES256", "none"]);
        }
        Sin::LeavesOutPkce => without(document, "code_challenge_methods_supported"),
        Sin::LeavesOutDpop => without(document, "dpop_signing_alg_values_supported"),
        Sin::DeadEndpoint => {
            document["userinfo_endpoint"] = format!("{}/userinfo", fake.base).into();
        }
        Sin::AdvertisesUnknownGrant => {
            document["grant_types_supported"]
                .as_array_mut()
                .unwrap()
                .push("urn:example:other".into());
        }
        Sin::ListIsText => document["scopes_supported"] = "read write".into(),
        _ => {}
    }
}

pub(crate) fn jwks(fake: &Fake) -> Reply {
    let mut keys = vec![keys::ES256.published.clone(), keys::RS256.published.clone()];
    match fake.sin {
        Sin::PublishesPrivateKey => keys[0]["d"] = "c2VjcmV0".into(),
        Sin::RepeatsKid => keys[1]["kid"] = keys[0]["kid"].clone(),
        _ => {}
    }
    Reply::json(200, &json!({ "keys": keys }))
}
