//! Refresh tokens over the wire: RFC 6749 §6, RULES R1 to R11, attack classes 27 and 28.

use std::sync::Barrier;
use std::thread;

use countersign_tests::{Home, SECOND, Server, Tokens, eventually};

use crate::scene::{SCOPE, Scene};

#[test]
fn rfc6749_6_a_refresh_gives_a_new_pair_and_the_old_access_token_lives_on() {
    let scene = Scene::new();
    let first = scene.sign_in();
    let answer = scene.server.refresh(&scene.client, &first.refresh);
    assert_eq!(answer.status, 200);
    answer.assert_not_kept();
    let body = answer.json();
    let mut names: Vec<&str> = body
        .as_object()
        .unwrap()
        .keys()
        .map(|name| &**name)
        .collect();
    names.sort_unstable();
    let expected = [
        "access_token",
        "expires_in",
        "refresh_token",
        "scope",
        "token_type",
    ];
    assert_eq!(names, expected);
    assert_eq!(
        (&body["token_type"], &body["scope"]),
        (&"Bearer".into(), &SCOPE.into())
    );
    let second = answer.tokens();
    assert_ne!(first.access, second.access);
    assert_ne!(first.refresh, second.refresh);
    assert!(scene.is_active(&first.access) && scene.is_active(&second.access));
    assert!(!scene.is_active(&first.refresh) && scene.is_active(&second.refresh));
    assert_eq!(scene.generation(&first), Some(1));
}

#[test]
fn cve_2026_1035_rule_r5_64_parallel_refreshes_have_one_and_the_same_successor() {
    let scene = Scene::new();
    let first = scene.sign_in();
    let other = scene.sign_in();
    let together = Barrier::new(64);
    let answers: Vec<Tokens> = thread::scope(|scope| {
        let racers: Vec<_> = (0..64)
            .map(|_| {
                scope.spawn(|| {
                    together.wait();
                    scene.refresh(&first.refresh)
                })
            })
            .collect();
        racers
            .into_iter()
            .map(|racer| racer.join().unwrap())
            .collect()
    });
    let successor = &answers[0].refresh;
    assert!(answers.iter().all(|tokens| tokens.refresh == *successor));
    assert_eq!(
        scene.generation(&first),
        Some(1),
        "exactly one new generation"
    );
    for tokens in &answers {
        assert!(scene.is_active(&tokens.access));
    }
    let next = scene.refresh(successor);
    assert_eq!(
        (scene.generation(&first), scene.generation(&other)),
        (Some(2), Some(0))
    );
    // Two parallel chains would end each other here.
    let _ = scene.refresh(&next.refresh);
    let _ = scene.refresh(&other.refresh);
}

#[test]
fn rule_r2_a_retry_gets_the_same_successor_and_a_fresh_access_token() {
    let scene = Scene::new();
    let first = scene.sign_in();
    let second = scene.refresh(&first.refresh);
    // As often as one likes: it is one generation that needed it.
    for time in 0..5 {
        let again = scene.refresh(&first.refresh);
        assert_eq!(again.refresh, second.refresh, "{time}");
        assert_ne!(again.access, second.access, "{time}");
        assert!(scene.is_active(&again.access), "{time}");
    }
    assert_eq!(scene.generation(&first), Some(1));
    let third = scene.refresh(&second.refresh);
    assert_ne!(third.refresh, second.refresh);
}

#[test]
fn rule_r2_the_third_generation_in_a_row_that_needs_a_retry_is_reuse() {
    let scene = Scene::new();
    let first = scene.sign_in();
    // The refresh token of each generation.
    let mut chain = vec![first.refresh.clone()];
    let mut all = vec![first];
    // Generation 2 needs a retry, 3 does not, 4 and 5 do: never three in a row.
    for presented in [0, 1, 1, 2, 3, 3, 4, 4, 5] {
        let next = scene.refresh(&chain[presented]);
        if presented + 1 == chain.len() {
            chain.push(next.refresh.clone());
        }
        assert_eq!(next.refresh, chain[presented + 1], "{presented}");
        all.push(next);
    }
    scene.assert_refused(&chain[5], "a thief who follows the owner");
    scene.assert_ended(&all.iter().collect::<Vec<_>>(), "by reuse");
    assert_eq!(scene.home.generations().len(), 0);
}

