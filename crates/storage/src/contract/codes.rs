//! The rules about codes: redeemed once, while all that they stand on is there (RULES C).

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_core::{Authorization, CurrentRefresh, Epoch, Grant, GrantId, IssuedCode};

use super::samples::{
    NOW, coded_grant, create, create_session, create_user, first_refresh, grant, grant_at,
    grant_in, limits,
};
use super::scene::{End, Scene, store_grant};
use super::{RACERS, count, race};
use crate::{CreateGrant, GrantFilter, GrantLimits, RedeemCode, SeenCode, Store};

/// RULES C1: with its code, the grant gets the time of the redemption and its first refresh token, if any; nothing else
/// changes, and no other grant does.
pub async fn rule_c1_redeemed_code_is_found_with_every_field(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    for refresh in [None, Some(first_refresh())] {
        let (coded, other) = (scene.coded_grant(), scene.coded_grant());
        for grant in [&coded, &other] {
            store_grant(&store, grant).await;
        }
        let answer = store.redeem_code(seen(&coded), NOW.plus(9), refresh.clone());
        assert_eq!(answer.await, Ok(RedeemCode::Redeemed));
        let redeemed = Grant {
            refresh,
            ..with_code(&coded, |it| it.redeemed_at = Some(NOW.plus(9)))
        };
        assert_eq!(redeemed.unredeemed_code(), None);
        for expected in [redeemed, other, scene.grant.clone()] {
            assert_eq!(found(&store, expected.id).await, Some(expected));
        }
    }
}

/// RULES C1: of many who redeem one code, exactly one does; its refresh token is what is stored.
pub async fn rule_c1_race_of_redemptions_has_one_winner(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let coded = scene.coded_grant();
    store_grant(&store, &coded).await;
    let redeem = |store: Arc<dyn Store>, _| {
        let (seen, first) = (seen(&coded), first_refresh());
        async move {
            let answer = store.redeem_code(seen, NOW, Some(first.clone())).await;
            (first, answer)
        }
    };
    let seen = race(&store, redeem).await;
    let lost = count(&seen, |it| it.1 == Ok(RedeemCode::AlreadyRedeemed));
    assert_eq!(lost, RACERS - 1);
    let won = |it: &(CurrentRefresh, _)| it.1 == Ok(RedeemCode::Redeemed);
    let winner = seen.into_iter().find(won).map(|it| it.0);
    let stored = found(&store, coded.id).await;
    assert_eq!(stored.and_then(|it| it.refresh), winner);
}

/// RULES C2: a second redemption is told as such, also when the user has signed out since, and changes nothing; unless
/// client or user ended, with which everything did.
pub async fn rule_c2_second_redemption_changes_nothing(store: Arc<dyn Store>) {
    for ends_with_session in [true, false] {
        for end in [None].into_iter().chain(End::ALL.map(Some)) {
            let name = format!("{end:?} {ends_with_session}");
            let scene = Scene::set_with(&store, &name, |it| {
                it.refresh = None;
                let authorization = it.authorization.as_mut().expect("it has one");
                authorization.ends_with_session = ends_with_session;
            });
            let scene = scene.await;
            let expected = match end {
                None | Some(End::Session) => RedeemCode::AlreadyRedeemed,
                Some(_) => RedeemCode::Ended,
            };
            if let Some(end) = end {
                scene.end(&store, end).await;
            }
            let before = found(&store, scene.grant.id).await;
            let later = NOW.plus(9);
            for refresh in [None, Some(first_refresh())] {
                let answer = store.redeem_code(seen(&scene.grant), later, refresh).await;
                assert_eq!(answer, Ok(expected), "{name}");
            }
            assert_eq!(found(&store, scene.grant.id).await, before, "{name}");
        }
    }
}

/// RULES C1: what was not seen is not redeemed, and can be redeemed after that as well as before.
pub async fn rule_c1_code_that_is_not_as_seen_is_not_redeemed(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let (coded, other) = (scene.coded_grant(), scene.coded_grant());
    let without_code = Grant {
        authorization: coded
            .authorization
            .clone()
            .map(|it| Authorization { code: None, ..it }),
        ..scene.coded_grant()
    };
    let plain = grant(&scene.client, &scene.user);
    let grants = [coded, other, without_code, plain, scene.grant.clone()];
    for grant in &grants[..4] {
        store_grant(&store, grant).await;
    }
    let [coded, other, without_code, plain, _] = &grants;
    let next = |epoch: Epoch| Epoch::from_number(epoch.number() + 1);
    let unknown = grant_in(&scene.client, &scene.user, &scene.session).id;
    let as_seen = seen(coded);
    for (what, unseen) in [
        ("nonce", with(&as_seen, |it| it.nonce = seen(other).nonce)),
        ("grant", with(&as_seen, |it| it.grant = other.id)),
        ("redeemed", with(&as_seen, |it| it.grant = scene.grant.id)),
        ("no code", with(&as_seen, |it| it.grant = without_code.id)),
        ("no authorization", with(&as_seen, |it| it.grant = plain.id)),
        ("unknown", with(&as_seen, |it| it.grant = unknown)),
        ("none", with(&as_seen, |it| it.grant = GrantId::NONE)),
        (
            "client",
            with(&as_seen, |it| it.client_epoch = next(it.client_epoch)),
        ),
        (
            "user",
            with(&as_seen, |it| it.user_epoch = next(it.user_epoch)),
        ),
    ] {
        let answer = store.redeem_code(unseen, NOW, Some(first_refresh())).await;
        assert_eq!(answer, Ok(RedeemCode::Ended), "{what}");
    }
    for grant in grants.clone() {
        assert_eq!(found(&store, grant.id).await, Some(grant));
    }
    for grant in [coded, other] {
        let answer = store.redeem_code(seen(grant), NOW, None).await;
        assert_eq!(answer, Ok(RedeemCode::Redeemed));
    }
}

