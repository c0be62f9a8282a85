//! What an assertion has to say: every claim, right and wrong. Attack classes 37 and 38.

use serde_json::{Value, json};

use super::{ISSUER, add, by_key, claims, new_key, refusal, signed, token};
use crate::common::{START, Service};

/// One change of a right assertion, and what the answer says about it; nothing if it is accepted.
type Case = (&'static str, fn(&mut Value), Option<&'static str>);

const AUD: Option<&str> = Some("aud");

/// All that can be wrong with a claim, and what cannot.
const CASES: [Case; 33] = [
    ("as it should be", |_| (), None),
    (
        "aud: token endpoint",
        |it| it["aud"] = json!("https://as.example/oauth2/token"),
        AUD,
    ),
    (
        "aud: with a slash",
        |it| it["aud"] = json!("https://as.example/"),
        AUD,
    ),
    (
        "aud: another",
        |it| it["aud"] = json!("https://other.example"),
        AUD,
    ),
    ("aud: array of it", |it| it["aud"] = json!([ISSUER]), AUD),
    (
        "aud: array with it",
        |it| it["aud"] = json!([ISSUER, "https://other.example"]),
        AUD,
    ),
    ("aud: empty array", |it| it["aud"] = json!([]), AUD),
    ("aud: number", |it| it["aud"] = json!(7), AUD),
    ("aud: null", |it| it["aud"] = Value::Null, AUD),
    (
        "aud: object",
        |it| it["aud"] = json!({ "iss": ISSUER }),
        AUD,
    ),
    (
        "aud: missing",
        |it| {
            it.as_object_mut().unwrap().remove("aud");
        },
        AUD,
    ),
    (
        "aud: other case",
        |it| it["aud"] = json!("HTTPS://AS.EXAMPLE"),
        AUD,
    ),
    ("iss: another", |it| it["iss"] = json!("other"), Some("iss")),
    ("sub: another", |it| it["sub"] = json!("other"), Some("iss")),
    (
        "iss: missing",
        |it| {
            it.as_object_mut().unwrap().remove("iss");
        },
        Some("iss"),
    ),
    (
        "sub: missing",
        |it| {
            it.as_object_mut().unwrap().remove("sub");
        },
        Some("sub"),
    ),
    (
        "jti: missing",
        |it| {
            it.as_object_mut().unwrap().remove("jti");
        },
        Some("jti"),
    ),
    ("jti: empty", |it| it["jti"] = json!(""), Some("jti")),
    ("jti: number", |it| it["jti"] = json!(7), Some("jti")),
    (
        "jti: huge",
        |it| it["jti"] = json!("x".repeat(4_000)),
        Some("jti"),
    ),
    (
        "exp: missing",
        |it| {
            it.as_object_mut().unwrap().remove("exp");
        },
        Some("exp"),
    ),
    (
        "exp: text",
        |it| it["exp"] = json!("1800000060"),
        Some("a whole number of seconds"),
    ),
    (
        "exp: fraction",
        |it| it["exp"] = json!(1_800_000_060.5),
        Some("a whole number of seconds"),
    ),
    (
        "exp: past, within the skew",
        |it| {
            it["exp"] = json!(1_799_999_941);
            it["iat"] = json!(1_799_999_900);
        },
        None,
    ),
    (
        "exp: past",
        |it| {
            it["exp"] = json!(1_799_999_940);
            it["iat"] = json!(1_799_999_900);
        },
        Some("exp is past"),
    ),
    (
        "exp: ten minutes",
        |it| it["exp"] = json!(1_800_000_600),
        None,
    ),
    (
        "exp: more than ten minutes",
        |it| it["exp"] = json!(1_800_000_601),
        Some("600"),
    ),
    (
        "exp: a day, no iat",
        |it| {
            it["exp"] = json!(1_800_086_400);
            it.as_object_mut().unwrap().remove("iat");
        },
        Some("600"),
    ),
    (
        "iat: missing",
        |it| {
            it.as_object_mut().unwrap().remove("iat");
        },
        None,
    ),
    (
        "iat: 60 s ahead",
        |it| it["iat"] = json!(1_800_000_060),
        None,
    ),
    (
        "iat: 61 s ahead",
        |it| it["iat"] = json!(1_800_000_061),
        Some("iat is in the future"),
    ),
    (
        "nbf: 60 s ahead",
        |it| it["nbf"] = json!(1_800_000_060),
        None,
    ),
    (
        "nbf: 61 s ahead",
        |it| it["nbf"] = json!(1_800_000_061),
        Some("nbf is in the future"),
    ),
];

#[tokio::test]
async fn d37_d38_oidc_core_48_every_claim_is_checked() {
    let service = Service::new();
    let node = service.node().await;
    let key = new_key();
    add(&node, "machine", by_key(&[&key])).await;
    add(&node, "other", by_key(&[&key])).await;
    for (number, (what, change, expected)) in CASES.into_iter().enumerate() {
        let mut said = claims("machine", &number.to_string(), START);
        change(&mut said);
        let answer = token(&node, &signed(&key, &said)).await;
        match expected {
            None => assert!(answer.is_ok(), "{what}: {answer:?}"),
            Some(expected) => {
                let (status, text) = refusal(answer);
                assert_eq!(status, 400, "{what}");
                assert!(text.contains(expected), "{what}: {text}");
            }
        }
    }
}
