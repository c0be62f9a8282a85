//! What a check finds out: nothing to complain of, a failure with its evidence, or why it could not look.

use crate::http::Exchange;

/// `Ok` where the duty is kept.
pub(crate) type Verdict = Result<(), Finding>;

/// Why a check did not pass.
#[derive(Debug)]
pub(crate) enum Finding {
    /// The target broke the duty.
    Failed(Box<Failure>),
    /// The duty could not be looked at: the feature or the fixture is missing.
    Skipped(String),
}

/// What should have been seen, what was seen, and the requests and answers that show it.
///
/// Not yet redacted: it holds secrets and tokens until the engine makes a report of it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) expected: String,
    pub(crate) saw: String,
    pub(crate) exchanges: Vec<Exchange>,
}

impl Finding {
    /// A failure that no single answer shows.
    pub(crate) fn failed(expected: impl Into<String>, saw: impl Into<String>) -> Self {
        Self::Failed(Box::new(Failure {
            expected: expected.into(),
            saw: saw.into(),
            exchanges: Vec::new(),
        }))
    }

    /// The duty cannot be looked at on this target.
    pub(crate) fn skipped(reason: impl Into<String>) -> Self {
        Self::Skipped(reason.into())
    }

    /// Shows one more request and its answer, before those that are there.
    pub(crate) fn after(mut self, earlier: &Exchange) -> Self {
        if let Self::Failed(failure) = &mut self {
            failure.exchanges.insert(0, earlier.clone());
        }
        self
    }
}
