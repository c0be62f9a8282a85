//! Verbs on what the wazo dialect keeps (RULES D2).

use async_trait::async_trait;
use countersign_core::wazo::{AppId, Policy, PolicySlug, RefreshToken, Session};
use countersign_core::{EntityId, Timestamp, User};

use crate::{EndSession, StoreError};

/// On what a new session of the dialect stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginBasis {
    /// The password alone.
    Password,
    /// The password; and the program is to have a refresh token, this one unless it has one already.
    Offline(RefreshToken),
    /// The refresh token with this hash, of the user and program that the session names.
    RefreshToken([u8; 32]),
}

/// How much one user may have at a new log-in (RULES D2; the spirit of R10: whoever has a password cannot fill the store).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogInLimits {
    /// The most live sessions of the user, unless there is no such limit.
    pub sessions: Option<u32>,
    /// The most live refresh tokens of the user.
    pub refresh_tokens: u32,
}

/// What became of [`WazoStore::log_in`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogIn {
    /// The session is stored.
    Done {
        /// The refresh token that the program has: the one that was there, or the new one. None but for
        /// [`LoginBasis::Offline`].
        refresh: Option<RefreshToken>,
    },
    /// The user has as many sessions as there may be; nothing was changed.
    TooMany,
    /// The user has as many refresh tokens as there may be, and the program has none; nothing was changed.
    TooManyRefreshTokens,
    /// The refresh token is gone, or is not of this user and program; nothing was changed.
    RefreshTokenEnded,
    /// The user is gone, disabled, or has another epoch than the session says; nothing was changed.
    UserEnded,
    /// The client is gone or has another epoch than the session says; nothing was changed.
    ClientEnded,
}

/// A session of the dialect with what it stands on, read in one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundWazoSession {
    /// The session as it is stored.
    pub session: Session,
    /// Whether the client that stands for the mount is there with the epoch that the session says.
    pub client_is_live: bool,
    /// The user, if it is there.
    pub user: Option<User>,
}

impl FoundWazoSession {
    /// The user, if nothing that the session stands on has ended. Whether it expired is for the caller to judge.
    #[must_use]
    pub fn live_user(&self) -> Option<&User> {
        let user = self.user.as_ref().filter(|_| self.client_is_live)?;
        (user.enabled && user.epoch == self.session.user_epoch).then_some(user)
    }
}

/// A refresh token of the dialect with what it stands on, read in one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRefreshToken {
    /// The refresh token as it is stored.
    pub token: RefreshToken,
    /// Whether the client that stands for the mount is there with the epoch that the token says.
    pub client_is_live: bool,
    /// The user, if it is there.
    pub user: Option<User>,
}

impl FoundRefreshToken {
    /// The user, if nothing that the token stands on has ended.
    #[must_use]
    pub fn live_user(&self) -> Option<&User> {
        let user = self.user.as_ref().filter(|_| self.client_is_live)?;
        (user.enabled && user.epoch == self.token.user_epoch).then_some(user)
    }
}

/// Which session to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WazoSessionFilter {
    /// The one whose token has this hash.
    Token([u8; 32]),
    /// The one with this id, if it is of `user`, where one is named.
    Id {
        /// The session.
        id: EntityId,
        /// The user.
        user: Option<EntityId>,
    },
}

/// What became of [`WazoStore::end_wazo_refresh_token`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndRefreshToken {
    /// It is gone, and every session that was made with it or together with it.
    Ended,
    /// There is no such refresh token.
    NotFound,
}

/// What became of a verb that stores or changes a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangePolicy {
    /// It is stored so.
    Done(Policy),
    /// Another policy has this name; nothing was changed.
    NameTaken,
    /// Another policy has this slug; nothing was changed. Told after a taken name.
    SlugTaken,
    /// It was changed since it was read; nothing was changed now.
    Stale,
    /// There is no such policy; nothing was changed.
    NotFound,
}

/// What became of a verb that gives a policy to a user, or takes it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignPolicy {
    /// It is so now, and was not before.
    Done,
    /// It was so before.
    Already,
    /// There is no such policy. Told before a user that is not there.
    PolicyNotFound,
    /// There is no such user.
    UserNotFound,
}

