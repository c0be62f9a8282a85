//! `/tokens`, and those of one user.

use countersign_tests::{TestClient, TestUser};
use serde_json::{Value, json};

use super::{NOBODY, PASSWORD, Scene, api_refusal, column, done, ok, sign_in};

#[test]
fn row_4_4_refresh_tokens_are_listed_without_their_values() {
    let scene = Scene::new();
    let alice = scene.add("alice");
    let (_, refresh) = scene.sign_in_offline("alice", "desk");
    let body = json!({ "access_type": "offline", "client_id": "phone" });
    let call = scene
        .server
        .post("/0.1/token")
        .header("wazo-session-type", "MOBILE");
    let call = call.basic(&TestClient::new("alice", PASSWORD));
    let _ = ok(&call.body(body.to_string()).send());
    let _ = scene.sign_in_offline("root", "desk");

    let own = ok(&scene.send_as(&alice, "GET", "/users/me/tokens", &Value::Null));
    assert_eq!((&own["total"], &own["filtered"]), (&json!(2), &json!(2)));
    assert_eq!(own, scene.get(&format!("/users/{}/tokens", alice.user)));
    let item = own["items"].as_array().expect("a list").iter();
    let mut item = item.filter(|item| item["client_id"] == "desk");
    let item = item.next().expect("it is there").clone();
    let created_at = item["created_at"].as_str().expect("a text");
    assert!(
        created_at.len() == 32 && created_at.ends_with("+00:00"),
        "{created_at}"
    );
    let tenant = &scene.get("/users/me")["tenant_uuid"];
    let expected = json!({
        "client_id": "desk",
        "created_at": created_at,
        "mobile": false,
        "user_uuid": alice.user,
        "tenant_uuid": tenant,
        "metadata": {},
    });
    assert_eq!(item, expected);
    let all = scene.get("/tokens?recurse=True");
    assert_eq!(all["total"], 3);
    assert!(!all.to_string().contains(&refresh));
    assert_eq!(
        column(&scene.get("/tokens?mobile=True"), "client_id"),
        ["phone"]
    );
}

#[test]
fn row_4_4_a_refresh_token_is_deleted_once() {
    let scene = Scene::new();
    let alice = scene.add("alice");
    let (offline, refresh) = scene.sign_in_offline("alice", "app");
    let (root, _) = scene.sign_in_offline("root", "app");
    assert!(scene.refreshes(&refresh, "app"));
    done(&scene.send_as(&alice, "DELETE", "/users/me/tokens/app", &Value::Null));
    assert!(!scene.refreshes(&refresh, "app"));
    // Row 4.5: as the newest of that system does it.
    assert!(!scene.is_live(&offline), "made together with it");
    assert!(scene.is_live(&alice), "made without");
    assert!(scene.is_live(&root), "of another user");
    let answer = scene.send_as(&alice, "DELETE", "/users/me/tokens/app", &Value::Null);
    let (status, error_id, details) = api_refusal(&answer);
    assert_eq!(
        (status, &*error_id),
        (404, "cannot-find-refresh-token-matching-client-id")
    );
    assert_eq!(details, json!({ "client_id": "app" }));
    assert_eq!(answer.json()["resource"], "tokens");
    for path in [
        format!("/users/{NOBODY}/tokens/app"),
        format!("/users/me/tokens/{}", "x".repeat(1_025)),
        "/users/me/tokens/%00".to_owned(),
    ] {
        let (status, error_id, _) = api_refusal(&scene.send("DELETE", &path, &Value::Null));
        assert_eq!(
            (status, &*error_id),
            (404, "cannot-find-refresh-token-matching-client-id"),
            "{path}"
        );
    }
}

#[test]
fn row_4_2_a_dot_in_a_client_id_is_an_underscore_in_the_access_that_it_needs() {
    let scene = Scene::new();
    let acl = [
        "app.#",
        "auth.users.*.tokens.com_example_app.delete",
        "auth.users.*.tokens.com.#",
    ];
    let keeper = scene.add_with("keeper", &acl);
    let alice = scene.add("alice");
    let path = format!("/users/{}/tokens", alice.user);
    for (app, encoded, status) in [
        ("com.example.app", "com.example.app", 204),
        ("com.example.other", "com.example.other", 401),
    ] {
        let (_, refresh) = scene.sign_in_offline("alice", app);
        let answer = scene.send_as(
            &keeper,
            "DELETE",
            &format!("{path}/{encoded}"),
            &Value::Null,
        );
        assert_eq!(answer.status, status, "{app}: {}", answer.text());
        assert_eq!(scene.refreshes(&refresh, app), status == 401, "{app}");
        if status == 401 {
            let required = &answer.json()["details"]["required_access"];
            let expected = format!("auth.users.{}.tokens.com_example_other.delete", alice.user);
            assert_eq!(*required, expected);
        }
    }
}

#[test]
fn row_4_4_a_client_id_is_percent_decoded() {
    let scene = Scene::new();
    let alice = scene.add("alice");
    for (app, encoded) in [
        ("a b", "a%20b"),
        ("a/b", "a%2Fb"),
        ("a%2Fb", "a%252Fb"),
        ("é?#", "%C3%A9%3F%23"),
        ("..", "%2E%2E"),
    ] {
        let body = json!({ "access_type": "offline", "client_id": app });
        let _ = sign_in(&scene.server, &TestUser::new("alice", PASSWORD), &body);
        let target = format!(
            "DELETE /0.1/users/me/tokens/{encoded} HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {}\r\nConnection: close\r\n\r\n",
            alice.text
        );
        let answer = scene.server.raw(target.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 204"), "{app}: {answer}");
    }
    let own = ok(&scene.send_as(&alice, "GET", "/users/me/tokens", &Value::Null));
    assert_eq!(own["total"], 0);
    // What is not UTF-8 names nothing.
    assert_eq!(
        scene
            .send("DELETE", "/users/me/tokens/%FF", &Value::Null)
            .status,
        404
    );
}
