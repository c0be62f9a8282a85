//! Where Countersign keeps what must last: one trait per concern, an in-memory store, and the contract that every
//! backend must pass.
//!
//! # Verbs, not tables
//!
//! A store has one atomic method per decision, and an outcome enum that names every case. Those enums are
//! exhaustive on purpose: a new case is to break every caller that does not know it.
//!
//! | trait | verbs |
//! | --- | --- |
//! | [`ClientStore`] | `create_client`, `find_client`, `list_clients`, `update_client`, `end_everything`, `remove_client` |
//! | [`UserStore`] | `create_user`, `find_user`, `find_user_by_name`, `find_users_by_email`, `list_users`, `update_user`, `remove_user` |
//! | [`SessionStore`] | `create_session`, `renew_session`, `find_session`, `use_session`, `end_session`, `list_sessions` |
//! | [`ConsentStore`] | `remember_consent`, `find_consent`, `list_consents`, `forget_consent` |
//! | [`GrantStore`] | `create_grant`, `find_grant`, `find_standing_grant`, `create_standing_grant`, `redeem_code`, `rotate_refresh`, `retry_refresh`, `use_refresh`, `end_grant`, `list_grants` |
//! | [`WazoStore`] | `log_in`, `find_wazo_session`, `end_wazo_session`, `list_wazo_sessions`, `find_wazo_refresh_token`, `end_wazo_refresh_token`, `list_wazo_refresh_tokens`, `create_policy`, `find_policy`, `find_policy_by_slug`, `list_policies`, `update_policy`, `remove_policy`, `assign_policy`, `withdraw_policy`, `policies_of` |
//! | [`KeyStore`] | `key_ring`, `announce_keys`, `revoke_key`, `remove_keys` |
//! | [`TokenStore`] | `revoke_token`, `liveness` |
//! | [`AssertionStore`] | `remember_jti` |
//! | [`RegistryStore`] | `registry`, `define_scope`, `forget_scope`, `define_resource`, `forget_resource` |
//! | [`ThrottleStore`] | `failures`, `count_failure`, `forgive` |
//! | [`ChangeFeed`] | `changes_since`, `change_head` |
//! | [`Maintenance`] | `ping`, `sweep`, `mark_deployment`, `declare_restore`, `restore_gap` |
//!
//! [`Store`] is all of them; callers hold an `Arc<dyn Store>`. A store decides nothing but atomicity: what a client
//! may do, or whether a token has expired, is the provider's to know. It asks no clock; times are passed in.
//!
//! ```
//! use std::sync::Arc;
//!
//! use countersign_core::Timestamp;
//! use countersign_storage::{Deployment, MarkDeployment, MemoryStore, Store};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
//! store.ping().await?;
//! assert_eq!(store.mark_deployment(Deployment::Production).await?, MarkDeployment::Marked);
//! assert_eq!(store.find_client(&"nobody".parse()?).await?, None);
//! assert_eq!(store.sweep(Timestamp::from_seconds(1_800_000_000), 100).await?, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a backend promises
//!
//! - A verb has happened whole or not at all, and once it is answered it is durable (if the backend is).
//! - What was answered is seen by every later call, on every node.
//! - A future that is dropped leaves the verb done or not done, never half done.
//!
//! # Features
//!
//! - `contract`: the `contract` module, the suite that shows that a backend keeps these promises.
//! - `testing`: the `testing` module, a store that fails as it is told and that counts its calls.
#![forbid(unsafe_code)]

mod assertion;
mod change;
mod client;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod error;
mod grant;
mod key;
mod maintenance;
mod memory;
mod registry;
mod session;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod throttle;
mod token;
mod user;
mod wazo;

pub use assertion::{AssertionId, AssertionStore, RememberJti};
pub use change::{
    CHANGE_RETENTION_SECONDS, Change, ChangeCursor, ChangeFeed, Changes, MAX_CHANGES,
};
pub use client::{ClientStore, CreateClient, Issued, RemoveClient, UpdateClient};
pub use error::StoreError;
pub use grant::{
    CreateGrant, CreateStandingGrant, EndGrant, FoundGrant, GrantFilter, GrantLimits, GrantStore,
    RedeemCode, RefreshOutcome, SeenCode, SeenRefresh,
};
pub use key::{AnnounceKeys, KeyRing, KeyStore, RemoveKeys, RevokeKey};
pub use maintenance::{Deployment, Maintenance, MarkDeployment, RESTORE_EPOCHS, RestoreGap};
pub use memory::MemoryStore;
pub use registry::{Define, Registry, RegistryStore};
pub use session::{
    ConsentStore, CreateSession, EndSession, FoundSession, RenewSession, SessionStore,
};
pub use throttle::{Failures, THROTTLE_RETENTION_SECONDS, ThrottleStore, ThrottleSubject};
pub use token::{GrantFacts, Liveness, LivenessQuery, RevokeToken, TokenStore};
pub use user::{CreateUser, RemoveUser, UpdateUser, UserStore};
pub use wazo::{
    AssignPolicy, ChangePolicy, EndRefreshToken, FoundRefreshToken, FoundWazoSession, LogIn,
    LogInLimits, LoginBasis, WazoSessionFilter, WazoStore,
};

/// Everything that the service keeps. Implemented by whatever implements the parts.
pub trait Store:
    ClientStore
    + UserStore
    + SessionStore
    + ConsentStore
    + GrantStore
    + KeyStore
    + TokenStore
    + AssertionStore
    + WazoStore
    + RegistryStore
    + ThrottleStore
    + ChangeFeed
    + Maintenance
{
}

impl<T> Store for T where
    T: ClientStore
        + UserStore
        + SessionStore
        + ConsentStore
        + GrantStore
        + KeyStore
        + TokenStore
        + AssertionStore
        + WazoStore
        + RegistryStore
        + ThrottleStore
        + ChangeFeed
        + Maintenance
        + ?Sized
{
}
