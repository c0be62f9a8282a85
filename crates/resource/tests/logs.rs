//! What the log says when something is wrong, how often, and what it never says.

use std::io;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use countersign_core::{FixedClock, Secret, SigningAlgorithm, Timestamp};
use countersign_jose::SigningKey;
use countersign_jose::access_token::{self, AccessTokenClaims};
use countersign_resource::{
    AccessToken, Claims, IntrospectionCredentials, Introspector, Limits, ProtectLayer, Transport,
    TransportError, Validator,
};
use http::{Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::json;
use tower::ServiceExt as _;
use tracing::subscriber::DefaultGuard;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const ISSUER: &str = "https://as.example";
const AUDIENCE: &str = "https://api.example";
const TOKEN: &str = "cs_at_0123456789abcdef";
const SECRET: &str = "cs_sec_0123456789abcdef";

/// All that is logged on this thread while it lives.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn begin() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .without_time()
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no panic").clone()).expect("a text")
    }

    /// The lines of a level.
    fn at(&self, level: &str) -> Vec<String> {
        let text = self.text();
        let lines = text
            .lines()
            .filter(|line| line.trim_start().starts_with(level));
        lines.map(ToOwned::to_owned).collect()
    }
}

/// Always answers so.
struct Says(u16, &'static str);

#[async_trait]
impl Transport for Says {
    async fn send(
        &self,
        _: Request<Vec<u8>>,
        _: Limits,
    ) -> Result<Response<Vec<u8>>, TransportError> {
        let mut response = Response::new(self.1.into());
        *response.status_mut() = StatusCode::from_u16(self.0).expect("a status");
        Ok(response)
    }
}

fn credentials() -> IntrospectionCredentials {
    IntrospectionCredentials::secret_basic("api", Secret::new(SECRET.into()))
}

#[tokio::test]
async fn an_outage_of_introspection_does_not_fill_the_log() {
    let refusal = r#"{"error":"invalid_client","error_description":"no such client"}"#;
    let found_nowhere = "no introspection endpoint is known: the status of the metadata is 503";
    for (builder, transport, expected) in [
        (
            Introspector::from_endpoint(ISSUER, "https://as.example/i", credentials(), AUDIENCE),
            Says(401, refusal),
            "status 401 (invalid_client: no such client)",
        ),
        (
            Introspector::from_issuer(ISSUER, credentials(), AUDIENCE),
            Says(503, ""),
            found_nowhere,
        ),
    ] {
        let (log, _guard) = Log::begin();
        let clock = Arc::new(FixedClock::at(NOW));
        let builder = builder.transport(Arc::new(transport)).clock(clock.clone());
        let introspector = builder.build().unwrap();
        for second in 0..20 {
            for _ in 0..5 {
                assert!(introspector.introspect(TOKEN).await.is_err());
            }
            let warnings = log.at("WARN");
            assert_eq!(warnings.len(), 1 + second / 10, "{}", log.text());
            assert!(warnings[0].contains(expected), "{}", warnings[0]);
            assert!(warnings[0].contains(ISSUER), "{}", warnings[0]);
            clock.advance(1);
        }
        assert!(log.at("WARN")[1].contains("since_last=49"));
        assert_eq!(log.at("DEBUG").len(), 98, "all others, for who looks");
        assert!(!log.text().contains(TOKEN) && !log.text().contains(SECRET));
    }
}

#[tokio::test]
async fn each_attempt_to_fetch_keys_is_in_the_log_and_no_request_that_waits_for_one() {
    let (log, _guard) = Log::begin();
    let clock = Arc::new(FixedClock::at(NOW));
    let validator = Validator::from_issuer(ISSUER, AUDIENCE)
        .transport(Arc::new(Says(302, "")))
        .clock(clock.clone())
        .build()
        .unwrap();
    let (key, _) = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let token = token(&key, &json!({}));
    // The pause after a failure is 1 second, then 2.
    for (second, warnings) in [(0, 1), (1, 2), (2, 2), (3, 3)] {
        for _ in 0..20 {
            assert!(validator.validate(&token).await.is_err());
        }
        let lines = log.at("WARN");
        assert_eq!(lines.len(), warnings, "second {second}: {}", log.text());
        let last = lines.last().unwrap();
        assert!(last.contains(ISSUER), "{last}");
        assert!(last.contains("the status of the metadata is 302"), "{last}");
        clock.advance(1);
    }
    assert!(!log.text().contains(&token));
}

fn token(key: &SigningKey, further: &serde_json::Value) -> String {
    let claims = AccessTokenClaims {
        iss: ISSUER.into(),
        sub: "alice".into(),
        aud: vec![AUDIENCE.into()],
        exp: NOW.plus(600),
        iat: NOW,
        nbf: None,
        jti: "1".into(),
        client_id: "app".into(),
        scope: None,
        further: further.as_object().expect("an object").clone(),
    };
    access_token::sign(key, &claims).expect("signing")
}

#[derive(Deserialize)]
struct Member {
    #[serde(rename = "groups")]
    _groups: Vec<String>,
}

async fn member(Claims(_): Claims<Member>) {}

async fn whoami(_: AccessToken) {}

/// What an API answers to a request for `path` with `token`.
async fn answer(api: Router, path: &str, token: &str) -> (u16, String) {
    let request = Request::get(path)
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty())
        .expect("a request");
    let response = api.oneshot(request).await.expect("axum always answers");
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), 10_000).await;
    let body = body.expect("a body").to_vec();
    (status, String::from_utf8(body).expect("a text"))
}