/// RULES C1: client, user and session are checked again at the redemption; the session also if the grant would outlive it.
pub async fn rule_c1_code_after_the_end_is_not_redeemed(store: Arc<dyn Store>) {
    for end in End::ALL {
        let scene = Scene::set(&store, &format!("{end:?}")).await;
        let online = match end {
            End::Grant => scene.grant.clone(),
            _ => scene.coded_grant(),
        };
        let offline = outliving(scene.coded_grant());
        for grant in [&online, &offline] {
            if end != End::Grant {
                store_grant(&store, grant).await;
            }
        }
        scene.end(&store, end).await;
        for grant in [online, offline] {
            let before = found(&store, grant.id).await;
            let answer = store.redeem_code(seen(&grant), NOW, Some(first_refresh()));
            assert_eq!(answer.await, Ok(RedeemCode::Ended), "{end:?}");
            assert_eq!(found(&store, grant.id).await, before, "{end:?}");
        }
    }
}

/// RULES C1, A1: once the end is answered, no redemption comes through any more.
pub async fn rule_c1_race_of_redemptions_with_the_end(store: Arc<dyn Store>) {
    for end in End::ALL {
        let name = format!("{end:?}");
        let scene = Scene::set_with(&store, &name, |it| {
            *it = with_code(it, |code| code.redeemed_at = None);
            it.refresh = None;
        });
        let scene = scene.await;
        let redeem_or_end = |store: Arc<dyn Store>, racer| {
            let scene = scene.clone();
            async move {
                if racer == 0 {
                    scene.end(&store, end).await;
                    return Some(found(&store, scene.grant.id).await);
                }
                let first = Some(first_refresh());
                let answer = store.redeem_code(seen(&scene.grant), NOW, first).await;
                assert!(answer.is_ok(), "{answer:?}");
                None
            }
        };
        let seen = race(&store, redeem_or_end).await;
        let at_the_end = seen.into_iter().flatten().next();
        let stored = found(&store, scene.grant.id).await;
        assert_eq!(Some(stored), at_the_end, "{end:?}");
    }
}

/// RULES C3: a session has a bounded number of unredeemed codes; the oldest end, untold. Redeemed ones, and those of
/// other sessions, are not touched.
pub async fn rule_c3_unredeemed_codes_of_a_session_are_capped(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let second = create_session(&*store, &scene.user).await;
    let other = create(&*store, "b").await;
    let redeemed = aged(scene.coded_grant(), -8);
    // Older than all that follow: of another session, redeemed, and without a code.
    let kept = [
        aged(coded_grant(&scene.client, &scene.user, &second), -9),
        redeemed.clone(),
        aged(scene.another_grant(), -7),
        grant_at(&scene.client, &scene.user, NOW.plus(-6)),
    ];
    for grant in &kept {
        store_grant(&store, grant).await;
    }
    let answer = store.redeem_code(seen(&redeemed), NOW, None).await;
    assert_eq!(answer, Ok(RedeemCode::Redeemed));
    // Whatever client they are for.
    let codes: Vec<Grant> = (0..6_u8)
        .map(|age| {
            let client = [&scene.client, &other][usize::from(age % 2)];
            aged(coded_grant(client, &scene.user, &scene.session), age.into())
        })
        .collect();
    for (number, cap, left) in [
        (0, 3, 0..1),
        (1, 3, 0..2),
        (2, 3, 0..3),
        (3, 3, 1..4),
        // A cap that was lowered ends more than one, the oldest first.
        (4, 2, 3..5),
    ] {
        create_capped(&store, &codes[number], cap).await;
        let expected: Vec<GrantId> = codes[left].iter().map(|it| it.id).collect();
        assert_eq!(unredeemed(&store, &scene).await, expected, "code {number}");
    }
    // A grant without an unredeemed code ends none.
    create_capped(&store, &scene.another_grant(), 0).await;
    assert_eq!(unredeemed(&store, &scene).await.len(), 2);
    // Redeemed, it counts no more.
    let answer = store.redeem_code(seen(&codes[3]), NOW, None).await;
    assert_eq!(answer, Ok(RedeemCode::Redeemed));
    create_capped(&store, &codes[5], 2).await;
    let expected: Vec<GrantId> = codes[4..].iter().map(|it| it.id).collect();
    assert_eq!(unredeemed(&store, &scene).await, expected);
    for id in kept
        .iter()
        .map(|it| it.id)
        .chain([codes[3].id, scene.grant.id])
    {
        assert!(found(&store, id).await.is_some(), "{id}");
    }
}

