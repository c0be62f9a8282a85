//! What a token gives access to: section 4.2, asked over HTTP.

use serde_json::{Map, Value, json};

use super::{NOBODYS, Wazo, assert_legacy, assert_names, legacy, text};

/// What is given, what is asked for, and which of it is given. `ME` is the id of the user, `SESSION` that of the session.
type Row = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const TABLE: [Row; 13] = [
    (
        "foo.bar.#",
        &[
            "foo.bar.x",
            "foo.bar.x.y",
            "foo.bar.*",
            "foo.bar.#",
            "foo.bar.",
        ],
        &["foo.bar", "*.bar.x"],
    ),
    (
        "foo.bar.toto",
        &["foo.bar.toto"],
        &["foo.bar.*", "foo.bar.toto.x", "foo.bar"],
    ),
    (
        "foo.*.*",
        &["foo.a.b", "foo.*.*"],
        &["foo.a.b.c", "foo.*", "foo.bar.#"],
    ),
    (
        "foo,foo.bar.toto,other.#",
        &["foo", "foo.bar.toto", "other.a.b"],
        &["foo.bar", "*", "#"],
    ),
    (
        "foo.bar.#.titi",
        &["foo.bar.a.b.titi", "foo.bar.*.titi"],
        &["foo.bar.#"],
    ),
    (
        "foo.#.me",
        &["foo.a.me", "foo.a.ME", "foo.a.b.ME"],
        &["foo.a.456", "foo.a.me.x", "foo.a.ME.x"],
    ),
    (
        "foo.#.me.bar",
        &["foo.a.ME.bar", "foo.a.me.bar"],
        &["foo.a.456.bar"],
    ),
    ("!foo.me.bar", &[], &["foo.me.bar", "foo.ME.bar"]),
    (
        "foo.#,!foo.me.bar,foo.me.bar",
        &["foo.456.bar"],
        &["foo.me.bar", "foo.ME.bar"],
    ),
    (
        "foo.*.bar,!foo.456.bar",
        &["foo.me.bar", "foo.ME.bar"],
        &["foo.456.bar"],
    ),
    ("!*.bar,foo.bar", &[], &["foo.bar"]),
    (
        "foo.my_session",
        &["foo.SESSION", "foo.my_session"],
        &["foo.ME", "foo.other"],
    ),
    ("foo.edit", &["foo.edit", "foo.update"], &["foo.delete"]),
];

#[test]
fn row_4_2_the_whole_table_over_http() {
    for (acl, given, refused) in TABLE {
        let wazo = Wazo::with(&[("COUNTERSIGN_WAZO__DEFAULT_ACL", acl)]);
        let told = wazo.data(&json!({}));
        let patterns: Vec<&str> = acl.split(',').collect();
        assert_eq!(told["acl"], json!(patterns));
        let (user, session) = (text(&told, "auth_id"), text(&told, "session_uuid"));
        let filled = |scope: &&str| scope.replace("ME", &user).replace("SESSION", &session);
        let given = given.iter().map(|scope| (filled(scope), Value::from(true)));
        let refused = refused
            .iter()
            .map(|scope| (filled(scope), Value::from(false)));
        let expected: Map<String, Value> = given.chain(refused).collect();
        let scopes: Vec<&String> = expected.keys().collect();
        let token = text(&told, "token");
        let answer = wazo.check_scopes(&token, &json!({ "scopes": scopes }));
        assert_eq!(answer.status, 200, "{acl}");
        assert_eq!(answer.json(), json!({ "scopes": expected }), "{acl}");
        answer.assert_not_kept();
        for (scope, is_given) in &expected {
            let query: String = form_urlencoded::byte_serialize(scope.as_bytes()).collect();
            let answer = wazo.ask("HEAD", &format!("{token}?scope={query}"));
            let expected = if *is_given == true { 204 } else { 403 };
            assert_eq!(answer.status, expected, "{acl} {scope}");
        }
    }
}

#[test]
fn row_4_1_scopes_check_refuses_what_it_cannot_check() {
    let wazo = Wazo::new();
    let told = wazo.data(&json!({}));
    let (token, tenant) = (text(&told, "token"), text(&told["metadata"], "tenant_uuid"));
    for body in [
        json!({ "scopes": [] }),
        json!({ "scopes": [], "tenant_uuid": tenant }),
        json!({ "scopes": [], "tenant_uuid": null }),
    ] {
        let answer = wazo.check_scopes(&token, &body);
        assert_eq!(answer.json(), json!({ "scopes": {} }), "{body}");
    }
    let long = "x".repeat(8 * 1_024 + 1);
    let many = vec!["a"; 257];
    for (body, field) in [
        (json!({}), "scopes"),
        (json!(null), "scopes"),
        (json!({ "scopes": null }), "scopes"),
        (json!({ "scopes": "a" }), "scopes"),
        (json!({ "scopes": ["a", 1] }), "scopes"),
        (json!({ "scopes": ["a", null] }), "scopes"),
        (json!({ "scopes": ["a", true] }), "scopes"),
        (json!({ "scopes": [["a"]] }), "scopes"),
        (json!({ "scopes": { "a": true } }), "scopes"),
        (json!({ "scopes": [long] }), "scopes"),
        (json!({ "scopes": many }), "scopes"),
        (json!({ "scopes": [], "tenant_uuid": 1 }), "tenant_uuid"),
    ] {
        assert_names(&wazo.check_scopes(&token, &body), field, &body.to_string());
    }
    let path = format!("/0.1/token/{token}/scopes/check");
    for body in ["", "[]", "{", r#"{"scopes": [], "scopes": []}"#] {
        let answer = wazo.server.post(&path).body(body).send();
        assert_eq!(legacy(&answer).0, 400, "{body}");
    }
    let nothing = json!({ "scopes": ["a"] });
    let unknown = wazo.check_scopes(NOBODYS, &nothing);
    assert_legacy(&unknown, 404, "No such token", "unknown");
    assert_eq!(wazo.ask("DELETE", &token).status, 200);
    let ended = wazo.check_scopes(&token, &nothing);
    assert_legacy(&ended, 404, "No such token", "ended");
    let other = json!({ "scopes": [], "tenant_uuid": NOBODYS });
    let answer = wazo.check_scopes(&wazo.token(), &other);
    assert_legacy(
        &answer,
        403,
        &format!("Unauthorized for tenant {NOBODYS}"),
        "a tenant",
    );
}
