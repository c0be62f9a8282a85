//! Sessions: that a user has signed in with one browser, and what that user has agreed to.

use serde::{Deserialize, Serialize};

use crate::{EntityId, Epoch, Scope, Timestamp};

/// A session as it is stored.
///
/// The cookie of the browser carries the id and a secret, of which only the hash is stored. The secret is drawn anew at
/// every sign-in (attack class 15); the id stays as long as the same user goes on with the same browser.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// The id, of which `sid` is made (OpenID Connect Front-Channel Logout §3).
    pub id: EntityId,
    /// Who has signed in, by the internal id.
    pub user: EntityId,
    /// The epoch of the user at sign-in; with another one the session is over.
    pub user_epoch: Epoch,
    /// SHA-256 of the secret in the cookie.
    pub secret_hash: [u8; 32],
    /// When the user first signed in.
    pub created_at: Timestamp,
    /// When the user last proved who it is (`auth_time`, OpenID Connect Core §2).
    pub auth_time: Timestamp,
    /// How the user proved it, by the names of RFC 8176.
    pub amr: Vec<String>,
    /// When the browser last came with the session, to within a minute.
    pub used_at: Timestamp,
    /// When the session is over, whatever happens.
    pub ends_at: Timestamp,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id)
            .field("user", &self.user)
            .field("auth_time", &self.auth_time)
            .field("used_at", &self.used_at)
            .field("ends_at", &self.ends_at)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// From when on nobody needs the row: no grant that ends with the session lives longer, and clocks may differ by a
    /// minute.
    #[must_use]
    pub fn row_ends_at(&self) -> Timestamp {
        self.ends_at.plus(60)
    }
}

/// What a user has agreed to let a client have; remembered, so that it is asked once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The user, by the internal id.
    pub user: EntityId,
    /// The client, by the internal id (RULES R10).
    pub client: EntityId,
    /// Everything that the user agreed to so far.
    pub scope: Scope,
    /// When the user last agreed to something.
    pub given_at: Timestamp,
}
