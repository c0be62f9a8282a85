//! The rules about what users have agreed to.

use std::sync::Arc;

use countersign_core::{Consent, EntityId, Scope, ScopeToken};

use super::samples::{NOW, client, consent, create, create_user, user};
use super::scene::{End, Scene, change_client, change_user};
use super::{RACERS, race};
use crate::{Issued, Liveness, Store};

/// What was agreed to comes back as it was told, of this user and this client only.
pub async fn remembered_consent_is_found_with_every_field(store: Arc<dyn Store>) {
    let (a, b) = (create(&*store, "a").await, create(&*store, "b").await);
    let alice = create_user(&*store, "alice").await;
    let bob = create_user(&*store, "bob").await;
    let consents = [
        consent(
            &alice,
            &a,
            "openid 'quoted' %_ a;b /accounts/{id}/wallets.read",
        ),
        Consent {
            scope: Scope::empty(),
            given_at: NOW.plus(1),
            ..consent(&alice, &b, "read")
        },
        consent(&bob, &a, "write"),
    ];
    for consent in &consents {
        assert_eq!(store.remember_consent(consent.clone()).await, Ok(()));
    }
    for consent in consents {
        let found = store.find_consent(consent.user, consent.client).await;
        assert_eq!(found, Ok(Some(consent)));
    }
    let nobody = user("nobody").id;
    for (user, client) in [(bob.id, b.id), (a.id, alice.id), (nobody, a.id)] {
        assert_eq!(store.find_consent(user, client).await, Ok(None));
    }
}

/// What is agreed to later stands beside what was agreed to before, once.
pub async fn later_consent_is_added_to_the_earlier_one(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    for (hour, scope, expected) in [
        (0, "read openid", "read openid"),
        (1, "openid write", "read openid write"),
        (2, "read", "read openid write"),
        (3, "READ", "read openid write READ"),
    ] {
        let given = Consent {
            given_at: NOW.plus(hour * 3_600),
            ..consent(&scene.user, &scene.client, scope)
        };
        assert_eq!(store.remember_consent(given.clone()).await, Ok(()));
        let expected = Consent {
            scope: expected.parse().expect("a scope"),
            ..given
        };
        assert_eq!(found(&store, &scene).await, Some(expected), "{scope}");
    }
}

/// Both together are kept as long as a scope can hold them, and then only the new.
pub async fn consent_that_would_be_too_large_keeps_only_the_new(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let tokens = |from: usize, to: usize| -> Scope {
        let token = |number| format!("s{number}").parse::<ScopeToken>();
        (from..to).map(|it| token(it).expect("a token")).collect()
    };
    let most = Scope::MAX_TOKENS;
    for (given, expected) in [
        (tokens(0, most - 1), tokens(0, most - 1)),
        (tokens(most - 2, most), tokens(0, most)),
        // Nothing is new: nothing overflows.
        (tokens(0, 1), tokens(0, most)),
        (tokens(most - 1, most + 1), tokens(most - 1, most + 1)),
        (tokens(0, most), tokens(0, most)),
    ] {
        let given = Consent {
            scope: given,
            ..consent(&scene.user, &scene.client, "read")
        };
        assert_eq!(store.remember_consent(given).await, Ok(()));
        let found = found(&store, &scene).await.map(|it| it.scope);
        assert_eq!(found, Some(expected));
    }
}

/// Of what is agreed to at once, nothing is lost.
pub async fn race_of_consents_remembers_all(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let agree = |store: Arc<dyn Store>, racer| {
        let consent = consent(&scene.user, &scene.client, &format!("s{racer} openid"));
        async move { store.remember_consent(consent).await }
    };
    assert_eq!(race(&store, agree).await, [const { Ok(()) }; RACERS]);
    let scope = found(&store, &scene).await.map(|it| it.scope);
    assert_eq!(scope.map(|it| it.iter().len()), Some(RACERS + 1));
}

