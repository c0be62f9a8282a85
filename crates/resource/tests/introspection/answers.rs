//! What is made of the answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{Method, header};
use countersign_jose::json::JsonError;
use countersign_jose::jws::MAX_TOKEN_LEN;
use countersign_resource::{
    AnswerError, IntrospectionError, InvalidToken, MalformedReason, Refusal, TransportError,
};
use serde_json::json;

use crate::server::{AUDIENCE, Answer, ISSUER, NOW, Server, TOKEN, active, good, inactive};

const UNAVAILABLE: Refusal = Refusal::Unavailable { retry_after: 1 };

fn plain(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer::Plain(status, body.into())
}

#[tokio::test]
async fn rfc7662_2_1_the_request_and_2_2_the_token() {
    let server = Server::saying(good()).await;
    let token = server.introspector().introspect(TOKEN).await.unwrap();
    assert_eq!(token.issuer(), Some(ISSUER));
    assert_eq!(token.subject(), Some("alice"));
    assert_eq!(token.client_id(), Some("app"));
    assert_eq!(token.audience(), [AUDIENCE]);
    assert_eq!(token.scope(), &"read write".parse().unwrap());
    assert_eq!(token.expires_at(), Some(NOW.plus(600)));

    let [asked] = &server.asked("/introspect")[..] else {
        panic!("one request");
    };
    assert_eq!(asked.method, Method::POST);
    assert_eq!(asked.header(header::ACCEPT), Some("application/json"));
    assert_eq!(
        asked.header(header::CONTENT_TYPE),
        Some("application/x-www-form-urlencoded")
    );
    // Basic api:s3cret
    assert_eq!(
        asked.header(header::AUTHORIZATION),
        Some("Basic YXBpOnMzY3JldA==")
    );
    assert_eq!(asked.parameter("token").as_deref(), Some(TOKEN));
    assert_eq!(
        asked.parameter("token_type_hint").as_deref(),
        Some("access_token")
    );
}

#[tokio::test]
async fn a_token_arrives_as_it_is_whatever_its_characters() {
    let server = Server::saying(good()).await;
    for token in ["a&token=b", "a+b/c==", "a b%20", "\u{e9}"] {
        server.introspector().introspect(token).await.unwrap();
        let asked = server.asked("/introspect");
        let last = asked.last().unwrap();
        assert_eq!(last.parameter("token").as_deref(), Some(token));
    }
}

