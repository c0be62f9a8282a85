//! How often the log says that nobody can be asked.

use std::sync::{Mutex, PoisonError};

use countersign_core::Timestamp;

/// Seconds between two warnings: an outage does not fill the log at the pace of the requests.
const PAUSE: i64 = 10;

/// When there was a warning, and what has gone wrong since.
#[derive(Default)]
pub(super) struct Warnings(Mutex<Option<Last>>);

struct Last {
    at: Timestamp,
    failures: u64,
}

impl Warnings {
    /// Whether what has gone wrong at `now` is worth a warning; if so, how many failures there were since the last one.
    /// A clock that was set back silences nobody.
    pub(super) fn due(&self, now: Timestamp) -> Option<u64> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *last {
            Some(last) if (0..PAUSE).contains(&now.since(last.at)) => {
                last.failures += 1;
                None
            }
            _ => {
                let before = last.replace(Last {
                    at: now,
                    failures: 0,
                });
                Some(before.map_or(0, |last| last.failures))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_warning_in_ten_seconds_and_the_next_says_how_many_there_were() {
        let warnings = Warnings::default();
        let cases = [
            (100, Some(0)),
            (100, None),
            (109, None),
            (110, Some(2)),
            (119, None),
            (200, Some(1)),
            (199, Some(0)),
        ];
        for (second, expected) in cases {
            let due = warnings.due(Timestamp::from_seconds(second));
            assert_eq!(due, expected, "{second}");
        }
    }
}
