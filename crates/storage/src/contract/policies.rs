//! The rules about policies of the wazo dialect, and about who has them.

use std::sync::Arc;

use countersign_core::wazo::Policy;
use countersign_core::{EntityId, Revision, Timestamp};

use super::samples::{
    Counting, NOW, acl, create_policy, create_user, policy, slug, user, varied_policies,
};
use super::scene::{End, Scene};
use super::{RACERS, count, race};
use crate::{AssignPolicy, ChangePolicy, Store, StoreError};

/// What was created comes back as it was given, by its id and by its slug in every spelling.
pub async fn created_policy_is_found_with_every_field(store: Arc<dyn Store>) {
    let mut stored = varied_policies();
    for policy in &stored {
        let answer = store.create_policy(policy.clone()).await;
        assert_eq!(answer, Ok(ChangePolicy::Done(policy.clone())));
    }
    for policy in &stored {
        let found = Ok(Some(policy.clone()));
        assert_eq!(store.find_policy(policy.id).await, found);
        let written = policy.slug.as_str();
        for text in [written, &written.to_uppercase(), &written.to_lowercase()] {
            assert_eq!(store.find_policy_by_slug(&slug(text)).await, found);
        }
    }
    stored.sort_by_key(|policy| policy.id);
    assert_eq!(store.list_policies(None, 1_000).await, Ok(stored));
    let unknown = policy("unknown");
    assert_eq!(store.find_policy(unknown.id).await, Ok(None));
    for unknown in ["unknown", "plai", "plain_", "plai_", "-"] {
        let found = store.find_policy_by_slug(&slug(unknown)).await;
        assert_eq!(found, Ok(None), "{unknown}");
    }
}

/// A second policy of a name or slug is refused, whatever its letter case, and the first one stays as it is. The name is
/// told first, and both before a taken id.
pub async fn policy_name_and_slug_are_taken_once(store: Arc<dyn Store>) {
    let first = create_policy(&*store, "Policy").await;
    let named = |name: &str, slug_is: &str| Policy {
        name: name.parse().expect("a sample is a name"),
        slug: slug(slug_is),
        ..policy("x")
    };
    for (name, slug, expected) in [
        ("Policy", "other", ChangePolicy::NameTaken),
        ("pOLICY", "other", ChangePolicy::NameTaken),
        ("Policy", "Policy", ChangePolicy::NameTaken),
        ("policy", "POLICY", ChangePolicy::NameTaken),
        ("other", "Policy", ChangePolicy::SlugTaken),
        ("other", "pOLICY", ChangePolicy::SlugTaken),
    ] {
        for id in [policy("x").id, first.id] {
            let second = Policy {
                id,
                ..named(name, slug)
            };
            let answer = store.create_policy(second).await;
            assert_eq!(answer.as_ref(), Ok(&expected), "{name} {slug}");
        }
    }
    let reused = Policy {
        id: first.id,
        ..named("other", "other")
    };
    let answer = store.create_policy(reused).await;
    assert_eq!(answer, Err(StoreError::EntityIdTaken(first.id)));
    assert_eq!(store.list_policies(None, 10).await, Ok(vec![first]));
    // A name is no slug.
    for free in [named("other", "a"), named("a", "other"), named("A ", "b")] {
        let answer = store.create_policy(free.clone()).await;
        assert_eq!(answer, Ok(ChangePolicy::Done(free)));
    }
}

/// Everything that may change does; the id and the time of creation stay as they are stored.
pub async fn updated_policy_is_found_with_every_field(store: Arc<dyn Store>) {
    let first = create_policy(&*store, "first").await;
    let other = create_policy(&*store, "other").await;
    let mut revision = first.revision;
    let mut slug_before = first.slug.clone();
    for sample in varied_policies() {
        let given = Policy {
            id: first.id,
            revision,
            created_at: Timestamp::from_seconds(1),
            ..sample
        };
        revision = revision.next();
        let expected = Policy {
            created_at: first.created_at,
            revision,
            ..given.clone()
        };
        let answer = store.update_policy(given).await;
        assert_eq!(answer, Ok(ChangePolicy::Done(expected.clone())));
        assert_eq!(
            store.find_policy(first.id).await,
            Ok(Some(expected.clone()))
        );
        let by_slug = store.find_policy_by_slug(&expected.slug).await;
        assert_eq!(by_slug.map(|it| it.map(|it| it.id)), Ok(Some(first.id)));
        // The old slug is free at once.
        let by_slug = store.find_policy_by_slug(&slug_before).await;
        assert_eq!(by_slug, Ok(None), "{slug_before}");
        slug_before = expected.slug;
    }
    assert_eq!(store.find_policy(other.id).await, Ok(Some(other)));
    let all = store.list_policies(None, 10).await;
    assert_eq!(all.map(|all| all.len()), Ok(2));
}

