//! An endpoint that the metadata of the issuer name.

use std::time::Duration;

use countersign_resource::{
    DiscoveryError, EndpointError, IntrospectionError, Introspector, IntrospectorBuilder, Refusal,
    TransportError,
};
use serde_json::json;

use crate::scripted::{METADATA, OPENID, Reply, Scripted, metadata_of_the_issuer};
use crate::server::{AUDIENCE, Answer, Server, TOKEN, active, secret_basic};

/// Metadata of the issuer at `server` that lead to `path`.
fn metadata(server: &Server, path: &str) -> Answer {
    Answer::Json(json!({
        "issuer": server.url,
        "introspection_endpoint": format!("{}{path}", server.url),
    }))
}

fn builder(server: &Server) -> IntrospectorBuilder {
    Introspector::from_issuer(&server.url, secret_basic(), AUDIENCE).clock(server.clock.clone())
}

/// An issuer at loopback, whose tokens name it, with metadata at `at`.
async fn issuer(at: &str) -> Server {
    let server = Server::start().await;
    let good = active(&json!({"iss": server.url, "exp": null}));
    server.say("/introspect", good.clone());
    server.say("/moved", good);
    server.say(at, metadata(&server, "/introspect"));
    server
}

#[tokio::test]
async fn the_endpoint_is_found_once() {
    for at in [METADATA, OPENID] {
        let server = issuer(at).await;
        let introspector = builder(&server).build().unwrap();
        assert_eq!(
            server.asked(at).len(),
            0,
            "nobody is asked before there is need"
        );
        for _ in 0..3 {
            introspector.introspect(TOKEN).await.unwrap();
        }
        introspector.ready().await.unwrap();
        assert_eq!((server.asked(at).len(), server.count()), (1, 4), "{at}");
    }
}

#[tokio::test]
async fn rfc8414_3_3_metadata_of_another_issuer_lead_nowhere() {
    const NAME: &str = "introspection_endpoint";
    let server = issuer(METADATA).await;
    let elsewhere = |issuer: &str, endpoint: serde_json::Value| {
        Answer::Json(json!({"issuer": issuer, "introspection_endpoint": endpoint}))
    };
    let endpoint = format!("{}/introspect", server.url);
    let slash = format!("{}/", server.url);
    let cases = [
        (
            elsewhere("https://evil.example", json!(endpoint)),
            DiscoveryError::Issuer("https://evil.example".into()),
        ),
        (
            elsewhere(&slash, json!(endpoint)),
            DiscoveryError::Issuer(slash.clone()),
        ),
        (
            elsewhere(&server.url, json!(null)),
            DiscoveryError::Missing(NAME),
        ),
        (
            elsewhere(&server.url, json!("http://as.example/introspect")),
            DiscoveryError::Endpoint(NAME, EndpointError::NotHttps),
        ),
        (Answer::Redirect("/elsewhere"), DiscoveryError::Status(302)),
        (Answer::Plain(500, Vec::new()), DiscoveryError::Status(500)),
    ];
    server.say("/elsewhere", metadata(&server, "/introspect"));
    for (answer, expected) in cases {
        server.say(METADATA, answer.clone());
        server.say(OPENID, answer);
        let introspector = builder(&server).build().unwrap();
        let judged = introspector.introspect(TOKEN).await;
        assert_eq!(judged.err(), Some(Refusal::Unavailable { retry_after: 1 }));
        server.clock.advance(1);
        let told = introspector.ready().await;
        assert_eq!(told, Err(IntrospectionError::Discovery(expected)));
    }
    assert_eq!(server.asked("/elsewhere").len(), 0);
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn a_service_that_starts_before_its_issuer_recovers() {
    let server = issuer(METADATA).await;
    server.say(METADATA, Answer::Plain(503, Vec::new()));
    let introspector = builder(&server).build().unwrap();
    for _ in 0..10 {
        assert!(introspector.introspect(TOKEN).await.is_err());
    }
    assert_eq!(
        server.asked(METADATA).len(),
        1,
        "not every request asks again"
    );
    server.say(METADATA, metadata(&server, "/introspect"));
    server.clock.advance(1);
    assert!(introspector.introspect(TOKEN).await.is_ok());
}

#[tokio::test]
async fn an_endpoint_that_moves_is_found_and_metadata_that_are_away_do_not_matter() {
    let server = issuer(METADATA).await;
    let introspector = builder(&server).build().unwrap();
    introspector.introspect(TOKEN).await.unwrap();

    server.say(METADATA, Answer::Plain(503, Vec::new()));
    server.clock.advance(3600);
    for _ in 0..3 {
        introspector.introspect(TOKEN).await.unwrap();
    }
    // Behind the back of who asks; the second document is asked for last.
    until(|| server.asked(OPENID).len() == 1).await;
    introspector.introspect(TOKEN).await.unwrap();
    assert_eq!(server.asked(METADATA).len(), 2, "one attempt per cool-down");
    assert_eq!(server.count(), 5);

    server.say(METADATA, metadata(&server, "/moved"));
    server.clock.advance(30);
    while server.asked("/moved").is_empty() {
        introspector.introspect(TOKEN).await.unwrap();
    }
    assert_eq!(server.asked(METADATA).len(), 3);
    let before = server.count();
    introspector.introspect(TOKEN).await.unwrap();
    assert_eq!(server.count(), before, "nobody is asked where it was");

    // For a day, not for ever.
    server.say(METADATA, Answer::Plain(503, Vec::new()));
    server.clock.advance(86_399);
    assert!(introspector.introspect(TOKEN).await.is_ok());
    server.clock.advance(30);
    assert!(introspector.introspect(TOKEN).await.is_err());
}

/// Waits for what happens behind the back of who asks.
async fn until(happened: impl Fn() -> bool) {
    let waiting = async {
        while !happened() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let within = tokio::time::timeout(Duration::from_secs(5), waiting);
    within.await.expect("it should have happened");
}

#[tokio::test]
async fn metadata_of_another_transport_that_reads_on_are_not_believed() {
    const MAX_LEN: usize = 256 * 1024;
    for (len, expected) in [
        (MAX_LEN, Ok(())),
        (
            MAX_LEN + 1,
            Err(DiscoveryError::Transport(TransportError::TooLong(MAX_LEN)).into()),
        ),
    ] {
        let issuer = Scripted::new(move |path, _| match path {
            METADATA | OPENID => {
                let mut body = metadata_of_the_issuer().to_string().into_bytes();
                body.resize(len, b' ');
                Reply(0, Answer::Plain(200, body))
            }
            _ => Reply::good(0),
        });
        let introspector = issuer.at_issuer().build().unwrap();
        assert_eq!(introspector.ready().await, expected, "{len}");
    }
}
