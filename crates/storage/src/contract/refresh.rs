//! The rules about the refresh token of a grant.

use std::sync::Arc;

use countersign_core::{CurrentRefresh, Epoch, Generation, Grant};

use super::samples::{NOW, create_grant, first_refresh, next_refresh};
use super::scene::{End, Scene, store_grant};
use super::{RACERS, count, race};
use crate::{RefreshOutcome, SeenRefresh, Store};

/// RULES R5: a rotation of what was seen makes the next one current, with every field; nothing else changes.
pub async fn rule_r5_rotation_makes_the_next_one_current(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let other = create_grant(&*store, &scene.client, &scene.user).await;
    let mut current = scene.grant.clone();
    for key in ["refresh-1", "refresh-2", "refresh-2"] {
        let next = CurrentRefresh {
            key: super::samples::key_id(key),
            retried_in_a_row: 2,
            ..next_refresh(current.refresh.as_ref().expect("it has one"))
        };
        let outcome = store.rotate_refresh(seen(&current), next.clone()).await;
        assert_eq!(outcome, Ok(RefreshOutcome::Done));
        current.refresh = Some(next);
        let found = scene.found(&store).await.map(|it| it.grant);
        assert_eq!(found.as_ref(), Some(&current));
    }
    let found = store.find_grant(other.id).await.expect("the store is up");
    assert_eq!(found.map(|it| it.grant), Some(other));
}

/// RULES R5: of many rotations of what was seen by all, exactly one is done; it is what is stored.
pub async fn rule_r5_race_of_rotations_has_one_winner(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let rotate = |store: Arc<dyn Store>, _| {
        let (seen, next) = (scene.seen(), next_refresh(scene.refresh()));
        async move { (next.clone(), store.rotate_refresh(seen, next).await) }
    };
    let seen = race(&store, rotate).await;
    let changed = count(&seen, |it| it.1 == Ok(RefreshOutcome::Changed));
    assert_eq!(changed, RACERS - 1);
    let won = |it: &(CurrentRefresh, _)| it.1 == Ok(RefreshOutcome::Done);
    let winner = seen.into_iter().find(won).map(|it| it.0);
    assert_eq!(current(&store, &scene).await, winner);
}

/// RULES R5: the nonce names the attempt, so one whose answer was lost learns that it won, how often it may ask.
pub async fn rule_r5_same_attempt_wins_again(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let next = next_refresh(scene.refresh());
    for _ in 0..3 {
        let outcome = store.rotate_refresh(scene.seen(), next.clone()).await;
        assert_eq!(outcome, Ok(RefreshOutcome::Done));
        assert_eq!(current(&store, &scene).await, Some(next.clone()));
    }
    // Somebody else saw the same, and lost.
    let late = next_refresh(scene.refresh());
    let outcome = store.rotate_refresh(scene.seen(), late).await;
    assert_eq!(outcome, Ok(RefreshOutcome::Changed));
    // What was told again in the meantime is not undone.
    let after = SeenRefresh {
        generation: next.generation,
        nonce: next.nonce,
        ..scene.seen()
    };
    let retried = store.retry_refresh(after.clone(), 1).await;
    assert_eq!(retried, Ok(RefreshOutcome::Done));
    let outcome = store.rotate_refresh(scene.seen(), next.clone()).await;
    assert_eq!(outcome, Ok(RefreshOutcome::Done));
    assert!(current(&store, &scene).await.is_some_and(|it| it.retried));
    // Once another one is current, it did not win last.
    let third = next_refresh(&next);
    let after = SeenRefresh {
        retried: true,
        ..after
    };
    let outcome = store.rotate_refresh(after, third.clone()).await;
    assert_eq!(outcome, Ok(RefreshOutcome::Done));
    let outcome = store.rotate_refresh(scene.seen(), next).await;
    assert_eq!(outcome, Ok(RefreshOutcome::Changed));
    assert_eq!(current(&store, &scene).await, Some(third));
}

/// RULES R5: of one attempt that is made many times at once, all are told that it won.
pub async fn rule_r5_race_of_one_attempt_is_won_by_all(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let next = next_refresh(scene.refresh());
    let rotate = |store: Arc<dyn Store>, _| {
        let (seen, next) = (scene.seen(), next.clone());
        async move { store.rotate_refresh(seen, next).await }
    };
    let seen = race(&store, rotate).await;
    assert_eq!(count(&seen, |it| *it == Ok(RefreshOutcome::Done)), RACERS);
    assert_eq!(current(&store, &scene).await, Some(next));
}

