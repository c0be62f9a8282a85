//! What guards the dialect: RULES D2 and S5, and what bad input gets.

use std::fs;

use countersign_tests::{Home, PATIENCE, TestClient, TestUser, eventually};
use serde_json::json;

use super::{NOBODYS, ON, Wazo, assert_failed, legacy, offline, text};

/// A dialect that is a password door slows down who guesses, and leaves the doors of the standards alone.
#[test]
fn rule_d2_guessing_is_slowed_down_and_only_here() {
    let home = Home::with_keys();
    let client = home.add_password_client("app", &[]);
    let user = home.add_user("alice");
    let file = home.path().join("countersign.toml");
    fs::write(&file, "trusted_proxies = [\"127.0.0.1\"]\n").unwrap();
    let server = home.serve_with(&["--config", "countersign.toml"], &[ON]);
    let at_wazo = |user: &TestUser, from: &str| {
        let named = TestClient::new(&user.name, &user.password);
        let call = server.post("/0.1/token").basic(&named).body("{}");
        call.header("x-forwarded-for", from).send()
    };
    let at_the_standard = |user: &TestUser, from: &str| {
        let call = server.post("/oauth2/token").basic(&client);
        let call = call.header("x-forwarded-for", from);
        call.form(&user.form()).send().status
    };
    let (thief, elsewhere) = ("198.51.100.7", "192.0.2.1");
    let wrong = user.with_password("wrong");
    let mut free = 0;
    let slowed = loop {
        let answer = at_wazo(&wrong, thief);
        if answer.status != 401 {
            break answer;
        }
        free += 1;
        assert!(free < 30, "nobody slows the thief down");
    };
    assert!(free >= 20, "RULES S5 leave room for 20, not {free}");
    assert_eq!(legacy(&slowed).0, 429, "{}", slowed.text());
    let wait: u32 = slowed.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(
        at_wazo(&user, thief).status,
        429,
        "nor does a right password"
    );
    assert_eq!(
        at_wazo(&user, elsewhere).status,
        429,
        "the account is slowed"
    );
    for from in [thief, elsewhere] {
        assert_eq!(at_the_standard(&user, from), 200, "{from}");
    }
}

#[test]
fn rule_d2_every_failed_sign_in_looks_the_same() {
    let wazo = Wazo::new();
    let disabled = wazo.home.add_user("disabled");
    let _ = wazo.home.json(&["user", "disable", "disabled"]);
    let bare = |answer: &countersign_tests::Answer| {
        let mut told = answer.json();
        told["timestamp"] = json!(null);
        told.to_string()
    };
    let expected = wazo.sign_in_as(&wazo.user.with_password("wrong"), &json!({}));
    assert_failed(&expected, "a wrong password");
    for (what, answer) in [
        (
            "unknown",
            wazo.sign_in_as(&TestUser::new("nobody", "x"), &json!({})),
        ),
        ("disabled", wazo.sign_in_as(&disabled, &json!({}))),
        ("a refresh token", wazo.refresh(NOBODYS, "example")),
    ] {
        assert_eq!(bare(&answer), bare(&expected), "{what}");
        assert_eq!(answer.header("wazo-sessions-revoked"), "", "{what}");
        assert_eq!(answer.header("www-authenticate"), "", "{what}");
    }
}

/// "Its unauthenticated DELETE works on wazo tokens only": what else this service has issued is not found here, and lives on.
#[test]
fn rule_d2_the_unauthenticated_delete_ends_wazo_tokens_only() {
    let wazo = Wazo::new();
    let app = wazo.home.add_password_client("app", &[]);
    let opaque = wazo
        .home
        .add_password_client("opaque", &["--access-token-format", "opaque"]);
    for client in [&app, &opaque] {
        let tokens = wazo.server.sign_in(client, &wazo.user, &[]).tokens();
        for token in [&tokens.access, &tokens.refresh] {
            for path in ["/0.1/token", "/api/auth/0.1/token"] {
                let call = wazo.server.call("DELETE", &format!("{path}/{token}"));
                assert_eq!(call.send().status, 200);
            }
            for method in ["GET", "HEAD"] {
                assert_eq!(wazo.ask(method, token).status, 404);
            }
            let call = wazo.server.call("GET", "/0.1/users/me/tokens");
            assert_eq!(call.header("x-auth-token", token).send().status, 401);
            assert!(wazo.server.is_active(client, token), "it lives on");
        }
        assert_failed(
            &wazo.refresh(&tokens.refresh, &client.id),
            "a standard refresh token",
        );
    }
    // And the reverse: no endpoint of the standards knows a token of this dialect.
    let told = wazo.data(&offline("app"));
    for name in ["token", "refresh_token"] {
        let token = text(&told, name);
        assert!(!wazo.server.is_active(&app, &token), "{name}");
        assert_eq!(wazo.server.revoke(&app, &token).status, 200, "{name}");
        assert_eq!(wazo.server.userinfo(&token).status, 401, "{name}");
        let refreshed = wazo.server.refreshing(&app, &token, &[]).send();
        assert_eq!(refreshed.refusal(), (400, "invalid_grant".into()), "{name}");
    }
    assert!(wazo.is_live(&text(&told, "token")));
    assert_eq!(
        wazo.refresh(&text(&told, "refresh_token"), "app").status,
        200
    );
}

