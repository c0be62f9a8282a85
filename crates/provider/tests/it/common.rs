//! A provider on a real store, with a clock that a test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign_core::{
    ClientSettings, Clock, FixedClock, GrantType, IntrospectionReach, KeyRecord, Random, Secret,
    Timestamp, TokenProfile, User, UserProfile,
};
use countersign_protocol::{
    ErrorResponse, Form, IntrospectionRequest, IntrospectionResponse, RevocationRequest,
    TokenRequest, TokenResponse,
};
use countersign_provider::{
    Door, FetchKeySet, Host, MasterKey, Origin, Provider, SecretSource, Settings,
};
use countersign_storage::testing::FailingStore;
use countersign_storage::{KeyStore as _, MemoryStore, Store};
use countersign_storage_sqlite::SqliteStore;
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// When every test begins.
pub(crate) const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// Random enough for tests: no two calls in the whole program give the same bytes.
#[derive(Default)]
pub(crate) struct Counting;

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let next = NEXT
                .fetch_add(1, Ordering::SeqCst)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&next.to_be_bytes()[..chunk.len()]);
        }
    }
}

/// The backends on which a rule is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Backend {
    Memory,
    Sqlite,
}

/// One test of each rule for each backend.
macro_rules! on_both_backends {
    ($($rule:ident)*) => {
        $(
            mod $rule {
                use crate::common::{Backend, Service};

                #[tokio::test(flavor = "multi_thread")]
                async fn on_memory() {
                    super::$rule(Service::on(Backend::Memory)).await;
                }

                #[tokio::test(flavor = "multi_thread")]
                async fn on_sqlite() {
                    super::$rule(Service::on(Backend::Sqlite)).await;
                }
            }
        )*
    };
}

pub(crate) use on_both_backends;

/// One test of each rule for each backend and each profile of tokens.
macro_rules! on_both_backends_in_both_profiles {
    ($($rule:ident)*) => {
        $(
            mod $rule {
                use countersign_core::TokenProfile;

                use crate::common::{Backend, Service};

                #[tokio::test(flavor = "multi_thread")]
                async fn on_memory() {
                    super::$rule(Service::on(Backend::Memory)).await;
                }

                #[tokio::test(flavor = "multi_thread")]
                async fn on_sqlite() {
                    super::$rule(Service::on(Backend::Sqlite)).await;
                }

                #[tokio::test(flavor = "multi_thread")]
                async fn classic_on_memory() {
                    let service = Service::on(Backend::Memory);
                    super::$rule(service.with_profile(TokenProfile::Classic)).await;
                }

                #[tokio::test(flavor = "multi_thread")]
                async fn classic_on_sqlite() {
                    let service = Service::on(Backend::Sqlite);
                    super::$rule(service.with_profile(TokenProfile::Classic)).await;
                }
            }
        )*
    };
}

pub(crate) use on_both_backends_in_both_profiles;

/// What lies below a service, so that a backup of it can be made.
enum Below {
    Memory(Arc<MemoryStore>),
    Sqlite(Arc<SqliteStore>, TempDir),
}

