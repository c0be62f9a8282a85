//! A store for tests of those who use one: it fails as it is told, and it counts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use countersign_core::{
    Client, ClientId, Consent, CurrentRefresh, EntityId, Grant, GrantId, KeyId, KeyRecord,
    NewClient, NewUser, ResourceDefinition, ResourceUri, Scope, ScopeDefinition, ScopeToken,
    Session, Timestamp, TokenId, User, UsernameKey, wazo,
};

use crate::{
    AnnounceKeys, AssertionId, AssertionStore, AssignPolicy, ChangeCursor, ChangeFeed,
    ChangePolicy, Changes, ClientStore, ConsentStore, CreateClient, CreateGrant, CreateSession,
    CreateStandingGrant, CreateUser, Define, Deployment, EndGrant, EndRefreshToken, EndSession,
    Failures, FoundGrant, FoundRefreshToken, FoundSession, FoundWazoSession, GrantFilter,
    GrantLimits, GrantStore, Issued, KeyRing, KeyStore, Liveness, LivenessQuery, LogIn,
    LogInLimits, LoginBasis, Maintenance, MarkDeployment, RedeemCode, RefreshOutcome, Registry,
    RegistryStore, RememberJti, RemoveClient, RemoveKeys, RemoveUser, RenewSession, RestoreGap,
    RevokeKey, RevokeToken, SeenCode, SeenRefresh, SessionStore, Store, StoreError, ThrottleStore,
    ThrottleSubject, TokenStore, UpdateClient, UpdateUser, UserStore, WazoSessionFilter, WazoStore,
};

/// Wraps a store, counts the calls of each verb, and fails as it is told.
///
/// ```
/// use std::sync::Arc;
///
/// use countersign_storage::testing::{FailingStore, Verb};
/// use countersign_storage::{Maintenance, MemoryStore, StoreError};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = FailingStore::new(Arc::new(MemoryStore::new()));
/// assert!(store.ping().await.is_ok());
/// store.switch_off();
/// assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
/// assert_eq!(store.calls(Verb::Ping), 2);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct FailingStore {
    inner: Arc<dyn Store>,
    mode: Mutex<Mode>,
    calls: [AtomicU64; VERBS],
}

/// What a store does with its calls.
#[derive(Clone, Copy)]
enum Mode {
    On,
    Off,
    WritesFail,
    AnswersAreLost,
    OneAnswerIsLost,
}

/// A call that reaches the inner store.
struct Call<'a> {
    inner: &'a dyn Store,
    answer_is_lost: bool,
}

impl Call<'_> {
    /// What the caller gets for the answer of the inner store.
    fn answer<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        let answer = answer?;
        if self.answer_is_lost {
            return Err(StoreError::OutcomeUnknown("lost by a test".into()));
        }
        Ok(answer)
    }
}

impl FailingStore {
    /// `inner`, switched on.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            mode: Mutex::new(Mode::On),
            calls: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// From now on every call fails with [`StoreError::Unavailable`] and changes nothing.
    pub fn switch_off(&self) {
        self.set(Mode::Off);
    }

    /// From now on every verb that writes fails with [`StoreError::Unavailable`] and changes nothing, as if the disk
    /// were full; those that read go on.
    pub fn fail_writes(&self) {
        self.set(Mode::WritesFail);
    }

    /// From now on every verb that writes is carried out, but its answer is lost on the way back: the caller gets
    /// [`StoreError::OutcomeUnknown`]. Those that read go on.
    pub fn lose_answers(&self) {
        self.set(Mode::AnswersAreLost);
    }

    /// The same for the next verb that writes, and only for it.
    pub fn lose_one_answer(&self) {
        self.set(Mode::OneAnswerIsLost);
    }

    /// From now on every call reaches the inner store again, and its answer the caller.
    pub fn switch_on(&self) {
        self.set(Mode::On);
    }

    /// How often `verb` was called, the failed calls included.
    #[must_use]
    pub fn calls(&self, verb: Verb) -> u64 {
        self.calls[verb as usize].load(Ordering::SeqCst)
    }

    /// How often any verb was called, the failed calls included.
    #[must_use]
    pub fn total_calls(&self) -> u64 {
        self.calls
            .iter()
            .map(|count| count.load(Ordering::SeqCst))
            .sum()
    }

    fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }

    /// Counts a call, and tells what is to become of it.
    fn mode(&self, verb: Verb) -> Mode {
        self.calls[verb as usize].fetch_add(1, Ordering::SeqCst);
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a verb through that only reads.
    fn reads(&self, verb: Verb) -> Result<Call<'_>, StoreError> {
        match self.mode(verb) {
            Mode::On | Mode::WritesFail | Mode::AnswersAreLost | Mode::OneAnswerIsLost => {
                Ok(self.call(false))
            }
            Mode::Off => Err(StoreError::Unavailable("switched off by a test".into())),
        }
    }

    /// Lets a verb through that writes.
    fn writes(&self, verb: Verb) -> Result<Call<'_>, StoreError> {
        match self.mode(verb) {
            Mode::On => Ok(self.call(false)),
            Mode::AnswersAreLost => Ok(self.call(true)),
            Mode::OneAnswerIsLost => {
                self.switch_on();
                Ok(self.call(true))
            }
            Mode::WritesFail => Err(StoreError::Unavailable("made read-only by a test".into())),
            Mode::Off => Err(StoreError::Unavailable("switched off by a test".into())),
        }
    }

    fn call(&self, answer_is_lost: bool) -> Call<'_> {
        Call {
            inner: &*self.inner,
            answer_is_lost,
        }
    }
}

/// Makes [`Verb`] and the traits of [`FailingStore`] out of the signatures of the verbs.
macro_rules! verbs {
    ($($trait:ident {
        $($name:ident: $access:ident $verb:ident($($arg:ident: $type:ty),*) -> $answer:ty;)*
    })*) => {
        /// The verbs of a [`Store`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Verb {
            $($(
                #[doc = concat!("[`", stringify!($trait), "::", stringify!($verb), "`]")]
                $name,
            )*)*
        }

        const VERBS: usize = [$($(Verb::$name),*),*].len();

        $(
            #[async_trait]
            impl $trait for FailingStore {
                $(
                    async fn $verb(&self, $($arg: $type),*) -> Result<$answer, StoreError> {
                        let call = self.$access(Verb::$name)?;
                        call.answer(call.inner.$verb($($arg),*).await)
                    }
                )*
            }
        )*
    };
}

