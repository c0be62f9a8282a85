//! `countersign client apply`.

use std::fs;

use countersign_tests::{Finished, Home, TestClient};
use serde_json::{Value, json};

use crate::client_update::{with_stdin, within_a_second};

/// `client apply` of a document.
fn apply(home: &Home, document: &Value) -> Finished {
    let arguments = ["--json", "client", "apply", "-f", "-"];
    with_stdin(home, &arguments, &document.to_string())
}

#[test]
fn client_apply_of_what_is_shown_changes_nothing() {
    let home = Home::with_keys();
    let everything = [
        "--scope",
        "a b",
        "--default-scope",
        "a",
        "--resource",
        "urn:a",
        "--redirect-uri",
        "https://app.example/cb",
        "--auth-method",
        "client_secret_post",
        "--access-token-lifetime",
        "60",
        "--refresh-retry-window",
        "5",
    ];
    let client = home.add_client("full", &everything);
    let _ = home.add_client("plain", &["--token-profile", "classic"]);
    let native = ["--kind", "native", "--redirect-uri", "a.b:/cb"];
    let _ = home.json(&[&["client", "add", "app"], &native[..]].concat());
    let list = home.json(&["client", "list"]);
    for document in [&list, &home.json(&["client", "show", "full"])] {
        let done = apply(&home, document);
        let told = done.json();
        for client in told.as_array().unwrap() {
            assert_eq!(client["outcome"], "unchanged", "{client}");
            assert!(client.get("client_secret").is_none(), "{client}");
        }
        assert_eq!(done.stderr, "");
        // What it tells is a file, too.
        let again = apply(&home, &told).json();
        assert_eq!(again, told);
    }
    let mut rotated = home.json(&["client", "rotate-secret", "plain", "--overlap", "1h"]);
    assert!(rotated["previous_secret_expires_at"].is_u64(), "{rotated}");
    rotated.as_object_mut().unwrap().remove("client_secret");
    assert_eq!(apply(&home, &rotated).json()[0]["outcome"], "unchanged");
    assert_eq!(home.json(&["client", "list"]), list);
    let file = home.path().join("clients.json");
    fs::write(&file, list.to_string()).unwrap();
    let text = home.run(&["client", "apply", "--file", "clients.json"]);
    assert_eq!(
        text.succeeded().matches("unchanged").count(),
        3,
        "{}",
        text.stdout
    );
    let secret = client.secret;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "x"),
        ("client_id", "full"),
        ("client_secret", &secret),
    ];
    let answer = home.serve().post("/oauth2/token").form(&form).send();
    assert_eq!(
        answer.refusal(),
        (400, "invalid_grant".into()),
        "the secret is what it was"
    );
}

#[test]
fn client_apply_makes_clients_be_as_the_file_says() {
    let home = Home::with_keys();
    let old = home.add_client("old", &["--scope", "a", "--access-token-lifetime", "60"]);
    let _ = home.add_client("untouched", &["--scope", "z"]);
    let server = home.serve();
    let wanted = json!([
        { "client_id": "old", "scope": "b" },
        { "client_id": "drawn", "grant_types": ["client_credentials"], "scope": "a" },
        { "client_id": "given", "client_secret": "a long enough secret" },
        { "client_id": "weak", "client_secret": "hunter2" },
        {
            "client_id": "app",
            "application_type": "native",
            "redirect_uris": ["a.b:/cb"],
            "token_endpoint_auth_method": "none",
        },
    ]);
    let done = apply(&home, &wanted);
    let told = done.json();
    let outcomes: Vec<&Value> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["outcome"])
        .collect();
    assert_eq!(outcomes, ["updated", "added", "added", "added", "added"]);
    let with_secret: Vec<&Value> = told
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one.get("client_secret").is_some())
        .map(|one| &one["client_id"])
        .collect();
    assert_eq!(with_secret, ["drawn"], "a given secret is not repeated");
    let warning: Value = serde_json::from_str(&done.stderr).unwrap();
    assert!(
        warning["warning"].as_str().unwrap().contains("'weak'"),
        "{warning}"
    );

    // What is left out is as for a new client.
    assert!(told[0].get("access_token_lifetime").is_none(), "{told}");
    assert_eq!(
        told[4]["grant_types"],
        json!(["authorization_code", "refresh_token"])
    );
    assert_eq!(home.json(&["client", "show", "untouched"])["scope"], "z");
    let scope = [("scope", "b")];
    assert!(within_a_second(|| server.token(&old, &scope).status == 200));
    let drawn = TestClient::new("drawn", told[1]["client_secret"].as_str().unwrap());
    let given = TestClient::new("given", "a long enough secret");
    for client in [&drawn, &given] {
        assert_eq!(server.token(client, &[]).status, 200, "{}", client.id);
    }

    // The same once more, by somebody who keeps the secret in the file.
    let done = apply(&home, &wanted);
    let again = done.json();
    for client in again.as_array().unwrap() {
        assert_eq!(client["outcome"], "unchanged", "{client}");
    }
    assert!(done.stderr.contains("'given'") && done.stderr.contains("rotate-secret"));
    let text = with_stdin(
        &home,
        &["client", "apply", "-f", "-"],
        r#"{"client_id":"new"}"#,
    );
    assert!(
        text.succeeded().contains("not shown again"),
        "{}",
        text.stdout
    );
}

