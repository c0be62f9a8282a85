//! The claims of an access token (RFC 9068 §2.2): how they are written, read and judged, whatever wraps them.

use countersign_core::{Scope, Timestamp};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::json::{self, JsonError};

/// The claims of an access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccessTokenClaims {
    /// `iss`: who issued the token.
    pub iss: String,
    /// `sub`: the user, or the client if there is none.
    pub sub: String,
    /// `aud`: the resources that may accept the token, at least one. One alone is written as a string.
    #[serde(serialize_with = "audience")]
    pub aud: Vec<String>,
    /// `exp`: from then on the token is not accepted.
    pub exp: Timestamp,
    /// `iat`: when it was issued.
    pub iat: Timestamp,
    /// `nbf`: before then the token is not accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<Timestamp>,
    /// `jti`: the id of the token.
    pub jti: String,
    /// `client_id`: the client that obtained it.
    pub client_id: String,
    /// `scope`: what it allows.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "scope")]
    pub scope: Option<Scope>,
}

/// RFC 7519 §4.1.3: an array of strings, or in the special case of one audience a single string.
fn audience<S: Serializer>(aud: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match aud {
        [single] => serializer.serialize_str(single),
        several => several.serialize(serializer),
    }
}

#[expect(clippy::ref_option, reason = "serde passes the field by reference")]
fn scope<S: Serializer>(scope: &Option<Scope>, serializer: S) -> Result<S::Ok, S::Error> {
    match scope {
        Some(scope) => serializer.collect_str(scope),
        None => serializer.serialize_none(),
    }
}

/// Why claims are not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClaimsError {
    /// Not a JSON object with unique members.
    #[error("the claims are refused: {0}")]
    Json(JsonError),
    /// A required claim is missing.
    #[error("the claim {0:?} is missing")]
    Missing(&'static str),
    /// A claim has the wrong type or a value that cannot be.
    #[error("the claim {0:?} is not well-formed")]
    Malformed(&'static str),
    /// The token is bound to a key of its holder, and this path cannot check that binding.
    #[error("the token is sender-constrained")]
    SenderConstrained,
    /// `iss` is another issuer.
    #[error("the token is of another issuer")]
    Issuer,
    /// `exp` is past.
    #[error("the token has expired")]
    Expired,
    /// `nbf` is to come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `iat` is to come.
    #[error("the token was issued in the future")]
    IssuedInTheFuture,
}

/// The last second of the year 9999: what lies beyond is no time but an attempt at an overflow.
const LATEST: i64 = 253_402_300_799;

/// The claims of a JSON object, taken out one by one. Claims that are not asked for are ignored (RFC 7519 §4).
struct Members(Map<String, Value>);

impl Members {
    fn text(&mut self, name: &'static str) -> Result<Option<String>, ClaimsError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ClaimsError::Malformed(name)),
        }
    }

    fn required_text(&mut self, name: &'static str) -> Result<String, ClaimsError> {
        self.text(name)?.ok_or(ClaimsError::Missing(name))
    }

    /// RFC 7519 §2 has fractions in a `NumericDate` too; nobody needs them here, and a float is where comparing
    /// begins to go wrong (CVE-2026-25537).
    fn time(&mut self, name: &'static str) -> Result<Option<Timestamp>, ClaimsError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(value) => match value.as_i64() {
                Some(seconds @ 0..=LATEST) => Ok(Some(Timestamp::from_seconds(seconds))),
                _ => Err(ClaimsError::Malformed(name)),
            },
        }
    }

    fn required_time(&mut self, name: &'static str) -> Result<Timestamp, ClaimsError> {
        self.time(name)?.ok_or(ClaimsError::Missing(name))
    }

    fn audience(&mut self) -> Result<Vec<String>, ClaimsError> {
        let malformed = ClaimsError::Malformed("aud");
        match self.0.remove("aud") {
            None => Err(ClaimsError::Missing("aud")),
            Some(Value::String(single)) => Ok(vec![single]),
            Some(Value::Array(several)) if !several.is_empty() => several
                .into_iter()
                .map(|value| match value {
                    Value::String(text) => Ok(text),
                    _ => Err(malformed),
                })
                .collect(),
            Some(_) => Err(malformed),
        }
    }
}

impl AccessTokenClaims {
    /// Appends the claims as JSON to `buffer`.
    pub(crate) fn write_json(&self, buffer: &mut Vec<u8>) {
        serde_json::to_writer(buffer, self)
            .expect("strings and integers are always representable in JSON");
    }

    /// Reads claims: all types checked, all that RFC 9068 §2.2 requires present.
    pub(crate) fn from_json(bytes: &[u8]) -> Result<Self, ClaimsError> {
        let mut members = Members(json::parse_object(bytes).map_err(ClaimsError::Json)?);
        // RFC 7800 §3.1: who does not check the confirmation turns a bound token into a bearer token
        // (CVE-2024-49755).
        if members.0.contains_key("cnf") {
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
        // RFC 7519 §4.1.5: "the current date/time MUST be after or equal to the not-before date/time".
        if self.nbf.is_some_and(|nbf| now.plus(leeway) < nbf) {
            return Err(ClaimsError::NotYetValid);
        }
        // A clock that runs ahead would mint tokens that outlive what was meant.
        if now.plus(leeway) < self.iat {
            return Err(ClaimsError::IssuedInTheFuture);
        }
        Ok(())
    }
}
