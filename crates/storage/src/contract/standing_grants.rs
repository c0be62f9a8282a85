//! The rules about standing grants, those of a client without a user: what is stored of them, and how many.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_core::{Client, EntityId, Epoch, Grant, GrantId, GrantUser};

use super::samples::{
    NOW, client, create, create_grant, create_standing_grant, create_user, grant, grant_at, limits,
    standing_grant, standing_grant_at, varied_standing_grants,
};
use super::scene::{End, Scene, change_client};
use super::{RACERS, count, race};
use crate::{
    CreateGrant, CreateStandingGrant, FoundGrant, GrantFilter, Issued, Liveness, Store, StoreError,
};

/// What was created comes back as it was given, with what it stands on, by its id and by its scope.
pub async fn created_standing_grant_is_found_with_every_field(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let mut stored = vec![scene.grant.clone()];
    for grant in varied_standing_grants(&scene.client, &scene.user, &scene.session) {
        let answer = store.create_standing_grant(grant.clone(), None, 1_000);
        assert_eq!(answer.await, Ok(created(&[])), "{grant:?}");
        stored.push(grant);
    }
    for grant in &stored[1..] {
        let expected = FoundGrant {
            grant: grant.clone(),
            client_is_live: true,
            client_id: Some(scene.client.client_id.clone()),
            user: None,
            session_is_there: true,
        };
        assert!(expected.user_is_live() && expected.is_live());
        let by_id = store.find_grant(grant.id).await;
        assert_eq!(by_id, Ok(Some(expected.clone())));
        assert_eq!(find(&store, &scene.client, grant).await, Some(expected));
    }
    stored.sort_by_key(|grant| grant.id);
    let all = store.list_grants(GrantFilter::default(), None, 1_000).await;
    assert_eq!(all, Ok(stored));
}

/// RULES D3: a standing grant is found by its client and exactly its scope, in whatever order that is told. A grant with
/// a user is none.
pub async fn rule_d3_standing_grant_is_found_by_its_scope(store: Arc<dyn Store>) {
    let (a, b) = (create(&*store, "a").await, create(&*store, "b").await);
    let user = create_user(&*store, "u").await;
    let scopes = ["", "a", "b", "a b", "A b", "a b c", "ab", "a-b", "c/{id} a"];
    for scope in scopes {
        let with_user = Grant {
            scope: standing_grant(&a, scope).scope,
            ..grant(&a, &user)
        };
        let answer = store.create_grant(with_user.clone(), limits(1_000)).await;
        assert_eq!(answer, Ok(CreateGrant::Created { ended: Vec::new() }));
        assert_eq!(find(&store, &a, &with_user).await, None, "{scope:?}");
    }
    let mut grants = Vec::new();
    for client in [&a, &b] {
        for scope in scopes {
            grants.push(create_standing_grant(&*store, client, scope).await);
        }
    }
    for (client, of_client) in [(&a, &grants[..9]), (&b, &grants[9..])] {
        for (scope, expected) in scopes.iter().zip(of_client) {
            let mut words: Vec<&str> = scope.split(' ').collect();
            for _ in 0..words.len() {
                words.rotate_left(1);
                let told = standing_grant(client, &words.join(" "));
                let found = find(&store, client, &told).await;
                let found = found.map(|it| it.grant.id);
                assert_eq!(found, Some(expected.id), "{}", told.scope);
            }
        }
        for scope in ["c", "b c", "A B", "a b c d", "b A c"] {
            let told = standing_grant(client, scope);
            assert_eq!(find(&store, client, &told).await, None, "{scope}");
        }
    }
    let nobody = client("nobody").with_epoch(a.epoch);
    assert_eq!(find(&store, &nobody, &grants[0]).await, None);
}

