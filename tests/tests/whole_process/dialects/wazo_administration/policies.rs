//! `/policies`, and who has them.

use serde_json::{Value, json};

use super::{NOBODY, Scene, api_refusal, column, done, legacy_refusal, ok, uuid};

/// The refusal of what somebody has not himself.
fn not_yours(answer: &countersign_tests::Answer) -> String {
    let (status, error_id, details) = api_refusal(answer);
    assert_eq!((status, &*error_id), (401, "unauthorized"));
    assert_eq!(details["reason"], "missing_permission_or_invalid_tenant");
    details["required_access"]
        .as_str()
        .expect("a text")
        .to_owned()
}

#[test]
fn row_4_4_policies_are_made_read_replaced_and_deleted() {
    let scene = Scene::new();
    let body = json!({ "name": "Call center: agents", "description": "Who answers", "acl": ["a.#", "!a.b", "a.#"] });
    let made = scene.ok("POST", "/policies", &body);
    let tenant = &scene.get("/users/me")["tenant_uuid"];
    let mut expected = json!({
        "uuid": made["uuid"],
        "name": "Call center: agents",
        "slug": "Callcenteragents",
        "description": "Who answers",
        "acl": ["a.#", "!a.b"],
        "tenant_uuid": tenant,
        "read_only": false,
        "shared": false,
    });
    assert_eq!(made, expected);
    let by_id = format!("/policies/{}", uuid(&made));
    for path in [&*by_id, "/policies/Callcenteragents"] {
        assert_eq!(scene.get(path), expected, "{path}");
    }
    // The access that a path needs has the spelling of the path, so another one is no way around what was taken away.
    let other = scene.send("GET", "/policies/callCENTERagents", &Value::Null);
    assert_eq!(other.status, 404);

    // The slug stays; all else is replaced.
    let body = json!({ "name": "Agents", "slug": "other" });
    let replaced = scene.ok("PUT", "/policies/Callcenteragents", &body);
    expected["name"] = "Agents".into();
    expected["description"] = Value::Null;
    expected["acl"] = json!([]);
    assert_eq!(replaced, expected);
    assert_eq!(scene.get(&by_id), expected);

    let list = scene.get("/policies");
    assert_eq!(column(&list, "name"), ["Agents", "everything"]);
    assert_eq!(
        (list["total"].as_u64(), list.get("filtered")),
        (Some(2), None)
    );
    let list = scene.get("/policies?search=agents&read_only=False");
    assert_eq!(
        (column(&list, "slug"), &list["total"]),
        (vec!["Callcenteragents".to_owned()], &json!(1))
    );
    assert_eq!(scene.get("/policies?read_only=True")["total"], 0);
    assert_eq!(
        column(
            &scene.get("/policies?order=slug&direction=desc&limit=1"),
            "name"
        ),
        ["everything"]
    );

    scene.done("DELETE", &by_id);
    for path in [
        &*by_id,
        "/policies/Callcenteragents",
        "/policies/%20",
        &format!("/policies/{NOBODY}"),
    ] {
        for (method, body) in [
            ("GET", Value::Null),
            ("PUT", json!({ "name": "x" })),
            ("DELETE", Value::Null),
        ] {
            assert_eq!(
                legacy_refusal(&scene.send(method, path, &body)).0,
                404,
                "{method} {path}"
            );
        }
        for method in ["PUT", "DELETE"] {
            let path = format!("{path}/acl/a.b");
            assert_eq!(
                legacy_refusal(&scene.send(method, &path, &Value::Null)).0,
                404,
                "{method} {path}"
            );
        }
    }
}

#[test]
fn row_4_4_a_bad_member_is_named_in_the_older_body() {
    let scene = Scene::new();
    let _ = scene.ok("POST", "/policies", &json!({ "name": "p" }));
    let many: Vec<String> = (0..1_025).map(|n| format!("a.{n}")).collect();
    for (body, field) in [
        (json!({}), "name"),
        (json!({ "name": "" }), "name"),
        (json!({ "name": null }), "name"),
        (json!({ "name": 5 }), "name"),
        (json!({ "name": "x".repeat(81) }), "name"),
        (json!({ "name": "q", "description": 5 }), "description"),
        (
            json!({ "name": "q", "description": "\u{0}" }),
            "description",
        ),
        (json!({ "name": "q", "acl": null }), "acl"),
        (json!({ "name": "q", "acl": "a.b" }), "acl"),
        (json!({ "name": "q", "acl": ["a.b", 5] }), "acl"),
        (json!({ "name": "q", "acl": [""] }), "acl"),
        (json!({ "name": "q", "acl": many }), "acl"),
        (json!({ "name": "q", "slug": 5 }), "slug"),
        (json!({ "name": "q", "slug": "a b" }), "slug"),
        (json!({ "name": "q", "slug": "" }), "slug"),
    ] {
        let expected = (400, format!("Invalid value supplied for field: {field}"));
        for (method, path) in [("POST", "/policies"), ("PUT", "/policies/p")] {
            assert_eq!(
                legacy_refusal(&scene.send(method, path, &body)),
                expected,
                "{method} {body}"
            );
        }
    }
    // Nothing of that name may stand in a URL.
    let answer = scene.send("POST", "/policies", &json!({ "name": "日本" }));
    assert_eq!(
        legacy_refusal(&answer),
        (400, "Invalid value supplied for field: slug".into())
    );
    let answer = scene.send(
        "PUT",
        &format!("/policies/p/acl/{}", "x".repeat(1_025)),
        &Value::Null,
    );
    assert_eq!(
        legacy_refusal(&answer),
        (400, "Invalid value supplied for field: access".into())
    );
    assert_eq!(scene.get("/policies")["total"], 2);
}

