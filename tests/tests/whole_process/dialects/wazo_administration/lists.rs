//! The parameters of lists.

use serde_json::{Value, json};

use super::{Scene, api_refusal, column};

fn scene() -> Scene {
    let scene = Scene::new();
    for (username, firstname, address) in [
        ("alice", "Zelda", "alice@example.com"),
        ("Bob", "yves", "b@example.com"),
        ("carol", "Xavier", "carol@other.example"),
    ] {
        let body =
            json!({ "username": username, "firstname": firstname, "email_address": address });
        let _ = scene.ok("POST", "/users", &body);
    }
    scene
}

#[test]
fn row_4_4_lists_are_searched_ordered_and_cut() {
    let scene = scene();
    for (query, names, total, filtered) in [
        ("", &["alice", "Bob", "carol", "root"][..], 4, 4),
        ("order=firstname", &["carol", "Bob", "alice", "root"], 4, 4),
        ("direction=desc&limit=2", &["root", "carol"], 4, 4),
        ("offset=1&limit=2", &["Bob", "carol"], 4, 4),
        ("limit=0", &[], 4, 4),
        ("search=B", &["Bob"], 4, 1),
        ("search=EXAMPLE.com", &["alice", "Bob"], 4, 2),
        ("search=example.com&limit=1&offset=1", &["Bob"], 4, 2),
        ("search=example.com&username=alice", &["alice"], 4, 1),
        (
            "email_address=carol%40other.example&recurse=False",
            &["carol"],
            4,
            1,
        ),
        ("purpose=internal", &[], 4, 0),
    ] {
        let list = scene.get(&format!("/users?{query}"));
        assert_eq!(column(&list, "username"), names, "{query}");
        assert_eq!(
            (&list["total"], &list["filtered"]),
            (&json!(total), &json!(filtered)),
            "{query}"
        );
    }
}

#[test]
fn row_4_4_refresh_tokens_are_ordered_by_age_by_client_id_or_by_mobile() {
    let scene = scene();
    for app in ["b", "C", "a"] {
        let _ = scene.sign_in_offline("root", app);
    }
    for (query, apps, filtered) in [
        ("", &["b", "C", "a"][..], 3),
        ("order=created_at&direction=desc", &["a", "C", "b"], 3),
        ("order=client_id", &["a", "b", "C"], 3),
        ("order=mobile&limit=2", &["b", "C"], 3),
        ("search=c", &["C"], 1),
        ("client_id=c", &[], 0),
        ("client_id=C", &["C"], 1),
        ("mobile=False&offset=2", &["a"], 3),
        ("mobile=True", &[], 0),
    ] {
        for path in ["/tokens", "/users/me/tokens"] {
            let list = scene.get(&format!("{path}?{query}"));
            assert_eq!(column(&list, "client_id"), apps, "{path} {query}");
            assert_eq!(
                (&list["total"], &list["filtered"]),
                (&json!(3), &json!(filtered)),
                "{path} {query}"
            );
        }
    }
}

#[test]
fn row_4_3_a_bad_list_parameter_is_invalid_list_param_at_every_list() {
    let scene = Scene::new();
    for path in [
        "/users",
        "/tokens",
        "/users/me/tokens",
        "/sessions",
        "/users/me/sessions",
        "/policies",
        "/users/me/policies",
    ] {
        for (query, field) in [
            ("limit=-1", "limit"),
            ("limit=x", "limit"),
            ("offset=-1", "offset"),
            ("order=nothing", "order"),
            ("direction=up", "direction"),
            ("recurse=perhaps", "recurse"),
        ] {
            let answer = scene.send("GET", &format!("{path}?{query}"), &Value::Null);
            let (status, error_id, details) = api_refusal(&answer);
            assert_eq!(
                (status, &*error_id),
                (400, "invalid-list-param"),
                "{path} {query}"
            );
            assert!(details[field].is_object(), "{path} {query}: {details}");
        }
        for query in ["search=%FF", "limit=1&limit=2"] {
            let answer = scene.send("GET", &format!("{path}?{query}"), &Value::Null);
            assert_eq!(api_refusal(&answer).0, 400, "{path} {query}");
        }
        for query in ["", "limit=&order=&direction=", "recurse=True&unknown=x"] {
            assert!(scene.get(&format!("{path}?{query}"))["items"].is_array());
        }
    }
}
