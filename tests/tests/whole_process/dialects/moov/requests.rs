//! What is answered, and how.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_tests::{Home, TestClient, jwt};
use serde_json::{Value, json};

use super::{MACHINE, Moov, REVOKE, SCOPE, TOKEN, marked, with_credentials};
use crate::scene::{ISSUER, assert_error};

#[test]
fn row_2_2_success_create_is_exactly_200_json_with_all_five_members() {
    let moov = Moov::new();
    let created = moov.create(SCOPE);
    let refreshed = moov.refresh(&created.tokens().refresh);
    for answer in [&created, &refreshed] {
        assert_eq!(answer.status, 200);
        let told = answer.json();
        let names: Vec<_> = told.as_object().unwrap().keys().collect();
        assert_eq!(
            names,
            [
                "access_token",
                "expires_in",
                "refresh_token",
                "scope",
                "token_type"
            ]
        );
        // Case and all.
        assert_eq!(told["token_type"], "Bearer");
        assert_eq!(told["scope"], SCOPE);
        assert_eq!(told["expires_in"], 600);
        assert!(moov.is_active(&answer.tokens().access));
    }
}

#[test]
fn seed_001_create_request_and_revoke_request_are_answered_as_they_stand() {
    let home = Home::with_keys();
    let secret = "dNC-hg7sVm22jc3g_Eogtyu0_1Mqh_4-";
    let client = home.add_client_with_secret("5clTR_MdVrrkgxw2", secret, &MACHINE);
    let moov = Moov::of(home, client, &ISSUER, &[]);
    // As the library of the seed sends it: a user and a password of no characters, and no cookie.
    let send = |path, body: &Value| {
        let call = moov.json(path, body).header("authorization", "Basic Og==");
        let agent = "speakeasy-sdk/typescript 0.0.1 2.493.32 v2024.01.00 moov-sdk";
        let call = call.header("cookie", "").header("user-agent", agent);
        marked(call.send())
    };
    let tokens = moov.create(SCOPE).tokens();
    let mut create = json!({
        "grant_type": "refresh_token",
        "client_id": "5clTR_MdVrrkgxw2",
        "client_secret": "dNC-hg7sVm22jc3g_Eogtyu0_1Mqh_4-",
        "scope": "/accounts.read /accounts.write",
        "refresh_token": "eyJhbGc0eSI6TQSIsImN0kpXVCIsImtp6IkpXVsImtpZC0a...",
    });
    assert_error(&send(TOKEN, &create), 400, "invalid_grant", "not ours");
    create["refresh_token"] = tokens.refresh.into();
    let token = send(TOKEN, &create).tokens().access;
    let mut revoke = json!({
        "token": "<value>",
        "client_id": "5clTR_MdVrrkgxw2",
        "client_secret": "dNC-hg7sVm22jc3g_Eogtyu0_1Mqh_4-",
    });
    assert_eq!(send(REVOKE, &revoke).status, 204);
    revoke["token"] = token.clone().into();
    assert!(moov.is_active(&token));
    assert_eq!(send(REVOKE, &revoke).status, 204);
    assert!(!moov.is_active(&token));
}

#[test]
fn row_2_2_success_revoke_is_exactly_204_with_no_body() {
    let moov = Moov::new();
    let tokens = moov.create(SCOPE).tokens();
    assert_eq!(moov.revoke(&tokens.access).status, 204);
    assert!(!moov.is_active(&tokens.access));
    assert_eq!(moov.revoke(&tokens.access).status, 204, "once more");
    let other = moov.refresh(&tokens.refresh).tokens().access;
    let hinted = json!({"token": tokens.refresh, "token_type_hint": "access_token"});
    assert_eq!(moov.post(REVOKE, &hinted).status, 204);
    assert!(!moov.is_active(&tokens.refresh) && !moov.is_active(&other));
    assert_error(
        &moov.refresh(&tokens.refresh),
        400,
        "invalid_grant",
        "it has ended",
    );
    assert!(moov.is_active(&moov.create(SCOPE).tokens().refresh));
}

#[test]
fn row_2_2_a_path_prefix_is_kept() {
    let home = Home::with_keys();
    let client = home.add_client("machine", &MACHINE);
    let moov = Moov::of(home, client, &["--issuer", "http://localhost/moov"], &[]);
    let members = json!({"grant_type": "client_credentials", "scope": SCOPE});
    let answer = moov.post("/moov/oauth2/token", &members);
    let revoked = moov.post(
        "/moov/oauth2/revoke",
        &json!({"token": answer.tokens().access}),
    );
    assert_eq!(revoked.status, 204);
}

