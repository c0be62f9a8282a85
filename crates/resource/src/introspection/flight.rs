//! Something that is under way on a task of its own, for whoever waits for it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// What is under way. Who stops waiting stops nothing.
#[derive(Clone)]
pub(super) struct Flight<T> {
    lands: watch::Receiver<Option<T>>,
    begun: Instant,
}

/// The other end: who brings it.
pub(super) struct Pilot<T>(watch::Sender<Option<T>>);

/// A flight that begins, and who brings it home.
pub(super) fn begin<T>() -> (Pilot<T>, Flight<T>) {
    let (brings, lands) = watch::channel(None);
    let begun = Instant::now();
    (Pilot(brings), Flight { lands, begun })
}

impl<T: Clone> Flight<T> {
    /// What comes of it, if it comes before `deadline`.
    pub(super) async fn landed(mut self, deadline: Instant) -> Option<T> {
        let landed = timeout_at(deadline, self.lands.wait_for(Option::is_some)).await;
        landed.ok()?.ok()?.clone()
    }

    /// Whether it may still land, if it takes no longer than `timeout`. One that has not landed in twice that time was
    /// left alone by its runtime, which nobody drives any more.
    pub(super) fn is_under_way(&self, timeout: Duration) -> bool {
        self.begun.elapsed() < timeout * 2
    }
}

impl<T> Pilot<T> {
    /// Tells everybody who waits.
    pub(super) fn land(&self, outcome: T) {
        self.0.send_replace(Some(outcome));
    }

    /// Whether it is this flight.
    pub(super) fn flies(&self, flight: &Flight<T>) -> bool {
        self.0.subscribe().same_channel(&flight.lands)
    }
}
