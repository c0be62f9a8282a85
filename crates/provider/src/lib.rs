//! The OAuth 2 authorization server as a library: every rule of the protocol, and no socket, no cookie jar, no SQL.
//!
//! A [`Provider`] takes typed requests ([`countersign_protocol`]), decides, and gives typed responses or errors. The
//! host program owns everything else: HTTP, configuration, the clock, randomness, the master key, and the
//! [`Store`].
//!
//! | where | which rules |
//! | --- | --- |
//! | `authenticate/` | who sends a request: RFC 6749 §2.3 |
//! | `authorize/` | the authorization endpoint, one file for each thing that is decided: RFC 6749 §3.1, OpenID Connect Core §3 |
//! | `sessions.rs`, `consents.rs`, `ticket.rs`, `browser.rs`, `pages.rs` | who has signed in, what was agreed to, and what passes between the service and a browser |
//! | `token/` | the token endpoint, one file per grant and per rule: RFC 6749 §3.2, §3.3, §4.1, §4.3, §4.4, §6; RFC 7636; RFC 8707 |
//! | `throttle/` | slowing down those who guess |
//! | `permit.rs`, `mint.rs` | the one gate out: only what was permitted and made true is signed (RFC 9068) |
//! | `id_token.rs`, `claims.rs`, `subject.rs`, `hint.rs` | ID tokens, what they say, and ID tokens that come back |
//! | `classic.rs` | tokens of the classic profile, as made and as read back |
//! | `presented.rs` | the one gate in: every presented token |
//! | `userinfo.rs`, `logout.rs` | OpenID Connect Core §5.3, RP-Initiated Logout |
//! | `introspect.rs`, `revoke.rs`, `metadata.rs` | RFC 7662, RFC 7009, RFC 8414 |
//! | `wazo/` | the sessions, tokens, users and policies of the wazo dialect |
//! | `client_keys/` | the public keys of clients, registered or fetched |
//! | `clients.rs`, `users.rs`, `grants.rs`, `registry.rs` | what operators do |
//! | `audit.rs` | what operators have to know |
//! | `keys/` | the life of keys: announced, active, retiring, gone |
//! | `directory.rs`, `synchronize.rs`, `touch.rs` | clients and keys in memory, a second behind storage at most |
//!
//! ```
//! # use std::sync::Arc;
//! # use countersign_core::{Clock, FixedClock, Random, Secret, Timestamp};
//! use countersign_provider::{Host, MasterKey, Provider, Settings};
//! use countersign_storage::MemoryStore;
//!
//! # struct Counter(std::sync::atomic::AtomicU8);
//! # impl Random for Counter {
//! #     fn fill(&self, buffer: &mut [u8]) {
//! #         for byte in buffer { *byte = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed); }
//! #     }
//! # }
//! # async fn example(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<(), Box<dyn std::error::Error>> {
//! let settings = Settings::new("https://login.example.com".parse()?);
//! let host = Host { clock, random, master_key: MasterKey::new(Secret::new([7; 32])), key_sets: None };
//! let provider = Provider::start(Arc::new(MemoryStore::new()), settings, host).await?;
//! assert_eq!(provider.metadata().token_endpoint, "https://login.example.com/oauth2/token");
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod audit;
mod authenticate;
mod authorize;
mod browser;
mod claims;
mod classic;
mod client_keys;
mod clients;
mod consents;
mod directory;
mod error;
mod grants;
mod hint;
mod id_token;
mod introspect;
mod keys;
mod know_key;
mod logout;
mod metadata;
mod mint;
mod origin;
pub mod pages;
mod permit;
mod presented;
mod registry;
mod revoke;
mod sessions;
mod settings;
mod subject;
mod synchronize;
mod throttle;
mod ticket;
mod token;
mod touch;
mod userinfo;
mod users;
pub mod wazo;

use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_core::{Clock, EntityIds, KeyId, KeyPurpose, Random, Secret, SigningAlgorithm};
use countersign_jose::access_token::AccessTokenValidator;
use countersign_storage::{ChangeCursor, Registry, Store};
use jsonwebtoken::jwk::JwkSet;

