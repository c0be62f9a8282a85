//! Every verb that changes something.

use countersign_core::{KeyId, ResourceUri, ScopeToken, Timestamp};
use countersign_storage::contract::samples::{
    NOW, assertion_id, client, coded_grant, consent, first_refresh, grant, key, key_id, limits,
    renewed, resource_definition, scope_definition, session, standing_grant, token_of, user,
};
use countersign_storage::{
    AssertionStore, ClientStore, ConsentStore, Deployment, GrantLimits, GrantStore, Issued,
    KeyStore, Maintenance, RegistryStore, RestoreGap, SessionStore, StoreError, ThrottleStore,
    TokenStore, UserStore,
};
use countersign_storage_sqlite::SqliteStore;

use super::{Scene, WazoWrite, subjects};

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
    CreateStandingGrant,
    ReplaceStandingGrant,
    RedeemCode,
    RotateRefresh,
    RetryRefresh,
    UseRefresh,
    EndGrant,
    Wazo(WazoWrite),
    AnnounceKeys,
    RevokeKey,
    RemoveKeys,
    RevokeToken,
    RememberJti,
    RememberJtiAnew,
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
    pub(crate) const ALL: [(Self, &str); 47] = [
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
        (Self::CreateStandingGrant, "DELETE ON grants"),
        (Self::ReplaceStandingGrant, "INSERT ON grants"),
        (Self::RedeemCode, "UPDATE ON grants"),
        (Self::RotateRefresh, "UPDATE ON grants"),
        (Self::RetryRefresh, "UPDATE ON grants"),
        (Self::UseRefresh, "UPDATE ON grants"),
        (Self::EndGrant, "DELETE ON grants"),
        (Self::Wazo(WazoWrite::LogIn), "INSERT ON wazo_sessions"),
        (
            Self::Wazo(WazoWrite::LogInOffline),
            "INSERT ON wazo_refresh_tokens",
        ),
        (
            Self::Wazo(WazoWrite::LogInOfflineAgain),
            "UPDATE ON wazo_refresh_tokens",
        ),
        (Self::Wazo(WazoWrite::EndSession), "DELETE ON wazo_sessions"),
        (
            Self::Wazo(WazoWrite::EndRefreshToken),
            "DELETE ON wazo_sessions",
        ),
        (
            Self::Wazo(WazoWrite::CreatePolicy),
            "INSERT ON wazo_policies",
        ),
        (
            Self::Wazo(WazoWrite::UpdatePolicy),
            "UPDATE ON wazo_policies",
        ),
        (
            Self::Wazo(WazoWrite::AssignPolicy),
            "INSERT ON wazo_policies_of_users",
        ),
        (
            Self::Wazo(WazoWrite::WithdrawPolicy),
            "DELETE ON wazo_policies_of_users",
        ),
        (
            Self::Wazo(WazoWrite::RemovePolicy),
            "DELETE ON wazo_policies",
        ),
        (Self::AnnounceKeys, "INSERT ON change_log"),
        (Self::RevokeKey, "INSERT ON change_log"),
        (Self::RemoveKeys, "INSERT ON change_log"),
        (Self::RevokeToken, "INSERT ON revoked_tokens"),
        (Self::RememberJti, "INSERT ON seen_jtis"),
        (Self::RememberJtiAnew, "UPDATE ON seen_jtis"),
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

fn scope() -> ScopeToken {
    scope_definition("read").name
}

fn resource() -> ResourceUri {
    resource_definition("https://api.example.com").resource
}

fn gap_until(declared_at: Timestamp) -> RestoreGap {
    RestoreGap {
        restored_to: NOW,
        declared_at,
    }
}

fn old_key() -> KeyId {
    key_id("k")
}

/// Remembers the assertion of this name, of which the one that is called `over` was taken before.
async fn remember_jti(store: &SqliteStore, name: &str, now: Timestamp) -> Result<(), StoreError> {
    let id = assertion_id(name);
    let heard = store.remember_jti(&id, now.plus(600), now);
    heard.await.map(drop)
}

impl Scene {
    async fn create_standing_grant(&self, store: &SqliteStore) -> Result<(), StoreError> {
        let another = standing_grant(&self.client, "c");
        let created = store.create_standing_grant(another, None, 1);
        created.await.map(drop)
    }

    async fn replace_standing_grant(&self, store: &SqliteStore) -> Result<(), StoreError> {
        let (next, replaced) = (standing_grant(&self.client, "a b"), self.standing.id);
        let created = store.create_standing_grant(next, Some(replaced), 2);
        created.await.map(drop)
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
            Write::CreateStandingGrant => self.create_standing_grant(store).await,
            Write::ReplaceStandingGrant => self.replace_standing_grant(store).await,
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
            Write::Wazo(write) => self.wazo.write(store, write).await,
            Write::AnnounceKeys => store.announce_keys(1, vec![key("l")]).await.map(drop),
            Write::RevokeKey => store.revoke_key(&old_key(), NOW).await.map(drop),
            Write::RemoveKeys => store.remove_keys(1, &[old_key()], NOW).await.map(drop),
            Write::RevokeToken => {
                let token = token_of(&self.grant);
                store.revoke_token(&token, later).await.map(drop)
            }
            Write::RememberJti => remember_jti(store, "new", NOW).await,
            Write::RememberJtiAnew => remember_jti(store, "over", later).await,
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
            Write::DeclareRestore => store.declare_restore(gap_until(later)).await,
            Write::Sweep => store.sweep(later, 100).await.map(drop),
        }
    }
}
