//! The life of a key: announced, active, retiring, gone. Told by times alone, so no node has to change a state.

use countersign_core::{ClientSettings, KeyId, KeyPurpose, KeyRecord, Timestamp};

use crate::settings::{CLOCK_SKEW, JWKS_MAX_AGE};

/// Seconds between the announcement of a key and its first use (RULES T6): until every verifier that keeps the JWKS
/// for its full age has seen it, and a little more.
pub(crate) const ANNOUNCEMENT: i64 = JWKS_MAX_AGE + 5;

/// The same for a key of this purpose. The secret of classic tokens is carried to those who check them by people, who get a day
/// for it.
pub(super) const fn announcement(purpose: KeyPurpose) -> i64 {
    match purpose {
        KeyPurpose::ClassicTokens => 86_400,
        KeyPurpose::Signing(_)
        | KeyPurpose::OpaqueTokens
        | KeyPurpose::RefreshTokens
        | KeyPurpose::ClientSecrets => ANNOUNCEMENT,
    }
}

/// Seconds for which a key is kept after its successor took over: as long as something that it made may live.
const fn retention(purpose: KeyPurpose) -> i64 {
    let longest = match purpose {
        // RULES R6: "until the longest refresh lifetime after its last use".
        KeyPurpose::RefreshTokens => ClientSettings::MAX_REFRESH_TOKEN_LIFETIME,
        KeyPurpose::Signing(_)
        | KeyPurpose::OpaqueTokens
        | KeyPurpose::ClientSecrets
        | KeyPurpose::ClassicTokens => ClientSettings::MAX_ACCESS_TOKEN_LIFETIME,
    };
    longest as i64 + CLOCK_SKEW as i64
}

/// Where a key stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyPhase {
    /// Published, not yet used.
    Announced,
    /// The one that is used for anything new.
    Active,
    /// No longer used; what it made is still accepted.
    Retiring,
    /// Nothing that it made can be alive.
    Gone,
    /// Declared compromised; nothing that it made is accepted.
    Revoked,
}

impl KeyPhase {
    /// The phase of `key` at `now`, among all keys of the ring.
    pub(crate) fn of(key: &KeyRecord, ring: &[KeyRecord], now: Timestamp) -> Self {
        if key.revoked_at.is_some() {
            return Self::Revoked;
        }
        if now < key.active_from && !steps_in(key, ring) {
            return Self::Announced;
        }
        match successor(key, ring).map(|successor| now.since(successor.active_from)) {
            Some(elapsed) if elapsed >= retention(key.purpose) => Self::Gone,
            Some(0..) => Self::Retiring,
            _ => Self::Active,
        }
    }

    /// Whether a key in this phase is published, and what it made accepted. So is an announced one: the clock of the
    /// node that already uses it may be ahead.
    #[must_use]
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Announced | Self::Active | Self::Retiring)
    }

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Gone => "gone",
            Self::Revoked => "revoked",
        }
    }
}

/// Whether a key is used before its time: the one before it was revoked while it was in use. Those who check what it makes have
/// been told of it, as of no key that would be drawn now.
fn steps_in(key: &KeyRecord, ring: &[KeyRecord]) -> bool {
    let before = ring
        .iter()
        .filter(|other| is_in_line(other, key) && rank(other) < rank(key))
        .max_by(|a, b| rank(a).cmp(&rank(b)));
    before.is_some_and(|before| before.revoked_at.is_some())
}

/// The key that takes over from `key`, or has taken over, be it revoked since.
fn successor<'ring>(key: &KeyRecord, ring: &'ring [KeyRecord]) -> Option<&'ring KeyRecord> {
    ring.iter()
        .filter(|other| is_in_line(other, key) && rank(other) > rank(key))
        .min_by(|a, b| rank(a).cmp(&rank(b)))
}

/// Whether `other` is one of those that follow each other for the purpose of `key`. One that was revoked before its time takes over
/// nothing.
fn is_in_line(other: &KeyRecord, key: &KeyRecord) -> bool {
    let was_used = other.revoked_at.is_none_or(|at| at >= other.active_from);
    other.purpose == key.purpose && was_used
}

/// The order in which the keys of one purpose follow each other. Of those of one second, a revoked one came first: the other was
/// made for it.
fn rank(key: &KeyRecord) -> (Timestamp, Timestamp, bool, &KeyId) {
    let is_left = key.revoked_at.is_none();
    (key.active_from, key.created_at, is_left, &key.id)
}

/// When the next key of `ring` is gone, after `now`.
pub(super) fn next_departure(ring: &[KeyRecord], now: Timestamp) -> Option<Timestamp> {
    ring.iter()
        .filter_map(|key| {
            Some(
                successor(key, ring)?
                    .active_from
                    .plus(retention(key.purpose)),
            )
        })
        .filter(|departure| *departure > now)
        .min()
}

#[cfg(test)]
mod tests {
    use countersign_core::SigningAlgorithm;

    use super::*;

    const RETENTION: i64 = retention(KeyPurpose::Signing(SigningAlgorithm::Es256));