/// RULES R5: generation and nonce must both be as they were seen.
pub async fn rule_r5_what_was_not_seen_is_not_changed(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let without = Grant {
        refresh: None,
        ..scene.another_grant()
    };
    store_grant(&store, &without).await;
    let generation = scene.refresh().generation.next().expect("not the last");
    let unseen = [
        SeenRefresh {
            generation,
            ..scene.seen()
        },
        SeenRefresh {
            nonce: first_refresh().nonce,
            ..scene.seen()
        },
        SeenRefresh {
            grant: without.id,
            ..scene.seen()
        },
    ];
    for (number, unseen) in unseen.into_iter().enumerate() {
        let outcomes = every_verb(&store, &unseen).await;
        assert_eq!(outcomes, [RefreshOutcome::Changed; 3], "{number}");
    }
    assert_eq!(
        current(&store, &scene).await.as_ref(),
        Some(scene.refresh())
    );
    let found = store.find_grant(without.id).await.expect("the store is up");
    assert_eq!(found.map(|it| it.grant), Some(without));
}

/// RULES R5, A4: the command repeats every stored fact on which the decision stood; what ended stays as it was.
pub async fn rule_r5_refresh_after_the_end_changes_nothing(store: Arc<dyn Store>) {
    for end in End::ALL {
        let scene = Scene::set(&store, &format!("{end:?}")).await;
        let next = next_refresh(scene.refresh());
        let outcome = store.rotate_refresh(scene.seen(), next.clone()).await;
        assert_eq!(outcome, Ok(RefreshOutcome::Done), "{end:?}");
        let seen = SeenRefresh {
            generation: next.generation,
            nonce: next.nonce,
            ..scene.seen()
        };
        scene.end(&store, end).await;
        let outcomes = every_verb(&store, &seen).await;
        assert_eq!(outcomes, [RefreshOutcome::Ended; 3], "{end:?}");
        // Who is behind learns the same, and so does the attempt that won.
        let outcomes = every_verb(&store, &scene.seen()).await;
        assert_eq!(outcomes, [RefreshOutcome::Ended; 3], "{end:?}");
        let again = store.rotate_refresh(scene.seen(), next.clone()).await;
        assert_eq!(again, Ok(RefreshOutcome::Ended), "{end:?}");
        let expected = (end != End::Grant).then_some(next);
        assert_eq!(current(&store, &scene).await, expected, "{end:?}");
    }
}

/// RULES R5: a decision that stood on other epochs than those of the grant is none about this grant.
pub async fn rule_r5_epochs_must_be_as_seen(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let other = |epoch: Epoch| Epoch::from_number(epoch.number() + 1);
    let of_client = SeenRefresh {
        client_epoch: other(scene.client.epoch),
        ..scene.seen()
    };
    let of_user = SeenRefresh {
        user_epoch: Some(other(scene.user.epoch)),
        ..scene.seen()
    };
    let of_nobody = SeenRefresh {
        user_epoch: None,
        ..scene.seen()
    };
    for (seen, whose) in [
        (of_client, "client"),
        (of_user, "user"),
        (of_nobody, "nobody"),
    ] {
        let outcomes = every_verb(&store, &seen).await;
        assert_eq!(outcomes, [RefreshOutcome::Ended; 3], "of the {whose}");
    }
    assert_eq!(
        current(&store, &scene).await.as_ref(),
        Some(scene.refresh())
    );
}

/// RULES R5, A1: once the end is answered, no rotation comes through any more.
pub async fn rule_r5_race_of_rotations_with_the_end(store: Arc<dyn Store>) {
    for end in End::ALL {
        let scene = Scene::set(&store, &format!("{end:?}")).await;
        let rotate_or_end = |store: Arc<dyn Store>, racer| {
            let scene = scene.clone();
            async move {
                if racer == 0 {
                    scene.end(&store, end).await;
                    return Some(current(&store, &scene).await);
                }
                for _ in 0..4 {
                    let Some(current) = current(&store, &scene).await else {
                        break;
                    };
                    let seen = SeenRefresh {
                        generation: current.generation,
                        nonce: current.nonce,
                        ..scene.seen()
                    };
                    let outcome = store.rotate_refresh(seen, next_refresh(&current)).await;
                    assert!(outcome.is_ok(), "{outcome:?}");
                }
                None
            }
        };
        let at_the_end = race(&store, rotate_or_end)
            .await
            .into_iter()
            .flatten()
            .next();
        assert_eq!(Some(current(&store, &scene).await), at_the_end, "{end:?}");
    }
}

