//! Bad input of every kind, everywhere: a refusal, in JSON, and never a 500.

use countersign_tests::{Answer, Call};
use serde_json::{Value, json};

use super::door::ROUTES;
use super::{NOBODY, PASSWORD, Scene};

/// Everything that is sent here is sent by somebody who may do everything.
fn send(scene: &Scene, method: &str, path: &str, body: &[u8]) -> Answer {
    let call = calling(scene, method, path, &scene.root.text);
    checked(call.body(body), method, path, body)
}

fn calling(scene: &Scene, method: &str, path: &str, token: impl AsRef<[u8]>) -> Call {
    let call = scene.server.call(method, &format!("/0.1{path}"));
    // Where nobody reads a body, the connection ends with it.
    call.header("x-auth-token", token)
        .header("connection", "close")
}

fn checked(call: Call, method: &str, path: &str, body: &[u8]) -> Answer {
    let answer = call.send();
    let body = String::from_utf8_lossy(&body[..body.len().min(60)]);
    let path: String = path.chars().take(80).collect();
    let text = answer.text();
    assert!(answer.status < 500, "{method} {path} {body}: {text}");
    if method != "HEAD" && answer.status != 204 {
        let _ = answer.json();
    }
    answer
}

/// The routes that read a body: an object that is good there, and all members that are known there.
const BODIES: [(&str, &str, &str, &[&str]); 6] = [
    (
        "POST",
        "/users",
        r#"{"username":"new"}"#,
        &[
            "username",
            "password",
            "firstname",
            "lastname",
            "email_address",
            "emails",
            "enabled",
            "purpose",
            "uuid",
            "authentication_method",
            "unknown",
        ],
    ),
    (
        "PUT",
        "/users/U",
        "{}",
        &[
            "username",
            "firstname",
            "lastname",
            "emails",
            "enabled",
            "purpose",
            "authentication_method",
        ],
    ),
    (
        "PUT",
        "/users/me",
        "{}",
        &["username", "firstname", "lastname", "enabled", "purpose"],
    ),
    (
        "PUT",
        "/users/U/password",
        r#"{"old_password":"x","new_password":"y"}"#,
        &["old_password", "new_password"],
    ),
    (
        "POST",
        "/policies",
        r#"{"name":"new"}"#,
        &["name", "slug", "description", "acl", "unknown"],
    ),
    (
        "PUT",
        "/policies/p",
        r#"{"name":"p"}"#,
        &["name", "slug", "description", "acl"],
    ),
];

/// Values of all types, of which few are right anywhere.
fn values() -> Vec<Value> {
    let long = "\u{e9}".repeat(20_000);
    let deep = (0..100).fold(json!([]), |inner, _| json!([inner]));
    vec![
        json!(null),
        json!(5),
        json!(-0.0),
        json!(1e308),
        json!(u64::MAX),
        json!(true),
        json!(""),
        json!(" "),
        json!("\0"),
        json!("a\u{7}"),
        json!("\u{202e}\u{feff}"),
        json!(long),
        json!([null]),
        json!([5, [], {}]),
        json!(["\0", "\n", "", long]),
        json!([{}]),
        json!([{ "address": null, "main": 5 }, { "address": "a\0@b.example" }]),
        json!({ "a": { "b": [] } }),
        deep,
    ]
}

