//! `/users` and what is below.

use std::io::{Read as _, Write as _};

use serde_json::{Value, json};

use super::{NOBODY, PASSWORD, Scene, api_refusal, ok, uuid};

#[test]
fn row_4_4_users_are_made_read_replaced_and_deleted() {
    let scene = Scene::new();
    let body = json!({
        "username": "alice",
        "password": PASSWORD,
        "firstname": "Alice",
        "lastname": "Example",
        "email_address": "alice@example.com",
        "purpose": "external_api",
    });
    let made = scene.ok("POST", "/users", &body);
    let id = uuid(&made).to_owned();
    let address = &made["emails"][0]["uuid"];
    assert_eq!(address.as_str().map(str::len), Some(36), "{made}");
    let tenant = &made["tenant_uuid"];
    assert_eq!(tenant.as_str().map(str::len), Some(36), "{made}");
    let mut expected = json!({
        "uuid": id,
        "username": "alice",
        "firstname": "Alice",
        "lastname": "Example",
        "purpose": "external_api",
        "emails": [{ "uuid": address, "address": "alice@example.com", "main": true, "confirmed": true }],
        "enabled": true,
        "tenant_uuid": tenant,
        "authentication_method": "default",
    });
    assert_eq!(made, expected);

    let path = format!("/users/{id}");
    assert_eq!(scene.get(&path), expected);
    let head = scene.send("HEAD", &path, &Value::Null);
    assert_eq!((head.status, head.text()), (200, String::new()));
    let other_mount = scene.server.call("GET", &format!("/api/auth/0.1{path}"));
    let other_mount = other_mount.header("x-auth-token", &scene.root.text).send();
    assert_eq!(ok(&other_mount), expected);
    // With the name, or with the address, whatever the letter case.
    for name in ["alice", "ALICE@example.com"] {
        assert_eq!(scene.sign_in(name).user, id, "{name}");
    }

    // What is not there is as in a new user; only the name, and what the user is for, stay.
    let replaced = scene.ok("PUT", &path, &json!({ "lastname": "Other" }));
    expected["firstname"] = Value::Null;
    expected["lastname"] = "Other".into();
    assert_eq!(replaced, expected);
    let body =
        json!({ "username": "Alicia", "enabled": false, "purpose": "internal", "lastname": null });
    let replaced = scene.ok("PUT", &path, &body);
    expected["username"] = "Alicia".into();
    expected["lastname"] = Value::Null;
    expected["purpose"] = "internal".into();
    expected["enabled"] = false.into();
    assert_eq!(replaced, expected);
    assert_eq!(scene.get(&path), expected);

    scene.done("DELETE", &path);
    let (status, error_id, details) = api_refusal(&scene.send("DELETE", &path, &Value::Null));
    assert_eq!((status, &*error_id), (404, "unknown-user"));
    assert_eq!(details, json!({ "uuid": id }));
}

#[test]
fn row_4_4_the_address_is_the_name_of_who_has_none() {
    let scene = Scene::new();
    for (body, name) in [
        (
            json!({ "email_address": "bob@example.com" }),
            "bob@example.com",
        ),
        (
            json!({ "username": null, "emails": [{ "address": "eve@example.com", "main": true }] }),
            "eve@example.com",
        ),
        (
            json!({ "username": "dan", "email_address": null, "emails": [], "firstname": null }),
            "dan",
        ),
    ] {
        let made = scene.ok("POST", "/users", &body);
        assert_eq!(made["username"], name);
        let address = made["emails"][0]["address"].as_str();
        assert_eq!(address.unwrap_or("dan"), name);
        assert_eq!(made["enabled"], true);
    }
    // A user without a password is nobody to sign in as.
    let post = scene.server.post("/0.1/token");
    let basic = countersign_tests::TestClient::new("dan", PASSWORD);
    assert_eq!(post.basic(&basic).body("{}").send().status, 401);
}

