//! Judges JWT access tokens by the keys of their issuer.

mod builder;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use countersign_core::{Clock, Scope, Timestamp};
use countersign_jose::VerifyingKeys;
use countersign_jose::access_token::{AccessTokenError, AccessTokenValidator, TYPE};
use countersign_jose::jws::{JwsError, MAX_TOKEN_LEN, UnverifiedHeader};

pub(crate) use self::builder::DEFAULT_CLOCK_SKEW;
use self::builder::Origin;
pub use self::builder::{MAX_CLOCK_SKEW, ValidatorBuilder};
use crate::AccessToken;
use crate::keys::{Keys, KeysError};
use crate::refusal::{InvalidToken, Refusal};
use crate::verified_tokens::{Fingerprint, VerifiedTokens};

/// Seconds after which to come back when there are no keys.
const RETRY_AFTER: u32 = 5;

/// Judges the JWT access tokens (RFC 9068) of one issuer that are meant for this API. Cheap to clone; clones share
/// their keys.
///
/// There is none without an issuer and an audience (CVE-2026-22748).
///
/// ```no_run
/// # async fn example(token: &str) -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_resource::Validator;
///
/// let validator = Validator::from_issuer("https://login.example.com", "https://api.example.com").build()?;
/// let token = validator.validate(token).await?;
/// println!("{:?} may {}", token.subject(), token.scope());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Validator(Arc<Inner>);

struct Inner {
    judge: AccessTokenValidator,
    leeway_seconds: u32,
    required_scope: Scope,
    keys: Keys,
    verified: Option<VerifiedTokens>,
    clock: Arc<dyn Clock>,
}

impl Validator {
    /// Tokens of `issuer` for `audience`, by the keys that the metadata of the issuer lead to: RFC 8414 first, then
    /// OpenID Connect Discovery.
    pub fn from_issuer(issuer: impl Into<String>, audience: impl Into<String>) -> ValidatorBuilder {
        ValidatorBuilder::new(issuer.into(), audience.into(), Origin::Discovery)
    }

    /// Tokens of `issuer` for `audience`, by the JWK set at `url`: `https`, or `http` on the loopback interface.
    pub fn from_jwks_url(
        issuer: impl Into<String>,
        url: impl Into<String>,
        audience: impl Into<String>,
    ) -> ValidatorBuilder {
        let origin = Origin::Url(url.into());
        ValidatorBuilder::new(issuer.into(), audience.into(), origin)
    }

    /// Tokens of `issuer` for `audience`, by the JWK set in a file. It is read again when its keys are old or one is
    /// missing, so it may be replaced while the API runs: as a whole, by renaming another file to it. A file that is deleted
    /// or spoiled is an outage, not a revocation: its keys are used on for a day ([`FetchRules::keep_stale`]). To revoke
    /// them all, write `{"keys": []}`.
    ///
    /// [`FetchRules::keep_stale`]: crate::FetchRules::keep_stale
    pub fn from_jwks_file(
        issuer: impl Into<String>,
        path: impl Into<PathBuf>,
        audience: impl Into<String>,
    ) -> ValidatorBuilder {
        let origin = Origin::File(path.into());
        ValidatorBuilder::new(issuer.into(), audience.into(), origin)
    }

    /// Tokens of `issuer` for `audience`, by this JWK set, for good.
    pub fn from_jwks(
        issuer: impl Into<String>,
        json: impl Into<Vec<u8>>,
        audience: impl Into<String>,
    ) -> ValidatorBuilder {
        let origin = Origin::Given(json.into());
        ValidatorBuilder::new(issuer.into(), audience.into(), origin)
    }

    /// Waits until there is a key, or says why there is none; a JWK set without a usable key is
    /// [`KeysFailure::NoUsableKey`](crate::KeysFailure::NoUsableKey). For a service that wants to know before it says that
    /// it is ready; [`validate`](Self::validate) does not need it.
    pub async fn ready(&self) -> Result<(), KeysError> {
        self.0.keys.ready(self.0.clock.now()).await
    }