/// A change that was made from another state than the stored one is refused; so is one to a name or slug of another
/// policy, and one of nothing. They are told in this order, that of nothing first.
pub async fn refused_policy_update_changes_nothing(store: Arc<dyn Store>) {
    let first = create_policy(&*store, "first").await;
    let other = create_policy(&*store, "other").await;
    let answer = store.update_policy(first.clone()).await;
    let Ok(ChangePolicy::Done(stored)) = answer else {
        unreachable!("the policy cannot be changed: {answer:?}");
    };
    let taken = Policy {
        name: "OTHER".parse().expect("a sample is a name"),
        slug: slug("OTHER"),
        acl: acl(&["#"]),
        ..stored.clone()
    };
    let next = stored.revision.next();
    for revision in [first.revision, next, Revision::from_number(u64::MAX >> 1)] {
        for stale in [&stored, &taken] {
            let stale = Policy {
                revision,
                ..stale.clone()
            };
            let answer = store.update_policy(stale).await;
            assert_eq!(answer, Ok(ChangePolicy::Stale), "{revision:?}");
        }
    }
    let slug_taken = Policy {
        name: stored.name.clone(),
        ..taken.clone()
    };
    let nothing = Policy {
        id: policy("nothing").id,
        ..taken.clone()
    };
    for (refused, expected) in [
        (taken, ChangePolicy::NameTaken),
        (slug_taken, ChangePolicy::SlugTaken),
        (nothing, ChangePolicy::NotFound),
    ] {
        assert_eq!(store.update_policy(refused).await, Ok(expected));
    }
    assert_eq!(store.find_policy(first.id).await, Ok(Some(stored.clone())));
    assert_eq!(store.find_policy(other.id).await, Ok(Some(other)));
    // Its own name and slug in another spelling are free, of course.
    let spelled = Policy {
        name: "FIRST".parse().expect("a sample is a name"),
        slug: slug("First"),
        ..stored
    };
    let answer = store.update_policy(spelled.clone()).await;
    let expected = Policy {
        revision: spelled.revision.next(),
        ..spelled
    };
    assert_eq!(answer, Ok(ChangePolicy::Done(expected)));
}

/// A removed policy is found nowhere, nobody has it, and its name and slug are free again.
pub async fn removed_policy_is_gone(store: Arc<dyn Store>) {
    let first = create_policy(&*store, "first").await;
    let other = create_policy(&*store, "other").await;
    let users = [
        create_user(&*store, "a").await.id,
        create_user(&*store, "b").await.id,
    ];
    for user in users {
        for policy in [&first, &other] {
            let answer = store.assign_policy(policy.id, user).await;
            assert_eq!(answer, Ok(AssignPolicy::Done));
        }
    }
    for was_there in [true, false] {
        assert_eq!(store.remove_policy(first.id).await, Ok(was_there));
        assert_eq!(store.find_policy(first.id).await, Ok(None));
        let found = store.find_policy_by_slug(&first.slug).await;
        assert_eq!(found, Ok(None));
        for user in users {
            assert_eq!(store.policies_of(user).await, Ok(vec![other.clone()]));
        }
    }
    assert_eq!(store.remove_policy(users[0]).await, Ok(false));
    assert_eq!(store.list_policies(None, 10).await, Ok(vec![other]));
    // Nobody has it, not even if it were stored again as it was.
    let again = store.create_policy(first.clone()).await;
    assert_eq!(again, Ok(ChangePolicy::Done(first)));
    for user in users {
        let left = store.policies_of(user).await;
        assert_eq!(left.map(|it| it.len()), Ok(1));
    }
}