/// RULES C3: the new code stays, even if it is the oldest by its id or the cap leaves no room.
pub async fn rule_c3_cap_never_ends_the_new_code(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    for (age, cap) in [(0, 1), (-9, 1), (-99, 0)] {
        let new = aged(scene.coded_grant(), age);
        create_capped(&store, &new, cap).await;
        assert_eq!(unredeemed(&store, &scene).await, [new.id], "{age}");
    }
}

/// RULES C3, R10: unredeemed codes end before the grants of the client are counted: who signs in again and again and
/// never redeems a code pushes out no grant that is in use.
pub async fn rule_c3_cap_comes_before_the_limit_of_the_client(store: Arc<dyn Store>) {
    let scene = Scene::set(&store, "a").await;
    let limits = GrantLimits {
        of_client: 2,
        unredeemed: 1,
    };
    for age in 1..6 {
        let answer = store.create_grant(aged(scene.coded_grant(), age), limits);
        let expected = CreateGrant::Created { ended: Vec::new() };
        assert_eq!(answer.await, Ok(expected), "{age}");
    }
    assert!(found(&store, scene.grant.id).await.is_some());
    // Only what is left then counts, and is told.
    let second = aged(scene.another_grant(), 6);
    store_grant(&store, &second).await;
    let limits = GrantLimits {
        of_client: 1,
        ..limits
    };
    let answer = store.create_grant(aged(scene.coded_grant(), 7), limits);
    let ended = vec![scene.grant.id, second.id];
    assert_eq!(answer.await, Ok(CreateGrant::Created { ended }));
}

/// RULES C3: codes that are created at once keep to the cap.
pub async fn rule_c3_race_of_codes_keeps_the_cap(store: Arc<dyn Store>) {
    let client = create(&*store, "a").await;
    let user = create_user(&*store, "a").await;
    let session = create_session(&*store, &user).await;
    let create = |store: Arc<dyn Store>, _| {
        let coded = coded_grant(&client, &user, &session);
        async move {
            create_capped(&store, &coded, 5).await;
            coded.id
        }
    };
    let created: BTreeSet<GrantId> = race(&store, create).await.into_iter().collect();
    assert_eq!(created.len(), RACERS);
    let all = store.list_grants(GrantFilter::default(), None, 1_000).await;
    assert_eq!(all.map(|it| it.len()), Ok(5));
}

/// The grant, made `age` seconds after [`NOW`] by its id.
fn aged(grant: Grant, age: i64) -> Grant {
    let id = countersign_core::EntityId::generate(NOW.plus(age), &super::samples::Counting);
    Grant {
        id: id.into(),
        ..grant
    }
}

/// The grant, which does not end with its session.
fn outliving(grant: Grant) -> Grant {
    let outlives = |it| Authorization {
        ends_with_session: false,
        ..it
    };
    Grant {
        authorization: grant.authorization.map(outlives),
        ..grant
    }
}

/// The grant with its code changed.
fn with_code(grant: &Grant, change: impl FnOnce(&mut IssuedCode)) -> Grant {
    let mut grant = grant.clone();
    let authorization = grant.authorization.as_mut();
    let code = authorization.and_then(|it| it.code.as_mut());
    change(code.expect("it has a code"));
    grant
}

fn with(seen: &SeenCode, change: impl FnOnce(&mut SeenCode)) -> SeenCode {
    let mut seen = seen.clone();
    change(&mut seen);
    seen
}

fn seen(grant: &Grant) -> SeenCode {
    SeenCode::of(grant).expect("it has a code")
}

/// Stores a grant under this cap of unredeemed codes, which tells of none that ended.
async fn create_capped(store: &Arc<dyn Store>, grant: &Grant, unredeemed: u32) {
    let limits = GrantLimits {
        unredeemed,
        ..limits(u32::MAX)
    };
    let answer = store.create_grant(grant.clone(), limits).await;
    assert_eq!(answer, Ok(CreateGrant::Created { ended: Vec::new() }));
}

/// The grants of the scene's session with an unredeemed code, by their age.
async fn unredeemed(store: &Arc<dyn Store>, scene: &Scene) -> Vec<GrantId> {
    let grants = store.list_grants(GrantFilter::default(), None, 1_000).await;
    let of_session = |it: &Authorization| it.session == scene.session.id;
    let wanted = |it: &Grant| {
        it.unredeemed_code().is_some() && it.authorization.as_ref().is_some_and(of_session)
    };
    let grants = grants.expect("the store is up").into_iter();
    grants.filter(wanted).map(|it| it.id).collect()
}

async fn found(store: &Arc<dyn Store>, id: GrantId) -> Option<Grant> {
    let found = store.find_grant(id).await.expect("the store is up");
    found.map(|it| it.grant)
}
