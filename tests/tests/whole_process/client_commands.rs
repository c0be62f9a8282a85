//! `countersign client`.

use std::fs;

use countersign_tests::{Home, Input};
use serde_json::json;

use crate::client_update::date;

#[test]
fn client_add_answers_with_the_names_of_rfc_7591_and_the_secret_once() {
    let home = Home::with_keys();
    let added = home.json(&[
        "client",
        "add",
        "billing",
        "--grant-type",
        "client_credentials",
        "--grant-type",
        "authorization_code",
        "--scope",
        "read write",
        "--scope",
        "a.b",
        "--default-scope",
        "read",
        "--resource",
        "urn:a",
        "--resource",
        "urn:b",
        "--redirect-uri",
        "https://app.example/cb",
        "--redirect-uri",
        "com.example.app:/cb",
        "--application-type",
        "native",
        "--post-logout-redirect-uri",
        "https://app.example/bye",
        "--auth-method",
        "client_secret_post",
        "--introspect",
        "own",
        "--access-token-format",
        "opaque",
        "--access-token-alg",
        "EdDSA",
    ]);
    let secret = added["client_secret"].as_str().unwrap();
    // 256 bits in base64url.
    assert!(secret.len() >= 43, "{secret}");
    assert_eq!(added["client_id"], "billing");
    assert_eq!(
        added["grant_types"],
        json!(["client_credentials", "authorization_code"])
    );
    let mut scope: Vec<&str> = added["scope"].as_str().unwrap().split(' ').collect();
    scope.sort_unstable();
    assert_eq!(scope, ["a.b", "read", "write"]);
    assert_eq!(added["default_scope"], "read");
    assert_eq!(added["resources"], json!(["urn:a", "urn:b"]));
    assert_eq!(
        added["redirect_uris"],
        json!(["https://app.example/cb", "com.example.app:/cb"])
    );
    assert_eq!(
        added["post_logout_redirect_uris"],
        json!(["https://app.example/bye"])
    );
    assert_eq!(added["token_endpoint_auth_method"], "client_secret_post");
    assert_eq!(added["introspect"], "own");

    // Afterwards nobody can find it: neither on the command line nor in a file.
    let mut shown = added.clone();
    shown.as_object_mut().unwrap().remove("client_secret");
    assert_eq!(home.json(&["client", "show", "billing"]), shown);
    assert_eq!(home.json(&["client", "list"]), json!([shown]));
    for arguments in [
        ["client", "show", "billing"].as_slice(),
        &["client", "list"],
    ] {
        let done = home.run(arguments);
        assert!(done.succeeded().contains("billing"));
        for hidden in [secret, "secret\"", "hash", "argon2", "hmac", "pepper"] {
            assert!(!done.stdout.contains(hidden), "{hidden} in {}", done.stdout);
        }
    }
    for entry in fs::read_dir(home.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let holds = |text: &str| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        assert!(!holds(secret), "{}", path.display());
    }
}

#[test]
fn client_add_for_people_shows_id_and_secret() {
    let home = Home::with_keys();
    let done = home.run(&["client", "add", "c"]);
    let text = done.succeeded();
    let value = |name: &str| {
        text.lines()
            .find_map(|line| line.trim().strip_prefix(name))
            .map(|rest| rest.trim().to_owned())
    };
    assert_eq!(value("client_id").as_deref(), Some("c"));
    let secret = value("client_secret").unwrap();
    let shown = home.json(&["client", "show", "c"]);
    for list in ["resources", "redirect_uris", "post_logout_redirect_uris"] {
        assert_eq!(shown[list], json!([]), "{list}");
    }
    let added = shown["client_id_issued_at"].as_i64().unwrap();
    let text = home.run(&["client", "show", "c"]);
    assert!(text.succeeded().contains(&date(added)), "{}", text.stdout);
    assert!(!text.stdout.contains("redirect_uris"), "{}", text.stdout);
    let client = countersign_tests::TestClient::new("c", &secret);
    assert_eq!(home.serve().token(&client, &[]).status, 200);
}

