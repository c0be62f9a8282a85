//! Bodies that cannot be meant: what is wrong is told, with the member.

use serde_json::{Value, json};

use super::{NOBODY, Scene, api_refusal};

/// Values that a member cannot have, whether a user is made or replaced.
fn faults_of_any_user() -> [(&'static str, Vec<Value>); 6] {
    let (long, longer) = ("x".repeat(256), "x".repeat(5_000));
    [
        (
            "username",
            vec![json!(""), json!(" a"), json!(long), json!(5)],
        ),
        (
            "firstname",
            vec![json!(true), json!("a\u{7}"), json!(long), json!(longer)],
        ),
        (
            "lastname",
            vec![json!([]), json!("a\nb"), json!(long), json!(longer)],
        ),
        ("enabled", vec![json!(1), json!("true"), json!(null)]),
        ("purpose", vec![json!("root"), json!(null)]),
        ("authentication_method", vec![json!("ldap")]),
    ]
}

/// The same for what only a new user has.
fn faults_of_a_new_user() -> [(&'static str, Vec<Value>); 4] {
    [
        ("password", vec![json!(5), json!("")]),
        ("email_address", vec![json!("nobody"), json!(7)]),
        (
            "emails",
            vec![
                json!("a@b.example"),
                json!([{}]),
                json!([{ "address": "a@b.example" }, { "address": "c@b.example" }]),
            ],
        ),
        ("uuid", vec![json!(NOBODY)]),
    ]
}

#[test]
fn row_4_3_a_body_fault_is_invalid_data_and_names_the_member() {
    let scene = Scene::new();
    let user = format!("/users/{}", scene.root.user);
    let assert_names = |method: &str, path: &str, body: &Value, field: &str| {
        let (status, error_id, details) = api_refusal(&scene.send(method, path, body));
        let shown = format!("{method} {body}");
        assert_eq!((status, &*error_id), (400, "invalid-data"), "{shown}");
        assert!(details[field]["message"].is_string(), "{shown}: {details}");
    };
    for (field, values) in faults_of_any_user() {
        for value in values {
            let mut body = json!({ "username": "a" });
            body[field] = value;
            assert_names("POST", "/users", &body, field);
            assert_names("PUT", &user, &body, field);
        }
    }
    for (field, values) in faults_of_a_new_user() {
        for value in values {
            let mut body = json!({ "username": "a" });
            body[field] = value;
            assert_names("POST", "/users", &body, field);
        }
    }
    assert_names("POST", "/users", &json!({}), "username");
    let two = json!({
        "username": "a", "email_address": "a@b.example", "emails": [{ "address": "c@b.example" }],
    });
    assert_names("POST", "/users", &two, "emails");
    // None of them has left anything behind.
    assert_eq!(scene.get("/users")["total"], 1);
    assert_eq!(scene.get(&user)["username"], "root");
}

#[test]
fn row_4_4_an_empty_name_is_none_and_a_long_one_is_kept() {
    let scene = Scene::new();
    let user = format!("/users/{}", scene.root.user);
    // Two of these are more than the whole name may have, which is cut; they are not.
    let most = "x".repeat(255);
    let none = Value::Null;
    for (firstname, lastname, expected) in [
        ("", "", (&none, &none)),
        (&*most, &*most, (&json!(most), &json!(most))),
        ("", "Example", (&none, &json!("Example"))),
    ] {
        let body = json!({ "firstname": firstname, "lastname": lastname });
        let told = scene.ok("PUT", &user, &body);
        assert_eq!((&told["firstname"], &told["lastname"]), expected);
        assert_eq!(scene.get(&user), told);
    }
    let body = json!({ "username": "a", "firstname": "" });
    assert_eq!(scene.ok("POST", "/users", &body)["firstname"], none);
}

#[test]
fn row_4_3_a_body_that_is_no_object_is_refused() {
    let scene = Scene::new();
    let big = format!(r#"{{"username": "{}"}}"#, "x".repeat(1_000_000));
    for (method, path) in [
        ("POST", "/users"),
        ("PUT", "/users/me"),
        ("PUT", "/users/me/password"),
        ("POST", "/policies"),
        ("PUT", "/policies/everything"),
    ] {
        for (body, status) in [
            ("", 400),
            ("[]", 400),
            ("5", 400),
            ("username=a", 400),
            ("{", 400),
            (r#"{"username": "a", "username": "b"}"#, 400),
            (&*big, 413),
        ] {
            let call = scene.server.call(method, &format!("/0.1{path}"));
            let call = call.header("x-auth-token", &scene.root.text);
            let answer = call.body(body).send();
            let shown = &body[..body.len().min(40)];
            assert_eq!(answer.status, status, "{method} {path} {shown}");
            let refused = answer.json();
            let is_legacy = path.starts_with("/policies");
            assert_eq!(refused["reason"].is_array(), is_legacy, "{path} {refused}");
        }
    }
}
