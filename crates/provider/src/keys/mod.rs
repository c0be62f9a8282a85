//! The key ring: which key signs, which ones are accepted, and what the world sees of them.

mod lifecycle;
mod phase;
mod vault;

use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_core::{KeyId, KeyPurpose, KeyRecord, Random, Secret, SigningAlgorithm, Timestamp};
use countersign_jose::authorization_code::AuthorizationCodeKey;
use countersign_jose::mac::MacKey;
use countersign_jose::opaque::{SealingKey, SealingKeys};
use countersign_jose::refresh_token::RefreshTokenKey;
use countersign_jose::ticket::TicketKey;
use countersign_jose::{SigningKey, VerifyingKeys, classic};
use countersign_storage::{KeyRing, Store, StoreError};
use jsonwebtoken::jwk::JwkSet;
use thiserror::Error;

pub use phase::KeyPhase;
use phase::next_departure;
pub use vault::MasterKey;
pub(crate) use vault::SecretOf;
use vault::{GrantKeys, Material};

/// Why the keys cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A key does not open: the master key is not the one under which it was sealed.
    #[error("key {0} does not open under this master key; was master.key replaced?")]
    WrongMasterKey(KeyId),
    /// A key opens but is not what its row says.
    #[error("key {0} is damaged in storage")]
    Damaged(KeyId),
    /// Two keys have the same id.
    #[error("two keys in storage have the same id")]
    DuplicateId,
    /// There is no such key.
    #[error("there is no key {0}; see: countersign key list")]
    Unknown(KeyId),
    /// The key is there already.
    #[error("the key {0} is there already; see: countersign key list")]
    Known(KeyId),
    /// The purpose has one key for all time.
    #[error(
        "keys of the purpose {0} are neither rotated nor revoked: what was made with them could no longer be checked; \
         give the clients new secrets instead, with: countersign client rotate-secret"
    )]
    NotRotated(KeyPurpose),
    /// The keys were changed by others again and again while this change was tried.
    #[error("the keys are being changed by somebody else; try again")]
    Contended,
    /// The crypto backend refused the key.
    #[error(transparent)]
    Crypto(#[from] countersign_jose::KeyError),
    /// Storage did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A key with its place in life, without anything secret.
#[derive(Clone, Debug)]
pub struct KeyStatus {
    /// The `kid`.
    pub id: KeyId,
    /// What it is for.
    pub purpose: KeyPurpose,
    /// Where it stands in its life.
    pub phase: KeyPhase,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it is, or was, first used.
    pub active_from: Timestamp,
}

/// The keys of the service, opened once and held ready.
pub(crate) struct Keys {
    master: MasterKey,
    /// Keys of some purposes are derived for one issuer only (RULES R6).
    issuer: String,
    ring: ArcSwap<OpenRing>,
    /// Held from reading the keys to using them, so that an older reading never takes the place of a newer one.
    reloading: tokio::sync::Mutex<()>,
    /// When keys were last read again because a token named an unknown one. Held while that is done: whoever comes
    /// meanwhile waits for the outcome.
    reloaded_for_unknown: tokio::sync::Mutex<Option<Timestamp>>,
}

/// One version of the ring, opened.
struct OpenRing {
    version: u64,
    records: Vec<KeyRecord>,
    keys: Vec<OpenKey>,
    view: ArcSwap<View>,
}

/// A key of the ring with what it was opened from.
#[derive(Clone)]
struct OpenKey {
    sealed: Vec<u8>,
    material: Arc<Material>,
}

/// What is good about a ring for some time.
pub(crate) struct View {
    from: Timestamp,
    until: Option<Timestamp>,
    /// The keys with which tokens may have been signed.
    pub(crate) verifying: VerifyingKeys,
    /// The keys with which tokens may have been sealed.
    pub(crate) sealing: SealingKeys,
}

/// The ring at one moment.
pub(crate) struct RingAt {
    ring: Arc<OpenRing>,
    view: Arc<View>,
    now: Timestamp,
}

impl Keys {
    /// Opens the keys of a store.
    pub(crate) async fn load(
        store: &dyn Store,
        master: MasterKey,
        issuer: String,
        now: Timestamp,
    ) -> Result<Self, KeyError> {
        let ring = OpenRing::open(store.key_ring().await?, &master, &issuer, &[], now)?;
        Ok(Self {
            master,
            issuer,
            ring: ArcSwap::from_pointee(ring),
            reloading: tokio::sync::Mutex::default(),
            reloaded_for_unknown: tokio::sync::Mutex::default(),
        })
    }

    /// Reads the keys again, if storage has another version of them. What is open already is not opened again.
    pub(crate) async fn reload(&self, store: &dyn Store, now: Timestamp) -> Result<(), KeyError> {
        let _reloading = self.reloading.lock().await;
        let stored = store.key_ring().await?;
        let known = self.ring.load_full();
        if stored.version != known.version {
            let ring = OpenRing::open(stored, &self.master, &self.issuer, &known.keys, now)?;
            self.ring.store(Arc::new(ring));
        }
        Ok(())
    }

    /// Reads the keys again for a token that names an unknown one, at most once a second (RULES R6): made-up key ids
    /// must not keep storage busy.
    pub(crate) async fn reload_for_unknown(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<(), KeyError> {
        let mut last = self.reloaded_for_unknown.lock().await;
        if *last != Some(now) {
            self.reload(store, now).await?;
            *last = Some(now);
        }
        Ok(())
    }

    /// Seals what must be told again (RULES S2, D2).
    pub(crate) fn seal_secret(
        &self,
        of: SecretOf,
        secret: &Secret<String>,
        random: &dyn Random,
    ) -> Vec<u8> {
        self.master.seal_secret(of, secret, random)
    }

    /// What was sealed so.
    pub(crate) fn open_secret(&self, of: SecretOf, sealed: &[u8]) -> Option<Secret<Vec<u8>>> {
        self.master.open_secret(of, sealed)
    }

    /// The ring as it is in memory, at `now`.
    pub(crate) fn at(&self, now: Timestamp) -> RingAt {
        let ring = self.ring.load_full();
        let view = ring.view_at(now);
        RingAt { ring, view, now }
    }
}

impl OpenRing {
    fn open(
        ring: KeyRing,
        master: &MasterKey,
        issuer: &str,
        known: &[OpenKey],
        now: Timestamp,
    ) -> Result<Self, KeyError> {
        let open = |record: &KeyRecord| {
            if let Some(known) = known.iter().find(|known| known.sealed == record.sealed) {
                return Ok(known.clone());
            }
            let material = Arc::new(master.open(record, issuer)?);
            Ok(OpenKey {
                sealed: record.sealed.clone(),
                material,
            })
        };
        let keys = ring
            .keys
            .iter()
            .map(open)
            .collect::<Result<Vec<_>, KeyError>>()?;
        let view = View::new(&ring.keys, &keys, now)?;
        let view = ArcSwap::from_pointee(view);
        Ok(Self {
            version: ring.version,
            records: ring.keys,
            keys,
            view,
        })
    }

    /// What is good at `now`; made anew when a key has departed since, or the clock was set back.
    fn view_at(&self, now: Timestamp) -> Arc<View> {
        let view = self.view.load_full();
        if view.from <= now && view.until.is_none_or(|until| now < until) {
            return view;
        }
        match View::new(&self.records, &self.keys, now) {
            Ok(view) => {
                let view = Arc::new(view);
                self.view.store(Arc::clone(&view));
                view
            }
            // The ids were distinct when the ring was opened, and a view holds some of them.
            Err(_) => view,
        }
    }
}

impl View {
    fn new(records: &[KeyRecord], keys: &[OpenKey], now: Timestamp) -> Result<Self, KeyError> {
        let good: Vec<&Material> = records
            .iter()
            .zip(keys)
            .filter(|(record, _)| KeyPhase::of(record, records, now).is_good())
            .map(|(_, key)| &*key.material)
            .collect();
        let verifying = good.iter().filter_map(|material| match material {
            Material::Signing(key) => Some(key.verifying_key()),
            Material::Sealing(_)
            | Material::Grants(_)
            | Material::Mac(_)
            | Material::Classic(_) => None,
        });
        let sealing = good.iter().filter_map(|material| match material {
            Material::Sealing(key) => Some(key.clone()),
            Material::Signing(_)
            | Material::Grants(_)
            | Material::Mac(_)
            | Material::Classic(_) => None,
        });
        Ok(Self {
            from: now,
            until: next_departure(records, now),
            verifying: VerifyingKeys::new(verifying).map_err(|_| KeyError::DuplicateId)?,
            sealing: SealingKeys::new(sealing).map_err(|_| KeyError::DuplicateId)?,
        })
    }
}

impl RingAt {
    /// What is accepted.
    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// The version of the ring, for whoever wants to change it.
    fn version(&self) -> u64 {
        self.ring.version
    }

    /// The keys as they are stored.
    fn records(&self) -> &[KeyRecord] {
        &self.ring.records
    }

    /// The keys with their materials.
    fn keys(&self) -> impl Iterator<Item = (&KeyRecord, &Material)> {
        self.ring
            .records
            .iter()
            .zip(self.ring.keys.iter().map(|key| &*key.material))
    }

    fn phase(&self, record: &KeyRecord) -> KeyPhase {
        KeyPhase::of(record, &self.ring.records, self.now)
    }

    /// The key that is active for `purpose`.
    fn active(&self, purpose: KeyPurpose) -> Option<(&KeyRecord, &Material)> {
        self.keys()
            .find(|(record, _)| record.purpose == purpose && self.phase(record) == KeyPhase::Active)
    }

    /// The key that signs with `algorithm`.
    pub(crate) fn signing(&self, algorithm: SigningAlgorithm) -> Option<&SigningKey> {
        match self.active(KeyPurpose::Signing(algorithm))? {
            (_, Material::Signing(key)) => Some(key),
            _ => None,
        }
    }

    /// The key that seals opaque tokens.
    pub(crate) fn opaque(&self) -> Option<&SealingKey> {
        match self.active(KeyPurpose::OpaqueTokens)? {
            (_, Material::Sealing(key)) => Some(key),
            _ => None,
        }
    }

    /// The key under which new refresh tokens are made.
    pub(crate) fn refresh(&self) -> Option<&RefreshTokenKey> {
        Some(&self.grant_keys()?.refresh)
    }

    /// The key under which a refresh token was made, as long as it is accepted.
    pub(crate) fn refresh_by_id(&self, id: &KeyId) -> Option<&RefreshTokenKey> {
        Some(&self.grant_keys_by_id(id)?.refresh)
    }

    /// The key under which a classic refresh token was, or is, made, as long as it is accepted.
    pub(crate) fn classic_refresh_by_id(&self, id: &KeyId) -> Option<&classic::RefreshTokenKey> {
        Some(&self.grant_keys_by_id(id)?.classic)
    }

    /// The key that signs classic access tokens.
    pub(crate) fn classic(&self) -> Option<&classic::AccessTokenKey> {
        match self.active(KeyPurpose::ClassicTokens)? {
            (_, Material::Classic(key)) => Some(key),
            _ => None,
        }
    }

    /// The key with which a classic access token was signed, as long as it is accepted.
    pub(crate) fn classic_by_id(&self, id: &KeyId) -> Option<&classic::AccessTokenKey> {
        let is_meant = |record: &KeyRecord| record.id == *id && self.phase(record).is_good();
        match self.keys().find(|(record, _)| is_meant(record))? {
            (_, Material::Classic(key)) => Some(key),
            _ => None,
        }
    }

    /// Whether there is a key with this id, of whatever kind.
    pub(crate) fn knows(&self, id: &KeyId) -> bool {
        self.ring.records.iter().any(|record| record.id == *id)
    }

    /// The key under which new codes are made.
    pub(crate) fn code(&self) -> Option<&AuthorizationCodeKey> {
        Some(&self.grant_keys()?.code)
    }

    /// The key under which a code was made, as long as it is accepted.
    pub(crate) fn code_by_id(&self, id: &KeyId) -> Option<&AuthorizationCodeKey> {
        Some(&self.grant_keys_by_id(id)?.code)
    }

    /// The key under which what a page carries is sealed.
    pub(crate) fn ticket(&self) -> Option<&TicketKey> {
        Some(&self.grant_keys()?.ticket)
    }

    /// The key under which what a page carries was sealed, as long as it is accepted.
    pub(crate) fn ticket_by_id(&self, id: &KeyId) -> Option<&TicketKey> {
        Some(&self.grant_keys_by_id(id)?.ticket)
    }

    fn grant_keys(&self) -> Option<&GrantKeys> {
        match self.active(KeyPurpose::RefreshTokens)? {
            (_, Material::Grants(keys)) => Some(keys),
            _ => None,
        }
    }

    fn grant_keys_by_id(&self, id: &KeyId) -> Option<&GrantKeys> {
        match self
            .keys()
            .find(|(record, _)| record.id == *id && self.phase(record).is_good())?
        {
            (_, Material::Grants(keys)) => Some(keys),
            _ => None,
        }
    }

    /// The pepper, also before it is active to a clock that is slow: for what is derived from it and must never change.
    pub(crate) fn any_pepper(&self) -> Option<&MacKey> {
        self.keys().find_map(|(_, material)| match material {
            Material::Mac(key) => Some(&**key),
            _ => None,
        })
    }

    /// The pepper under which new client secrets are kept.
    pub(crate) fn pepper(&self) -> Option<(&KeyId, &MacKey)> {
        match self.active(KeyPurpose::ClientSecrets)? {
            (record, Material::Mac(key)) => Some((&record.id, key)),
            _ => None,
        }
    }

    /// The pepper under which a client secret was kept.
    pub(crate) fn pepper_by_id(&self, id: &KeyId) -> Option<&MacKey> {
        match self.keys().find(|(record, _)| record.id == *id)? {
            (_, Material::Mac(key)) => Some(key),
            _ => None,
        }
    }

    /// What the world sees (RFC 7517 §5): public keys only, by construction (RULES T1).
    pub(crate) fn jwks(&self) -> JwkSet {
        let published = self.keys().filter_map(|(record, material)| match material {
            Material::Signing(key) if self.phase(record).is_good() => {
                Some(key.public_jwk().clone())
            }
            _ => None,
        });
        JwkSet {
            keys: published.collect(),
        }
    }

    /// The public half of a signing key as PEM.
    pub(crate) fn public_pem(&self, id: &KeyId) -> Option<String> {
        // What is published as a JWK is given as PEM, and nothing else.
        let published = |record: &KeyRecord| record.id == *id && self.phase(record).is_good();
        match self.keys().find(|(record, _)| published(record))? {
            (_, Material::Signing(key)) => Some(key.public_pem()),
            _ => None,
        }
    }

    /// Every key with its place in life.
    pub(crate) fn status(&self) -> Vec<KeyStatus> {
        let status = |record: &KeyRecord| KeyStatus {
            id: record.id.clone(),
            purpose: record.purpose,
            phase: self.phase(record),
            created_at: record.created_at,
            active_from: record.active_from,
        };
        self.ring.records.iter().map(status).collect()
    }
}
