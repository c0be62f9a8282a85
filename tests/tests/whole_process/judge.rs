//! The foreign judge: our signatures, verified by a library that is not ours.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

/// Verifies the access token `token` with the published key that it names, and gives its claims.
pub(crate) fn verify(
    token: &str,
    jwks: &Value,
    audience: &str,
) -> jsonwebtoken::errors::Result<Value> {
    verify_claims(token, jwks, audience, &["exp", "nbf", "iss", "sub", "aud"])
}

/// The same of any JWT, which has the `required` claims.
#[expect(
    clippy::disallowed_methods,
    reason = "a test program is its own host, and wants another opinion than the one it tests (RULES T4)"
)]
pub(crate) fn verify_claims(
    token: &str,
    jwks: &Value,
    audience: &str,
    required: &[&str],
) -> jsonwebtoken::errors::Result<Value> {
    // Another package may have compiled in a second backend; whichever was set first is as good.
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let set: JwkSet = serde_json::from_value(jwks.clone()).expect("a JWK set");
    let (header, _) = countersign_tests::jwt::parts(token);
    let kid = header["kid"].as_str().expect("a kid");
    let jwk = set.find(kid).expect("the kid of the token is published");
    let algorithm: Algorithm = header["alg"].as_str().expect("an alg").parse()?;
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(required);
    validation.validate_nbf = true;
    let key = DecodingKey::from_jwk(jwk)?;
    jsonwebtoken::decode::<Value>(token, &key, &validation).map(|judged| judged.claims)
}
