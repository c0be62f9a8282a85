//! `countersign client new-key`, and clients that are added, shown and changed with keys.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use countersign_tests::Home;
use serde_json::{Value, json};

use crate::machine::{claims, signed, token};
use crate::own_key::OwnKey;
use crate::scene::ISSUER;

#[test]
fn a_new_key_opens_the_door_and_only_its_owner_can_read_it() {
    let home = Home::with_keys();
    let commands = home.shell(&format!(
        "{binary} client new-key --out machine.pem --jwks machine.jwks.json
         {binary} --data-dir data client add machine --jwks machine.jwks.json",
        binary = countersign_tests::binary().display()
    ));
    assert!(
        commands.succeeded().contains("Client machine added."),
        "{commands:?}"
    );
    let file = home.path().join("machine.pem");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let pem = fs::read_to_string(&file).unwrap();
    let set: Value =
        serde_json::from_slice(&fs::read(home.path().join("machine.jwks.json")).unwrap()).unwrap();
    let jwk = &set["keys"][0];
    assert_eq!((&jwk["alg"], &jwk["use"]), (&json!("ES256"), &json!("sig")));
    assert!(jwk.get("d").is_none(), "the private half is not printed");
    let kid = jwk["kid"].as_str().unwrap();
    let server = home.serve_with(&ISSUER, &[]);
    let key = OwnKey::from_pem(&pem);
    assert_eq!(
        token(&server, &signed(&key, kid, &claims("machine"))).status,
        200
    );
    // What is there is left alone.
    let again = home.run(&["--json", "client", "new-key", "--out", "machine.pem"]);
    let (error, message) = again.refusal(1);
    assert_eq!(error, "key");
    assert!(
        message.contains("client public-key machine.pem"),
        "{message}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), pem);
    assert_eq!(home.json(&["client", "public-key", "machine.pem"]), set);
    // Nor is half of a pair left behind.
    let other = ["--out", "other.pem", "--jwks", "machine.jwks.json"];
    let refused = home.run(&[&["--json", "client", "new-key"][..], &other].concat());
    assert!(refused.refusal(1).1.contains("machine.jwks.json"));
    assert!(!home.path().join("other.pem").exists());
    for (algorithm, expected) in [("EdDSA", "EdDSA"), ("ES384", "ES384"), ("PS256", "RS256")] {
        let out = format!("{algorithm}.pem");
        let _ = home.json(&["client", "new-key", "--out", &out, "--algorithm", algorithm]);
        let told = home.json(&["client", "public-key", &out]);
        assert_eq!(told["keys"][0]["alg"], expected, "{algorithm}");
    }
    let told = home.json(&["client", "public-key", "PS256.pem", "--algorithm", "PS256"]);
    assert_eq!(told["keys"][0]["alg"], "PS256");
}

#[test]
fn keys_that_prove_nothing_are_refused_with_what_is_wrong() {
    let home = Home::with_keys();
    let public = OwnKey::new().jwk();
    let mut private = public.clone();
    private["d"] = json!("AAAA");
    for (keys, expected) in [
        (json!([private]), "private"),
        (json!([{ "kty": "oct", "k": "AAAA" }]), "key number 1"),
        (json!([public, { "kty": "RSA" }]), "key number 2"),
    ] {
        let set = json!({ "keys": keys }).to_string();
        fs::write(home.path().join("a.json"), set).unwrap();
        let refused = home.run(&["--json", "client", "add", "a", "--jwks", "a.json"]);
        let (_, message) = refused.refusal(1);
        assert!(message.contains(expected), "{message}");
    }
    for uri in [
        "http://client.example/jwks",
        "https://a:b@client.example/",
        "x",
    ] {
        let refused = home.run(&["client", "add", "a", "--jwks-uri", uri]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains("jwks_uri"), "{}", refused.stderr);
    }
    let both = [
        "client",
        "add",
        "a",
        "--jwks",
        "a.json",
        "--jwks-uri",
        "https://client.example/",
    ];
    assert_eq!(home.run(&both).code, Some(2));
}

#[test]
fn a_client_turns_from_a_secret_to_a_key_and_back() {
    let home = Home::with_keys();
    let client = home.add_client("machine", &["--scope", "read"]);
    let key = OwnKey::new();
    let set = json!({ "keys": [key.jwk_named("k1")] });
    fs::write(home.path().join("machine.json"), set.to_string()).unwrap();
    let updated = home.json(&["client", "update", "machine", "--jwks", "machine.json"]);
    assert_eq!(updated["token_endpoint_auth_method"], "private_key_jwt");
    assert_eq!(updated["jwks"], set);
    let server = home.serve_with(&ISSUER, &[]);
    assert_eq!(server.token(&client, &[]).status, 401);
    assert_eq!(
        token(&server, &signed(&key, "k1", &claims("machine"))).status,
        200
    );
    let method = [
        "client",
        "update",
        "machine",
        "--auth-method",
        "client_secret_basic",
    ];
    // A secret that may have leaked does not come back by itself.
    let refused = home.run(&method);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("rotate-secret"),
        "{}",
        refused.stderr
    );
    let rotated = home.json(&["client", "rotate-secret", "machine"]);
    let client = client.with_secret(rotated["client_secret"].as_str().unwrap());
    let back = home.json(&method);
    assert_eq!(back["token_endpoint_auth_method"], "client_secret_basic");
    let opened = countersign_tests::eventually(countersign_tests::PATIENCE, || {
        (server.token(&client, &[]).status == 200).then_some(())
    });
    assert!(opened.is_some());
    assert_eq!(
        token(&server, &signed(&key, "k1", &claims("machine"))).status,
        400
    );
}
