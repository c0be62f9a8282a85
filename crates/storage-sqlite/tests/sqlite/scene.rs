//! Something of everything that a store keeps, what can be read of it, and every verb that changes it.

use countersign_core::{
    Client, Consent, CurrentRefresh, EntityId, Grant, KeyId, ResourceUri, ScopeToken, Session,
    Timestamp, User,
};
use countersign_storage::contract::samples::{
    Counting, NOW, client, coded_grant, consent, create, create_grant, create_session, create_user,
    first_refresh, grant, key, key_id, limits, next_refresh, renewed, resource_definition,
    scope_definition, session, token_of, user,
};
use countersign_storage::{
    ChangeCursor, ChangeFeed, ClientStore, ConsentStore, Deployment, Failures, GrantFilter,
    GrantLimits, GrantStore, Issued, KeyRing, KeyStore, Liveness, LivenessQuery, Maintenance,
    Registry, RegistryStore, RestoreGap, SeenCode, SeenRefresh, SessionStore, StoreError,
    ThrottleStore, ThrottleSubject, TokenStore, UserStore,
};
use countersign_storage_sqlite::SqliteStore;

/// One of everything, as it is stored.
pub(crate) struct Scene {
    pub(crate) client: Client,
    pub(crate) user: User,
    pub(crate) session: Session,
    pub(crate) grant: Grant,
    /// A later grant with a code that nobody has redeemed; it ends with the session.
    pub(crate) coded: Grant,
    /// What a rotation makes of the refresh token of the grant.
    pub(crate) next: CurrentRefresh,
}

/// Everything that can be read.
#[derive(Debug, PartialEq)]
pub(crate) struct Snapshot {
    clients: Vec<Client>,
    users: Vec<User>,
    sessions: Vec<Session>,
    sessions_of_user: Vec<Session>,
    consents: Vec<Consent>,
    grants: Vec<Grant>,
    keys: KeyRing,
    registry: Registry,
    failures: Vec<Option<Failures>>,
    restore_gap: Option<RestoreGap>,
    liveness: Liveness,
    head: ChangeCursor,
}

/// A verb that writes, and by the way what it writes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    CreateClient,
    UpdateClient,
    EndEverything,
    RemoveClient,
    CreateUser,
    UpdateUser,
    RemoveUser,
    CreateSession,
    RenewSession,
    UseSession,
    EndSession,
    RememberConsent,
    ForgetConsent,
    CreateGrant,
    CreateCode,
    RedeemCode,
    RotateRefresh,
    RetryRefresh,
    UseRefresh,
    EndGrant,
    AnnounceKeys,
    RevokeKey,
    RemoveKeys,
    RevokeToken,
    DefineScope,
    ForgetScope,
    DefineResource,
    ForgetResource,
    CountFailure,
    Forgive,
    MarkDeployment,
    DeclareRestore,
    Sweep,
}

impl Write {
    /// Every verb, with the last of the rows that it writes, as the event of a trigger.
    pub(crate) const ALL: [(Self, &str); 33] = [
        (Self::CreateClient, "INSERT ON change_log"),
        (Self::UpdateClient, "INSERT ON change_log"),
        (Self::EndEverything, "INSERT ON change_log"),
        (Self::RemoveClient, "INSERT ON change_log"),
        (Self::CreateUser, "INSERT ON change_log"),
        (Self::UpdateUser, "INSERT ON change_log"),
        (Self::RemoveUser, "INSERT ON change_log"),
        (Self::CreateSession, "DELETE ON sessions"),
        (Self::RenewSession, "UPDATE ON sessions"),
        (Self::UseSession, "UPDATE ON sessions"),
        (Self::EndSession, "DELETE ON sessions"),
        (Self::RememberConsent, "UPDATE ON consents"),
        (Self::ForgetConsent, "DELETE ON consents"),
        (Self::CreateGrant, "DELETE ON grants"),
        (Self::CreateCode, "DELETE ON grants"),
        (Self::RedeemCode, "UPDATE ON grants"),
        (Self::RotateRefresh, "UPDATE ON grants"),
        (Self::RetryRefresh, "UPDATE ON grants"),
        (Self::UseRefresh, "UPDATE ON grants"),
        (Self::EndGrant, "DELETE ON grants"),
        (Self::AnnounceKeys, "INSERT ON change_log"),
        (Self::RevokeKey, "INSERT ON change_log"),
        (Self::RemoveKeys, "INSERT ON change_log"),
        (Self::RevokeToken, "INSERT ON revoked_tokens"),
        (Self::DefineScope, "INSERT ON change_log"),
        (Self::ForgetScope, "INSERT ON change_log"),
        (Self::DefineResource, "INSERT ON change_log"),
        (Self::ForgetResource, "INSERT ON change_log"),
        (Self::CountFailure, "INSERT ON failures"),
        (Self::Forgive, "DELETE ON failures"),
        (Self::MarkDeployment, "INSERT ON meta"),
        (Self::DeclareRestore, "INSERT ON meta"),
        (Self::Sweep, "DELETE ON change_log"),
    ];
}

