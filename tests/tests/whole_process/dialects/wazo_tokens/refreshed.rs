//! Refresh tokens: offline access, and what comes of it.

use countersign_tests::{TestClient, TestUser};
use serde_json::{Value, json};

use super::{NOBODYS, Wazo, assert_failed, assert_legacy, data, names, offline, text};

#[test]
fn row_4_1_only_offline_answers_have_a_refresh_token() {
    let wazo = Wazo::new();
    let told = wazo.data(&offline("example"));
    let refresh_token = text(&told, "refresh_token");
    assert_eq!(refresh_token.len(), 36);
    let token = text(&told, "token");
    assert_ne!(token, refresh_token);
    for (what, told) in [
        ("online", wazo.data(&json!({ "client_id": "example" }))),
        (
            "said to be online",
            wazo.data(&json!({ "access_type": "online", "client_id": "example" })),
        ),
        ("a refresh", data(&wazo.refresh(&refresh_token, "example"))),
        ("asked about", data(&wazo.ask("GET", &token))),
    ] {
        assert!(!names(&told).contains(&"refresh_token"), "{what}: {told}");
    }
}

#[test]
fn row_4_1_there_is_one_refresh_token_for_each_user_and_client_id() {
    let wazo = Wazo::new();
    let bob = wazo.home.add_user("bob");
    let first = wazo.refresh_token();
    assert_eq!(wazo.refresh_token(), first, "a second login");
    let other = text(&wazo.data(&offline("Example")), "refresh_token");
    let of_bob = data(&wazo.sign_in_as(&bob, &offline("example")));
    let of_bob = text(&of_bob, "refresh_token");
    assert!(first != other && first != of_bob && other != of_bob);
    for (token, client_id, name) in [
        (&first, "example", "alice"),
        (&other, "Example", "alice"),
        (&of_bob, "example", "bob"),
    ] {
        let told = data(&wazo.refresh(token, client_id));
        let user = &wazo.home.json(&["user", "show", name])["sub"];
        assert_eq!(told["auth_id"], *user, "{name}");
    }
}

#[test]
fn row_4_1_a_refresh_needs_the_token_and_its_client_id() {
    let wazo = Wazo::new();
    let refresh_token = wazo.refresh_token();
    let token = wazo.token();
    for (refresh_token, client_id) in [
        (&*refresh_token, "other"),
        (&refresh_token, "EXAMPLE"),
        (&refresh_token.to_uppercase(), "example"),
        (&refresh_token.replace('-', ""), "example"),
        (&format!("{refresh_token} "), "example"),
        // An access token is none.
        (&token, "example"),
        (NOBODYS, "example"),
        ("", "example"),
        ("x", "example"),
        (&"x".repeat(10_000), "example"),
    ] {
        let answer = wazo.refresh(refresh_token, client_id);
        assert_failed(&answer, &format!("{refresh_token} for {client_id}"));
    }
    assert_eq!(wazo.refresh(&refresh_token, "example").status, 200);
}

/// Section 4.7 says the same as a surprise.
#[test]
fn row_4_7_1_a_refresh_token_beats_the_authorization_header() {
    let wazo = Wazo::new();
    let bob = wazo.home.add_user("bob");
    let refresh_token = wazo.refresh_token();
    let alice = &wazo.home.json(&["user", "show", &wazo.user.name])["sub"];
    let body = json!({ "refresh_token": refresh_token, "client_id": "example" });
    for (name, password) in [
        (&*bob.name, &*bob.password),
        (&wazo.user.name, "wrong"),
        // What the Python client sends without a user: `Basic Og==`.
        ("", ""),
    ] {
        let told = data(&wazo.sign_in_as(&TestUser::new(name, password), &body));
        assert_eq!(told["auth_id"], *alice, "{name}");
    }
    let broken = wazo.asking(&body).header("authorization", "Basic !");
    assert_eq!(broken.send().status, 200);
    // Neither does a right password help a wrong refresh token.
    let body = json!({ "refresh_token": NOBODYS, "client_id": "example" });
    assert_failed(&wazo.sign_in(&body), "a wrong refresh token");
}

