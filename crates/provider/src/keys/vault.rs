//! The master key, under which all other keys lie in storage.

use countersign_core::{EntityId, KeyId, KeyPurpose, KeyRecord, Random, Secret, Timestamp};
use countersign_jose::authorization_code::AuthorizationCodeKey;
use countersign_jose::mac::MacKey;
use countersign_jose::opaque::SealingKey;
use countersign_jose::refresh_token::RefreshTokenKey;
use countersign_jose::ticket::TicketKey;
use countersign_jose::{SigningKey, classic, seal};

use super::KeyError;

/// The key that opens all others. It never lies in the database or in a backup of it (RULES S4).
#[derive(Clone, Debug)]
pub struct MasterKey(Secret<[u8; 32]>);

/// A key of the ring, opened and ready for use.
pub(super) enum Material {
    /// For [`KeyPurpose::Signing`].
    Signing(Box<SigningKey>),
    /// For [`KeyPurpose::OpaqueTokens`].
    Sealing(SealingKey),
    /// For [`KeyPurpose::RefreshTokens`].
    Grants(Box<GrantKeys>),
    /// For [`KeyPurpose::ClientSecrets`].
    Mac(Box<MacKey>),
    /// For [`KeyPurpose::ClassicTokens`].
    Classic(Box<classic::AccessTokenKey>),
}

/// What is derived from one key for grants on their way: each for one purpose only (RULES R6).
pub(super) struct GrantKeys {
    pub(super) refresh: RefreshTokenKey,
    pub(super) code: AuthorizationCodeKey,
    pub(super) ticket: TicketKey,
    pub(super) classic: classic::RefreshTokenKey,
}

impl GrantKeys {
    fn new(id: &KeyId, secret: &Secret<[u8; 32]>, issuer: &str) -> Option<Self> {
        Some(Self {
            refresh: RefreshTokenKey::new(id.clone(), secret.clone(), issuer).ok()?,
            code: AuthorizationCodeKey::new(id.clone(), secret.clone(), issuer).ok()?,
            ticket: TicketKey::new(id.clone(), secret.clone(), issuer).ok()?,
            classic: classic::RefreshTokenKey::new(id.clone(), secret.clone(), issuer),
        })
    }
}

impl MasterKey {
    /// The master key with these bytes.
    #[must_use]
    pub const fn new(bytes: Secret<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// Draws a new key for `purpose` and seals it.
    pub(super) fn draw(
        &self,
        purpose: KeyPurpose,
        created_at: Timestamp,
        active_from: Timestamp,
        random: &dyn Random,
    ) -> Result<KeyRecord, KeyError> {
        let (id, secret) = match purpose {
            KeyPurpose::Signing(algorithm) => {
                let (key, pkcs8) = SigningKey::generate(algorithm)?;
                (key.id().clone(), pkcs8)
            }
            KeyPurpose::OpaqueTokens
            | KeyPurpose::RefreshTokens
            | KeyPurpose::ClientSecrets
            | KeyPurpose::ClassicTokens => (
                random_key_id(random),
                Secret::new(random.bytes::<32>().to_vec()),
            ),
        };
        Ok(self.seal(id, purpose, &secret, created_at, active_from, random))
    }

    /// Seals a signing key that was made elsewhere.
    pub(super) fn import(
        &self,
        key: &SigningKey,
        pkcs8: &Secret<Vec<u8>>,
        created_at: Timestamp,
        active_from: Timestamp,
        random: &dyn Random,
    ) -> KeyRecord {
        let purpose = KeyPurpose::Signing(key.algorithm());
        self.seal(
            key.id().clone(),
            purpose,
            pkcs8,
            created_at,
            active_from,
            random,
        )
    }

    fn seal(
        &self,
        id: KeyId,
        purpose: KeyPurpose,
        secret: &Secret<Vec<u8>>,
        created_at: Timestamp,
        active_from: Timestamp,
        random: &dyn Random,
    ) -> KeyRecord {
        let sealed = seal::seal(&self.0, &context(&id, purpose), secret.expose(), random);
        KeyRecord {
            id,
            purpose,
            created_at,
            active_from,
            revoked_at: None,
            sealed,
        }
    }

    /// Seals what must be told again (RULES S2, D2).
    pub(super) fn seal_secret(
        &self,
        of: SecretOf,
        secret: &Secret<String>,
        random: &dyn Random,
    ) -> Vec<u8> {
        let context = of.context();
        seal::seal(&self.0, &context, secret.expose().as_bytes(), random)
    }

    /// What was sealed so.
    pub(super) fn open_secret(&self, of: SecretOf, sealed: &[u8]) -> Option<Secret<Vec<u8>>> {
        seal::open(&self.0, &of.context(), sealed).ok()
    }

    /// Opens a key, for `issuer`.
    pub(super) fn open(&self, record: &KeyRecord, issuer: &str) -> Result<Material, KeyError> {
        let damaged = || KeyError::Damaged(record.id.clone());
        let secret = seal::open(
            &self.0,
            &context(&record.id, record.purpose),
            &record.sealed,
        )
        .map_err(|_| KeyError::WrongMasterKey(record.id.clone()))?;
        let symmetric = || -> Result<Secret<[u8; 32]>, KeyError> {
            secret
                .expose()
                .as_slice()
                .try_into()
                .map(Secret::new)
                .map_err(|_| damaged())
        };
        Ok(match record.purpose {
            KeyPurpose::Signing(algorithm) => {
                let key = SigningKey::from_pkcs8(algorithm, secret.expose())?;
                if *key.id() != record.id {
                    return Err(damaged());
                }
                Material::Signing(Box::new(key))
            }
            KeyPurpose::OpaqueTokens => {
                Material::Sealing(SealingKey::new(record.id.clone(), symmetric()?))
            }
            KeyPurpose::RefreshTokens => {
                let keys = GrantKeys::new(&record.id, &symmetric()?, issuer);
                Material::Grants(Box::new(keys.ok_or_else(damaged)?))
            }
            KeyPurpose::ClientSecrets => Material::Mac(Box::new(MacKey::new(symmetric()?))),
            KeyPurpose::ClassicTokens => {
                let key = classic::AccessTokenKey::new(record.id.clone(), symmetric()?, issuer);
                Material::Classic(Box::new(key))
            }
        })
    }
}

/// Whose secret it is that was sealed: it opens for that one only.
#[derive(Clone, Copy)]
pub(crate) enum SecretOf {
    /// The secret of a client.
    Client(EntityId),
    /// A refresh token of the wazo dialect.
    WazoRefreshToken(EntityId),
}

impl SecretOf {
    fn context(self) -> Vec<u8> {
        match self {
            Self::Client(id) => format!("countersign client secret {id}"),
            Self::WazoRefreshToken(id) => format!("countersign wazo refresh token {id}"),
        }
        .into_bytes()
    }
}

/// What a sealed key is bound to: one cannot be passed off as another, or used for something else.
fn context(id: &KeyId, purpose: KeyPurpose) -> Vec<u8> {
    format!("countersign key {} {id}", purpose.name()).into_bytes()
}

/// 96 random bits in base64url: no two keys of any kind share an id (RULES T1).
fn random_key_id(random: &dyn Random) -> KeyId {
    countersign_jose::base64url::encode(&random.bytes::<12>())
        .parse()
        .expect("16 characters of base64url are a key id")
}