#[tokio::test]
async fn what_is_no_clear_answer_lets_nobody_in() {
    let good_json = || match good() {
        Answer::Json(members) => members.to_string(),
        _ => unreachable!("a good answer is JSON"),
    };
    let twice = good_json().replacen('{', r#"{"active":true,"#, 1);
    let status = |status| IntrospectionError::Status { status, told: None };
    let credentials = |status| IntrospectionError::Credentials { status, told: None };
    let json = |error| IntrospectionError::Answer(AnswerError::Json(error));
    let cases = [
        (
            "active is a text",
            active(&json!({"active": "true"})),
            IntrospectionError::Answer(AnswerError::Active),
        ),
        (
            "active is missing",
            active(&json!({"active": null})),
            IntrospectionError::Answer(AnswerError::Active),
        ),
        (
            "a time is a text",
            active(&json!({"exp": "1900000000"})),
            IntrospectionError::Answer(AnswerError::Member("exp")),
        ),
        (
            "e66 duplicate members",
            plain(200, twice),
            json(JsonError::DuplicateMember),
        ),
        ("no JSON", plain(200, "<html>"), json(JsonError::Syntax)),
        ("empty", plain(200, ""), json(JsonError::Syntax)),
        (
            "no UTF-8",
            plain(200, b"{\"active\":true,\"sub\":\"\xff\"}"),
            json(JsonError::Syntax),
        ),
        (
            "cut off",
            plain(200, &good_json()[..40]),
            json(JsonError::Syntax),
        ),
        (
            "a list",
            plain(200, format!("[{}]", good_json())),
            json(JsonError::NotAnObject),
        ),
        (
            "our secret is wrong",
            plain(401, good_json()),
            credentials(401),
        ),
        ("we may not ask", plain(403, good_json()), credentials(403)),
        ("no such path", plain(404, good_json()), status(404)),
        ("another 200", plain(203, good_json()), status(203)),
        ("no content", plain(204, ""), status(204)),
        ("slowed down", plain(429, good_json()), status(429)),
        ("an error", plain(500, good_json()), status(500)),
        ("down", plain(503, good_json()), status(503)),
        ("a redirect", Answer::Redirect("/elsewhere"), status(302)),
        (
            "too long",
            plain(200, good_json() + &" ".repeat(64 * 1024)),
            IntrospectionError::Transport(TransportError::TooLong(64 * 1024)),
        ),
        (
            "far too long",
            plain(200, " ".repeat(20_000_000) + &good_json()),
            IntrospectionError::Transport(TransportError::TooLong(64 * 1024)),
        ),
    ];
    let server = Server::start().await;
    server.say("/elsewhere", good());
    let introspector = server.introspector();
    for (name, answer, expected) in cases {
        server.say("/introspect", answer);
        let judged = introspector.introspect(TOKEN).await;
        assert_eq!(judged.err(), Some(UNAVAILABLE), "{name}");
        assert_eq!(introspector.ready().await, Err(expected), "{name}");
    }
    assert_eq!(
        server.asked("/elsewhere").len(),
        0,
        "a redirect is not followed"
    );
    // The same introspector, once all is well again.
    server.say("/introspect", good());
    assert!(introspector.introspect(TOKEN).await.is_ok());
    assert_eq!(introspector.ready().await, Ok(()));
}

#[tokio::test]
async fn rfc6749_5_2_what_the_issuer_says_to_our_credentials_is_in_the_reason() {
    let refusing = "the introspection endpoint refuses the credentials of this API: status";
    let answering = "the introspection endpoint answers with status";
    let cases = [
        (
            plain(
                401,
                r#"{"error":"invalid_client","error_description":"no such client"}"#,
            ),
            format!("{refusing} 401 (invalid_client: no such client)"),
        ),
        (
            plain(403, r#"{"error":"access_denied"}"#),
            format!("{refusing} 403 (access_denied)"),
        ),
        // 401 is for those who have used the Authorization header; with an assertion it is 400.
        (
            plain(400, r#"{"error":"invalid_client"}"#),
            format!("{answering} 400, not 200 (invalid_client)"),
        ),
        // What repeats our secret is not repeated.
        (
            plain(401, r#"{"error":"invalid_client: s3cret"}"#),
            format!("{refusing} 401"),
        ),
    ];
    let server = Server::start().await;
    let introspector = server.introspector();
    for (answer, expected) in cases {
        server.say("/introspect", answer);
        let reason = introspector.ready().await.unwrap_err();
        assert_eq!(reason.to_string(), expected);
    }
}

#[tokio::test]
async fn who_does_not_answer_is_not_waited_for() {
    let server = Server::saying(Answer::Hang).await;
    let introspector = server
        .builder()
        .timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    let started = Instant::now();
    let judged = introspector.introspect(TOKEN).await;
    assert_eq!(judged.err(), Some(UNAVAILABLE));
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!(
        introspector.ready().await,
        Err(TransportError::TimedOut.into())
    );
}

#[tokio::test]
async fn nobody_there() {
    let server = Server::saying(good()).await;
    let free = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let introspector = countersign_resource::Introspector::from_endpoint(
        ISSUER,
        format!("http://{free}/introspect"),
        crate::server::secret_basic(),
        AUDIENCE,
    )
    .clock(server.clock.clone())
    .build()
    .unwrap();
    let judged = introspector.introspect(TOKEN).await;
    assert_eq!(judged.err(), Some(UNAVAILABLE));
    assert!(matches!(
        introspector.ready().await,
        Err(IntrospectionError::Transport(TransportError::Connection(_)))
    ));
}

#[tokio::test]
async fn what_the_issuer_says_is_judged() {
    let at = |seconds: i64| NOW.as_seconds() + seconds;
    let cases = [
        (inactive(), InvalidToken::Inactive),
        (
            Answer::Json(json!({"active": false, "aud": AUDIENCE, "exp": at(600)})),
            InvalidToken::Inactive,
        ),
        (active(&json!({"aud": null})), InvalidToken::Audience),
        (active(&json!({"aud": []})), InvalidToken::Audience),
        (
            active(&json!({"aud": "https://other.example"})),
            InvalidToken::Audience,
        ),
        (active(&json!({"exp": at(-10)})), InvalidToken::Expired),
        (active(&json!({"nbf": at(11)})), InvalidToken::NotYetValid),
        (
            active(&json!({"cnf": {"x5t#S256": "x"}})),
            InvalidToken::SenderConstrained,
        ),
        (
            active(&json!({"iss": "https://other.example"})),
            InvalidToken::Issuer,
        ),
        (active(&json!({"token_type": "DPoP"})), InvalidToken::Type),
        (
            active(&json!({"token_type": "refresh_token"})),
            InvalidToken::Type,
        ),
    ];
    let server = Server::start().await;
    let introspector = server.introspector();
    for (answer, expected) in cases {
        server.say("/introspect", answer);
        let judged = introspector.introspect(TOKEN).await;
        assert_eq!(judged.err(), Some(expected.into()), "{expected}");
    }
}

#[tokio::test]
async fn what_a_builder_allows() {
    let server = Server::saying(active(&json!({"aud": "urn:api", "exp": NOW.as_seconds()}))).await;
    let outcome = async |builder: countersign_resource::IntrospectorBuilder| {
        let introspector = builder.build().unwrap();
        introspector.introspect(TOKEN).await.err()
    };
    assert_eq!(
        outcome(server.builder()).await,
        Some(InvalidToken::Audience.into())
    );
    assert_eq!(outcome(server.builder().audience("urn:api")).await, None);
    assert_eq!(
        outcome(server.builder().audience("urn:api").clock_skew(0)).await,
        Some(InvalidToken::Expired.into())
    );
    let required = "read admin".parse().unwrap();
    assert_eq!(
        outcome(
            server
                .builder()
                .audience("urn:api")
                .require_scope("read".parse().unwrap())
                .require_scope("admin".parse().unwrap())
        )
        .await,
        Some(Refusal::InsufficientScope { required })
    );
    server.say("/introspect", active(&json!({"aud": null})));
    assert_eq!(
        outcome(server.builder().accept_missing_audience()).await,
        None
    );
    assert_eq!(
        outcome(server.builder()).await,
        Some(InvalidToken::Audience.into())
    );
}

#[tokio::test]
async fn what_cannot_be_a_token_is_not_asked_about() {
    let server = Server::saying(good()).await;
    let introspector = server.introspector();
    let judged = introspector.introspect("").await;
    assert_eq!(judged.err(), Some(MalformedReason::Empty.into()));
    let judged = introspector
        .introspect(&"a".repeat(MAX_TOKEN_LEN + 1))
        .await;
    assert_eq!(judged.err(), Some(InvalidToken::TooLong.into()));
    assert_eq!(server.count(), 0);
    assert!(
        introspector
            .introspect(&"a".repeat(MAX_TOKEN_LEN))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn the_clock_is_asked_again_when_the_answer_is_there() {
    // While the endpoint takes its time, the token expires.
    struct Slow(Arc<countersign_core::FixedClock>);

    #[async_trait::async_trait]
    impl countersign_resource::Transport for Slow {
        async fn send(
            &self,
            _: http::Request<Vec<u8>>,
            _: countersign_resource::Limits,
        ) -> Result<http::Response<Vec<u8>>, TransportError> {
            self.0.advance(700);
            let Answer::Json(members) = good() else {
                panic!("a good answer is JSON");
            };
            Ok(http::Response::new(members.to_string().into_bytes()))
        }
    }

    let server = Server::start().await;
    let introspector = server
        .builder()
        .transport(Arc::new(Slow(server.clock.clone())))
        .build()
        .unwrap();
    let judged = introspector.introspect(TOKEN).await;
    assert_eq!(judged.err(), Some(InvalidToken::Expired.into()));
}

#[tokio::test]
async fn another_transport_that_reads_on_is_not_believed() {
    struct Generous;

    #[async_trait::async_trait]
    impl countersign_resource::Transport for Generous {
        async fn send(
            &self,
            _: http::Request<Vec<u8>>,
            _: countersign_resource::Limits,
        ) -> Result<http::Response<Vec<u8>>, TransportError> {
            let Answer::Json(members) = good() else {
                panic!("a good answer is JSON");
            };
            let body = members.to_string() + &" ".repeat(64 * 1024);
            Ok(http::Response::new(body.into_bytes()))
        }
    }

    let server = Server::start().await;
    let introspector = server
        .builder()
        .transport(Arc::new(Generous))
        .build()
        .unwrap();
    let judged = introspector.introspect(TOKEN).await;
    assert_eq!(judged.err(), Some(UNAVAILABLE));
}