/// Pages follow each other without a gap or a repetition, in the order of the ids.
pub async fn list_policies_pages_in_order(store: Arc<dyn Store>) {
    assert_eq!(store.list_policies(None, 10).await, Ok(Vec::new()));
    let mut ids = Vec::new();
    for age in [5, 2, 7, 0, 4, 1, 6, 3] {
        let policy = Policy {
            id: EntityId::generate(NOW.plus(age), &Counting),
            ..policy(&format!("{age}"))
        };
        ids.push(policy.id);
        let answer = store.create_policy(policy).await;
        assert!(matches!(answer, Ok(ChangePolicy::Done(_))), "{answer:?}");
    }
    ids.sort();
    for limit in 1..=9_u32 {
        let (mut seen, mut after) = (Vec::new(), None);
        for _ in 0..=ids.len() {
            let page = store.list_policies(after, limit).await;
            let page = page.expect("the store is up");
            assert!(page.len() <= limit as usize);
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            seen.extend(page.into_iter().map(|policy| policy.id));
        }
        assert_eq!(seen, ids, "in pages of {limit}");
    }
    assert_eq!(store.list_policies(None, 0).await, Ok(Vec::new()));
    // A page goes on behind a policy that is gone by now.
    assert_eq!(store.remove_policy(ids[3]).await, Ok(true));
    let rest = store.list_policies(Some(ids[3]), 1).await;
    assert_eq!(rest.map(|it| it[0].id), Ok(ids[4]));
}

/// A policy is given to a user once, and taken once; both must be there, and that the policy is not is told first.
pub async fn policy_is_given_and_taken_once(store: Arc<dyn Store>) {
    let a = create_user(&*store, "a").await.id;
    let b = create_user(&*store, "b").await.id;
    let mut policies = Vec::new();
    for number in 0..5 {
        policies.push(create_policy(&*store, &format!("{number}")).await);
    }
    policies.sort_by_key(|policy| policy.id);
    assert_eq!(store.policies_of(a).await, Ok(Vec::new()));
    // Not in the order in which they are told.
    for number in [3, 0, 4, 1, 2] {
        for expected in [AssignPolicy::Done, AssignPolicy::Already] {
            let answer = store.assign_policy(policies[number].id, a).await;
            assert_eq!(answer, Ok(expected), "{number}");
        }
    }
    assert_eq!(store.policies_of(a).await, Ok(policies.clone()));
    assert_eq!(store.policies_of(b).await, Ok(Vec::new()));
    assert!(store.assign_policy(policies[2].id, b).await.is_ok());
    for expected in [AssignPolicy::Done, AssignPolicy::Already] {
        let answer = store.withdraw_policy(policies[2].id, a).await;
        assert_eq!(answer, Ok(expected));
    }
    let of_b = policies.remove(2);
    assert_eq!(store.policies_of(a).await, Ok(policies.clone()));
    assert_eq!(store.policies_of(b).await, Ok(vec![of_b]));

    let (nothing, nobody) = (policy("nothing").id, user("nobody").id);
    for (policy, user, expected) in [
        (nothing, a, AssignPolicy::PolicyNotFound),
        (nothing, nobody, AssignPolicy::PolicyNotFound),
        (a, a, AssignPolicy::PolicyNotFound),
        (policies[0].id, nobody, AssignPolicy::UserNotFound),
        (policies[0].id, policies[0].id, AssignPolicy::UserNotFound),
    ] {
        let answer = store.assign_policy(policy, user).await;
        assert_eq!(answer, Ok(expected));
        let answer = store.withdraw_policy(policy, user).await;
        assert_eq!(answer, Ok(expected));
    }
    assert_eq!(store.policies_of(nobody).await, Ok(Vec::new()));
    // It is told as it is now.
    let changed = Policy {
        acl: acl(&["#"]),
        ..policies[0].clone()
    };
    assert!(store.update_policy(changed).await.is_ok());
    let told = store.policies_of(a).await.expect("the store is up");
    assert_eq!(told[0].acl, acl(&["#"]));
}

