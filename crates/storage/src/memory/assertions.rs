//! Assertions that were taken, in memory.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use countersign_core::Timestamp;

use super::MemoryStore;
use crate::{AssertionId, AssertionStore, RememberJti, StoreError};

/// The assertions that were taken, and when each of them is over.
#[derive(Clone, Debug, Default)]
pub(super) struct Assertions {
    rows: BTreeMap<AssertionId, Timestamp>,
    ends: BTreeSet<(Timestamp, AssertionId)>,
}

impl Assertions {
    /// The first one that is over at `now`.
    pub(super) fn due(&self, now: Timestamp) -> Option<AssertionId> {
        let (expires_at, id) = self.ends.first()?;
        (*expires_at <= now).then_some(*id)
    }

    pub(super) fn forget(&mut self, id: &AssertionId) {
        if let Some(expires_at) = self.rows.remove(id) {
            self.ends.remove(&(expires_at, *id));
        }
    }

    /// Adds one, in the place of one with the same id.
    fn put(&mut self, id: AssertionId, expires_at: Timestamp) {
        self.forget(&id);
        self.rows.insert(id, expires_at);
        self.ends.insert((expires_at, id));
    }
}

#[async_trait]
impl AssertionStore for MemoryStore {
    async fn remember_jti(
        &self,
        id: &AssertionId,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<RememberJti, StoreError> {
        let assertions = &mut self.state()?.assertions;
        if assertions.rows.get(id).is_some_and(|until| *until > now) {
            return Ok(RememberJti::Seen);
        }
        assertions.put(*id, expires_at);
        Ok(RememberJti::Remembered)
    }
}