/// RULES R2: a retry is noted once however often it is noted, and the time of the last use does not move.
pub async fn rule_r2_retry_is_noted_once(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let retry = |store: Arc<dyn Store>, _| {
        let seen = scene.seen();
        async move { store.retry_refresh(seen, 2).await }
    };
    let seen = race(&store, retry).await;
    assert_eq!(count(&seen, |it| *it == Ok(RefreshOutcome::Done)), RACERS);
    let expected = CurrentRefresh {
        retried: true,
        retried_in_a_row: 2,
        ..scene.refresh().clone()
    };
    assert_eq!(current(&store, &scene).await, Some(expected));
}

/// RULES R2: a rotation that was decided before a retry does not pass over it: decided anew, it counts.
pub async fn rule_r2_a_rotation_beside_a_retry_does_not_pass_over_it(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let before = scene.seen();
    let retried = store.retry_refresh(before.clone(), 1).await;
    assert_eq!(retried, Ok(RefreshOutcome::Done));
    let next = next_refresh(scene.refresh());
    let outcome = store.rotate_refresh(before.clone(), next.clone()).await;
    assert_eq!(outcome, Ok(RefreshOutcome::Changed));
    // Another retry of the same generation changes nothing, whoever saw what.
    let again = store.retry_refresh(before.clone(), 1).await;
    assert_eq!(again, Ok(RefreshOutcome::Done));
    let after = SeenRefresh {
        retried: true,
        ..before
    };
    let outcome = store.rotate_refresh(after, next.clone()).await;
    assert_eq!(outcome, Ok(RefreshOutcome::Done));
    assert_eq!(current(&store, &scene).await, Some(next));
}

/// RULES R9: a use without rotation moves the time of the last use and ends what may be tried again; all else stays.
pub async fn rule_r9_use_drops_the_token_before(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let next = next_refresh(scene.refresh());
    assert!(next.previous_tag.is_some());
    let outcome = store.rotate_refresh(scene.seen(), next.clone()).await;
    assert_eq!(outcome, Ok(RefreshOutcome::Done));
    let seen = SeenRefresh {
        generation: next.generation,
        nonce: next.nonce,
        ..scene.seen()
    };
    for seconds in [60, 120] {
        let outcome = store.use_refresh(seen.clone(), NOW.plus(seconds)).await;
        assert_eq!(outcome, Ok(RefreshOutcome::Done));
        let expected = CurrentRefresh {
            used_at: NOW.plus(seconds),
            previous_tag: None,
            ..next.clone()
        };
        assert_eq!(current(&store, &scene).await, Some(expected));
    }
}

/// RULES R11: the last generation is stored as it is and compared as it is, without a wrap.
pub async fn rule_r11_last_generation_is_stored_faithfully(store: Arc<dyn Store>) {
    let late = Scene::set_with(&store, "a", |it| {
        it.refresh = Some(CurrentRefresh {
            generation: Generation::from_number(u32::MAX - 1),
            ..first_refresh()
        });
    });
    let late = late.await;
    let last = next_refresh(late.refresh());
    assert_eq!(last.generation.number(), u32::MAX);
    let outcome = store.rotate_refresh(late.seen(), last.clone()).await;
    assert_eq!(outcome, Ok(RefreshOutcome::Done));
    assert_eq!(current(&store, &late).await, Some(last.clone()));
    for (generation, expected) in [
        (u32::MAX, RefreshOutcome::Done),
        (u32::MAX - 1, RefreshOutcome::Changed),
        (0, RefreshOutcome::Changed),
    ] {
        let seen = SeenRefresh {
            generation: Generation::from_number(generation),
            nonce: last.nonce,
            ..late.seen()
        };
        let outcome = store.retry_refresh(seen, u32::MAX).await;
        assert_eq!(outcome, Ok(expected), "{generation}");
    }
    let retried = current(&store, &late).await.map(|it| it.retried_in_a_row);
    assert_eq!(retried, Some(u32::MAX));
}

/// What rotation, retry and use say about `seen`.
async fn every_verb(store: &Arc<dyn Store>, seen: &SeenRefresh) -> [RefreshOutcome; 3] {
    let next = next_refresh(&first_refresh());
    let later = NOW.plus(600);
    [
        store.rotate_refresh(seen.clone(), next).await,
        store.retry_refresh(seen.clone(), 1).await,
        store.use_refresh(seen.clone(), later).await,
    ]
    .map(|outcome| outcome.expect("the store is up"))
}

async fn current(store: &Arc<dyn Store>, scene: &Scene) -> Option<CurrentRefresh> {
    scene.found(store).await?.grant.refresh
}

fn seen(grant: &Grant) -> SeenRefresh {
    SeenRefresh::of(grant).expect("it has a refresh token")
}
