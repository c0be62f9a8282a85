//! The protected header, RFC 7515 §4.

use std::str::FromStr as _;

use jsonwebtoken::Algorithm;
use serde::Serialize;
use serde_json::{Map, Value};

use super::JwsError;
use crate::{base64url, json};

/// The protected header of a token.
#[derive(Clone, Debug)]
pub struct Header {
    algorithm: Algorithm,
    typ: Option<String>,
    kid: Option<String>,
    has_others: bool,
}

/// The algorithm of this name. RFC 9864 §2.2: with the curve Ed25519, which is the only one here, `Ed25519` is another name of
/// `EdDSA`, and the one that newer software writes.
fn algorithm_named(name: &str) -> Option<Algorithm> {
    match name {
        "Ed25519" => Some(Algorithm::EdDSA),
        name => Algorithm::from_str(name).ok(),
    }
}

impl Header {
    /// Reads a header, strictly.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, JwsError> {
        let mut members = json::parse_object(bytes).map_err(JwsError::Header)?;
        // RFC 7515 §4.1.11: extensions that are listed and not understood make the JWS invalid; an empty list is not
        // allowed, and none is understood here (CVE-2025-59420).
        if members.contains_key("crit") {
            return Err(JwsError::Critical);
        }
        // RFC 7797 §6: without "crit" some would see one payload and some another.
        if members.contains_key("b64") {
            return Err(JwsError::UnencodedPayload);
        }
        let algorithm = text(&mut members, "alg")?.ok_or(JwsError::HeaderMember("alg"))?;
        // Case matters (RFC 7515 §4.1.1), and `none` is not among the names (CVE-2022-23540).
        let algorithm = algorithm_named(&algorithm).ok_or(JwsError::UnsupportedAlgorithm)?;
        let typ = text(&mut members, "typ")?;
        let kid = text(&mut members, "kid")?;
        Ok(Self {
            algorithm,
            typ,
            kid,
            has_others: !members.is_empty(),
        })
    }

    /// `alg`.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// `typ`: what kind of token it is.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// `kid`: which key it is.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether there are members beside `alg`, `typ` and `kid`. They choose nothing, but some kinds of token have none.
    pub(crate) fn has_others(&self) -> bool {
        self.has_others
    }

    /// Whether `typ` is this media type. RFC 7515 §4.1.9: compared without regard to case, and the prefix
    /// `application/` may be left out.
    #[must_use]
    pub fn is_of_type(&self, media_type: &str) -> bool {
        self.typ().is_some_and(|typ| {
            let prefix = "application/";
            let short = match typ.get(..prefix.len()) {
                Some(start) if start.eq_ignore_ascii_case(prefix) => &typ[prefix.len()..],
                _ => typ,
            };
            short.eq_ignore_ascii_case(media_type)
        })
    }
}

/// Takes the string `name` out of `members`.
fn text(members: &mut Map<String, Value>, name: &'static str) -> Result<Option<String>, JwsError> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(value)) => Ok(Some(value)),
        Some(_) => Err(JwsError::HeaderMember(name)),
    }
}

/// A header to sign under, encoded ahead.
#[derive(Clone, Debug)]
pub(crate) struct ProtectedHeader(Box<str>);

impl ProtectedHeader {
    pub(crate) fn new(alg: &str, typ: Option<&str>, kid: Option<&str>) -> Self {
        #[derive(Serialize)]
        struct Members<'text> {
            alg: &'text str,
            #[serde(skip_serializing_if = "Option::is_none")]
            typ: Option<&'text str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            kid: Option<&'text str>,
        }
        let json = serde_json::to_vec(&Members { alg, typ, kid })
            .expect("three strings are always representable in JSON");
        Self(base64url::encode(&json).into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_no_key_could_make_good() {
        let cases = [
            (r#"{"alg":"ES256"}"#, None),
            (
                r#"{"alg":"ES256","typ":"JWT","kid":"a","jku":"https://example.com"}"#,
                None,
            ),
            (r#"{"typ":"JWT"}"#, Some(JwsError::HeaderMember("alg"))),
            (r#"{"alg":null}"#, Some(JwsError::HeaderMember("alg"))),
            (r#"{"alg":["ES256"]}"#, Some(JwsError::HeaderMember("alg"))),
            (
                r#"{"alg":"ES256","kid":1}"#,
                Some(JwsError::HeaderMember("kid")),
            ),
            (
                r#"{"alg":"ES256","kid":null}"#,
                Some(JwsError::HeaderMember("kid")),
            ),
            (
                r#"{"alg":"ES256","typ":{}}"#,
                Some(JwsError::HeaderMember("typ")),
            ),
            (r#"{"alg":"Ed25519"}"#, None),
            (r#"{"alg":"ed25519"}"#, Some(JwsError::UnsupportedAlgorithm)),
            (r#"{"alg":"Ed448"}"#, Some(JwsError::UnsupportedAlgorithm)),
            (r#"{"alg":"es256"}"#, Some(JwsError::UnsupportedAlgorithm)),
            (r#"{"alg":"none"}"#, Some(JwsError::UnsupportedAlgorithm)),
            (r#"{"alg":"ES256","crit":[]}"#, Some(JwsError::Critical)),
            (
                r#"{"alg":"ES256","crit":["exp"],"exp":1}"#,
                Some(JwsError::Critical),
            ),
            (
                r#"{"alg":"ES256","b64":true}"#,
                Some(JwsError::UnencodedPayload),
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(Header::parse(json.as_bytes()).err(), expected, "{json}");
        }
    }

    #[test]
    fn types_are_compared_as_media_types() {
        let cases = [
            ("at+jwt", true),
            ("AT+JWT", true),
            ("application/at+jwt", true),
            ("Application/AT+jwt", true),
            ("application/application/at+jwt", false),
            ("at+jwt ", false),
            ("JWT", false),
            ("text/at+jwt", false),
            ("", false),
        ];
        for (typ, expected) in cases {
            let json = serde_json::json!({ "alg": "ES256", "typ": typ }).to_string();
            let header = Header::parse(json.as_bytes()).unwrap();
            assert_eq!(header.is_of_type("at+jwt"), expected, "{typ:?}");
        }
    }
}
