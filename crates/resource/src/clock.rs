//! The clock of the machine.

use std::time::SystemTime;

use countersign_core::{Clock, Timestamp};

/// The clock of the machine: what is used unless another [`Clock`] is given.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "a program that checks tokens has to know the time; another clock can be passed in"
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