    fn key(id: &str, active_from: i64) -> KeyRecord {
        KeyRecord {
            id: id.parse().unwrap(),
            purpose: KeyPurpose::Signing(SigningAlgorithm::Es256),
            created_at: Timestamp::from_seconds(active_from - ANNOUNCEMENT),
            active_from: Timestamp::from_seconds(active_from),
            revoked_at: None,
            sealed: Vec::new(),
        }
    }

    fn phases(ring: &[KeyRecord], now: i64) -> Vec<KeyPhase> {
        let now = Timestamp::from_seconds(now);
        ring.iter()
            .map(|key| KeyPhase::of(key, ring, now))
            .collect()
    }

    #[test]
    fn rule_t6_a_key_is_announced_before_it_signs_and_kept_after() {
        use KeyPhase::{Active, Announced, Gone, Retiring};
        let ring = [key("a", 1_000), key("b", 5_000)];
        for (now, expected) in [
            (999, [Announced, Announced]),
            (1_000, [Active, Announced]),
            (4_999, [Active, Announced]),
            (5_000, [Retiring, Active]),
            (5_000 + RETENTION - 1, [Retiring, Active]),
            (5_000 + RETENTION, [Gone, Active]),
        ] {
            assert_eq!(phases(&ring, now), expected, "at {now}");
        }
    }

    #[test]
    fn rule_t6_a_key_that_was_revoked_before_its_time_is_no_successor() {
        use KeyPhase::{Active, Announced, Retiring, Revoked};
        let mut ring = [key("a", 1_000), key("b", 5_000), key("c", 6_000)];
        ring[1].revoked_at = Some(Timestamp::from_seconds(4_000));
        for (now, expected) in [
            (4_999, [Active, Revoked, Announced]),
            (5_999, [Active, Revoked, Announced]),
            (6_000, [Retiring, Revoked, Active]),
        ] {
            assert_eq!(phases(&ring, now), expected, "at {now}");
        }
    }

    #[test]
    fn rule_t6_what_follows_a_key_that_was_revoked_in_use_steps_in() {
        use KeyPhase::{Active, Announced, Gone, Retiring, Revoked};
        let mut ring = [
            key("z", 500),
            key("a", 1_000),
            key("b", 500_000),
            key("c", 600_000),
        ];
        ring[1].revoked_at = Some(Timestamp::from_seconds(2_000));
        for (now, expected) in [
            // The one before does not come back, be it retiring or gone.
            (2_000, [Retiring, Revoked, Active, Announced]),
            (1_000 + RETENTION, [Gone, Revoked, Active, Announced]),
            (500_000, [Gone, Revoked, Active, Announced]),
            (600_000, [Gone, Revoked, Retiring, Active]),
        ] {
            assert_eq!(phases(&ring, now), expected, "at {now}");
        }
        // If that is revoked as well, the next one steps in.
        ring[2].revoked_at = Some(Timestamp::from_seconds(3_000));
        let expected = [Retiring, Revoked, Revoked, Active];
        assert_eq!(phases(&ring, 3_000), expected);
    }

    #[test]
    fn rule_t6_a_key_that_is_made_for_a_revoked_one_in_the_same_second_follows_it() {
        let mut ring = [key("b", 1_000), key("a", 1_000)];
        ring[0].revoked_at = Some(Timestamp::from_seconds(1_000));
        assert_eq!(phases(&ring, 1_000), [KeyPhase::Revoked, KeyPhase::Active]);
    }

    #[test]
    fn cve_2025_31123_the_view_of_a_ring_ends_when_a_key_departs() {
        let ring = [key("a", 1_000), key("b", 5_000)];
        let departure = Timestamp::from_seconds(5_000 + RETENTION);
        assert_eq!(
            next_departure(&ring, Timestamp::from_seconds(1_000)),
            Some(departure)
        );
        assert_eq!(next_departure(&ring, departure), None);
    }

    #[test]
    fn rule_r6_a_key_of_refresh_tokens_is_kept_as_long_as_one_may_live() {
        let mut ring = [key("a", 1_000), key("b", 5_000)];
        for key in &mut ring {
            key.purpose = KeyPurpose::RefreshTokens;
        }
        let ten_years = 315_360_000;
        for (now, expected) in [
            (5_000 + RETENTION, KeyPhase::Retiring),
            (5_000 + ten_years, KeyPhase::Retiring),
            (5_000 + ten_years + 60, KeyPhase::Gone),
        ] {
            assert_eq!(phases(&ring, now)[0], expected, "at {now}");
        }
    }

    #[test]
    fn purposes_do_not_succeed_each_other() {
        let mut ring = [key("a", 1_000), key("b", 5_000)];
        ring[1].purpose = KeyPurpose::OpaqueTokens;
        assert_eq!(phases(&ring, 9_000), [KeyPhase::Active, KeyPhase::Active]);
    }

    #[test]
    fn exactly_one_key_is_active_when_two_start_in_the_same_second() {
        let ring = [key("a", 1_000), key("b", 1_000)];
        assert_eq!(phases(&ring, 1_000), [KeyPhase::Retiring, KeyPhase::Active]);
    }
}
