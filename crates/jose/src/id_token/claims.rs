//! The claims of an ID token as they are written.

use countersign_core::Timestamp;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::reserved_claims::{self, ReservedClaim};

/// The claims of an ID token (OpenID Connect Core §2). What is `None` or empty is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdTokenClaims {
    /// `iss`: who issued the token.
    pub iss: String,
    /// `sub`: who has signed in, as this client knows the user.
    pub sub: String,
    /// `aud`: the client that the token is for.
    pub aud: String,
    /// `exp`: from then on the client does not accept it.
    pub exp: Timestamp,
    /// `iat`: when it was issued.
    pub iat: Timestamp,
    /// `auth_time`: when the user proved who it is.
    pub auth_time: Option<Timestamp>,
    /// `nonce`: what the client gave to find again.
    pub nonce: Option<String>,
    /// `acr`: the authentication context class that was met.
    pub acr: Option<String>,
    /// `amr`: how the user proved it, by the names of RFC 8176.
    pub amr: Vec<String>,
    /// `azp`: the client to which it was issued.
    pub azp: Option<String>,
    /// `sid`: the session (OpenID Connect Front-Channel Logout §3).
    pub sid: Option<String>,
    /// `at_hash`: the [hash](super::left_half_hash) of the access token that comes with it.
    pub at_hash: Option<String>,
    /// `c_hash`: the [hash](super::left_half_hash) of the code that comes with it.
    pub c_hash: Option<String>,
    /// Further claims about the user (OpenID Connect Core §5.1), such as `name` and `email`. None may be
    /// [reserved](crate::access_token::is_reserved_claim).
    pub further: Map<String, Value>,
}

impl IdTokenClaims {
    /// The claims as JSON, unless one of the further ones is reserved.
    pub(super) fn to_json(&self) -> Result<Vec<u8>, ReservedClaim> {
        reserved_claims::require_none(&self.further)?;
        let json = serde_json::to_vec(&Members(self))
            .expect("strings, integers and JSON values are always representable in JSON");
        Ok(json)
    }
}

/// The object that stands in the token. All names that have a field are reserved, so no further claim repeats one.
struct Members<'claims>(&'claims IdTokenClaims);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let claims = self.0;
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("iss", &claims.iss)?;
        members.serialize_entry("sub", &claims.sub)?;
        members.serialize_entry("aud", &claims.aud)?;
        members.serialize_entry("exp", &claims.exp)?;
        members.serialize_entry("iat", &claims.iat)?;
        if let Some(auth_time) = &claims.auth_time {
            members.serialize_entry("auth_time", auth_time)?;
        }
        if !claims.amr.is_empty() {
            members.serialize_entry("amr", &claims.amr)?;
        }
        for (name, value) in [
            ("nonce", &claims.nonce),
            ("acr", &claims.acr),
            ("azp", &claims.azp),
            ("sid", &claims.sid),
            ("at_hash", &claims.at_hash),
            ("c_hash", &claims.c_hash),
        ] {
            if let Some(value) = value {
                members.serialize_entry(name, value)?;
            }
        }
        for (name, value) in &claims.further {
            members.serialize_entry(name, value)?;
        }
        members.end()
    }
}