#[test]
fn client_list_is_an_array_in_the_order_of_ids_however_long() {
    let home = Home::with_keys();
    assert_eq!(home.json(&["client", "list"]), json!([]));
    for id in ["b", "a b", "c%", "a"] {
        let _ = home.add_client(id, &[]);
    }
    let list = home.json(&["client", "list"]);
    let ids: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["client_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["a", "a b", "b", "c%"]);
    assert_eq!(home.json(&["client", "remove", "a b"])["removed"], true);
    assert_eq!(home.json(&["client", "list"]).as_array().unwrap().len(), 3);
    for command in ["show", "remove"] {
        let (error, message) = home.run(&["--json", "client", command, "a b"]).refusal(1);
        assert_eq!(error, "unknown_client");
        assert!(message.contains("a b"), "{message}");
    }
}

#[test]
fn a_public_client_has_no_secret() {
    let home = Home::with_keys();
    let arguments = [
        "client",
        "add",
        "app",
        "--public",
        "--redirect-uri",
        "https://app.example/cb",
    ];
    let added = home.json(&arguments);
    assert!(added.get("client_secret").is_none(), "{added}");
    assert_eq!(added["token_endpoint_auth_method"], "none");
    assert_eq!(
        added["grant_types"],
        json!(["authorization_code", "refresh_token"])
    );
}

#[test]
fn settings_that_make_no_sense_are_refused_and_add_nothing() {
    let home = Home::with_keys();
    let _ = home.add_client("taken", &[]);
    let before = home.json(&["client", "list"]);
    let redirect = |uri: &'static str| vec!["c", "--redirect-uri", uri];
    let long = "x".repeat(256);
    // What argument parsing refuses is misuse (2); what the rules refuse is a failure (1).
    let cases: Vec<(i32, Vec<&str>)> = vec![
        (1, vec!["taken"]),
        (2, vec![""]),
        (2, vec!["caf\u{e9}"]),
        (2, vec!["line\nbreak"]),
        (2, vec![&long]),
        (2, vec![]),
        (2, vec!["c", "--grant-type", "magic"]),
        (1, vec!["c", "--grant-type", "implicit"]),
        (2, vec!["c", "--response-type", "none"]),
        (2, vec!["c", "--id-token-alg", "none"]),
        (2, vec!["c", "--userinfo-alg", "HS256"]),
        (1, vec!["c", "--name", ""]),
        (1, redirect("com.example.app:/cb")),
        (2, vec!["c", "--scope", "a  b"]),
        (2, vec!["c", "--scope", "\"a\""]),
        (1, vec!["c", "--scope", "a", "--default-scope", "b"]),
        (2, vec!["c", "--resource", "/relative"]),
        (2, vec!["c", "--resource", "https://api.example/#x"]),
        (1, vec!["c", "--grant-type", "authorization_code"]),
        (2, vec!["c", "--auth-method", "private_key_jwt"]),
        (2, vec!["c", "--introspect", "everything"]),
        (2, vec!["c", "--access-token-alg", "HS256"]),
        (2, vec!["c", "--access-token-alg", "none"]),
        (2, vec!["c", "--access-token-format", "saml"]),
        (2, vec!["c", "--token-profile", "magic"]),
        (1, vec!["c", "--access-token-lifetime", "0"]),
        (1, vec!["c", "--access-token-lifetime", "86401"]),
        (2, vec!["c", "--access-token-lifetime", "-1"]),
        (2, vec!["c", "--access-token-lifetime", "1.5h"]),
        (2, vec!["c", "--public", "--secret-stdin"]),
        (
            2,
            vec!["c", "--public", "--auth-method", "client_secret_basic"],
        ),
        (
            1,
            vec!["c", "--public", "--grant-type", "client_credentials"],
        ),
        (2, redirect("/cb")),
        (2, redirect("http://app.example/cb")),
        (2, redirect("https://app.example/cb#x")),
        (2, redirect("https://user@app.example/cb")),
        (2, redirect("http://127.0.0.1:80@evil.example/")),
        (2, redirect("javascript:alert(1)")),
        (2, redirect("data:text/html,x")),
        (2, redirect("https://app.example/\u{e9}")),
        (2, redirect("https://app.example/ cb")),
        (2, redirect("https:\\\\app.example")),
        (
            2,
            vec!["c", "--post-logout-redirect-uri", "javascript:alert(1)"],
        ),
    ];
    for (code, arguments) in cases {
        let _ = home
            .run(&[&["--json", "client", "add"], &arguments[..]].concat())
            .refusal(code);
        let text = home.run(&[&["client", "add"], &arguments[..]].concat());
        assert_eq!(
            (text.code, &*text.stdout),
            (Some(code), ""),
            "{arguments:?}"
        );
        assert!(
            text.stderr.starts_with("error: "),
            "{arguments:?}: {}",
            text.stderr
        );
    }
    let (error, message) = home.run(&["--json", "client", "add", "taken"]).refusal(1);
    assert_eq!(error, "client_id_taken");
    assert!(message.contains("'taken'"), "{message}");
    assert_eq!(home.json(&["client", "list"]), before);
}

#[test]
fn what_is_wrong_with_settings_is_told_with_the_flag() {
    let home = Home::with_keys();
    for (code, arguments, expected) in [
        (
            1,
            &[
                "--token-profile",
                "classic",
                "--access-token-format",
                "opaque",
            ][..],
            "leave out the format opaque, and the algorithm; see --token-profile",
        ),
        (
            1,
            &["--token-profile", "classic", "--access-token-alg", "ES256"],
            "leave out the format opaque, and the algorithm; see --token-profile",
        ),
        (
            1,
            &["--public"],
            "give other ones with --grant-type, or --redirect-uri",
        ),
        (
            1,
            &["--redirect-uri", "com.example.app:/cb"],
            "give --application-type native",
        ),
        (
            1,
            &[
                "--redirect-uri=https://a.example/",
                "--public",
                "--pkce=optional",
            ],
            "see --pkce",
        ),
        (
            1,
            &[
                "--redirect-uri=https://a.example/",
                "--public",
                "--id-token-alg=HS256",
            ],
            "see --id-token-alg",
        ),
        (
            1,
            &[
                "--redirect-uri=https://a.example/",
                "--redirect-uri=https://b.example/",
                "--subject-type=pairwise",
            ],
            "give --sector-identifier-uri",
        ),
        (
            1,
            &["--sector-identifier-uri", "http://127.0.0.1/"],
            "see --sector-identifier-uri",
        ),
        (
            1,
            &[
                "--redirect-uri=https://a.example/",
                "--grant-type=authorization_code",
                "--response-type=token",
            ],
            "see --grant-type and --response-type",
        ),
        (1, &["--name", "a\nb"], "see --name"),
        (2, &["--auth-method", "none"], "use --public"),
        (
            1,
            &["--grant-type", "authorization_code"],
            "give --redirect-uri",
        ),
        (1, &["--default-scope", "b"], "--scope and --default-scope"),
        (
            1,
            &["--access-token-lifetime", "2d"],
            "--access-token-lifetime",
        ),
        (1, &["--refresh-lifetime", "0"], "--refresh-lifetime"),
        (1, &["--refresh-idle-lifetime", "0"], "--refresh-idle"),
        (
            1,
            &["--refresh-retry-window", "1h"],
            "--refresh-retry-window",
        ),
    ] {
        let arguments = [&["--json", "client", "add", "c"], arguments].concat();
        let (_, message) = home.run(&arguments).refusal(code);
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
    assert_eq!(home.json(&["client", "list"]), json!([]));
}

#[test]
fn rule_s1_a_given_secret_is_read_whole_and_judged() {
    let home = Home::with_keys();
    let add = |id: &str, secret: &[u8]| {
        let stdin = Some(secret);
        home.run_with(
            &["--json", "client", "add", id, "--secret-stdin"],
            Input {
                stdin,
                variables: &[],
            },
        )
    };
    let megabyte = vec![b's'; 1_000_000];
    for (what, secret) in [
        ("empty", &b""[..]),
        ("a line end only", b"\n"),
        ("no UTF-8", b"\xff\xfe secret"),
        ("a megabyte", &megabyte),
    ] {
        let (_, message) = add("c", secret).refusal(1);
        assert!(message.contains("secret"), "{what}: {message}");
        assert!(message.len() < 300, "{what}");
    }
    assert_eq!(home.json(&["client", "list"]), json!([]));

    // One line end is not part of the secret; all else is. A given secret is not repeated.
    let cases: [(&str, &[u8], &str); 4] = [
        ("unix", b"a long enough secret\n", "a long enough secret"),
        ("dos", b"a long enough secret\r\n", "a long enough secret"),
        (
            "lines",
            b"a long enough\nsecret\n\n",
            "a long enough\nsecret\n",
        ),
        ("short", b"hunter2", "hunter2"),
    ];
    for (id, given, _) in cases {
        let done = add(id, given);
        assert!(done.json().get("client_secret").is_none(), "{id}");
        // RULES S1: "under 16 bytes warns and is marked weak".
        assert_eq!(
            done.stderr.contains("weak"),
            id == "short",
            "{id}: {}",
            done.stderr
        );
        assert!(!done.stderr.contains("hunter2"));
    }
    let server = home.serve();
    for (id, _, secret) in cases {
        let client = countersign_tests::TestClient::new(id, secret);
        assert_eq!(server.token(&client, &[]).status, 200, "{id}");
    }
}
