//! How a client makes an assertion.

use countersign_core::{Secret, Timestamp};
use serde::Serialize;
use thiserror::Error;

use super::{MAX_JTI_LEN, MAX_LIFETIME, TYPE, is_jti};
use crate::SigningKey;
use crate::hmac_jws::{HmacAlgorithm, HmacKeyError, UnnamedKey};
use crate::jws::{ProtectedHeader, SignError, sign_with_header};

/// What a client says in an assertion. Make a new one, with a new `jti`, for every attempt: none is taken twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionClaims {
    /// `iss` and `sub`: the client itself.
    pub client_id: String,
    /// `aud`: the issuer identifier of the service that is to believe it, not the URL of one of its endpoints.
    pub issuer: String,
    /// `jti`: what this assertion has and no other one of this client, 1 to [`MAX_JTI_LEN`] bytes.
    pub jti: String,
    /// `iat`: when it is made.
    pub iat: Timestamp,
    /// `exp` is so many seconds after `iat`: 1 to [`MAX_LIFETIME`].
    pub lifetime_seconds: u32,
}

/// Why no assertion was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignAssertionError {
    /// It would live for no time, or for more than [`MAX_LIFETIME`] seconds.
    #[error("an assertion lives for 1 to {MAX_LIFETIME} seconds")]
    Lifetime,
    /// Its `jti` is empty or too long.
    #[error("the jti of an assertion has 1 to {MAX_JTI_LEN} bytes")]
    Jti,
    /// The secret is no key for HS256.
    #[error(transparent)]
    Secret(#[from] HmacKeyError),
    /// The token cannot be made.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Signs `claims` as an assertion with the header members `alg`, `typ: client-authentication+jwt` and `kid`.
///
/// ```
/// use countersign_core::Timestamp;
/// use countersign_jose::client_assertion::{
///     self, AssertionClaims, AssertionError, AssertionRules, UnverifiedAssertion,
/// };
/// use countersign_jose::{SigningAlgorithm, SigningKey, VerifyingKeys};
///
/// let now = Timestamp::from_seconds(1_800_000_000);
/// let (key, _) = SigningKey::generate(SigningAlgorithm::Es256)?;
/// let assertion = client_assertion::sign(&key, &AssertionClaims {
///     client_id: "billing-worker".into(),
///     issuer: "https://issuer.example".into(),
///     jti: "5a0c1f".into(),
///     iat: now,
///     lifetime_seconds: 60,
/// })?;
///
/// // The service: whose keys they are, only the assertion can tell; it is believed once they have verified it.
/// let unverified = UnverifiedAssertion::peek(&assertion)?;
/// assert_eq!(unverified.client_id(), "billing-worker");
/// let keys = VerifyingKeys::new([key.verifying_key()])?;
/// let rules = AssertionRules {
///     client_id: unverified.client_id(),
///     issuer: "https://issuer.example",
///     now,
///     leeway_seconds: 5,
/// };
/// let verified = client_assertion::verify(&assertion, &keys, &rules)?;
/// assert_eq!((verified.jti(), verified.exp()), ("5a0c1f", now.plus(60)));
///
/// let elsewhere = AssertionRules { issuer: "https://other.example", ..rules };
/// let refused = client_assertion::verify(&assertion, &keys, &elsewhere);
/// assert_eq!(refused.unwrap_err(), AssertionError::Audience);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sign(key: &SigningKey, claims: &AssertionClaims) -> Result<String, SignAssertionError> {
    sign_as(key, key.id().as_str(), claims)
}

/// As [`sign`], under the name that the service has for the key: for services that give keys names of their own, and want
/// to see those in `kid`. [`sign`] names the RFC 7638 thumbprint of the key.
///
/// ```
/// use countersign_core::Timestamp;
/// use countersign_jose::client_assertion::{self, AssertionClaims, UnverifiedAssertion};
/// use countersign_jose::{SigningAlgorithm, SigningKey};
///
/// let (key, _) = SigningKey::generate(SigningAlgorithm::Es256)?;
/// let assertion = client_assertion::sign_as(&key, "2026-10", &AssertionClaims {
///     client_id: "billing-worker".into(),
///     issuer: "https://issuer.example".into(),
///     jti: "5a0c1f".into(),
///     iat: Timestamp::from_seconds(1_800_000_000),
///     lifetime_seconds: 60,
/// })?;
/// assert_eq!(UnverifiedAssertion::peek(&assertion)?.kid(), Some("2026-10"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sign_as(
    key: &SigningKey,
    kid: &str,
    claims: &AssertionClaims,
) -> Result<String, SignAssertionError> {
    let header = ProtectedHeader::new(key.algorithm().name(), Some(TYPE), Some(kid));
    Ok(sign_with_header(key, &header, &claims.to_json()?)?)
}

/// Signs `claims` under the secret of the client with HS256. OpenID Connect Core §10.1: the bytes of the `client_secret` are
/// the key, so the header has the members `alg` and `typ`, and no `kid`.
///
/// The secret needs at least 32 bytes (RFC 7518 §3.2). It does not go over the wire, and the service can still make whatever
/// the client can: where there is a choice, sign with a key.
///
/// ```
/// use countersign_core::{Secret, Timestamp};
/// use countersign_jose::client_assertion::{self, AssertionClaims, AssertionRules};
///
/// let now = Timestamp::from_seconds(1_800_000_000);
/// let secret = Secret::new(b"of the client, and long enough for it".to_vec());
/// let assertion = client_assertion::sign_hs256(&secret, &AssertionClaims {
///     client_id: "billing-worker".into(),
///     issuer: "https://issuer.example".into(),
///     jti: "5a0c1f".into(),
///     iat: now,
///     lifetime_seconds: 60,
/// })?;
/// let rules = AssertionRules {
///     client_id: "billing-worker",
///     issuer: "https://issuer.example",
///     now,
///     leeway_seconds: 5,
/// };
/// assert!(client_assertion::verify_hs256(&assertion, &secret, &rules).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sign_hs256(
    secret: &Secret<Vec<u8>>,
    claims: &AssertionClaims,
) -> Result<String, SignAssertionError> {
    let key = UnnamedKey::new(HmacAlgorithm::Hs256, secret)?;
    let header = ProtectedHeader::new(HmacAlgorithm::Hs256.name(), Some(TYPE), None);
    Ok(key.sign(&header, &claims.to_json()?)?)
}

impl AssertionClaims {
    /// The claims as JSON, unless nobody would take them.
    fn to_json(&self) -> Result<Vec<u8>, SignAssertionError> {
        #[derive(Serialize)]
        struct Members<'claims> {
            iss: &'claims str,
            sub: &'claims str,
            aud: &'claims str,
            jti: &'claims str,
            iat: Timestamp,
            exp: Timestamp,
        }
        if !(1..=MAX_LIFETIME).contains(&self.lifetime_seconds) {
            return Err(SignAssertionError::Lifetime);
        }
        if !is_jti(&self.jti) {
            return Err(SignAssertionError::Jti);
        }
        let json = serde_json::to_vec(&Members {
            iss: &self.client_id,
            sub: &self.client_id,
            aud: &self.issuer,
            jti: &self.jti,
            iat: self.iat,
            exp: self.iat.plus(self.lifetime_seconds.into()),
        })
        .expect("strings and integers are always representable in JSON");
        Ok(json)
    }
}
