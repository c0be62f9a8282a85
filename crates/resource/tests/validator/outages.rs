//! The host of the keys in trouble, or hostile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use countersign_jose::json::JsonError;
use countersign_jose::{JwkSetError, VerifyingKeys};
use countersign_resource::{
    HttpTransport, KeysFailure, Limits, Transport, TransportError, Validator,
};
use serde_json::json;

use crate::fixtures::{
    API, ISSUER, KEY, clock, fetching, is_unavailable, jwks, long_lived, padded,
};
use crate::host::{Answer, Host};

/// Waits for less long, so that the tests do, too.
struct Impatient(HttpTransport);

#[async_trait]
impl Transport for Impatient {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
        limits: Limits,
    ) -> Result<http::Response<Vec<u8>>, TransportError> {
        assert_eq!(limits.timeout, Duration::from_secs(5));
        let timeout = Duration::from_millis(300);
        self.0.send(request, Limits { timeout, ..limits }).await
    }
}

fn impatient() -> Arc<dyn Transport> {
    Arc::new(Impatient(HttpTransport::new().expect("a transport")))
}

/// Every way to give no keys that we could think of, and what is said about it; `None` if the words are the system's.
fn misbehaviours(elsewhere: &Host) -> Vec<(&'static str, Answer, Option<KeysFailure>)> {
    const MAX: usize = VerifyingKeys::MAX_JWK_SET_LEN;
    let redirect = |status| {
        Answer::status(status).with_header(format!("location: {}", elsewhere.url("/jwks")))
    };
    let no_set = |error: JwkSetError| Some(KeysFailure::KeySet(error));
    let syntax = || no_set(JwkSetError::Json(JsonError::Syntax));
    let duplicate = || no_set(JwkSetError::Json(JsonError::DuplicateMember));
    let too_long = || Some(KeysFailure::Transport(TransportError::TooLong(MAX)));
    let timed_out = || Some(KeysFailure::Transport(TransportError::TimedOut));
    let many = json!({"keys": vec![json!({}); 101]}).to_string();
    let jwk = KEY.jwk().to_string();
    let twice = jwk.replacen('{', r#"{"kid":"other","#, 1);
    vec![
        ("500", Answer::status(500), Some(KeysFailure::Status(500))),
        ("404", Answer::status(404), Some(KeysFailure::Status(404))),
        ("204", Answer::status(204), Some(KeysFailure::Status(204))),
        ("304", Answer::status(304), Some(KeysFailure::Status(304))),
        ("e41 301", redirect(301), Some(KeysFailure::Status(301))),
        ("e41 302", redirect(302), Some(KeysFailure::Status(302))),
        ("e41 303", redirect(303), Some(KeysFailure::Status(303))),
        ("e41 307", redirect(307), Some(KeysFailure::Status(307))),
        ("e41 308", redirect(308), Some(KeysFailure::Status(308))),
        (
            "not even HTTP",
            Answer::Raw(b"SSH-2.0-OpenSSH_9.9\r\n"),
            None,
        ),
        ("hangs up", Answer::Close, None),
        (
            "half a body",
            Answer::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"keys\":[]}"),
            None,
        ),
        ("hangs", Answer::Hang, timed_out()),
        ("hangs in the body", Answer::HangInBody, timed_out()),
        ("a gigabyte", Answer::Gigabyte, too_long()),
        (
            "a gigabyte is announced",
            Answer::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n"),
            too_long(),
        ),
        (
            "one byte too many",
            Answer::ok(padded(&jwks([&*KEY]), MAX + 1)),
            too_long(),
        ),
        ("nothing", Answer::ok(""), syntax()),
        ("garbage", Answer::ok(b"\0\x01\xff".to_vec()), syntax()),
        ("HTML", Answer::ok("<!doctype html><p>Login</p>"), syntax()),
        ("no object", Answer::ok("[]"), no_set(JwkSetError::NotASet)),
        ("no keys", Answer::ok("{}"), no_set(JwkSetError::NotASet)),
        (
            "an error",
            Answer::ok(r#"{"error":"x"}"#),
            no_set(JwkSetError::NotASet),
        ),
        (
            "a JWK",
            Answer::ok(jwk.clone()),
            no_set(JwkSetError::NotASet),
        ),
        (
            "too many",
            Answer::ok(many),
            no_set(JwkSetError::TooManyKeys),
        ),
        (
            "e66 two sets",
            Answer::ok(format!(r#"{{"keys":[{jwk}],"keys":[]}}"#)),
            duplicate(),
        ),
        (
            "e66 two kids",
            Answer::ok(format!(r#"{{"keys":[{twice}]}}"#)),
            duplicate(),
        ),
    ]
}

#[tokio::test]
async fn without_keys_nothing_is_accepted_and_a_recovery_is_seen() {
    let elsewhere = Host::with_jwks(jwks([&*KEY])).await;
    for (name, answer, expected) in misbehaviours(&elsewhere) {
        let host = Host::start().await;
        host.answer("/jwks", answer);
        let clock = clock();
        let validator = fetching(&host, &clock).transport(impatient());
        let validator = validator.build().unwrap();
        let token = long_lived(&KEY);
        let judged = validator.validate(&token).await;
        assert!(is_unavailable(&judged), "{name}: {judged:?}");
        // Once more changes nothing, and nobody is asked: it is too early.
        assert!(is_unavailable(&validator.validate(&token).await), "{name}");
        assert_eq!(host.count("/jwks"), 1, "{name}");
        let reason = validator.ready().await.unwrap_err().reason;
        match expected {
            Some(expected) => assert_eq!(reason, expected, "{name}"),
            None => assert!(
                matches!(&reason, KeysFailure::Transport(TransportError::Connection(text)) if !text.is_empty()),
                "{name}: {reason:?}"
            ),
        }
        // A gigabyte was not taken, and what was in flight is little.
        assert!(host.sent() < 16 << 20, "{name}: {}", host.sent());

        host.answer("/jwks", Answer::ok(jwks([&*KEY])));
        clock.advance(1);
        validator.validate(&token).await.unwrap();
        assert_eq!(host.count("/jwks"), 2, "{name}");
    }
    assert_eq!(elsewhere.requests().len(), 0, "a redirect was followed");
}

#[tokio::test]
async fn with_keys_at_hand_nobody_notices() {
    let elsewhere = Host::with_jwks(jwks([])).await;
    for (name, answer, _) in misbehaviours(&elsewhere) {
        let host = Host::with_jwks(jwks([&*KEY])).await;
        let clock = clock();
        let validator = fetching(&host, &clock).transport(impatient());
        let validator = validator.build().unwrap();
        let token = long_lived(&KEY);
        validator.validate(&token).await.unwrap();
        host.answer("/jwks", answer);
        for attempt in 2..4 {
            clock.advance(300);
            let since = Instant::now();
            validator.validate(&token).await.unwrap();
            assert!(since.elapsed() < Duration::from_millis(250), "{name}");
            host.renewed(&validator, &token, attempt).await;
        }
    }
    assert_eq!(elsewhere.requests().len(), 0, "a redirect was followed");
}

#[tokio::test]
async fn stale_keys_are_kept_and_in_the_end_dropped() {
    let host = Host::with_jwks(jwks([&*KEY])).await;
    let clock = clock();
    let validator = fetching(&host, &clock).build().unwrap();
    let token = long_lived(&KEY);
    validator.validate(&token).await.unwrap();
    host.answer("/jwks", Answer::status(500));
    // A day, hour by hour, in which the host is asked again and again.
    for hour in 1..24 {
        clock.advance(3600);
        host.renewed(&validator, &token, hour + 1).await;
    }
    clock.advance(3599);
    host.renewed(&validator, &token, 25).await;
    clock.advance(1);
    assert!(is_unavailable(&validator.validate(&token).await));
    host.answer("/jwks", Answer::ok(jwks([&*KEY])));
    clock.advance(30);
    validator.validate(&token).await.unwrap();
}

#[tokio::test]
async fn nobody_there_is_no_reason_not_to_start() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = format!("http://127.0.0.1:{port}/jwks?key=hush");
    let validator = Validator::from_jwks_url(ISSUER, url, API).clock(clock());
    let validator = validator.build().unwrap();
    assert!(is_unavailable(&validator.validate(&long_lived(&KEY)).await));
    let text = validator.ready().await.unwrap_err().to_string();
    assert!(text.contains("refused"), "{text}");
    assert!(!text.contains("hush"), "{text}");
}

/// A transport that keeps to no limits.
struct Boundless(Option<Vec<u8>>);

#[async_trait]
impl Transport for Boundless {
    async fn send(
        &self,
        _: http::Request<Vec<u8>>,
        _: Limits,
    ) -> Result<http::Response<Vec<u8>>, TransportError> {
        match &self.0 {
            Some(body) => Ok(http::Response::new(body.clone())),
            None => std::future::pending().await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn limits_hold_with_any_transport() {
    let build = |transport| {
        let url = "https://issuer.example/jwks";
        let validator = Validator::from_jwks_url(ISSUER, url, API).clock(clock());
        validator.transport(Arc::new(transport)).build().unwrap()
    };
    let since = tokio::time::Instant::now();
    let hanging = build(Boundless(None));
    let reason = hanging.ready().await.unwrap_err().reason;
    assert_eq!(reason, KeysFailure::TimedOut);
    assert!(since.elapsed() < Duration::from_millis(5100));

    let long = padded(&jwks([&*KEY]), VerifyingKeys::MAX_JWK_SET_LEN + 1);
    let reason = build(Boundless(Some(long.into()))).ready().await;
    let expected = KeysFailure::KeySet(JwkSetError::TooLong);
    assert_eq!(reason.unwrap_err().reason, expected);
    let short = build(Boundless(Some(jwks([&*KEY]).into())));
    short.validate(&long_lived(&KEY)).await.unwrap();
}

#[tokio::test]
async fn a_runtime_that_goes_away_ends_its_attempt_and_no_other() {
    let host = Host::with_jwks(jwks([&*KEY])).await;
    host.hold();
    let clock = clock();
    let validator = fetching(&host, &clock).build().unwrap();
    let begun = {
        let (validator, host) = (validator.clone(), host.clone());
        move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.spawn(async move { validator.validate(&long_lived(&KEY)).await });
            while host.count("/jwks") == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
            runtime.shutdown_background();
        }
    };
    tokio::task::spawn_blocking(begun).await.unwrap();
    host.release();
    for _ in 0..1000 {
        clock.advance(30);
        if validator.validate(&long_lived(&KEY)).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    validator.validate(&long_lived(&KEY)).await.unwrap();
    assert_eq!(host.count("/jwks"), 2);
}
