//! The configuration of the dialects, and `countersign config show`.

use std::fs;

use countersign_tests::{Home, Input, Server, TestClient, jwt};
use serde_json::{Value, json};

use crate::configuration::refused;

#[test]
fn unknown_dialects_and_wrong_values_are_named_whether_the_dialect_is_on_or_not() {
    let home = Home::empty();
    let patterns = vec!["a"; 1_025];
    let patterns: Vec<String> = patterns
        .iter()
        .enumerate()
        .map(|(i, a)| format!("{a}{i}"))
        .collect();
    let (too_many, too_long) = (patterns.join(","), "a".repeat(1_025));
    #[rustfmt::skip]
    let cases: [(&str, &str, &[&str]); 21] = [
        ("COUNTERSIGN_DIALECTS", "moov, saml", &["COUNTERSIGN_DIALECTS", "'saml'", "moov, classic, wazo"]),
        ("COUNTERSIGN_DIALECTS", "Moov", &["COUNTERSIGN_DIALECTS", "'Moov'"]),
        ("COUNTERSIGN_DIALECT", "moov", &["COUNTERSIGN_DIALECT ", "COUNTERSIGN_DIALECTS?"]),
        ("COUNTERSIGN_MOOV__EXPIRES_IN", "minutes", &["COUNTERSIGN_MOOV__EXPIRES_IN", "seconds", "epoch"]),
        ("COUNTERSIGN_MOOV__EXPIRES", "epoch", &["COUNTERSIGN_MOOV__EXPIRES ", "COUNTERSIGN_MOOV__EXPIRES_IN?"]),
        ("COUNTERSIGN_MOOV_EXPIRES_IN", "epoch", &["COUNTERSIGN_MOOV_EXPIRES_IN ", "did you mean COUNTERSIGN_MOOV__EXPIRES_IN?"]),
        ("COUNTERSIGN_CLASSIC__DEFAULT", "yes", &["COUNTERSIGN_CLASSIC__DEFAULT", "true or false"]),
        ("COUNTERSIGN_CLASSIC__ISS", "1", &["COUNTERSIGN_CLASSIC__ISS", "true or false"]),
        ("COUNTERSIGN_CLASSIC__CID", "uuid", &["COUNTERSIGN_CLASSIC__CID", "id", "name"]),
        ("COUNTERSIGN_CLASSIC__ERRORS", "old", &["COUNTERSIGN_CLASSIC__ERRORS", "standard", "classic"]),
        ("COUNTERSIGN_CLASSIC__ACCESS_TOKEN_LIFETIME", "0", &["classic.access_token_lifetime is 0", "between 1 and 86400 seconds"]),
        ("COUNTERSIGN_CLASSIC__ACCESS_TOKEN_LIFETIME", "86401", &["classic.access_token_lifetime is 86401"]),
        ("COUNTERSIGN_WAZO__ACCESS_TOKEN_LIFETIME", "0", &["wazo.access_token_lifetime is 0", "between 1 and 315360000 seconds"]),
        ("COUNTERSIGN_WAZO__ACCESS_TOKEN_LIFETIME", "315360001", &["wazo.access_token_lifetime is 315360001"]),
        ("COUNTERSIGN_WAZO__MAX_SESSIONS", "0", &["wazo.max_sessions is 0", "between 1 and 10000"]),
        ("COUNTERSIGN_WAZO__MAX_SESSIONS", "10001", &["wazo.max_sessions is 10001"]),
        ("COUNTERSIGN_WAZO__DEFAULT_ACL", "a.#, a\u{1}b", &["COUNTERSIGN_WAZO__DEFAULT_ACL", "an access pattern"]),
        ("COUNTERSIGN_WAZO__DEFAULT_ACL", &too_long, &["COUNTERSIGN_WAZO__DEFAULT_ACL", "1 to 1024 bytes"]),
        ("COUNTERSIGN_WAZO__DEFAULT_ACL", &too_many, &["wazo.default_acl: ", "at most 1024 patterns"]),
        ("COUNTERSIGN_WAZO__DEFAULT_ACL", "*.*.*.*.*.*.*.*.*", &["COUNTERSIGN_WAZO__DEFAULT_ACL", "at most 8 of * and #"]),
        ("COUNTERSIGN_WAZO__ACL", "a", &["COUNTERSIGN_WAZO__ACL ", "did you mean COUNTERSIGN_WAZO__DEFAULT_ACL?"]),
    ];
    for (name, value, words) in cases {
        for dialects in ["", "moov,classic,wazo"] {
            let mut variables = vec![("COUNTERSIGN_DIALECTS", dialects), (name, value)];
            if name == variables[0].0 {
                variables.remove(0);
            }
            let input = Input {
                stdin: None,
                variables: &variables,
            };
            refused(&home.run_with(&["--json", "config", "show"], input), words);
            refused(&home.run_with(&["--json", "serve"], input), words);
        }
    }
    for (text, words) in [
        (
            "strict = true\ndialects = ['moov', 'wazo']",
            ["strict = true", "wazo"],
        ),
        ("dialects = ['moov', 'saml']", ["dialects", "'saml'"]),
        (
            "[wazo]\ndefault_acl = ['']",
            ["wazo.default_acl", "pattern"],
        ),
        ("[wazo]\ntenants = 1", ["wazo.tenants ", "did you mean"]),
        (
            "[moov]\ndialects = ['moov']",
            [
                "moov.dialects ",
                "dialects stands above the first [section]",
            ],
        ),
        ("moov = true", ["moov", "bool"]),
    ] {
        fs::write(home.path().join("my.toml"), text).unwrap();
        let done = home.run(&["--json", "--config", "my.toml", "config", "show"]);
        let place = if text.starts_with("strict") {
            "configuration"
        } else {
            "my.toml"
        };
        refused(&done, &[&words[..], &[place]].concat());
    }
    assert!(!home.data_dir().exists());
}