/// A service under test: storage that can be switched off, and any number of nodes on it.
pub(crate) struct Service {
    pub(crate) store: Arc<FailingStore>,
    pub(crate) clock: Arc<FixedClock>,
    random: Arc<Counting>,
    below: Below,
    pub(crate) settings: Settings,
    /// Who fetches the keys of clients.
    pub(crate) key_sets: Option<Arc<dyn FetchKeySet>>,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self::on(Backend::Memory)
    }

    pub(crate) fn on(backend: Backend) -> Self {
        let random = Arc::new(Counting);
        let below = match backend {
            Backend::Memory => Below::Memory(Arc::new(MemoryStore::new())),
            Backend::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let store = SqliteStore::open(&folder.path().join("a.db"), &*random).unwrap();
                Below::Sqlite(Arc::new(store), folder)
            }
        };
        Self {
            store: Arc::new(FailingStore::new(below.store())),
            clock: Arc::new(FixedClock::at(START)),
            random,
            below,
            settings: Settings::new("https://as.example".parse().unwrap()),
            key_sets: None,
        }
    }

    /// The same service, for clients whose tokens have these members.
    pub(crate) fn with_profile(mut self, profile: TokenProfile) -> Self {
        self.settings.token_profile = profile;
        self
    }

    /// A service on a backup of this one's storage, made now; for the same clock and the same master key.
    pub(crate) fn backup(&self) -> Self {
        let below = match &self.below {
            Below::Memory(store) => Below::Memory(Arc::new(store.backup().unwrap())),
            Below::Sqlite(_, original) => {
                let folder = tempfile::tempdir().unwrap();
                let file = folder.path().join("backup.db");
                SqliteStore::backup(&original.path().join("a.db"), &file).unwrap();
                let store = SqliteStore::open(&file, &*self.random).unwrap();
                Below::Sqlite(Arc::new(store), folder)
            }
        };
        Self {
            store: Arc::new(FailingStore::new(below.store())),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            below,
            settings: self.settings.clone(),
            key_sets: self.key_sets.clone(),
        }
    }

    /// The time.
    pub(crate) fn clock(&self) -> Timestamp {
        self.clock.now()
    }

    /// Time passes, and `node` hears storage in it.
    pub(crate) async fn pass(&self, node: &Provider, seconds: i64) {
        self.clock.advance(seconds);
        node.synchronize().await.unwrap();
    }

    /// A node on storage that has its keys, the same ones in every test: drawing RSA keys takes longer than most tests.
    pub(crate) async fn node(&self) -> Provider {
        static DRAWN: OnceCell<Vec<KeyRecord>> = OnceCell::const_new();
        let drawn = DRAWN.get_or_init(|| async {
            let first = Self::new();
            first.first_node().await;
            first.store.key_ring().await.unwrap().keys
        });
        if self.store.key_ring().await.unwrap().version == 0 {
            let drawn = drawn.await.clone();
            self.store.announce_keys(0, drawn).await.unwrap();
        }
        self.first_node().await
    }

    /// A node that draws its keys, unless another one was faster.
    pub(crate) async fn first_node(&self) -> Provider {
        let host = Host {
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            random: Arc::clone(&self.random) as Arc<dyn Random>,
            master_key: MasterKey::new(Secret::new([7; 32])),
            key_sets: self.key_sets.clone(),
        };
        Provider::start(Arc::clone(&self.store) as _, self.settings.clone(), host)
            .await
            .unwrap()
    }
}

impl Below {
    fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Memory(store) => Arc::clone(store) as _,
            Self::Sqlite(store, _) => Arc::clone(store) as _,
        }
    }
}

/// What a client may do that has `read` and `write`.
pub(crate) fn settings() -> ClientSettings {
    ClientSettings {
        scope: "read write".parse().unwrap(),
        introspect: IntrospectionReach::Own,
        ..ClientSettings::new(vec![GrantType::ClientCredentials])
    }
}

/// What a client may do that signs users in.
pub(crate) fn password_settings() -> ClientSettings {
    ClientSettings {
        grant_types: vec![GrantType::Password, GrantType::RefreshToken],
        scope: "read write openid offline_access".parse().unwrap(),
        ..settings()
    }
}

/// The user of the tests.
pub(crate) const USER: &str = "alice";
pub(crate) const PASSWORD: &str = "correct-horse";

/// Adds the user of the tests.
pub(crate) async fn add_user(node: &Provider) -> User {
    let password = Secret::new(PASSWORD.to_owned());
    node.add_user(
        USER.parse().unwrap(),
        Some(password),
        UserProfile::default(),
    )
    .await
    .unwrap()
}

/// What an answer of the token endpoint holds.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) scope: String,
}

