//! When keys that are published elsewhere are fetched, and how long they are used.

use countersign_core::{SigningAlgorithm, Timestamp};
use countersign_jose::VerifyingKeys;
use countersign_jose::remote_key_set::{FetchRules, Need, RemoteKeySet};
use proptest::prelude::*;

use crate::fixtures::{KEY, NOW, keys, signing_key};

fn known() -> &'static str {
    KEY.id().as_str()
}

const UNKNOWN: Option<&str> = Some("unknown");

fn at(seconds: i64) -> Timestamp {
    NOW.plus(seconds)
}

/// A set that was fetched at [`NOW`].
fn fetched(rules: FetchRules, max_age: Option<u32>) -> RemoteKeySet {
    let mut set = RemoteKeySet::new(rules);
    set.begin(NOW);
    set.took(keys([&*KEY]), max_age, NOW);
    set
}

/// An attempt at `now` that fails at once.
fn fail(set: &mut RemoteKeySet, now: Timestamp) {
    set.begin(now);
    set.failed(now);
}

#[test]
fn the_defaults_are_the_documented_ones() {
    let rules = FetchRules {
        default_max_age: 300,
        min_max_age: 30,
        max_max_age: 86_400,
        cool_down: 30,
        keep_stale: 86_400,
    };
    assert_eq!(FetchRules::default(), rules);
}

#[test]
fn nothing_is_judged_before_the_first_fetch() {
    let mut set = RemoteKeySet::new(FetchRules::default());
    for kid in [None, UNKNOWN] {
        assert_eq!(set.need(kid, NOW), Need::Now, "{kid:?}");
    }
    assert!(set.keys(NOW).is_none());
    // While it is under way, nobody else begins one.
    set.begin(NOW);
    assert_eq!(set.need(None, NOW), Need::Wait);
    assert_eq!(set.need(None, at(29)), Need::Wait);
    // An attempt of which nothing was heard does not block for ever.
    assert_eq!(set.need(None, at(30)), Need::Now);
    set.took(keys([&*KEY]), None, at(1));
    assert_eq!(set.need(Some(known()), at(1)), Need::None);
    assert!(set.keys(at(1)).is_some_and(|keys| keys.len() == 1));
}

#[test]
fn a_fresh_key_that_is_at_hand_asks_nobody() {
    let set = fetched(FetchRules::default(), Some(600));
    for (seconds, expected) in [
        (0, Need::None),
        (1, Need::None),
        (599, Need::None),
        (600, Need::Behind),
        (86_399, Need::Behind),
        (86_400, Need::Now),
    ] {
        for kid in [Some(known()), None] {
            assert_eq!(set.need(kid, at(seconds)), expected, "{seconds}");
        }
    }
}

#[test]
fn an_answer_is_fresh_for_as_long_as_it_says_within_reason() {
    for (max_age, fresh_for) in [
        (None, 300),
        (Some(0), 30),
        (Some(29), 30),
        (Some(31), 31),
        (Some(3_600), 3_600),
        // An outage must not begin on the last second of the keys, so half of the time is the most.
        (Some(43_200), 43_200),
        (Some(86_400), 43_200),
        (Some(u32::MAX), 43_200),
    ] {
        let set = fetched(FetchRules::default(), max_age);
        assert_eq!(
            set.need(Some(known()), at(fresh_for - 1)),
            Need::None,
            "{max_age:?}"
        );
        assert_eq!(
            set.need(Some(known()), at(fresh_for)),
            Need::Behind,
            "{max_age:?}"
        );
    }
    let long = FetchRules {
        keep_stale: 1_000_000,
        ..FetchRules::default()
    };
    let set = fetched(long, Some(u32::MAX));
    assert_eq!(set.need(Some(known()), at(86_399)), Need::None);
    assert_eq!(set.need(Some(known()), at(86_400)), Need::Behind);
    // Rules that contradict each other are no reason to panic.
    let odd = FetchRules {
        min_max_age: 60,
        max_max_age: 10,
        keep_stale: 0,
        cool_down: 0,
        default_max_age: 5,
    };
    let set = fetched(odd, Some(1));
    assert_eq!(set.need(Some(known()), at(29)), Need::None);
    assert_eq!(set.need(Some(known()), at(30)), Need::Behind);
    assert_eq!(set.need(Some(known()), at(60)), Need::Now);
}

