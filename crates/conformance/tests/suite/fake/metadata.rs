//! The metadata and the keys of the fake server.

use serde_json::{Map, Value, json};

use super::wire::{Reply, Request};
use super::{Fake, Make, Sin, clients, id_token, keys, people};

/// The response types that bring tokens from the authorization endpoint.
const FRONT_CHANNEL: &[&str] = &[
    "id_token",
    "id_token token",
    "token",
    "code id_token",
    "code token",
    "code id_token token",
];

/// Where the metadata lies (RFC 8414 §3).
pub(crate) fn path(fake: &Fake) -> String {
    let path = fake.issuer.strip_prefix(&fake.base).unwrap();
    if fake.is(Sin::AppendsWellKnown) {
        return format!("{path}/.well-known/oauth-authorization-server");
    }
    format!("/.well-known/oauth-authorization-server{path}")
}

/// Where OpenID Connect Discovery §4 puts the same document.
pub(crate) fn discovery_path(fake: &Fake) -> String {
    let path = fake.issuer.strip_prefix(&fake.base).unwrap();
    format!("{path}/.well-known/openid-configuration")
}

pub(crate) fn handle(fake: &Fake, request: &Request) -> Reply {
    let discovers = request.path == discovery_path(fake);
    if fake.is(Sin::PublishesNothing) || (discovers && fake.is(Sin::DiscoversNothing)) {
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
        "grant_types_supported": ["client_credentials", "authorization_code", "refresh_token"],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": ["ES256"],
    });
    document.as_object_mut().unwrap().extend(of_users(&base));
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
    if fake.is_of(Make::Legacy) {
        let mut add = |member: &str, more: &[&str]| {
            let list = document[member].as_array_mut().unwrap();
            list.extend(more.iter().map(|one| json!(one)));
        };
        add("grant_types_supported", &["password", "implicit"]);
        add("response_types_supported", FRONT_CHANNEL);
    }
    if fake.is_of(Make::Foreign) {
        for optional in ["prompt_values_supported", "acr_values_supported"] {
            document.as_object_mut().unwrap().remove(optional);
        }
    }
    sinful(fake, &mut document);
    let reply = public(fake, Reply::json(200, &document));
    if fake.is(Sin::MetadataAsText) {
        reply.with("content-type", "text/plain")
    } else {
        reply
    }
}

/// What is offered to users and the clients that send them.
fn of_users(base: &str) -> Map<String, Value> {
    let scopes = [clients::SCOPES.as_slice(), &clients::OF_USERS].concat();
    let mut claims: Vec<_> = scopes
        .iter()
        .flat_map(|scope| people::claims_of_scope(scope))
        .collect();
    claims.extend(&[
        "sub",
        "iss",
        "aud",
        "exp",
        "iat",
        "auth_time",
        "nonce",
        "acr",
        "amr",
        "sid",
    ]);
    let document = json!({
        "userinfo_endpoint": format!("{base}/userinfo"),
        "end_session_endpoint": format!("{base}/logout"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "scopes_supported": scopes,
        "claims_supported": claims,
        "claims_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "authorization_response_iss_parameter_supported": true,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256"],
        "userinfo_signing_alg_values_supported": ["RS256", "ES256"],
        "acr_values_supported": [id_token::ACR],
        "display_values_supported": ["page"],
    });
    document.as_object().unwrap().clone()
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
        Sin::LeavesOutAssertionAlgorithms => {
            let member = "introspection_endpoint_auth_signing_alg_values_supported";
            without(document, member);
        }
        Sin::ListsNoAssertionAlgorithm => {
            document["revocation_endpoint_auth_signing_alg_values_supported"] = json!([]);
        }
        Sin::LeavesOutPkce => without(document, "code_challenge_methods_supported"),
        Sin::LeavesOutDpop => without(document, "dpop_signing_alg_values_supported"),
        Sin::DeadEndpoint => {
            document["registration_endpoint"] = format!("{}/nowhere", fake.base).into();
        }
        Sin::AdvertisesUnknownGrant => {
            document["grant_types_supported"]
                .as_array_mut()
                .unwrap()
                .push("urn:example:other".into());
        }
        Sin::LeavesOutSubjectTypes => without(document, "subject_types_supported"),
        Sin::LeavesOutRs256 => {
            document["id_token_signing_alg_values_supported"] = json!(["ES256"]);
        }
        Sin::LeavesOutOpenid => document["scopes_supported"] = json!(["read", "write"]),
        Sin::LeavesOutClaims => without(document, "claims_supported"),
        Sin::LeavesOutEndSession => without(document, "end_session_endpoint"),
        Sin::HidesIss => without(document, "authorization_response_iss_parameter_supported"),
        Sin::AdvertisesImplicit => {
            document["grant_types_supported"] = json!(["authorization_code", "implicit"]);
        }
        Sin::OffersPlain => {
            document["code_challenge_methods_supported"] = json!(["S256", "plain"]);
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
    public(fake, Reply::json(200, &json!({ "keys": keys })))
}

/// For every page to read, and for a while.
fn public(fake: &Fake, reply: Reply) -> Reply {
    let cached = match fake.sin {
        Sin::ForbidsCaching => "no-store",
        _ => "public, max-age=300",
    };
    let reply = reply.with("cache-control", cached);
    match fake.sin {
        Sin::MetadataHidesFromScripts => reply,
        _ => reply.with("access-control-allow-origin", "*"),
    }
}
