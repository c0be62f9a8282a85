//! The rules about who is who: subjects and client ids, and the epochs of both.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_core::{Client, Epoch, NewUser, TokenId, User};

use super::samples::{
    Counting, NOW, client, create, create_grant, create_user, first_refresh, next_refresh, token,
    user, username,
};
use super::scene::{End, Scene, change_client, change_user, liveness};
use super::{RACERS, race};
use crate::{
    CreateClient, CreateUser, Issued, Liveness, RESTORE_EPOCHS, RefreshOutcome, RestoreGap, Store,
};

/// RULES A6: a `client_id` that is the subject of a user is refused.
pub async fn rule_a6_client_id_that_is_a_subject_is_refused(store: Arc<dyn Store>) {
    let user = create_user(&*store, "a").await;
    let subject = user.id.to_string();
    let answer = store.create_client(client(&subject)).await;
    assert_eq!(answer, Ok(CreateClient::ClientIdIsSubject));
    assert_eq!(store.list_clients(None, 10).await, Ok(Vec::new()));
    // A name of a user is no subject, and a subject has one spelling.
    for other in ["a", &subject.to_uppercase(), &subject.replace('-', "")] {
        create(&*store, other).await;
    }
}

/// RULES A6: a user whose subject is a `client_id` is refused. A taken name is told before that.
pub async fn rule_a6_subject_that_is_a_client_id_is_refused(store: Arc<dyn Store>) {
    create_user(&*store, "taken").await;
    let new = user("a");
    let client = create(&*store, &new.id.to_string()).await;
    let answer = store.create_user(new.clone()).await;
    assert_eq!(answer, Ok(CreateUser::SubjectIsClientId));
    let taken = NewUser {
        username: username("taken"),
        ..new.clone()
    };
    let answer = store.create_user(taken).await;
    assert_eq!(answer, Ok(CreateUser::UsernameTaken));
    assert_eq!(store.find_user(new.id).await, Ok(None));
    let found = store.find_user_by_name(&new.username.key()).await;
    assert_eq!(found, Ok(None));

    assert!(store.remove_client(&client.client_id, NOW).await.is_ok());
    let answer = store.create_user(new).await;
    assert!(matches!(answer, Ok(CreateUser::Created(_))), "{answer:?}");
}

/// RULES A6: of a user and a client that come at once with one subject, exactly one is stored.
pub async fn rule_a6_race_for_one_subject_has_one_winner(store: Arc<dyn Store>) {
    let users: Vec<NewUser> = (0..RACERS / 2)
        .map(|pair| user(&format!("user-{pair}")))
        .collect();
    let take = |store: Arc<dyn Store>, racer: usize| {
        let user = users[racer / 2].clone();
        async move {
            if racer.is_multiple_of(2) {
                let answer = store.create_user(user).await;
                matches!(answer, Ok(CreateUser::Created(_)))
            } else {
                let answer = store.create_client(client(&user.id.to_string())).await;
                matches!(answer, Ok(CreateClient::Created(_)))
            }
        }
    };
    let won = race(&store, take).await;
    for (pair, won) in won.chunks(2).enumerate() {
        assert_ne!(won[0], won[1], "pair {pair}");
    }
}

/// RULES A1, R10: clients and users draw their epochs from one sequence, in which none comes twice.
pub async fn rule_a1_clients_and_users_never_share_an_epoch(store: Arc<dyn Store>) {
    let mut epochs = BTreeSet::new();
    let mut drawn = |epoch: Epoch| assert!(epochs.insert(epoch), "{epoch:?} came twice");
    for _ in 0..3 {
        let client = create(&*store, "a").await;
        let user = create_user(&*store, "a").await;
        drawn(client.epoch);
        drawn(user.epoch);
        drawn(
            change_client(&store, &client, Issued::Ends, |_| ())
                .await
                .epoch,
        );
        drawn(change_user(&store, &user, Issued::Ends, |_| ()).await.epoch);
        let other = create(&*store, "other").await;
        drawn(other.epoch);
        assert_eq!(store.end_everything(NOW).await, Ok(2));
        for client in store.list_clients(None, 10).await.expect("the store is up") {
            drawn(client.epoch);
            let removed = store.remove_client(&client.client_id, NOW).await;
            assert!(removed.is_ok(), "{removed:?}");
        }
        assert!(store.remove_user(user.id, NOW).await.is_ok());
    }
}