#[test]
fn config_show_tells_every_key_in_effect_and_no_secret() {
    let home = Home::empty();
    let secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I";
    let file = "issuer = 'https://login.example.com'\ndialects = ['classic', 'moov']\n[wazo]\nmax_sessions = 3\n";
    fs::write(home.path().join("my.toml"), file).unwrap();
    let variables = [
        ("COUNTERSIGN_CONFIG", "my.toml"),
        ("COUNTERSIGN_MASTER_KEY", secret),
        ("COUNTERSIGN_DIALECTS", "wazo, moov"),
        (
            "COUNTERSIGN_WAZO__DEFAULT_ACL",
            "auth.users.me.#,!auth.users.me.password.#",
        ),
        ("COUNTERSIGN_CLASSIC__DEFAULT", "true"),
    ];
    let input = Input {
        stdin: None,
        variables: &variables,
    };
    let shown = home.run_with(&["--json", "config", "show"], input).json();
    for (pointer, expected) in [
        ("/issuer", json!("https://login.example.com")),
        ("/dialects", json!(["wazo", "moov"])),
        ("/moov", json!({ "expires_in": "seconds" })),
        (
            "/classic",
            json!({
                "default": true,
                "cid": "id",
                "iss": false,
                "access_token_lifetime": 3600,
                "errors": "standard",
            }),
        ),
        (
            "/wazo",
            json!({
                "default_acl": ["auth.users.me.#", "!auth.users.me.password.#"],
                "access_token_lifetime": 7200,
                "max_sessions": 3,
            }),
        ),
        ("/lifetimes/access_token", json!(600)),
    ] {
        assert_eq!(shown.pointer(pointer), Some(&expected), "{pointer}");
    }
    // What people see is a file that says the same.
    let text = home.run_with(&["config", "show"], input);
    assert!(
        text.succeeded().contains("dialects = [\"wazo\",\"moov\"]"),
        "{}",
        text.stdout
    );
    assert!(!text.stdout.contains(secret), "{}", text.stdout);
    fs::write(home.path().join("shown.toml"), &text.stdout).unwrap();
    assert_eq!(
        home.json(&["--config", "shown.toml", "config", "show"]),
        shown
    );
    // A key that is not set stays so.
    let plain = home.run(&["config", "show"]);
    assert!(
        plain.succeeded().contains("# issuer is not set"),
        "{}",
        plain.stdout
    );
    assert!(plain.stdout.contains("dialects = []"), "{}", plain.stdout);
    assert!(
        !home.data_dir().exists(),
        "nothing is made where somebody only looks"
    );
    let wrong = [("COUNTERSIGN_ISSUER", "http://login.example.com")];
    let input = Input {
        stdin: None,
        variables: &wrong,
    };
    refused(
        &home.run_with(&["--json", "config", "show"], input),
        &["issuer"],
    );
}

