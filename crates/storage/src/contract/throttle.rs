//! The rules about failures.

use std::sync::Arc;

use super::samples::NOW;
use super::{RACERS, race};
use crate::{Failures, Store, ThrottleSubject};

/// A window, in seconds.
const WINDOW: u32 = 120;

/// RULES S5: failures are counted of each subject, in the order in which they are named.
pub async fn rule_s5_failures_are_counted_of_each_subject(store: Arc<dyn Store>) {
    let [a, b, c] = [[0; 16], [0xff; 16], *b"'; DROP TABLE --"].map(ThrottleSubject::from_bytes);
    assert_eq!(store.failures(&[]).await, Ok(Vec::new()));
    assert_eq!(store.failures(&[a, b]).await, Ok(vec![None, None]));
    assert_eq!(count(&store, &[], 0).await, []);
    assert_eq!(
        count(&store, &[a, b], 0).await,
        [failures(1, 0, 0), failures(1, 0, 0)]
    );
    assert_eq!(count(&store, &[b], 5).await, [failures(2, 0, 5)]);
    assert_eq!(
        count(&store, &[c, b, a], 9).await,
        [failures(1, 9, 9), failures(3, 0, 9), failures(2, 0, 9)]
    );
    let unknown = ThrottleSubject::from_bytes([1; 16]);
    assert_eq!(
        store.failures(&[b, unknown, a, c]).await,
        Ok(vec![
            Some(failures(3, 0, 9)),
            None,
            Some(failures(2, 0, 9)),
            Some(failures(1, 9, 9)),
        ])
    );
}

/// RULES S5: a window begins with its first failure and is over after its seconds, however many came in between.
pub async fn rule_s5_window_ends_and_begins_anew(store: Arc<dyn Store>) {
    let subject = ThrottleSubject::from_bytes([1; 16]);
    let end = i64::from(WINDOW);
    for (now, expected) in [
        (0, failures(1, 0, 0)),
        (end - 1, failures(2, 0, end - 1)),
        // Out of order, as clocks of two nodes may be.
        (end - 5, failures(3, 0, end - 1)),
        (end, failures(1, end, end)),
        (end + 1, failures(2, end, end + 1)),
        // Long after, and then a clock that was set back.
        (5 * end, failures(1, 5 * end, 5 * end)),
        (5 * end, failures(2, 5 * end, 5 * end)),
        (5 * end - 1, failures(1, 5 * end - 1, 5 * end - 1)),
    ] {
        assert_eq!(count(&store, &[subject], now).await, [expected]);
        let stored = store.failures(&[subject]).await;
        assert_eq!(stored, Ok(vec![Some(expected)]));
    }
    // The window is that of the failure that is counted.
    let now = NOW.plus(5 * end);
    let counted = store.count_failure(&[subject], now, 1).await;
    assert_eq!(counted, Ok(vec![failures(1, 5 * end, 5 * end)]));
}

/// RULES S5: whoever proves who it is starts again, and nobody else does.
pub async fn rule_s5_forgiven_failures_are_forgotten(store: Arc<dyn Store>) {
    let [a, b, c] = [1, 2, 3].map(|byte| ThrottleSubject::from_bytes([byte; 16]));
    for seconds in [0, 1] {
        count(&store, &[a, b, c], seconds).await;
    }
    assert_eq!(store.forgive(&[]).await, Ok(()));
    let unknown = ThrottleSubject::from_bytes([4; 16]);
    assert_eq!(store.forgive(&[a, unknown, c]).await, Ok(()));
    let left = store.failures(&[a, b, c]).await;
    assert_eq!(left, Ok(vec![None, Some(failures(2, 0, 1)), None]));
    assert_eq!(count(&store, &[a], 2).await, [failures(1, 2, 2)]);
}

/// RULES S5: failures at once are all counted, whichever subject comes first.
pub async fn rule_s5_race_of_failures_counts_every_one(store: Arc<dyn Store>) {
    let [a, b] = [1, 2].map(|byte| ThrottleSubject::from_bytes([byte; 16]));
    let fail = |store: Arc<dyn Store>, racer: usize| async move {
        let mut subjects = [a, b];
        subjects.rotate_left(racer % 2);
        let mut counted = count(&store, &subjects, 0).await;
        counted.rotate_left(racer % 2);
        counted
    };
    let seen = race(&store, fail).await;
    for subject in 0..2 {
        let mut counts: Vec<u32> = seen.iter().map(|it| it[subject].count).collect();
        counts.sort_unstable();
        let expected: Vec<u32> = (1..).take(RACERS).collect();
        assert_eq!(counts, expected, "each of them is told once");
    }
}

async fn count(
    store: &Arc<dyn Store>,
    subjects: &[ThrottleSubject],
    seconds: i64,
) -> Vec<Failures> {
    let counted = store.count_failure(subjects, NOW.plus(seconds), WINDOW);
    counted.await.expect("the store is up")
}

fn failures(count: u32, since: i64, last: i64) -> Failures {
    Failures {
        count,
        since: NOW.plus(since),
        last: NOW.plus(last),
    }
}
