//! The rules about grants.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_core::{Client, EntityId, Epoch, Grant, GrantId, GrantUser, User};

use super::samples::{
    NOW, client, create, create_grant, create_session, create_user, grant, grant_at, grant_in,
    limits, user, varied_grants,
};
use super::scene::{End, Scene, change_user};
use super::{RACERS, count, race};
use crate::{
    CreateGrant, EndGrant, EndSession, FoundGrant, GrantFilter, Issued, Liveness, Store, StoreError,
};

/// What was created comes back as it was given, with what it stands on.
pub async fn created_grant_is_found_with_every_field(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let mut stored = vec![scene.grant.clone()];
    for grant in varied_grants(&scene.client, &scene.user, &scene.session) {
        let answer = store.create_grant(grant.clone(), limits(1_000)).await;
        assert_eq!(answer, Ok(created(&[])), "{grant:?}");
        stored.push(grant);
    }
    for grant in &stored {
        let found = FoundGrant {
            grant: grant.clone(),
            client_is_live: true,
            client_id: Some(scene.client.client_id.clone()),
            user: Some(scene.user.clone()),
            session_is_there: true,
        };
        assert_eq!(store.find_grant(grant.id).await, Ok(Some(found)));
    }
    stored.sort_by_key(|grant| grant.id);
    let all = store.list_grants(GrantFilter::default(), None, 1_000).await;
    assert_eq!(all, Ok(stored));
    let nobody = grant(&scene.client, &scene.user).id;
    assert_eq!(store.find_grant(nobody).await, Ok(None));
    assert_eq!(store.find_grant(GrantId::NONE).await, Ok(None));
}

/// RULES A1, R10: a grant is stored only if its client, its user and its session are as it says. They are told in this
/// order.
pub async fn rule_r10_grant_of_what_ended_is_refused(store: Arc<dyn Store>) {
    let client_is = |id, epoch| move |it: &mut Grant| (it.client, it.client_epoch) = (id, epoch);
    let user_is = |id, epoch| move |it: &mut Grant| it.user = Some(GrantUser { id, epoch });
    let (a, b) = (create(&*store, "a").await, create(&*store, "b").await);
    let of_a = create_user(&*store, "a").await;
    let of_b = create_user(&*store, "b").await;
    let gone = client("gone").with_epoch(a.epoch);
    let nobody = user("nobody").with_epoch(of_a.epoch);
    let session = create_session(&*store, &of_a).await;
    assert_eq!(store.end_session(session.id).await, Ok(EndSession::Ended));
    let next = |epoch: Epoch| Epoch::from_number(epoch.number() + 1);

    let no_client: [&dyn Fn(&mut Grant); 4] = [
        &client_is(a.id, next(a.epoch)),
        &client_is(a.id, b.epoch),
        &client_is(gone.id, gone.epoch),
        &client_is(of_a.id, of_a.epoch),
    ];
    let no_user: [&dyn Fn(&mut Grant); 5] = [
        &user_is(of_a.id, next(of_a.epoch)),
        &user_is(of_a.id, of_b.epoch),
        &user_is(nobody.id, nobody.epoch),
        &user_is(a.id, a.epoch),
        // What stands on no user is a standing grant, and stored by another verb.
        &|it| it.user = None,
    ];
    for (number, change) in no_client.iter().enumerate() {
        for also_no_user in [None, Some(no_user[number])] {
            let mut grant = grant_in(&a, &of_a, &session);
            change(&mut grant);
            also_no_user.inspect(|change| change(&mut grant));
            let answer = store.create_grant(grant, limits(10)).await;
            assert_eq!(answer, Ok(CreateGrant::ClientEnded), "{number}");
        }
    }
    for (number, change) in no_user.iter().enumerate() {
        for mut grant in [grant(&a, &of_a), grant_in(&a, &of_a, &session)] {
            change(&mut grant);
            let answer = store.create_grant(grant, limits(10)).await;
            assert_eq!(answer, Ok(CreateGrant::UserEnded), "{number}");
        }
    }
    for ends_with_session in [true, false] {
        let mut grant = grant_in(&a, &of_a, &session);
        let authorization = grant.authorization.as_mut();
        authorization.expect("it has one").ends_with_session = ends_with_session;
        let answer = store.create_grant(grant, limits(10)).await;
        assert_eq!(answer, Ok(CreateGrant::SessionEnded));
    }
    let all = store.list_grants(GrantFilter::default(), None, 10).await;
    assert_eq!(all, Ok(Vec::new()));
}

/// RULES A1, R10: whatever ended the client, the user or the session of a scene, no grant is stored on it, and none is ended for it.
pub async fn rule_r10_no_grant_after_the_end(store: Arc<dyn Store>) {
    for end in End::ALL {
        let scene = Scene::set(&store, &format!("{end:?}")).await;
        scene.end(&store, end).await;
        let expected = match end.told() {
            Liveness::ClientEnded => Ok(CreateGrant::ClientEnded),
            Liveness::UserEnded => Ok(CreateGrant::UserEnded),
            Liveness::SessionEnded => Ok(CreateGrant::SessionEnded),
            _ => Ok(created(&[])),
        };
        let grant = scene.another_grant();
        assert_eq!(
            store.create_grant(grant, limits(0)).await,
            expected,
            "{end:?}"
        );
        if end != End::Grant {
            assert!(scene.found(&store).await.is_some(), "{end:?}");
        }
    }
}

