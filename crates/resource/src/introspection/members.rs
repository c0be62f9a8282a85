//! What the members of an answer hold: RFC 7662 §2.2.

use countersign_core::{Scope, Timestamp};
use serde_json::{Map, Value};

use super::AnswerError;

/// The last second of the year 9999: what lies beyond is no time but an attempt at an overflow.
pub(super) const LATEST: i64 = 253_402_300_799;

/// The members of an answer, taken out one by one.
pub(super) struct Members(pub(super) Map<String, Value>);

impl Members {
    /// What a member says that stays where it is.
    pub(super) fn peek(&self, name: &'static str) -> Result<Option<&str>, AnswerError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(AnswerError::Member(name)),
        }
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, AnswerError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(AnswerError::Member(name)),
        }
    }

    /// RFC 7662 §2.2: "Integer timestamp, measured in the number of seconds since January 1 1970 UTC".
    pub(super) fn time(&mut self, name: &'static str) -> Result<Option<Timestamp>, AnswerError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(value) => match value.as_i64() {
                Some(seconds @ 0..=LATEST) => Ok(Some(Timestamp::from_seconds(seconds))),
                _ => Err(AnswerError::Member(name)),
            },
        }
    }

    pub(super) fn scope(&mut self) -> Result<Scope, AnswerError> {
        let text = self.text("scope")?.unwrap_or_default();
        text.parse().map_err(|_| AnswerError::Member("scope"))
    }

    /// RFC 7662 §2.2: "Service-specific string identifier or list of string identifiers". An empty list names nobody.
    pub(super) fn audience(&mut self) -> Result<Vec<String>, AnswerError> {
        match self.0.remove("aud") {
            None => Ok(Vec::new()),
            Some(Value::String(single)) => Ok(vec![single]),
            Some(Value::Array(several)) => several
                .into_iter()
                .map(|value| match value {
                    Value::String(text) => Ok(text),
                    _ => Err(AnswerError::Member("aud")),
                })
                .collect(),
            Some(_) => Err(AnswerError::Member("aud")),
        }
    }
}
