//! The master key, under which all other keys lie in storage.

use countersign_core::{KeyId, KeyPurpose, KeyRecord, Random, Secret, Timestamp};
use countersign_jose::mac::MacKey;
use countersign_jose::opaque::SealingKey;
use countersign_jose::refresh_token::RefreshTokenKey;
use countersign_jose::{SigningKey, seal};

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
    Refresh(Box<RefreshTokenKey>),
    /// For [`KeyPurpose::ClientSecrets`].
    Mac(Box<MacKey>),
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
            KeyPurpose::OpaqueTokens | KeyPurpose::RefreshTokens | KeyPurpose::ClientSecrets => (
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
                let key = RefreshTokenKey::new(record.id.clone(), symmetric()?, issuer);
                Material::Refresh(Box::new(key.map_err(|_| damaged())?))
            }
            KeyPurpose::ClientSecrets => Material::Mac(Box::new(MacKey::new(symmetric()?))),
        })
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
