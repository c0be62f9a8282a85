//! How long one waits after failures: numbers and times only (RULES S5).

use countersign_core::Timestamp;
use countersign_storage::Failures;

use crate::CLOCK_SKEW;

/// How those are slowed down who guess (RULES S5).
///
/// A failure that is not free costs 1, 2, 4 ... seconds, in which the next attempt is refused with 429 and
/// `Retry-After`. A refused attempt is not looked at and costs nothing, so nobody waits longer than
/// [`max_delay`](Self::max_delay), however often others try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleSettings {
    /// How many failures of one account or client are free in one window. With 0 the first one costs already; a huge
    /// number switches this throttle off.
    pub account_failures: u32,
    /// How many failures from one address are free in one window, whatever the accounts; an IPv6 address stands for its
    /// /64. With 0 the first one costs already; a huge number switches this throttle off.
    pub address_failures: u32,
    /// Seconds after the first failure of a window in which failures count; after them the count begins anew. At most
    /// [`THROTTLE_RETENTION_SECONDS`](countersign_storage::THROTTLE_RETENTION_SECONDS).
    pub window: u32,
    /// The most seconds that a failure costs; with 0 no failure costs anything.
    pub max_delay: u32,
}

impl Default for ThrottleSettings {
    fn default() -> Self {
        Self {
            account_failures: 20,
            address_failures: 100,
            window: 300,
            max_delay: 60,
        }
    }
}

/// The rule at one moment.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub(super) settings: ThrottleSettings,
    pub(super) now: Timestamp,
}

impl Rule {
    /// What still counts of `failures`: nothing when their window is over. Nor does what lies further in the future than
    /// clocks may differ, since a clock was set back then, and nobody is to wait for it to catch up.
    pub(super) fn counting(self, failures: Option<Failures>) -> Option<Failures> {
        failures.filter(|it| {
            let latest = it.since.max(it.last);
            self.now < self.end_of_window(it) && latest <= self.now.plus(CLOCK_SKEW.into())
        })
    }

    /// `failures` with one more.
    pub(super) fn with_one_more(self, failures: Option<Failures>) -> Failures {
        let before = self.counting(failures);
        Failures {
            count: before.map_or(0, |it| it.count).saturating_add(1),
            since: before.map_or(self.now, |it| it.since),
            last: self.now,
        }
    }

    /// What still counts of both.
    pub(super) fn together(
        self,
        one: Option<Failures>,
        other: Option<Failures>,
    ) -> Option<Failures> {
        match (self.counting(one), self.counting(other)) {
            (Some(one), Some(other)) => Some(Failures {
                count: one.count.saturating_add(other.count),
                since: one.since.min(other.since),
                last: one.last.max(other.last),
            }),
            (one, other) => one.or(other),
        }
    }

    /// Seconds until the next attempt is welcome; 0 if it is now. Attempts in flight count as failures: a thousand at
    /// once must not all pass before the first of them has failed.
    pub(super) fn wait(self, failures: Option<Failures>, in_flight: u32, free: u32) -> u32 {
        let failures = self.counting(failures);
        let count = failures.map_or(0, |it| it.count);
        let left = match (failures, self.delay(count, free)) {
            (Some(it), delay @ 1..) => {
                let end = it.last.plus(delay.into()).min(self.end_of_window(&it));
                u32::try_from(end.since(self.now)).unwrap_or(0)
            }
            _ => 0,
        };
        if left == 0 && in_flight > 0 {
            // How long they are in flight nobody knows; those that are checked take less than a second.
            return self.delay(count.saturating_add(in_flight), free).min(1);
        }
        left
    }

    /// What the last of `count` failures costs, in seconds.
    fn delay(self, count: u32, free: u32) -> u32 {
        match count.saturating_sub(free) {
            0 => 0,
            over => 1_u32
                .checked_shl(over - 1)
                .unwrap_or(u32::MAX)
                .min(self.settings.max_delay),
        }
    }