/// Ids are never used twice (RULES R10): a caller who tries has a defect, and is told so.
pub async fn reused_grant_id_is_refused(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let again = Grant {
        id: scene.grant.id,
        ..grant(&scene.client, &scene.user)
    };
    let id = EntityId::from_bytes(*again.id.as_bytes());
    let answer = store.create_grant(again, limits(0)).await;
    assert_eq!(answer, Err(StoreError::EntityIdTaken(id)));
    let found = scene.found(&store).await;
    assert_eq!(found.map(|it| it.grant), Some(scene.grant.clone()));
    // Told last.
    scene.end(&store, End::Session).await;
    let answer = store.create_grant(scene.grant, limits(0)).await;
    assert_eq!(answer, Ok(CreateGrant::SessionEnded));
}

/// RULES R10: a bounded number of grants per user and client, the oldest ended; nobody else's is.
pub async fn rule_r10_limit_ends_the_oldest_of_the_pair(store: Arc<dyn Store>) {
    let (a, b) = (create(&*store, "a").await, create(&*store, "b").await);
    let alice = create_user(&*store, "alice").await;
    let bob = create_user(&*store, "bob").await;
    // Older than all of the pair, and with one half of it each.
    let mut others = Vec::new();
    for (client, user) in [(&b, &alice), (&a, &bob), (&b, &bob)] {
        others.push(grant_at(client, user, NOW.plus(-9)));
    }
    for other in &others {
        assert_eq!(
            store.create_grant(other.clone(), limits(3)).await,
            Ok(created(&[]))
        );
    }
    let grants: Vec<Grant> = (0..6)
        .map(|age| grant_at(&a, &alice, NOW.plus(age)))
        .collect();
    let ids: Vec<GrantId> = grants.iter().map(|grant| grant.id).collect();
    for (number, ended) in [&[][..], &[], &[], &ids[0..1], &ids[1..2]]
        .iter()
        .enumerate()
    {
        let answer = store.create_grant(grants[number].clone(), limits(3)).await;
        assert_eq!(answer, Ok(created(ended)), "grant {number}");
    }
    // A limit that was lowered ends more than one, the oldest first.
    let answer = store.create_grant(grants[5].clone(), limits(2)).await;
    assert_eq!(answer, Ok(created(&ids[2..4])));
    let of_alice = GrantFilter {
        user: Some(alice.id),
        client: Some(a.id),
    };
    assert_eq!(list(&store, of_alice).await, ids[4..]);
    for other in others {
        let found = store.find_grant(other.id).await;
        assert!(matches!(found, Ok(Some(_))), "{found:?}");
    }
}

/// RULES R10: the new grant stays, even if it is the oldest by its id or the limit leaves no room.
pub async fn rule_r10_limit_never_ends_the_new_grant(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let older = grant_at(&scene.client, &scene.user, NOW.plus(-9));
    let answer = store.create_grant(older.clone(), limits(1)).await;
    assert_eq!(answer, Ok(created(&[scene.grant.id])));
    let oldest = grant_at(&scene.client, &scene.user, NOW.plus(-99));
    let answer = store.create_grant(oldest.clone(), limits(0)).await;
    assert_eq!(answer, Ok(created(&[older.id])));
    assert_eq!(list(&store, GrantFilter::default()).await, [oldest.id]);
}

/// RULES R10: grants that are dead, but not swept, count like all others.
pub async fn rule_r10_limit_counts_dead_grants(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let user = change_user(&store, &scene.user, Issued::Ends, |_| ()).await;
    let new = grant_at(&scene.client, &user, NOW.plus(1));
    let answer = store.create_grant(new.clone(), limits(1)).await;
    assert_eq!(answer, Ok(created(&[scene.grant.id])));
    assert_eq!(list(&store, GrantFilter::default()).await, [new.id]);
}

/// RULES R10: grants that are created at once keep to the limit, and each that is ended is told once.
pub async fn rule_r10_race_of_creations_keeps_the_limit(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let create = |store: Arc<dyn Store>, _| {
        let grant = grant(&scene.client, &scene.user);
        async move { store.create_grant(grant, limits(5)).await }
    };
    let mut ended = BTreeSet::new();
    for answer in race(&store, create).await {
        let Ok(CreateGrant::Created { ended: these }) = answer else {
            unreachable!("a grant cannot be created: {answer:?}");
        };
        for id in these {
            assert!(ended.insert(id), "{id} was ended twice");
        }
    }
    assert_eq!(ended.len(), RACERS + 1 - 5);
    let left = list(&store, GrantFilter::default()).await;
    assert_eq!(left.len(), 5);
    assert!(left.iter().all(|id| !ended.contains(id)));
}

