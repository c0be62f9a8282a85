//! What a validator is made of, and what none is made of.

use countersign_core::Clock as _;
use countersign_core::{IssuerError, SigningAlgorithm};
use countersign_jose::access_token::{self, AccessTokenClaims, AccessTokenError, ClaimsError};
use countersign_jose::json::JsonError;
use countersign_jose::jws::JwsError;
use countersign_jose::{Algorithm, JwkError, JwkSetError, SigningKey};
use countersign_resource::{
    BuildError, EndpointError, MAX_CLOCK_SKEW, Refusal, SystemClock, Validator, ValidatorBuilder,
};
use serde_json::{Value, json};

use crate::fixtures::{
    API, ISSUER, KEY, NOW, RSA_2048, TestKey, changed, claims, claims_json, clock, error, given,
    jwks, validator,
};

fn refused(builder: ValidatorBuilder) -> Option<BuildError> {
    builder.build().err()
}

#[test]
fn cve_2026_22748_no_validator_without_issuer_and_audience() {
    let set = jwks([&*KEY]);
    let rows = [
        (
            Validator::from_jwks("", &*set, API),
            BuildError::EmptyIssuer,
        ),
        (
            Validator::from_jwks(ISSUER, &*set, ""),
            BuildError::EmptyAudience,
        ),
        (given(&*set).audience(""), BuildError::EmptyAudience),
        (
            Validator::from_jwks_url("", "https://a.example", API),
            BuildError::EmptyIssuer,
        ),
        (
            Validator::from_jwks_url(ISSUER, "https://a.example", ""),
            BuildError::EmptyAudience,
        ),
        (
            Validator::from_jwks_file("", "jwks.json", API),
            BuildError::EmptyIssuer,
        ),
        (
            Validator::from_jwks_file(ISSUER, "jwks.json", ""),
            BuildError::EmptyAudience,
        ),
        (Validator::from_issuer("", API), BuildError::EmptyIssuer),
        (
            Validator::from_issuer(ISSUER, ""),
            BuildError::EmptyAudience,
        ),
    ];
    for (builder, expected) in rows {
        let name = format!("{builder:?}");
        assert_eq!(refused(builder), Some(expected), "{name}");
    }
}

#[test]
fn what_cannot_be_asked_is_refused_at_once() {
    let url = |url| Validator::from_jwks_url(ISSUER, url, API);
    let rows = [
        (
            url("http://issuer.example/jwks"),
            BuildError::Url(EndpointError::NotHttps),
        ),
        (url("/jwks"), BuildError::Url(EndpointError::NotAUrl)),
        (
            url("https://a:b@issuer.example/"),
            BuildError::Url(EndpointError::Excess),
        ),
        (
            Validator::from_issuer("http://issuer.example", API),
            BuildError::Issuer(IssuerError::NotHttps),
        ),
        (
            Validator::from_issuer("https://issuer.example?tenant=1", API),
            BuildError::Issuer(IssuerError::Excess),
        ),
        (
            given(jwks([&*KEY])).clock_skew(61),
            BuildError::ClockSkew(61),
        ),
        (
            given(jwks([&*KEY])).rsa_algorithm(Algorithm::HS256),
            BuildError::RsaAlgorithm,
        ),
        (
            given(jwks([&*KEY])).rsa_algorithm(Algorithm::ES256),
            BuildError::RsaAlgorithm,
        ),
        (given("{}"), BuildError::KeySet(JwkSetError::NotASet)),
        (
            given("no"),
            BuildError::KeySet(JwkSetError::Json(JsonError::Syntax)),
        ),
    ];
    for (builder, expected) in rows {
        assert_eq!(refused(builder), Some(expected));
    }
    for fine in [
        url("https://issuer.example/jwks"),
        url("http://localhost/jwks"),
        Validator::from_issuer("http://127.0.0.1:8080", API),
        given(jwks([&*KEY])).clock_skew(MAX_CLOCK_SKEW),
    ] {
        assert_eq!(refused(fine), None);
    }
}