pub use authenticate::WEAK_SECRET_BYTES;
pub use browser::{Answer, Browser, SessionCookie, Show};
pub use client_keys::{ClientKeysError, FetchError, FetchKeySet, FetchedKeySet};
pub use clients::{
    AddClientError, AddedClient, ChangeClientError, KeepSecret, MAX_SECRET_BYTES, MIN_KEY_BYTES,
    RotatedSecret, SecretSource,
};
pub use introspect::INTROSPECTION_SCOPE;
pub use keys::{KeyError, KeyPhase, KeyStatus, MasterKey};
pub use metadata::paths;
pub use origin::{Door, Origin};
pub use registry::DefineError;
pub use settings::{CLOCK_SKEW, ClassicCid, ClassicSettings, JWKS_MAX_AGE, Settings, WazoSettings};
pub use throttle::ThrottleSettings;
pub use userinfo::Userinfo;
pub use users::{ChangeUserError, UserChange};

/// What only the host program can give.
pub struct Host {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// The key that opens all others.
    pub master_key: MasterKey,
    /// How the keys are fetched of clients with a `jwks_uri`; without it there can be no such clients.
    pub key_sets: Option<Arc<dyn FetchKeySet>>,
}

/// The authorization server.
pub struct Provider {
    store: Arc<dyn Store>,
    settings: Settings,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    key_sets: client_keys::KeySets,
    ids: EntityIds,
    keys: keys::Keys,
    validator: AccessTokenValidator,
    directory: directory::Directory,
    hasher: authenticate::Hasher,
    lines: authenticate::Lines,
    registry: ArcSwap<Registry>,
    throttle: Arc<throttle::Throttle>,
    cursor: tokio::sync::Mutex<ChangeCursor>,
    touch: touch::Touch,
}

impl Provider {
    /// Opens the keys in `store`, or makes them if there are none, and is ready for requests.
    ///
    /// # Errors
    ///
    /// Storage does not answer, or its keys do not open under this master key.
    pub async fn start(
        store: Arc<dyn Store>,
        settings: Settings,
        host: Host,
    ) -> Result<Self, KeyError> {
        let now = host.clock.now();
        // The cursor first: a change between the two is then heard of twice, not never.
        let cursor = store.change_head().await?;
        let issuer = settings.issuer.to_string();
        let keys = keys::Keys::load(&*store, host.master_key, issuer, now).await?;
        keys.ensure(&*store, settings.access_token_algorithm, now, &*host.random)
            .await?;
        let registry = store.registry().await?;
        Ok(Self {
            keys,
            validator: presented::own_validator(&settings.issuer),
            directory: directory::Directory::new(),
            touch: touch::Touch::new(now, settings.cache_max_stale),
            hasher: authenticate::Hasher::new(settings.hashing_workers),
            lines: authenticate::Lines::new(),
            registry: ArcSwap::from_pointee(registry),
            throttle: Arc::new(throttle::Throttle::new()),
            cursor: tokio::sync::Mutex::new(cursor),
            key_sets: client_keys::KeySets::new(host.key_sets, &host.clock),
            clock: host.clock,
            random: host.random,
            ids: EntityIds::new(),
            store,
            settings,
        })
    }

    /// The settings with which this was started.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The public keys, as others may keep them for [`JWKS_MAX_AGE`] seconds.
    #[must_use]
    pub fn jwks(&self) -> JwkSet {
        self.keys.at(self.clock.now()).jwks()
    }

    /// Every key, with its place in life.
    #[must_use]
    pub fn key_status(&self) -> Vec<KeyStatus> {
        self.keys.at(self.clock.now()).status()
    }

    /// Announces a successor for the key of `purpose`.
    pub async fn rotate_key(&self, purpose: KeyPurpose) -> Result<(), KeyError> {
        self.keys
            .rotate(&*self.store, purpose, self.clock.now(), &*self.random)
            .await
    }

    /// Takes in a signing key in PKCS#8 PEM that was made elsewhere, as the successor of the one in use.
    pub async fn import_key(
        &self,
        algorithm: SigningAlgorithm,
        pem: &Secret<String>,
    ) -> Result<KeyId, KeyError> {
        self.keys
            .import(
                &*self.store,
                algorithm,
                pem,
                self.clock.now(),
                &*self.random,
            )
            .await
    }

    /// The public half of a signing key as PEM; none if the JWKS has no such key.
    #[must_use]
    pub fn public_key_pem(&self, id: &KeyId) -> Option<String> {
        self.keys.at(self.clock.now()).public_pem(id)
    }

    /// Ends a compromised key at once, with everything that it made.
    pub async fn revoke_key(&self, id: &KeyId) -> Result<(), KeyError> {
        self.keys
            .revoke(&*self.store, id, self.clock.now(), &*self.random)
            .await
    }
}