/// RULES A1: epochs that are drawn at once are different.
pub async fn rule_a1_race_of_draws_has_different_epochs(store: Arc<dyn Store>) {
    let mut scenes = Vec::new();
    for number in 0..RACERS / 2 {
        scenes.push(Scene::set(&store, &format!("old-{number}")).await);
    }
    let draw = |store: Arc<dyn Store>, racer: usize| {
        let scene = scenes[racer / 2].clone();
        async move {
            let name = format!("new-{racer}");
            if racer.is_multiple_of(2) {
                let changed = change_client(&store, &scene.client, Issued::Ends, |_| ()).await;
                [changed.epoch, create_user(&*store, &name).await.epoch]
            } else {
                let changed = change_user(&store, &scene.user, Issued::Ends, |_| ()).await;
                [changed.epoch, create(&*store, &name).await.epoch]
            }
        }
    };
    let epochs: BTreeSet<Epoch> = race(&store, draw).await.into_iter().flatten().collect();
    assert_eq!(epochs.len(), 2 * RACERS);
}

/// RULES A1: what was issued to a client ends with its epoch, and only then.
pub async fn rule_a1_new_epoch_of_a_client_ends_what_was_issued(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let other = Scene::set(&store, "b").await;
    let own = token(scene.client.epoch);

    let lives = change_client(&store, &scene.client, Issued::Lives, |_| ()).await;
    assert_eq!(lives.epoch, scene.client.epoch);
    assert_eq!(scene.liveness(&store).await, Liveness::Live);
    assert_eq!(liveness(&store, &scene.client, own).await, Liveness::Live);

    let ended = change_client(&store, &scene.client, Issued::Ends, |_| ()).await;
    assert_eq!(scene.liveness(&store).await, Liveness::ClientEnded);
    let told = liveness(&store, &scene.client, own).await;
    assert_eq!(told, Liveness::ClientEnded);
    let found = scene.found(&store).await;
    assert!(found.is_some_and(|it| !it.client_is_live && it.user_is_live()));

    // What is issued from now on is not concerned, nor is anybody else.
    let again = create_grant(&*store, &ended, &scene.user).await;
    let anew = Scene {
        grant: again,
        ..scene
    };
    assert_eq!(anew.liveness(&store).await, Liveness::Live);
    assert_eq!(other.liveness(&store).await, Liveness::Live);
}

/// RULES A1: what was issued for a user ends with its epoch, and only then.
pub async fn rule_a1_new_epoch_of_a_user_ends_what_was_issued(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let other = Scene::set(&store, "b").await;
    let own = token(scene.client.epoch);

    let lives = change_user(&store, &scene.user, Issued::Lives, |_| ()).await;
    assert_eq!(lives.epoch, scene.user.epoch);
    assert_eq!(scene.liveness(&store).await, Liveness::Live);

    let ended = change_user(&store, &scene.user, Issued::Ends, |_| ()).await;
    assert_eq!(scene.liveness(&store).await, Liveness::UserEnded);
    let found = scene.found(&store).await;
    assert!(found.is_some_and(|it| it.client_is_live && !it.user_is_live()));
    // What the client has for itself, what is issued from now on, and everybody else are not concerned.
    assert_eq!(liveness(&store, &scene.client, own).await, Liveness::Live);
    let again = create_grant(&*store, &scene.client, &ended).await;
    let anew = Scene {
        grant: again,
        ..scene
    };
    assert_eq!(anew.liveness(&store).await, Liveness::Live);
    assert_eq!(other.liveness(&store).await, Liveness::Live);
}

/// A user who is disabled for a while has the same grants after it, unless they were ended.
pub async fn disabled_user_has_no_live_grants_until_enabled(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    for issued in [Issued::Lives, Issued::Ends] {
        change_user(&store, &scene.user, Issued::Lives, |it| it.enabled = false).await;
        assert_eq!(scene.liveness(&store).await, Liveness::UserEnded);
        let found = scene.found(&store).await.expect("the row is there");
        assert!(found.client_is_live && !found.user_is_live());
        assert_eq!(found.user.map(|it| it.enabled), Some(false));
        change_user(&store, &scene.user, issued, |it| it.enabled = true).await;
        let expected = match issued {
            Issued::Lives => Liveness::Live,
            Issued::Ends => Liveness::UserEnded,
        };
        assert_eq!(scene.liveness(&store).await, expected);
    }
}

