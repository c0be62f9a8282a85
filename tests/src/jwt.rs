//! Taking JWTs apart, without believing them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The header and the claims.
#[must_use]
pub fn parts(token: &str) -> (Value, Value) {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, _] = parts[..] else {
        panic!("no JWT: {token}");
    };
    (object(header), object(claims))
}

/// The claims.
#[must_use]
pub fn claims(token: &str) -> Value {
    parts(token).1
}

/// The id of the key that it names.
#[must_use]
pub fn kid(token: &str) -> String {
    let (header, _) = parts(token);
    header["kid"].as_str().expect("a kid").to_owned()
}

/// The id of the grant on which an access token stands, as commands write it (RULES A1: it is the beginning of the
/// `jti`).
#[must_use]
pub fn grant(token: &str) -> String {
    let claims = claims(token);
    let jti = decode(claims["jti"].as_str().expect("a jti"));
    let digits: Vec<String> = jti[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    // RFC 9562 §4.
    let parts = [
        &digits[..4],
        &digits[4..6],
        &digits[6..8],
        &digits[8..10],
        &digits[10..],
    ];
    parts.map(<[String]>::concat).join("-")
}

fn object(part: &str) -> Value {
    serde_json::from_slice(&decode(part)).expect("a part of a JWT is JSON")
}

/// The bytes of a base64url text.
#[must_use]
pub fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

/// The base64url text of bytes.
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
