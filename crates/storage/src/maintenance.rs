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

/// The time that a restored backup has lost (RULES R4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestoreGap {
    /// When the backup was made: what came later is lost.
    pub restored_to: Timestamp,
    /// When the operator declared it: what came later is not lost.
    pub declared_at: Timestamp,
}

impl RestoreGap {
    /// Whether something that was made at `at` is lost.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        (self.restored_to..=self.declared_at).contains(&at)
    }
}

/// How many epochs are passed over when a restore is declared: more than any gap can have drawn.
pub const RESTORE_EPOCHS: u64 = 1 << 32;

/// Verbs on the store as a whole.
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Reads something from where the data lies: an answer means that reads work.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Looks at no more than `limit` rows that nobody may need after `now`, found by an index, and removes those that
    /// nobody needs. Tells how many it looked at; fewer than `limit` means that none is left to look at.
    ///
    /// Removed are revocations and assertions whose `expires_at` is not after `now`; grants that are not live, or whose
    /// [`row_ends_at`](countersign_core::Grant::row_ends_at) is not after `now`; sessions whose
    /// [`row_ends_at`](countersign_core::Session::row_ends_at) is not after `now`, and those of the wazo dialect whose
    /// [`row_ends_at`](countersign_core::wazo::Session::row_ends_at) is not; failures of which the last is older than
    /// [`THROTTLE_RETENTION_SECONDS`](crate::THROTTLE_RETENTION_SECONDS); and changes older than
    /// [`CHANGE_RETENTION_SECONDS`](crate::CHANGE_RETENTION_SECONDS). A grant is first looked at when it would end
    /// unused; if it was used, then again when it would end now. So a dead grant may keep its row for that long.
    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u32, StoreError>;

    /// Marks what the store is used for. The first mark stays (RULES O3).
    async fn mark_deployment(&self, deployment: Deployment) -> Result<MarkDeployment, StoreError>;

    /// Remembers what a restored backup has lost, in the place of any earlier gap, and passes over
    /// [`RESTORE_EPOCHS`], so that no epoch which the lost time drew is drawn again (RULES R4, A1).
    async fn declare_restore(&self, gap: RestoreGap) -> Result<(), StoreError>;

    /// The gap that was declared last.
    async fn restore_gap(&self) -> Result<Option<RestoreGap>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_r4_a_gap_holds_both_of_its_ends() {
        let at = Timestamp::from_seconds;
        let gap = RestoreGap {
            restored_to: at(100),
            declared_at: at(200),
        };
        for (seconds, expected) in [(99, false), (100, true), (200, true), (201, false)] {
            assert_eq!(gap.holds(at(seconds)), expected, "{seconds}");
        }
    }
}