#[test]
fn a_set_without_a_usable_key_says_why() {
    let private = changed(KEY.jwk(), &json!({"d": "AAAA"}));
    let symmetric = json!({"kty": "oct", "kid": "s", "k": "AAAA"});
    let rows = [
        (vec![], vec![]),
        (vec![private.clone()], vec![JwkError::Private]),
        (vec![symmetric.clone()], vec![JwkError::Symmetric]),
        (
            vec![private, symmetric],
            vec![JwkError::Private, JwkError::Symmetric],
        ),
        (
            vec![KEY.jwk(), KEY.jwk()],
            vec![JwkError::DuplicateKeyId; 2],
        ),
    ];
    for (keys, expected) in rows {
        let Some(BuildError::NoUsableKey(refused)) =
            refused(given(json!({ "keys": keys }).to_string()))
        else {
            panic!("it was built of {keys:?}");
        };
        let reasons: Vec<_> = refused.iter().map(|key| key.reason).collect();
        assert_eq!(reasons, expected);
        let text = BuildError::NoUsableKey(refused).to_string();
        assert!(
            expected
                .iter()
                .all(|reason| text.contains(&reason.to_string())),
            "{text}"
        );
    }
}

#[tokio::test]
async fn rfc9068_4_audiences() {
    let one = validator();
    let two = given(jwks([&*KEY]))
        .audience("https://old.example")
        .build()
        .unwrap();
    let rows: [(Value, bool, bool); 8] = [
        (json!(API), true, true),
        (json!([API]), true, true),
        (json!(["https://other.example", API]), true, true),
        (json!("https://old.example"), false, true),
        (json!("https://other.example"), false, false),
        (json!(format!("{API}/")), false, false),
        (json!(API.to_uppercase()), false, false),
        (json!(""), false, false),
    ];
    for (aud, by_one, by_two) in rows {
        let token = KEY.token_with(&changed(claims_json(), &json!({ "aud": aud })));
        for (validator, accepted) in [(&one, by_one), (&two, by_two)] {
            let refused = error(validator.validate(&token).await);
            assert_eq!(
                refused,
                (!accepted).then_some(AccessTokenError::Audience),
                "{aud}"
            );
        }
    }
}

#[tokio::test]
async fn clocks_may_differ_by_ten_seconds_or_as_said() {
    for (skew, seconds) in [(None, 10), (Some(0), 0), (Some(60), 60)] {
        let builder = given(jwks([&*KEY]));
        let validator = match skew {
            Some(skew) => builder.clock_skew(skew),
            None => builder,
        };
        let validator = validator.build().unwrap();
        let rows = [
            (json!({"exp": NOW.plus(1 - seconds)}), None),
            (
                json!({"exp": NOW.plus(-seconds)}),
                Some(ClaimsError::Expired),
            ),
            (json!({"nbf": NOW.plus(seconds)}), None),
            (
                json!({"nbf": NOW.plus(seconds + 1)}),
                Some(ClaimsError::NotYetValid),
            ),
            (json!({"iat": NOW.plus(seconds)}), None),
            (
                json!({"iat": NOW.plus(seconds + 1)}),
                Some(ClaimsError::IssuedInTheFuture),
            ),
        ];
        for (changes, expected) in rows {
            let token = KEY.token_with(&changed(claims_json(), &changes));
            let refused = error(validator.validate(&token).await);
            assert_eq!(refused, expected.map(Into::into), "{skew:?} {changes}");
        }
    }
}

#[tokio::test]
async fn required_scopes() {
    let rows = [
        ("", "", true),
        ("", "read", false),
        ("read", "read", true),
        ("read write", "read", true),
        ("read", "read write", false),
        ("write read", "read write", true),
        ("reads", "read", false),
        ("READ", "read", false),
    ];
    for (has, needs, accepted) in rows {
        let scope = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let required = match needs {
            "" => countersign_core::Scope::empty(),
            needs => scope(needs).parse().unwrap(),
        };
        let validator = given(jwks([&*KEY])).require_scope(required.clone());
        let validator = validator.build().unwrap();
        let claims = AccessTokenClaims {
            scope: has.parse().ok(),
            ..claims()
        };
        let judged = validator.validate(&KEY.token_of(&claims)).await;
        match judged {
            Ok(_) => assert!(accepted, "{has:?} {needs:?}"),
            Err(refusal) => {
                assert!(!accepted, "{has:?} {needs:?}");
                assert_eq!(refusal, Refusal::InsufficientScope { required });
            }
        }
    }
}

