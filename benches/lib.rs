//! What the benchmarks measure, and the floors that they are measured against: bare cryptography, parsed keys, no
//! parsing, no policy, no JSON.
#![forbid(unsafe_code)]
#![expect(
    clippy::missing_panics_doc,
    reason = "a benchmark that cannot go on has to stop"
)]

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey,
};
use countersign_core::{
    AccessTokenFormat, ClientSettings, Clock, FixedClock, GrantType, Random, Secret, Timestamp,
};
use countersign_jose::access_token::{
    self, AccessTokenClaims, AccessTokenValidator, ExpectedAudience,
};
use countersign_jose::{JwkSet, SigningAlgorithm, SigningKey, VerifyingKeys};
use countersign_protocol::{Form, TokenRequest};
use countersign_provider::{Host, MasterKey, Origin, Provider, SecretSource, Settings};
use countersign_resource::Validator;
use countersign_storage::MemoryStore;

/// When everything here happens.
pub const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const ISSUER: &str = "https://login.example.com";

/// The randomness of the machine.
pub struct OsRandom;

impl Random for OsRandom {
    #[expect(clippy::disallowed_methods, reason = "a benchmark is a host program")]
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("no benchmark without randomness");
    }
}

/// The floor: one ES256 signature and one verification over as many bytes as a token signs.
pub struct BareEs256 {
    pair: EcdsaKeyPair,
    public: ParsedPublicKey,
    random: SystemRandom,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl BareEs256 {
    /// A fresh key, and a message of the length that the signing input of `token` has.
    #[must_use]
    pub fn over(token: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .expect("the backend generates P-256 keys");
        let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref())
            .expect("a key just generated parses");
        let input = token.rfind('.').map_or(token, |end| &token[..end]);
        let random = SystemRandom::new();
        let mut bare = Self {
            pair,
            public,
            random,
            message: input.into(),
            signature: Vec::new(),
        };
        bare.signature = bare.sign();
        bare
    }

    /// One bare signature.
    #[must_use]
    pub fn sign(&self) -> Vec<u8> {
        let signature = self.pair.sign(&self.random, &self.message);
        signature
            .expect("signing a message cannot fail")
            .as_ref()
            .to_vec()
    }

    /// One bare verification.
    #[must_use]
    pub fn verify(&self) -> bool {
        self.public
            .verify_sig(&self.message, &self.signature)
            .is_ok()
    }
}

/// Signing and verifying an access token with `jose`.
pub struct Jose {
    key: SigningKey,
    keys: VerifyingKeys,
    validator: AccessTokenValidator,
    claims: AccessTokenClaims,
    /// A token that [`Jose::verify`] verifies.
    pub token: String,
}

impl Jose {
    /// A fresh key and typical claims.
    #[must_use]
    pub fn new() -> Self {
        let (key, _) =
            SigningKey::generate(SigningAlgorithm::Es256).expect("ES256 keys can be made");
        let claims = AccessTokenClaims {
            iss: ISSUER.into(),
            sub: "billing-worker".into(),
            aud: vec!["https://api.example.com".into()],
            exp: NOW.plus(600),
            iat: NOW,
            nbf: Some(NOW),
            jti: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHAQIDBAUGBwgJCgsM".into(),
            client_id: "billing-worker".into(),
            scope: "invoices.read invoices.write".parse().ok(),
            further: serde_json::Map::new(),
        };
        let keys = VerifyingKeys::new([key.verifying_key()]).expect("one key has no double");
        let audience = ExpectedAudience::OneOf(claims.aud.clone());
        let token = access_token::sign(&key, &claims).expect("these claims can be signed");
        Self {
            key,
            keys,
            validator: AccessTokenValidator::new(ISSUER, audience, 60),
            claims,
            token,
        }
    }

    /// Signs one access token.
    #[must_use]
    pub fn sign(&self) -> String {
        access_token::sign(&self.key, &self.claims).expect("these claims can be signed")
    }

    /// Verifies one access token: signature, type, issuer, audience, times.
    #[must_use]
    pub fn verify(&self) -> bool {
        self.validator.verify(&self.token, &self.keys, NOW).is_ok()
    }
}

impl Default for Jose {
    fn default() -> Self {
        Self::new()
    }
}

/// An API that checks the token of a [`Jose`].
pub struct Api {
    validator: Validator,
    token: String,
}

impl Api {
    /// With or without a cache of verified tokens.
    #[must_use]
    pub fn new(jose: &Jose, remembers: bool) -> Self {
        let published = JwkSet {
            keys: vec![jose.key.public_jwk().clone()],
        };
        let json = serde_json::to_vec(&published).expect("a JWK set is representable in JSON");
        let mut builder = Validator::from_jwks(ISSUER, json, jose.claims.aud[0].clone())
            .clock(Arc::new(FixedClock::at(NOW)));
        if remembers {
            builder = builder.verified_tokens(1_000);
        }
        Self {
            validator: builder.build().expect("the keys are good"),
            token: jose.token.clone(),
        }
    }

    /// Checks the token as a request would have it. Nothing is waited for: no runtime is needed.
    #[must_use]
    pub fn validate(&self) -> bool {
        let mut validating = pin!(self.validator.validate(&self.token));
        let mut context = Context::from_waker(Waker::noop());
        matches!(validating.as_mut().poll(&mut context), Poll::Ready(Ok(_)))
    }
}

/// A provider on a memory store, with one client.
pub struct Issuing {
    provider: Provider,
    authorization: String,
}

impl Issuing {
    /// Starts a provider whose client gets tokens of `format`.
    pub async fn start(format: AccessTokenFormat) -> Self {
        let settings = Settings::new(ISSUER.parse().expect("a well-formed issuer"));
        let host = Host {
            clock: Arc::new(FixedClock::at(NOW)) as Arc<dyn Clock>,
            random: Arc::new(OsRandom),
            master_key: MasterKey::new(Secret::new([7; 32])),
            key_sets: None,
        };
        let provider = Provider::start(Arc::new(MemoryStore::new()), settings, host)
            .await
            .expect("a memory store answers");
        let client = ClientSettings {
            scope: "invoices.read invoices.write"
                .parse()
                .expect("a well-formed scope"),
            access_token_format: Some(format),
            ..ClientSettings::new(vec![GrantType::ClientCredentials])
        };
        let id = "billing-worker".parse().expect("a well-formed client id");
        let added = provider
            .add_client(id, client, SecretSource::Generated)
            .await
            .expect("the first client of its name is added");
        let secret = added.secret.expect("a generated secret is shown");
        let basic = format!("billing-worker:{}", secret.expose());
        Self {
            provider,
            authorization: format!("Basic {}", base64(basic.as_bytes())),
        }
    }

    /// Answers one token request: from the bytes of header and body to the response, without HTTP.
    pub async fn issue(&self) -> String {
        let body = b"grant_type=client_credentials&scope=invoices.read+invoices.write";
        let form = Form::parse(body, TokenRequest::REPEATABLE).expect("a well-formed body");
        let request =
            TokenRequest::read(&[&self.authorization], &form).expect("a well-formed request");
        self.provider
            .token(request, Origin::default())
            .await
            .expect("the client may have this")
            .access_token
    }
}

/// Standard base64 from the URL-safe one: HTTP Basic wants the former.
fn base64(bytes: &[u8]) -> String {
    countersign_jose::base64url::encode(bytes)
        .replace('-', "+")
        .replace('_', "/")
}