/// RULES R10: what a user may do goes with the user, and not with what was issued for it.
pub async fn rule_r10_policies_go_with_their_user(store: Arc<dyn Store>) {
    let policy = create_policy(&*store, "policy").await;
    for end in End::ALL {
        let scene = Scene::set(&store, &format!("{end:?}")).await;
        let user = scene.user.id;
        let given = store.assign_policy(policy.id, user).await;
        assert_eq!(given, Ok(AssignPolicy::Done), "{end:?}");
        scene.end(&store, end).await;
        let left = store.policies_of(user).await;
        if end == End::UserRemoved {
            assert_eq!(left, Ok(Vec::new()));
            let given = store.assign_policy(policy.id, user).await;
            assert_eq!(given, Ok(AssignPolicy::UserNotFound));
            // A new user of the old name is somebody else.
            let again = create_user(&*store, &format!("{end:?}")).await;
            assert_eq!(store.policies_of(again.id).await, Ok(Vec::new()));
        } else {
            assert_eq!(left, Ok(vec![policy.clone()]), "{end:?}");
        }
    }
}

/// Of many who create a policy of one name, or one slug, exactly one does.
pub async fn race_for_one_policy_name_has_one_winner(store: Arc<dyn Store>) {
    for (round, taken) in [(0, ChangePolicy::NameTaken), (1, ChangePolicy::SlugTaken)] {
        let create = |store: Arc<dyn Store>, racer: usize| {
            let mut racing = policy(&format!("{round}-{racer}"));
            let same = ["same", "SAME", "Same"][racer % 3];
            if round == 0 {
                racing.name = same.parse().expect("a sample is a name");
            } else {
                racing.slug = slug(same);
            }
            async move { store.create_policy(racing).await }
        };
        let seen = race(&store, create).await;
        let lost = count(&seen, |it| it.as_ref() == Ok(&taken));
        assert_eq!(lost, RACERS - 1);
        let done = |it| matches!(it, Ok(ChangePolicy::Done(_)));
        let winner = seen.into_iter().find(|it| done(it.clone()));
        let stored = store.list_policies(None, 10).await.expect("it is up");
        assert_eq!(stored.len(), 1);
        assert_eq!(winner, Some(Ok(ChangePolicy::Done(stored[0].clone()))));
        assert_eq!(store.remove_policy(stored[0].id).await, Ok(true));
    }
}

/// Of many who change one state of a policy, exactly one does.
pub async fn race_of_policy_updates_has_one_winner(store: Arc<dyn Store>) {
    let stored = create_policy(&*store, "policy").await;
    let update = |store: Arc<dyn Store>, racer: usize| {
        let changed = Policy {
            description: Some(format!("racer {racer}")),
            ..stored.clone()
        };
        async move { store.update_policy(changed).await }
    };
    let seen = race(&store, update).await;
    assert_eq!(
        count(&seen, |it| *it == Ok(ChangePolicy::Stale)),
        RACERS - 1
    );
    let winner = seen.into_iter().find_map(|it| match it {
        Ok(ChangePolicy::Done(policy)) => Some(policy),
        _ => None,
    });
    assert_eq!(store.find_policy(stored.id).await, Ok(winner));
}

/// Of many who give one policy to one user, take it away or remove it, exactly one does each; whoever gives it while it is
/// removed leaves nothing behind.
pub async fn race_of_assignments_has_one_winner(store: Arc<dyn Store>) {
    let policy = create_policy(&*store, "policy").await.id;
    let user = create_user(&*store, "a").await.id;
    let assign = |store: Arc<dyn Store>, _| async move { store.assign_policy(policy, user).await };
    let withdraw =
        |store: Arc<dyn Store>, _| async move { store.withdraw_policy(policy, user).await };
    for seen in [race(&store, assign).await, race(&store, withdraw).await] {
        let done = count(&seen, |it| *it == Ok(AssignPolicy::Done));
        let already = count(&seen, |it| *it == Ok(AssignPolicy::Already));
        assert_eq!((done, already), (1, RACERS - 1));
    }
    let assign_or_remove = |store: Arc<dyn Store>, racer: usize| async move {
        let removed = racer.is_multiple_of(2) && store.remove_policy(policy).await == Ok(true);
        (removed, store.assign_policy(policy, user).await)
    };
    let seen = race(&store, assign_or_remove).await;
    assert_eq!(count(&seen, |it| it.0), 1);
    let given = count(&seen, |it| it.1 == Ok(AssignPolicy::Done));
    assert!(given <= 1, "{given}");
    assert_eq!(store.policies_of(user).await, Ok(Vec::new()));
}