/// RULES R10: a consent goes with its user and with its client, and with nothing less; a new one of the old name has
/// none.
pub async fn rule_r10_consent_goes_with_its_user_and_its_client(store: Arc<dyn Store>) {
    let other = Scene::set(&store, "other").await;
    agree(&store, &other).await;
    for end in End::ALL {
        let scene = Scene::set(&store, "a").await;
        agree(&store, &scene).await;
        // Of the same user, and of the same client.
        let beside = [
            consent(&scene.user, &other.client, "read"),
            consent(&other.user, &scene.client, "read"),
        ];
        for consent in &beside {
            assert_eq!(store.remember_consent(consent.clone()).await, Ok(()));
        }
        scene.end(&store, end).await;
        let of_user = end != End::UserRemoved;
        let of_client = end != End::ClientRemoved;
        let left = found(&store, &scene).await;
        assert_eq!(left.is_some(), of_user && of_client, "{end:?}");
        for (consent, is_left) in beside.into_iter().zip([of_user, of_client]) {
            let found = store.find_consent(consent.user, consent.client).await;
            assert_eq!(found, Ok(is_left.then_some(consent)), "{end:?}");
        }
        assert!(found(&store, &other).await.is_some(), "{end:?}");

        let removed = store.remove_client(&scene.client.client_id, NOW).await;
        assert!(removed.is_ok(), "{removed:?}");
        let removed = store.remove_user(scene.user.id, NOW).await;
        assert!(removed.is_ok(), "{removed:?}");
    }
    let anew = Scene::set(&store, "a").await;
    assert_eq!(found(&store, &anew).await, None);
    let of_user = store.list_consents(anew.user.id, None, 10).await;
    assert_eq!(of_user, Ok(Vec::new()));
}

/// RULES R10: a consent of a user or client that is gone is not kept; of one that is disabled or changed, it is.
pub async fn rule_r10_consent_of_what_is_gone_is_not_kept(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let nobody = user("nobody").with_epoch(scene.user.epoch);
    let gone = client("gone").with_epoch(scene.client.epoch);
    for consent in [
        consent(&nobody, &scene.client, "read"),
        consent(&scene.user, &gone, "read"),
        consent(&nobody, &gone, "read"),
    ] {
        let (user, client) = (consent.user, consent.client);
        assert_eq!(store.remember_consent(consent).await, Ok(()));
        assert_eq!(store.find_consent(user, client).await, Ok(None));
    }
    change_user(&store, &scene.user, Issued::Ends, |it| it.enabled = false).await;
    change_client(&store, &scene.client, Issued::Ends, |_| ()).await;
    agree(&store, &scene).await;
}

/// What is forgotten is asked again; nothing that was issued ends, and nobody else's consent is forgotten.
pub async fn forgotten_consent_is_gone(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let other = Scene::set(&store, "b").await;
    agree(&store, &scene).await;
    agree(&store, &other).await;
    let (user, client) = (scene.user.id, scene.client.id);
    for expected in [true, false] {
        assert_eq!(store.forget_consent(user, client).await, Ok(expected));
        assert_eq!(found(&store, &scene).await, None);
    }
    assert_eq!(scene.liveness(&store).await, Liveness::Live);
    assert!(found(&store, &other).await.is_some());
    // What is agreed to from now on stands alone.
    let anew = consent(&scene.user, &scene.client, "write");
    assert_eq!(store.remember_consent(anew.clone()).await, Ok(()));
    assert_eq!(found(&store, &scene).await, Some(anew));
}

/// Consents of one user are listed by the ids of their clients, page by page.
pub async fn list_consents_pages_in_order(store: Arc<dyn Store>) {
    let alice = create_user(&*store, "alice").await;
    let bob = create_user(&*store, "bob").await;
    let mut consents = Vec::new();
    for name in ["c", "a", "d", "b", "e"] {
        let client = create(&*store, name).await;
        let of_bob = consent(&bob, &client, "read");
        assert_eq!(store.remember_consent(of_bob).await, Ok(()));
        consents.push(consent(&alice, &client, "read write"));
    }
    for consent in consents.iter().rev() {
        assert_eq!(store.remember_consent(consent.clone()).await, Ok(()));
    }
    consents.sort_by_key(|consent| consent.client);
    for limit in 1..=6_u32 {
        let (mut seen, mut after) = (Vec::<Consent>::new(), None::<EntityId>);
        for _ in 0..=consents.len() {
            let page = store.list_consents(alice.id, after, limit).await;
            let page = page.expect("the store is up");
            assert!(page.len() <= limit as usize);
            let Some(last) = page.last() else { break };
            after = Some(last.client);
            seen.extend(page);
        }
        assert_eq!(seen, consents, "in pages of {limit}");
    }
    let none = store.list_consents(alice.id, None, 0).await;
    assert_eq!(none, Ok(Vec::new()));
    let nobody = store.list_consents(user("nobody").id, None, 10).await;
    assert_eq!(nobody, Ok(Vec::new()));
}

/// The user of the scene agrees to something, which is there then.
async fn agree(store: &Arc<dyn Store>, scene: &Scene) {
    let consent = consent(&scene.user, &scene.client, "read");
    assert_eq!(store.remember_consent(consent.clone()).await, Ok(()));
    assert_eq!(found(store, scene).await, Some(consent));
}

async fn found(store: &Arc<dyn Store>, scene: &Scene) -> Option<Consent> {
    let found = store.find_consent(scene.user.id, scene.client.id).await;
    found.expect("the store is up")
}
