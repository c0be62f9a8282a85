//! Verbs on failed attempts to prove who one is (RULES S5).

use std::fmt;

use async_trait::async_trait;
use countersign_core::Timestamp;

use crate::StoreError;

/// Of what failures are counted: an account, a client or an address, as a keyed hash, so that the store tells nobody
/// who tried where.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThrottleSubject([u8; 16]);

impl ThrottleSubject {
    /// The subject with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes of the subject.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for ThrottleSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThrottleSubject(..)")
    }
}

/// The failures of one subject in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// How many there were.
    pub count: u32,
    /// When the first of them was, with which the window began.
    pub since: Timestamp,
    /// When the last of them was: the latest of their times, in whatever order they were counted.
    pub last: Timestamp,
}

/// For how many seconds after the last of them failures are kept at least.
pub const THROTTLE_RETENTION_SECONDS: i64 = 3_600;

/// Verbs on failures, shared by all nodes. They write no change.
#[async_trait]
pub trait ThrottleStore: Send + Sync {
    /// The failures of each subject, in their order; none where there are none.
    async fn failures(
        &self,
        subjects: &[ThrottleSubject],
    ) -> Result<Vec<Option<Failures>>, StoreError>;

    /// Counts one more failure of each subject at `now`, and tells what there is of each then, in their order.
    ///
    /// A window lasts `window` seconds from its first failure; a failure at its end or later begins a new one. So does
    /// a failure before its beginning, since a clock that was set back measures nothing.
    async fn count_failure(
        &self,
        subjects: &[ThrottleSubject],
        now: Timestamp,
        window: u32,
    ) -> Result<Vec<Failures>, StoreError>;

    /// Forgets the failures of each subject.
    async fn forgive(&self, subjects: &[ThrottleSubject]) -> Result<(), StoreError>;
}