#[test]
fn row_4_3_who_is_not_there_is_told_in_one_body_everywhere() {
    let scene = Scene::new();
    let body = json!({ "lastname": "X" });
    let passwords = json!({ "old_password": PASSWORD, "new_password": "another one" });
    for user in [NOBODY, "nobody", "0197A3C2-0000-7000-8000-000000000000"] {
        for (method, path, body) in [
            ("GET", "", &Value::Null),
            ("PUT", "", &body),
            ("DELETE", "", &Value::Null),
            ("PUT", "/password", &passwords),
            ("GET", "/tokens", &Value::Null),
            ("GET", "/sessions", &Value::Null),
            ("GET", "/policies", &Value::Null),
            ("PUT", "/policies/everything", &Value::Null),
            ("DELETE", "/policies/everything", &Value::Null),
        ] {
            let answer = scene.send(method, &format!("/users/{user}{path}"), body);
            let (status, error_id, details) = api_refusal(&answer);
            let shown = format!("{method} {user}{path}");
            assert_eq!((status, &*error_id), (404, "unknown-user"), "{shown}");
            assert_eq!(details, json!({ "uuid": user }), "{shown}");
            assert_eq!(answer.json()["resource"], "users", "{shown}");
        }
    }
}

#[test]
fn row_4_3_a_name_or_an_address_that_is_taken_is_a_conflict() {
    let scene = Scene::new();
    let body = json!({ "username": "alice", "email_address": "alice@example.com" });
    let _ = scene.ok("POST", "/users", &body);
    let bob = scene.ok("POST", "/users", &json!({ "username": "bob" }));
    for (method, path, body, field) in [
        ("POST", "/users", json!({ "username": "ALICE" }), "username"),
        (
            "POST",
            "/users",
            json!({ "username": "eve", "email_address": "Alice@Example.com" }),
            "email_address",
        ),
        (
            "PUT",
            &*format!("/users/{}", uuid(&bob)),
            json!({ "username": "Alice" }),
            "username",
        ),
        // At this door an address is a name as well.
        (
            "POST",
            "/users",
            json!({ "username": "ALICE@example.com" }),
            "username",
        ),
        (
            "PUT",
            &*format!("/users/{}", uuid(&bob)),
            json!({ "username": "alice@example.com" }),
            "username",
        ),
    ] {
        let (status, error_id, details) = api_refusal(&scene.send(method, path, &body));
        assert_eq!((status, &*error_id), (409, "conflict"), "{body}");
        assert_eq!(
            details[field]["constraint_id"], "unique",
            "{body}: {details}"
        );
        assert!(details[field]["message"].is_string(), "{body}: {details}");
    }
    let names = super::column(&scene.get("/users"), "username");
    assert_eq!(names, ["alice", "bob", "root"]);
}

#[test]
fn row_4_4_disabling_ends_all_sessions() {
    let scene = Scene::new();
    let alice = scene.add("alice");
    let (offline, refresh) = scene.sign_in_offline("alice", "app");
    let bob = scene.add("bob");
    let path = format!("/users/{}", alice.user);
    let _ = scene.ok("PUT", &path, &json!({ "firstname": "Alice" }));
    assert!(scene.is_live(&alice), "a new name ends nothing");

    let _ = scene.ok("PUT", &path, &json!({ "enabled": false }));
    assert!(!scene.is_live(&alice) && !scene.is_live(&offline));
    assert!(!scene.refreshes(&refresh, "app"));
    assert_eq!(scene.get(&format!("{path}/sessions"))["total"], 0);
    assert!(scene.is_live(&bob));

    // What has ended does not come back.
    let _ = scene.ok("PUT", &path, &json!({ "enabled": true }));
    assert!(!scene.is_live(&alice) && !scene.refreshes(&refresh, "app"));
    assert!(scene.is_live(&scene.sign_in("alice")));
}

#[test]
fn row_4_4_deleting_a_user_ends_tokens_and_refresh_tokens() {
    let scene = Scene::new();
    let alice = scene.add("alice");
    let (offline, refresh) = scene.sign_in_offline("alice", "app");
    scene.done("DELETE", &format!("/users/{}", alice.user));
    assert!(!scene.is_live(&alice) && !scene.is_live(&offline));
    assert!(!scene.refreshes(&refresh, "app"));
    assert_eq!(scene.get("/tokens")["total"], 0);
    assert_eq!(
        scene.get("/sessions")["total"],
        1,
        "that of the administrator"
    );
    // Nobody inherits from somebody of the same name.
    let again = scene.add("alice");
    assert_ne!(again.user, alice.user);
    assert!(!scene.refreshes(&refresh, "app"));
}

