//! The rules about assertions: each is taken once.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::samples::{NOW, assertion_id, assertion_ids};
use super::{RACERS, count, race};
use crate::RememberJti::{Remembered, Seen};
use crate::{AssertionId, RememberJti, Store};

/// For how long the assertions here are remembered, in seconds.
const UNTIL: i64 = 660;

/// RULES N3: whoever comes first is heard, and nobody after it.
pub async fn rule_n3_jti_is_taken_once(store: Arc<dyn Store>) {
    let id = assertion_id("a");
    for (seconds, expected) in [(0, Remembered), (0, Seen), (1, Seen), (UNTIL - 1, Seen)] {
        assert_eq!(remember(&store, id, seconds).await, expected, "{seconds}");
    }
}

/// RULES N3: two ids do not meet, whichever byte tells them apart.
pub async fn rule_n3_ids_do_not_meet(store: Arc<dyn Store>) {
    let ids = assertion_ids();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    for expected in [Remembered, Seen] {
        for (number, id) in ids.iter().enumerate() {
            assert_eq!(remember(&store, *id, 0).await, expected, "{number}");
        }
    }
}

/// RULES N3: at its end an assertion is forgotten, although no sweep came by, and may come again; then it is remembered
/// anew.
pub async fn rule_n3_jti_is_remembered_until_its_end(store: Arc<dyn Store>) {
    let (id, other) = (assertion_id("a"), assertion_id("b"));
    for (now, expected) in [
        (0, Remembered),
        (UNTIL - 1, Seen),
        (UNTIL, Remembered),
        (UNTIL, Seen),
        // A clock that was set back, or of another node.
        (0, Seen),
        (2 * UNTIL - 1, Seen),
        (2 * UNTIL, Remembered),
        (2 * UNTIL + 1, Seen),
    ] {
        assert_eq!(remember(&store, id, now).await, expected, "{now}");
    }
    assert_eq!(remember(&store, other, 0).await, Remembered);
}

/// RULES N3: what was seen keeps its end, however late the end of whatever came again.
pub async fn rule_n3_replay_puts_no_end_off(store: Arc<dyn Store>) {
    let id = assertion_id("a");
    let end = NOW.plus(10);
    for (until, now, expected) in [
        (end, NOW, Remembered),
        (end.plus(UNTIL), NOW, Seen),
        (NOW.plus(1), NOW, Seen),
        (end.plus(UNTIL), end.plus(-1), Seen),
        (end.plus(UNTIL), end, Remembered),
        (end, end.plus(1), Seen),
    ] {
        let heard = store.remember_jti(&id, until, now).await;
        assert_eq!(heard, Ok(expected), "{until} {now}");
    }
}

/// RULES N3: of parallel replays of one assertion exactly one is taken.
pub async fn rule_n3_race_of_replays_has_one_winner(store: Arc<dyn Store>) {
    let id = assertion_id("a");
    // The second time it is there still, and over.
    for start in [0, UNTIL + 1] {
        let replay = move |store: Arc<dyn Store>, racer: usize| async move {
            let later = i64::from(racer.is_multiple_of(2));
            remember(&store, id, start + later).await
        };
        assert_one_winner(&race(&store, replay).await);
    }
}

/// RULES N3: two assertions that come at once do not take it from each other.
pub async fn rule_n3_race_of_two_ids_has_one_winner_each(store: Arc<dyn Store>) {
    let ids = ["a", "b"].map(assertion_id);
    let replay = |store: Arc<dyn Store>, racer: usize| async move {
        remember(&store, ids[racer % ids.len()], 0).await
    };
    let heard = race(&store, replay).await;
    for of_id in 0..ids.len() {
        let heard = heard.iter().skip(of_id).step_by(ids.len());
        let heard: Vec<RememberJti> = heard.copied().collect();
        assert_eq!(count(&heard, |it| *it == Remembered), 1, "{of_id}");
    }
}

/// RULES N3: a sweep at the end of an assertion, beside those who send it again, lets it through once.
pub async fn rule_n3_race_of_replays_and_sweeps_has_one_winner(store: Arc<dyn Store>) {
    let id = assertion_id("a");
    assert_eq!(remember(&store, id, 0).await, Remembered);
    let replay_or_sweep = |store: Arc<dyn Store>, racer: usize| async move {
        if racer.is_multiple_of(2) {
            return remember(&store, id, UNTIL).await;
        }
        assert!(
            store
                .sweep(NOW.plus(UNTIL), 10)
                .await
                .is_ok_and(|it| it <= 1)
        );
        Seen
    };
    assert_one_winner(&race(&store, replay_or_sweep).await);
    assert_eq!(remember(&store, id, 2 * UNTIL - 1).await, Seen);
}

/// RULES N3: the sweep forgets what is over, in the order of the ends, and nothing else.
pub async fn rule_n3_sweep_forgets_only_what_is_over(store: Arc<dyn Store>) {
    let ids = &assertion_ids()[..6];
    // The last ones first. One of them comes again when it is over, and has a new end.
    for (id, seconds) in ids.iter().zip([0, 10, 20, 30, 40, 50]).rev() {
        assert_eq!(
            remember(&store, *id, seconds).await,
            Remembered,
            "{seconds}"
        );
    }
    assert_eq!(remember(&store, ids[0], UNTIL).await, Remembered);
    for (seconds, limit, looked) in [
        (9, 100, 0),
        (10, 0, 0),
        (10, 100, 1),
        (10, 100, 0),
        (39, 1, 1),
        (39, 100, 1),
        (39, 100, 0),
    ] {
        let swept = store.sweep(NOW.plus(UNTIL + seconds), limit).await;
        assert_eq!(swept, Ok(looked), "{seconds} {limit}");
    }
    // At a time when none of them would be over.
    for (number, id) in ids.iter().enumerate() {
        let heard = remember(&store, *id, 0).await;
        let was_swept = (1..4).contains(&number);
        assert_eq!(heard == Remembered, was_swept, "{number}");
    }
    let much_later = NOW.plus(1_000_000);
    assert_eq!(store.sweep(much_later, 100).await, Ok(6));
    assert_eq!(store.sweep(much_later, 100).await, Ok(0));
}

fn assert_one_winner(heard: &[RememberJti]) {
    assert_eq!(count(heard, |it| *it == Remembered), 1, "{heard:?}");
    assert_eq!(count(heard, |it| *it == Seen), RACERS - 1);
}

/// Remembers the assertion for [`UNTIL`] seconds from [`NOW`] and `seconds` on.
async fn remember(store: &Arc<dyn Store>, id: AssertionId, seconds: i64) -> RememberJti {
    let now = NOW.plus(seconds);
    let heard = store.remember_jti(&id, now.plus(UNTIL), now).await;
    heard.expect("the store is up")
}