/// Verbs on what the wazo dialect keeps: sessions each with its one token, refresh tokens, and policies.
///
/// A session or refresh token is *live* while its client has the epoch that the row says, and its user is enabled and has
/// the epoch that the row says. None of these verbs writes a change: all of it is read, not announced (RULES N2).
#[async_trait]
pub trait WazoStore: Send + Sync {
    /// Stores `session` if what it stands on is live, in one transaction (RULES A4). If its user would then have more than
    /// `limits.sessions` live sessions that end at `session.issued_at` or later, it is not stored.
    ///
    /// With [`LoginBasis::Offline`], a refresh token of the same user and program that is live stays as it is, but for
    /// `mobile`, which becomes that of the new one; one that is not live makes room for the new one, which is stored as it
    /// is given. Of several calls at once, all get the same. If the user would then have more than `limits.refresh_tokens`
    /// live ones, neither the new one nor the session is stored.
    ///
    /// A client that ended is told before a user that did, that before a refresh token, that before the limit of sessions,
    /// and that before the limit of refresh tokens. An id that another session has, or that another refresh token has where a new one would be stored, is told last, with
    /// [`StoreError::EntityIdTaken`].
    async fn log_in(
        &self,
        session: Session,
        basis: LoginBasis,
        limits: LogInLimits,
    ) -> Result<LogIn, StoreError>;

    /// The session whose token has this hash, live or not, in one statement on the primary, never from a cache.
    async fn find_wazo_session(
        &self,
        token_hash: &[u8; 32],
    ) -> Result<Option<FoundWazoSession>, StoreError>;

    /// Ends a session, live or not, with its token.
    async fn end_wazo_session(&self, which: WazoSessionFilter) -> Result<EndSession, StoreError>;

    /// At most `limit` live sessions that end at `now` or later, ordered by their ids (which is by their age), beginning
    /// behind `after`: of one user, or of all.
    async fn list_wazo_sessions(
        &self,
        user: Option<EntityId>,
        now: Timestamp,
        after: Option<EntityId>,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError>;

    /// The refresh token with this hash, live or not, in one statement on the primary, never from a cache.
    async fn find_wazo_refresh_token(
        &self,
        token_hash: &[u8; 32],
    ) -> Result<Option<FoundRefreshToken>, StoreError>;

    /// Ends the refresh token that the user has for this program, live or not, with every session of the user that names
    /// the program ([`Session::app`]): those that were made with it or together with it.
    async fn end_wazo_refresh_token(
        &self,
        user: EntityId,
        app: &AppId,
    ) -> Result<EndRefreshToken, StoreError>;

    /// At most `limit` live refresh tokens ordered by their ids, beginning behind `after`: of one user, or of all.
    async fn list_wazo_refresh_tokens(
        &self,
        user: Option<EntityId>,
        after: Option<EntityId>,
        limit: u32,
    ) -> Result<Vec<RefreshToken>, StoreError>;

    /// Stores a new policy. Names and slugs are compared without regard to the case of ASCII letters. Of several calls with
    /// one name or slug, exactly one stores it. An id that another policy has is told last, with
    /// [`StoreError::EntityIdTaken`].
    async fn create_policy(&self, policy: Policy) -> Result<ChangePolicy, StoreError>;

    /// The policy with this id.
    async fn find_policy(&self, id: EntityId) -> Result<Option<Policy>, StoreError>;

    /// The policy with this slug, without regard to the case of ASCII letters.
    async fn find_policy_by_slug(&self, slug: &PolicySlug) -> Result<Option<Policy>, StoreError>;

    /// At most `limit` policies ordered by their ids, beginning behind `after`.
    async fn list_policies(
        &self,
        after: Option<EntityId>,
        limit: u32,
    ) -> Result<Vec<Policy>, StoreError>;

    /// Makes the stored policy with `policy.id` be as `policy` says, if it still has `policy.revision` (compare-and-set), and
    /// raises the revision by one. `created_at` stays as it is stored. A stale revision is told before a taken name.
    async fn update_policy(&self, policy: Policy) -> Result<ChangePolicy, StoreError>;

    /// Removes the policy, and takes it from all its users. Tells whether there was one.
    async fn remove_policy(&self, id: EntityId) -> Result<bool, StoreError>;

    /// Gives the policy to the user.
    async fn assign_policy(
        &self,
        policy: EntityId,
        user: EntityId,
    ) -> Result<AssignPolicy, StoreError>;

    /// Takes the policy from the user.
    async fn withdraw_policy(
        &self,
        policy: EntityId,
        user: EntityId,
    ) -> Result<AssignPolicy, StoreError>;

    /// The policies of a user, ordered by their ids.
    async fn policies_of(&self, user: EntityId) -> Result<Vec<Policy>, StoreError>;
}