    /// What every token must be allowed.
    pub(crate) fn required_scope(&self) -> &Scope {
        &self.0.required_scope
    }

    /// Judges `token`: the text behind `Bearer`.
    ///
    /// While its key is at hand, and that is almost always, nothing is awaited and no lock is taken, but with
    /// [`verified_tokens`](ValidatorBuilder::verified_tokens) that of one part of the memory, for as long as it takes to look
    /// there. Otherwise this waits for the keys, at most 5 seconds, together with everybody else who needs them.
    pub async fn validate(&self, token: &str) -> Result<AccessToken, Refusal> {
        let token = self.authenticate(token).await?;
        token.require_scope(&self.0.required_scope)?;
        Ok(token)
    }

    async fn authenticate(&self, token: &str) -> Result<AccessToken, Refusal> {
        let keys = self.0.keys.at_hand(self.0.clock.now()).await;
        // Without keys a token is judged all the same: what none could make good is refused, and nobody is asked.
        let keys = keys.unwrap_or_default();
        match self.judge(token, &keys, self.0.clock.now()) {
            Err(AccessTokenError::Jws(JwsError::UnknownKey)) => {}
            judged => return judged.map_err(refusal),
        }
        let header = UnverifiedHeader::peek(token).map_err(|error| refusal(error.into()))?;
        is_hopeful(&header).map_err(refusal)?;
        let kid = header.kid().unwrap_or_default();
        let keys = match self.0.keys.look_for(kid).await {
            Ok(keys) => keys,
            Err(error) => {
                tracing::debug!(%error, "a token cannot be judged");
                return Err(Refusal::Unavailable {
                    retry_after: RETRY_AFTER,
                });
            }
        };
        // Time has passed meanwhile.
        let now = self.0.clock.now();
        self.judge(token, &keys, now).map_err(refusal)
    }

    fn judge(
        &self,
        token: &str,
        keys: &VerifyingKeys,
        now: Timestamp,
    ) -> Result<AccessToken, AccessTokenError> {
        let verify = || {
            let claims = self.0.judge.verify(token, keys, now)?;
            Ok(AccessToken::from_claims(claims))
        };
        // What is too long is not even hashed.
        let Some(verified) = self
            .0
            .verified
            .as_ref()
            .filter(|_| token.len() <= MAX_TOKEN_LEN)
        else {
            return verify();
        };
        let fingerprint = Fingerprint::of(token);
        if let Some(token) = verified.get(&fingerprint, keys, now) {
            return Ok(token);
        }
        let good = verify()?;
        let header = UnverifiedHeader::peek(token)?;
        if let Some(key) = header.kid().and_then(|kid| keys.get(kid)) {
            verified.remember(fingerprint, &good, key, self.0.leeway_seconds);
        }
        Ok(good)
    }
}

/// Whether there may be a key somewhere that makes a token with this header good. Strangers write it, so who has any doubt
/// asks nobody: keys that are published verify no HMAC, and no other kind of token is accepted whoever signed it.
fn is_hopeful(header: &UnverifiedHeader) -> Result<(), AccessTokenError> {
    if header.alg().is_some_and(|alg| alg.starts_with("HS")) {
        return Err(JwsError::AlgorithmMismatch.into());
    }
    let typ = header.typ().unwrap_or_default();
    // RFC 7515 §4.1.9: media types are compared without regard to case, and `application/` may be left out.
    let is_access_token = [TYPE, "application/at+jwt"]
        .iter()
        .any(|accepted| typ.eq_ignore_ascii_case(accepted));
    if is_access_token {
        Ok(())
    } else {
        Err(AccessTokenError::Type)
    }
}

fn refusal(error: AccessTokenError) -> Refusal {
    InvalidToken::Jwt(error).into()
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator")
            .field("judge", &self.0.judge)
            .field("required_scope", &self.0.required_scope)
            .finish_non_exhaustive()
    }
}
