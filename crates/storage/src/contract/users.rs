//! The rules about users.

use std::sync::Arc;

use countersign_core::{EntityId, Epoch, NewUser, Revision, Timestamp, User};

use super::samples::{NOW, create_user, user, username, varied_users};
use super::scene::change_user;
use super::{RACERS, count, race};
use crate::{CreateUser, Issued, RemoveUser, Store, StoreError, UpdateUser};

/// What was created comes back as it was given, with an epoch, by its id and by its name.
pub async fn created_user_is_found_with_every_field(store: Arc<dyn Store>) {
    let mut stored = Vec::new();
    for new in varied_users() {
        let answer = store.create_user(new.clone()).await;
        let Ok(CreateUser::Created(created)) = answer else {
            unreachable!("{:?} cannot be created: {answer:?}", new.username);
        };
        assert_eq!(created, new.with_epoch(created.epoch));
        stored.push(created);
    }
    for user in &stored {
        let found = Ok(Some(user.clone()));
        assert_eq!(store.find_user(user.id).await, found);
        let key = user.username.key();
        assert_eq!(store.find_user_by_name(&key).await, found);
    }
    stored.sort_by_key(|user| user.username.key());
    assert_eq!(store.list_users(None, 1_000).await, Ok(stored));
    assert_eq!(store.find_user(user("nobody").id).await, Ok(None));
    let nobody = username("nobody").key();
    assert_eq!(store.find_user_by_name(&nobody).await, Ok(None));
}

/// A second user whose name has the same key is refused, and the first one stays as it is.
pub async fn username_is_taken_once(store: Arc<dyn Store>) {
    let first = create_user(&*store, "Zo\u{eb}").await;
    for name in ["Zo\u{eb}", "zo\u{eb}", "ZOE\u{308}"] {
        // Not even with the internal id of the first one: a command that is sent twice learns that it was done.
        for id in [user(name).id, first.id] {
            let second = NewUser { id, ..user(name) };
            let answer = store.create_user(second).await;
            assert_eq!(answer, Ok(CreateUser::UsernameTaken), "{name}");
        }
        let found = store.find_user_by_name(&username(name).key()).await;
        assert_eq!(found, Ok(Some(first.clone())), "{name}");
    }
    assert_eq!(store.list_users(None, 10).await, Ok(vec![first]));
    create_user(&*store, "Zoe").await;
}

/// Internal ids are never used twice (RULES R10): a caller who tries has a defect, and is told so.
pub async fn reused_user_id_is_refused(store: Arc<dyn Store>) {
    let first = create_user(&*store, "a").await;
    let second = NewUser {
        id: first.id,
        ..user("b")
    };
    assert_eq!(
        store.create_user(second).await,
        Err(StoreError::EntityIdTaken(first.id))
    );
    assert_eq!(store.list_users(None, 10).await, Ok(vec![first]));
}

/// A removed user is found nowhere, and its name is free again.
pub async fn removed_user_is_gone(store: Arc<dyn Store>) {
    let first = create_user(&*store, "a").await;
    let other = create_user(&*store, "b").await;
    let removed = store.remove_user(first.id, NOW).await;
    assert_eq!(removed, Ok(RemoveUser::Removed(first.clone())));
    let again = store.remove_user(first.id, NOW).await;
    assert_eq!(again, Ok(RemoveUser::NotFound));
    assert_eq!(store.find_user(first.id).await, Ok(None));
    let key = first.username.key();
    assert_eq!(store.find_user_by_name(&key).await, Ok(None));
    assert_eq!(store.list_users(None, 10).await, Ok(vec![other]));
    assert_ne!(create_user(&*store, "a").await.id, first.id);
}

