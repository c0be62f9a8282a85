//! When, in which version, and under which id a request is answered.

use countersign_tests::{Answer, Disk, Home, PATIENCE, eventually};
use serde_json::json;

use super::{MACHINE, Moov, REVOKE, SCOPE, TOKEN, marked, with_credentials};
use crate::scene::{ISSUER, assert_error};

/// The seconds that an answer says to wait (RFC 9110 §10.2.3).
fn retry_after(answer: &Answer) -> u32 {
    let text = answer.header("retry-after");
    text.parse().expect("a whole number of seconds")
}

#[test]
fn row_2_2_429_has_retry_after() {
    let none_free = ("COUNTERSIGN_THROTTLE__ACCOUNT_FAILURES", "0");
    let moov = Moov::with(&[none_free]);
    let wrong = with_credentials(
        &moov.client.with_secret("wrong"),
        &json!({"grant_type": "client_credentials", "scope": SCOPE, "token": "x"}),
    );
    let refused = moov.json(TOKEN, &wrong).send();
    assert_error(&marked(refused), 400, "invalid_client", "wrong");
    for path in [TOKEN, REVOKE] {
        let slowed = marked(moov.json(path, &wrong).send());
        assert_error(&slowed, 429, "temporarily_unavailable", path);
        assert!(retry_after(&slowed) >= 1, "{path}");
    }
    assert_eq!(moov.create(SCOPE).status, 200);
}

#[test]
fn row_2_2_503_has_retry_after() {
    let Some(disk) = Disk::with_room_for(8_000) else {
        return;
    };
    let moov = Moov::at(Home::with_keys_in(disk.path()), &[]);
    assert_eq!(moov.create(SCOPE).status, 200);
    disk.fill();
    // What is small may still find room in what the database had taken before.
    let away = (0..5_000).find_map(|_| {
        let answer = moov.revoke(&moov.create(SCOPE).tokens().access);
        (answer.status != 204).then_some(answer)
    });
    let away = away.expect("the disk is never full");
    assert_error(&away, 503, "temporarily_unavailable", "no room");
    assert!(retry_after(&away) >= 1);
}

#[test]
fn row_2_2_x_request_id_is_new_with_every_response_and_stands_in_the_log() {
    let moov = Moov::new();
    let other = moov.home.add_client("other", &MACHINE);
    let created = moov.create(SCOPE);
    let members = with_credentials(&other, &json!({"token": created.tokens().refresh}));
    let refused = marked(moov.json(REVOKE, &members).send());
    let id = refused.header("x-request-id");
    assert_ne!(id, created.header("x-request-id"));
    let line = eventually(PATIENCE, || {
        let log = moov.server.stderr();
        let mut lines = log.lines().filter(|line| line.contains(&id));
        lines.next().map(str::to_owned)
    });
    let line = line.expect("a line with the id");
    assert!(
        line.contains("revocation_of_another_clients_token"),
        "{line}"
    );
}

#[test]
fn row_2_3_x_moov_version_is_settled_for_json_requests() {
    let moov = Moov::new();
    let members = json!({"grant_type": "client_credentials", "scope": SCOPE});
    let body = with_credentials(&moov.client, &members);
    assert_eq!(
        moov.create(SCOPE).header("x-moov-version"),
        "v2024.01.00",
        "omitted"
    );
    for (asked, expected) in [
        ("v2024.01.00", Some("v2024.01.00")),
        ("v2025.10.00", Some("v2024.01.00")),
        ("v2026.07.00", Some("v2026.07.00")),
        ("v2030.01.00", Some("v2026.07.00")),
        ("v2023.01.00", None),
        ("2022", None),
        ("", None),
    ] {
        let called = moov.json(TOKEN, &body).header("x-moov-version", asked);
        let answer = marked(called.send());
        assert_eq!(
            answer.header("x-moov-version"),
            expected.unwrap_or_default(),
            "{asked}"
        );
        if expected.is_none() {
            assert_error(&answer, 404, "not_found", asked);
        } else {
            assert_eq!(answer.status, 200, "{asked}");
        }
        let form = [("grant_type", "client_credentials")];
        let form = moov.server.post(TOKEN).basic(&moov.client).form(&form);
        let answer = form.header("x-moov-version", asked).send();
        assert_eq!(
            (answer.status, answer.header("x-moov-version")),
            (200, String::new())
        );
    }
}

#[test]
fn row_2_2_json_is_no_form_where_the_dialect_is_off() {
    let home = Home::with_keys();
    let client = home.add_client("machine", &MACHINE);
    let server = home.serve_with(&ISSUER, &[]);
    let members = json!({"grant_type": "client_credentials", "scope": SCOPE, "token": "x"});
    for path in [TOKEN, REVOKE] {
        let call = server.post(path).header("content-type", "application/json");
        let answer = call
            .body(with_credentials(&client, &members).to_string())
            .send();
        assert_error(&answer, 400, "invalid_request", path);
        assert_eq!(answer.header("x-request-id"), "");
    }
}
