//! Verbs on issued tokens: which of them are dead.

use async_trait::async_trait;
use countersign_core::{ClientId, Timestamp, TokenId};

use crate::StoreError;

/// What became of [`TokenStore::revoke_token`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokeToken {
    /// The token is revoked.
    Revoked,
    /// It already was.
    AlreadyRevoked,
}

/// Of what [`TokenStore::liveness`] is asked: the facts of a token whose signature was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LivenessQuery {
    /// The client to which the token was issued.
    pub client_id: ClientId,
    /// The `jti`, which carries the grant and the epoch of that client.
    pub token: TokenId,
}

/// What a store knows about the grant of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantFacts {
    /// The token stands on no grant ([`GrantId::NONE`](countersign_core::GrantId::NONE)).
    NotNeeded,
    /// There is no such grant, or it is of another client or another epoch of it.
    Gone,
    /// The grant is there.
    Stored {
        /// Whether its user is there, enabled, and has the epoch that the grant says; true if it has none.
        user_is_live: bool,
        /// Whether the session with which it ends is there; true if it ends with none.
        session_is_live: bool,
    },
}

/// Whether a token is live (RULES A2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// Nothing ended it. Whether it expired is in the token, not in the store.
    Live,
    /// It was revoked. Told last.
    TokenRevoked,
    /// The grant on which it stands was ended.
    GrantEnded,
    /// Its grant is there, but the user is gone, disabled, or has another epoch.
    UserEnded,
    /// Its grant and user are there, but the session with which the grant ends is over.
    SessionEnded,
    /// Its client is gone or has another epoch: all that was issued to it ended. Told before all others.
    ClientEnded,
}

impl Liveness {
    /// The one reading of the facts, for every backend: the epoch of the stored client if there is one, that of the
    /// token, what is known of its grant, and whether the token is revoked.
    #[must_use]
    pub fn of(
        query: &LivenessQuery,
        client_epoch: Option<u64>,
        grant: GrantFacts,
        revoked: bool,
    ) -> Self {
        if client_epoch != Some(query.token.client_epoch().number()) {
            return Self::ClientEnded;
        }
        match grant {
            GrantFacts::Gone => Self::GrantEnded,
            GrantFacts::Stored {
                user_is_live: false,
                ..
            } => Self::UserEnded,
            GrantFacts::Stored {
                session_is_live: false,
                ..
            } => Self::SessionEnded,
            GrantFacts::NotNeeded | GrantFacts::Stored { .. } => {
                if revoked {
                    Self::TokenRevoked
                } else {
                    Self::Live
                }
            }
        }
    }
}

/// Verbs on issued tokens. Tokens are not rows (DESIGN §3); only revocations are.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Ends one token. Writes no change: liveness is read, not announced (RULES N2).
    ///
    /// `expires_at` is when no check of this service accepts the token any more, its `exp` and the allowed clock
    /// difference taken together: from then on [`sweep`](crate::Maintenance::sweep) may forget the revocation.
    async fn revoke_token(
        &self,
        token: &TokenId,
        expires_at: Timestamp,
    ) -> Result<RevokeToken, StoreError>;

    /// Whether a token is live, in one indexed statement on the primary, never from a cache (RULES A2).
    async fn liveness(&self, query: &LivenessQuery) -> Result<Liveness, StoreError>;
}
