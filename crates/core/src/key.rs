//! Keys as they are stored: who may use them for what, and since when.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Timestamp;
use crate::text::{checked_text, named_enum};

/// The id of a key, the `kid` of RFC 7515 §4.1.4; unique over keys of all kinds (RULES T1).
///
/// 1 to 64 characters of the base64url alphabet.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(Box<str>);

checked_text!(KeyId, KeyIdError);

/// Why a text is no key id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a key id has 1 to {max} characters of A-Z a-z 0-9 - _", max = KeyId::MAX_LEN)]
pub struct KeyIdError;

impl KeyId {
    /// The most characters that a key id may have.
    pub const MAX_LEN: usize = 64;
}

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed = (1..=Self::MAX_LEN).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if well_formed {
            Ok(Self(text.into()))
        } else {
            Err(KeyIdError)
        }
    }
}

/// The algorithms with which this service signs tokens that others verify (RFC 7518 §3.1, RFC 8037 §3.1).
///
/// All of them are asymmetric: a symmetric key cannot even be named where a public one is published (RULES T1).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum SigningAlgorithm {
    /// ECDSA with P-256 and SHA-256: short and quick, the default for access tokens.
    #[default]
    #[serde(rename = "ES256")]
    Es256,
    /// ECDSA with P-384 and SHA-384.
    #[serde(rename = "ES384")]
    Es384,
    /// RSASSA-PKCS1-v1_5 with SHA-256, which every verifier knows.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PSS with SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl SigningAlgorithm {
    /// Every algorithm, the default first.
    pub const ALL: [Self; 5] = [
        Self::Es256,
        Self::Rs256,
        Self::EdDsa,
        Self::Ps256,
        Self::Es384,
    ];

    /// The name in the JOSE registry, the value of `alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::EdDsa => "EdDSA",
        }
    }
}

named_enum!(SigningAlgorithm, "signing algorithm");

/// What one key is for. A key has exactly one purpose (RULES T1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyPurpose {
    /// Signing tokens that others verify; the public half stands in the JWKS.
    Signing(SigningAlgorithm),
    /// Sealing opaque access tokens (RULES T3).
    OpaqueTokens,
    /// Making refresh tokens that nobody else can make (RULES R1, R6); keys for authorization codes and for what pages carry
    /// are derived from it, each apart.
    RefreshTokens,
    /// The pepper under which generated client secrets are kept (RULES S1).
    ClientSecrets,
    /// Signing classic access tokens with HS256, with a secret of its own for every audience (RULES D1).
    ClassicTokens,
}

impl KeyPurpose {
    /// Every purpose.
    pub const ALL: [Self; 9] = [
        Self::Signing(SigningAlgorithm::Es256),
        Self::Signing(SigningAlgorithm::Rs256),
        Self::Signing(SigningAlgorithm::EdDsa),
        Self::Signing(SigningAlgorithm::Ps256),
        Self::Signing(SigningAlgorithm::Es384),
        Self::OpaqueTokens,
        Self::RefreshTokens,
        Self::ClientSecrets,
        Self::ClassicTokens,
    ];

    /// The stable name under which the purpose is stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signing(SigningAlgorithm::Es256) => "sign:ES256",
            Self::Signing(SigningAlgorithm::Es384) => "sign:ES384",
            Self::Signing(SigningAlgorithm::Rs256) => "sign:RS256",
            Self::Signing(SigningAlgorithm::Ps256) => "sign:PS256",
            Self::Signing(SigningAlgorithm::EdDsa) => "sign:EdDSA",
            Self::OpaqueTokens => "seal:opaque-tokens",
            Self::RefreshTokens => "mac:refresh-tokens",
            Self::ClientSecrets => "mac:client-secrets",
            Self::ClassicTokens => "mac:classic-tokens",
        }
    }
}

named_enum!(KeyPurpose, "key purpose");

/// A key as it is stored: its life is told by three times, never by a state that somebody has to update.
///
/// A key is *announced* from `created_at`, *active* from `active_from` until a younger key of the same purpose is
/// active, then *retiring* for as long as something it made may live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The `kid`.
    pub id: KeyId,
    /// The one thing that the key is for.
    pub purpose: KeyPurpose,
    /// When the key was made and first announced.
    pub created_at: Timestamp,
    /// When the key may be used to make something new (RULES T6).
    pub active_from: Timestamp,
    /// When the key was declared compromised: from then on nothing that it made is accepted.
    pub revoked_at: Option<Timestamp>,
    /// The secret half, sealed under the master key; a store cannot open it.
    pub sealed: Vec<u8>,
}
