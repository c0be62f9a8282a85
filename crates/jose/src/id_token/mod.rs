//! ID tokens: OpenID Connect Core §2, and what becomes of one that comes back as a hint.
//!
//! An ID token tells one client who has signed in, and opens no door: it has the `typ` JWT, which no access token has,
//! and nothing here reads one to let anybody in.

mod claims;
mod hint;

use countersign_core::{IdTokenAlgorithm, Secret, SigningAlgorithm};
use thiserror::Error;

pub use self::claims::IdTokenClaims;
pub use self::hint::{HintClaims, HintError, read_hint, read_hint_hs256};
use crate::hmac_jws::{HmacAlgorithm, HmacKeyError, UnnamedKey};
use crate::jws::{self, ProtectedHeader, SignError};
use crate::{SigningKey, base64url, digest};

/// The `typ` of an ID token (RFC 7519 §5.1).
pub const TYPE: &str = "JWT";

/// Why no ID token was signed under the secret of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignHs256Error {
    /// The secret is no key for HS256.
    #[error(transparent)]
    Secret(#[from] HmacKeyError),
    /// The token cannot be made, whatever the secret.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Signs `claims` as an ID token with the header members `alg`, `typ: JWT` and `kid`. Not if a further claim is
/// [reserved](crate::access_token::is_reserved_claim).
///
/// ```
/// use countersign_core::{IdTokenAlgorithm, SigningAlgorithm, Timestamp};
/// use countersign_jose::id_token::{self, IdTokenClaims};
/// use countersign_jose::{SigningKey, VerifyingKeys};
///
/// let now = Timestamp::from_seconds(1_800_000_000);
/// let (key, _) = SigningKey::generate(SigningAlgorithm::Es256)?;
/// let algorithm = IdTokenAlgorithm::Signed(key.algorithm());
/// let claims = IdTokenClaims {
///     iss: "https://issuer.example".into(),
///     sub: "248289761001".into(),
///     aud: "web-app".into(),
///     exp: now.plus(600),
///     iat: now,
///     auth_time: Some(now.plus(-30)),
///     nonce: Some("n-0S6_WzA2Mj".into()),
///     acr: None,
///     amr: vec!["pwd".into()],
///     azp: None,
///     sid: Some("08a5019c".into()),
///     at_hash: Some(id_token::left_half_hash(algorithm, "the access token")),
///     c_hash: None,
///     further: serde_json::from_str(r#"{"email": "jane@example.com"}"#)?,
/// };
/// let token = id_token::sign(&key, &claims)?;
///
/// // Years later it is still a hint, though nothing more.
/// let keys = VerifyingKeys::new([key.verifying_key()])?;
/// let later = now.plus(100_000_000);
/// let hint = id_token::read_hint(&token, &keys, "https://issuer.example", later, 5)?;
/// assert_eq!((hint.sub.as_str(), hint.aud), ("248289761001", vec!["web-app".to_owned()]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sign(key: &SigningKey, claims: &IdTokenClaims) -> Result<String, SignError> {
    jws::sign_with_header(key, &header(key), &claims.to_json()?)
}

/// Whether [`sign`] will find nothing wrong with `claims`, without signing: for whoever must know that a token can be made
/// before something is consumed for it. It takes every signature for as long as the longest.
///
/// A hash of something that is yet to be made has the length of any other [`left_half_hash`].
pub fn check_signable(key: &SigningKey, claims: &IdTokenClaims) -> Result<(), SignError> {
    jws::check_len(&header(key), &claims.to_json()?)
}

