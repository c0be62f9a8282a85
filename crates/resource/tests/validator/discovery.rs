//! Keys by the metadata of their issuer: RFC 8414, and OpenID Connect Discovery.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use countersign_core::FixedClock;
use countersign_jose::access_token::AccessTokenClaims;
use countersign_jose::json::JsonError;
use countersign_resource::{
    DiscoveryError, EndpointError, KeysFailure, Limits, Transport, TransportError, Validator,
};
use serde_json::{Value, json};

use crate::fixtures::{API, KEY, NOW, claims, clock, jwks};
use crate::host::{Answer, Host};

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

fn validator(issuer: &str, clock: &Arc<FixedClock>) -> Validator {
    let validator = Validator::from_issuer(issuer, API).clock(clock.clone());
    validator.build().expect("a validator")
}

fn token_of(issuer: &str) -> String {
    KEY.token_of(&AccessTokenClaims {
        iss: issuer.to_owned(),
        exp: NOW.plus(1_000_000),
        ..claims()
    })
}

fn metadata(issuer: &str, host: &Host) -> Value {
    json!({"issuer": issuer, "jwks_uri": host.url("/jwks"), "token_endpoint": host.url("/token")})
}

#[tokio::test]
async fn either_document_leads_to_the_keys() {
    for (path, at) in [
        ("", OAUTH.to_owned()),
        ("", OPENID.to_owned()),
        ("/", OAUTH.to_owned()),
        ("/", OPENID.to_owned()),
        ("/tenant/one", format!("{OAUTH}/tenant/one")),
        ("/tenant/one", format!("/tenant/one{OPENID}")),
        ("/tenant/", format!("{OAUTH}/tenant")),
        ("/tenant/", format!("/tenant{OPENID}")),
    ] {
        let host = Host::with_jwks(jwks([&*KEY])).await;
        let issuer = host.url(path);
        host.answer(&at, Answer::ok(metadata(&issuer, &host).to_string()));
        let validator = validator(&issuer, &clock());
        let token = validator.validate(&token_of(&issuer)).await;
        assert_eq!(token.unwrap().issuer(), Some(&*issuer), "{at}");
    }
}

/// What is wrong with the metadata, from the document at each place, if there is one.
async fn failure(
    oauth: Option<Answer>,
    openid: Option<Answer>,
    host: &Host,
) -> Option<DiscoveryError> {
    for (path, answer) in [(OAUTH, oauth), (OPENID, openid)] {
        host.answer(path, answer.unwrap_or(Answer::status(404)));
    }
    match validator(&host.url(""), &clock()).ready().await {
        Ok(()) => None,
        Err(error) => match error.reason {
            KeysFailure::Discovery(error) => Some(error),
            other => unreachable!("not a matter of discovery: {other:?}"),
        },
    }
}

#[tokio::test]
async fn rfc8414_12_metadata_of_another_issuer_lead_nowhere() {
    let host = Host::with_jwks(jwks([&*KEY])).await;
    let good = metadata(&host.url(""), &host);
    let with = |name: &str, value: Value| {
        let mut document = good.clone();
        document[name] = value;
        Some(Answer::ok(document.to_string()))
    };
    let good = || Some(Answer::ok(good.to_string()));
    let page = || Some(Answer::ok("<!doctype html>"));
    let issuer = |named: &str| Some(DiscoveryError::Issuer(named.to_owned()));
    let slash = host.url("/");
    let duplicate = format!(
        r#"{{"issuer":"{0}","issuer":"{0}","jwks_uri":"{1}"}}"#,
        host.url(""),
        host.url("/jwks")
    );
    let elsewhere = Host::start().await;
    elsewhere.answer(OAUTH, good().unwrap());
    let redirect = Answer::status(302).with_header(format!("location: {}", elsewhere.url(OAUTH)));
    let rows = [
        (None, None, Some(DiscoveryError::Status(404))),
        (good(), None, None),
        (None, good(), None),
        // What is not found hides nothing, whichever is asked first.
        (Some(redirect), None, Some(DiscoveryError::Status(302))),
        (
            Some(Answer::status(500)),
            None,
            Some(DiscoveryError::Status(500)),
        ),
        (
            None,
            Some(Answer::status(500)),
            Some(DiscoveryError::Status(500)),
        ),
        (
            Some(Answer::status(502)),
            Some(Answer::status(500)),
            Some(DiscoveryError::Status(502)),
        ),
        // RFC 8414 §3.3: byte for byte.
        (with("issuer", json!(slash)), None, issuer(&slash)),
        (
            with("issuer", json!("https://evil.example")),
            None,
            issuer("https://evil.example"),
        ),
        (with("issuer", json!(null)), None, issuer("")),
        (with("issuer", json!([host.url("")])), None, issuer("")),
        (None, with("issuer", json!(slash)), issuer(&slash)),
        // One that is wrong does not spoil one that is right, and says more than one that is not there.
        (with("issuer", json!(slash)), good(), None),
        (page(), good(), None),
        (Some(Answer::Gigabyte), good(), None),
        (page(), None, Some(DiscoveryError::Json(JsonError::Syntax))),
        (
            Some(Answer::ok(duplicate)),
            None,
            Some(DiscoveryError::Json(JsonError::DuplicateMember)),
        ),
        (
            with("jwks_uri", json!(null)),
            None,
            Some(DiscoveryError::Missing("jwks_uri")),
        ),
        (
            with("jwks_uri", json!("http://issuer.example/jwks")),
            None,
            Some(DiscoveryError::Endpoint(
                "jwks_uri",
                EndpointError::NotHttps,
            )),
        ),
        (
            with("jwks_uri", json!("http://10.0.0.1/jwks")),
            None,
            Some(DiscoveryError::Endpoint(
                "jwks_uri",
                EndpointError::NotHttps,
            )),
        ),
        (
            with("jwks_uri", json!("file:///etc/passwd")),
            None,
            Some(DiscoveryError::Endpoint("jwks_uri", EndpointError::NotAUrl)),
        ),
        (
            with("jwks_uri", json!("/jwks")),
            None,
            Some(DiscoveryError::Endpoint("jwks_uri", EndpointError::NotAUrl)),
        ),
    ];
    for (index, (oauth, openid, expected)) in rows.into_iter().enumerate() {
        assert_eq!(failure(oauth, openid, &host).await, expected, "row {index}");
    }
    assert_eq!(elsewhere.requests().len(), 0, "a redirect was followed");
}