/// Pages follow each other without a gap or a repetition, in the order of the bytes of the keys.
pub async fn list_users_pages_in_order(store: Arc<dyn Store>) {
    assert_eq!(store.list_users(None, 10).await, Ok(Vec::new()));
    // By their keys: "Z" folds to "z", and what is beyond ASCII comes behind it.
    let names = ["_", "a", "aa", "AB", "b", "Z", "\u{c4}", "\u{1f511}"];
    for name in ["b", "\u{1f511}", "aa", "Z", "\u{c4}", "a", "_", "AB"] {
        create_user(&*store, name).await;
    }
    for limit in 1..=9_u32 {
        let (mut seen, mut after) = (Vec::new(), None);
        for _ in 0..=names.len() {
            let page = store.list_users(after.as_ref(), limit).await;
            let page = page.expect("the store is up");
            assert!(page.len() <= limit as usize);
            let Some(last) = page.last() else { break };
            after = Some(last.username.key());
            seen.extend(page.into_iter().map(|user| user.username.to_string()));
        }
        assert_eq!(seen, names, "in pages of {limit}");
    }
    assert_eq!(store.list_users(None, 0).await, Ok(Vec::new()));
    // A page goes on behind a user that is gone by now.
    let rest = store.list_users(Some(&username("c").key()), 1).await;
    let rest = rest.expect("the store is up");
    assert_eq!(rest[0].username, username("Z"));
}

/// An address finds all users who have it, whatever the case of its ASCII letters, and nobody else.
pub async fn users_are_found_by_their_address(store: Arc<dyn Store>) {
    let stored = [
        ("a", Some("Zoe@Example.com"), true),
        ("b", Some("zoe@example.COM"), false),
        ("c", Some("Zo\u{eb}@Example.com"), false),
        ("d", Some("ZO\u{cb}@example.com"), false),
        ("e", Some("z%@example.com"), false),
        ("f", Some("z_e@example.com"), false),
        ("g", Some("o'\"\\e@example.com"), false),
        ("h", Some("{\"a\": 1}"), false),
        ("i", None, false),
        ("j", None, true),
    ];
    let mut users = Vec::new();
    for (name, address, verified) in stored {
        users.push(create_with_address(&store, name, address, verified).await);
    }
    for (address, expected) in [
        ("zoe@example.com", &[0, 1][..]),
        ("ZOE@EXAMPLE.COM", &[0, 1]),
        ("zo\u{eb}@example.com", &[2]),
        ("zo\u{cb}@EXAMPLE.com", &[3]),
        ("zoe\u{308}@example.com", &[]),
        ("Z%@example.com", &[4]),
        ("Z_e@example.com", &[5]),
        ("O'\"\\E@example.com", &[6]),
        ("{\"A\": 1}", &[7]),
        ("zoe@example.co", &[]),
        (" zoe@example.com", &[]),
        ("%", &[]),
        ("null", &[]),
        ("", &[]),
    ] {
        let mut expected: Vec<User> = expected.iter().map(|it| users[*it].clone()).collect();
        expected.sort_by_key(|user| user.id);
        let found = store.find_users_by_email(address, 10).await;
        assert_eq!(found, Ok(expected), "{address}");
    }
    // Another address from now on, and nobody's from then on.
    let moved = change_user(&store, &users[0], Issued::Lives, |it| {
        it.profile.email = Some("zoe@example.org".into());
        it.enabled = false;
    });
    let moved = moved.await;
    let address = async |text| store.find_users_by_email(text, 10).await;
    assert_eq!(address("ZOE@example.org").await, Ok(vec![moved.clone()]));
    assert_eq!(address("zoe@example.com").await, Ok(users[1..2].to_vec()));
    assert!(store.remove_user(moved.id, NOW).await.is_ok());
    assert_eq!(address("zoe@example.org").await, Ok(Vec::new()));
    change_user(&store, &users[1], Issued::Ends, |it| {
        it.profile.email = None;
    })
    .await;
    assert_eq!(address("zoe@example.com").await, Ok(Vec::new()));
}

