//! `countersign key`.

use countersign_tests::Home;

#[test]
fn key_list_shows_every_purpose_and_nothing_secret() {
    let home = Home::with_keys();
    let list = home.json(&["key", "list"]);
    let keys = list.as_array().unwrap();
    let mut purposes: Vec<&str> = keys
        .iter()
        .map(|key| key["purpose"].as_str().unwrap())
        .collect();
    purposes.sort_unstable();
    assert_eq!(
        purposes,
        [
            "mac:client-secrets",
            "seal:opaque-tokens",
            "sign:ES256",
            "sign:ES384",
            "sign:EdDSA",
            "sign:PS256",
            "sign:RS256",
        ]
    );
    for key in keys {
        let names: Vec<&str> = key
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(
            names,
            ["active_from", "created_at", "kid", "phase", "purpose"]
        );
        assert_eq!(key["phase"], "active");
    }
    let text = home.run(&["key", "list"]);
    for key in keys {
        assert!(text.succeeded().contains(key["kid"].as_str().unwrap()));
    }
}

#[test]
fn keys_that_cannot_be_rotated_or_revoked_are_left_alone() {
    let home = Home::with_keys();
    let list = home.json(&["key", "list"]);
    let pepper = list
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["purpose"] == "mac:client-secrets");
    let pepper = pepper.unwrap()["kid"].as_str().unwrap();
    let run = |arguments: &[&str]| home.run(&[&["--json", "key"], arguments].concat());
    // All client secrets hang on it.
    let (error, _) = run(&["revoke", "--", pepper]).refusal(1);
    assert_eq!(error, "keys");
    let (error, message) = run(&["revoke", "nobody"]).refusal(1);
    assert_eq!(error, "unknown_key");
    assert!(message.contains("nobody"), "{message}");
    for algorithm in ["HS256", "es256", "none", ""] {
        assert_eq!(
            run(&["rotate", "--algorithm", algorithm]).code,
            Some(2),
            "{algorithm}"
        );
    }
    assert_eq!(home.json(&["key", "list"]), list);
}

/// One in 64 does, and nobody thinks of `--` on the day of a leak.
#[test]
fn a_key_id_that_begins_with_a_dash_can_be_revoked() {
    let home = Home::with_keys();
    for arguments in [
        &["--json", "key", "revoke", "-arraaX4H6Po9JY9"][..],
        &["key", "revoke", "--json", "-arraaX4H6Po9JY9"],
        &["key", "revoke", "-arraaX4H6Po9JY9", "--json"],
        &["key", "revoke", "--json", "--", "-arraaX4H6Po9JY9"],
        &["key", "revoke", "--json", "--rraaX4H6Po9JY9"],
    ] {
        let (error, message) = home.run(arguments).refusal(1);
        assert_eq!(error, "unknown_key", "{arguments:?}: {message}");
    }
}
