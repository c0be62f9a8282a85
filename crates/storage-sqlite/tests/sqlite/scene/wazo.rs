//! What the wazo dialect keeps, and every verb that changes it.

use countersign_core::wazo::{Policy, RefreshToken, Session};
use countersign_core::{Client, User};
use countersign_storage::contract::samples::{
    NOW, UNLIMITED, acl, create_policy, log_in_offline, policy, wazo_refresh_token, wazo_session,
};
use countersign_storage::{
    AssignPolicy, FoundRefreshToken, FoundWazoSession, LogInLimits, LoginBasis, StoreError,
    WazoSessionFilter, WazoStore,
};
use countersign_storage_sqlite::SqliteStore;

/// Far from what any test stores.
const LIMITS: LogInLimits = LogInLimits {
    sessions: Some(100),
    refresh_tokens: 100,
};

/// One of everything that the dialect keeps, as it is stored.
pub(crate) struct WazoScene {
    client: Client,
    user: User,
    /// The user logged in with it once, and got the refresh token.
    pub(crate) session: Session,
    pub(crate) token: RefreshToken,
    /// The user has this policy.
    pub(crate) held: Policy,
    /// Nobody has this one.
    free: Policy,
}

/// Everything that can be read of it.
#[derive(Debug, PartialEq)]
pub(super) struct WazoSnapshot {
    sessions: Vec<Session>,
    sessions_of_user: Vec<Session>,
    session: Option<FoundWazoSession>,
    tokens: Vec<RefreshToken>,
    tokens_of_user: Vec<RefreshToken>,
    token: Option<FoundRefreshToken>,
    policies: Vec<Policy>,
    by_id: Option<Policy>,
    by_slug: Option<Policy>,
    held: Vec<Policy>,
}

/// A verb of the dialect that writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WazoWrite {
    LogIn,
    LogInOffline,
    LogInOfflineAgain,
    EndSession,
    EndRefreshToken,
    CreatePolicy,
    UpdatePolicy,
    AssignPolicy,
    WithdrawPolicy,
    RemovePolicy,
}

impl WazoScene {
    pub(super) async fn set(store: &SqliteStore, client: &Client, user: &User) -> Self {
        let token = wazo_refresh_token(client, user, "program");
        let session = log_in_offline(store, client, user, &token).await;
        let held = create_policy(store, "held").await;
        let assigned = store.assign_policy(held.id, user.id).await;
        assert_eq!(assigned, Ok(AssignPolicy::Done));
        Self {
            client: client.clone(),
            user: user.clone(),
            session,
            token,
            held,
            free: create_policy(store, "free").await,
        }
    }

    pub(super) async fn snapshot(&self, store: &SqliteStore) -> Result<WazoSnapshot, StoreError> {
        let user = Some(self.user.id);
        Ok(WazoSnapshot {
            sessions: store.list_wazo_sessions(None, NOW, None, 100_000).await?,
            sessions_of_user: store.list_wazo_sessions(user, NOW, None, 100_000).await?,
            session: store.find_wazo_session(&self.session.token_hash).await?,
            tokens: store.list_wazo_refresh_tokens(None, None, 100_000).await?,
            tokens_of_user: store.list_wazo_refresh_tokens(user, None, 100_000).await?,
            token: store
                .find_wazo_refresh_token(&self.token.token_hash)
                .await?,
            policies: store.list_policies(None, 100_000).await?,
            by_id: store.find_policy(self.held.id).await?,
            by_slug: store.find_policy_by_slug(&self.held.slug).await?,
            held: store.policies_of(self.user.id).await?,
        })
    }

    /// A log-in from now on, with a refresh token for the program of this name.
    async fn offline(&self, store: &SqliteStore, name: &str) -> Result<(), StoreError> {
        let token = RefreshToken {
            mobile: true,
            ..wazo_refresh_token(&self.client, &self.user, name)
        };
        let session = Session {
            app: Some(token.app.clone()),
            ..wazo_session(&self.client, &self.user)
        };
        let logged_in = store.log_in(session, LoginBasis::Offline(token), LIMITS);
        logged_in.await.map(drop)
    }

    pub(crate) async fn write(
        &self,
        store: &SqliteStore,
        write: WazoWrite,
    ) -> Result<(), StoreError> {
        let (held, free, user) = (self.held.id, self.free.id, self.user.id);
        match write {
            WazoWrite::LogIn => {
                let session = wazo_session(&self.client, &self.user);
                let logged_in = store.log_in(session, LoginBasis::Password, UNLIMITED);
                logged_in.await.map(drop)
            }
            WazoWrite::LogInOffline => self.offline(store, "another program").await,
            WazoWrite::LogInOfflineAgain => self.offline(store, "program").await,
            WazoWrite::EndSession => {
                let which = WazoSessionFilter::Token(self.session.token_hash);
                store.end_wazo_session(which).await.map(drop)
            }
            WazoWrite::EndRefreshToken => {
                let ended = store.end_wazo_refresh_token(user, &self.token.app);
                ended.await.map(drop)
            }
            WazoWrite::CreatePolicy => store.create_policy(policy("new")).await.map(drop),
            WazoWrite::UpdatePolicy => {
                let changed = Policy {
                    acl: acl(&["#"]),
                    ..self.held.clone()
                };
                store.update_policy(changed).await.map(drop)
            }
            WazoWrite::AssignPolicy => store.assign_policy(free, user).await.map(drop),
            WazoWrite::WithdrawPolicy => store.withdraw_policy(held, user).await.map(drop),
            WazoWrite::RemovePolicy => store.remove_policy(held).await.map(drop),
        }
    }
}