#[test]
fn row_4_4_me_is_the_user_who_asks() {
    let scene = Scene::new();
    let alice = scene.add("alice");
    let bob = scene.add("bob");
    for path in ["", "/tokens", "/sessions", "/policies"] {
        // By the word, or by the id; nobody else's.
        for (user, status) in [
            ("me", 200),
            (&*alice.user, 200),
            (&bob.user, 401),
            (NOBODY, 401),
        ] {
            let path = format!("/users/{user}{path}");
            let answer = scene.send_as(&alice, "GET", &path, &Value::Null);
            assert_eq!(answer.status, status, "{path}: {}", answer.text());
        }
    }
    let me = ok(&scene.send_as(&alice, "GET", "/users/me", &Value::Null));
    assert_eq!(
        (uuid(&me), &me["username"]),
        (&*alice.user, &json!("alice"))
    );
    let body = json!({ "firstname": "Alice" });
    let me = ok(&scene.send_as(&alice, "PUT", "/users/me", &body));
    assert_eq!(me["firstname"], "Alice");
    assert_eq!(
        scene.get(&format!("/users/{}", bob.user))["firstname"],
        Value::Null
    );
    assert!(scene.is_live(&alice) && scene.is_live(&bob));
}

/// What others are to decide: RULES D2 leaves no way to more than one was given.
#[test]
fn by_right_of_me_alone_nobody_changes_what_others_decide() {
    let scene = Scene::new();
    let alice = scene.add("alice");
    let growing = json!({ "name": "growing", "acl": [] });
    let _ = scene.ok("POST", "/policies", &growing);
    for (method, path, body) in [
        ("PUT", "/users/me", json!({ "username": "root2" })),
        ("PUT", "/users/me", json!({ "enabled": false })),
        ("DELETE", "/users/me", Value::Null),
        ("PUT", "/users/me/policies/growing", Value::Null),
        ("DELETE", "/users/me/policies/growing", Value::Null),
    ] {
        let own = path.replace("/me", &format!("/{}", alice.user));
        for path in [path, &own] {
            let answer = scene.send_as(&alice, method, path, &body);
            assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
        }
    }
    assert!(scene.is_live(&alice));
}

/// A request that takes its time is judged when it has arrived: its sender may have lost everything meanwhile.
#[test]
fn a_body_that_comes_late_is_not_let_in_by_what_was_good_when_it_began() {
    let scene = Scene::new();
    let alice = scene.add("alice");
    let mut stream = scene.server.connect();
    let head = format!(
        "PUT /0.1/users/me HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: {}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{",
        alice.text
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.flush().unwrap();
    let disabled = scene.home.run(&["user", "disable", "alice"]);
    assert_eq!(disabled.code, Some(0), "{disabled:?}");
    stream.write_all(b"}").unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    let path = format!("/users/{}", alice.user);
    assert_eq!(scene.get(&path)["enabled"], false);
}

#[test]
fn users_of_the_command_line_and_of_this_wire_are_the_same() {
    let scene = Scene::new();
    let made = scene.ok(
        "POST",
        "/users",
        &json!({ "username": "alice", "firstname": "Alice", "lastname": "Example" }),
    );
    let shown = scene.home.json(&["user", "show", "alice"]);
    assert_eq!(
        (&shown["sub"], &shown["name"]),
        (&made["uuid"], &json!("Alice Example"))
    );
    let root = scene.get("/users/me");
    assert_eq!(
        (&root["username"], &root["emails"]),
        (&json!("root"), &json!([]))
    );
}

/// What a user is for lifts the limit of sessions.
#[test]
fn nobody_says_what_he_is_for_himself() {
    let scene = Scene::new();
    let alice = scene.add("alice");
    let put = |body: &Value| scene.send_as(&alice, "PUT", "/users/me", body);
    let (status, error_id, details) = api_refusal(&put(&json!({ "purpose": "internal" })));
    assert_eq!((status, &*error_id), (401, "unauthorized"));
    assert_eq!(details["required_access"], "auth.users.create");
    let path = format!("/users/{}", alice.user);
    let _ = scene.ok("PUT", &path, &json!({ "purpose": "internal" }));
    for body in [
        json!({ "purpose": "internal", "firstname": "Alice" }),
        json!({}),
    ] {
        assert_eq!(ok(&put(&body))["purpose"], "internal", "{body}");
    }
}
