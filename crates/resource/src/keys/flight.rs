//! An attempt that is under way, as all see it who wait for it.

use countersign_core::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use super::source::TIMEOUT;

/// An attempt. Cheap to clone.
#[derive(Clone)]
pub(super) struct Flight {
    begun: Timestamp,
    /// The same moment on a clock that nobody sets: that of the attempt may stand still.
    since: Instant,
    /// Closed, and never changed, when the attempt is over.
    landed: watch::Receiver<()>,
}

impl Flight {
    /// The attempt that begins at `now`.
    pub(super) fn new(now: Timestamp, landed: watch::Receiver<()>) -> Self {
        Self {
            begun: now,
            since: Instant::now(),
            landed,
        }
    }

    /// When it began.
    pub(super) fn begun(&self) -> Timestamp {
        self.begun
    }

    /// When it ended, or should have: no clock is asked.
    pub(super) fn ended(&self) -> Timestamp {
        let seconds = self.since.elapsed().min(TIMEOUT).as_secs();
        self.begun.plus(i64::try_from(seconds).unwrap_or(0))
    }

    /// Whether it may still bring something.
    pub(super) fn is_under_way(&self) -> bool {
        self.landed.has_changed().is_ok() && self.since.elapsed() < TIMEOUT
    }

    /// Whether it was over so late that nobody can have driven its runtime: its own timeout was not noticed.
    pub(super) fn was_left_alone(&self) -> bool {
        self.since.elapsed() >= TIMEOUT * 2
    }

    /// Whether it is that one.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.landed.same_channel(&other.landed)
    }

    /// Waits until it is over, however it ends; not if it does not end in time.
    pub(super) async fn lands_in_time(&self) -> bool {
        let mut landed = self.landed.clone();
        let deadline = self.since + TIMEOUT;
        tokio::time::timeout_at(deadline, landed.changed())
            .await
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_attempt_is_under_way_until_it_is_closed_or_its_time_is_up() {
        let begun = Timestamp::from_seconds(1_800_000_000);
        let (closes, landed) = watch::channel(());
        let flight = Flight::new(begun, landed);
        assert!(flight.is_under_way());
        // However it came that it is closed and nobody has said so.
        drop(closes);
        assert!(!flight.is_under_way());

        let (_closes, landed) = watch::channel(());
        let flight = Flight::new(begun, landed);
        // After how many milliseconds; what is true of it then.
        for (millis, under_way, left_alone, ended) in [
            (4999, true, false, 4),
            (1, false, false, 5),
            (4999, false, false, 5),
            (1, false, true, 5),
        ] {
            tokio::time::advance(Duration::from_millis(millis)).await;
            assert_eq!(flight.is_under_way(), under_way);
            assert_eq!(flight.was_left_alone(), left_alone);
            assert_eq!(flight.ended(), begun.plus(ended));
        }
    }
}
