//! The rules about grants that were authorized in a session: those that end with it, and those that go on (RULES R11).

use std::sync::Arc;

use countersign_core::{Grant, GrantId};

use super::samples::{create_session, next_refresh, session, session_at};
use super::scene::{End, Scene, store_grant};
use crate::{CreateSession, EndGrant, EndSession, FoundGrant, Liveness, RefreshOutcome, Store};

/// A way in which a session comes to its end.
#[derive(Clone, Copy, Debug)]
enum Way {
    Ended,
    Replaced,
    Oldest,
    Swept,
}

impl Way {
    const ALL: [Self; 4] = [Self::Ended, Self::Replaced, Self::Oldest, Self::Swept];

    /// Lets the session of the scene, and no other of this user, end in this way.
    async fn end(self, store: &Arc<dyn Store>, scene: &Scene) {
        let (new, id) = (session(&scene.user), scene.session.id);
        match self {
            Self::Ended => {
                let ended = store.end_session(id).await;
                assert_eq!(ended, Ok(EndSession::Ended));
            }
            Self::Replaced => {
                let created = store.create_session(new, Some(id), 10).await;
                let ended = Vec::new();
                assert_eq!(created, Ok(CreateSession::Created { ended }));
            }
            Self::Oldest => {
                let new = session_at(&scene.user, scene.session.created_at.plus(9));
                let created = store.create_session(new, None, 1).await;
                let ended = vec![id];
                assert_eq!(created, Ok(CreateSession::Created { ended }));
            }
            Self::Swept => {
                let looked = store.sweep(scene.session.row_ends_at(), 1_000).await;
                assert!(looked.is_ok_and(|it| (1..1_000).contains(&it)));
            }
        }
        assert_eq!(store.find_session(id).await, Ok(None), "{self:?}");
    }
}

/// RULES R11: however a session ends, its grants end with it, and every token of them.
pub async fn rule_r11_grant_ends_with_its_session(store: Arc<dyn Store>) {
    for way in Way::ALL {
        let scene = Scene::set(&store, &format!("{way:?}")).await;
        let found = scene.found(&store).await;
        assert!(found.is_some_and(|it| it.session_is_there && it.is_live()));
        assert_eq!(scene.liveness(&store).await, Liveness::Live, "{way:?}");
        way.end(&store, &scene).await;
        let told = scene.liveness(&store).await;
        assert_eq!(told, Liveness::SessionEnded, "{way:?}");
        let expected = FoundGrant {
            grant: scene.grant.clone(),
            client_is_live: true,
            client_id: Some(scene.client.client_id.clone()),
            user: Some(scene.user.clone()),
            session_is_there: false,
        };
        assert!(!expected.is_live());
        assert_eq!(scene.found(&store).await, Some(expected), "{way:?}");
        let next = next_refresh(scene.refresh());
        for outcome in [
            store.use_refresh(scene.seen(), next.used_at).await,
            store.retry_refresh(scene.seen(), 1).await,
            store.rotate_refresh(scene.seen(), next).await,
        ] {
            assert_eq!(outcome, Ok(RefreshOutcome::Ended), "{way:?}");
        }
        let left = scene.found(&store).await.map(|it| it.grant);
        assert_eq!(left.as_ref(), Some(&scene.grant), "{way:?}");
        // What the client was asked to revoke it can revoke.
        let ended = store.end_grant(scene.grant.id).await;
        assert_eq!(ended, Ok(EndGrant::Ended), "{way:?}");
    }
}

/// RULES R11: a grant with `offline_access`, one without a session, and those of other sessions go on.
pub async fn rule_r11_other_grants_outlive_the_session(store: Arc<dyn Store>) {
    for way in Way::ALL {
        let scene = Scene::set(&store, &format!("{way:?}")).await;
        let other = Scene::set(&store, &format!("not {way:?}")).await;
        let mut offline = scene.another_grant();
        let authorization = offline.authorization.as_mut();
        authorization.expect("it has one").ends_with_session = false;
        let without = Grant {
            authorization: None,
            ..scene.another_grant()
        };
        for grant in [&offline, &without] {
            store_grant(&store, grant).await;
        }
        way.end(&store, &scene).await;
        // The other session is as old as the one that was swept.
        if !matches!(way, Way::Swept) {
            goes_on(&store, &other, true).await;
        }
        for (grant, session_is_there) in [(offline, false), (without, true)] {
            let scene = Scene {
                grant,
                ..scene.clone()
            };
            goes_on(&store, &scene, session_is_there).await;
        }
    }
}

/// The grant of the scene is live in every respect.
async fn goes_on(store: &Arc<dyn Store>, scene: &Scene, session_is_there: bool) {
    assert_eq!(scene.liveness(store).await, Liveness::Live);
    let expected = FoundGrant {
        grant: scene.grant.clone(),
        client_is_live: true,
        client_id: Some(scene.client.client_id.clone()),
        user: Some(scene.user.clone()),
        session_is_there,
    };
    assert!(expected.is_live());
    assert_eq!(scene.found(store).await, Some(expected));
    let next = next_refresh(scene.refresh());
    for outcome in [
        store.use_refresh(scene.seen(), next.used_at).await,
        store.rotate_refresh(scene.seen(), next.clone()).await,
        store.retry_refresh(scene.seen_as(&next), 1).await,
    ] {
        assert_eq!(outcome, Ok(RefreshOutcome::Done));
    }
}

/// RULES R11: that the session is there is told of it, not of its user, and not of another session of the same user.
pub async fn rule_r11_session_is_told_for_what_it_is(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    create_session(&*store, &scene.user).await;
    scene.end(&store, End::Session).await;
    assert_eq!(is_there(&store, scene.grant.id).await, Some(false));
    // A session of a user who was disabled is there.
    let disabled = Scene::set(&store, "b").await;
    disabled.end(&store, End::UserDisabled).await;
    assert_eq!(is_there(&store, disabled.grant.id).await, Some(true));
}

async fn is_there(store: &Arc<dyn Store>, id: GrantId) -> Option<bool> {
    let found = store.find_grant(id).await.expect("the store is up");
    found.map(|it| it.session_is_there)
}
