//! Something of everything that a store keeps, what can be read of it, and every verb that changes it.

mod wazo;
mod write;

use countersign_core::{
    Client, Consent, CurrentRefresh, EntityId, Grant, NewUser, Session, User, UserProfile,
};
use countersign_storage::contract::samples::{
    Counting, NOW, assertion_id, coded_grant, consent, create, create_grant, create_session,
    create_standing_grant, key, limits, next_refresh, resource_definition, scope_definition,
    token_of, user,
};
use countersign_storage::{
    AssertionStore, ChangeCursor, ChangeFeed, ClientStore, ConsentStore, CreateUser, Failures,
    FoundGrant, GrantFilter, GrantStore, KeyRing, KeyStore, Liveness, LivenessQuery, Maintenance,
    Registry, RegistryStore, RememberJti, RestoreGap, SeenCode, SeenRefresh, SessionStore,
    StoreError, ThrottleStore, ThrottleSubject, TokenStore, UserStore,
};
use countersign_storage_sqlite::SqliteStore;

pub(crate) use wazo::{WazoScene, WazoWrite};
pub(crate) use write::Write;

use wazo::WazoSnapshot;

/// One of everything, as it is stored.
pub(crate) struct Scene {
    pub(crate) client: Client,
    pub(crate) user: User,
    pub(crate) session: Session,
    pub(crate) grant: Grant,
    /// A later grant with a code that nobody has redeemed; it ends with the session.
    pub(crate) coded: Grant,
    /// The standing grant of the client for the scope `b a`.
    pub(crate) standing: Grant,
    pub(crate) wazo: WazoScene,
    /// What a rotation makes of the refresh token of the grant.
    pub(crate) next: CurrentRefresh,
}

/// Everything that can be read.
#[derive(Debug, PartialEq)]
pub(crate) struct Snapshot {
    clients: Vec<Client>,
    users: Vec<User>,
    users_by_email: Vec<User>,
    sessions: Vec<Session>,
    sessions_of_user: Vec<Session>,
    consents: Vec<Consent>,
    grants: Vec<Grant>,
    standing: Option<FoundGrant>,
    wazo: WazoSnapshot,
    keys: KeyRing,
    registry: Registry,
    failures: Vec<Option<Failures>>,
    restore_gap: Option<RestoreGap>,
    liveness: Liveness,
    head: ChangeCursor,
}

pub(crate) fn subjects() -> [ThrottleSubject; 3] {
    [1, 2, 3].map(|byte| ThrottleSubject::from_bytes([byte; 16]))
}

/// The address of the user of a scene.
pub(crate) const EMAIL: &str = "Zoe@example.com";

async fn create_user(store: &SqliteStore) -> User {
    let profile = UserProfile {
        email: Some(EMAIL.into()),
        ..UserProfile::default()
    };
    let new = NewUser {
        profile,
        ..user("a")
    };
    match store.create_user(new).await {
        Ok(CreateUser::Created(user)) => user,
        other => unreachable!("the user cannot be created: {other:?}"),
    }
}

impl Scene {
    pub(crate) async fn set(store: &SqliteStore) -> Self {
        let (client, user) = (create(store, "a").await, create_user(store).await);
        let session = create_session(store, &user).await;
        let grant = create_grant(store, &client, &user).await;
        let coded = Grant {
            id: EntityId::generate(NOW.plus(1), &Counting).into(),
            ..coded_grant(&client, &user, &session)
        };
        assert!(store.create_grant(coded.clone(), limits(2)).await.is_ok());
        let standing = create_standing_grant(store, &client, "b a").await;
        let wazo = WazoScene::set(store, &client, &user).await;
        let agreed = consent(&user, &client, "read");
        assert!(store.remember_consent(agreed).await.is_ok());
        let over = assertion_id("over");
        let taken = store.remember_jti(&over, NOW.plus(600), NOW);
        assert_eq!(taken.await, Ok(RememberJti::Remembered));
        let next = next_refresh(grant.refresh.as_ref().expect("it has a refresh token"));
        let scene = Self {
            client,
            user,
            session,
            grant,
            coded,
            standing,
            wazo,
            next,
        };
        let resource = resource_definition("https://api.example.com");
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
            user_epoch: self.user.epoch,
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
            users_by_email: store.find_users_by_email(EMAIL, 100_000).await?,
            sessions: store.list_sessions(None, None, 100_000).await?,
            sessions_of_user: store
                .list_sessions(Some(self.user.id), None, 100_000)
                .await?,
            consents: store.list_consents(self.user.id, None, 100_000).await?,
            grants: store
                .list_grants(GrantFilter::default(), None, 100_000)
                .await?,
            standing: store
                .find_standing_grant(self.client.id, &self.standing.scope)
                .await?,
            wazo: self.wazo.snapshot(store).await?,
            keys: store.key_ring().await?,
            registry: store.registry().await?,
            failures: store.failures(&subjects()).await?,
            restore_gap: store.restore_gap().await?,
            liveness: store.liveness(&query).await?,
            head: store.change_head().await?,
        })
    }
}