#[test]
fn row_4_1_a_refresh_token_outlives_its_tokens_and_the_server() {
    let wazo = Wazo::new();
    let told = wazo.data(&offline("example"));
    let refresh_token = text(&told, "refresh_token");
    assert_eq!(wazo.ask("DELETE", &text(&told, "token")).status, 200);
    let told = data(&wazo.refresh(&refresh_token, "example"));
    let Wazo { home, server, user } = wazo;
    let address = server.address.to_string();
    server.stop();
    let server = home.serve_with(&["--listen", &address], &[super::ON]);
    let wazo = Wazo { home, server, user };
    assert!(wazo.is_live(&text(&told, "token")));
    assert_eq!(wazo.refresh(&refresh_token, "example").status, 200);
    assert_eq!(wazo.refresh_token(), refresh_token, "and is told again");
}

#[test]
fn row_4_1_a_refresh_token_opens_nothing_else() {
    let wazo = Wazo::new();
    let refresh_token = wazo.refresh_token();
    for method in ["GET", "HEAD"] {
        assert_eq!(wazo.ask(method, &refresh_token).status, 404, "{method}");
    }
    let answer = wazo.ask("GET", &refresh_token);
    assert_legacy(&answer, 404, "No such token", "a refresh token");
    let answer = wazo.check_scopes(&refresh_token, &json!({ "scopes": [] }));
    assert_legacy(&answer, 404, "No such token", "a refresh token");
    let call = wazo.server.call("GET", "/0.1/users/me/tokens");
    let answer = call.header("x-auth-token", &refresh_token).send();
    assert_eq!(answer.status, 401, "{}", answer.text());
    assert_eq!(answer.json()["details"]["reason"], "not_found_or_expired");
    // And nobody ends it as if it were a token.
    assert_eq!(wazo.ask("DELETE", &refresh_token).status, 200);
    assert_eq!(wazo.refresh(&refresh_token, "example").status, 200);
}

#[test]
fn row_4_1_wazo_session_type_mobile() {
    let wazo = Wazo::new();
    let named = TestClient::new(&wazo.user.name, &wazo.user.password);
    let mut token = String::new();
    for (client_id, header) in [
        ("1", Some("mobile")),
        ("2", Some("Mobile")),
        ("3", Some("desktop")),
        ("4", Some("mobile ,x")),
        ("5", None),
    ] {
        let call = wazo.asking(&offline(client_id)).basic(&named);
        let answer = match header {
            Some(value) => call.header("Wazo-Session-Type", value).send(),
            None => call.send(),
        };
        token = text(&data(&answer), "token");
    }
    let list = |path: &str, name: &str| -> Vec<Value> {
        let call = wazo.server.call("GET", path);
        let answer = call.header("x-auth-token", &token).send();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let items = answer.json()["items"].as_array().unwrap().clone();
        items.into_iter().map(|item| item[name].clone()).collect()
    };
    let expected = [true, true, false, false, false].map(Value::from);
    let tokens = "/0.1/users/me/tokens?order=client_id&direction=asc";
    assert_eq!(list(tokens, "client_id"), ["1", "2", "3", "4", "5"]);
    assert_eq!(list(tokens, "mobile"), expected);
    // Sessions are listed in the order of the sign-ins.
    assert_eq!(list("/0.1/users/me/sessions", "mobile"), expected);
}

#[test]
fn row_4_5_deleting_a_refresh_token_ends_the_tokens_made_with_it() {
    let wazo = Wazo::new();
    let told = wazo.data(&offline("example"));
    let refresh_token = text(&told, "refresh_token");
    let made_with = [told, data(&wazo.refresh(&refresh_token, "example"))];
    let others = [
        wazo.data(&json!({})),
        wazo.data(&json!({ "client_id": "example" })),
        wazo.data(&offline("other")),
    ];
    let token = text(&others[0], "token");
    let path = "/0.1/users/me/tokens/example";
    let call = wazo.server.call("DELETE", path);
    let answer = call.header("x-auth-token", &token).send();
    assert_eq!(answer.status, 204, "{}", answer.text());
    assert_failed(
        &wazo.refresh(&refresh_token, "example"),
        "a deleted refresh token",
    );
    for told in &made_with {
        assert!(!wazo.is_live(&text(told, "token")));
    }
    for told in &others {
        assert!(wazo.is_live(&text(told, "token")));
    }
    assert_ne!(wazo.refresh_token(), refresh_token, "a new one is another");
}
