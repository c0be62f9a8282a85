//! A provider on a memory store, with a clock that a test moves and randomness that repeats.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign_core::{
    ClientSettings, Clock, FixedClock, GrantType, IntrospectionReach, Random, Secret, Timestamp,
};
use countersign_protocol::{
    ErrorResponse, Form, IntrospectionRequest, IntrospectionResponse, RevocationRequest,
    TokenRequest, TokenResponse,
};
use countersign_provider::{Host, MasterKey, Provider, SecretSource, Settings};
use countersign_storage::MemoryStore;
use countersign_storage::testing::FailingStore;

/// When every test begins.
pub(crate) const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// Random enough for tests: no two calls give the same bytes.
#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let next = self
                .0
                .fetch_add(1, Ordering::SeqCst)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&next.to_be_bytes()[..chunk.len()]);
        }
    }
}

/// A service under test: storage that can be switched off, and any number of nodes on it.
pub(crate) struct Service {
    pub(crate) store: Arc<FailingStore>,
    pub(crate) clock: Arc<FixedClock>,
    random: Arc<Counting>,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self {
            store: Arc::new(FailingStore::new(Arc::new(MemoryStore::new()))),
            clock: Arc::new(FixedClock::at(START)),
            random: Arc::default(),
        }
    }

    /// Time passes, and `node` hears storage in it.
    pub(crate) async fn pass(&self, node: &Provider, seconds: i64) {
        self.clock.advance(seconds);
        node.synchronize().await.unwrap();
    }

    pub(crate) async fn node(&self) -> Provider {
        let settings = Settings::new("https://as.example".parse().unwrap());
        let host = Host {
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            random: Arc::clone(&self.random) as Arc<dyn Random>,
            master_key: MasterKey::new(Secret::new([7; 32])),
        };
        Provider::start(Arc::clone(&self.store) as _, settings, host)
            .await
            .unwrap()
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

/// A client of a node, with its secret.
pub(crate) struct TestClient {
    pub(crate) id: String,
    pub(crate) secret: String,
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
        }
    }

    fn form(&self, rest: &str) -> Form {
        let body = format!("client_id={}&client_secret={}&{rest}", self.id, self.secret);
        Form::parse(body.as_bytes(), &["resource"]).unwrap()
    }

    pub(crate) async fn token(&self, node: &Provider) -> Result<TokenResponse, ErrorResponse> {
        let form = self.form("grant_type=client_credentials");
        node.token(TokenRequest::read(&[], &form).unwrap()).await
    }

    pub(crate) async fn introspect(
        &self,
        node: &Provider,
        token: &str,
    ) -> Result<IntrospectionResponse, ErrorResponse> {
        let form = self.form(&format!("token={token}"));
        node.introspect(IntrospectionRequest::read(&[], &form).unwrap())
            .await
    }

    pub(crate) async fn is_active(&self, node: &Provider, token: &str) -> bool {
        matches!(
            self.introspect(node, token).await.unwrap(),
            IntrospectionResponse::Active(_)
        )
    }

    pub(crate) async fn revoke(&self, node: &Provider, token: &str) -> Result<(), ErrorResponse> {
        let form = self.form(&format!("token={token}"));
        node.revoke(RevocationRequest::read(&[], &form).unwrap())
            .await
    }
}
