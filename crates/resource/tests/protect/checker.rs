//! Which token is judged by whom.

use axum::http::HeaderMap;
use countersign_jose::access_token::AccessTokenError;
use countersign_jose::jws::JwsError;
use countersign_resource::{Checker, InvalidToken, Refusal, Scope};
use serde_json::json;

use crate::fixtures::Issuer;

#[tokio::test]
async fn rule_t1_the_shape_alone_selects_who_judges() {
    let issuer = Issuer::new();
    issuer.say_active();
    let checker = Checker::both(issuer.validator(), issuer.introspector());
    let good = issuer.token("read", &json!({}));
    let other_key = Issuer::new().token("read", &json!({}));
    // Who is told to be behind the token; none if it is refused. Whether the issuer is asked.
    let cases = [
        (good.as_str(), Some("alice"), false),
        // What one refuses is not shown to the other.
        (&other_key, None, false),
        ("a.b.c", None, false),
        ("..", None, false),
        ("cs_at_opaque", Some("bob"), true),
        ("a.b", Some("bob"), true),
        ("a.b.c.d", Some("bob"), true),
        ("a.b.c.d.e", Some("bob"), true),
    ];
    for (token, subject, asks) in cases {
        let before = issuer.asked().len();
        let judged = checker.check_token(token).await;
        let found = judged.as_ref().ok().and_then(|token| token.subject());
        assert_eq!(found, subject, "{token}");
        let asked = issuer.asked().split_off(before);
        assert_eq!(
            asked.first().map(String::as_str),
            asks.then_some(token),
            "{token}"
        );
    }
}

#[tokio::test]
async fn one_judge_alone_judges_everything() {
    let issuer = Issuer::new();
    issuer.say_active();
    let good = issuer.token("read", &json!({}));

    let keys = Checker::from(issuer.validator());
    assert!(keys.check_token(&good).await.is_ok());
    let refused = AccessTokenError::Jws(JwsError::NotCompact);
    assert_eq!(
        keys.check_token("opaque").await.err(),
        Some(InvalidToken::Jwt(refused).into())
    );
    assert_eq!(issuer.asked().len(), 0);

    let asking = Checker::from(issuer.introspector());
    for token in [&good, "opaque"] {
        let judged = asking.check_token(token).await.unwrap();
        assert_eq!(judged.subject(), Some("bob"));
    }
    assert_eq!(issuer.asked(), [&good, "opaque"]);
}

#[tokio::test]
async fn what_one_judge_requires_is_required_of_every_token() {
    let issuer = Issuer::new();
    issuer.say_active();
    let scope = |text: &str| -> Scope { text.parse().unwrap() };
    for (required, opaque) in [("read", true), ("admin", false), ("read admin", false)] {
        let validator = issuer.validator_builder().require_scope(scope(required));
        let checker = Checker::both(validator.build().unwrap(), issuer.introspector());
        let lacks = Some(Refusal::InsufficientScope {
            required: scope(required),
        });
        let judged = checker.check_token("opaque").await;
        assert_eq!(
            judged.err(),
            lacks.clone().filter(|_| !opaque),
            "{required}"
        );
        let jwt = issuer.token("write", &json!({}));
        assert_eq!(checker.check_token(&jwt).await.err(), lacks, "{required}");
        let jwt = issuer.token(required, &json!({}));
        assert!(checker.check_token(&jwt).await.is_ok(), "{required}");
    }
}

#[tokio::test]
async fn what_the_introspector_requires_is_required_of_jwts_too() {
    let issuer = Issuer::new();
    issuer.say_active();
    let introspector = issuer.introspector_builder();
    let introspector = introspector.require_scope("admin".parse().unwrap());
    let validator = issuer.validator_builder().build().unwrap();
    let checker = Checker::both(validator, introspector.build().unwrap());
    let jwt = issuer.token("write", &json!({}));
    let lacks = Some(Refusal::InsufficientScope {
        required: "admin".parse().unwrap(),
    });
    assert_eq!(checker.check_token(&jwt).await.err(), lacks);
    let jwt = issuer.token("admin", &json!({}));
    assert!(checker.check_token(&jwt).await.is_ok());
}

#[tokio::test]
async fn a_request_without_a_token_is_not_judged() {
    let issuer = Issuer::new();
    let checker = Checker::from(issuer.introspector());
    let judged = checker.check(&HeaderMap::new()).await;
    assert_eq!(judged.err(), Some(Refusal::Missing));
    assert_eq!(issuer.asked().len(), 0);
}
