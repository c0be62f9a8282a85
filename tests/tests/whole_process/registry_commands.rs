//! `countersign scope` and `countersign resource`.

use countersign_tests::{Home, SECOND, eventually, jwt};
use serde_json::{Value, json};

/// A document without the time at which it was defined, which is now.
fn timeless(mut document: Value) -> Value {
    let members = document.as_object_mut().expect("an object");
    let created_at = members.remove("created_at");
    assert!(created_at.is_some_and(|time| time.is_u64()), "{document}");
    document
}

#[test]
fn scopes_are_defined_defined_anew_listed_and_removed() {
    let home = Home::empty();
    let added = home.json(&[
        "scope",
        "add",
        "tenant.read",
        "--description",
        "See the tenant",
        "--claim",
        "tenant",
        "--claim",
        "plan",
        "--claim",
        "tenant",
    ]);
    let expected = json!({
        "name": "tenant.read",
        "description": "See the tenant",
        "claims": ["tenant", "plan"],
        "outcome": "added",
    });
    assert_eq!(timeless(added), expected);
    // All of the definition is replaced.
    let replaced = home.json(&["scope", "add", "tenant.read", "--claim", "tenant"]);
    let expected = json!({ "name": "tenant.read", "claims": ["tenant"], "outcome": "updated" });
    assert_eq!(timeless(replaced), expected);
    let _ = home.json(&["scope", "add", "a"]);
    let list = home.json(&["scope", "list"]);
    assert_eq!(
        timeless(list[0].clone()),
        json!({ "name": "a", "claims": [] })
    );
    assert_eq!(list[1]["claims"], json!(["tenant"]));
    assert!(
        home.run(&["scope", "list"])
            .succeeded()
            .contains("tenant.read")
    );

    let removed = home.json(&["scope", "remove", "a"]);
    assert_eq!(removed, json!({ "name": "a", "removed": true }));
    let (error, message) = home.run(&["--json", "scope", "remove", "a"]).refusal(1);
    assert_eq!(error, "unknown_scope");
    assert!(message.contains("'a'"), "{message}");
    let _ = home.json(&["scope", "remove", "tenant.read"]);
    assert_eq!(home.json(&["scope", "list"]), json!([]));
    assert!(
        home.run(&["scope", "list"])
            .succeeded()
            .contains("scope add")
    );
}

#[test]
fn resources_are_defined_defined_anew_listed_and_removed() {
    let home = Home::empty();
    let uri = "https://api.example.com";
    let added = home.json(&[
        "resource",
        "add",
        uri,
        "--description",
        "Invoices",
        "--scope",
        "invoices.read invoices.write",
        "--scope",
        "admin",
    ]);
    let expected = json!({
        "resource": uri,
        "description": "Invoices",
        "scope": "invoices.read invoices.write admin",
        "outcome": "added",
    });
    assert_eq!(timeless(added), expected);
    let replaced = home.json(&["resource", "add", uri, "--scope", "admin"]);
    let expected = json!({ "resource": uri, "scope": "admin", "outcome": "updated" });
    assert_eq!(timeless(replaced), expected);
    let list = home.json(&["resource", "list"]);
    let expected = json!({ "resource": uri, "scope": "admin" });
    assert_eq!(timeless(list[0].clone()), expected);
    assert!(home.run(&["resource", "list"]).succeeded().contains(uri));

    let removed = home.json(&["resource", "remove", uri]);
    assert_eq!(removed, json!({ "resource": uri, "removed": true }));
    let (error, message) = home.run(&["--json", "resource", "remove", uri]).refusal(1);
    assert_eq!(error, "unknown_resource");
    assert!(message.contains(uri), "{message}");
    assert_eq!(home.json(&["resource", "list"]), json!([]));
}

#[test]
fn definitions_that_make_no_sense_are_refused() {
    let home = Home::with_keys();
    let long = "x".repeat(256);
    let cases: [(i32, &str, &[&str]); 9] = [
        (2, "usage", &["scope", "add", "a b"]),
        (2, "usage", &["scope", "add", ""]),
        (2, "usage", &["scope", "add"]),
        (
            1,
            "invalid_definition",
            &["scope", "add", "a", "--claim", "iss"],
        ),
        (
            1,
            "invalid_definition",
            &["scope", "add", "a", "--claim", ""],
        ),
        (
            1,
            "invalid_definition",
            &["scope", "add", "a", "--description", &long],
        ),
        (2, "usage", &["resource", "add", "/relative"]),
        (2, "usage", &["resource", "add", "urn:a", "--scope", "a  b"]),
        (
            1,
            "invalid_definition",
            &["resource", "add", "urn:a", "--description", "a\nb"],
        ),
    ];
    for (code, word, arguments) in cases {
        let (error, message) = home.run(&[&["--json"], arguments].concat()).refusal(code);
        assert_eq!(error, word, "{arguments:?}: {message}");
    }
    assert_eq!(home.json(&["scope", "list"]), json!([]));
    assert_eq!(home.json(&["resource", "list"]), json!([]));
}

#[test]
fn rule_n1_a_running_server_releases_claims_as_scopes_are_defined() {
    let home = Home::with_keys();
    let app = home.add_password_client("app", &["--scope", "tenant.read"]);
    let alice = home.add_user("alice");
    let _ = home.json(&["user", "update", "alice", "--claim", "tenant=7"]);
    let server = home.serve();
    let tenant = || {
        let answer = server.sign_in(&app, &alice, &[]);
        jwt::claims(&answer.access_token())["tenant"].clone()
    };
    let becomes = |expected: &Value| eventually(SECOND, || (tenant() == *expected).then_some(()));
    assert_eq!(tenant(), Value::Null);
    let _ = home.json(&["scope", "add", "tenant.read", "--claim", "tenant"]);
    assert!(becomes(&json!(7)).is_some());
    let _ = home.json(&["scope", "remove", "tenant.read"]);
    assert!(becomes(&Value::Null).is_some());
}