/// Signs `claims` as an ID token for the client that has this secret. OpenID Connect Core §10.1: the bytes of the
/// `client_secret` are the key, so the header has the members `alg` and `typ: JWT`, and no `kid`.
///
/// The secret needs at least 32 bytes (RFC 7518 §3.2). Whoever knows it can make such a token.
///
/// ```
/// use countersign_core::{Secret, Timestamp};
/// use countersign_jose::id_token::{self, IdTokenClaims};
/// use countersign_jose::jws::{UnverifiedClaims, UnverifiedHeader};
///
/// let now = Timestamp::from_seconds(1_800_000_000);
/// let issuer = "https://issuer.example";
/// let secret = Secret::new(b"of the client, and long enough for it".to_vec());
/// let token = id_token::sign_hs256(&secret, &IdTokenClaims {
///     iss: issuer.into(),
///     sub: "248289761001".into(),
///     aud: "web-app".into(),
///     exp: now.plus(600),
///     iat: now,
///     auth_time: None,
///     nonce: None,
///     acr: None,
///     amr: vec![],
///     azp: None,
///     sid: None,
///     at_hash: None,
///     c_hash: None,
///     further: serde_json::Map::new(),
/// })?;
///
/// // Whose secret it is, only the token can tell; what it says is believed once that secret has verified it.
/// assert_eq!(UnverifiedHeader::peek(&token)?.alg(), Some("HS256"));
/// assert_eq!(UnverifiedClaims::peek(&token)?.audiences(), ["web-app"]);
/// let hint = id_token::read_hint_hs256(&token, &secret, issuer, now, 5)?;
/// assert_eq!(hint.aud, ["web-app"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sign_hs256(
    secret: &Secret<Vec<u8>>,
    claims: &IdTokenClaims,
) -> Result<String, SignHs256Error> {
    let key = key_of_client(secret)?;
    let json = claims.to_json().map_err(SignError::from)?;
    Ok(key.sign(&header_hs256(), &json)?)
}

/// Whether [`sign_hs256`] will find nothing wrong with `secret` and `claims`, as [`check_signable`] tells it of a key.
pub fn check_signable_hs256(
    secret: &Secret<Vec<u8>>,
    claims: &IdTokenClaims,
) -> Result<(), SignHs256Error> {
    key_of_client(secret)?;
    let json = claims.to_json().map_err(SignError::from)?;
    Ok(jws::check_len(&header_hs256(), &json)?)
}

fn header(key: &SigningKey) -> ProtectedHeader {
    ProtectedHeader::new(key.algorithm().name(), Some(TYPE), Some(key.id().as_str()))
}

fn header_hs256() -> ProtectedHeader {
    ProtectedHeader::new(HmacAlgorithm::Hs256.name(), Some(TYPE), None)
}

fn key_of_client(secret: &Secret<Vec<u8>>) -> Result<UnnamedKey, HmacKeyError> {
    UnnamedKey::new(HmacAlgorithm::Hs256, secret)
}

/// The `at_hash` or `c_hash` of an access token or code that comes with an ID token of this algorithm.
///
/// OpenID Connect Core §3.1.3.6 and §3.3.2.11: "the base64url encoding of the left-most half of the hash of the octets of
/// the ASCII representation" of `value`, "where the hash algorithm used is the hash algorithm used in the `alg` Header
/// Parameter".
///
/// ```
/// use countersign_core::IdTokenAlgorithm;
/// use countersign_jose::id_token::left_half_hash;
///
/// // OpenID Connect Core appendix A.6.
/// let rs256 = IdTokenAlgorithm::default();
/// let access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
/// assert_eq!(left_half_hash(rs256, access_token), "77QmUPtjPfzWtF2AnpK9RQ");
/// ```
#[must_use]
pub fn left_half_hash(algorithm: IdTokenAlgorithm, value: &str) -> String {
    let left_half = |hash: &[u8]| base64url::encode(&hash[..hash.len() / 2]);
    let value = value.as_bytes();
    match algorithm {
        IdTokenAlgorithm::Hs256
        | IdTokenAlgorithm::Signed(
            SigningAlgorithm::Rs256 | SigningAlgorithm::Es256 | SigningAlgorithm::Ps256,
        ) => left_half(&digest::sha256(value)),
        IdTokenAlgorithm::Signed(SigningAlgorithm::Es384) => left_half(&digest::sha384(value)),
        // RFC 8032 §5.1: the hash inside Ed25519.
        IdTokenAlgorithm::Signed(SigningAlgorithm::EdDsa) => left_half(&digest::sha512(value)),
    }
}