#[test]
fn rule_d2_no_token_and_no_password_is_in_the_log() {
    let wazo = Wazo::with(&[("COUNTERSIGN_LOG", "trace"), ("RUST_LOG", "trace")]);
    let named = TestClient::new(&wazo.user.name, &wazo.user.password);
    let told = wazo.data(&offline("example"));
    let (token, refresh_token) = (text(&told, "token"), text(&told, "refresh_token"));
    let refreshed = wazo.refresh(&refresh_token, "example").json();
    let ended = text(&refreshed["data"], "token");
    for secret in [&token, &refresh_token, &ended, &NOBODYS.to_owned()] {
        for path in ["/0.1", "/api/auth/0.1", "/0.2", "/auth/0.1"] {
            for (method, more) in [
                ("GET", "?scope=foo"),
                ("HEAD", ""),
                ("PUT", ""),
                ("POST", "/scopes/check"),
                ("GET", "/scopes/check"),
                ("GET", "/nothing"),
            ] {
                let path = format!("{path}/token/{secret}{more}");
                let _ = wazo.server.call(method, &path).body("x").send();
            }
        }
        let query = format!("/0.1/token?refresh_token={secret}");
        let _ = wazo.server.post(&query).body("{}").send();
        let call = wazo.server.call("GET", "/0.1/users/me/tokens");
        let _ = call.header("x-auth-token", secret).send();
        let _ = wazo.refresh(secret, "example");
        let _ = wazo.refresh(secret, "other");
    }
    let wrong = TestUser::new("mIsplaced-7265", "wRong-gUess-7264");
    assert_failed(&wazo.sign_in_as(&wrong, &json!({})), "a wrong password");
    for token in [&token, &ended] {
        assert_eq!(wazo.ask("DELETE", token).status, 200);
    }
    let _ = wazo
        .server
        .raw(format!("DELETE /0.1/token/{token} nonsense\r\n\r\n").as_bytes());
    let log = eventually(PATIENCE, || {
        let log = wazo.server.stderr();
        log.contains("DEBUG").then_some(log)
    });
    let log = log.expect("nothing to look at: the log is not loud");
    assert!(log.contains("signed_in") && log.contains("sign_in_refused"));
    let more = [
        &wazo.user.password,
        &named.base64(),
        &wrong.password,
        &wrong.name,
    ]
    .map(String::clone);
    for secret in [token, refresh_token, ended].into_iter().chain(more) {
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret:?} is in the log");
    }
}

/// Whoever reads the database has no token.
#[test]
fn rule_d2_no_token_is_in_the_database() {
    let wazo = Wazo::new();
    let told = wazo.data(&offline("example"));
    let secrets = ["token", "refresh_token"].map(|name| text(&told, name));
    for entry in fs::read_dir(wazo.home.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        let content = fs::read(&path).unwrap();
        for secret in &secrets {
            let raw: Vec<u8> = hex(&secret.replace('-', ""));
            for needle in [secret.as_bytes(), &raw] {
                let found = content.windows(needle.len()).any(|window| window == needle);
                assert!(!found, "{} holds {secret}", path.display());
            }
        }
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("a digit");
    (0..text.len()).step_by(2).map(digit).collect()
}

/// Bad input of every kind, everywhere: a refusal, in JSON.
#[test]
fn nothing_that_is_sent_gets_a_500() {
    let wazo = Wazo::new();
    let token = wazo.token();
    let named = TestClient::new(&wazo.user.name, &wazo.user.password);
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let deep_member = format!(r#"{{"scopes": {deep}}}"#);
    let bodies = [
        "",
        "\0",
        "\u{feff}{}",
        "{\"expiration\": 1e999}",
        "{\"expiration\": -0}",
        "{\"expiration\": 0.1e1}",
        "{\"expiration\": 99999999999999999999999999}",
        "{\"backend\": \"\\ud800\"}",
        "{\"client_id\": \"\\u0000\", \"access_type\": \"offline\"}",
        "{\"refresh_token\": \"\\u0000\", \"client_id\": \"x\"}",
        "{\"scopes\": [\"\\u0000\", \"\\n\"]}",
        &deep,
        &deep_member,
    ];
    let long = "%C3%A9".repeat(5_000);
    let paths = [
        "token".to_owned(),
        format!("token/{token}"),
        format!("token/{token}/scopes/check"),
        format!("token/{token}?scope=%00&tenant=%0a"),
        format!("token/{token}?scope={long}"),
        format!("token/{long}"),
        format!("token/{long}/scopes/check"),
        "token/%ff/scopes/check".to_owned(),
        "token/%2f".to_owned(),
        "token/".to_owned(),
        "token//scopes/check".to_owned(),
        "backends".to_owned(),
        "status".to_owned(),
        "status/x".to_owned(),
        String::new(),
    ];
    for path in &paths {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            let shown = path.get(..60).unwrap_or(path);
            for body in bodies {
                let call = wazo
                    .server
                    .call(method, &format!("/0.1/{path}"))
                    .basic(&named);
                // Where nobody reads a body, the connection ends with it.
                let answer = call.header("connection", "close").body(body).send();
                let what = format!("{method} {shown} {}", body.get(..40).unwrap_or(body));
                assert!(answer.status < 500, "{what}: {}", answer.text());
                if method != "HEAD" && answer.status != 204 {
                    let _ = answer.json();
                }
            }
        }
    }
    let mut not_utf_8 = br#"{"backend": ""#.to_vec();
    not_utf_8.extend(b"\xff\"}");
    let answer = wazo
        .server
        .post("/0.1/token")
        .basic(&named)
        .body(not_utf_8)
        .send();
    assert_eq!(legacy(&answer).0, 400);
    for header in [
        "wazo-session-type",
        "user-agent",
        "x-auth-token",
        "wazo-tenant",
    ] {
        let call = wazo.server.post("/0.1/token").basic(&named).body("{}");
        let answer = call.header(header, [0xe9, b'"', 0xff]).send();
        assert_eq!(answer.status, 200, "{header}");
    }
}