/// RULES D3: a client has one standing grant for a scope, live or not; another takes its place only if it is the one that
/// was to be replaced, and nothing else is.
pub async fn rule_d3_standing_grant_is_replaced_if_it_was_seen(store: Arc<dyn Store>) {
    let (a, b) = (create(&*store, "a").await, create(&*store, "b").await);
    let user = create_user(&*store, "u").await;
    let first = create_standing_grant(&*store, &a, "read write").await;
    let of_another_scope = create_standing_grant(&*store, &a, "read").await;
    let of_another_client = create_standing_grant(&*store, &b, "read write").await;
    let of_a_user = create_grant(&*store, &a, &user).await;
    let gone = standing_grant(&a, "read write").id;
    let others = [of_another_scope.id, of_another_client.id, of_a_user.id];
    let unseen = || {
        let unseen = others.into_iter().chain([gone, GrantId::NONE]);
        unseen.map(Some).chain([None])
    };
    for replaces in unseen() {
        // Whatever the order of its scope.
        let second = standing_grant(&a, "write read");
        let answer = store.create_standing_grant(second.clone(), replaces, 0);
        let answer = answer.await;
        assert_eq!(answer, Ok(CreateStandingGrant::AlreadyThere));
        let found = find(&store, &a, &second).await.map(|it| it.grant);
        assert_eq!(found.as_ref(), Some(&first), "{replaces:?}");
    }
    let second = standing_grant(&a, "write read");
    let answer = store.create_standing_grant(second.clone(), Some(first.id), 10);
    assert_eq!(answer.await, Ok(created(&[])));
    assert_eq!(store.find_grant(first.id).await, Ok(None));
    // A dead one, too.
    let a = change_client(&store, &a, Issued::Ends, |_| ()).await;
    let third = standing_grant(&a, "read write");
    let answer = store.create_standing_grant(third.clone(), None, 10).await;
    assert_eq!(answer, Ok(CreateStandingGrant::AlreadyThere));
    let found = find(&store, &a, &third).await.expect("the row is there");
    assert!(!found.is_live() && found.grant == second, "{found:?}");
    let answer = store.create_standing_grant(third.clone(), Some(second.id), 10);
    assert_eq!(answer.await, Ok(created(&[])));
    let found = find(&store, &a, &third).await.map(|it| it.grant);
    assert_eq!(found.as_ref(), Some(&third));
    // Where there is none, what was to be replaced does not matter.
    for (number, replaces) in unseen().enumerate() {
        let fresh = standing_grant(&a, &format!("fresh-{number}"));
        let answer = store.create_standing_grant(fresh, replaces, 100).await;
        assert_eq!(answer, Ok(created(&[])), "{replaces:?}");
    }
    for other in others {
        let found = store.find_grant(other).await;
        assert!(matches!(found, Ok(Some(_))), "{other} was ended");
    }
}

/// RULES D3: of many who create the standing grant for one scope, or replace it, exactly one does.
pub async fn rule_d3_race_for_one_standing_grant_has_one_winner(store: Arc<dyn Store>) {
    let a = create(&*store, "a").await;
    let mut before = None;
    for _ in 0..4 {
        let create = |store: Arc<dyn Store>, racer: usize| {
            let scope = ["read write", "write read"][racer % 2];
            let grant = standing_grant(&a, scope);
            async move {
                let answer = store.create_standing_grant(grant.clone(), before, 100);
                (grant, answer.await)
            }
        };
        let seen = race(&store, create).await;
        let there = |it: &(Grant, _)| it.1 == Ok(CreateStandingGrant::AlreadyThere);
        assert_eq!(count(&seen, there), RACERS - 1);
        let winner = seen.into_iter().find(|it| it.1 == Ok(created(&[])));
        let (winner, _) = winner.expect("one of them wins");
        let found = find(&store, &a, &winner).await.map(|it| it.grant);
        assert_eq!(found.as_ref(), Some(&winner));
        assert_eq!(list(&store, GrantFilter::default()).await, [winner.id]);
        before = Some(winner.id);
    }
}

/// RULES A1, R10: a standing grant is stored only if its client is as it says. That is told first.
pub async fn rule_r10_standing_grant_of_what_ended_is_refused(store: Arc<dyn Store>) {
    let (a, b) = (create(&*store, "a").await, create(&*store, "b").await);
    let user = create_user(&*store, "a").await;
    let first = create_standing_grant(&*store, &a, "read").await;
    let gone = client("gone").with_epoch(a.epoch);
    let next = Epoch::from_number(a.epoch.number() + 1);
    for (client, client_epoch) in [
        (a.id, next),
        (a.id, b.epoch),
        (gone.id, gone.epoch),
        (user.id, user.epoch),
    ] {
        // Told before a grant that is there, and before a taken id.
        for (scope, id) in [("write", None), ("read", None), ("write", Some(first.id))] {
            let new = standing_grant(&a, scope);
            let refused = Grant {
                id: id.unwrap_or(new.id),
                client,
                client_epoch,
                ..new
            };
            let answer = store.create_standing_grant(refused, Some(first.id), 0);
            assert_eq!(answer.await, Ok(CreateStandingGrant::ClientEnded));
        }
    }
    for end in End::ALL {
        let scene = Scene::set(&store, &format!("{end:?}")).await;
        scene.end(&store, end).await;
        let expected = match end.told() {
            Liveness::ClientEnded => Ok(CreateStandingGrant::ClientEnded),
            // It stands on no user, and on no session.
            _ => Ok(created(&[])),
        };
        let new = standing_grant(&scene.client, "read");
        let answer = store.create_standing_grant(new, None, 10).await;
        assert_eq!(answer, expected, "{end:?}");
    }
    let of_a = GrantFilter {
        client: Some(a.id),
        user: None,
    };
    assert_eq!(list(&store, of_a).await, [first.id]);
}

