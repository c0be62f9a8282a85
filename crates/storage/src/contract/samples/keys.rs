//! Keys of every kind.

use countersign_core::{KeyId, KeyPurpose, KeyRecord, SigningAlgorithm};

use super::NOW;

/// A key id.
#[must_use]
pub fn key_id(id: &str) -> KeyId {
    id.parse().expect("the name of a sample is a key id")
}

/// A signing key that was made at [`NOW`].
#[must_use]
pub fn key(id: &str) -> KeyRecord {
    KeyRecord {
        id: key_id(id),
        purpose: KeyPurpose::Signing(SigningAlgorithm::Es256),
        created_at: NOW,
        active_from: NOW.plus(305),
        revoked_at: None,
        sealed: vec![0, 255, b'\'', 1],
    }
}

/// A key for every purpose, sealed in nothing and in much, revoked and not.
#[must_use]
pub fn varied_keys() -> Vec<KeyRecord> {
    let mut keys: Vec<KeyRecord> = KeyPurpose::ALL
        .into_iter()
        .enumerate()
        .map(|(number, purpose)| KeyRecord {
            purpose,
            ..key(&format!("key-{number}"))
        })
        .collect();
    keys[1].sealed = Vec::new();
    keys[2].sealed = (0..=255).cycle().take(8_192).collect();
    keys[3].revoked_at = Some(NOW.plus(9));
    keys[4].active_from = NOW;
    keys
}
