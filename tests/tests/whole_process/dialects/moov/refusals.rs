//! What is refused, and how that is said.

use serde_json::json;

use super::{MACHINE, Moov, REVOKE, SCOPE, TOKEN, assert_member, marked, with_credentials};
use crate::scene::assert_error;

#[test]
fn row_2_2_access_token_option_is_refused_where_tokens_are_made() {
    let moov = Moov::new();
    let token = moov.create(SCOPE).tokens().access;
    let members = json!({"grant_type": "client_credentials", "scope": SCOPE});
    for (path, members) in [(TOKEN, members), (REVOKE, json!({"token": token}))] {
        for body in [with_credentials(&moov.client, &members), members] {
            let answer = marked(moov.json(path, &body).bearer(&token).send());
            assert_error(&answer, 400, "invalid_request", path);
        }
    }
    assert!(moov.is_active(&token));
}

#[test]
fn row_2_2_grant_types_are_client_credentials_and_refresh_token_only() {
    let moov = Moov::new();
    for grant_type in ["password", "authorization_code", "Client_Credentials", "x"] {
        let members =
            json!({"grant_type": grant_type, "username": "a", "password": "b", "code": "c"});
        let answer = moov.post(TOKEN, &members);
        assert_error(&answer, 400, "unsupported_grant_type", grant_type);
    }
    // The answer has a refresh token, which the client has to be allowed.
    let arguments = ["--scope", SCOPE, "--grant-type", "client_credentials"];
    let client = moov.home.add_client("no-refresh", &arguments);
    let members = json!({"grant_type": "client_credentials", "scope": SCOPE});
    let answer = moov
        .json(TOKEN, &with_credentials(&client, &members))
        .send();
    assert_error(
        &marked(answer),
        400,
        "unauthorized_client",
        "no refresh_token",
    );
    assert_eq!(moov.server.token(&client, &[]).status, 200, "in a form");
}

#[test]
fn row_2_2_required_fields_are_422_with_the_name_of_the_member() {
    let moov = Moov::new();
    let tokens = moov.create("/accounts.read").tokens();
    let (cc, refresh) = ("client_credentials", "refresh_token");
    let good = &*tokens.refresh;
    for (path, members, name) in [
        (TOKEN, json!({"grant_type": cc}), "scope"),
        (TOKEN, json!({"grant_type": cc, "scope": ""}), "scope"),
        (TOKEN, json!({"grant_type": cc, "scope": 5}), "scope"),
        (TOKEN, json!({"grant_type": cc, "scope": null}), "scope"),
        (TOKEN, json!({"grant_type": cc, "scope": [SCOPE]}), "scope"),
        (
            TOKEN,
            json!({"grant_type": cc, "scope": " /accounts.read"}),
            "scope",
        ),
        (
            TOKEN,
            json!({"grant_type": cc, "scope": "/other.read"}),
            "scope",
        ),
        (
            TOKEN,
            json!({"grant_type": cc, "scope": SCOPE, "refresh_token": 5}),
            "refresh_token",
        ),
        (TOKEN, json!({"grant_type": refresh}), "refresh_token"),
        (
            TOKEN,
            json!({"grant_type": refresh, "refresh_token": ""}),
            "refresh_token",
        ),
        (
            TOKEN,
            json!({"grant_type": refresh, "refresh_token": true}),
            "refresh_token",
        ),
        (
            TOKEN,
            json!({"grant_type": refresh, "refresh_token": good, "scope": {}}),
            "scope",
        ),
        (
            TOKEN,
            json!({"grant_type": refresh, "refresh_token": good, "scope": SCOPE}),
            "scope",
        ),
        (REVOKE, json!({}), "token"),
        (REVOKE, json!({"token": ""}), "token"),
        (REVOKE, json!({"token": 5}), "token"),
        (
            REVOKE,
            json!({"token": good, "token_type_hint": "id_token"}),
            "token_type_hint",
        ),
        (
            REVOKE,
            json!({"token": good, "token_type_hint": 5}),
            "token_type_hint",
        ),
    ] {
        let answer = moov.post(path, &members);
        assert_member(&answer, name, &members.to_string());
    }
    assert!(moov.is_active(&tokens.refresh) && moov.is_active(&tokens.access));
}