#[tokio::test]
async fn the_metadata_are_asked_again_after_an_hour_or_a_failure() {
    let host = Host::with_jwks(jwks([&*KEY])).await;
    let issuer = host.url("");
    host.answer(OAUTH, Answer::ok(metadata(&issuer, &host).to_string()));
    let clock = clock();
    let validator = validator(&issuer, &clock);
    let token = token_of(&issuer);
    for round in 1..=12 {
        host.renewed(&validator, &token, round).await;
        clock.advance(300);
    }
    assert_eq!(host.count(OAUTH), 1);
    host.renewed(&validator, &token, 13).await;
    assert_eq!(host.count(OAUTH), 2);
    // The issuer moves its keys; where they were is nothing any more.
    let moved = json!({"issuer": issuer, "jwks_uri": host.url("/keys")});
    host.answer(OAUTH, Answer::ok(moved.to_string()));
    host.answer("/jwks", Answer::status(410));
    host.answer("/keys", Answer::ok(jwks([&*KEY])));
    clock.advance(300);
    host.renewed(&validator, &token, 14).await;
    for _ in 0..1000 {
        if host.count("/keys") > 0 {
            break;
        }
        clock.advance(30);
        validator.validate(&token).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!((host.count("/jwks"), host.count(OAUTH)), (14, 3));
}

#[tokio::test]
async fn nobody_there_is_asked_once() {
    let host = Host::start().await;
    host.answer(OAUTH, Answer::Close);
    let judged = validator(&host.url(""), &clock()).ready().await;
    assert!(matches!(
        judged.unwrap_err().reason,
        KeysFailure::Discovery(DiscoveryError::Transport(TransportError::Connection(_)))
    ));
    assert_eq!(host.count(OPENID), 0);
}

/// Answers from a table and keeps what was asked.
struct Table(Vec<(&'static str, String)>, Mutex<Vec<String>>);

#[async_trait]
impl Transport for Table {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
        _: Limits,
    ) -> Result<http::Response<Vec<u8>>, TransportError> {
        let uri = request.uri().to_string();
        self.1.lock().expect("no panic").push(uri.clone());
        let found = self.0.iter().find(|(url, _)| *url == uri);
        let mut response =
            http::Response::new(found.map_or(vec![], |(_, body)| body.clone().into()));
        if found.is_none() {
            *response.status_mut() = http::StatusCode::NOT_FOUND;
        }
        Ok(response)
    }
}

#[tokio::test]
async fn an_issuer_with_tls_has_no_keys_without() {
    let issuer = "https://issuer.example/tenant";
    for (jwks_uri, expected) in [
        ("https://keys.example/jwks", None),
        // Loopback is for issuers of loopback.
        ("http://127.0.0.1/jwks", Some(EndpointError::NotHttps)),
    ] {
        let document = json!({"issuer": issuer, "jwks_uri": jwks_uri}).to_string();
        let well_known = "https://issuer.example/.well-known/oauth-authorization-server/tenant";
        let table = Arc::new(Table(
            vec![(well_known, document), (jwks_uri, jwks([&*KEY]))],
            Mutex::default(),
        ));
        let validator = Validator::from_issuer(issuer, API).transport(table.clone());
        let validator = validator.clock(clock()).build().unwrap();
        let reason = validator.ready().await.err().map(|error| error.reason);
        let expected = expected.map(|error| DiscoveryError::Endpoint("jwks_uri", error).into());
        assert_eq!(reason, expected, "{jwks_uri}");
        let asked = table.1.lock().unwrap().clone();
        assert_eq!(asked.contains(&jwks_uri.to_owned()), expected.is_none());
    }
}

#[tokio::test]
async fn rfc9110_13_1_2_a_tag_goes_only_where_it_came_from() {
    let host = Host::start().await;
    let issuer = host.url("");
    let lead_to = |path: &str| {
        let document = json!({"issuer": issuer, "jwks_uri": host.url(path)});
        host.answer(OAUTH, Answer::ok(document.to_string()));
    };
    // Two places, two sets, and by chance the same tag.
    host.answer("/old", Answer::Tagged("\"v1\"", jwks([&*KEY]).into()));
    host.answer("/new", Answer::Tagged("\"v1\"", jwks([]).into()));
    lead_to("/old");
    let clock = clock();
    let validator = validator(&issuer, &clock);
    let token = token_of(&issuer);
    validator.validate(&token).await.unwrap();
    lead_to("/new");
    clock.advance(3600);
    validator.validate(&token).await.unwrap();
    host.reached("/new", 1).await;
    let asked = host.requests().pop().unwrap();
    assert!(
        asked.starts_with("GET /new ") && !asked.contains("if-none-match"),
        "{asked}"
    );
    let judged = async || validator.validate(&token).await.is_ok();
    while judged().await {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