pub(crate) fn subjects() -> [ThrottleSubject; 3] {
    [1, 2, 3].map(|byte| ThrottleSubject::from_bytes([byte; 16]))
}

fn scope() -> ScopeToken {
    scope_definition("read").name
}

fn resource() -> ResourceUri {
    resource_definition("https://api.example.com").resource
}

fn old_key() -> KeyId {
    key_id("k")
}

impl Scene {
    pub(crate) async fn set(store: &SqliteStore) -> Self {
        let (client, user) = (create(store, "a").await, create_user(store, "a").await);
        let session = create_session(store, &user).await;
        let grant = create_grant(store, &client, &user).await;
        let coded = Grant {
            id: EntityId::generate(NOW.plus(1), &Counting).into(),
            ..coded_grant(&client, &user, &session)
        };
        assert!(store.create_grant(coded.clone(), limits(2)).await.is_ok());
        let agreed = consent(&user, &client, "read");
        assert!(store.remember_consent(agreed).await.is_ok());
        let next = next_refresh(grant.refresh.as_ref().expect("it has a refresh token"));
        let scene = Self {
            client,
            user,
            session,
            grant,
            coded,
            next,
        };
        let resource = resource_definition(resource().as_str());
        assert!(store.announce_keys(0, vec![key("k")]).await.is_ok());
        assert!(store.define_scope(scope_definition("read")).await.is_ok());
        assert!(store.define_resource(resource).await.is_ok());
        assert!(store.count_failure(&subjects()[..2], NOW, 60).await.is_ok());
        scene
    }

    pub(crate) fn seen(&self) -> SeenRefresh {
        SeenRefresh::of(&self.grant).expect("it has a refresh token")
    }

    fn seen_code(&self) -> SeenCode {
        let authorization = self.coded.authorization.as_ref();
        let code = authorization.and_then(|it| it.code.as_ref());
        SeenCode {
            grant: self.coded.id,
            nonce: code.expect("it has a code").nonce,
            client_epoch: self.coded.client_epoch,
            user_epoch: self.coded.user_epoch,
        }
    }

    pub(crate) async fn snapshot(&self, store: &SqliteStore) -> Result<Snapshot, StoreError> {
        let query = LivenessQuery {
            client_id: self.client.client_id.clone(),
            token: token_of(&self.grant),
        };
        Ok(Snapshot {
            clients: store.list_clients(None, 100_000).await?,
            users: store.list_users(None, 100_000).await?,
            sessions: store.list_sessions(None, None, 100_000).await?,
            sessions_of_user: store
                .list_sessions(Some(self.user.id), None, 100_000)
                .await?,
            consents: store.list_consents(self.user.id, None, 100_000).await?,
            grants: store
                .list_grants(GrantFilter::default(), None, 100_000)
                .await?,
            keys: store.key_ring().await?,
            registry: store.registry().await?,
            failures: store.failures(&subjects()).await?,
            restore_gap: store.restore_gap().await?,
            liveness: store.liveness(&query).await?,
            head: store.change_head().await?,
        })
    }