#[test]
fn an_unknown_kid_is_asked_for_after_the_cool_down() {
    let mut set = fetched(FetchRules::default(), None);
    assert_eq!(set.need(UNKNOWN, at(29)), Need::None);
    assert_eq!(set.need(UNKNOWN, at(30)), Need::Now);
    // Whether it was there or not, and whether there was an answer or not: strangers cannot make it faster.
    set.begin(at(30));
    assert_eq!(set.need(UNKNOWN, at(30)), Need::None);
    set.took(keys([&*KEY]), None, at(31));
    assert_eq!(set.need(UNKNOWN, at(59)), Need::None);
    assert_eq!(set.need(UNKNOWN, at(60)), Need::Now);
    fail(&mut set, at(60));
    assert_eq!(set.need(UNKNOWN, at(89)), Need::None);
    assert_eq!(set.need(UNKNOWN, at(90)), Need::Now);
    // Tokens of known keys do not wait for it.
    assert_eq!(set.need(Some(known()), at(90)), Need::None);
}

#[test]
fn a_rotated_key_is_found_and_the_old_one_is_gone() {
    let new = signing_key(SigningAlgorithm::EdDsa);
    let new_kid = Some(new.id().as_str());
    let mut set = fetched(FetchRules::default(), None);
    assert_eq!(set.need(new_kid, at(100)), Need::Now);
    set.begin(at(100));
    set.took(keys([&new]), None, at(100));
    assert_eq!(set.need(new_kid, at(100)), Need::None);
    let now = set.keys(at(100)).expect("keys");
    assert!(now.get(new.id().as_str()).is_some());
    assert!(now.get(KEY.id().as_str()).is_none());
}

#[test]
fn an_outage_leaves_the_keys_for_a_day() {
    let mut set = fetched(FetchRules::default(), Some(60));
    fail(&mut set, at(60));
    assert!(set.keys(at(60)).is_some());
    // Tokens are judged, and somebody asks again at most every half minute.
    assert_eq!(set.need(Some(known()), at(89)), Need::None);
    assert_eq!(set.need(Some(known()), at(90)), Need::Behind);
    for attempt in 0..100 {
        fail(&mut set, at(90 + attempt * 30));
    }
    assert_eq!(set.need(Some(known()), at(86_399)), Need::Behind);
    assert!(set.keys(at(86_399)).is_some());
    assert!(set.keys(at(86_400)).is_none());
    assert_eq!(set.need(Some(known()), at(86_400)), Need::Now);
    // After so many failures the pause is the whole one.
    fail(&mut set, at(86_400));
    assert_eq!(set.need(Some(known()), at(86_429)), Need::Wait);
    assert_eq!(set.need(Some(known()), at(86_430)), Need::Now);
}

#[test]
fn an_emptied_set_revokes_all_keys() {
    let mut set = fetched(FetchRules::default(), None);
    set.begin(at(300));
    set.took(VerifyingKeys::default(), None, at(300));
    assert!(set.keys(at(300)).is_some_and(|keys| keys.is_empty()));
    // It is an answer: tokens are refused by it, and it is asked for again no sooner than any other.
    assert_eq!(set.need(Some(known()), at(329)), Need::None);
    assert_eq!(set.need(Some(known()), at(330)), Need::Now);
    assert_eq!(set.need(None, at(599)), Need::None);
    assert_eq!(set.need(None, at(600)), Need::Behind);
}

#[test]
fn rfc9110_an_unchanged_set_is_as_good_as_a_new_one() {
    let mut set = fetched(FetchRules::default(), Some(60));
    set.begin(at(86_000));
    set.unchanged(Some(120), at(86_000));
    assert!(set.keys(at(86_400)).is_some());
    assert_eq!(set.need(Some(known()), at(86_119)), Need::None);
    assert_eq!(set.need(Some(known()), at(86_120)), Need::Behind);
    assert!(set.keys(at(86_000 + 86_399)).is_some());
    assert!(set.keys(at(86_000 + 86_400)).is_none());
    // Nothing is unchanged that was never there.
    let mut set = RemoteKeySet::new(FetchRules::default());
    set.begin(NOW);
    set.unchanged(Some(120), NOW);
    assert!(set.keys(NOW).is_none());
    assert_eq!(set.need(None, NOW), Need::Wait);
    assert_eq!(set.need(None, at(1)), Need::Now);
}

