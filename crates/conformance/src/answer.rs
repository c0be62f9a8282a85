//! What checks demand of an answer.

use reqwest::header::{CONTENT_TYPE, HeaderName, WWW_AUTHENTICATE};
use serde_json::{Map, Value};

use crate::finding::{Finding, Verdict};
use crate::http::Answer;

impl Answer {
    /// A failure that this answer shows.
    pub(crate) fn fails(&self, expected: impl Into<String>, saw: impl Into<String>) -> Finding {
        Finding::failed(expected, saw).after(&self.exchange)
    }

    /// Fails unless `holds`; what was seen is told by status and error code.
    pub(crate) fn demand(&self, holds: bool, expected: impl Into<String>) -> Verdict {
        if holds {
            Ok(())
        } else {
            Err(self.fails(expected, self.summary()))
        }
    }

    /// Fails unless `holds`, telling what was seen.
    pub(crate) fn demand_or(
        &self,
        holds: bool,
        expected: impl Into<String>,
        saw: impl Into<String>,
    ) -> Verdict {
        if holds {
            Ok(())
        } else {
            Err(self.fails(expected, saw))
        }
    }

    /// The status, and the error code if there is one.
    pub(crate) fn summary(&self) -> String {
        match self.error() {
            Some(error) => format!("HTTP {} with error {error}", self.status),
            None => format!("HTTP {}", self.status),
        }
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn is_client_error(&self) -> bool {
        (400..500).contains(&self.status)
    }

    /// The body as a JSON object, if it is one.
    pub(crate) fn object(&self) -> Option<Map<String, Value>> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as a JSON object, which it has to be.
    pub(crate) fn json(&self) -> Result<Map<String, Value>, Finding> {
        self.object()
            .ok_or_else(|| self.fails("a JSON object", self.summary()))
    }

    /// A string member of the JSON body.
    pub(crate) fn text(&self, member: &str) -> Option<String> {
        self.object()?.get(member)?.as_str().map(str::to_owned)
    }

    /// RFC 6749 §5.2: the member `error`.
    pub(crate) fn error(&self) -> Option<String> {
        self.text("error")
    }

    pub(crate) fn access_token(&self) -> Option<String> {
        self.text("access_token").filter(|token| !token.is_empty())
    }

    pub(crate) fn refresh_token(&self) -> Option<String> {
        self.text("refresh_token").filter(|token| !token.is_empty())
    }

    /// All values of a header, as one list.
    pub(crate) fn header(&self, name: &HeaderName) -> String {
        let values: Vec<_> = self
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        values.join(", ")
    }

    /// Whether a list header holds `directive`.
    pub(crate) fn header_has(&self, name: &HeaderName, directive: &str) -> bool {
        self.header(name)
            .split(',')
            .any(|one| one.trim().eq_ignore_ascii_case(directive))
    }

    /// Whether the media type is `application/json`.
    pub(crate) fn is_json(&self) -> bool {
        let value = self.header(&CONTENT_TYPE);
        let media_type = value.split(';').next().unwrap_or_default();
        media_type.trim().eq_ignore_ascii_case("application/json")
    }

    /// Whether there is a challenge of `scheme` (RFC 9110 §11.6.1).
    pub(crate) fn challenges(&self, scheme: &str) -> bool {
        self.headers.get_all(WWW_AUTHENTICATE).iter().any(|value| {
            let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
            let scheme = scheme.to_ascii_lowercase();
            value
                .split(',')
                .any(|part| part.split_whitespace().next() == Some(scheme.as_str()))
        })
    }

    /// A refusal with one of these statuses and error codes, that gives no token.
    pub(crate) fn refused(&self, statuses: &[u16], errors: &[&str], when: &str) -> Verdict {
        let error = self.error().unwrap_or_default();
        let holds = statuses.contains(&self.status)
            && errors.contains(&error.as_str())
            && self.access_token().is_none();
        let statuses: Vec<_> = statuses.iter().map(u16::to_string).collect();
        let expected = format!(
            "HTTP {} with error {}",
            statuses.join(" or "),
            errors.join(" or ")
        );
        self.demand(holds, format!("{when}: {expected}"))
    }

    /// A 4xx that gives no token, whatever it says.
    pub(crate) fn gives_nothing(&self, when: &str) -> Verdict {
        let holds = self.is_client_error() && self.access_token().is_none();
        self.demand(holds, format!("{when}: refused with 4xx, and no token"))
    }
}
