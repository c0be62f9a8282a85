//! Changes made by another process reach a running server: RULES N1, A2, T6.

use countersign_tests::{Home, SECOND, Server, TestClient, eventually, jwt};

/// Whether it comes true within a second.
fn within_a_second(mut look: impl FnMut() -> bool) -> bool {
    eventually(SECOND, || look().then_some(())).is_some()
}

#[test]
fn rule_n1_a_new_client_works_in_the_first_request_after_the_command() {
    let home = Home::with_keys();
    let server = home.serve();
    for number in 0..5 {
        let id = format!("new-{number}");
        // Asked for before it exists: a "no" must not be remembered.
        assert_eq!(server.token(&TestClient::new(&id, "x"), &[]).status, 401);
        let client = if number % 2 == 0 {
            home.add_client(&id, &[])
        } else {
            home.add_client_with_secret(&id, "a secret that somebody chose", &[])
        };
        let token = server.issue(&client, &[]);
        assert!(server.is_active(&client, &token), "{id}");
    }
}

#[test]
fn rule_n1_attack_26_a_removed_client_gets_nothing_within_a_second() {
    let home = Home::with_keys();
    let watcher = home.add_client("watcher", &["--introspect", "any"]);
    let generated = home.add_client("generated", &[]);
    let given = home.add_client_with_secret("given", "a secret that somebody chose", &[]);
    let server = home.serve();
    for client in [&generated, &given] {
        // The server knows it well by now.
        let token = server.issue(client, &[]);
        let _ = home.json(&["client", "remove", &client.id]);
        assert!(
            !server.is_active(&watcher, &token),
            "its tokens end at once"
        );
        assert!(
            within_a_second(|| server.token(client, &[]).status == 401),
            "{}",
            client.id
        );
        assert!(within_a_second(
            || server.introspect(client, &token).status == 401
        ));
        assert!(within_a_second(
            || server.revoke(client, &token).status == 401
        ));
    }
}

#[test]
fn rule_n1_a_client_added_anew_has_its_new_settings_within_a_second() {
    let home = Home::with_keys();
    let server = home.serve();
    let first = home.add_client("c", &["--scope", "read"]);
    assert_eq!(server.token(&first, &[("scope", "read")]).status, 200);
    let _ = home.json(&["client", "remove", "c"]);
    let second = home.add_client("c", &["--scope", "write"]);
    assert!(within_a_second(|| server
        .token(&second, &[("scope", "write")])
        .status
        == 200));
    assert_eq!(
        server.token(&second, &[("scope", "read")]).refusal().1,
        "invalid_scope"
    );
    assert_eq!(server.token(&first, &[]).status, 401);
}

/// The key ids of `key list` with this purpose and phase.
fn kids(home: &Home, purpose: &str, phase: &str) -> Vec<String> {
    let list = home.json(&["key", "list"]);
    let keys = list.as_array().expect("an array").iter();
    keys.filter(|key| key["purpose"] == purpose && key["phase"] == phase)
        .map(|key| key["kid"].as_str().expect("a kid").to_owned())
        .collect()
}

fn kid_of(server: &Server, client: &TestClient) -> String {
    jwt::kid(&server.issue(client, &[]))
}