#[test]
fn row_2_2_basic_and_body_may_both_be_present_when_they_are_equal() {
    let moov = Moov::new();
    let wrong = moov.client.with_secret("wrong");
    let nobody = TestClient::new("", "");
    let plain = json!({"grant_type": "client_credentials", "scope": SCOPE});
    let right = with_credentials(&moov.client, &plain);
    let wrong_body = with_credentials(&wrong, &plain);
    // Who is in the header, what is in the body; the status and the code.
    for (header, body, expected, what) in [
        (None, &right, (200, ""), "body only"),
        (Some(&moov.client), &plain, (200, ""), "Basic only"),
        (Some(&moov.client), &right, (200, ""), "both equal"),
        (
            Some(&nobody),
            &right,
            (200, ""),
            "an empty Basic counts as none",
        ),
        (
            Some(&wrong),
            &right,
            (400, "invalid_request"),
            "both different",
        ),
        (
            Some(&moov.client),
            &wrong_body,
            (400, "invalid_request"),
            "both different",
        ),
        (
            None,
            &wrong_body,
            (400, "invalid_client"),
            "wrong in the body",
        ),
        (
            Some(&wrong),
            &plain,
            (401, "invalid_client"),
            "wrong in Basic",
        ),
        (
            Some(&wrong),
            &wrong_body,
            (401, "invalid_client"),
            "wrong in both",
        ),
        (Some(&nobody), &plain, (400, "invalid_client"), "nobody"),
        (None, &plain, (400, "invalid_client"), "nobody at all"),
    ] {
        let mut call = moov.json(TOKEN, body);
        if let Some(client) = header {
            call = call.basic(client);
        }
        let answer = marked(call.send());
        match expected {
            (200, _) => assert_eq!(answer.status, 200, "{what}: {}", answer.text()),
            (status, code) => assert_error(&answer, status, code, what),
        }
        let challenge = answer.header("www-authenticate");
        assert_eq!(!challenge.is_empty(), expected.0 == 401, "{what}");
    }
}

/// What a library sends that was given a user and no password.
#[test]
fn row_2_2_a_user_without_a_password_is_a_basic_header_like_any_other() {
    let moov = Moov::new();
    let plain = json!({"grant_type": "client_credentials", "scope": SCOPE});
    let both = with_credentials(&moov.client, &plain);
    for (body, status, code, what) in [
        (&plain, 401, "invalid_client", "alone"),
        (
            &both,
            400,
            "invalid_request",
            "beside credentials in the body",
        ),
    ] {
        let call = moov.json(TOKEN, body);
        let answer = marked(call.header("authorization", "Basic eDo=").send());
        assert_error(&answer, status, code, what);
        let challenge = answer.header("www-authenticate");
        assert_eq!(!challenge.is_empty(), status == 401, "{what}");
    }
}

#[test]
fn row_0_1_every_encoding_of_basic() {
    let home = Home::with_keys();
    let client = home.add_client_with_secret("my app 100%", "s:\u{e9} c+%41", &MACHINE);
    let moov = Moov::of(home, client, &ISSUER, &[]);
    let plain = json!({"grant_type": "client_credentials", "scope": SCOPE});
    let both = with_credentials(&moov.client, &plain);
    let named = json!({"client_id": moov.client.id, "token": "x"});
    let send = |path: &str, body: &Value, pair: &[u8]| {
        let header = format!("Basic {}", STANDARD.encode(pair));
        marked(moov.json(path, body).header("authorization", header).send())
    };
    for (how, pair) in [
        ("raw UTF-8", "my app 100%:s:\u{e9} c+%41".as_bytes()),
        ("raw Latin-1", b"my app 100%:s:\xe9 c+%41"),
        ("form-encoded UTF-8", b"my+app+100%25:s%3A%C3%A9+c%2B%2541"),
        ("form-encoded Latin-1", b"my+app+100%25:s%3A%E9+c%2B%2541"),
        (
            "only the id encoded",
            "my+app+100%25:s:\u{e9} c+%41".as_bytes(),
        ),
        (
            "only the secret encoded",
            b"my app 100%:s%3A%C3%A9+c%2B%2541",
        ),
    ] {
        assert_eq!(send(TOKEN, &plain, pair).status, 200, "{how}");
        assert_eq!(send(TOKEN, &both, pair).status, 200, "{how}, and the body");
        assert_eq!(send(REVOKE, &named, pair).status, 204, "{how}, and the id");
    }
    for (how, pair) in [
        ("split at every colon", &b"my app 100%:s"[..]),
        ("decoded twice", "my app 100%:s:\u{e9} cA".as_bytes()),
        ("accent taken off", b"my app 100%:s:e c+%41"),
    ] {
        let refused = send(TOKEN, &plain, pair);
        assert_error(&refused, 401, "invalid_client", how);
        let refused = send(TOKEN, &both, pair);
        assert_error(&refused, 400, "invalid_request", how);
    }
}

