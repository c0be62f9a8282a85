//! Which state of a stored thing somebody has seen.

use serde::{Deserialize, Serialize};

/// Grows by one with every change of a client or user, so that a change that was made from an older state is found
/// out and refused instead of undoing what came between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(u64);

impl Revision {
    /// The revision of something that was never changed.
    pub const FIRST: Self = Self(0);

    /// The revision with this number.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The number of the revision.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The revision after one more change.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
