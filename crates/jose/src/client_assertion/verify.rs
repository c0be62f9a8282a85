//! How a service judges an assertion.

use countersign_core::{Secret, Timestamp};
use jsonwebtoken::Algorithm;
use thiserror::Error;

use super::{MAX_JTI_LEN, MAX_LIFETIME, TYPE, is_jti};
use crate::hmac_jws::{HmacAlgorithm, HmacKeyError, UnnamedKey};
use crate::jws::{self, Compact, JwsError, VerifiedJws};
use crate::members::{ClaimsError, Members};
use crate::{VerifyingKeys, base64url};

/// Why an assertion is not accepted. The texts are for who integrates the client, and repeat nothing of the assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AssertionError {
    /// The JWS is refused.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// The secret with which it was to be verified is no key for HS256.
    #[error(transparent)]
    Secret(#[from] HmacKeyError),
    /// Another kind of token, such as an access token.
    #[error("typ must be {TYPE}, JWT or left out")]
    Type,
    /// A claim is missing or not what it has to be.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// `iss` and `sub` differ: somebody speaks for somebody else.
    #[error("iss and sub must be the same: the client_id")]
    NotSelfIssued,
    /// `iss` and `sub` are another client.
    #[error("iss and sub must be the client_id of the client whose key signed")]
    AnotherClient,
    /// `aud` is not one string (CVE-2025-27370): an audience more is a service more that could use the assertion.
    #[error("aud must be one string, the issuer; an array is refused, even with one element")]
    AudienceForm,
    /// `aud` is not the issuer, byte for byte (CVE-2025-27371).
    #[error("aud must be the issuer, as one string; the URL of an endpoint is refused")]
    Audience,
    /// `exp` is past.
    #[error(
        "exp is past; make a new assertion for every request, and check the clock of the client"
    )]
    Expired,
    /// `exp` is further ahead than [`MAX_LIFETIME`] seconds, or that much after `iat`.
    #[error("exp must be at most {MAX_LIFETIME} seconds after the assertion was made")]
    TooLongLived,
    /// `nbf` is to come.
    #[error("nbf is in the future; check the clock of the client")]
    NotYetValid,
    /// `iat` is to come.
    #[error("iat is in the future; check the clock of the client")]
    IssuedInTheFuture,
    /// `jti` is empty or too long.
    #[error("jti must have 1 to {MAX_JTI_LEN} bytes")]
    Jti,
}

/// What an assertion says about who may have made it: good for finding the keys to verify it with, and for nothing else.
///
/// See [`sign`](super::sign) for an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedAssertion {
    client_id: String,
    algorithm: Algorithm,
    kid: Option<String>,
}

impl UnverifiedAssertion {
    /// Reads `token` as strictly as [`verify`], and verifies nothing.
    pub fn peek(token: &str) -> Result<Self, AssertionError> {
        let Compact {
            header, payload, ..
        } = Compact::parse(token)?;
        let payload = base64url::decode(payload).map_err(|_| JwsError::Encoding)?;
        Ok(Self {
            client_id: self_issuer(&mut Members::parse(&payload)?)?,
            algorithm: header.algorithm(),
            kid: header.kid().map(str::to_owned),
        })
    }

    /// The client that it claims to be of: `sub`, which is also its `iss`.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// `alg`: whether a secret or a key would have to verify it.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// `kid`: the key that would have to verify it.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }
}

/// By what an assertion is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssertionRules<'rules> {
    /// The client whose keys they are.
    pub client_id: &'rules str,
    /// The issuer identifier of the service that judges.
    pub issuer: &'rules str,
    /// The current time.
    pub now: Timestamp,
    /// By how many seconds clocks may differ.
    pub leeway_seconds: u32,
}

/// An assertion that a client has made, for this issuer, a short while ago. It is good once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAssertion {
    client_id: String,
    jti: String,
    exp: Timestamp,
}

impl VerifiedAssertion {
    /// The client that has proven who it is.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// By what it is known again if it comes twice.
    #[must_use]
    pub fn jti(&self) -> &str {
        &self.jti
    }

    /// `exp`: until then, and as long after it as clocks may differ, its `jti` has to be remembered.
    #[must_use]
    pub fn exp(&self) -> Timestamp {
        self.exp
    }
}