#[test]
fn row_2_2_expires_in_counts_seconds_or_tells_the_time() {
    for (variables, is_time) in [
        (&[][..], false),
        (&[("COUNTERSIGN_MOOV__EXPIRES_IN", "seconds")], false),
        (&[("COUNTERSIGN_MOOV__EXPIRES_IN", "epoch")], true),
    ] {
        let moov = Moov::with(variables);
        let created = moov.create(SCOPE);
        for answer in [&created, &moov.refresh(&created.tokens().refresh)] {
            let told = answer.json()["expires_in"].as_i64().unwrap();
            if is_time {
                let end = jwt::claims(&answer.tokens().access)["exp"]
                    .as_i64()
                    .unwrap();
                // Never later than it ends.
                assert!((end - 5..=end).contains(&told), "{told} {end}");
            } else {
                assert_eq!(told, 600);
            }
        }
        // RFC 6749 §5.1 holds in forms, whatever is configured.
        assert_eq!(
            moov.server.token(&moov.client, &[]).json()["expires_in"],
            600
        );
    }
}

#[test]
fn row_2_3_the_response_type_mirrors_the_request_type() {
    let moov = Moov::new();
    let answer = moov.server.token(&moov.client, &[]);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json().get("refresh_token"), None, "RFC 6749 §4.4.3");
    let revoked = moov.server.revoke(&moov.client, &answer.access_token());
    assert_eq!((revoked.status, revoked.text()), (200, "{}".to_owned()));
    let refused = moov.server.token(&moov.client, &[("scope", "/other")]);
    assert_error(&refused, 400, "invalid_scope", "a form");
    for answer in [answer, revoked, refused] {
        assert_eq!(answer.header("x-request-id"), "");
    }
    // Both at once, the method of the standards only: those are as ever, too.
    let both_ways = [
        ("grant_type", "client_credentials"),
        ("client_id", &*moov.client.id),
        ("client_secret", &*moov.client.secret),
    ];
    let form = moov.server.post(TOKEN).basic(&moov.client).form(&both_ways);
    assert_error(&form.send(), 400, "invalid_request", "RFC 6749 §2.3");
}

#[test]
fn row_2_3_slash_scopes_also_of_one_account() {
    let home = Home::with_keys();
    let scope = "/accounts/3fa85f64-5717-4562-b3fc-2c963f66afa6/wallets.read /ping.read";
    let arguments = [&MACHINE[..4], &["--scope", scope]].concat();
    let client = home.add_client("machine", &arguments);
    let moov = Moov::of(home, client, &ISSUER, &[]);
    let answer = moov.create(scope);
    assert_eq!(answer.json()["scope"], scope);
    assert_eq!(jwt::claims(&answer.tokens().access)["scope"], scope);
    let narrowed = moov.post(
        TOKEN,
        &json!({
            "grant_type": "refresh_token",
            "refresh_token": answer.tokens().refresh,
            "scope": "/ping.read",
        }),
    );
    assert_eq!(narrowed.json()["scope"], "/ping.read");
}

#[test]
fn rule_d3_one_standing_grant_for_each_client_and_scope_which_is_not_rotated() {
    let moov = Moov::new();
    let first = moov.create(SCOPE).tokens();
    assert_eq!(
        moov.create("/accounts.write /accounts.read")
            .tokens()
            .refresh,
        first.refresh
    );
    assert_ne!(
        moov.create("/accounts.read").tokens().refresh,
        first.refresh
    );
    for _ in 0..3 {
        let again = moov.refresh(&first.refresh).tokens();
        assert_eq!(again.refresh, first.refresh);
        assert_ne!(again.access, first.access);
    }
    assert_eq!(moov.home.generations().len(), 2);
}