#[test]
fn row_4_4_a_name_or_slug_that_is_taken_is_a_conflict() {
    let scene = Scene::new();
    let _ = scene.ok("POST", "/policies", &json!({ "name": "one" }));
    let _ = scene.ok("POST", "/policies", &json!({ "name": "two" }));
    for (method, path, body) in [
        (
            "POST",
            "/policies",
            json!({ "name": "One", "slug": "other" }),
        ),
        (
            "POST",
            "/policies",
            json!({ "name": "other", "slug": "ONE" }),
        ),
        ("POST", "/policies", json!({ "name": "o n e" })),
        ("PUT", "/policies/two", json!({ "name": "one" })),
    ] {
        assert_eq!(
            legacy_refusal(&scene.send(method, path, &body)).0,
            409,
            "{method} {body}"
        );
    }
}

#[test]
fn row_4_2_nobody_gives_what_he_has_not() {
    let scene = Scene::new();
    let own = ["auth.#", "calld.*.read", "!auth.tokens.read"];
    let limited = scene.add_with("limited", &own);
    let send = |method, path: &str, body: &Value| scene.send_as(&limited, method, path, body);

    // Into a new policy.
    for (acl, missing) in [
        (&["calld.a.read"][..], None),
        (&["calld.*.read", "auth.users.me.#"], None),
        // To take away is to give nothing.
        (&["!everything.#"], None),
        (&[], None),
        (&["#"], Some("#")),
        (&["calld.#"], Some("calld.#")),
        (&["calld.a.b.read"], Some("calld.a.b.read")),
        (&["auth.tokens.read"], Some("auth.tokens.read")),
        (&["calld.a.read", "confd.b"], Some("confd.b")),
    ] {
        let answer = send("POST", "/policies", &json!({ "name": "given", "acl": acl }));
        match missing {
            None => scene.done("DELETE", &format!("/policies/{}", uuid(&ok(&answer)))),
            Some(missing) => assert_eq!(not_yours(&answer), missing, "{acl:?}"),
        }
    }

    // Into, and out of, one that is there.
    let _ = scene.ok(
        "POST",
        "/policies",
        &json!({ "name": "p", "acl": ["calld.a.read", "confd.#", "!dird.#"] }),
    );
    let acl = || scene.get("/policies/p")["acl"].clone();
    for (body, missing) in [
        (
            json!(["calld.a.read", "confd.#", "!dird.#", "confd.b"]),
            "confd.b",
        ),
        (json!(["calld.a.read", "!dird.#"]), "confd.#"),
        (json!(["calld.a.read", "confd.#"]), "!dird.#"),
    ] {
        let answer = send("PUT", "/policies/p", &json!({ "name": "p", "acl": body }));
        assert_eq!(not_yours(&answer), missing);
    }
    let body =
        json!({ "name": "p2", "acl": ["confd.#", "!dird.#", "calld.b.read", "!calld.c.read"] });
    let _ = ok(&send("PUT", "/policies/p", &body));
    assert_eq!(acl(), body["acl"]);
    for (method, access, missing) in [
        ("PUT", "confd.b", Some("confd.b")),
        ("PUT", "%23", Some("#")),
        ("PUT", "%21confd.b", None),
        ("PUT", "calld.%2A.read", None),
        ("DELETE", "confd.%23", Some("confd.#")),
        ("DELETE", "%21dird.%23", Some("!dird.#")),
        ("DELETE", "%21confd.b", Some("!confd.b")),
        ("DELETE", "calld.b.read", None),
        ("DELETE", "%21calld.c.read", None),
    ] {
        let answer = send(method, &format!("/policies/p/acl/{access}"), &Value::Null);
        match missing {
            None => done(&answer),
            Some(missing) => assert_eq!(not_yours(&answer), missing, "{method} {access}"),
        }
    }
    assert_eq!(
        acl(),
        json!(["confd.#", "!dird.#", "!confd.b", "calld.*.read"])
    );

    // With all that it gives.
    assert_eq!(
        not_yours(&send("DELETE", "/policies/p", &Value::Null)),
        "confd.#"
    );

    // To a user, and from one.
    let user = scene.add("alice").user;
    let path = format!("/users/{user}/policies/p");
    assert_eq!(not_yours(&send("PUT", &path, &Value::Null)), "confd.#");
    assert_eq!(
        not_yours(&send("PUT", "/users/me/policies/everything", &Value::Null)),
        "#"
    );
    scene.done("PUT", &path);
    assert_eq!(not_yours(&send("DELETE", &path, &Value::Null)), "confd.#");
    let list = scene.get(&format!("/users/{user}/policies"));
    assert_eq!(column(&list, "slug"), ["p"]);
}

