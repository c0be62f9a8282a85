//! Keys, JWS, JWK sets and JWT profiles, strict. No I/O.
#![forbid(unsafe_code)]

pub mod access_token;
pub mod base64url;
mod claims;
mod crypto;
pub mod digest;
mod framed;
pub mod hmac_jws;
pub mod json;
mod jwk;
pub mod jws;
mod key_set;
pub mod mac;
pub mod opaque;
mod roca;
pub mod seal;
mod signing_key;
mod verifying_key;

pub use countersign_core::SigningAlgorithm;
pub use jsonwebtoken::Algorithm;
pub use jsonwebtoken::jwk::{Jwk, JwkSet};

pub use self::jwk::JwkError;
pub use self::key_set::{DuplicateKeyId, RefusedJwk, VerifyingKeys};
pub use self::signing_key::{KeyError, SigningKey};
pub use self::verifying_key::{InvalidSignature, VerifyingKey};
