//! `countersign token inspect`.

use std::fs;

use countersign_tests::{Finished, Home, Input, PATIENCE, Server, TestClient, eventually, jwt};
use serde_json::{Value, json};

fn start(variables: &[(&str, &str)]) -> (Home, Server, TestClient) {
    let home = Home::with_keys();
    let client = home.add_client("c", &["--scope", "read"]);
    let server = home.serve_with(&[], variables);
    (home, server, client)
}

fn inspect(home: &Home, token: &str, more: &[&str]) -> Finished {
    let arguments = [&["--json", "token", "inspect"], more].concat();
    let stdin = Some(token.as_bytes());
    home.run_with(
        &arguments,
        Input {
            stdin,
            variables: &[],
        },
    )
}

/// What is told about a token that is not good: the document, and exit code 1.
fn not_good(done: &Finished) -> Value {
    assert_eq!(done.code, Some(1), "{done:#?}");
    let told: Value = serde_json::from_str(&done.stderr).expect("one JSON document");
    assert_eq!(told["error"], "invalid_token");
    serde_json::from_str(&done.stdout).expect("one JSON document")
}

#[test]
fn a_good_token_is_decoded_and_exits_with_0() {
    let (home, server, client) = start(&[]);
    let token = server.issue(&client, &[]);
    let (header, claims) = jwt::parts(&token);
    let by_argument = home.run(&["--json", "token", "inspect", &token]).json();
    for told in [
        inspect(&home, &token, &[]).json(),
        inspect(&home, &format!("  {token}\n"), &["-"]).json(),
        by_argument,
    ] {
        assert_eq!((&told["header"], &told["claims"]), (&header, &claims));
        assert_eq!(
            (&told["signature"], &told["access_token"]),
            (&json!("ok"), &json!("ok"))
        );
    }
    let text = home.run(&["token", "inspect", &token]);
    for word in [
        "ES256",
        "at+jwt",
        "\"read\"",
        &*server.issuer,
        "ok",
        "Revocation    not looked at",
    ] {
        assert!(text.succeeded().contains(word), "{word}: {}", text.stdout);
    }
    // The server need not run.
    drop(server);
    let _ = inspect(&home, &token, &[]).json();
}

#[test]
fn a_jwks_file_stands_for_the_keys_of_this_installation() {
    let (home, server, client) = start(&[]);
    let token = server.issue(&client, &[]);
    let elsewhere = Home::empty();
    fs::write(
        elsewhere.path().join("keys.json"),
        server.get("/oauth2/jwks").text(),
    )
    .unwrap();
    let told = inspect(&elsewhere, &token, &["--jwks", "keys.json"]).json();
    assert_eq!(told["signature"], "ok");
    assert!(
        !elsewhere.data_dir().exists(),
        "no installation is made for it"
    );
    // Without it there are no keys here.
    let (error, _) = inspect(&elsewhere, &token, &[]).refusal(1);
    assert_eq!(error, "no_data");
    fs::write(elsewhere.path().join("none.json"), r#"{"keys":[]}"#).unwrap();
    let told = not_good(&inspect(&elsewhere, &token, &["--jwks", "none.json"]));
    assert_ne!(told["signature"], "ok");
    fs::write(elsewhere.path().join("broken.json"), "{").unwrap();
    for file in ["broken.json", "absent.json"] {
        let (error, message) = inspect(&elsewhere, &token, &["--jwks", file]).refusal(1);
        assert_eq!(error, "jwks");
        assert!(message.contains(file), "{message}");
    }
    drop((home, server));
}

#[test]
fn a_token_that_is_not_good_exits_with_1_and_says_why() {
    let (home, server, client) = start(&[]);
    let token = server.issue(&client, &[]);
    let (signed, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", jwt::encode([0; 64]));
    let told = not_good(&inspect(&home, &forged, &[]));
    assert_ne!(told["signature"], "ok");
    assert_eq!(
        told["claims"],
        jwt::claims(&token),
        "it is decoded all the same"
    );
    let (_, rest) = token.split_once('.').unwrap();
    let unsigned = format!("{}.{rest}", jwt::encode(r#"{"alg":"none","typ":"at+jwt"}"#));
    assert_ne!(not_good(&inspect(&home, &unsigned, &[]))["signature"], "ok");
    for garbage in ["", "x", "a.b.c", "...", "e30.e30", &"x.".repeat(500_000)] {
        let (error, _) = inspect(&home, garbage, &[]).refusal(1);
        assert_eq!(
            error,
            "malformed_token",
            "{:?}",
            &garbage[..garbage.len().min(20)]
        );
    }
}

#[test]
fn an_expired_token_is_not_good_though_its_signature_is() {
    let (home, server, client) = start(&[("COUNTERSIGN_LIFETIMES__ACCESS_TOKEN", "1")]);
    let token = server.issue(&client, &[]);
    // Introspection knows the second at which it ends.
    let ended = eventually(PATIENCE, || {
        (!server.is_active(&client, &token)).then_some(())
    });
    assert!(ended.is_some());
    let told = not_good(&inspect(&home, &token, &[]));
    assert_eq!(told["signature"], "ok");
    assert!(
        told["access_token"].as_str().unwrap().contains("expired"),
        "{told}"
    );
}

#[test]
fn a_revoked_key_is_seen_without_the_server() {
    let (home, server, client) = start(&[]);
    let token = server.issue(&client, &[]);
    drop(server);
    let kid = jwt::kid(&token);
    let _ = home.json(&["key", "revoke", "--", &kid]);
    assert_ne!(not_good(&inspect(&home, &token, &[]))["signature"], "ok");
}

#[test]
fn an_opaque_token_is_for_the_server_alone() {
    let home = Home::with_keys();
    let client = home.add_client("c", &["--access-token-format", "opaque"]);
    let server = home.serve();
    let token = server.issue(&client, &[]);
    let (error, message) = inspect(&home, &token, &[]).refusal(1);
    assert_eq!(error, "opaque_token");
    assert!(message.contains("introspection"), "{message}");
}
