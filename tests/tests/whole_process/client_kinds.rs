//! `countersign client add --kind`, and clients with settings of OpenID Connect.

use countersign_tests::{Home, REDIRECT_URI, Request, TestClient, VERIFIER, jwt};
use serde_json::{Value, json};

use crate::scene::ISSUER;

/// What a client that signs users in may ask for unless something else is said.
const SCOPE: [&str; 4] = ["email", "offline_access", "openid", "profile"];

fn sorted(scope: &Value) -> Vec<&str> {
    let mut scope: Vec<&str> = scope.as_str().expect("a text").split(' ').collect();
    scope.sort_unstable();
    scope
}

fn secret_of(added: &Value) -> &str {
    added["client_secret"].as_str().unwrap_or_default()
}

#[test]
fn a_client_of_each_kind_can_do_at_once_what_it_is_for() {
    let home = Home::with_keys();
    let user = home.add_user("alice");
    let server = home.serve_with(&ISSUER, &[]);
    let claimed = "com.example.app:/cb";
    let loopback = ["http://127.0.0.1/cb", "http://127.0.0.1:50123/cb"];
    for (id, kind, [registered, used], public, application_type) in [
        ("shop", "web", [REDIRECT_URI; 2], false, "web"),
        ("board", "spa", [REDIRECT_URI; 2], true, "web"),
        ("tv", "native", [claimed; 2], true, "native"),
        ("cli", "native", loopback, true, "native"),
    ] {
        let uri = ["--redirect-uri", registered];
        let added = home.json(&[&["client", "add", id, "--kind", kind], &uri[..]].concat());
        assert_eq!(added["application_type"], application_type, "{added}");
        assert_eq!(added["require_pkce"], true, "{added}");
        assert_eq!(added["skip_consent"], false, "{added}");
        assert_eq!(added["response_types"], json!(["code"]), "{added}");
        let grant_types = json!(["authorization_code", "refresh_token"]);
        assert_eq!(added["grant_types"], grant_types, "{added}");
        assert_eq!(sorted(&added["scope"]), SCOPE, "{added}");
        assert_eq!(secret_of(&added).is_empty(), public, "{added}");

        let client = TestClient::new(id, secret_of(&added));
        let request = Request::of(id)
            .with("redirect_uri", used)
            .with("scope", "openid profile email offline_access");
        let code = server.browser().go(&request, &user).code();
        let more = [("redirect_uri", used), ("code_verifier", VERIFIER)];
        let told = server.redeeming(&client, &code, &more).send();
        assert_eq!(jwt::claims(&told.id_token())["aud"], id);
        let _ = told.tokens();
    }
    let added = home.json(&[
        "client", "add", "job", "--kind", "service", "--scope", "read",
    ]);
    assert_eq!(added["grant_types"], json!(["client_credentials"]));
    let client = TestClient::new("job", secret_of(&added));
    assert_eq!(server.token(&client, &[]).status, 200);
}

