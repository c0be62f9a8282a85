//! How the API proves who it is.

use std::collections::HashSet;

use axum::http::header;
use countersign_core::{Secret, SigningAlgorithm};
use countersign_jose::client_assertion::{
    self, AssertionError, AssertionRules, UnverifiedAssertion,
};
use countersign_jose::{SigningKey, VerifyingKeys};
use countersign_resource::{IntrospectionCredentials, Introspector};

use crate::server::{AUDIENCE, ISSUER, NOW, Server, TOKEN, good};

fn with(server: &Server, credentials: IntrospectionCredentials) -> Introspector {
    let url = format!("{}/introspect", server.url);
    Introspector::from_endpoint(ISSUER, url, credentials, AUDIENCE)
        .clock(server.clock.clone())
        .build()
        .expect("an introspector")
}

#[tokio::test]
async fn d36_d37_a_fresh_assertion_for_the_issuer_each_time() {
    let server = Server::saying(good()).await;
    let (key, _) = SigningKey::generate(SigningAlgorithm::EdDsa).unwrap();
    let keys = VerifyingKeys::new([key.verifying_key()]).unwrap();
    let introspector = with(
        &server,
        IntrospectionCredentials::private_key_jwt("api", key),
    );
    for _ in 0..5 {
        introspector.introspect(TOKEN).await.unwrap();
    }
    let mut jtis = HashSet::new();
    for asked in server.asked("/introspect") {
        assert_eq!(asked.header(header::AUTHORIZATION), None);
        assert_eq!(asked.parameter("client_secret"), None);
        assert_eq!(asked.parameter("token").as_deref(), Some(TOKEN));
        assert_eq!(
            asked.parameter("client_assertion_type").as_deref(),
            Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        );
        let assertion = asked.parameter("client_assertion").unwrap();
        let rules = AssertionRules {
            client_id: "api",
            issuer: ISSUER,
            now: NOW,
            leeway_seconds: 0,
        };
        let verified = client_assertion::verify(&assertion, &keys, &rules).unwrap();
        assert_eq!(verified.exp(), NOW.plus(60));
        jtis.insert(verified.jti().to_owned());
        let elsewhere = AssertionRules {
            issuer: "https://other.example",
            ..rules
        };
        let refused = client_assertion::verify(&assertion, &keys, &elsewhere);
        assert_eq!(refused.err(), Some(AssertionError::Audience));
    }
    assert_eq!(jtis.len(), 5);
}

#[tokio::test]
async fn oidc_core_10_1_a_key_goes_by_the_name_that_the_issuer_has_for_it() {
    let server = Server::saying(good()).await;
    let key = || SigningKey::generate(SigningAlgorithm::Es256).unwrap().0;
    let thumbprint = key();
    let id = thumbprint.id().to_string();
    for (credentials, expected) in [
        (
            IntrospectionCredentials::private_key_jwt("api", thumbprint),
            &*id,
        ),
        (
            IntrospectionCredentials::private_key_jwt_with_kid("api", key(), "2026-10"),
            "2026-10",
        ),
    ] {
        with(&server, credentials).introspect(TOKEN).await.unwrap();
        let asked = server.asked("/introspect");
        let assertion = asked.last().unwrap().parameter("client_assertion").unwrap();
        let unverified = UnverifiedAssertion::peek(&assertion).unwrap();
        assert_eq!(unverified.kid(), Some(expected));
    }
}

#[tokio::test]
async fn rfc6749_2_3_1_id_and_secret_are_form_encoded_before_they_are_basic() {
    let server = Server::saying(good()).await;
    let secret = Secret::new("a:b+\u{e9}".into());
    let credentials = IntrospectionCredentials::secret_basic("https://api.example", secret);
    with(&server, credentials).introspect(TOKEN).await.unwrap();
    let asked = &server.asked("/introspect")[0];
    // https%3A%2F%2Fapi.example:a%3Ab%2B%C3%A9
    assert_eq!(
        asked.header(header::AUTHORIZATION),
        Some("Basic aHR0cHMlM0ElMkYlMkZhcGkuZXhhbXBsZTphJTNBYiUyQiVDMyVBOQ==")
    );
    assert_eq!(asked.parameter("client_id"), None);
    assert_eq!(asked.parameter("client_secret"), None);
}