#[test]
fn rule_r2_strict_mode_takes_no_retry() {
    let strict = [("COUNTERSIGN_REFRESH__RETRY_WINDOW", "0")];
    let of_server = Scene::with(&[], &strict);
    let of_client = Scene::with(&["--refresh-retry-window", "0"], &[]);
    for scene in [of_server, of_client] {
        let first = scene.sign_in();
        let second = scene.refresh(&first.refresh);
        scene.assert_refused(&first.refresh, "once more");
        scene.assert_ended(&[&first, &second], "by reuse");
    }
    // A client may be let off.
    let scene = Scene::with(&["--refresh-retry-window", "30"], &strict);
    let first = scene.sign_in();
    let second = scene.refresh(&first.refresh);
    assert_eq!(scene.refresh(&first.refresh).refresh, second.refresh);
}

#[test]
fn rule_r2_outside_its_window_a_retry_is_reuse() {
    let scene = Scene::with(&["--refresh-retry-window", "1"], &[]);
    let first = scene.sign_in();
    let second = scene.refresh(&first.refresh);
    // Counted in whole seconds: in another one than that of the rotation.
    thread::sleep(SECOND);
    scene.assert_refused(&first.refresh, "too late");
    scene.assert_ended(&[&first, &second], "by reuse");
}

#[test]
fn rfc9700_4_14_2_rule_r2_r10_reuse_ends_the_grant_and_no_other() {
    let scene = Scene::new();
    let (first, other) = (scene.sign_in(), scene.sign_in());
    let second = scene.refresh(&first.refresh);
    let third = scene.refresh(&second.refresh);
    assert!(
        !scene.is_active(&first.refresh),
        "RULES R3: asking has no effect"
    );
    assert_eq!(scene.generation(&first), Some(2));
    scene.assert_refused(&first.refresh, "two generations old");
    scene.assert_ended(&[&first, &second, &third], "by reuse");
    assert!(scene.is_active(&other.access));
    let _ = scene.refresh(&other.refresh);
    let log = scene.server.stderr();
    assert!(log.contains("refresh_token_reused"), "{log}");
}

#[test]
fn rule_r3_a_refusal_leaves_the_grant_as_it_is() {
    let scene = Scene::new();
    let other = scene.home.add_password_client("other", &["--scope", SCOPE]);
    let public = [
        "--public",
        "--grant-type",
        "password",
        "--grant-type",
        "refresh_token",
    ];
    let _ = scene
        .home
        .json(&[&["client", "add", "public"], &public[..]].concat());
    let only_once = scene
        .home
        .add_client("only-once", &["--grant-type", "password"]);
    let first = scene.sign_in();
    let second = scene.refresh(&first.refresh);
    let third = scene.refresh(&second.refresh);
    let (server, client) = (&scene.server, &scene.client);
    let wrong = client.with_secret("wrong");
    // The oldest one would be reuse; so nobody has judged it.
    for tokens in [&first, &second, &third] {
        let token = &*tokens.refresh;
        let by_name = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", "public"),
        ];
        let nobody = server.post("/oauth2/token").form(&by_name[..2]);
        let public = server.post("/oauth2/token").form(&by_name);
        #[rustfmt::skip]
        let cases = [
            ("another client", server.refreshing(&other, token, &[]), 400, "invalid_grant"),
            ("a public client", public, 400, "invalid_grant"),
            ("a client that may not refresh", server.refreshing(&only_once, token, &[]), 400, "unauthorized_client"),
            ("a wrong secret", server.refreshing(&wrong, token, &[]), 401, "invalid_client"),
            ("nobody", nobody, 401, "invalid_client"),
            ("two tokens", server.refreshing(client, token, &[("refresh_token", token)]), 400, "invalid_request"),
        ];
        for (what, call, status, error) in cases {
            assert_eq!(call.send().refusal(), (status, error.into()), "{what}");
        }
    }
    for (name, value, error) in [
        ("scope", "read admin", "invalid_scope"),
        ("resource", "https://other.example", "invalid_target"),
    ] {
        let answer = server
            .refreshing(client, &third.refresh, &[(name, value)])
            .send();
        assert_eq!(answer.refusal(), (400, error.into()));
    }
    let form = [("grant_type", "refresh_token")];
    let without = server
        .post("/oauth2/token")
        .basic(client)
        .form(&form)
        .send();
    assert_eq!(without.refusal(), (400, "invalid_request".into()));
    assert_eq!(scene.generation(&first), Some(2));
    let _ = scene.refresh(&third.refresh);
    let log = server.stderr();
    assert!(log.contains("refresh_token_of_another_client"), "{log}");
}

fn kill_9(_: &Home, mut server: Server) {
    server.kill();
}

