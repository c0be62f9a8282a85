//! The requests of seed 003, as curl sends them.

use serde_json::{Value, json};

use super::{PASSWORD, Wazo, assert_failed, data, text};

/// Runs one of the commands of the tutorial, and gives the status and the document of its answer. Only the scheme is another:
/// TLS is the business of the proxy.
fn curl(wazo: &Wazo, arguments: &str, body: &str) -> Option<(u16, Value)> {
    let script = format!(
        r#"command -v curl > curl.path || {{ echo missing; exit 0; }}
curl -k -s -w '\n%{{http_code}}' -X POST "http://{}/api/auth/0.1/token" \
  -H "Content-Type: application/json" \
  {arguments} -d '{body}'"#,
        wazo.server.address
    );
    let done = wazo.home.shell(&script);
    let said = done.succeeded();
    if said.trim() == "missing" {
        return None;
    }
    let (document, status) = said.rsplit_once('\n').expect("a document and a status");
    let document = serde_json::from_str(document).expect("a JSON document");
    Some((status.trim().parse().expect("a status"), document))
}

fn assert_time(data: &Value) {
    for name in ["expires_at", "utc_expires_at"] {
        let time = text(data, name);
        assert_eq!(time.len(), "2022-01-01T00:00:00.000000".len(), "{time}");
        assert!(time.ends_with(".000000") && &time[10..11] == "T", "{time}");
    }
}

fn assert_uuid(text: &str) {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12], "{text}");
    assert_eq!(text, text.to_lowercase());
}

/// "How To Authenticate a User": a token for an hour, a refresh token, and a token for that.
#[test]
fn seed_003_the_three_requests_of_the_tutorial() {
    let wazo = Wazo::new();
    let user = format!(r#"-u "{}:{PASSWORD}""#, wazo.user.name);
    let Some((status, told)) = curl(&wazo, &user, r#"{"expiration": 3600}"#) else {
        return;
    };
    assert_eq!(status, 200, "{told}");
    let token = &told["data"];
    assert_uuid(&text(token, "token"));
    assert_time(token);
    assert_eq!(token.get("refresh_token"), None);

    let body = r#"{"client_id": "example", "access_type": "offline"}"#;
    let (status, told) = curl(&wazo, &user, body).expect("curl is there");
    assert_eq!(status, 200, "{told}");
    let offline = &told["data"];
    let refresh_token = text(offline, "refresh_token");
    assert_uuid(&refresh_token);
    assert_uuid(&text(offline, "token"));
    assert_time(offline);

    let body = format!(
        r#"{{"expiration": 3600, "client_id": "example", "refresh_token": "{refresh_token}"}}"#
    );
    let (status, told) = curl(&wazo, "", &body).expect("curl is there");
    assert_eq!(status, 200, "{told}");
    let refreshed = &told["data"];
    assert_time(refreshed);
    assert_eq!(refreshed["auth_id"], token["auth_id"]);
    let all = [token, offline, refreshed].map(|data| text(data, "token"));
    assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
    for token in &all {
        assert!(wazo.is_live(token));
    }
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
