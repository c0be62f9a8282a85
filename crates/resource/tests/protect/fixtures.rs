//! An issuer that needs no network, and its tokens.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, Response, header};
use countersign_core::{FixedClock, Secret, SigningAlgorithm, Timestamp};
use countersign_jose::access_token::{self, AccessTokenClaims};
use countersign_jose::{JwkSet, SigningKey};
use countersign_resource::{
    IntrospectionCredentials, Introspector, IntrospectorBuilder, Limits, Transport, TransportError,
    Validator, ValidatorBuilder,
};
use serde_json::{Value, json};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub(crate) const ISSUER: &str = "https://as.example";
pub(crate) const AUDIENCE: &str = "https://api.example";

/// An issuer: what it signs, and what its introspection endpoint says.
pub(crate) struct Issuer {
    key: SigningKey,
    pub(crate) clock: Arc<FixedClock>,
    endpoint: Arc<Endpoint>,
}

/// The introspection endpoint, and the tokens that it was asked about.
#[derive(Default)]
struct Endpoint {
    answer: Mutex<Option<Value>>,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Transport for Endpoint {
    async fn send(
        &self,
        request: Request<Vec<u8>>,
        _: Limits,
    ) -> Result<Response<Vec<u8>>, TransportError> {
        let token = form_urlencoded::parse(request.body())
            .find(|(name, _)| name == "token")
            .map(|(_, value)| value.into_owned());
        self.asked.lock().expect("no panic").extend(token);
        match &*self.answer.lock().expect("no panic") {
            Some(answer) => Ok(Response::new(answer.to_string().into_bytes())),
            None => Err(TransportError::TimedOut),
        }
    }
}

impl Issuer {
    pub(crate) fn new() -> Self {
        let (key, _) = SigningKey::generate(SigningAlgorithm::Es256).expect("a key");
        Self {
            key,
            clock: Arc::new(FixedClock::at(NOW)),
            endpoint: Arc::default(),
        }
    }

    /// A token of alice for [`AUDIENCE`] that lives for 600 seconds.
    pub(crate) fn token(&self, scope: &str, further: &Value) -> String {
        let claims = AccessTokenClaims {
            iss: ISSUER.into(),
            sub: "alice".into(),
            aud: vec![AUDIENCE.into()],
            exp: NOW.plus(600),
            iat: NOW,
            nbf: None,
            jti: "1".into(),
            client_id: "app".into(),
            scope: Some(scope.parse().expect("a scope")),
            further: further.as_object().expect("an object").clone(),
        };
        access_token::sign(&self.key, &claims).expect("signing")
    }

    pub(crate) fn validator(&self) -> Validator {
        self.validator_builder().build().expect("a judge")
    }

    pub(crate) fn validator_builder(&self) -> ValidatorBuilder {
        let keys = JwkSet {
            keys: vec![self.key.public_jwk().clone()],
        };
        Validator::from_jwks(
            ISSUER,
            serde_json::to_vec(&keys).expect("keys are JSON"),
            AUDIENCE,
        )
        .clock(self.clock.clone())
    }

    pub(crate) fn introspector(&self) -> Introspector {
        self.introspector_builder().build().expect("a judge")
    }

    pub(crate) fn introspector_builder(&self) -> IntrospectorBuilder {
        let credentials = IntrospectionCredentials::secret_basic("api", Secret::new("x".into()));
        let url = format!("{ISSUER}/introspect");
        Introspector::from_endpoint(ISSUER, url, credentials, AUDIENCE)
            .clock(self.clock.clone())
            .transport(self.endpoint.clone())
    }

    /// From now on, every token that is asked about is one of bob's. Before, there is no answer.
    pub(crate) fn say_active(&self) {
        *self.endpoint.answer.lock().expect("no panic") = Some(json!({
            "active": true,
            "iss": ISSUER,
            "sub": "bob",
            "aud": AUDIENCE,
            "scope": "read",
        }));
    }

    /// The tokens that were asked about.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.endpoint.asked.lock().expect("no panic").clone()
    }
}

/// A request for `path` with these values of `Authorization`.
pub(crate) fn get(path: &str, authorization: &[&str]) -> Request<Body> {
    let mut request = Request::get(path);
    for value in authorization {
        request = request.header(header::AUTHORIZATION, *value);
    }
    request.body(Body::empty()).expect("a request")
}

pub(crate) async fn text(response: Response<Body>) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 100_000).await;
    String::from_utf8(bytes.expect("a body").to_vec()).expect("a text")
}

/// The one value of a header.
pub(crate) fn header<B>(response: &Response<B>, name: &str) -> Option<String> {
    let mut values = response.headers().get_all(name).iter();
    let value = values.next()?.to_str().expect("a text").to_owned();
    assert_eq!(values.next(), None, "{name} stands once");
    Some(value)
}