#[tokio::test]
async fn why_claims_do_not_fit_is_in_the_log_and_what_they_say_is_not() {
    let (key, _) = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let keys = json!({"keys": [key.public_jwk()]}).to_string();
    let validator = Validator::from_jwks(ISSUER, keys, AUDIENCE)
        .clock(Arc::new(FixedClock::at(NOW)))
        .build()
        .unwrap();
    let api = Router::new().route("/", get(member).layer(ProtectLayer::new(validator)));
    for (further, expected) in [
        (json!({}), Some("missing field `groups`")),
        (json!({"groups": "missing field `secret-value`"}), None),
        (json!({"groups": ["a", {"secret-value": 1}]}), None),
    ] {
        let (log, _guard) = Log::begin();
        let token = token(&key, &further);
        assert_eq!(answer(api.clone(), "/", &token).await.0, 401);
        let lines = log.at("DEBUG");
        let fits = "the claims of an access token do not fit";
        let line = lines.iter().find(|line| line.contains(fits)).unwrap();
        assert!(line.contains("Member"), "the type: {line}");
        assert_eq!(line.contains("reason"), expected.is_some(), "{line}");
        assert!(line.contains(expected.unwrap_or("")), "{line}");
        let text = log.text();
        assert!(
            !text.contains("secret-value") && !text.contains("alice"),
            "{text}"
        );
        assert!(!text.contains(&token), "{text}");
        assert_eq!(log.at("WARN").len() + log.at("ERROR").len(), 0, "{text}");
    }
}

#[tokio::test]
async fn a_forgotten_layer_is_said_to_the_operator_alone() {
    let (log, _guard) = Log::begin();
    let api = Router::new().route("/accounts/{id}", get(whoami));
    let answered = answer(api, "/accounts/alice", TOKEN).await;
    assert_eq!(answered, (500, "internal server error".into()));
    let errors = log.at("ERROR");
    assert_eq!(errors.len(), 1, "{}", log.text());
    let line = &errors[0];
    assert!(
        line.contains("ProtectLayer") && line.contains("/accounts/{id}"),
        "{line}"
    );
    assert!(!line.contains("alice") && !line.contains(TOKEN), "{line}");
}
