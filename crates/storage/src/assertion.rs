//! Verbs on assertions: each is taken once (RULES N3).

use std::fmt;

use async_trait::async_trait;
use countersign_core::Timestamp;

use crate::StoreError;

/// By what an assertion or proof is known again: the SHA-256 of which client made it, by its name, and of its `jti`; a
/// client that is removed and added anew under its name is the same here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssertionId([u8; 32]);

impl AssertionId {
    /// The id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes of the id.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for AssertionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AssertionId(..)")
    }
}

/// What became of [`AssertionStore::remember_jti`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RememberJti {
    /// It had not been seen, and is remembered from now on.
    Remembered,
    /// It was seen before: this is a replay.
    Seen,
}

/// Verbs on assertions (RFC 7523 §3) and proofs.
#[async_trait]
pub trait AssertionStore: Send + Sync {
    /// Remembers `id` until `expires_at`, unless it is remembered already: one atomic write, shared by all nodes (RULES
    /// N3). Of callers at the same moment exactly one hears [`RememberJti::Remembered`]. What is remembered stays as it
    /// is: no later call puts its end off.
    ///
    /// `expires_at` is when no node accepts the assertion any more: its `exp`, and the clock difference that a check
    /// allows. At that second it is forgotten, whether or not [`sweep`](crate::Maintenance::sweep) has come by. The
    /// store compares it with whatever `now` it is told, here and by the sweep, so a caller whose nodes have clocks of
    /// their own adds by how much those may differ. Writes no change: nobody else needs to hear of it.
    async fn remember_jti(
        &self,
        id: &AssertionId,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<RememberJti, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assertion_id_shows_nothing() {
        let id = AssertionId::from_bytes([7; 32]);
        assert_eq!(format!("{id:?}"), "AssertionId(..)");
    }
}