#[test]
fn who_starts_before_its_issuer_recovers_quickly() {
    let mut set = RemoteKeySet::new(FetchRules::default());
    let mut now = 0;
    for pause in [1, 2, 4, 8, 16, 30, 30, 30] {
        fail(&mut set, at(now));
        assert_eq!(set.need(None, at(now)), Need::Wait, "{now}");
        assert_eq!(set.need(None, at(now + pause - 1)), Need::Wait, "{now}");
        assert_eq!(set.need(None, at(now + pause)), Need::Now, "{now}");
        now += pause;
    }
    for _ in 0..100 {
        fail(&mut set, at(now));
    }
    assert_eq!(set.need(None, at(now + 29)), Need::Wait);
    assert_eq!(set.need(None, at(now + 30)), Need::Now);
    // The pause counts from the failure: one that took its time is no reason to hurry.
    let mut slow = RemoteKeySet::new(FetchRules::default());
    slow.begin(NOW);
    slow.failed(at(10));
    assert_eq!(slow.need(None, at(10)), Need::Wait);
    assert_eq!(slow.need(None, at(11)), Need::Now);
    // A good answer forgets the failures.
    set.begin(at(now));
    set.took(keys([&*KEY]), None, at(now));
    let later = now + 86_400;
    fail(&mut set, at(later));
    assert_eq!(set.need(None, at(later)), Need::Wait);
    assert_eq!(set.need(None, at(later + 1)), Need::Now);
    // Nor is it slower than whoever wants it fast.
    let mut eager = RemoteKeySet::new(FetchRules {
        cool_down: 0,
        ..FetchRules::default()
    });
    fail(&mut eager, NOW);
    assert_eq!(eager.need(None, NOW), Need::Now);
}

#[test]
fn a_clock_that_is_set_back_freezes_nothing() {
    let year = 31_536_000;
    let set = fetched(FetchRules::default(), Some(600));
    // Two threads that read the same clock a moment apart are no such thing.
    assert_eq!(set.need(Some(known()), at(-5)), Need::None);
    assert_eq!(set.need(UNKNOWN, at(-5)), Need::None);
    for seconds in [-6, -year] {
        assert_eq!(
            set.need(Some(known()), at(seconds)),
            Need::Behind,
            "{seconds}"
        );
        assert_eq!(set.need(UNKNOWN, at(seconds)), Need::Now, "{seconds}");
        assert!(set.keys(at(seconds)).is_some(), "{seconds}");
    }
    let mut waiting = RemoteKeySet::new(FetchRules::default());
    waiting.begin(NOW);
    assert_eq!(waiting.need(None, at(-5)), Need::Wait);
    assert_eq!(waiting.need(None, at(-6)), Need::Now);

    // If nobody answers, the keys are not kept for the year that the clock went back.
    let mut outage = fetched(FetchRules::default(), Some(600));
    fail(&mut outage, at(-year));
    assert_eq!(outage.need(Some(known()), at(30 - year)), Need::Behind);
    assert!(outage.keys(at(85_799 - year)).is_some());
    assert!(outage.keys(at(85_800 - year)).is_none());
    // And if somebody does, all is as ever.
    let mut answered = fetched(FetchRules::default(), Some(600));
    answered.begin(at(-year));
    answered.took(keys([&*KEY]), Some(600), at(-year));
    assert_eq!(answered.need(Some(known()), at(599 - year)), Need::None);
    assert_eq!(answered.need(Some(known()), at(600 - year)), Need::Behind);
}

proptest! {
    /// Whatever happens at whatever time: what is needed fits what is there, and no two attempts are closer than they may be.
    #[test]
    fn what_is_needed_fits_what_is_there(
        events in proptest::collection::vec((0..6_u8, 0..400_i64, any::<Option<u32>>()), 0..60),
    ) {
        let rules = FetchRules { keep_stale: 1_000, ..FetchRules::default() };
        let mut set = RemoteKeySet::new(rules);
        let (mut now, mut last_good) = (NOW, None);
        for (event, passes, max_age) in events {
            now = now.plus(passes);
            let kid = [None, Some(known()), UNKNOWN][usize::from(event % 3)];
            let need = set.need(kid, now);
            let has_keys = set.keys(now).is_some();
            prop_assert_eq!(has_keys, matches!(need, Need::None | Need::Behind)
                || (need == Need::Now && kid == UNKNOWN && has_keys));
            if matches!(need, Need::Now | Need::Behind) {
                set.begin(now);
                prop_assert!(matches!(set.need(kid, now), Need::None | Need::Wait));
                prop_assert!(matches!(set.need(UNKNOWN, now), Need::None | Need::Wait));
                match event {
                    0..=2 => set.failed(now),
                    3 => set.unchanged(max_age, now),
                    _ => {
                        set.took(keys([&*KEY]), max_age, now);
                        last_good = Some(now);
                    }
                }
                if event == 3 && last_good.is_some() {
                    last_good = Some(now);
                }
            }
            let used_for = i64::from(rules.keep_stale.max(rules.max_max_age));
            if let Some(good) = last_good {
                prop_assert!(now.since(good) < used_for || set.keys(now).is_none());
            } else {
                prop_assert!(set.keys(now).is_none());
            }
        }
    }
}
