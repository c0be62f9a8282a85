//! Answers that are believed again: attack class 32, CVE-2021-32701.

use countersign_resource::{InvalidToken, Refusal};
use serde_json::json;

use crate::server::{Answer, NOW, Server, TOKEN, active, good, inactive};

#[tokio::test]
async fn without_a_cache_every_request_is_asked_about() {
    let server = Server::saying(good()).await;
    for introspector in [
        server.introspector(),
        server.builder().cache(0, 60).build().unwrap(),
    ] {
        let before = server.count();
        for _ in 0..3 {
            introspector.introspect(TOKEN).await.unwrap();
        }
        assert_eq!(server.count(), before + 3);
    }
}

#[tokio::test]
async fn f32_an_answer_is_of_one_token() {
    let server = Server::saying(good()).await;
    let introspector = server.builder().cache(100, 60).build().unwrap();
    introspector.introspect(TOKEN).await.unwrap();
    let again = introspector.clone().introspect(TOKEN).await.unwrap();
    assert_eq!(again.subject(), Some("alice"));
    assert_eq!(server.count(), 1);

    server.say("/introspect", inactive());
    let longer = format!("{TOKEN}x");
    for other in [&longer, &TOKEN[..TOKEN.len() - 1], "MF_9.B5f-4.1JqM"] {
        let judged = introspector.introspect(other).await;
        assert_eq!(judged.err(), Some(InvalidToken::Inactive.into()), "{other}");
    }
    assert_eq!(server.count(), 4);
}

#[tokio::test]
async fn f32_an_answer_is_of_one_audience() {
    let server = Server::saying(good()).await;
    let ours = server.builder().cache(100, 60).build().unwrap();
    let theirs = server
        .builder()
        .audience("urn:other")
        .cache(100, 60)
        .build()
        .unwrap();
    server.say("/introspect", active(&json!({"aud": "urn:other"})));
    assert!(theirs.introspect(TOKEN).await.is_ok());
    let judged = ours.introspect(TOKEN).await;
    assert_eq!(judged.err(), Some(InvalidToken::Audience.into()));
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn f32_scopes_are_judged_each_time() {
    let server = Server::saying(good()).await;
    let required: countersign_core::Scope = "admin".parse().unwrap();
    let introspector = server
        .builder()
        .cache(100, 60)
        .require_scope(required.clone())
        .build()
        .unwrap();
    for _ in 0..2 {
        assert_eq!(
            introspector.introspect(TOKEN).await.err(),
            Some(Refusal::InsufficientScope {
                required: required.clone()
            })
        );
    }
    assert_eq!(server.count(), 1, "the answer was kept, and lets nobody in");
}

#[tokio::test]
async fn an_answer_ends_with_its_age_or_its_token_whichever_is_first() {
    // Seconds that the token has left, seconds for which answers are kept, seconds after which one is asked again.
    let cases = [
        (Some(600), 60, 60),
        (Some(600), 5, 5),
        (Some(7), 60, 7),
        (None, 60, 60),
    ];
    for (left, max_age, ends) in cases {
        let exp = left.map(|left| NOW.as_seconds() + left);
        let server = Server::saying(active(&json!({ "exp": exp }))).await;
        let introspector = server.builder().cache(100, max_age).build().unwrap();
        introspector.introspect(TOKEN).await.unwrap();
        server.clock.advance(ends - 1);
        introspector.introspect(TOKEN).await.unwrap();
        assert_eq!(server.count(), 1, "{left:?} {max_age}");
        server.clock.advance(1);
        introspector.introspect(TOKEN).await.unwrap();
        assert_eq!(server.count(), 2, "{left:?} {max_age}");
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_no_answer_younger() {
    let server = Server::saying(good()).await;
    let introspector = server.builder().cache(100, 60).build().unwrap();
    introspector.introspect(TOKEN).await.unwrap();
    server.clock.advance(-1);
    introspector.introspect(TOKEN).await.unwrap();
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn refusals_are_not_kept_and_end_what_was() {
    let server = Server::start().await;
    let introspector = server.builder().cache(100, 60).build().unwrap();
    // One after another: what is answered, and whether the token is good by it.
    let down = || Answer::Plain(503, Vec::new());
    let steps = [
        (inactive(), false),
        (down(), false),
        (active(&json!({"aud": "urn:other"})), false),
        (good(), true),
    ];
    for (index, (answer, is_good)) in steps.into_iter().enumerate() {
        server.say("/introspect", answer);
        let judged = introspector.introspect(TOKEN).await;
        assert_eq!(judged.is_ok(), is_good, "step {index}");
        assert_eq!(server.count(), index + 1, "step {index}");
    }
    server.say("/introspect", inactive());
    assert!(introspector.introspect(TOKEN).await.is_ok(), "kept");
    server.clock.advance(60);
    for _ in 0..2 {
        assert!(introspector.introspect(TOKEN).await.is_err(), "ended");
    }
    // Whoever turns the clock back finds nothing either.
    server.clock.advance(-60);
    assert!(introspector.introspect(TOKEN).await.is_err());
}

#[tokio::test]
async fn the_cache_is_bounded() {
    let server = Server::saying(good()).await;
    let introspector = server.builder().cache(2, 60).build().unwrap();
    for round in 1..=2 {
        for token in 0..40 {
            introspector.introspect(&token.to_string()).await.unwrap();
        }
        assert!(server.count() >= round * 36, "{} requests", server.count());
    }
}
