//! What a token says of itself. None of it is true before the signature has been verified.

use serde_json::{Map, Value};

use super::JwsError;
use super::compact::Parts;
use crate::{base64url, json};

/// The header that a token claims to have: good for choosing a decoder and for showing to people, for nothing else.
///
/// ```
/// use countersign_jose::jws::UnverifiedHeader;
///
/// let header = UnverifiedHeader::peek("eyJhbGciOiJub25lIn0.e30.")?;
/// assert_eq!(header.alg(), Some("none"));
/// # Ok::<(), countersign_jose::jws::JwsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct UnverifiedHeader(Map<String, Value>);

impl UnverifiedHeader {
    /// Reads the header of `token` and verifies nothing.
    pub fn peek(token: &str) -> Result<Self, JwsError> {
        let header = Parts::split(token)?.header;
        let bytes = base64url::decode(header).map_err(|_| JwsError::Encoding)?;
        json::parse_object(&bytes)
            .map(Self)
            .map_err(JwsError::Header)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// `alg`, if it is a string.
    #[must_use]
    pub fn alg(&self) -> Option<&str> {
        self.text("alg")
    }

    /// `typ`, if it is a string.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.text("typ")
    }

    /// `kid`, if it is a string.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.text("kid")
    }

    /// Every member.
    #[must_use]
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }
}

/// The claims that a token claims to have: good for showing to people and for finding out who may know the key, for
/// nothing else.
///
/// ```
/// use countersign_jose::jws::UnverifiedClaims;
///
/// // {"aud":"web-app"}
/// let claims = UnverifiedClaims::peek("eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJ3ZWItYXBwIn0.AAAA")?;
/// assert_eq!(claims.audiences(), ["web-app"]);
/// # Ok::<(), countersign_jose::jws::JwsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct UnverifiedClaims(Map<String, Value>);

impl UnverifiedClaims {
    /// Reads the payload of `token` as JSON and verifies nothing.
    pub fn peek(token: &str) -> Result<Self, JwsError> {
        let payload = Parts::split(token)?.payload;
        let bytes = base64url::decode(payload).map_err(|_| JwsError::Encoding)?;
        json::parse_object(&bytes)
            .map(Self)
            .map_err(JwsError::Payload)
    }

    /// `aud`: one string or several; none, if it is anything else.
    #[must_use]
    pub fn audiences(&self) -> Vec<&str> {
        match self.0.get("aud") {
            Some(Value::String(single)) => vec![single],
            Some(Value::Array(several)) => several
                .iter()
                .map(Value::as_str)
                .collect::<Option<_>>()
                .unwrap_or_default(),
            _ => vec![],
        }
    }

    /// Every member.
    #[must_use]
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }
}
