//! The rules about the store as a whole.

use std::sync::Arc;

use countersign_core::{Client, Timestamp, TokenId};

use super::samples::{NOW, create, token};
use super::scene::liveness;
use super::{RACERS, count, entries, race};
use crate::{CHANGE_RETENTION_SECONDS, Deployment, Liveness, MarkDeployment, RevokeToken, Store};

/// A store that is up says so.
pub async fn ping_answers(store: Arc<dyn Store>) {
    assert_eq!(store.ping().await, Ok(()));
}

/// One call removes no more than it was allowed to, and tells how many that were.
pub async fn sweep_is_bounded(store: Arc<dyn Store>) {
    let client = create(&*store, "a").await;
    revoke(&store, &client, &[NOW; 10]).await;
    let mut removed = Vec::new();
    for limit in [0, 4, 1, 0, 4, 4, 4] {
        removed.push(store.sweep(NOW, limit).await.expect("the store is up"));
    }
    assert_eq!(removed, [0, 4, 1, 0, 4, 1, 0]);
    // Revocations and changes share one bound.
    revoke(&store, &client, &[NOW; 2]).await;
    let later = NOW.plus(CHANGE_RETENTION_SECONDS + 1);
    assert_eq!(store.sweep(later, 2).await, Ok(2));
    assert_eq!(store.sweep(later, 2).await, Ok(1));
    assert_eq!(store.sweep(later, 2).await, Ok(0));
}

/// A revocation is kept until its very end, and not a client is lost.
pub async fn sweep_removes_only_what_expired(store: Arc<dyn Store>) {
    let client = create(&*store, "a").await;
    let ends = [-100, 0, 1, 600, -1].map(|seconds| NOW.plus(seconds));
    let tokens = revoke(&store, &client, &ends).await;
    assert_eq!(store.sweep(NOW, 100).await, Ok(3));
    let mut after = Vec::new();
    for token in tokens {
        after.push(liveness(&store, &client, token).await);
    }
    let (gone, kept) = (Liveness::Live, Liveness::TokenRevoked);
    assert_eq!(after, [gone, gone, kept, kept, gone]);
    assert_eq!(store.find_client(&client.client_id).await, Ok(Some(client)));
}

/// A change stays readable for as long as was promised.
pub async fn sweep_keeps_recent_changes(store: Arc<dyn Store>) {
    let start = store.change_head().await.expect("the store is up");
    create(&*store, "a").await;
    assert_eq!(
        store.sweep(NOW.plus(CHANGE_RETENTION_SECONDS), 100).await,
        Ok(0)
    );
    let changes = store.changes_since(&start).await.expect("the store is up");
    assert_eq!(entries(changes).1.len(), 1);
}

/// Sweeps that run at once share the work.
pub async fn race_of_sweeps_removes_each_row_once(store: Arc<dyn Store>) {
    let client = create(&*store, "a").await;
    revoke(&store, &client, &[NOW; 100]).await;
    let sweep = |store: Arc<dyn Store>, _| async move { store.sweep(NOW, 2).await };
    let removed = race(&store, sweep).await;
    let total: u32 = removed
        .into_iter()
        .map(|it| it.expect("the store is up"))
        .sum();
    assert_eq!(total, 100);
}

/// RULES O3: the first mark stays, so a development database never serves in production.
pub async fn rule_o3_first_deployment_mark_stays(store: Arc<dyn Store>) {
    let already = Ok(MarkDeployment::Already(Deployment::Development));
    let marked = store.mark_deployment(Deployment::Development).await;
    assert_eq!(marked, Ok(MarkDeployment::Marked));
    assert_eq!(
        store.mark_deployment(Deployment::Development).await,
        already
    );
    assert_eq!(store.mark_deployment(Deployment::Production).await, already);
}

/// RULES O3: of many who mark at once, exactly one does, and all others learn its mark.
pub async fn rule_o3_race_of_marks_has_one_winner(store: Arc<dyn Store>) {
    let mark = |store: Arc<dyn Store>, number: usize| async move {
        let deployment = Deployment::ALL[number % 2];
        (deployment, store.mark_deployment(deployment).await)
    };
    let seen = race(&store, mark).await;
    let winners: Vec<Deployment> = seen
        .iter()
        .filter(|(_, answer)| *answer == Ok(MarkDeployment::Marked))
        .map(|(deployment, _)| *deployment)
        .collect();
    assert_eq!(winners.len(), 1);
    let lost = Ok(MarkDeployment::Already(winners[0]));
    assert_eq!(count(&seen, |(_, answer)| *answer == lost), RACERS - 1);
}

async fn revoke(store: &Arc<dyn Store>, client: &Client, ends: &[Timestamp]) -> Vec<TokenId> {
    let mut tokens = Vec::new();
    for end in ends {
        let token = token(client.epoch);
        assert_eq!(
            store.revoke_token(&token, *end).await,
            Ok(RevokeToken::Revoked)
        );
        tokens.push(token);
    }
    tokens
}
