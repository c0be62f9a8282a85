//! Making, rotating and revoking keys.

use countersign_core::{KeyId, KeyPurpose, KeyRecord, Random, Secret, SigningAlgorithm, Timestamp};
use countersign_jose::{KeyError as CryptoError, SigningKey};
use countersign_storage::{AnnounceKeys, RemoveKeys, RevokeKey, Store};

use super::phase::{ANNOUNCEMENT, announcement};
use super::{KeyError, KeyPhase, Keys};

/// How often a change of the ring is tried again after somebody else was faster.
const ATTEMPTS: usize = 5;

impl Keys {
    /// Makes sure that there is a key for every purpose. An RSA key is left out if the crypto backend cannot make one,
    /// unless `required` asks for it.
    ///
    /// In a store without any key they are active at once, since nobody can hold an older JWKS. Where keys are
    /// there already, a missing one is announced first, like every other (RULES T6).
    pub(crate) async fn ensure(
        &self,
        store: &dyn Store,
        required: SigningAlgorithm,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), KeyError> {
        self.change(store, now, |records| {
            let mut missing = Vec::new();
            for purpose in KeyPurpose::ALL {
                if records.iter().any(|record| record.purpose == purpose) {
                    continue;
                }
                let published = matches!(purpose, KeyPurpose::Signing(_));
                let wait = if published && !records.is_empty() {
                    ANNOUNCEMENT
                } else {
                    0
                };
                match self.master.draw(purpose, now, now.plus(wait), random) {
                    Ok(record) => missing.push(record),
                    Err(KeyError::Crypto(CryptoError::GenerationUnsupported(_)))
                        if purpose != KeyPurpose::Signing(required) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(missing)
        })
        .await
    }

    /// Announces a successor for the key of `purpose`; it takes over after the announcement (RULES T6). One that waits
    /// for its turn already is successor enough.
    pub(crate) async fn rotate(
        &self,
        store: &dyn Store,
        purpose: KeyPurpose,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), KeyError> {
        if !is_rotated(purpose) {
            return Err(KeyError::NotRotated(purpose));
        }
        self.change(store, now, |records| {
            let waits = |record: &KeyRecord| {
                record.purpose == purpose
                    && KeyPhase::of(record, records, now) == KeyPhase::Announced
            };
            if records.iter().any(waits) {
                return Ok(Vec::new());
            }
            let successor =
                self.master
                    .draw(purpose, now, now.plus(announcement(purpose)), random)?;
            Ok(vec![successor])
        })
        .await
    }

    /// Takes in a signing key that was made elsewhere; it takes over after the announcement, like every successor.
    pub(crate) async fn import(
        &self,
        store: &dyn Store,
        algorithm: SigningAlgorithm,
        pem: &Secret<String>,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<KeyId, KeyError> {
        let (key, pkcs8) = SigningKey::from_pem(algorithm, pem.expose())?;
        self.change(store, now, |records| {
            if records.iter().any(|record| record.id == *key.id()) {
                return Err(KeyError::Known(key.id().clone()));
            }
            let active_from = now.plus(ANNOUNCEMENT);
            let record = self.master.import(&key, &pkcs8, now, active_from, random);
            Ok(vec![record])
        })
        .await?;
        Ok(key.id().clone())
    }

    /// Announces a successor for each active key that has been in use for `interval` seconds (RULES T6).
    pub(crate) async fn rotate_due(
        &self,
        store: &dyn Store,
        interval: i64,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), KeyError> {
        let due: Vec<KeyPurpose> = self
            .at(now)
            .status()
            .into_iter()
            .filter(|key| key.phase == KeyPhase::Active && is_rotated_by_itself(key.purpose))
            .filter(|key| now.since(key.active_from) >= interval)
            .map(|key| key.purpose)
            .collect();
        for purpose in due {
            tracing::info!(%purpose, "the key is due; announcing its successor");
            self.rotate(store, purpose, now, random).await?;
        }
        Ok(())
    }

    /// Ends the key `id` at once, with everything that it made. If it is the active one, its successor is active at
    /// once as well: verifiers with an older JWKS have to fetch it again, which is the lesser evil.
    pub(crate) async fn revoke(
        &self,
        store: &dyn Store,
        id: &KeyId,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), KeyError> {
        self.reload(store, now).await?;
        let key = self.at(now).status().into_iter().find(|key| key.id == *id);
        let key = key.ok_or_else(|| KeyError::Unknown(id.clone()))?;
        if !is_rotated(key.purpose) {
            return Err(KeyError::NotRotated(key.purpose));
        }
        let fill = |without: Option<&KeyId>| {
            let without = without.cloned();
            move |records: &[KeyRecord]| {
                if has_active(records, key.purpose, without.as_ref(), now) {
                    return Ok(Vec::new());
                }
                Ok(vec![self.master.draw(key.purpose, now, now, random)?])
            }
        };
        // Before, so that there is a key at any time, unless one that was announced steps in; and after, should somebody have
        // revoked that one meanwhile.
        self.change(store, now, fill(Some(id))).await?;
        match store.revoke_key(id, now).await? {
            RevokeKey::Revoked | RevokeKey::AlreadyRevoked => {}
            RevokeKey::NotFound => return Err(KeyError::Unknown(id.clone())),
        }
        self.reload(store, now).await?;
        self.change(store, now, fill(None)).await
    }

    /// Removes the keys that are gone.
    pub(crate) async fn sweep(&self, store: &dyn Store, now: Timestamp) -> Result<(), KeyError> {
        let ring = self.at(now);
        let gone: Vec<KeyId> = ring
            .status()
            .into_iter()
            .filter(|key| key.phase == KeyPhase::Gone)
            .map(|key| key.id)
            .collect();
        if gone.is_empty() {
            return Ok(());
        }
        // Somebody else was faster: the next sweep looks again.
        match store.remove_keys(ring.version(), &gone, now).await? {
            RemoveKeys::Removed { .. } | RemoveKeys::Stale { .. } => self.reload(store, now).await,
        }
    }

    /// Adds the keys that `draw` makes from what is there; again, if the ring has changed in between.
    async fn change(
        &self,
        store: &dyn Store,
        now: Timestamp,
        draw: impl Fn(&[KeyRecord]) -> Result<Vec<KeyRecord>, KeyError>,
    ) -> Result<(), KeyError> {
        for _ in 0..ATTEMPTS {
            let ring = self.at(now);
            let new = draw(ring.records())?;
            if new.is_empty() {
                return Ok(());
            }
            match store.announce_keys(ring.version(), new).await? {
                AnnounceKeys::Announced { .. } => return self.reload(store, now).await,
                AnnounceKeys::Stale { .. } => self.reload(store, now).await?,
                AnnounceKeys::KeyIdTaken => return Err(KeyError::DuplicateId),
            }
        }
        Err(KeyError::Contended)
    }
}

/// Whether there is a key in use for `purpose`, once `without` is revoked.
fn has_active(
    records: &[KeyRecord],
    purpose: KeyPurpose,
    without: Option<&KeyId>,
    now: Timestamp,
) -> bool {
    let mut records = records.to_vec();
    for record in &mut records {
        if Some(&record.id) == without {
            record.revoked_at = record.revoked_at.or(Some(now));
        }
    }
    let is_active = |record: &KeyRecord| {
        record.purpose == purpose && KeyPhase::of(record, &records, now) == KeyPhase::Active
    };
    records.iter().any(is_active)
}

/// Whether keys of this purpose follow each other without anybody asking for it. Whoever checks classic tokens has to be given
/// the new secret first.
const fn is_rotated_by_itself(purpose: KeyPurpose) -> bool {
    is_rotated(purpose) && !matches!(purpose, KeyPurpose::ClassicTokens)
}

/// Whether keys of this purpose follow each other. The pepper does not: what was made with it could no longer be checked.
const fn is_rotated(purpose: KeyPurpose) -> bool {
    !matches!(purpose, KeyPurpose::ClientSecrets)
}