#[test]
fn a_kind_that_contradicts_what_is_said_adds_nothing() {
    let home = Home::with_keys();
    let uri = "--redirect-uri=https://app.example/cb";
    for (code, arguments, expected) in [
        (2, &["--kind", "web"][..], "--kind web needs --redirect-uri"),
        (2, &["--kind", "mobile"], "native"),
        (2, &["--kind", "service", uri], "leave out --redirect-uri"),
        (2, &["--kind", "web", uri, "--public"], "leave out --public"),
        (
            2,
            &["--kind", "spa", uri, "--secret-stdin"],
            "leave out --secret-stdin",
        ),
        (1, &["--kind", "spa", uri, "--pkce", "optional"], "--pkce"),
        (
            1,
            &["--kind", "web", "--redirect-uri", "com.example.app:/cb"],
            "--application-type native",
        ),
    ] {
        let arguments = [&["--json", "client", "add", "c"], arguments].concat();
        let (_, message) = home.run(&arguments).refusal(code);
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
    assert_eq!(home.json(&["client", "list"]), json!([]));
}

#[test]
fn every_setting_can_be_shown_applied_and_taken_back() {
    let home = Home::with_keys();
    let added = home.json(&[
        "client",
        "add",
        "c",
        "--name",
        "The App",
        "--redirect-uri",
        "https://app.example/cb",
        "--application-type",
        "native",
        "--response-type",
        "code",
        "--response-type",
        "token code id_token",
        "--pkce",
        "optional",
        "--skip-consent",
        "on",
        "--subject-type",
        "pairwise",
        "--sector-identifier-uri",
        "https://app.example/",
        "--id-token-alg",
        "HS256",
        "--userinfo-alg",
        "EdDSA",
    ]);
    for (member, expected) in [
        ("client_name", json!("The App")),
        ("application_type", json!("native")),
        (
            "grant_types",
            json!(["authorization_code", "refresh_token", "implicit"]),
        ),
        ("response_types", json!(["code", "code id_token token"])),
        ("require_pkce", json!(false)),
        ("skip_consent", json!(true)),
        ("subject_type", json!("pairwise")),
        ("sector_identifier_uri", json!("https://app.example/")),
        ("id_token_signed_response_alg", json!("HS256")),
        ("userinfo_signed_response_alg", json!("EdDSA")),
    ] {
        assert_eq!(added[member], expected, "{member}");
    }
    let shown = home.json(&["client", "show", "c"]);
    let path = home.path().join("clients.json");
    std::fs::write(&path, shown.to_string()).unwrap();
    let apply = ["client", "apply", "-f", "clients.json"];
    assert_eq!(home.json(&apply)[0]["outcome"], "unchanged");
    let _ = home.json(&["client", "remove", "c"]);
    let again = &home.json(&apply)[0];
    assert_eq!(again["outcome"], "added");
    for (member, value) in shown.as_object().unwrap() {
        if member != "client_id_issued_at" {
            assert_eq!(again[member], *value, "{member}");
        }
    }

    let members = [
        "client_name",
        "response_types",
        "require_pkce",
        "skip_consent",
        "subject_type",
        "sector_identifier_uri",
        "id_token_signed_response_alg",
        "userinfo_signed_response_alg",
    ];
    let unset = members.into_iter().flat_map(|member| ["--unset", member]);
    let arguments: Vec<&str> = ["client", "update", "c"].into_iter().chain(unset).collect();
    let plain = home.json(&arguments);
    for member in ["client_name", "sector_identifier_uri"] {
        assert!(plain.get(member).is_none(), "{plain}");
    }
    assert_eq!(plain["response_types"], json!(["code"]));
    assert_eq!(plain["require_pkce"], true);
    assert_eq!(plain["subject_type"], "public");
}

#[test]
fn rule_s2_hs256_needs_a_secret_that_is_kept_sealed() {
    let home = Home::with_keys();
    let user = home.add_user("alice");
    let _ = home.add_web_client("web", &[]);
    let hs256 = ["client", "update", "web", "--id-token-alg", "HS256"];
    let (error, message) = home.run(&[&["--json"], &hs256[..]].concat()).refusal(1);
    assert_eq!(error, "invalid_client_metadata");
    assert!(
        message.contains("rotate-secret CLIENT --sealed"),
        "{message}"
    );
    let rotated = home.json(&["client", "rotate-secret", "web", "--sealed"]);
    let updated = home.json(&hs256);
    assert_eq!(updated["id_token_signed_response_alg"], "HS256");
    assert!(!updated.to_string().contains("sealed"), "{updated}");

    let server = home.serve_with(&ISSUER, &[]);
    let id_token = |secret: &str| {
        let code = server.browser().go(&Request::of("web"), &user).code();
        let client = TestClient::new("web", secret);
        server.redeem(&client, &code).id_token()
    };
    let (header, _) = jwt::parts(&id_token(secret_of(&rotated)));
    assert_eq!(header["alg"], "HS256");
    // From now on it is kept at any rotation.
    let rotated = home.json(&["client", "rotate-secret", "web"]);
    let client = TestClient::new("web", secret_of(&rotated));
    let accepted = || (server.introspect(&client, "x").status == 200).then_some(());
    assert!(countersign_tests::eventually(countersign_tests::SECOND, accepted).is_some());
    let (header, _) = jwt::parts(&id_token(secret_of(&rotated)));
    assert_eq!(header["alg"], "HS256");
}
