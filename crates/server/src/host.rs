//! The one place that asks the operating system for the time and for randomness.

use std::time::SystemTime;

use countersign_core::{Clock, Random, Timestamp};

/// The clock of the machine.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that the libraries are given"
    )]
    fn now(&self) -> Timestamp {
        let seconds = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            Err(before) => {
                i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |past| -past)
            }
        };
        Timestamp::from_seconds(seconds)
    }
}

/// The randomness of the machine.
pub(crate) struct SystemRandom;

impl Random for SystemRandom {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the source that the libraries are given"
    )]
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("a token service cannot go on without randomness");
    }
}
