//! What became of something that was to be as a command says.

use countersign_storage::Define;

/// What was done, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was not there.
    Added,
    /// It was there; all of it is now as was said.
    Updated,
    /// It was so already.
    Unchanged,
}

impl Outcome {
    /// The word, for people and programs.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
        }
    }
}

impl From<Define> for Outcome {
    fn from(defined: Define) -> Self {
        match defined {
            Define::Added => Self::Added,
            Define::Replaced => Self::Updated,
        }
    }
}