#[test]
fn row_4_4_an_access_is_percent_decoded_and_stands_once() {
    let scene = Scene::new();
    let made = scene.ok("POST", "/policies", &json!({ "name": "p", "acl": ["a.b"] }));
    let path = format!("/policies/{}/acl/", uuid(&made));
    for access in ["c.%23", "%21d.%2A", "e%2Ff", "g.%C3%A9"] {
        scene.done("PUT", &format!("{path}{access}"));
    }
    for access in ["h%20i", "h%0Ai", "%22h%22", "%21"] {
        let answer = scene.send("PUT", &format!("{path}{access}"), &Value::Null);
        assert_eq!(legacy_refusal(&answer).0, 400, "{access}");
    }
    let acl = json!(["a.b", "c.#", "!d.*", "e/f", "g.é"]);
    assert_eq!(scene.get("/policies/p")["acl"], acl);
    let answer = scene.send("PUT", &format!("{path}c.%23"), &Value::Null);
    assert_eq!(legacy_refusal(&answer).0, 409);
    scene.done("DELETE", &format!("{path}c.%23"));
    let answer = scene.send("DELETE", &format!("{path}c.%23"), &Value::Null);
    assert_eq!(legacy_refusal(&answer).0, 404);
}

#[test]
fn row_4_4_what_a_token_gives_access_to_is_frozen() {
    let scene = Scene::new();
    let before = scene.add("alice");
    let _ = scene.ok(
        "POST",
        "/policies",
        &json!({ "name": "p", "acl": ["calld.a"] }),
    );
    let path = format!("/users/{}/policies/p", before.user);
    scene.done("PUT", &path);
    scene.done("PUT", &path);
    assert!(!scene.allows(&before, "calld.a"));
    let with = scene.sign_in("alice");
    assert!(scene.allows(&with, "calld.a") && !scene.allows(&with, "calld.b"));

    let _ = scene.ok(
        "PUT",
        "/policies/p",
        &json!({ "name": "p", "acl": ["calld.b"] }),
    );
    let changed = scene.sign_in("alice");
    assert!(scene.allows(&with, "calld.a") && !scene.allows(&with, "calld.b"));
    assert!(!scene.allows(&changed, "calld.a") && scene.allows(&changed, "calld.b"));

    scene.done("DELETE", &path);
    assert!(scene.allows(&changed, "calld.b"));
    assert!(!scene.allows(&scene.sign_in("alice"), "calld.b"));
    // One that the user has not is not the user's afterwards.
    scene.done("DELETE", &path);
    scene.done("PUT", &path);
    scene.done("DELETE", "/policies/p");
    assert!(!scene.allows(&scene.sign_in("alice"), "calld.b"));
    assert!(scene.allows(&changed, "calld.b"));
}

#[test]
fn row_4_4_policies_of_a_user_are_listed_and_named_by_id_or_slug() {
    let scene = Scene::new();
    let alice = scene.add("alice");
    let one = scene.ok(
        "POST",
        "/policies",
        &json!({ "name": "B one", "acl": ["calld.a"] }),
    );
    let _ = scene.ok(
        "POST",
        "/policies",
        &json!({ "name": "a two", "slug": "second" }),
    );
    let path = format!("/users/{}/policies", alice.user);
    scene.done("PUT", &format!("{path}/{}", uuid(&one)));
    scene.done("PUT", &format!("{path}/second"));
    let list = scene.get(&path);
    assert_eq!(column(&list, "slug"), ["second", "Bone"]);
    assert_eq!(list["items"][1], one);
    let list = scene.get(&format!("{path}?search=one"));
    assert_eq!((&list["total"], &list["filtered"]), (&json!(2), &json!(1)));
    let own = ok(&scene.send_as(&alice, "GET", "/users/me/policies", &Value::Null));
    assert_eq!(own["total"], 2);
    for method in ["PUT", "DELETE"] {
        let answer = scene.send(method, &format!("{path}/nothing"), &Value::Null);
        assert_eq!(legacy_refusal(&answer).0, 404, "{method}");
    }
}
