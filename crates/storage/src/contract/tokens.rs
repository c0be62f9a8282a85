//! The rules about tokens.

use std::sync::Arc;

use countersign_core::{Epoch, GrantId, TokenId};

use super::samples::{Counting, NOW, client, create, create_grant, token, token_of};
use super::scene::{End, Scene, liveness};
use super::{RACERS, count, race};
use crate::{Liveness, RevokeToken, Store};

/// RULES A2: nothing ended it.
pub async fn rule_a2_token_of_a_stored_client_is_live(store: Arc<dyn Store>) {
    let client = create(&*store, "a").await;
    assert_eq!(
        liveness(&store, &client, token(client.epoch)).await,
        Liveness::Live
    );
}

/// RULES A2: a revoked token is dead at once.
pub async fn rule_a2_revoked_token_is_dead_at_once(store: Arc<dyn Store>) {
    let client = create(&*store, "a").await;
    let token = token(client.epoch);
    assert_eq!(
        store.revoke_token(&token, NOW.plus(600)).await,
        Ok(RevokeToken::Revoked)
    );
    assert_eq!(
        liveness(&store, &client, token).await,
        Liveness::TokenRevoked
    );
    assert_eq!(
        store.revoke_token(&token, NOW.plus(600)).await,
        Ok(RevokeToken::AlreadyRevoked)
    );
    assert_eq!(
        liveness(&store, &client, token).await,
        Liveness::TokenRevoked
    );
}

/// RULES A2: no row means inactive.
pub async fn rule_a2_token_of_an_unknown_client_is_dead(store: Arc<dyn Store>) {
    let nobody = client("nobody").with_epoch(Epoch::from_number(1));
    assert_eq!(
        liveness(&store, &nobody, token(nobody.epoch)).await,
        Liveness::ClientEnded
    );
    let other = create(&*store, "a").await;
    let of_another_client = token(other.epoch);
    assert_eq!(
        liveness(&store, &nobody, of_another_client).await,
        Liveness::ClientEnded
    );
}

/// RULES A1: epochs, not times, end everything that was issued before.
pub async fn rule_a1_token_of_another_epoch_is_dead(store: Arc<dyn Store>) {
    let client = create(&*store, "a").await;
    let epoch = client.epoch.number();
    for other in [0, epoch.wrapping_sub(1), epoch + 1, u64::MAX >> 1, u64::MAX] {
        if other == epoch {
            continue;
        }
        let token = token(Epoch::from_number(other));
        assert_eq!(
            liveness(&store, &client, token).await,
            Liveness::ClientEnded,
            "{other}"
        );
        // Told before the revocation.
        assert_eq!(
            store.revoke_token(&token, NOW.plus(600)).await,
            Ok(RevokeToken::Revoked)
        );
        assert_eq!(
            liveness(&store, &client, token).await,
            Liveness::ClientEnded,
            "{other}"
        );
    }
}

/// RULES R10: a removed and re-created name revives nothing.
pub async fn rule_r10_token_stays_dead_when_its_client_comes_back(store: Arc<dyn Store>) {
    let mut old = Vec::new();
    for _ in 0..3 {
        let client = create(&*store, "a").await;
        let new = token(client.epoch);
        assert_eq!(liveness(&store, &client, new).await, Liveness::Live);
        for token in &old {
            assert_eq!(
                liveness(&store, &client, *token).await,
                Liveness::ClientEnded
            );
        }
        let removed = store.remove_client(&client.client_id, NOW).await;
        assert!(removed.is_ok(), "{removed:?}");
        assert_eq!(liveness(&store, &client, new).await, Liveness::ClientEnded);
        old.push(new);
    }
}

/// Other tokens of the client, and of others, live on.
pub async fn revocation_concerns_one_token(store: Arc<dyn Store>) {
    let (a, b) = (create(&*store, "a").await, create(&*store, "b").await);
    let tokens = [token(a.epoch), token(a.epoch), token(a.epoch)];
    let of_b = token(b.epoch);
    assert_eq!(
        store.revoke_token(&tokens[1], NOW.plus(600)).await,
        Ok(RevokeToken::Revoked)
    );
    assert_eq!(liveness(&store, &a, tokens[0]).await, Liveness::Live);
    assert_eq!(
        liveness(&store, &a, tokens[1]).await,
        Liveness::TokenRevoked
    );
    assert_eq!(liveness(&store, &a, tokens[2]).await, Liveness::Live);
    assert_eq!(liveness(&store, &b, of_b).await, Liveness::Live);
}