impl Tokens {
    fn of(response: TokenResponse) -> Self {
        Self {
            access: response.access_token,
            refresh: response.refresh_token.unwrap_or_default(),
            scope: response.scope.to_string(),
        }
    }
}

/// The door at which all tokens are accepted that a node makes where a client does not say.
fn door_of(node: &Provider) -> Door {
    match node.settings().token_profile {
        TokenProfile::Standard => Door::Standard,
        TokenProfile::Classic => Door::Classic,
    }
}

/// A client of a node, with its secret, and the door that it comes to.
pub(crate) struct TestClient {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) door: Door,
}

impl TestClient {
    pub(crate) async fn add(node: &Provider, id: &str, settings: ClientSettings) -> Self {
        let added = node
            .add_client(id.parse().unwrap(), settings, SecretSource::Generated)
            .await;
        let secret = added.unwrap().secret.unwrap().expose().clone();
        Self {
            id: id.to_owned(),
            secret,
            door: door_of(node),
        }
    }

    pub(crate) async fn add_with_secret(node: &Provider, id: &str, secret: &str) -> Self {
        let source = SecretSource::Given(Secret::new(secret.to_owned()));
        node.add_client(id.parse().unwrap(), settings(), source)
            .await
            .unwrap();
        Self {
            id: id.to_owned(),
            secret: secret.to_owned(),
            door: door_of(node),
        }
    }

    /// The same client, at `door`.
    pub(crate) fn at(&self, door: Door) -> Self {
        Self {
            id: self.id.clone(),
            secret: self.secret.clone(),
            door,
        }
    }

    fn origin(&self) -> Origin {
        Origin::default().at(self.door)
    }

    fn form(&self, rest: &str) -> Form {
        let body = format!("client_id={}&client_secret={}&{rest}", self.id, self.secret);
        Form::parse(body.as_bytes(), &["resource"]).unwrap()
    }

    pub(crate) async fn token(&self, node: &Provider) -> Result<TokenResponse, ErrorResponse> {
        let form = self.form("grant_type=client_credentials");
        node.token(TokenRequest::read(&[], &form).unwrap(), self.origin())
            .await
    }

    /// The answer of the token endpoint to this form, with the client's credentials.
    pub(crate) async fn ask(
        &self,
        node: &Provider,
        rest: &str,
    ) -> Result<TokenResponse, ErrorResponse> {
        let request = TokenRequest::read(&[], &self.form(rest))?;
        node.token(request, self.origin()).await
    }

    /// A sign-in with a password.
    pub(crate) async fn sign_in(&self, node: &Provider) -> Tokens {
        let rest = format!("grant_type=password&username={USER}&password={PASSWORD}");
        Tokens::of(self.ask(node, &rest).await.unwrap())
    }

    /// A refresh.
    pub(crate) async fn refresh(
        &self,
        node: &Provider,
        refresh_token: &str,
    ) -> Result<Tokens, ErrorResponse> {
        let rest = format!("grant_type=refresh_token&refresh_token={refresh_token}");
        self.ask(node, &rest).await.map(Tokens::of)
    }

    pub(crate) async fn introspect(
        &self,
        node: &Provider,
        token: &str,
    ) -> Result<IntrospectionResponse, ErrorResponse> {
        let form = self.form(&format!("token={token}"));
        let request = IntrospectionRequest::read(&[], &form).unwrap();
        node.introspect(request, self.origin()).await
    }

    pub(crate) async fn is_active(&self, node: &Provider, token: &str) -> bool {
        matches!(
            self.introspect(node, token).await.unwrap(),
            IntrospectionResponse::Active(_)
        )
    }

    pub(crate) async fn revoke(&self, node: &Provider, token: &str) -> Result<(), ErrorResponse> {
        let form = self.form(&format!("token={token}"));
        let request = RevocationRequest::read(&[], &form).unwrap();
        node.revoke(request, self.origin()).await
    }
}