#[test]
fn cve_2026_9802_attack_28_a_used_token_is_used_after_kill_9_too() {
    let strict = [("COUNTERSIGN_REFRESH__RETRY_WINDOW", "0")];
    for variables in [&strict[..], &[]] {
        let mut scene = Scene::with(&[], variables);
        let first = scene.sign_in();
        let second = scene.refresh(&first.refresh);
        scene = scene.restart(kill_9, variables);
        if variables.is_empty() {
            // Within its window it is a retry, as if nothing had happened.
            assert_eq!(scene.refresh(&first.refresh).refresh, second.refresh);
            let third = scene.refresh(&second.refresh);
            scene = scene.restart(kill_9, variables);
            scene.assert_refused(&first.refresh, "two generations old");
            scene.assert_ended(&[&second, &third], "by reuse");
        } else {
            scene.assert_refused(&first.refresh, "used before the kill");
            scene.assert_ended(&[&second], "by reuse");
        }
        // That it has ended outlives the next one.
        let scene = scene.restart(kill_9, variables);
        scene.assert_ended(&[&first, &second], "it stays ended");
    }
}

#[test]
fn rule_r8_a_narrowed_refresh_does_not_shrink_the_grant() {
    let scene = Scene::new();
    let first = scene.sign_in();
    let narrow = [("scope", "read")];
    let narrowed = scene
        .server
        .refreshing(&scene.client, &first.refresh, &narrow)
        .send();
    assert_eq!(narrowed.json()["scope"], "read");
    let whole = scene
        .server
        .refresh(&scene.client, &narrowed.tokens().refresh);
    assert_eq!(whole.json()["scope"], SCOPE);
}

#[test]
fn rule_r10_the_oldest_grant_makes_room_and_names_revive_nothing() {
    let scene = Scene::with(&[], &[("COUNTERSIGN_REFRESH__MAX_GRANTS", "2")]);
    let first = scene.sign_in();
    // Ids tell the second in which a grant was made.
    thread::sleep(SECOND);
    let (second, third) = (scene.sign_in(), scene.sign_in());
    scene.assert_ended(&[&first], "the oldest");
    let second = scene.refresh(&second.refresh);
    let third = scene.refresh(&third.refresh);

    let _ = scene.home.json(&["user", "remove", &scene.user.name]);
    let _ = scene.home.add_user(&scene.user.name);
    scene.assert_ended(&[&second, &third], "of a user who was removed");
    let fourth = scene.sign_in();
    let _ = scene.home.json(&["client", "remove", &scene.client.id]);
    let client = scene
        .home
        .add_password_client(&scene.client.id, &["--scope", SCOPE]);
    let known = eventually(SECOND, || {
        let answer = scene.server.refresh(&client, &fourth.refresh);
        (answer.status != 401).then(|| answer.refusal())
    });
    assert_eq!(
        known,
        Some((400, "invalid_grant".into())),
        "another client of the name"
    );
    assert!(!scene.server.is_active(&client, &fourth.access));
}

#[test]
fn rule_r11_a_grant_ends_when_it_lies_unused_and_when_it_is_old() {
    for lifetime in ["--refresh-idle-lifetime", "--refresh-lifetime"] {
        let scene = Scene::with(&[lifetime, "1"], &[]);
        let tokens = scene.sign_in();
        let ended = eventually(3 * SECOND, || {
            (!scene.is_active(&tokens.refresh)).then_some(())
        });
        assert!(ended.is_some(), "{lifetime}");
        scene.assert_refused(&tokens.refresh, lifetime);
        // RULES A7: it has an end of its own.
        assert!(scene.is_active(&tokens.access), "{lifetime}");
    }
}

#[test]
fn rule_r6_a_new_key_ends_nothing_and_a_revoked_one_ends_what_it_made() {
    let scene = Scene::new();
    let first = scene.sign_in();
    let _ = scene.home.json(&["key", "rotate"]);
    let list = scene.home.json(&["key", "list"]);
    let kids = |phase: &str| -> Vec<&str> {
        let keys = list.as_array().expect("an array").iter();
        keys.filter(|key| key["purpose"] == "mac:refresh-tokens" && key["phase"] == phase)
            .map(|key| key["kid"].as_str().expect("a kid"))
            .collect()
    };
    assert_eq!(kids("announced").len(), 1, "{list}");
    let second = scene.refresh(&first.refresh);
    let [active] = kids("active")[..] else {
        unreachable!("one key is active: {list}");
    };
    let _ = scene.home.json(&["key", "revoke", active]);
    let ended = eventually(SECOND, || {
        let answer = scene.server.refresh(&scene.client, &second.refresh);
        (answer.status == 400).then(|| answer.refusal().1)
    });
    assert_eq!(ended.as_deref(), Some("invalid_grant"));
    assert!(!scene.is_active(&second.refresh));
    let _ = scene.refresh(&scene.sign_in().refresh);
}