    fn end_of_window(self, failures: &Failures) -> Timestamp {
        failures.since.plus(self.settings.window.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_800_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(START + seconds)
    }

    fn rule(seconds: i64) -> Rule {
        Rule {
            settings: ThrottleSettings::default(),
            now: at(seconds),
        }
    }

    fn failures(count: u32, since: i64, last: i64) -> Failures {
        Failures {
            count,
            since: at(since),
            last: at(last),
        }
    }

    #[test]
    fn rule_s5_the_first_failures_are_free_and_each_later_one_costs_twice_as_much() {
        let table = [
            (20, 0),
            (21, 1),
            (22, 2),
            (23, 4),
            (24, 8),
            (25, 16),
            (26, 32),
            (27, 60),
            (28, 60),
            (60, 60),
            (u32::MAX, 60),
        ];
        for (count, wait) in table {
            let known = Some(failures(count, 0, 0));
            assert_eq!(rule(0).wait(known, 0, 20), wait, "{count} failures");
            let at_the_end = rule(wait.into());
            assert_eq!(
                at_the_end.wait(known, 0, 20),
                0,
                "{count}: nobody is locked out"
            );
        }
        assert_eq!(rule(0).wait(None, 0, 20), 0);
        assert_eq!(
            rule(0).wait(Some(failures(100, 0, 0)), 0, 100),
            0,
            "an address"
        );
        assert_eq!(
            rule(0).wait(Some(failures(101, 0, 0)), 0, 100),
            1,
            "an address"
        );
        assert_eq!(
            rule(0).wait(Some(failures(1, 0, 0)), 0, 0),
            1,
            "nothing is free"
        );
        assert_eq!(
            rule(0).wait(Some(failures(9_999, 0, 0)), 9, u32::MAX),
            0,
            "all is"
        );
    }

    #[test]
    fn rule_s5_who_waits_is_told_what_is_left() {
        let known = Some(failures(26, 0, 10));
        for (now, wait) in [(10, 32), (11, 31), (41, 1), (42, 0), (299, 0)] {
            assert_eq!(rule(now).wait(known, 0, 20), wait, "at {now}");
        }
    }

    #[test]
    fn rule_s5_a_window_is_over_after_its_seconds() {
        let known = Some(failures(40, 0, 290));
        for (now, wait) in [(290, 10), (299, 1), (300, 0)] {
            assert_eq!(rule(now).wait(known, 0, 20), wait, "at {now}");
        }
        assert_eq!(rule(299).with_one_more(known), failures(41, 0, 299));
        assert_eq!(rule(300).with_one_more(known), failures(1, 300, 300));
    }

    #[test]
    fn rule_s5_a_clock_that_was_set_back_locks_nobody_out() {
        let known = Some(failures(40, 0, 0));
        assert_eq!(rule(-10).wait(known, 0, 20), 70, "as far as clocks differ");
        assert_eq!(rule(-60).wait(known, 0, 20), 120);
        assert_eq!(rule(-61).wait(known, 0, 20), 0);
        assert_eq!(rule(0).wait(Some(failures(40, -100, 61)), 0, 20), 0);
        assert_eq!(rule(-61).with_one_more(known), failures(1, -61, -61));
        assert_eq!(
            rule(-10).wait(Some(failures(20, 0, 0)), 0, 20),
            0,
            "free is free"
        );
    }

    #[test]
    fn rule_s5_attempts_in_flight_count_as_failures() {
        let table = [
            (None, 0, 0),
            (None, 20, 0),
            (None, 21, 1),
            (Some(failures(15, 0, 0)), 5, 0),
            (Some(failures(15, 0, 0)), 6, 1),
            (Some(failures(25, 0, -20)), 0, 0),
            (Some(failures(25, 0, -20)), 1, 1),
            (Some(failures(25, 0, 0)), 1, 16),
        ];
        for (known, in_flight, wait) in table {
            assert_eq!(
                rule(0).wait(known, in_flight, 20),
                wait,
                "{known:?} and {in_flight}"
            );
        }
        let mut free_of_charge = rule(0);
        free_of_charge.settings.max_delay = 0;
        assert_eq!(free_of_charge.wait(Some(failures(25, 0, 0)), 50, 20), 0);
    }

    #[test]
    fn rule_s5_what_is_known_twice_is_taken_together_if_it_counts() {
        let table = [
            (None, None, None),
            (Some(failures(1, 0, 5)), None, Some(failures(1, 0, 5))),
            (
                Some(failures(1, 0, 5)),
                Some(failures(2, 3, 9)),
                Some(failures(3, 0, 9)),
            ),
            (
                Some(failures(9, -300, 0)),
                Some(failures(2, 3, 9)),
                Some(failures(2, 3, 9)),
            ),
        ];
        for (one, other, both) in table {
            assert_eq!(rule(10).together(one, other), both);
            assert_eq!(rule(10).together(other, one), both);
        }
    }
}
