//! Waiting without guessing how long something takes.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long to wait for what has no promise of its own: a start, an exit. Only a broken program takes so long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Within what time a change made on the command line is seen by a running server (RULES A2, N1).
pub const SECOND: Duration = Duration::from_secs(1);

/// How often to look.
const PAUSE: Duration = Duration::from_millis(10);

/// The first value that `look` gives within `limit`; none if it gave none. It always looks at least once.
pub fn eventually<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        sleep(PAUSE);
    }
}
