//! Verbs on the store as a whole.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use countersign_core::{Timestamp, UnknownName};

use crate::StoreError;

/// What a store is used for (RULES O3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deployment {
    /// Trying things out, on loopback only.
    Development,
    /// Everything else.
    Production,
}

impl Deployment {
    /// Every deployment.
    pub const ALL: [Self; 2] = [Self::Development, Self::Production];

    /// The stable name under which it is stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

impl fmt::Display for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Deployment {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        UnknownName::find("deployment", text, &Self::ALL, |deployment| {
            deployment.name()
        })
    }
}

/// What became of [`Maintenance::mark_deployment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkDeployment {
    /// The store had no mark and has this one now.
    Marked,
    /// The store was marked before, with this mark, which stays.
    Already(Deployment),
}

/// Verbs on the store as a whole.
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Reads something from where the data lies: an answer means that reads work.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Removes at most `limit` rows that nobody needs after `now`, found by an index, and tells how many it removed;
    /// fewer than `limit` means that none is left.
    ///
    /// Removed are revocations whose `expires_at` is not after `now`, and changes older than
    /// [`CHANGE_RETENTION_SECONDS`](crate::CHANGE_RETENTION_SECONDS).
    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u32, StoreError>;

    /// Marks what the store is used for. The first mark stays (RULES O3).
    async fn mark_deployment(&self, deployment: Deployment) -> Result<MarkDeployment, StoreError>;
}