#[test]
fn row_2_2_400_for_requests_that_cannot_be_read_and_never_a_500() {
    let moov = Moov::new();
    let long = "x".repeat(60_000);
    let id = format!(
        r#""client_id":"{}","client_secret":"{}""#,
        moov.client.id, moov.client.secret
    );
    let cc = r#""grant_type":"client_credentials""#;
    let deep = format!("{{{cc},\"x\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let cases: [(&str, Vec<u8>, &str); 17] = [
        ("nothing", Vec::new(), "invalid_request"),
        ("no JSON", b"{".into(), "invalid_request"),
        (
            "a form",
            b"grant_type=client_credentials&token=x".into(),
            "invalid_request",
        ),
        ("a list", b"[]".into(), "invalid_request"),
        ("a text", b"\"x\"".into(), "invalid_request"),
        ("null", b"null".into(), "invalid_request"),
        ("two objects", b"{}{}".into(), "invalid_request"),
        ("no UTF-8", b"{\"x\":\"\xff\"}".into(), "invalid_request"),
        (
            "a byte order mark",
            b"\xef\xbb\xbf{}".into(),
            "invalid_request",
        ),
        (
            "a lone surrogate",
            br#"{"x":"\ud800"}"#.into(),
            "invalid_request",
        ),
        ("too deep", deep.into(), "invalid_request"),
        (
            "a member twice",
            format!("{{{id},{cc},{cc}}}").into(),
            "invalid_request",
        ),
        (
            "twice within",
            format!(r#"{{{id},{cc},"x":{{"a":1,"a":2}}}}"#).into(),
            "invalid_request",
        ),
        (
            "a client_id of another type",
            br#"{"client_id":5}"#.into(),
            "invalid_request",
        ),
        (
            "a client_secret of another type",
            br#"{"client_secret":[]}"#.into(),
            "invalid_request",
        ),
        (
            "a client_secret alone",
            br#"{"client_secret":"x"}"#.into(),
            "invalid_request",
        ),
        (
            "an unknown client",
            format!(r#"{{"client_id":"{long}","client_secret":"x",{cc},"scope":"a","token":"a"}}"#)
                .into(),
            "invalid_client",
        ),
    ];
    for path in [TOKEN, REVOKE] {
        for (what, body, code) in &cases {
            let call = moov.server.post(path).body(body.clone());
            let answer = call
                .header("content-type", "Application/JSON; charset=utf-8")
                .send();
            assert_error(&marked(answer), 400, code, &format!("{path}: {what}"));
        }
        let answer = moov.json(path, &"x".repeat(100_000)).send();
        assert_error(&marked(answer), 413, "invalid_request", path);
        let answer = moov.json(&format!("{path}?client_id=x"), &"{}").send();
        assert_error(&marked(answer), 400, "invalid_request", path);
        let answer = moov
            .json(path, &"{}")
            .header("authorization", "Basic !")
            .send();
        assert_error(&marked(answer), 401, "invalid_client", path);
    }
    for members in [
        json!({}),
        json!({"grant_type": ""}),
        json!({"grant_type": 5}),
    ] {
        let answer = moov.post(TOKEN, &members);
        assert_error(&answer, 400, "invalid_request", &members.to_string());
    }
    // What is not known here does not count.
    let members = json!({
        "grant_type": "client_credentials", "scope": SCOPE, "x": [1, {"y": null}], "resource": 5,
    });
    assert_eq!(moov.post(TOKEN, &members).status, 200);
}

#[test]
fn rule_d3_error_texts_never_say_whose_or_which_token_was_wrong() {
    let moov = Moov::new();
    let other = moov.home.add_client("other", &MACHINE);
    let theirs = {
        let members = json!({"grant_type": "client_credentials", "scope": SCOPE});
        moov.json(TOKEN, &with_credentials(&other, &members))
            .send()
            .tokens()
    };
    let ended = moov.create(SCOPE).tokens();
    assert_eq!(moov.revoke(&ended.refresh).status, 204);
    let expected = moov.refresh("x").text();
    assert!(expected.contains("invalid_grant"), "{expected}");
    for token in [
        &theirs.refresh,
        &theirs.access,
        &ended.refresh,
        &ended.access,
    ] {
        let answer = moov.refresh(token);
        assert_eq!((answer.status, answer.text()), (400, expected.clone()));
    }
    for token in [&theirs.refresh, &theirs.access] {
        let answer = moov.revoke(token);
        assert_eq!((answer.status, answer.text()), (400, expected.clone()));
        assert!(moov.server.is_active(&other, token));
    }
}