verbs! {
    ClientStore {
        CreateClient: writes create_client(client: NewClient) -> CreateClient;
        FindClient: reads find_client(client_id: &ClientId) -> Option<Client>;
        ListClients: reads list_clients(after: Option<&ClientId>, limit: u32) -> Vec<Client>;
        UpdateClient: writes update_client(client: Client, issued: Issued, now: Timestamp) -> UpdateClient;
        EndEverything: writes end_everything(now: Timestamp) -> u64;
        RemoveClient: writes remove_client(client_id: &ClientId, now: Timestamp) -> RemoveClient;
    }
    UserStore {
        CreateUser: writes create_user(user: NewUser) -> CreateUser;
        FindUser: reads find_user(id: EntityId) -> Option<User>;
        FindUserByName: reads find_user_by_name(name: &UsernameKey) -> Option<User>;
        FindUsersByEmail: reads find_users_by_email(email: &str, limit: u32) -> Vec<User>;
        ListUsers: reads list_users(after: Option<&UsernameKey>, limit: u32) -> Vec<User>;
        UpdateUser: writes update_user(user: User, issued: Issued, now: Timestamp) -> UpdateUser;
        RemoveUser: writes remove_user(id: EntityId, now: Timestamp) -> RemoveUser;
    }
    SessionStore {
        CreateSession: writes create_session(session: Session, replaces: Option<EntityId>, limit: u32) -> CreateSession;
        RenewSession: writes renew_session(seen: [u8; 32], renewed: Session) -> RenewSession;
        FindSession: reads find_session(id: EntityId) -> Option<FoundSession>;
        UseSession: writes use_session(id: EntityId, now: Timestamp) -> ();
        EndSession: writes end_session(id: EntityId) -> EndSession;
        ListSessions: reads list_sessions(user: Option<EntityId>, after: Option<EntityId>, limit: u32) -> Vec<Session>;
    }
    ConsentStore {
        RememberConsent: writes remember_consent(consent: Consent) -> ();
        FindConsent: reads find_consent(user: EntityId, client: EntityId) -> Option<Consent>;
        ListConsents: reads list_consents(user: EntityId, after: Option<EntityId>, limit: u32) -> Vec<Consent>;
        ForgetConsent: writes forget_consent(user: EntityId, client: EntityId) -> bool;
    }
    GrantStore {
        CreateGrant: writes create_grant(grant: Grant, limits: GrantLimits) -> CreateGrant;
        FindGrant: reads find_grant(id: GrantId) -> Option<FoundGrant>;
        FindStandingGrant: reads find_standing_grant(client: EntityId, scope: &Scope) -> Option<FoundGrant>;
        CreateStandingGrant: writes create_standing_grant(grant: Grant, replaces: Option<GrantId>, limit: u32) -> CreateStandingGrant;
        RedeemCode: writes redeem_code(seen: SeenCode, redeemed_at: Timestamp, refresh: Option<CurrentRefresh>) -> RedeemCode;
        RotateRefresh: writes rotate_refresh(seen: SeenRefresh, next: CurrentRefresh) -> RefreshOutcome;
        RetryRefresh: writes retry_refresh(seen: SeenRefresh, in_a_row: u32) -> RefreshOutcome;
        UseRefresh: writes use_refresh(seen: SeenRefresh, now: Timestamp) -> RefreshOutcome;
        EndGrant: writes end_grant(id: GrantId) -> EndGrant;
        ListGrants: reads list_grants(filter: GrantFilter, after: Option<GrantId>, limit: u32) -> Vec<Grant>;
    }
    WazoStore {
        LogIn: writes log_in(session: wazo::Session, basis: LoginBasis, limits: LogInLimits) -> LogIn;
        FindWazoSession: reads find_wazo_session(token_hash: &[u8; 32]) -> Option<FoundWazoSession>;
        EndWazoSession: writes end_wazo_session(which: WazoSessionFilter) -> EndSession;
        ListWazoSessions: reads list_wazo_sessions(user: Option<EntityId>, now: Timestamp, after: Option<EntityId>, limit: u32) -> Vec<wazo::Session>;
        FindWazoRefreshToken: reads find_wazo_refresh_token(token_hash: &[u8; 32]) -> Option<FoundRefreshToken>;
        EndWazoRefreshToken: writes end_wazo_refresh_token(user: EntityId, app: &wazo::AppId) -> EndRefreshToken;
        ListWazoRefreshTokens: reads list_wazo_refresh_tokens(user: Option<EntityId>, after: Option<EntityId>, limit: u32) -> Vec<wazo::RefreshToken>;
        CreatePolicy: writes create_policy(policy: wazo::Policy) -> ChangePolicy;
        FindPolicy: reads find_policy(id: EntityId) -> Option<wazo::Policy>;
        FindPolicyBySlug: reads find_policy_by_slug(slug: &wazo::PolicySlug) -> Option<wazo::Policy>;
        ListPolicies: reads list_policies(after: Option<EntityId>, limit: u32) -> Vec<wazo::Policy>;
        UpdatePolicy: writes update_policy(policy: wazo::Policy) -> ChangePolicy;
        RemovePolicy: writes remove_policy(id: EntityId) -> bool;
        AssignPolicy: writes assign_policy(policy: EntityId, user: EntityId) -> AssignPolicy;
        WithdrawPolicy: writes withdraw_policy(policy: EntityId, user: EntityId) -> AssignPolicy;
        PoliciesOf: reads policies_of(user: EntityId) -> Vec<wazo::Policy>;
    }
    KeyStore {
        KeyRing: reads key_ring() -> KeyRing;
        AnnounceKeys: writes announce_keys(expected_version: u64, keys: Vec<KeyRecord>) -> AnnounceKeys;
        RevokeKey: writes revoke_key(id: &KeyId, at: Timestamp) -> RevokeKey;
        RemoveKeys: writes remove_keys(expected_version: u64, ids: &[KeyId], now: Timestamp) -> RemoveKeys;
    }
    TokenStore {
        RevokeToken: writes revoke_token(token: &TokenId, expires_at: Timestamp) -> RevokeToken;
        Liveness: reads liveness(query: &LivenessQuery) -> Liveness;
    }
    AssertionStore {
        RememberJti: writes remember_jti(id: &AssertionId, expires_at: Timestamp, now: Timestamp) -> RememberJti;
    }
    RegistryStore {
        Registry: reads registry() -> Registry;
        DefineScope: writes define_scope(definition: ScopeDefinition) -> Define;
        ForgetScope: writes forget_scope(name: &ScopeToken, now: Timestamp) -> bool;
        DefineResource: writes define_resource(definition: ResourceDefinition) -> Define;
        ForgetResource: writes forget_resource(resource: &ResourceUri, now: Timestamp) -> bool;
    }
    ThrottleStore {
        Failures: reads failures(subjects: &[ThrottleSubject]) -> Vec<Option<Failures>>;
        CountFailure: writes count_failure(subjects: &[ThrottleSubject], now: Timestamp, window: u32) -> Vec<Failures>;
        Forgive: writes forgive(subjects: &[ThrottleSubject]) -> ();
    }
    ChangeFeed {
        ChangesSince: reads changes_since(cursor: &ChangeCursor) -> Changes;
        ChangeHead: reads change_head() -> ChangeCursor;
    }
    Maintenance {
        Ping: reads ping() -> ();
        Sweep: writes sweep(now: Timestamp, limit: u32) -> u32;
        MarkDeployment: writes mark_deployment(deployment: Deployment) -> MarkDeployment;
        DeclareRestore: writes declare_restore(gap: RestoreGap) -> ();
        RestoreGap: reads restore_gap() -> Option<RestoreGap>;
    }
}

#[cfg(test)]
mod tests;