/// Of the users with one address, no more are told than were asked for, in the order of their ids.
pub async fn users_of_one_address_are_told_up_to_a_limit(store: Arc<dyn Store>) {
    let mut users = Vec::new();
    for number in 0..5 {
        let name = format!("{}", (number * 3) % 5);
        let address = ["a@example.com", "A@EXAMPLE.com"][number % 2];
        users.push(create_with_address(&store, &name, Some(address), false).await);
    }
    users.sort_by_key(|user| user.id);
    for limit in 0..=6_u32 {
        let found = store.find_users_by_email("a@Example.com", limit).await;
        let expected = &users[..users.len().min(limit as usize)];
        assert_eq!(found.as_deref(), Ok(expected), "{limit}");
    }
}

/// Everything that may change does; the id, the time of creation and the epoch stay as they are stored.
pub async fn updated_user_is_found_with_every_field(store: Arc<dyn Store>) {
    let first = create_user(&*store, "a").await;
    let other = create_user(&*store, "other").await;
    let mut revision = first.revision;
    for (number, sample) in varied_users().into_iter().enumerate() {
        let given = User {
            id: first.id,
            epoch: Epoch::from_number(u64::MAX >> 1),
            created_at: Timestamp::from_seconds(1),
            revision,
            enabled: number.is_multiple_of(2),
            ..sample.with_epoch(first.epoch)
        };
        revision = revision.next();
        let expected = User {
            epoch: first.epoch,
            created_at: first.created_at,
            revision,
            ..given.clone()
        };
        let answer = store.update_user(given, Issued::Lives, NOW).await;
        assert_eq!(answer, Ok(UpdateUser::Updated(expected.clone())));
        let key = expected.username.key();
        assert_eq!(store.find_user(first.id).await, Ok(Some(expected.clone())));
        assert_eq!(store.find_user_by_name(&key).await, Ok(Some(expected)));
    }
    assert_eq!(store.find_user(other.id).await, Ok(Some(other)));
    assert_eq!(store.list_users(None, 10).await.map(|all| all.len()), Ok(2));
}

/// A change that was made from another state than the stored one is refused, and so is one of nobody.
pub async fn stale_user_update_changes_nothing(store: Arc<dyn Store>) {
    let first = create_user(&*store, "a").await;
    create_user(&*store, "b").await;
    let stored = change_user(&store, &first, Issued::Lives, |_| ()).await;
    let next = stored.revision.next();
    for revision in [first.revision, next, Revision::from_number(u64::MAX >> 1)] {
        for issued in [Issued::Lives, Issued::Ends] {
            let stale = User {
                // Told before a taken name.
                username: username("b"),
                enabled: false,
                revision,
                ..stored.clone()
            };
            let answer = store.update_user(stale, issued, NOW).await;
            assert_eq!(answer, Ok(UpdateUser::Stale), "{revision:?}");
        }
    }
    let nobody = user("nobody").with_epoch(stored.epoch);
    let answer = store.update_user(nobody, Issued::Ends, NOW).await;
    assert_eq!(answer, Ok(UpdateUser::NotFound));
    assert_eq!(store.find_user(first.id).await, Ok(Some(stored)));
}

/// A new name is taken from nobody; the old one is free at once.
pub async fn renamed_user_frees_its_name(store: Arc<dyn Store>) {
    let a = create_user(&*store, "a").await;
    let b = create_user(&*store, "b").await;
    for taken in ["b", "B"] {
        let renamed = User {
            username: username(taken),
            ..a.clone()
        };
        let answer = store.update_user(renamed, Issued::Ends, NOW).await;
        assert_eq!(answer, Ok(UpdateUser::UsernameTaken));
    }
    assert_eq!(store.find_user(a.id).await, Ok(Some(a.clone())));
    // Its own name in another spelling is free, of course.
    for free in ["A", "c"] {
        let renamed = change_user(&store, &a, Issued::Lives, |it| it.username = username(free));
        assert_eq!(renamed.await.username, username(free));
    }
    let key = a.username.key();
    assert_eq!(store.find_user_by_name(&key).await, Ok(None));
    let of_b = store.find_user_by_name(&b.username.key()).await;
    assert_eq!(of_b, Ok(Some(b)));
    assert_ne!(create_user(&*store, "a").await.id, a.id);
}