#[test]
fn client_apply_checks_everything_before_it_changes_anything() {
    let home = Home::with_keys();
    let _ = home.add_client("old", &["--scope", "a"]);
    let _ = home.json(&["user", "add", "alice", "--no-password"]);
    let sub = home.json(&["user", "show", "alice"])["sub"].clone();
    let before = home.json(&["client", "list"]);
    let good = json!({ "client_id": "good" });
    let cases = [
        (
            json!({ "client_id": "b", "redirect_uri": "x" }),
            "did you mean redirect_uris?",
        ),
        (
            json!({ "client_id": "b", "logo_uri": "https://b.example/" }),
            "logo_uri",
        ),
        (
            json!({ "client_id": "b", "access_token_lifetime": "1h" }),
            "access_token_lifetime",
        ),
        (
            json!({ "client_id": "b", "grant_types": ["magic"] }),
            "magic",
        ),
        (
            json!({ "client_id": "b", "token_profile": "magic" }),
            "token_profile: unknown variant",
        ),
        (
            json!({ "client_id": "b", "token_profile": "classic", "access_token_format": "opaque" }),
            "classic tokens are JWTs",
        ),
        (
            json!({ "client_id": "b", "scope": "a", "default_scope": "c" }),
            "'c'",
        ),
        (
            json!({ "client_id": "b", "client_secret": "" }),
            "'b': the given secret is empty",
        ),
        (
            json!({
                "client_id": "b",
                "redirect_uris": ["https://b.example/"],
                "token_endpoint_auth_method": "none",
                "client_secret": "a long enough secret",
            }),
            "public",
        ),
        (
            json!({ "client_id": "old", "grant_types": ["refresh_token"], "token_endpoint_auth_method": "none" }),
            "remove 'old'",
        ),
        // RULES S2: the secret would be the key of the ID tokens.
        (
            json!({
                "client_id": "b",
                "id_token_signed_response_alg": "HS256",
                "client_secret": "a long enough secret",
            }),
            "at least 32 bytes",
        ),
        (
            json!({ "client_id": "old", "id_token_signed_response_alg": "HS256" }),
            "rotate-secret CLIENT --sealed",
        ),
        (json!({ "client_id": sub }), "subject of a user"),
        (json!({ "client_id": "good" }), "twice"),
        (json!({ "client_id": "caf\u{e9}" }), "number 2"),
        (json!({ "scope": "a" }), "client_id is missing"),
        (json!("b"), "JSON object"),
    ];
    for (bad, expected) in cases {
        let (error, message) = apply(&home, &json!([good, bad])).refusal(1);
        assert_eq!(error, "invalid_client_metadata", "{bad}: {message}");
        assert!(message.contains(expected), "{bad}: {message}");
        assert!(!message.contains("a long enough secret"), "{message}");
    }
    for (text, word) in [("", "malformed_json"), ("{", "malformed_json")] {
        let arguments = ["--json", "client", "apply", "-f", "-"];
        assert_eq!(with_stdin(&home, &arguments, text).refusal(1).0, word);
    }
    let done = home.run(&["--json", "client", "apply", "-f", "missing.json"]);
    let (error, message) = done.refusal(1);
    assert_eq!(error, "file");
    assert!(message.contains("missing.json"), "{message}");
    let _ = home.run(&["--json", "client", "apply"]).refusal(2);
    assert_eq!(home.json(&["client", "list"]), before);
}