/// What is no object, or none that can be read.
fn documents() -> Vec<Vec<u8>> {
    let deep = format!(
        r#"{{"username":{}{}}}"#,
        "[".repeat(30_000),
        "]".repeat(30_000)
    );
    let big = format!(r#"{{"name":"{}"}}"#, "x".repeat(1_000_000));
    let mut documents: Vec<Vec<u8>> = [
        "",
        "\0",
        "\u{feff}{}",
        "\"null\"",
        "[]",
        "{}{}",
        "{\"username\": 1e999}",
        "{\"username\": \"\\ud800\"}",
        "{\"name\": \"a\", \"name\": \"b\"}",
        "username=a",
    ]
    .map(Vec::from)
    .to_vec();
    documents.extend([deep.into(), big.into(), b"{\"name\": \"\xff\"}".to_vec()]);
    documents
}

#[test]
fn nothing_that_is_sent_gets_a_500() {
    let scene = Scene::new();
    let target = scene.add("target");
    let _ = scene.ok("POST", "/policies", &json!({ "name": "p" }));
    let mut statuses = Vec::new();
    for (method, path, good, members) in BODIES {
        let path = path.replace('U', &target.user);
        for member in members {
            for value in values() {
                let mut body: Value = serde_json::from_str(good).unwrap();
                body[member] = value;
                let body = body.to_string();
                statuses.push(send(&scene, method, &path, body.as_bytes()).status);
            }
        }
        for document in documents() {
            let answer = send(&scene, method, &path, &document);
            assert!(matches!(answer.status, 400 | 413), "{}", answer.text());
        }
    }
    for status in [200, 400, 401] {
        assert!(statuses.contains(&status), "nothing was {status}");
    }
    assert!(scene.is_live(&scene.root), "all of it was let in");
    assert_eq!(scene.sign_in("target").user, target.user);
}

#[test]
fn no_path_gets_a_500() {
    let scene = Scene::new();
    let long = "%C3%A9".repeat(2_000);
    let parts = [
        "%00",
        "%ff",
        "%2f",
        "%0a",
        "%e2%80%ae",
        "%",
        "ME",
        "me%20",
        "0",
        "*",
        "#",
        "!",
        NOBODY,
        &*long,
    ];
    for (method, path, _) in ROUTES {
        for part in parts {
            // Each part of the path that names something is this.
            let filled = path.split('/').map(|it| match it {
                "U" | "S" | "p" | "app" | "a.b" | "a.b.c" => part,
                fixed => fixed,
            });
            let filled = filled.collect::<Vec<_>>().join("/");
            if filled == *path {
                continue;
            }
            for body in ["", "{}", r#"{"name":"x","acl":[]}"#] {
                let _ = send(&scene, method, &filled, body.as_bytes());
            }
        }
    }
    for path in [
        "",
        "/",
        "/users/",
        "/users//tokens",
        "/policies//acl/",
        "/policies/p/acl/a/b",
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            let _ = send(&scene, method, path, b"{}");
        }
    }
    assert!(scene.is_live(&scene.root), "all of it was let in");
}

#[test]
fn no_query_and_no_header_gets_a_500() {
    let scene = Scene::new();
    let long = "%C3%A9".repeat(2_000);
    let queries = [
        "limit=-1".to_owned(),
        "limit=99999999999999999999&offset=99999999999999999999".to_owned(),
        "limit=18446744073709551615&offset=18446744073709551615".to_owned(),
        "limit=%00&offset=1e3".to_owned(),
        "order=%00&direction=%ff".to_owned(),
        "order=password".to_owned(),
        "search=%00%25_'%22".to_owned(),
        format!("search={long}"),
        "mobile=%00&uuid=%0a&username=%ff".to_owned(),
        "search=a&search=b".to_owned(),
        "%&&&==&%zz".to_owned(),
        "&a=".repeat(500),
    ];
    let lists = ROUTES
        .iter()
        .filter(|(method, ..)| *method == "GET")
        .map(|(_, path, _)| path.replace('U', &scene.root.user));
    for path in lists {
        for query in &queries {
            let _ = send(&scene, "GET", &format!("{path}?{query}"), b"");
        }
        for odd in [&b"\xe9\"\xff"[..], b"", b"\t", PASSWORD.as_bytes()] {
            let call = calling(&scene, "GET", &path, odd);
            assert_eq!(checked(call, "GET", &path, odd).status, 401, "{path}");
            let call = calling(&scene, "GET", &path, &scene.root.text);
            let call = call.header("wazo-tenant", odd);
            let _ = checked(call, "GET", &path, odd);
        }
    }
    assert!(scene.is_live(&scene.root), "all of it was let in");
}