#[test]
fn rule_t6_a_rotated_key_is_announced_at_once_and_does_not_sign_yet() {
    let home = Home::with_keys();
    let client = home.add_client("c", &[]);
    let server = home.serve();
    let before = server.published_kids();
    let old = kid_of(&server, &client);
    let token = server.issue(&client, &[]);
    let list = home.json(&["key", "rotate", "--algorithm", "ES256"]);
    let announced = kids(&home, "sign:ES256", "announced");
    let [announced] = &announced[..] else {
        unreachable!("one new key: {list}");
    };
    assert!(!before.contains(announced));
    assert!(within_a_second(|| server
        .published_kids()
        .contains(announced)));
    for kid in &before {
        assert!(server.published_kids().contains(kid), "the others stay");
    }
    assert_eq!(
        kid_of(&server, &client),
        old,
        "nobody has had the time to see the new one"
    );
    assert!(server.is_active(&client, &token));
    // RULES T6: announced-at + 300 s + 5 s.
    let list = home.json(&["key", "list"]);
    let new = list
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["kid"] == **announced)
        .unwrap();
    let wait = new["active_from"].as_i64().unwrap() - new["created_at"].as_i64().unwrap();
    assert!((305..=310).contains(&wait), "{new}");
    // Rotating again while a successor waits adds none.
    let _ = home.json(&["key", "rotate", "--algorithm", "ES256"]);
    assert_eq!(
        kids(&home, "sign:ES256", "announced"),
        std::slice::from_ref(announced)
    );
}

#[test]
fn rule_t6_key_rotate_without_algorithm_rotates_all_that_sign_or_seal() {
    let home = Home::with_keys();
    let jwt_client = home.add_client("jwt", &[]);
    let opaque = home.add_client("opaque", &["--access-token-format", "opaque"]);
    let server = home.serve();
    let tokens = [
        (&jwt_client, server.issue(&jwt_client, &[])),
        (&opaque, server.issue(&opaque, &[])),
    ];
    let _ = home.json(&["key", "rotate"]);
    assert!(within_a_second(|| server.published_kids().len() == 10));
    assert_eq!(kids(&home, "seal:opaque-tokens", "announced").len(), 1);
    assert_eq!(kids(&home, "mac:client-secrets", "announced").len(), 0);
    for (client, token) in &tokens {
        assert!(server.is_active(client, token), "{}", client.id);
        assert!(
            server.is_active(client, &server.issue(client, &[])),
            "{}",
            client.id
        );
    }
}

#[test]
fn rule_t6_a_revoked_key_ends_within_a_second_with_all_that_it_made() {
    let home = Home::with_keys();
    let signing = home.add_client("signing", &[]);
    let sealing = home.add_client("sealing", &["--access-token-format", "opaque"]);
    let rsa = home.add_client("rsa", &["--access-token-alg", "RS256"]);
    let server = home.serve();
    let other = server.issue(&rsa, &[]);
    for (client, purpose) in [(&signing, "sign:ES256"), (&sealing, "seal:opaque-tokens")] {
        let token = server.issue(client, &[]);
        let [kid] = &kids(&home, purpose, "active")[..] else {
            unreachable!("one key is active");
        };
        let _ = home.json(&["key", "revoke", kid]);
        assert!(
            within_a_second(|| !server.is_active(client, &token)),
            "{purpose}"
        );
        let [new] = &kids(&home, purpose, "active")[..] else {
            unreachable!("one key is active");
        };
        assert_ne!(new, kid);
        let token = server.issue(client, &[]);
        assert!(server.is_active(client, &token), "{purpose}");
        if purpose.starts_with("sign") {
            assert_eq!(jwt::kid(&token), *new);
            let published = server.published_kids();
            assert!(published.contains(new) && !published.contains(kid));
        }
        assert_eq!(kids(&home, purpose, "revoked"), std::slice::from_ref(kid));
    }
    assert!(server.is_active(&rsa, &other), "other keys are not touched");
}

#[test]
fn a_rotated_key_that_is_revoked_before_its_time_leaves_the_active_one_alone() {
    let home = Home::with_keys();
    let client = home.add_client("c", &[]);
    let server = home.serve();
    let old = kid_of(&server, &client);
    let _ = home.json(&["key", "rotate", "--algorithm", "ES256"]);
    let [announced] = &kids(&home, "sign:ES256", "announced")[..] else {
        unreachable!("one key is announced");
    };
    assert!(within_a_second(|| server
        .published_kids()
        .contains(announced)));
    let _ = home.json(&["key", "revoke", announced]);
    assert!(within_a_second(|| !server
        .published_kids()
        .contains(announced)));
    assert_eq!(kid_of(&server, &client), old);
}