/// Verifies an assertion (`private_key_jwt`) with the key of `keys` that its `kid` names.
///
/// Without `kid`, the only key of a set of exactly one is meant. OpenID Connect Core §10.1: "If there are multiple keys in the
/// referenced JWK Set document, a kid value MUST be provided in the JOSE Header."
///
/// See [`sign`](super::sign()) for an example.
pub fn verify(
    token: &str,
    keys: &VerifyingKeys,
    rules: &AssertionRules<'_>,
) -> Result<VerifiedAssertion, AssertionError> {
    let compact = Compact::parse(token)?;
    let key = match compact.header.kid() {
        Some(kid) => keys.get(kid).ok_or(JwsError::UnknownKey)?,
        None => keys.only().ok_or(JwsError::KeyIdMissing)?,
    };
    judge(&jws::verify_parsed(key, compact)?, rules)
}

/// Verifies an assertion that was signed under the secret of its client (`client_secret_jwt`), with HS256. A `kid` is not
/// looked at.
///
/// The secret needs at least 32 bytes (RFC 7518 §3.2). See [`sign_hs256`](super::sign_hs256) for an example.
pub fn verify_hs256(
    token: &str,
    secret: &Secret<Vec<u8>>,
    rules: &AssertionRules<'_>,
) -> Result<VerifiedAssertion, AssertionError> {
    let key = UnnamedKey::new(HmacAlgorithm::Hs256, secret)?;
    judge(&key.verify(Compact::parse(token)?)?, rules)
}

/// RFC 7523 §3, point by point.
fn judge(
    verified: &VerifiedJws,
    rules: &AssertionRules<'_>,
) -> Result<VerifiedAssertion, AssertionError> {
    // RFC 8725 §3.11: the keys of a client also sign other kinds of JWT, such as DPoP proofs. OpenID Connect Core §9 asks for
    // no `typ`, so none is no sign of another kind.
    let header = verified.header();
    if header.typ().is_some() && !header.is_of_type(TYPE) && !header.is_of_type("JWT") {
        return Err(AssertionError::Type);
    }
    let mut members = Members::parse(verified.payload())?;
    let client_id = self_issuer(&mut members)?;
    let audience = members.required_text("aud").map_err(|error| match error {
        ClaimsError::Malformed(_) => AssertionError::AudienceForm,
        error => error.into(),
    })?;
    let exp = members.required_time("exp")?;
    let iat = members.time("iat")?;
    let nbf = members.time("nbf")?;
    let jti = members.required_text("jti")?;
    if client_id != rules.client_id {
        return Err(AssertionError::AnotherClient);
    }
    if audience != rules.issuer {
        return Err(AssertionError::Audience);
    }
    check_times(exp, iat, nbf, rules)?;
    if !is_jti(&jti) {
        return Err(AssertionError::Jti);
    }
    Ok(VerifiedAssertion {
        client_id,
        jti,
        exp,
    })
}

/// OpenID Connect Core §9: `iss` and `sub` both "MUST contain the `client_id` of the OAuth Client".
fn self_issuer(members: &mut Members) -> Result<String, AssertionError> {
    let iss = members.required_text("iss")?;
    let sub = members.required_text("sub")?;
    if iss == sub {
        Ok(sub)
    } else {
        Err(AssertionError::NotSelfIssued)
    }
}

fn check_times(
    exp: Timestamp,
    iat: Option<Timestamp>,
    nbf: Option<Timestamp>,
    rules: &AssertionRules<'_>,
) -> Result<(), AssertionError> {
    let leeway = i64::from(rules.leeway_seconds);
    let lifetime = i64::from(MAX_LIFETIME);
    let latest = rules.now.plus(leeway);
    // RFC 7523 §3, point 4: "The authorization server MUST reject any JWT with an expiration time that has passed, subject
    // to allowable clock skew between systems"; it may reject one whose `exp` is "unreasonably far in the future".
    if rules.now >= exp.plus(leeway) {
        return Err(AssertionError::Expired);
    }
    if exp > latest.plus(lifetime) || iat.is_some_and(|iat| exp.since(iat) > lifetime) {
        return Err(AssertionError::TooLongLived);
    }
    // Point 5: "The JWT MAY contain an 'nbf' (not before) claim that identifies the time before which the token MUST NOT be
    // accepted for processing."
    if nbf.is_some_and(|nbf| latest < nbf) {
        return Err(AssertionError::NotYetValid);
    }
    // With it `exp` would say nothing about how long the assertion lives.
    if iat.is_some_and(|iat| latest < iat) {
        return Err(AssertionError::IssuedInTheFuture);
    }
    Ok(())
}