/// Of many who create one user, exactly one does, whatever the spelling.
pub async fn race_for_one_username_has_one_winner(store: Arc<dyn Store>) {
    let create = |store: Arc<dyn Store>, racer: usize| async move {
        let name = ["\u{c4}", "\u{e4}", "a\u{308}"][racer % 3];
        store.create_user(user(name)).await
    };
    let seen = race(&store, create).await;
    let taken = count(&seen, |it| *it == Ok(CreateUser::UsernameTaken));
    assert_eq!(taken, RACERS - 1);
    let winner = seen.into_iter().find_map(|it| match it {
        Ok(CreateUser::Created(user)) => Some(user),
        _ => None,
    });
    let stored = store.list_users(None, 10).await;
    assert_eq!(stored, Ok(winner.into_iter().collect()));
}

/// Of many who take one name, some with a new user and some with an old one, exactly one does.
pub async fn race_for_one_new_name_has_one_winner(store: Arc<dyn Store>) {
    let mut users = Vec::new();
    for number in 0..RACERS {
        users.push(create_user(&*store, &format!("user-{number}")).await);
    }
    let take = |store: Arc<dyn Store>, racer: usize| {
        let renamed = User {
            username: username("\u{c4}"),
            ..users[racer].clone()
        };
        async move {
            if racer.is_multiple_of(2) {
                match store.create_user(user("a\u{308}")).await {
                    Ok(CreateUser::Created(user)) => Some(user.id),
                    other => assert_lost(other == Ok(CreateUser::UsernameTaken)),
                }
            } else {
                match store.update_user(renamed, Issued::Lives, NOW).await {
                    Ok(UpdateUser::Updated(user)) => Some(user.id),
                    other => assert_lost(other == Ok(UpdateUser::UsernameTaken)),
                }
            }
        }
    };
    let winners: Vec<EntityId> = race(&store, take).await.into_iter().flatten().collect();
    let owner = store.find_user_by_name(&username("\u{c4}").key()).await;
    assert_eq!(owner.map(|it| it.map(|it| vec![it.id])), Ok(Some(winners)));
}

/// Of many who change one state of a user, exactly one does.
pub async fn race_of_user_updates_has_one_winner(store: Arc<dyn Store>) {
    let user = create_user(&*store, "a").await;
    let update = |store: Arc<dyn Store>, racer: usize| {
        let mut changed = user.clone();
        changed.profile.name = Some(format!("racer {racer}"));
        async move { store.update_user(changed, Issued::Ends, NOW).await }
    };
    let seen = race(&store, update).await;
    let stale = count(&seen, |it| *it == Ok(UpdateUser::Stale));
    assert_eq!(stale, RACERS - 1);
    let winner = seen.into_iter().find_map(|it| match it {
        Ok(UpdateUser::Updated(user)) => Some(user),
        _ => None,
    });
    assert_eq!(store.find_user(user.id).await, Ok(winner));
}

/// Of many who remove one user, exactly one does.
pub async fn race_of_user_removals_has_one_winner(store: Arc<dyn Store>) {
    let user = create_user(&*store, "a").await;
    let remove = |store: Arc<dyn Store>, _| async move { store.remove_user(user.id, NOW).await };
    let seen = race(&store, remove).await;
    let removed = count(&seen, |it| matches!(it, Ok(RemoveUser::Removed(_))));
    let not_found = count(&seen, |it| *it == Ok(RemoveUser::NotFound));
    assert_eq!((removed, not_found), (1, RACERS - 1));
}

async fn create_with_address(
    store: &Arc<dyn Store>,
    name: &str,
    address: Option<&str>,
    verified: bool,
) -> User {
    let mut new = user(name);
    new.profile.email = address.map(Into::into);
    new.profile.email_verified = verified;
    match store.create_user(new).await {
        Ok(CreateUser::Created(user)) => user,
        other => unreachable!("the user {name} cannot be created: {other:?}"),
    }
}

/// A racer who did not win must have lost.
fn assert_lost(lost: bool) -> Option<EntityId> {
    assert!(lost, "neither won nor lost");
    None
}