/// RULES A1: with a new epoch of every client, all that was ever issued ends.
pub async fn rule_a1_end_everything_ends_everything(store: Arc<dyn Store>) {
    assert_eq!(store.end_everything(NOW).await, Ok(0));
    let scenes = [Scene::set(&store, "a").await, Scene::set(&store, "b").await];
    assert_eq!(store.end_everything(NOW).await, Ok(2));
    assert_eq!(store.list_sessions(None, None, 10).await, Ok(Vec::new()));
    for scene in scenes {
        let own = token(scene.client.epoch);
        assert_eq!(scene.liveness(&store).await, Liveness::ClientEnded);
        let told = liveness(&store, &scene.client, own).await;
        assert_eq!(told, Liveness::ClientEnded);
        let client = store.find_client(&scene.client.client_id).await;
        let client = client.expect("the store is up").expect("it is there");
        let expected = Client {
            epoch: client.epoch,
            revision: scene.client.revision.next(),
            ..scene.client
        };
        assert_eq!(client, expected);
        let again = create_grant(&*store, &client, &scene.user).await;
        let anew = Scene {
            client,
            grant: again,
            ..scene
        };
        assert_eq!(anew.liveness(&store).await, Liveness::Live);
    }
}

/// RULES R10: a removed and re-created name revives nothing, not even with a token that was never seen before.
pub async fn rule_r10_new_entity_of_an_old_name_revives_nothing(store: Arc<dyn Store>) {
    for end in [End::UserRemoved, End::ClientRemoved] {
        let scene = Scene::set(&store, "a").await;
        scene.end(&store, end).await;
        let (client, user) = match end {
            End::UserRemoved => (scene.client.clone(), create_user(&*store, "a").await),
            _ => (create(&*store, "a").await, scene.user.clone()),
        };
        assert_eq!(scene.liveness(&store).await, end.told(), "{end:?}");
        // The old grant under the new epoch of the client.
        let forged = TokenId::generate(scene.grant.id, client.epoch, &Counting);
        let told = liveness(&store, &client, forged).await;
        assert_ne!(told, Liveness::Live, "{end:?}");
        let next = next_refresh(&first_refresh());
        let rotated = store.rotate_refresh(scene.seen(), next).await;
        assert_eq!(rotated, Ok(RefreshOutcome::Ended), "{end:?}");
        let found = scene.found(&store).await.expect("the row is there");
        assert!(!(found.client_is_live && found.user_is_live()), "{end:?}");

        assert!(store.remove_client(&client.client_id, NOW).await.is_ok());
        assert!(store.remove_user(user.id, NOW).await.is_ok());
    }
}

/// RULES R4, A1: no epoch that the lost time may have drawn is drawn again.
pub async fn rule_r4_restore_passes_over_the_lost_epochs(store: Arc<dyn Store>) {
    assert_eq!(store.restore_gap().await, Ok(None));
    let scene = Scene::set(&store, "a").await;
    let mut latest = scene.user.epoch.number();
    for hour in 1..=3 {
        let gap = RestoreGap {
            restored_to: NOW.plus(-3_600),
            declared_at: NOW.plus(hour),
        };
        assert_eq!(store.declare_restore(gap).await, Ok(()));
        // The last one takes the place of those before it.
        assert_eq!(store.restore_gap().await, Ok(Some(gap)));
        let user: User = create_user(&*store, &format!("user-{hour}")).await;
        let epoch = user.epoch.number();
        assert!(epoch > latest + RESTORE_EPOCHS, "{latest} then {epoch}");
        latest = epoch;
    }
    let client = change_client(&store, &scene.client, Issued::Ends, |_| ()).await;
    assert!(client.epoch.number() > latest);
    assert_eq!(scene.liveness(&store).await, Liveness::ClientEnded);
}
