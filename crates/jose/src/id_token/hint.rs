//! ID tokens that come back to who issued them, to say which user and session is meant: OpenID Connect Core §3.1.2.1,
//! RP-Initiated Logout §2.

use countersign_core::{Secret, Timestamp};
use thiserror::Error;

use crate::VerifyingKeys;
use crate::hmac_jws::HmacKeyError;
use crate::jws::{self, Compact, JwsError, VerifiedJws};
use crate::members::{ClaimsError, Members};

/// What an ID token says that is given as a hint. It proves nothing about who gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HintClaims {
    /// `sub`: the user, as the client knows it.
    pub sub: String,
    /// `aud`: for whom the token was made, at least one.
    pub aud: Vec<String>,
    /// `azp`: to whom it was issued.
    pub azp: Option<String>,
    /// `iat`: when it was issued.
    pub iat: Timestamp,
    /// `exp`: since when it may have expired.
    pub exp: Timestamp,
    /// `sid`: in which session.
    pub sid: Option<String>,
}

/// Why a text is not accepted as a hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HintError {
    /// The JWS is refused.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// The secret with which it was to be verified is no key for HS256.
    #[error(transparent)]
    Secret(#[from] HmacKeyError),
    /// Another kind of token, such as an access token or a logout token.
    #[error("the token is not an ID token")]
    Type,
    /// The claims are refused.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
}

/// What the ID token `token` says, if `issuer` made it with one of `keys`, however long ago.
///
/// `exp` is not judged: RP-Initiated Logout §2 wants a token accepted that has expired, for a session that is or was a
/// short while ago. Which session that is, and whether the audience is who asks, is for the caller to judge. `iat` may be
/// `leeway_seconds` ahead.
///
/// See [`sign`](super::sign) for an example.
pub fn read_hint(
    token: &str,
    keys: &VerifyingKeys,
    issuer: &str,
    now: Timestamp,
    leeway_seconds: u32,
) -> Result<HintClaims, HintError> {
    judge(&jws::verify(token, keys)?, issuer, now, leeway_seconds)
}

/// As [`read_hint`], for an ID token that was signed under the secret of its client. Whoever knows the secret can have made
/// it, so it speaks for that client only: let the audience be no other.
///
/// See [`sign_hs256`](super::sign_hs256) for an example.
pub fn read_hint_hs256(
    token: &str,
    secret: &Secret<Vec<u8>>,
    issuer: &str,
    now: Timestamp,
    leeway_seconds: u32,
) -> Result<HintClaims, HintError> {
    let verified = super::key_of_client(secret)?.verify(Compact::parse(token)?)?;
    judge(&verified, issuer, now, leeway_seconds)
}

fn judge(
    verified: &VerifiedJws,
    issuer: &str,
    now: Timestamp,
    leeway_seconds: u32,
) -> Result<HintClaims, HintError> {
    // RFC 9068 §5: access tokens and ID tokens must not be taken for each other. OpenID Connect asks for no `typ` in ID
    // tokens, so none is no sign of another kind.
    let header = verified.header();
    if header.typ().is_some() && !header.is_of_type(super::TYPE) {
        return Err(HintError::Type);
    }
    let mut members = Members::parse(verified.payload())?;
    // OpenID Connect Back-Channel Logout §2.4: every logout token has it, and no ID token.
    if members.has("events") {
        return Err(HintError::Type);
    }
    let iss = members.required_text("iss")?;
    let claims = HintClaims {
        sub: members.required_text("sub")?,
        aud: members.audience()?,
        azp: members.text("azp")?,
        iat: members.required_time("iat")?,
        exp: members.required_time("exp")?,
        sid: members.text("sid")?,
    };
    // Not needed here, but what is not well-formed was not made here.
    members.time("auth_time")?;
    members.texts("amr")?;
    for name in ["nonce", "acr", "at_hash", "c_hash"] {
        members.text(name)?;
    }
    if iss != issuer {
        return Err(ClaimsError::Issuer.into());
    }
    if now.plus(leeway_seconds.into()) < claims.iat {
        return Err(ClaimsError::IssuedInTheFuture.into());
    }
    Ok(claims)
}
