//! Verbs on grants, and on the refresh token of each (RULES R).

use async_trait::async_trait;
use countersign_core::{
    CurrentRefresh, EntityId, Epoch, Generation, Grant, GrantId, Timestamp, User,
};

use crate::StoreError;

/// What became of [`GrantStore::create_grant`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateGrant {
    /// The grant is stored.
    Created {
        /// The oldest grants of the same user and client, which were ended since there were too many (RULES R10).
        ended: Vec<GrantId>,
    },
    /// The client is gone or has another epoch than the grant says; nothing was changed.
    ClientEnded,
    /// The user is gone, disabled, or has another epoch than the grant says; nothing was changed.
    UserEnded,
}

/// A grant with what it stands on, read in one statement (RULES A2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundGrant {
    /// The grant as it is stored.
    pub grant: Grant,
    /// Whether the client is there with the epoch that the grant says.
    pub client_is_live: bool,
    /// The user, if it is there. Whether it is enabled and has the right epoch is told by
    /// [`FoundGrant::user_is_live`].
    pub user: Option<User>,
}

impl FoundGrant {
    /// Whether the user is there, enabled, and has the epoch that the grant says.
    #[must_use]
    pub fn user_is_live(&self) -> bool {
        self.user
            .as_ref()
            .is_some_and(|user| user.enabled && user.epoch == self.grant.user_epoch)
    }
}

/// The stored facts on which a decision about a refresh token stood. A verb makes the decision true only if all of
/// them still hold (RULES R5, A4).
#[derive(Clone, PartialEq, Eq)]
pub struct SeenRefresh {
    /// The grant.
    pub grant: GrantId,
    /// The generation that was current.
    pub generation: Generation,
    /// The nonce of that generation.
    pub nonce: [u8; 16],
    /// Whether that generation was told again. Only a rotation depends on it: it must not pass over a retry that came
    /// between, which counts (RULES R2).
    pub retried: bool,
    /// The epoch of the client.
    pub client_epoch: Epoch,
    /// The epoch of the user.
    pub user_epoch: Epoch,
}

impl SeenRefresh {
    /// What was seen of `grant`, if it has a refresh token.
    #[must_use]
    pub fn of(grant: &Grant) -> Option<Self> {
        grant.refresh.as_ref().map(|refresh| Self {
            grant: grant.id,
            generation: refresh.generation,
            nonce: refresh.nonce,
            retried: refresh.retried,
            client_epoch: grant.client_epoch,
            user_epoch: grant.user_epoch,
        })
    }
}

impl std::fmt::Debug for SeenRefresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SeenRefresh")
            .field("grant", &self.grant)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// What became of a verb on a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// It is as decided.
    Done,
    /// The grant lives, but its refresh token is not the one that was seen; nothing was changed. Read it again.
    Changed,
    /// The grant, its client or its user has ended; nothing was changed.
    Ended,
}

/// What became of [`GrantStore::end_grant`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndGrant {
    /// The grant is gone, and every token of it is dead.
    Ended,
    /// There is no such grant.
    NotFound,
}

/// Which grants to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GrantFilter {
    /// Only those of this user.
    pub user: Option<EntityId>,
    /// Only those of this client.
    pub client: Option<EntityId>,
}

/// Verbs on grants. None of them writes a change: liveness is read, not announced (RULES N2).
///
/// A grant is *live* while its row is there, its client has the epoch that the row says, and its user is enabled and
/// has the epoch that the row says. That it expired is in its times, for the provider to judge.
#[async_trait]
pub trait GrantStore: Send + Sync {
    /// Stores `grant` if its client and user are as it says. If the user and the client then have more than `limit`
    /// grants together, live or not, the oldest others by their ids are ended; never `grant` itself.
    ///
    /// A client that ended is told before a user that did. An id that another grant has is told last, with
    /// [`StoreError::EntityIdTaken`].
    async fn create_grant(&self, grant: Grant, limit: u32) -> Result<CreateGrant, StoreError>;

    /// The grant with this id, live or not, and what it stands on; in one statement on the primary, never from a
    /// cache (RULES A2).
    async fn find_grant(&self, id: GrantId) -> Result<Option<FoundGrant>, StoreError>;

    /// Makes `next` the current refresh token, in one conditional statement (RULES R5). Of several calls that saw the
    /// same, exactly one is [`RefreshOutcome::Done`].
    ///
    /// The nonce of `next` names the attempt: if it is the current one already, this very attempt won before, and the
    /// outcome is [`RefreshOutcome::Done`] again.
    async fn rotate_refresh(
        &self,
        seen: SeenRefresh,
        next: CurrentRefresh,
    ) -> Result<RefreshOutcome, StoreError>;

    /// Notes that the current refresh token was told again, as the `in_a_row`th generation to need it (RULES R2). The
    /// time of its last use does not move. Doing this again changes nothing.
    async fn retry_refresh(
        &self,
        seen: SeenRefresh,
        in_a_row: u32,
    ) -> Result<RefreshOutcome, StoreError>;

    /// Notes that the current refresh token was used at `now` and stays the current one (RULES R9). What may be tried
    /// again ends: there is no token before this one any more.
    async fn use_refresh(
        &self,
        seen: SeenRefresh,
        now: Timestamp,
    ) -> Result<RefreshOutcome, StoreError>;

    /// Ends the grant, with every token of it.
    async fn end_grant(&self, id: GrantId) -> Result<EndGrant, StoreError>;

    /// At most `limit` grants ordered by their ids (which is by their age), beginning behind `after`, live or not.
    async fn list_grants(
        &self,
        filter: GrantFilter,
        after: Option<GrantId>,
        limit: u32,
    ) -> Result<Vec<Grant>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_what_was_seen_shows_no_nonce() {
        let seen = SeenRefresh {
            grant: GrantId::NONE,
            generation: Generation::FIRST,
            nonce: [171; 16],
            retried: false,
            client_epoch: Epoch::from_number(1),
            user_epoch: Epoch::from_number(2),
        };
        assert!(!format!("{seen:?}").contains("171"));
    }
}
