//! The rules about standing grants: on what they stand, and how they are refreshed.

use std::sync::Arc;

use countersign_core::{Epoch, Grant};

use super::samples::{
    NOW, create, create_standing_grant, create_user, first_refresh, next_refresh, standing_grant,
    token_of,
};
use super::scene::{End, Scene, liveness};
use super::{RACERS, count, race};
use crate::{
    CreateStandingGrant, EndGrant, Liveness, RefreshOutcome, SeenCode, SeenRefresh, Store,
};

/// RULES A1, A4: a standing grant that is created while its client ends is refused, or dead from the beginning.
pub async fn rule_a4_standing_grant_raced_with_the_end_never_lives(store: Arc<dyn Store>) {
    for end in [End::ClientEpoch, End::ClientRemoved, End::Everything] {
        let scene = Scene::set(&store, &format!("{end:?}")).await;
        let create_or_end = |store: Arc<dyn Store>, racer: usize| {
            let scene = scene.clone();
            async move {
                if racer == 0 {
                    scene.end(&store, end).await;
                }
                let grant = standing_grant(&scene.client, &format!("{racer}"));
                let answer = store.create_standing_grant(grant.clone(), None, 1_000);
                (grant.id, answer.await)
            }
        };
        let seen = race(&store, create_or_end).await;
        let refusal = Ok(CreateStandingGrant::ClientEnded);
        assert_eq!(seen[0].1, refusal, "{end:?}, answered before");
        for (id, answer) in seen {
            let found = store.find_grant(id).await.expect("the store is up");
            match found {
                Some(found) => {
                    let created = CreateStandingGrant::Created { ended: Vec::new() };
                    assert_eq!(answer, Ok(created), "{end:?}");
                    assert!(!found.is_live(), "{end:?}");
                }
                None => assert_eq!(answer, refusal, "{end:?}"),
            }
        }
    }
}

/// RULES A2, D1: a standing grant and its tokens live as long as its row and its client, whatever becomes of users and
/// sessions; so does its refresh token.
pub async fn rule_a2_standing_grant_ends_with_its_client(store: Arc<dyn Store>) {
    for end in End::ALL {
        let scene = Scene::set(&store, &format!("{end:?}")).await;
        let grant = create_standing_grant(&*store, &scene.client, "read").await;
        let told = liveness(&store, &scene.client, token_of(&grant)).await;
        assert_eq!(told, Liveness::Live, "{end:?}");
        assert_eq!(SeenCode::of(&grant), None);
        scene.end(&store, end).await;
        let lives = end.told() != Liveness::ClientEnded;
        let (told, outcome) = if lives {
            (Liveness::Live, RefreshOutcome::Done)
        } else {
            (Liveness::ClientEnded, RefreshOutcome::Ended)
        };
        let token = token_of(&grant);
        let found = liveness(&store, &scene.client, token).await;
        assert_eq!(found, told, "{end:?}");
        let found = store.find_standing_grant(grant.client, &grant.scope).await;
        let found = found.expect("the store is up").expect("the row is there");
        assert_eq!(found.is_live(), lives, "{end:?}");
        assert_eq!(found.client_is_live, lives, "{end:?}");
        let removed = end == End::ClientRemoved;
        let client_id = (!removed).then(|| scene.client.client_id.clone());
        assert_eq!(found.client_id, client_id, "{end:?}");
        assert!(found.user_is_live() && found.session_is_there, "{end:?}");
        refresh_every_way(&store, &grant, outcome).await;
        let ended = store.end_grant(grant.id).await;
        assert_eq!(ended, Ok(EndGrant::Ended), "{end:?}");
        if lives {
            let told = liveness(&store, &scene.client, token).await;
            assert_eq!(told, Liveness::GrantEnded, "{end:?}");
        }
        refresh_every_way(&store, &grant, RefreshOutcome::Ended).await;
    }
}

/// RULES R5, A4: a decision that stood on some user, or on another epoch of the client, is none about a standing grant;
/// of many rotations, one is done.
pub async fn rule_r5_standing_grant_is_refreshed_as_seen(store: Arc<dyn Store>) {
    let a = create(&*store, "a").await;
    let user = create_user(&*store, "a").await;
    let grant = create_standing_grant(&*store, &a, "read").await;
    let current = grant.refresh.as_ref().expect("it has a refresh token");
    for user_epoch in [user.epoch, a.epoch, Epoch::from_number(0)] {
        let seen = SeenRefresh {
            user_epoch: Some(user_epoch),
            ..seen(&grant)
        };
        let next = next_refresh(current);
        let outcome = store.rotate_refresh(seen, next).await;
        assert_eq!(outcome, Ok(RefreshOutcome::Ended), "{user_epoch:?}");
    }
    let of_another_epoch = SeenRefresh {
        client_epoch: user.epoch,
        ..seen(&grant)
    };
    let outcome = store.use_refresh(of_another_epoch, NOW.plus(9)).await;
    assert_eq!(outcome, Ok(RefreshOutcome::Ended));
    let rotate = |store: Arc<dyn Store>, _| {
        let (seen, next) = (seen(&grant), next_refresh(current));
        async move { (next.clone(), store.rotate_refresh(seen, next).await) }
    };
    let seen = race(&store, rotate).await;
    let changed = count(&seen, |it| it.1 == Ok(RefreshOutcome::Changed));
    assert_eq!(changed, RACERS - 1);
    let winner = seen
        .into_iter()
        .find(|it| it.1 == Ok(RefreshOutcome::Done))
        .map(|it| it.0);
    let found = store.find_standing_grant(a.id, &grant.scope).await;
    let found = found.expect("the store is up");
    assert_eq!(found.and_then(|it| it.grant.refresh), winner);
}

/// What becomes of each verb on the refresh token with which `grant` began, and what of its successor.
async fn refresh_every_way(store: &Arc<dyn Store>, grant: &Grant, expected: RefreshOutcome) {
    let first = grant.refresh.clone().unwrap_or_else(first_refresh);
    let next = next_refresh(&first);
    let after = SeenRefresh {
        generation: next.generation,
        nonce: next.nonce,
        ..seen(grant)
    };
    for outcome in [
        store.use_refresh(seen(grant), NOW.plus(9)).await,
        store.rotate_refresh(seen(grant), next).await,
        store.retry_refresh(after, 1).await,
    ] {
        assert_eq!(outcome, Ok(expected));
    }
}

fn seen(grant: &Grant) -> SeenRefresh {
    let seen = SeenRefresh::of(grant).expect("it has a refresh token");
    assert_eq!(seen.user_epoch, None);
    seen
}
