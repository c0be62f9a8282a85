//! Client secrets as they are kept (RULES S1, S3).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{KeyId, Timestamp};

/// A client secret as it is kept: never the secret itself (RULES S1).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientSecret {
    /// The proof against which a presented secret is checked.
    pub hash: SecretHash,
    /// When the secret was set.
    pub created_at: Timestamp,
    /// Whether it was given by a person and has fewer than 16 bytes.
    pub weak: bool,
    /// From when on it is no longer accepted, if another one takes over from it (RULES S3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The secret itself, sealed so that a store cannot open it, for what needs it: signing ID tokens with HS256 (RULES
    /// S2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Vec<u8>>,
}

impl ClientSecret {
    /// Whether the secret is accepted at `now`.
    #[must_use]
    pub fn is_accepted(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSecret")
            .field("created_at", &self.created_at)
            .field("weak", &self.weak)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// How a secret is kept depends on where its strength comes from (RULES S1).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretHash {
    /// Drawn by us with 256 bits: a MAC under the pepper `key`, cheap to check.
    Keyed {
        /// The pepper.
        key: KeyId,
        /// HMAC-SHA256.
        mac: [u8; 32],
    },
    /// Chosen by a person: an argon2id hash in PHC notation, costly to guess.
    Argon2id {
        /// The PHC string.
        phc: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_s3_a_secret_is_accepted_until_it_ends() {
        let mut secret = ClientSecret {
            hash: SecretHash::Argon2id { phc: String::new() },
            created_at: Timestamp::from_seconds(0),
            weak: false,
            expires_at: None,
            sealed: None,
        };
        assert!(secret.is_accepted(Timestamp::from_seconds(i64::MAX)));
        secret.expires_at = Some(Timestamp::from_seconds(100));
        assert!(secret.is_accepted(Timestamp::from_seconds(99)));
        assert!(!secret.is_accepted(Timestamp::from_seconds(100)));
    }

    #[test]
    fn debug_of_a_secret_shows_no_hash() {
        let secret = ClientSecret {
            hash: SecretHash::Argon2id {
                phc: "$argon2id$v=19$x".into(),
            },
            created_at: Timestamp::from_seconds(0),
            weak: false,
            expires_at: None,
            sealed: None,
        };
        assert!(!format!("{secret:?}").contains("argon2id"));
    }
}
