//! JWT access tokens: RFC 9068.

use countersign_core::Timestamp;
use thiserror::Error;

pub use crate::claims::AccessTokenClaims;
use crate::jws::{self, JwsError, SignError};
pub use crate::members::ClaimsError;
pub use crate::reserved_claims::{ReservedClaim, is_reserved_claim};
use crate::{SigningKey, VerifyingKeys};

/// The `typ` of a JWT access token (RFC 9068 §2.1).
pub const TYPE: &str = "at+jwt";

/// Signs `claims` as a JWT access token with the header members `alg`, `typ: at+jwt` and `kid`. Not if a further claim is
/// [reserved](is_reserved_claim).
///
/// ```
/// use countersign_core::Timestamp;
/// use countersign_jose::access_token::{self, AccessTokenClaims, AccessTokenValidator, ExpectedAudience};
/// use countersign_jose::{SigningAlgorithm, SigningKey, VerifyingKeys};
///
/// let now = Timestamp::from_seconds(1_800_000_000);
/// let (key, _) = SigningKey::generate(SigningAlgorithm::Es256)?;
/// let claims = AccessTokenClaims {
///     iss: "https://issuer.example".into(),
///     sub: "billing-worker".into(),
///     aud: vec!["https://api.example".into()],
///     exp: now.plus(600),
///     iat: now,
///     nbf: None,
///     jti: "1".into(),
///     client_id: "billing-worker".into(),
///     scope: Some("read".parse()?),
///     further: serde_json::from_str(r#"{"groups": ["finance"]}"#)?,
/// };
/// let token = access_token::sign(&key, &claims)?;
///
/// let keys = VerifyingKeys::new([key.verifying_key()])?;
/// let audience = ExpectedAudience::OneOf(vec!["https://api.example".into()]);
/// let validator = AccessTokenValidator::new("https://issuer.example", audience, 5);
/// assert_eq!(validator.verify(&token, &keys, now)?, claims);
/// assert!(validator.verify(&token, &keys, now.plus(605)).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sign(key: &SigningKey, claims: &AccessTokenClaims) -> Result<String, SignError> {
    let mut json = Vec::with_capacity(1024);
    claims.write_json(&mut json)?;
    jws::sign_with_header(key, key.access_token_header(), &json)
}

/// Whether [`sign`] will find nothing wrong with `claims`, without signing: for whoever must know that a token can be made
/// before something is consumed for it. It takes every signature for as long as the longest.
pub fn check_signable(key: &SigningKey, claims: &AccessTokenClaims) -> Result<(), SignError> {
    let mut json = Vec::with_capacity(1024);
    claims.write_json(&mut json)?;
    jws::check_len(key.access_token_header(), &json)
}

/// Which audiences a validator accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedAudience {
    /// At least one of these must be in `aud`: the resource indicators of the API that asks. With none, nothing is
    /// accepted.
    OneOf(Vec<String>),
    /// Any audience. For the issuer alone, which decides at each of its doors who may ask about which audience
    /// (introspection, revocation); an API that uses this accepts tokens that were meant for others.
    JudgedByIssuer,
}

/// Why a JWT is not accepted as an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AccessTokenError {
    /// The JWS is refused.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// `typ` is not `at+jwt`: another kind of token, such as an ID token.
    #[error("the token is not an access token")]
    Type,
    /// The claims are refused.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// None of the expected audiences is in `aud`.
    #[error("the token is meant for another audience")]
    Audience,
}

/// Judges JWT access tokens of one issuer, as RFC 9068 §4 has it.
///
/// There is none without an issuer and an audience (CVE-2026-22748). See [`sign`] for an example.
#[derive(Clone, Debug)]
pub struct AccessTokenValidator {
    issuer: String,
    audience: ExpectedAudience,
    leeway_seconds: u32,
}

impl AccessTokenValidator {
    /// A validator for tokens of `issuer`; clocks may differ by `leeway_seconds`.
    #[must_use]
    pub fn new(issuer: impl Into<String>, audience: ExpectedAudience, leeway_seconds: u32) -> Self {
        Self {
            issuer: issuer.into(),
            audience,
            leeway_seconds,
        }
    }

    /// The claims of `token`, if it is an access token of the issuer, for the audience, signed by one of `keys`, and
    /// alive at `now`.
    pub fn verify(
        &self,
        token: &str,
        keys: &VerifyingKeys,
        now: Timestamp,
    ) -> Result<AccessTokenClaims, AccessTokenError> {
        let verified = jws::verify(token, keys)?;
        // RFC 9068 §4: "The resource server MUST verify that the 'typ' header value is 'at+jwt' or
        // 'application/at+jwt' and reject tokens carrying any other value."
        if !verified.header().is_of_type(TYPE) {
            return Err(AccessTokenError::Type);
        }
        let claims = AccessTokenClaims::from_json(verified.payload())?;
        claims.check(&self.issuer, now, self.leeway_seconds)?;
        // RFC 9068 §4: "The JWT access token MUST be rejected if 'aud' does not contain a resource indicator of the
        // current resource server as a valid audience."
        let meant = match &self.audience {
            ExpectedAudience::OneOf(expected) => claims
                .aud
                .iter()
                .any(|audience| expected.contains(audience)),
            ExpectedAudience::JudgedByIssuer => true,
        };
        if meant {
            Ok(claims)
        } else {
            Err(AccessTokenError::Audience)
        }
    }
}