/// RULES A1, A4: a grant that is created while its user, client or session ends is refused, or dead from the beginning.
pub async fn rule_a4_grant_raced_with_the_end_never_lives(store: Arc<dyn Store>) {
    for end in End::ALL.into_iter().filter(|end| *end != End::Grant) {
        let scene = Scene::set(&store, &format!("{end:?}")).await;
        let create_or_end = |store: Arc<dyn Store>, racer| {
            let scene = scene.clone();
            async move {
                if racer == 0 {
                    scene.end(&store, end).await;
                }
                let grant = scene.another_grant();
                let answer = store.create_grant(grant.clone(), limits(u32::MAX)).await;
                (grant.id, answer)
            }
        };
        let seen = race(&store, create_or_end).await;
        let refusal = match end.told() {
            Liveness::ClientEnded => CreateGrant::ClientEnded,
            Liveness::SessionEnded => CreateGrant::SessionEnded,
            _ => CreateGrant::UserEnded,
        };
        assert_eq!(seen[0].1, Ok(refusal.clone()), "{end:?}, answered before");
        for (id, answer) in seen {
            let found = store.find_grant(id).await.expect("the store is up");
            match answer {
                Ok(CreateGrant::Created { .. }) => {
                    assert!(!found.expect("the row is there").is_live(), "{end:?}");
                }
                refused => {
                    assert_eq!(refused, Ok(refusal.clone()), "{end:?}");
                    assert_eq!(found, None, "{end:?}");
                }
            }
        }
    }
}

/// An ended grant is gone, and no other.
pub async fn ended_grant_is_gone(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let other = create_grant(&*store, &scene.client, &scene.user).await;
    scene.end(&store, End::Grant).await;
    let again = store.end_grant(scene.grant.id).await;
    assert_eq!(again, Ok(EndGrant::NotFound));
    assert_eq!(store.end_grant(GrantId::NONE).await, Ok(EndGrant::NotFound));
    assert_eq!(scene.found(&store).await, None);
    assert_eq!(list(&store, GrantFilter::default()).await, [other.id]);
}

/// Of many who end one grant, exactly one does.
pub async fn race_of_grant_ends_has_one_winner(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let id = scene.grant.id;
    let end = |store: Arc<dyn Store>, _| async move { store.end_grant(id).await };
    let seen = race(&store, end).await;
    assert_eq!(count(&seen, |it| *it == Ok(EndGrant::Ended)), 1);
    let not_found = count(&seen, |it| *it == Ok(EndGrant::NotFound));
    assert_eq!(not_found, RACERS - 1);
}

/// Grants are listed by their age, of one user, of one client, of both or of all; the dead ones, too.
pub async fn list_grants_filters_and_pages_in_order(store: Arc<dyn Store>) {
    let clients = [create(&*store, "a").await, create(&*store, "b").await];
    let users = [
        create_user(&*store, "alice").await,
        create_user(&*store, "bob").await,
    ];
    let mut grants = Vec::new();
    for age in [5, 2, 7, 0, 4, 1, 6, 3] {
        let (client, user): (&Client, &User) = (&clients[age % 2], &users[age / 2 % 2]);
        let at = NOW.plus(i64::try_from(age).expect("small"));
        let grant = grant_at(client, user, at);
        assert_eq!(
            store.create_grant(grant.clone(), limits(9)).await,
            Ok(created(&[]))
        );
        grants.push(grant);
    }
    grants.sort_by_key(|grant| grant.created_at);
    change_user(&store, &users[0], Issued::Ends, |_| ()).await;
    let removed = store.remove_client(&clients[1].client_id, NOW).await;
    assert!(removed.is_ok(), "{removed:?}");

    let nobody = user("nobody").id;
    for user in [None, Some(users[0].id), Some(users[1].id), Some(nobody)] {
        for client in [None, Some(clients[0].id), Some(clients[1].id), Some(nobody)] {
            let wanted = |grant: &&Grant| {
                user.is_none_or(|id| grant.user.is_some_and(|it| it.id == id))
                    && client.is_none_or(|id| grant.client == id)
            };
            let expected: Vec<Grant> = grants.iter().filter(wanted).cloned().collect();
            for limit in 1..=9_u32 {
                let filter = GrantFilter { user, client };
                let (mut seen, mut after) = (Vec::new(), None);
                for _ in 0..=grants.len() {
                    let page = store.list_grants(filter, after, limit).await;
                    let page = page.expect("the store is up");
                    assert!(page.len() <= limit as usize);
                    let Some(last) = page.last() else { break };
                    after = Some(last.id);
                    seen.extend(page);
                }
                assert_eq!(seen, expected, "{filter:?} in pages of {limit}");
            }
        }
    }
    let none = store.list_grants(GrantFilter::default(), None, 0).await;
    assert_eq!(none, Ok(Vec::new()));
}

async fn list(store: &Arc<dyn Store>, filter: GrantFilter) -> Vec<GrantId> {
    let grants = store.list_grants(filter, None, 1_000).await;
    let grants = grants.expect("the store is up");
    grants.into_iter().map(|grant| grant.id).collect()
}

fn created(ended: &[GrantId]) -> CreateGrant {
    CreateGrant::Created {
        ended: ended.to_vec(),
    }
}