/// Ids are never used twice (RULES R10): a caller who tries has a defect, and is told so at last; nothing is changed.
pub async fn reused_standing_grant_id_is_refused(store: Arc<dyn Store>) {
    let a = create(&*store, "a").await;
    let user = create_user(&*store, "a").await;
    let first = create_standing_grant(&*store, &a, "read").await;
    let second = create_standing_grant(&*store, &a, "write").await;
    let of_user = create_grant(&*store, &a, &user).await;
    for id in [first.id, of_user.id] {
        let again = Grant {
            id,
            ..standing_grant(&a, "write")
        };
        let answer = store.create_standing_grant(again.clone(), None, 0).await;
        assert_eq!(answer, Ok(CreateStandingGrant::AlreadyThere));
        let taken = StoreError::EntityIdTaken(EntityId::from_bytes(*id.as_bytes()));
        let answer = store.create_standing_grant(again, Some(second.id), 0).await;
        assert_eq!(answer, Err(taken.clone()));
        let with_user = Grant {
            id,
            ..grant(&a, &user)
        };
        let answer = store.create_grant(with_user, limits(0)).await;
        assert_eq!(answer, Err(taken));
    }
    for stored in [first, second, of_user] {
        let found = store.find_grant(stored.id).await.expect("the store is up");
        assert_eq!(found.map(|it| it.grant), Some(stored));
    }
}

/// Each kind of grant is stored by its own verb; whoever takes the other one is refused.
pub async fn standing_grant_has_a_verb_of_its_own(store: Arc<dyn Store>) {
    let a = create(&*store, "a").await;
    let user = create_user(&*store, "a").await;
    let without = standing_grant(&a, "read");
    let answer = store.create_grant(without.clone(), limits(10)).await;
    assert_eq!(answer, Ok(CreateGrant::UserEnded));
    let gone = client("gone").with_epoch(a.epoch);
    for client in [&a, &gone] {
        for scope in ["read", "write"] {
            let with = Grant {
                user: Some(GrantUser {
                    id: user.id,
                    epoch: user.epoch,
                }),
                ..standing_grant(client, scope)
            };
            let answer = store.create_standing_grant(with, None, 0).await;
            assert!(matches!(answer, Err(StoreError::Defect(_))), "{answer:?}");
        }
    }
    assert!(list(&store, GrantFilter::default()).await.is_empty());
}

/// RULES R10: a bounded number of standing grants per client, dead ones included, the oldest ended; nobody else's is,
/// nor is one that stands on a user.
pub async fn rule_r10_limit_ends_the_oldest_standing_grants(store: Arc<dyn Store>) {
    let (a, b) = (create(&*store, "a").await, create(&*store, "b").await);
    let user = create_user(&*store, "u").await;
    let other = standing_grant_at(&b, "0", NOW.plus(-9));
    let answer = store.create_standing_grant(other.clone(), None, 1).await;
    assert_eq!(answer, Ok(created(&[])));
    let with_user = grant_at(&a, &user, NOW.plus(-9));
    let answer = store.create_grant(with_user.clone(), limits(1)).await;
    assert_eq!(answer, Ok(CreateGrant::Created { ended: Vec::new() }));

    let of =
        |client: &Client, age: i64| standing_grant_at(client, &format!("{age}"), NOW.plus(age));
    let mut grants: Vec<Grant> = (0..4).map(|age| of(&a, age)).collect();
    for (number, ended) in [(0, None), (1, None), (2, None), (3, Some(0))] {
        let answer = store.create_standing_grant(grants[number].clone(), None, 3);
        let ended: Vec<GrantId> = ended.map(|it: usize| grants[it].id).into_iter().collect();
        assert_eq!(answer.await, Ok(created(&ended)), "grant {number}");
    }
    // The replaced one does not count, and is not told.
    let again = standing_grant_at(&a, "2", NOW.plus(4));
    let answer = store.create_standing_grant(again.clone(), Some(grants[2].id), 3);
    assert_eq!(answer.await, Ok(created(&[])));
    grants.push(again);
    // Dead ones count. A limit that was lowered ends more than one, the oldest first.
    let a = change_client(&store, &a, Issued::Ends, |_| ()).await;
    let new = of(&a, 5);
    let answer = store.create_standing_grant(new.clone(), None, 2).await;
    assert_eq!(answer, Ok(created(&[grants[1].id, grants[3].id])));
    // The new one stays, even if it is the oldest by its id or the limit leaves no room.
    let older = of(&a, -9);
    let answer = store.create_standing_grant(older.clone(), None, 2).await;
    assert_eq!(answer, Ok(created(&[grants[4].id])));
    let oldest = of(&a, -99);
    let answer = store.create_standing_grant(oldest.clone(), None, 0).await;
    assert_eq!(answer, Ok(created(&[older.id, new.id])));
    // Nor does a grant that stands on a user count those that do not.
    let answer = store.create_grant(grant(&a, &user), limits(2)).await;
    assert_eq!(answer, Ok(CreateGrant::Created { ended: Vec::new() }));
    for id in [other.id, with_user.id, oldest.id] {
        let found = store.find_grant(id).await;
        assert!(matches!(found, Ok(Some(_))), "{id} was ended");
    }
}

