//! RULES T4: whoever uses this crate may still choose the crypto providers of the process, afterwards. A program of its
//! own, since they can be chosen once.

use countersign_core::{FixedClock, SigningAlgorithm, Timestamp};
use countersign_jose::SigningKey;
use countersign_jose::access_token::{self, AccessTokenClaims};
use countersign_resource::{HttpTransport, Validator};
use jsonwebtoken::crypto::{CryptoProvider, KeyUtils};
use jsonwebtoken::errors::ErrorKind;
use std::sync::Arc;

static OWN: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
    verifier_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
    key_utils: KeyUtils::new_unimplemented(),
};

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "this is a host program, which chooses for itself"
)]
async fn rule_t4_the_host_program_chooses_its_providers_after_using_this_crate() {
    let now = Timestamp::from_seconds(1_800_000_000);
    let (key, _) = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let token = access_token::sign(
        &key,
        &AccessTokenClaims {
            iss: "https://issuer.example".into(),
            sub: "billing-worker".into(),
            aud: vec!["https://api.example".into()],
            exp: now.plus(600),
            iat: now,
            nbf: None,
            jti: "1".into(),
            client_id: "billing-worker".into(),
            scope: None,
            further: serde_json::Map::new(),
        },
    )
    .unwrap();
    let keys = serde_json::json!({ "keys": [key.public_jwk()] }).to_string();
    let validator = Validator::from_jwks("https://issuer.example", keys, "https://api.example")
        .clock(Arc::new(FixedClock::at(now)))
        .build()
        .unwrap();
    validator.validate(&token).await.unwrap();
    // Nor does a transport with TLS settle anything, whether it trusts the platform or somebody in particular.
    let authority = include_bytes!("fixtures/test-only-ca.pem");
    HttpTransport::with_root_certificates(authority).unwrap();
    let unreachable = Validator::from_jwks_url(
        "https://issuer.example",
        "https://127.0.0.1:9/jwks",
        "https://api.example",
    );
    assert!(unreachable.build().unwrap().ready().await.is_err());

    assert!(OWN.install_default().is_ok());
    let rustls = rustls::crypto::ring::default_provider();
    assert!(rustls.install_default().is_ok());
    // And what was chosen for others does not touch this crate.
    validator.validate(&token).await.unwrap();
}
