//! The same contract when every call may reach another handle on the same file, as with several processes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use countersign_core::{
    Client, ClientId, Consent, CurrentRefresh, EntityId, Grant, GrantId, KeyId, KeyRecord,
    NewClient, NewUser, ResourceDefinition, ResourceUri, Scope, ScopeDefinition, ScopeToken,
    Session, Timestamp, TokenId, User, UsernameKey, wazo,
};
use countersign_storage::{
    AnnounceKeys, AssertionId, AssertionStore, AssignPolicy, ChangeCursor, ChangeFeed,
    ChangePolicy, Changes, ClientStore, ConsentStore, CreateClient, CreateGrant, CreateSession,
    CreateStandingGrant, CreateUser, Define, Deployment, EndGrant, EndRefreshToken, EndSession,
    Failures, FoundGrant, FoundRefreshToken, FoundSession, FoundWazoSession, GrantFilter,
    GrantLimits, GrantStore, Issued, KeyRing, KeyStore, Liveness, LivenessQuery, LogIn,
    LogInLimits, LoginBasis, Maintenance, MarkDeployment, RedeemCode, RefreshOutcome, Registry,
    RegistryStore, RememberJti, RemoveClient, RemoveKeys, RemoveUser, RenewSession, RestoreGap,
    RevokeKey, RevokeToken, SeenCode, SeenRefresh, SessionStore, StoreError, ThrottleStore,
    ThrottleSubject, TokenStore, UpdateClient, UpdateUser, UserStore, WazoSessionFilter, WazoStore,
};
use countersign_storage_sqlite::SqliteStore;

use crate::{file, folder, open};

/// Sends each call to the next of three handles.
struct RoundRobin {
    handles: [SqliteStore; 3],
    calls: AtomicUsize,
}

impl RoundRobin {
    fn next(&self) -> &SqliteStore {
        &self.handles[self.calls.fetch_add(1, Ordering::Relaxed) % self.handles.len()]
    }
}

macro_rules! delegate {
    ($($trait:ident { $($verb:ident($($name:ident: $type:ty),*) -> $outcome:ty;)* })*) => {
        $(
            #[async_trait]
            impl $trait for RoundRobin {
                $(
                    async fn $verb(&self, $($name: $type),*) -> Result<$outcome, StoreError> {
                        self.next().$verb($($name),*).await
                    }
                )*
            }
        )*
    };
}

