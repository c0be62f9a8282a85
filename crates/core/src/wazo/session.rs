//! Sessions, each with its one token, and refresh tokens.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::AccessList;
use crate::text::checked_text;
use crate::{EntityId, Epoch, Timestamp};

/// The `client_id` of that wire: the name that a program gives itself. It proves nothing, and is no client of this service.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AppId(Box<str>);

checked_text!(AppId, AppIdError);

/// Why a text is no [`AppId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a client_id has 1 to {max} characters and no control characters", max = AppId::MAX_CHARS)]
pub struct AppIdError;

impl AppId {
    /// The most characters of one.
    pub const MAX_CHARS: usize = 1_024;
}

impl FromStr for AppId {
    type Err = AppIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = !text.is_empty() && text.chars().nth(Self::MAX_CHARS).is_none();
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text.into()))
        } else {
            Err(AppIdError)
        }
    }
}

/// A session as it is stored, with the one token that it has.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// The id.
    pub id: EntityId,
    /// The keyed hash of the token (RULES D2).
    pub token_hash: [u8; 32],
    /// The client that stands for the mount, by its internal id (RULES D2).
    pub client: EntityId,
    /// The epoch of that client at sign-in; with another one the session is over.
    pub client_epoch: Epoch,
    /// Who has signed in, by the internal id.
    pub user: EntityId,
    /// The epoch of the user at sign-in; with another one the session is over.
    pub user_epoch: Epoch,
    /// What the token gives access to; it stays so until the token ends.
    pub acl: AccessList,
    /// Whether the program said that it runs on a phone.
    pub mobile: bool,
    /// When the token was issued.
    pub issued_at: Timestamp,
    /// The last second in which the token is good.
    pub expires_at: Timestamp,
    /// The program whose refresh token it was made with, or together with; the session ends with that.
    pub app: Option<AppId>,
    /// The address from which the user signed in, as text; empty if it is not known.
    pub remote_addr: String,
    /// What the program called itself (`User-Agent`), shortened.
    pub user_agent: String,
}

impl Session {
    /// From when on nobody needs the row.
    #[must_use]
    pub fn row_ends_at(&self) -> Timestamp {
        self.expires_at.plus(60)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id)
            .field("user", &self.user)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// A refresh token as it is stored: one for each user and program. It does not expire.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The internal id.
    pub id: EntityId,
    /// The keyed hash, by which it is found.
    pub token_hash: [u8; 32],
    /// The token itself, sealed: the wire must return the same value again (RULES D2).
    pub sealed: Vec<u8>,
    /// The client that stands for the mount, by its internal id.
    pub client: EntityId,
    /// The epoch of that client at sign-in; with another one the token is dead.
    pub client_epoch: Epoch,
    /// Whose it is, by the internal id.
    pub user: EntityId,
    /// The epoch of the user at sign-in; with another one the token is dead.
    pub user_epoch: Epoch,
    /// The program to which it was issued.
    pub app: AppId,
    /// Whether the program said that it runs on a phone.
    pub mobile: bool,
    /// When it was issued.
    pub created_at: Timestamp,
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken")
            .field("id", &self.id)
            .field("user", &self.user)
            .field("app", &self.app)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_4_1_a_client_id_has_1_to_1024_characters() {
        for (text, expected) in [
            (String::new(), false),
            ("x".into(), true),
            ("é".repeat(1_024), true),
            ("x".repeat(1_025), false),
            ("a\0b".into(), false),
            ("a\u{1b}]0;b".into(), false),
        ] {
            assert_eq!(text.parse::<AppId>().is_ok(), expected, "{}", text.len());
        }
    }
}