/// Of many who revoke one token, exactly one does, and all find it dead.
pub async fn race_of_revocations_has_one_winner(store: Arc<dyn Store>) {
    let client = create(&*store, "a").await;
    let token = token(client.epoch);
    let revoke = |store: Arc<dyn Store>, _| {
        let client = client.clone();
        async move {
            let answer = store.revoke_token(&token, NOW.plus(600)).await;
            (answer, liveness(&store, &client, token).await)
        }
    };
    let seen = race(&store, revoke).await;
    assert_eq!(count(&seen, |it| it.0 == Ok(RevokeToken::Revoked)), 1);
    assert_eq!(
        count(&seen, |it| it.0 == Ok(RevokeToken::AlreadyRevoked)),
        RACERS - 1
    );
    assert_eq!(count(&seen, |it| it.1 == Liveness::TokenRevoked), RACERS);
}

/// Many tokens are revoked at once; each is dead for whoever asks after its revocation was answered.
pub async fn answered_revocation_is_seen_by_every_reader(store: Arc<dyn Store>) {
    let client = create(&*store, "a").await;
    let revoke = |store: Arc<dyn Store>, _| {
        let client = client.clone();
        async move {
            let mut lost = 0;
            for _ in 0..8 {
                let token = token(client.epoch);
                let before = liveness(&store, &client, token).await;
                let answer = store.revoke_token(&token, NOW.plus(600)).await;
                let after = liveness(&store, &client, token).await;
                let expected = (
                    Liveness::Live,
                    Ok(RevokeToken::Revoked),
                    Liveness::TokenRevoked,
                );
                lost += usize::from((before, answer, after) != expected);
            }
            lost
        }
    };
    assert_eq!(race(&store, revoke).await.into_iter().sum::<usize>(), 0);
}

/// RULES A2: a token ends with its grant, its session, its user and its client, at once; nobody else's does.
pub async fn rule_a2_token_ends_with_what_it_stands_on(store: Arc<dyn Store>) {
    let other = Scene::set(&store, "other").await;
    for end in End::ALL {
        let scene = Scene::set(&store, &format!("{end:?}")).await;
        let second = create_grant(&*store, &scene.client, &scene.user).await;
        assert_eq!(scene.liveness(&store).await, Liveness::Live, "{end:?}");
        scene.end(&store, end).await;
        assert_eq!(scene.liveness(&store).await, end.told(), "{end:?}");
        let second = liveness(&store, &scene.client, token_of(&second)).await;
        let own = liveness(&store, &scene.client, token(scene.client.epoch)).await;
        let (expected_second, expected_own) = match end.told() {
            Liveness::GrantEnded | Liveness::SessionEnded => (Liveness::Live, Liveness::Live),
            Liveness::UserEnded => (Liveness::UserEnded, Liveness::Live),
            told => (told, told),
        };
        assert_eq!(second, expected_second, "{end:?}");
        assert_eq!(own, expected_own, "{end:?}");
        if end != End::Everything {
            assert_eq!(other.liveness(&store).await, Liveness::Live, "{end:?}");
        }
    }
}

/// RULES A2: a token stands on a grant of its own client, in the epoch that it carries, or on nothing.
pub async fn rule_a2_token_of_a_grant_that_is_not_its_own_is_dead(store: Arc<dyn Store>) {
    let a = Scene::set(&store, "a").await;
    let b = Scene::set(&store, "b").await;
    let forged = |grant, epoch| TokenId::generate(grant, epoch, &Counting);
    for grant in [b.grant.id, GrantId::from_bytes([0xff; 16])] {
        let token = forged(grant, a.client.epoch);
        let told = liveness(&store, &a.client, token).await;
        assert_eq!(told, Liveness::GrantEnded, "{grant}");
    }
    // The grant of an earlier epoch, although everything else would fit.
    a.end(&store, End::ClientEpoch).await;
    let client = store.find_client(&a.client.client_id).await;
    let client = client.expect("the store is up").expect("it is there");
    let token = forged(a.grant.id, client.epoch);
    let told = liveness(&store, &client, token).await;
    assert_eq!(told, Liveness::GrantEnded);
}

/// RULES A2: of several ends, that of the client is told first, then that of the grant, the user, the session and the
/// token.
pub async fn rule_a2_widest_end_is_told_first(store: Arc<dyn Store>) {
    for (number, ends) in [
        &[
            End::Session,
            End::UserDisabled,
            End::Grant,
            End::ClientRemoved,
        ][..],
        &[End::UserDisabled, End::ClientRemoved],
        &[End::Grant, End::ClientEpoch],
    ]
    .into_iter()
    .enumerate()
    {
        let scene = Scene::set(&store, &format!("{number}")).await;
        let token = token_of(&scene.grant);
        let revoked = store.revoke_token(&token, NOW.plus(600)).await;
        assert_eq!(revoked, Ok(RevokeToken::Revoked));
        let told = liveness(&store, &scene.client, token).await;
        assert_eq!(told, Liveness::TokenRevoked);
        for end in ends {
            scene.end(&store, *end).await;
            let told = liveness(&store, &scene.client, token).await;
            assert_eq!(told, end.told(), "{end:?}");
        }
    }
}