delegate! {
    ClientStore {
        create_client(client: NewClient) -> CreateClient;
        find_client(client_id: &ClientId) -> Option<Client>;
        list_clients(after: Option<&ClientId>, limit: u32) -> Vec<Client>;
        update_client(client: Client, issued: Issued, now: Timestamp) -> UpdateClient;
        end_everything(now: Timestamp) -> u64;
        remove_client(client_id: &ClientId, now: Timestamp) -> RemoveClient;
    }
    UserStore {
        create_user(user: NewUser) -> CreateUser;
        find_user(id: EntityId) -> Option<User>;
        find_user_by_name(name: &UsernameKey) -> Option<User>;
        find_users_by_email(email: &str, limit: u32) -> Vec<User>;
        list_users(after: Option<&UsernameKey>, limit: u32) -> Vec<User>;
        update_user(user: User, issued: Issued, now: Timestamp) -> UpdateUser;
        remove_user(id: EntityId, now: Timestamp) -> RemoveUser;
    }
    SessionStore {
        create_session(session: Session, replaces: Option<EntityId>, limit: u32) -> CreateSession;
        renew_session(seen: [u8; 32], renewed: Session) -> RenewSession;
        find_session(id: EntityId) -> Option<FoundSession>;
        use_session(id: EntityId, now: Timestamp) -> ();
        end_session(id: EntityId) -> EndSession;
        list_sessions(user: Option<EntityId>, after: Option<EntityId>, limit: u32) -> Vec<Session>;
    }
    ConsentStore {
        remember_consent(consent: Consent) -> ();
        find_consent(user: EntityId, client: EntityId) -> Option<Consent>;
        list_consents(user: EntityId, after: Option<EntityId>, limit: u32) -> Vec<Consent>;
        forget_consent(user: EntityId, client: EntityId) -> bool;
    }
    GrantStore {
        create_grant(grant: Grant, limits: GrantLimits) -> CreateGrant;
        find_grant(id: GrantId) -> Option<FoundGrant>;
        find_standing_grant(client: EntityId, scope: &Scope) -> Option<FoundGrant>;
        create_standing_grant(grant: Grant, replaces: Option<GrantId>, limit: u32) -> CreateStandingGrant;
        redeem_code(seen: SeenCode, redeemed_at: Timestamp, refresh: Option<CurrentRefresh>) -> RedeemCode;
        rotate_refresh(seen: SeenRefresh, next: CurrentRefresh) -> RefreshOutcome;
        retry_refresh(seen: SeenRefresh, in_a_row: u32) -> RefreshOutcome;
        use_refresh(seen: SeenRefresh, now: Timestamp) -> RefreshOutcome;
        end_grant(id: GrantId) -> EndGrant;
        list_grants(filter: GrantFilter, after: Option<GrantId>, limit: u32) -> Vec<Grant>;
    }
    WazoStore {
        log_in(session: wazo::Session, basis: LoginBasis, limits: LogInLimits) -> LogIn;
        find_wazo_session(token_hash: &[u8; 32]) -> Option<FoundWazoSession>;
        end_wazo_session(which: WazoSessionFilter) -> EndSession;
        list_wazo_sessions(user: Option<EntityId>, now: Timestamp, after: Option<EntityId>, limit: u32) -> Vec<wazo::Session>;
        find_wazo_refresh_token(token_hash: &[u8; 32]) -> Option<FoundRefreshToken>;
        end_wazo_refresh_token(user: EntityId, app: &wazo::AppId) -> EndRefreshToken;
        list_wazo_refresh_tokens(user: Option<EntityId>, after: Option<EntityId>, limit: u32) -> Vec<wazo::RefreshToken>;
        create_policy(policy: wazo::Policy) -> ChangePolicy;
        find_policy(id: EntityId) -> Option<wazo::Policy>;
        find_policy_by_slug(slug: &wazo::PolicySlug) -> Option<wazo::Policy>;
        list_policies(after: Option<EntityId>, limit: u32) -> Vec<wazo::Policy>;
        update_policy(policy: wazo::Policy) -> ChangePolicy;
        remove_policy(id: EntityId) -> bool;
        assign_policy(policy: EntityId, user: EntityId) -> AssignPolicy;
        withdraw_policy(policy: EntityId, user: EntityId) -> AssignPolicy;
        policies_of(user: EntityId) -> Vec<wazo::Policy>;
    }
    KeyStore {
        key_ring() -> KeyRing;
        announce_keys(expected_version: u64, keys: Vec<KeyRecord>) -> AnnounceKeys;
        revoke_key(id: &KeyId, at: Timestamp) -> RevokeKey;
        remove_keys(expected_version: u64, ids: &[KeyId], now: Timestamp) -> RemoveKeys;
    }
    TokenStore {
        revoke_token(token: &TokenId, expires_at: Timestamp) -> RevokeToken;
        liveness(query: &LivenessQuery) -> Liveness;
    }
    AssertionStore {
        remember_jti(id: &AssertionId, expires_at: Timestamp, now: Timestamp) -> RememberJti;
    }
    RegistryStore {
        registry() -> Registry;
        define_scope(definition: ScopeDefinition) -> Define;
        forget_scope(name: &ScopeToken, now: Timestamp) -> bool;
        define_resource(definition: ResourceDefinition) -> Define;
        forget_resource(resource: &ResourceUri, now: Timestamp) -> bool;
    }
    ThrottleStore {
        failures(subjects: &[ThrottleSubject]) -> Vec<Option<Failures>>;
        count_failure(subjects: &[ThrottleSubject], now: Timestamp, window: u32) -> Vec<Failures>;
        forgive(subjects: &[ThrottleSubject]) -> ();
    }
    ChangeFeed {
        changes_since(cursor: &ChangeCursor) -> Changes;
        change_head() -> ChangeCursor;
    }
    Maintenance {
        ping() -> ();
        sweep(now: Timestamp, limit: u32) -> u32;
        mark_deployment(deployment: Deployment) -> MarkDeployment;
        declare_restore(gap: RestoreGap) -> ();
        restore_gap() -> Option<RestoreGap>;
    }
}

countersign_storage::contract_tests!({
    let folder = folder();
    let handles = [(); 3].map(|()| open(&file(&folder)));
    (
        Arc::new(RoundRobin {
            handles,
            calls: AtomicUsize::new(0),
        }),
        folder,
    )
});