#[tokio::test]
async fn rsa_keys_without_alg_are_for_one_algorithm() {
    let rsa = |algorithm| SigningKey::from_pkcs8(algorithm, RSA_2048).unwrap();
    let (rs, ps) = (rsa(SigningAlgorithm::Rs256), rsa(SigningAlgorithm::Ps256));
    let mut jwk = serde_json::to_value(rs.public_jwk()).unwrap();
    jwk.as_object_mut().unwrap().remove("alg");
    let set = json!({ "keys": [jwk] }).to_string();
    let token = |key| access_token::sign(key, &claims()).unwrap();
    let mismatch = Some(JwsError::AlgorithmMismatch.into());
    let by_default = given(&*set).build().unwrap();
    assert_eq!(error(by_default.validate(&token(&rs)).await), None);
    assert_eq!(error(by_default.validate(&token(&ps)).await), mismatch);
    let by_choice = given(&*set)
        .rsa_algorithm(Algorithm::PS256)
        .build()
        .unwrap();
    assert_eq!(error(by_choice.validate(&token(&ps)).await), None);
    assert_eq!(error(by_choice.validate(&token(&rs)).await), mismatch);
}

#[derive(serde::Deserialize)]
struct Claims {
    sub: String,
    groups: Vec<String>,
}

#[tokio::test]
async fn a_token_says_what_it_says() {
    let further = json!({"groups": ["finance"], "email": "jane@example.com"});
    let token = KEY.token_of(&AccessTokenClaims {
        further: further.as_object().unwrap().clone(),
        ..claims()
    });
    let text = token.clone();
    let token = validator().validate(&token).await.unwrap();
    assert_eq!(token.issuer(), Some(ISSUER));
    assert_eq!(token.subject(), Some("billing-worker"));
    assert_eq!(token.client_id(), Some("billing-worker"));
    assert_eq!(token.audience(), [API]);
    assert_eq!(
        token.scope(),
        &"accounts.read accounts.write".parse().unwrap()
    );
    assert_eq!(token.expires_at(), Some(NOW.plus(600)));
    assert_eq!(token.issued_at(), Some(NOW));
    assert_eq!(token.not_before(), Some(NOW));
    assert_eq!(token.id(), Some("1"));
    assert_eq!(token.claim("groups"), Some(&json!(["finance"])));
    // What has a method of its own is no further claim.
    assert_eq!(token.claim("sub"), None);
    // All of them together, as they stood in the token.
    assert_eq!(
        token.claims_as::<Value>().unwrap(),
        changed(claims_json(), &further)
    );

    let claims: Claims = token.claims_as().unwrap();
    assert_eq!(
        (claims.sub, claims.groups),
        ("billing-worker".into(), vec!["finance".into()])
    );
    assert!(token.claims_as::<Vec<u8>>().is_err());

    let shown = format!("{token:?}");
    assert!(
        shown.contains("billing-worker") && shown.contains("groups"),
        "{shown}"
    );
    for hidden in ["finance", "jane", &text, text.rsplit('.').next().unwrap()] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

#[tokio::test]
async fn several_audiences_stay_several() {
    let token = KEY.token_of(&AccessTokenClaims {
        aud: vec![API.into(), "https://other.example".into()],
        nbf: None,
        scope: None,
        ..claims()
    });
    let token = validator().validate(&token).await.unwrap();
    let all: Value = token.claims_as().unwrap();
    assert_eq!(all["aud"], json!([API, "https://other.example"]));
    assert_eq!((all.get("scope"), all.get("nbf")), (None, None));
}

#[tokio::test]
async fn without_a_clock_the_time_is_that_of_the_machine() {
    let key = TestKey::new();
    let now = SystemClock.now();
    assert!(now > NOW.plus(-60_000_000), "{now}");
    let validator = Validator::from_jwks(ISSUER, jwks([&key]), API)
        .build()
        .unwrap();
    for (issued, expected) in [(0, None), (-700, Some(ClaimsError::Expired))] {
        let iat = now.plus(issued);
        let token = key.token_of(&AccessTokenClaims {
            iat,
            nbf: None,
            exp: iat.plus(600),
            ..claims()
        });
        assert_eq!(
            error(validator.validate(&token).await),
            expected.map(Into::into)
        );
    }
    // And what is shown of a validator is for whom it is.
    let shown = format!("{validator:?} {:?}", given(jwks([&key])).clock(clock()));
    assert!(shown.contains(ISSUER) && shown.contains(API), "{shown}");
}
