//! The claims of an access token (RFC 9068 §2.2): how they are written, read and judged, whatever wraps them.

use countersign_core::{Scope, Timestamp};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::members::{ClaimsError, Members};
use crate::reserved_claims::{self, ReservedClaim};

/// The claims of an access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessTokenClaims {
    /// `iss`: who issued the token.
    pub iss: String,
    /// `sub`: the user, or the client if there is none.
    pub sub: String,
    /// `aud`: the resources that may accept the token, at least one. One alone is written as a string.
    pub aud: Vec<String>,
    /// `exp`: from then on the token is not accepted.
    pub exp: Timestamp,
    /// `iat`: when it was issued.
    pub iat: Timestamp,
    /// `nbf`: before then the token is not accepted.
    pub nbf: Option<Timestamp>,
    /// `jti`: the id of the token.
    pub jti: String,
    /// `client_id`: the client that obtained it.
    pub client_id: String,
    /// `scope`: what it allows.
    pub scope: Option<Scope>,
    /// Further claims about the user, released by the scope (RFC 9068 §2.2.2, §2.2.3): roles, groups and own ones. None
    /// may be [reserved](crate::access_token::is_reserved_claim) in a token that is made; in one that was read, they
    /// are all those that have no field here.
    pub further: Map<String, Value>,
}

/// The claims that have a field of their own.
const NAMED: [&str; 9] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "client_id",
    "scope",
];

impl Serialize for AccessTokenClaims {
    /// The object that stands in the token. No further claim takes the place of one that has a field of its own.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("iss", &self.iss)?;
        members.serialize_entry("sub", &self.sub)?;
        // RFC 7519 §4.1.3: an array of strings, or in the special case of one audience a single string.
        match &self.aud[..] {
            [single] => members.serialize_entry("aud", single)?,
            several => members.serialize_entry("aud", several)?,
        }
        members.serialize_entry("exp", &self.exp)?;
        members.serialize_entry("iat", &self.iat)?;
        if let Some(nbf) = &self.nbf {
            members.serialize_entry("nbf", nbf)?;
        }
        members.serialize_entry("jti", &self.jti)?;
        members.serialize_entry("client_id", &self.client_id)?;
        if let Some(scope) = &self.scope {
            members.serialize_entry("scope", &format_args!("{scope}"))?;
        }
        for (name, value) in &self.further {
            if !NAMED.contains(&name.as_str()) {
                members.serialize_entry(name, value)?;
            }
        }
        members.end()
    }
}

impl AccessTokenClaims {
    /// Appends the claims as JSON to `buffer`, unless one of the further ones is reserved.
    pub(crate) fn write_json(&self, buffer: &mut Vec<u8>) -> Result<(), ReservedClaim> {
        reserved_claims::require_none(&self.further)?;
        serde_json::to_writer(buffer, self)
            .expect("strings, integers and JSON values are always representable in JSON");
        Ok(())
    }

    /// Reads claims: all types checked, all that RFC 9068 §2.2 requires present.
    pub(crate) fn from_json(bytes: &[u8]) -> Result<Self, ClaimsError> {
        let mut members = Members::parse(bytes)?;
        // RFC 7800 §3.1: who does not check the confirmation turns a bound token into a bearer token
        // (CVE-2024-49755).
        if members.has("cnf") {
            return Err(ClaimsError::SenderConstrained);
        }
        Ok(Self {
            iss: members.required_text("iss")?,
            sub: members.required_text("sub")?,
            aud: members.audience()?,
            exp: members.required_time("exp")?,
            iat: members.required_time("iat")?,
            nbf: members.time("nbf")?,
            jti: members.required_text("jti")?,
            client_id: members.required_text("client_id")?,
            scope: match members.text("scope")? {
                Some(text) => Some(text.parse().map_err(|_| ClaimsError::Malformed("scope"))?),
                None => None,
            },
            further: members.rest(),
        })
    }

    /// Judges issuer and times; clocks may differ by `leeway_seconds`.
    pub(crate) fn check(
        &self,
        issuer: &str,
        now: Timestamp,
        leeway_seconds: u32,
    ) -> Result<(), ClaimsError> {
        let leeway = i64::from(leeway_seconds);
        // RFC 9068 §4: "The issuer identifier ... MUST exactly match the value of the 'iss' claim".
        if self.iss != issuer {
            return Err(ClaimsError::Issuer);
        }
        // RFC 7519 §4.1.4: "the current date/time MUST be before the expiration date/time".
        if now >= self.exp.plus(leeway) {
            return Err(ClaimsError::Expired);
        }
        check_begun(self.nbf, self.iat, now, leeway_seconds)
    }
}

/// Judges whether the time of a token has come; clocks may differ by `leeway_seconds`.
pub(crate) fn check_begun(
    nbf: Option<Timestamp>,
    iat: Timestamp,
    now: Timestamp,
    leeway_seconds: u32,
) -> Result<(), ClaimsError> {
    let latest = now.plus(leeway_seconds.into());
    // RFC 7519 §4.1.5: "the current date/time MUST be after or equal to the not-before date/time".
    if nbf.is_some_and(|nbf| latest < nbf) {
        return Err(ClaimsError::NotYetValid);
    }
    // A clock that runs ahead would mint tokens that outlive what was meant.
    if latest < iat {
        return Err(ClaimsError::IssuedInTheFuture);
    }
    Ok(())
}
