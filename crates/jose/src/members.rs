//! Claims as they are read: each has its type or the token is refused (RULES T2).

use countersign_core::Timestamp;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::json::{self, JsonError};

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

/// The claims of a JSON object, taken out one by one. What is left over has no meaning here (RFC 7519 §4).
pub(crate) struct Members(Map<String, Value>);

impl Members {
    /// Reads one JSON object in which every member stands once.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ClaimsError> {
        json::parse_object(bytes)
            .map(Self)
            .map_err(ClaimsError::Json)
    }

    /// Whether the claim is there, whatever it says.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// What was not taken out.
    pub(crate) fn rest(self) -> Map<String, Value> {
        self.0
    }

    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, ClaimsError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ClaimsError::Malformed(name)),
        }
    }

    pub(crate) fn required_text(&mut self, name: &'static str) -> Result<String, ClaimsError> {
        self.text(name)?.ok_or(ClaimsError::Missing(name))
    }

    /// RFC 7519 §2 has fractions in a `NumericDate` too; nobody needs them here, and a float is where comparing
    /// begins to go wrong (CVE-2026-25537).
    pub(crate) fn time(&mut self, name: &'static str) -> Result<Option<Timestamp>, ClaimsError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(value) => match value.as_i64() {
                Some(seconds @ 0..=LATEST) => Ok(Some(Timestamp::from_seconds(seconds))),
                _ => Err(ClaimsError::Malformed(name)),
            },
        }
    }

    pub(crate) fn required_time(&mut self, name: &'static str) -> Result<Timestamp, ClaimsError> {
        self.time(name)?.ok_or(ClaimsError::Missing(name))
    }

    pub(crate) fn audience(&mut self) -> Result<Vec<String>, ClaimsError> {
        match self.0.remove("aud") {
            None => Err(ClaimsError::Missing("aud")),
            Some(Value::String(single)) => Ok(vec![single]),
            Some(Value::Array(several)) if !several.is_empty() => strings("aud", several),
            Some(_) => Err(ClaimsError::Malformed("aud")),
        }
    }

    /// An array of strings, which may be empty.
    pub(crate) fn texts(&mut self, name: &'static str) -> Result<Option<Vec<String>>, ClaimsError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::Array(values)) => strings(name, values).map(Some),
            Some(_) => Err(ClaimsError::Malformed(name)),
        }
    }
}

fn strings(name: &'static str, values: Vec<Value>) -> Result<Vec<String>, ClaimsError> {
    values
        .into_iter()
        .map(|value| match value {
            Value::String(text) => Ok(text),
            _ => Err(ClaimsError::Malformed(name)),
        })
        .collect()
}
