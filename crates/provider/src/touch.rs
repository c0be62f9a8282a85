//! How long ago storage was last heard, and what that allows (RULES A3).

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use countersign_core::Timestamp;

use crate::settings::CLOCK_SKEW;

/// The touch with storage. Clients and keys in memory are used only as long as it is fresh enough.
pub(crate) struct Touch {
    /// When the last exchange that ended well began.
    heard_at: AtomicI64,
    lost: AtomicBool,
    max_stale: i64,
    /// The latest time that the clock has shown when storage was heard (RULES N4).
    latest: AtomicI64,
}

impl Touch {
    /// In touch since `now`; what is in memory may be used for `max_stale` seconds without.
    pub(crate) const fn new(now: Timestamp, max_stale: i64) -> Self {
        Self {
            heard_at: AtomicI64::new(now.as_seconds()),
            lost: AtomicBool::new(false),
            max_stale,
            latest: AtomicI64::new(now.as_seconds()),
        }
    }

    /// Everything that had changed before `began` is known.
    pub(crate) fn heard(&self, began: Timestamp) {
        self.heard_at.store(began.as_seconds(), Ordering::Release);
        self.latest.fetch_max(began.as_seconds(), Ordering::AcqRel);
        self.lost.store(false, Ordering::Release);
    }

    /// The last exchange did not end well.
    pub(crate) fn lost(&self) {
        self.lost.store(true, Ordering::Release);
    }

    /// Whether the last exchange did not end well.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// By how many seconds the clock was set back, if by more than clocks may differ. Nothing that depends on time can be
    /// told until it is right again: what had ended would live once more (RULES N4).
    pub(crate) fn set_back(&self, now: Timestamp) -> Option<i64> {
        let latest = Timestamp::from_seconds(self.latest.load(Ordering::Acquire));
        Some(latest.since(now)).filter(|back| *back > i64::from(CLOCK_SKEW))
    }

    /// Whether what is in memory may be used at `now`.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        let heard_at = Timestamp::from_seconds(self.heard_at.load(Ordering::Acquire));
        now.since(heard_at) <= self.max_stale && self.set_back(now).is_none()
    }
}
