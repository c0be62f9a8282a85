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

/// What a duty of several parts comes to: its first failure; else kept, if one part was; else why each was skipped.
pub(crate) fn together(parts: impl IntoIterator<Item = Verdict>) -> Verdict {
    let mut kept = false;
    let mut reasons = Vec::new();
    for part in parts {
        match part {
            Ok(()) => kept = true,
            Err(Finding::Skipped(reason)) if reasons.contains(&reason) => {}
            Err(Finding::Skipped(reason)) => reasons.push(reason),
            failed => return failed,
        }
    }
    if kept {
        return Ok(());
    }
    Err(Finding::skipped(reasons.join("; ")))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duty_of_several_parts_is_skipped_only_if_all_of_them_are() {
        let skipped = |reason: &str| Err(Finding::skipped(reason));
        let failed = || Err(Finding::failed("this", "that"));
        let told = |verdict: Verdict| match verdict {
            Ok(()) => "kept".to_owned(),
            Err(Finding::Skipped(reason)) => reason,
            Err(Finding::Failed(_)) => "failed".to_owned(),
        };
        let table = [
            (vec![Ok(()), Ok(())], "kept"),
            (vec![skipped("no a"), Ok(())], "kept"),
            (
                vec![skipped("no a"), skipped("no b"), skipped("no a")],
                "no a; no b",
            ),
            (vec![Ok(()), skipped("no a"), failed()], "failed"),
        ];
        for (row, (parts, expected)) in table.into_iter().enumerate() {
            assert_eq!(told(together(parts)), expected, "row {row}");
        }
    }
}