#[test]
fn a_server_says_which_dialects_are_switched_on() {
    let home = Home::with_keys();
    let on = ("COUNTERSIGN_DIALECTS", "moov,wazo");
    let off = ("COUNTERSIGN_WAZO__MAX_SESSIONS", "7");
    for (variables, expected) in [
        (&[on, off][..], json!(["moov", "wazo"])),
        (&[off], json!([])),
    ] {
        let server = home.serve_with(&[], variables);
        assert_eq!(server.document["dialects"], expected);
        let wazo = expected != json!([]);
        let status = server.get("/0.1/backends").status;
        assert_eq!(status, if wazo { 200 } else { 404 }, "{variables:?}");
    }
    for (variables, expected) in [
        (&[on][..], Some("Dialects that are switched on: moov, wazo")),
        (&[], None),
    ] {
        let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"], variables);
        let (_server, said) = Server::start_for_people(&mut command);
        let second = said.lines().nth(1).filter(|line| !line.is_empty());
        assert_eq!(second, expected, "{said}");
    }
}

/// The claims of a classic access token of `client`, and the seconds for which it is good.
fn classic(server: &Server, client: &TestClient) -> (Value, Value) {
    let answer = server.token(client, &[]).json();
    let token = answer["access_token"].as_str().expect("a token");
    let (header, claims) = jwt::parts(token);
    assert_eq!(header["alg"], "HS256", "{header}");
    (claims, answer["expires_in"].clone())
}

#[test]
fn the_keys_of_classic_tokens_have_their_effect_without_the_dialect() {
    let home = Home::with_keys();
    let classic_client =
        home.add_client("old", &["--token-profile", "classic", "--name", "The App"]);
    let standard = home.add_client("new", &["--token-profile", "standard"]);
    let says_how = home.add_client("says", &["--access-token-format", "jwt"]);
    let plain = home.add_client("plain", &[]);
    {
        let server = home.serve();
        let (claims, lifetime) = classic(&server, &classic_client);
        assert_eq!(
            (&claims["cid"], claims.get("iss"), lifetime),
            (&json!("old"), None, json!(3600))
        );
        assert_eq!(jwt::parts(&server.issue(&plain, &[])).0["alg"], "ES256");
    }
    let variables = [
        ("COUNTERSIGN_CLASSIC__DEFAULT", "true"),
        ("COUNTERSIGN_CLASSIC__CID", "name"),
        ("COUNTERSIGN_CLASSIC__ISS", "true"),
        ("COUNTERSIGN_CLASSIC__ACCESS_TOKEN_LIFETIME", "120"),
    ];
    let server = home.serve_with(&[], &variables);
    for (client, cid) in [(&classic_client, "The App"), (&plain, "plain")] {
        let (claims, lifetime) = classic(&server, client);
        assert_eq!(
            (&claims["cid"], &claims["iss"], lifetime),
            (&json!(cid), &json!(server.issuer), json!(120))
        );
    }
    for client in [&standard, &says_how] {
        let header = jwt::parts(&server.issue(client, &[])).0;
        assert_eq!(header["alg"], "ES256", "{}", client.id);
    }
}

#[test]
fn the_keys_of_the_wazo_dialect_have_their_effect() {
    let home = Home::with_keys();
    let user = home.add_user("alice");
    let alice = TestClient::new(&user.name, &user.password);
    for (variables, acl, lifetime) in [
        (&[][..], json!(["auth.users.me.#"]), 7_200),
        (
            &[
                ("COUNTERSIGN_WAZO__DEFAULT_ACL", "a.#, !a.b"),
                ("COUNTERSIGN_WAZO__ACCESS_TOKEN_LIFETIME", "90"),
                // Two sessions are there already.
                ("COUNTERSIGN_WAZO__MAX_SESSIONS", "3"),
            ],
            json!(["a.#", "!a.b"]),
            90,
        ),
    ] {
        let on = [&[("COUNTERSIGN_DIALECTS", "wazo")], variables].concat();
        let server = home.serve_with(&[], &on);
        let sign_in = || {
            let call = server.post("/0.1/token").basic(&alice);
            call.header("content-type", "application/json")
                .body("{}")
                .send()
        };
        let told = sign_in().json();
        assert_eq!(told["data"]["acl"], acl);
        let id = told["data"]["session_uuid"].as_str().unwrap();
        let listed = home.run_with(
            &["--json", "wazo", "session", "list", "--user", "alice"],
            Input {
                stdin: None,
                variables: &on,
            },
        );
        let listed = listed.json();
        let session = listed
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["uuid"] == id)
            .unwrap();
        let [issued, ends] =
            ["issued_at", "expires_at"].map(|name| session[name].as_i64().unwrap());
        assert_eq!(ends - issued, lifetime);
        let next = sign_in().status;
        assert_eq!(next, if variables.is_empty() { 200 } else { 429 });
    }
}