/// RULES R10: standing grants that are created at once keep to the limit, and each that is ended is told once.
pub async fn rule_r10_race_of_standing_grants_keeps_the_limit(store: Arc<dyn Store>) {
    let a = create(&*store, "a").await;
    let create = |store: Arc<dyn Store>, racer: usize| {
        let grant = standing_grant(&a, &format!("{racer}"));
        async move { store.create_standing_grant(grant, None, 5).await }
    };
    let mut ended = BTreeSet::new();
    for answer in race(&store, create).await {
        let Ok(CreateStandingGrant::Created { ended: these }) = answer else {
            unreachable!("a grant cannot be created: {answer:?}");
        };
        for id in these {
            assert!(ended.insert(id), "{id} was ended twice");
        }
    }
    assert_eq!(ended.len(), RACERS - 5);
    let left = list(&store, GrantFilter::default()).await;
    assert_eq!(left.len(), 5);
    assert!(left.iter().all(|id| !ended.contains(id)));
}

/// Standing grants are listed among those of their client, and among those of no user.
pub async fn list_grants_shows_standing_grants_of_no_user(store: Arc<dyn Store>) {
    let a = Scene::set(&store, "a").await;
    let b = Scene::set(&store, "b").await;
    let mut ids = Vec::new();
    for (age, client) in [(1, &a.client), (2, &b.client), (3, &a.client)] {
        let grant = standing_grant_at(client, &format!("{age}"), NOW.plus(age));
        let answer = store.create_standing_grant(grant.clone(), None, 10).await;
        assert_eq!(answer, Ok(created(&[])));
        ids.push(grant.id);
    }
    let mut own = [a.grant.id, b.grant.id];
    own.sort();
    let all: Vec<GrantId> = own.into_iter().chain(ids.iter().copied()).collect();
    let of_a = vec![a.grant.id, ids[0], ids[2]];
    let zero = EntityId::from_bytes([0; 16]);
    for (user, client, expected) in [
        (None, None, all),
        (None, Some(a.client.id), of_a),
        (None, Some(b.client.id), vec![b.grant.id, ids[1]]),
        (Some(a.user.id), None, vec![a.grant.id]),
        (Some(a.user.id), Some(a.client.id), vec![a.grant.id]),
        (Some(a.user.id), Some(b.client.id), vec![]),
        // The id of nobody, not even of those that have no user.
        (Some(zero), None, vec![]),
        (Some(zero), Some(a.client.id), vec![]),
        (Some(a.client.id), None, vec![]),
    ] {
        let filter = GrantFilter { user, client };
        assert_eq!(list(&store, filter).await, expected, "{filter:?}");
    }
}

/// The standing grant of `client` for the scope of `grant`.
async fn find(store: &Arc<dyn Store>, client: &Client, grant: &Grant) -> Option<FoundGrant> {
    let found = store.find_standing_grant(client.id, &grant.scope).await;
    found.expect("the store is up")
}

async fn list(store: &Arc<dyn Store>, filter: GrantFilter) -> Vec<GrantId> {
    let grants = store.list_grants(filter, None, 1_000).await;
    let grants = grants.expect("the store is up");
    grants.into_iter().map(|grant| grant.id).collect()
}

fn created(ended: &[GrantId]) -> CreateStandingGrant {
    CreateStandingGrant::Created {
        ended: ended.to_vec(),
    }
}
