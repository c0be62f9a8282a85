//! Verbs on grants, and on the refresh token of each (RULES R).

use async_trait::async_trait;
use countersign_core::{
    Authorization, ClientId, CurrentRefresh, EntityId, Epoch, Generation, Grant, GrantId, Scope,
    Timestamp, User,
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
    /// The session in which the user agreed is over; nothing was changed.
    SessionEnded,
}

/// What became of [`GrantStore::create_standing_grant`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateStandingGrant {
    /// The grant is stored.
    Created {
        /// The oldest standing grants of the same client, which were ended since there were too many (RULES R10).
        ended: Vec<GrantId>,
    },
    /// The client has another standing grant for this scope than the one that was to be replaced; nothing was changed.
    AlreadyThere,
    /// The client is gone or has another epoch than the grant says; nothing was changed.
    ClientEnded,
}

/// How many grants there may be (RULES R10, C3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantLimits {
    /// Of one user and client; and of one client, without a user.
    pub of_client: u32,
    /// Of one session, with a code that was not redeemed.
    pub unredeemed: u32,
}

/// A grant with what it stands on, read in one statement (RULES A2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundGrant {
    /// The grant as it is stored.
    pub grant: Grant,
    /// Whether the client is there with the epoch that the grant says.
    pub client_is_live: bool,
    /// The identifier of the client, if it is there.
    pub client_id: Option<ClientId>,
    /// The user, if there is one. Whether it is enabled and has the right epoch is told by
    /// [`FoundGrant::user_is_live`].
    pub user: Option<User>,
    /// Whether the session in which it was authorized is there; true if it was not authorized in one.
    pub session_is_there: bool,
}

impl FoundGrant {
    /// Whether the user is there, enabled, and has the epoch that the grant says; true if it is the client's own.
    #[must_use]
    pub fn user_is_live(&self) -> bool {
        self.grant.user.is_none_or(|granted_by| {
            self.user
                .as_ref()
                .is_some_and(|user| user.enabled && user.epoch == granted_by.epoch)
        })
    }

    /// Whether nothing that the grant stands on has ended: client, user, and the session if it ends with that.
    #[must_use]
    pub fn is_live(&self) -> bool {
        let ends_with_session = |it: &Authorization| it.ends_with_session;
        let needs_session = self
            .grant
            .authorization
            .as_ref()
            .is_some_and(ends_with_session);
        self.client_is_live && self.user_is_live() && (self.session_is_there || !needs_session)
    }
}

/// The stored facts on which the decision about a code stood (RULES C1, A4).
#[derive(Clone, PartialEq, Eq)]
pub struct SeenCode {
    /// The grant.
    pub grant: GrantId,
    /// The nonce of the code.
    pub nonce: [u8; 16],
    /// The epoch of the client.
    pub client_epoch: Epoch,
    /// The epoch of the user.
    pub user_epoch: Epoch,
}

impl SeenCode {
    /// What was seen of the code of `grant`, if it has one and a user.
    #[must_use]
    pub fn of(grant: &Grant) -> Option<Self> {
        let code = grant.authorization.as_ref()?.code.as_ref()?;
        let user = grant.user?;
        Some(Self {
            grant: grant.id,
            nonce: code.nonce,
            client_epoch: grant.client_epoch,
            user_epoch: user.epoch,
        })
    }
}

impl std::fmt::Debug for SeenCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SeenCode")
            .field("grant", &self.grant)
            .finish_non_exhaustive()
    }
}

/// What became of [`GrantStore::redeem_code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedeemCode {
    /// The code is redeemed; nobody else can.
    Redeemed,
    /// It was redeemed before; nothing was changed.
    AlreadyRedeemed,
    /// There is no such code, or its client, user or session has ended; nothing was changed.
    Ended,
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
    /// The epoch of the user; none if the grant has no user.
    pub user_epoch: Option<Epoch>,
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
            user_epoch: grant.user.map(|user| user.epoch),
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
    /// The grant, its client, its user or the session with which it ends has ended; nothing was changed.
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
    /// Only those of this user; standing grants are of none.
    pub user: Option<EntityId>,
    /// Only those of this client.
    pub client: Option<EntityId>,
}

/// Verbs on grants. None of them writes a change: liveness is read, not announced (RULES N2).
///
/// A grant is *live* while its row is there, its client has the epoch that the row says, its user, if it has one, is
/// enabled and has the epoch that the row says, and, if it ends with its session, that session is there. That it expired is
/// in its times, for the provider to judge.
///
/// A grant without a user is the *standing grant* of its client for its scope: there is no more than one of them.
#[async_trait]
pub trait GrantStore: Send + Sync {
    /// Stores `grant` if its client and user are as it says and its session, if it was authorized in one, is there.
    ///
    /// If it has an unredeemed code and its session then has more than `limits.unredeemed` grants with such a code, the
    /// oldest others of these by their ids are ended, untold. If then the user and the client have more than
    /// `limits.of_client` grants together, live or not, the oldest others are ended, and told. Never `grant` itself.
    ///
    /// A client that ended is told before a user that did, and that before a session. An id that another grant has is
    /// told last, with [`StoreError::EntityIdTaken`]. A grant that names no user is told like one whose user has ended: it
    /// is for [`GrantStore::create_standing_grant`].
    async fn create_grant(
        &self,
        grant: Grant,
        limits: GrantLimits,
    ) -> Result<CreateGrant, StoreError>;

    /// The standing grant of this client for exactly this scope, in whatever order it names its tokens, and what it stands
    /// on; live or not, and in one statement.
    async fn find_standing_grant(
        &self,
        client: EntityId,
        scope: &Scope,
    ) -> Result<Option<FoundGrant>, StoreError>;

    /// Stores `grant`, which has no user, as the standing grant of its client for its scope, if its client is as it says
    /// and there is no other, live or not, or only `replaces`, which is ended, untold. Of several calls at once that name
    /// the same `replaces`, exactly one is [`CreateStandingGrant::Created`]. If the client then has more than `limit`
    /// standing grants, live or not, the oldest others by their ids are ended, and told. Never `grant` itself.
    ///
    /// `replaces` may be gone, or be another grant than the standing one for that scope: then it does not matter, and is
    /// not ended. A client that ended is told first, and an id that another grant has last, with
    /// [`StoreError::EntityIdTaken`]. A grant that names a user is a defect of the caller, told before all else with
    /// [`StoreError::Defect`]: it is for [`GrantStore::create_grant`].
    async fn create_standing_grant(
        &self,
        grant: Grant,
        replaces: Option<GrantId>,
        limit: u32,
    ) -> Result<CreateStandingGrant, StoreError>;

    /// Redeems the code that was seen, in one conditional statement, and makes `refresh` the first refresh token of the
    /// grant. The session in which the user agreed must be there, also if the grant outlives it (RULES C1). Of several
    /// calls that saw the same, exactly one is [`RedeemCode::Redeemed`].
    ///
    /// That the client or the user has ended is told before that the code was redeemed, and that before the end of the
    /// session: a replay is a sign of theft also when the user has signed out (RULES C2).
    async fn redeem_code(
        &self,
        seen: SeenCode,
        redeemed_at: Timestamp,
        refresh: Option<CurrentRefresh>,
    ) -> Result<RedeemCode, StoreError>;

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
            user_epoch: Some(Epoch::from_number(2)),
        };
        assert!(!format!("{seen:?}").contains("171"));
        let seen = SeenCode {
            grant: seen.grant,
            nonce: seen.nonce,
            client_epoch: seen.client_epoch,
            user_epoch: Epoch::from_number(2),
        };
        assert!(!format!("{seen:?}").contains("171"));
    }
}