    /// Carries out the verb on what the scene began with. It changes something.
    pub(crate) async fn write(&self, store: &SqliteStore, write: Write) -> Result<(), StoreError> {
        let later = Timestamp::from_seconds(NOW.as_seconds() + 1_000);
        match write {
            Write::CreateClient => store.create_client(client("b")).await.map(drop),
            Write::UpdateClient => {
                let updated = store.update_client(self.client.clone(), Issued::Ends, NOW);
                updated.await.map(drop)
            }
            Write::EndEverything => store.end_everything(NOW).await.map(drop),
            Write::RemoveClient => {
                let removed = store.remove_client(&self.client.client_id, NOW);
                removed.await.map(drop)
            }
            Write::CreateUser => store.create_user(user("b")).await.map(drop),
            Write::UpdateUser => {
                let updated = store.update_user(self.user.clone(), Issued::Ends, NOW);
                updated.await.map(drop)
            }
            Write::RemoveUser => store.remove_user(self.user.id, NOW).await.map(drop),
            Write::CreateSession => {
                let created = store.create_session(session(&self.user), None, 1);
                created.await.map(drop)
            }
            Write::RenewSession => {
                let seen = self.session.secret_hash;
                let renewed = store.renew_session(seen, renewed(&self.session));
                renewed.await.map(drop)
            }
            Write::UseSession => store.use_session(self.session.id, later).await,
            Write::EndSession => store.end_session(self.session.id).await.map(drop),
            Write::RememberConsent => {
                let more = consent(&self.user, &self.client, "write");
                store.remember_consent(more).await
            }
            Write::ForgetConsent => {
                let forgotten = store.forget_consent(self.user.id, self.client.id);
                forgotten.await.map(drop)
            }
            Write::CreateGrant => {
                let created = store.create_grant(grant(&self.client, &self.user), limits(1));
                created.await.map(drop)
            }
            Write::CreateCode => {
                let grant = coded_grant(&self.client, &self.user, &self.session);
                let limits = GrantLimits {
                    of_client: 3,
                    unredeemed: 1,
                };
                store.create_grant(grant, limits).await.map(drop)
            }
            Write::RedeemCode => {
                let redeemed = store.redeem_code(self.seen_code(), later, Some(first_refresh()));
                redeemed.await.map(drop)
            }
            Write::RotateRefresh => {
                let rotated = store.rotate_refresh(self.seen(), self.next.clone());
                rotated.await.map(drop)
            }
            Write::RetryRefresh => store.retry_refresh(self.seen(), 1).await.map(drop),
            Write::UseRefresh => store.use_refresh(self.seen(), later).await.map(drop),
            Write::EndGrant => store.end_grant(self.grant.id).await.map(drop),
            Write::AnnounceKeys => store.announce_keys(1, vec![key("l")]).await.map(drop),
            Write::RevokeKey => store.revoke_key(&old_key(), NOW).await.map(drop),
            Write::RemoveKeys => store.remove_keys(1, &[old_key()], NOW).await.map(drop),
            Write::RevokeToken => {
                let token = token_of(&self.grant);
                store.revoke_token(&token, later).await.map(drop)
            }
            Write::DefineScope => {
                let defined = store.define_scope(scope_definition("write"));
                defined.await.map(drop)
            }
            Write::ForgetScope => store.forget_scope(&scope(), NOW).await.map(drop),
            Write::DefineResource => {
                let other = resource_definition("https://other.example.com");
                store.define_resource(other).await.map(drop)
            }
            Write::ForgetResource => store.forget_resource(&resource(), NOW).await.map(drop),
            Write::CountFailure => {
                let subjects = subjects();
                store.count_failure(&subjects, NOW, 60).await.map(drop)
            }
            Write::Forgive => store.forgive(&subjects()).await,
            Write::MarkDeployment => {
                let marked = store.mark_deployment(Deployment::Production);
                marked.await.map(drop)
            }
            Write::DeclareRestore => {
                let gap = RestoreGap {
                    restored_to: NOW,
                    declared_at: later,
                };
                store.declare_restore(gap).await
            }
            Write::Sweep => store.sweep(later, 100).await.map(drop),
        }
    }
}
