//! The requests of seed 003.

use std::process::Command;

use countersign_tests::TestClient;
use serde_json::{Value, json};

use super::{PASSWORD, Wazo, assert_failed, data, lifetime, text};

/// How a request is sent: with the user's name and password or without, and with this body. Gives the status and the document
/// of the answer.
type Send<'wazo> = dyn Fn(bool, &str) -> (u16, Value) + 'wazo;

/// Sends the headers that curl sends for the commands of the tutorial.
fn as_curl_does(wazo: &Wazo, is_user: bool, body: &str) -> (u16, Value) {
    let post = wazo.server.post("/api/auth/0.1/token");
    let post = post.header("user-agent", "curl/7.74.0");
    let post = post.header("accept", "*/*");
    let post = post.header("content-type", "application/json");
    let post = if is_user {
        post.basic(&TestClient::new(&wazo.user.name, PASSWORD))
    } else {
        post
    };
    let answer = post.body(body).send();
    (answer.status, answer.json())
}

/// Runs one of the commands of the tutorial. Only the scheme is another: TLS is the business of the proxy.
fn curl(wazo: &Wazo, is_user: bool, body: &str) -> (u16, Value) {
    let user = if is_user {
        format!(r#"-u "{}:{PASSWORD}""#, wazo.user.name)
    } else {
        String::new()
    };
    let script = format!(
        r#"curl -k -s -w '\n%{{http_code}}' -X POST "http://{}/api/auth/0.1/token" \
  -H "Content-Type: application/json" \
  {user} -d '{body}'"#,
        wazo.server.address
    );
    let done = wazo.home.shell(&script);
    let said = done.succeeded();
    let (document, status) = said.rsplit_once('\n').expect("a document and a status");
    let document = serde_json::from_str(document).expect("a JSON document");
    (status.trim().parse().expect("a status"), document)
}

#[expect(clippy::print_stdout, reason = "a test that looks at nothing says so")]
fn curl_is_missing() -> bool {
    let missing = Command::new("curl").arg("--version").output().is_err();
    if missing {
        println!("SKIPPED: there is no curl, which the commands of the tutorial need");
    }
    missing
}

fn assert_uuid(text: &str) {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12], "{text}");
    assert_eq!(text, text.to_lowercase());
}

/// "How To Authenticate a User": a token for an hour, a refresh token, and a token for that.
fn authenticate(wazo: &Wazo, send: &Send<'_>) {
    let told = |is_user: bool, body: &str| {
        let (status, told) = send(is_user, body);
        assert_eq!(status, 200, "{told}");
        assert_uuid(&text(&told["data"], "token"));
        told["data"].clone()
    };
    let token = told(true, r#"{"expiration": 3600}"#);
    assert_eq!(lifetime(&token), 3_600);
    assert_eq!(token.get("refresh_token"), None);

    let offline = told(
        true,
        r#"{"client_id": "example", "access_type": "offline"}"#,
    );
    assert_eq!(lifetime(&offline), 7_200, "the default");
    let refresh_token = text(&offline, "refresh_token");
    assert_uuid(&refresh_token);

    let body = format!(
        r#"{{"expiration": 3600, "client_id": "example", "refresh_token": "{refresh_token}"}}"#
    );
    let refreshed = told(false, &body);
    assert_eq!(lifetime(&refreshed), 3_600);
    assert_eq!(refreshed["auth_id"], token["auth_id"]);
    let all = [&token, &offline, &refreshed].map(|data| text(data, "token"));
    assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
    for token in &all {
        assert!(wazo.is_live(token));
    }
}

#[test]
fn seed_003_the_three_requests_of_the_tutorial() {
    let wazo = Wazo::new();
    authenticate(&wazo, &|is_user, body| as_curl_does(&wazo, is_user, body));
}

#[test]
fn seed_003_the_three_commands_of_the_tutorial() {
    if curl_is_missing() {
        return;
    }
    let wazo = Wazo::new();
    authenticate(&wazo, &|is_user, body| curl(&wazo, is_user, body));
}

/// "The `client_id` must match the `client_id` used when creating the refresh token."
#[test]
fn seed_003_the_client_id_must_match() {
    let wazo = Wazo::new();
    let refresh_token = wazo.refresh_token();
    assert_failed(
        &wazo.refresh(&refresh_token, "another"),
        "another client_id",
    );
}

/// "If you use it in a request in an `X-Auth-Token` header you will always get a 401 error", and the reverse "will not work
/// either".
#[test]
fn seed_003_a_refresh_token_is_no_access_token_and_the_reverse() {
    let wazo = Wazo::new();
    let told = wazo.data(&json!({ "client_id": "example", "access_type": "offline" }));
    let (token, refresh_token) = (text(&told, "token"), text(&told, "refresh_token"));
    let status = |token: &str| {
        let call = wazo.server.call("GET", "/api/auth/0.1/users/me/tokens");
        call.header("X-Auth-Token", token).send().status
    };
    assert_eq!((status(&token), status(&refresh_token)), (200, 401));
    assert_failed(&wazo.refresh(&token, "example"), "an access token");
    assert_eq!(
        data(&wazo.refresh(&refresh_token, "example"))["auth_id"],
        told["auth_id"]
    );
}
