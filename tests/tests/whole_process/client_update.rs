//! `countersign client update` and `rotate-secret`.

use countersign_tests::{Finished, Home, Input, SECOND, TestClient, eventually};
use serde_json::Value;

/// A command that is given something on standard input.
pub(crate) fn with_stdin(home: &Home, arguments: &[&str], stdin: &str) -> Finished {
    let stdin = Some(stdin.as_bytes());
    home.run_with(
        arguments,
        Input {
            stdin,
            ..Input::default()
        },
    )
}

pub(crate) fn within_a_second(mut look: impl FnMut() -> bool) -> bool {
    eventually(SECOND, || look().then_some(())).is_some()
}

/// Seconds since 1970 as a date of RFC 3339, for times of this century.
pub(crate) fn date(seconds: i64) -> String {
    let (mut days, second) = (seconds / 86_400, seconds % 86_400);
    let february = |year| if year % 4 == 0 { 29 } else { 28 };
    let mut year = 1970;
    while days >= 337 + february(year) {
        days -= 337 + february(year);
        year += 1;
    }
    let mut month = 1;
    for length in [31, february(year), 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let day = days + 1;
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Arguments of `client update`, divided by bars; which member they change, and what it is then, in JSON.
const UPDATES: [(&str, &str, &str); 36] = [
    ("--scope|b c|--scope|d", "scope", r#""b c d""#),
    ("--default-scope|b", "default_scope", r#""b""#),
    (
        "--resource|urn:b|--resource|urn:c",
        "resources",
        r#"["urn:b","urn:c"]"#,
    ),
    (
        "--redirect-uri|https://a.example/",
        "redirect_uris",
        r#"["https://a.example/"]"#,
    ),
    (
        "--grant-type|authorization_code",
        "grant_types",
        r#"["authorization_code"]"#,
    ),
    (
        "--post-logout-redirect-uri|https://a.example/bye",
        "post_logout_redirect_uris",
        r#"["https://a.example/bye"]"#,
    ),
    (
        "--auth-method|client_secret_post",
        "token_endpoint_auth_method",
        r#""client_secret_post""#,
    ),
    ("--introspect|own", "introspect", r#""own""#),
    (
        "--access-token-format|opaque",
        "access_token_format",
        r#""opaque""#,
    ),
    (
        "--access-token-alg|EdDSA",
        "access_token_signed_response_alg",
        r#""EdDSA""#,
    ),
    (
        "--access-token-lifetime|15m",
        "access_token_lifetime",
        "900",
    ),
    ("--refresh-rotation|off", "refresh_token_rotation", "false"),
    (
        "--refresh-retry-window|0",
        "refresh_token_retry_window",
        "0",
    ),
    (
        "--refresh-lifetime|90d",
        "refresh_token_lifetime",
        "7776000",
    ),
    (
        "--refresh-idle-lifetime|3600",
        "refresh_token_idle_lifetime",
        "3600",
    ),
    ("--refresh-rotation|on", "refresh_token_rotation", "true"),
    ("--unset|default_scope", "default_scope", "null"),
    (
        "--unset|access_token_lifetime",
        "access_token_lifetime",
        "null",
    ),
    ("--unset|introspect", "introspect", r#""audience""#),
    ("--scope|", "scope", r#""""#),
    ("--name|The App", "client_name", r#""The App""#),
    (
        "--application-type|native",
        "application_type",
        r#""native""#,
    ),
    ("--pkce|optional", "require_pkce", "false"),
    ("--pkce|required", "require_pkce", "true"),
    ("--skip-consent|on", "skip_consent", "true"),
    ("--subject-type|pairwise", "subject_type", r#""pairwise""#),
    (
        "--sector-identifier-uri|https://sector.example/",
        "sector_identifier_uri",
        r#""https://sector.example/""#,
    ),
    (
        "--id-token-alg|ES256",
        "id_token_signed_response_alg",
        r#""ES256""#,
    ),
    (
        "--userinfo-alg|PS256",
        "userinfo_signed_response_alg",
        r#""PS256""#,
    ),
    ("--unset|access_token_format", "access_token_format", "null"),
    (
        "--unset|access_token_signed_response_alg",
        "access_token_signed_response_alg",
        "null",
    ),
    ("--token-profile|classic", "token_profile", r#""classic""#),
    ("--token-profile|standard", "token_profile", r#""standard""#),
    ("--unset|client_name", "client_name", "null"),
    ("--unset|subject_type", "subject_type", r#""public""#),
    ("--unset|skip_consent", "skip_consent", "false"),
];

#[test]
fn client_update_replaces_what_is_named_and_nothing_else() {
    let home = Home::with_keys();
    let mut expected = home.json(&[
        "client",
        "add",
        "c",
        "--scope",
        "a b",
        "--resource",
        "urn:a",
    ]);
    expected.as_object_mut().unwrap().remove("client_secret");
    for (arguments, member, value) in UPDATES {
        let arguments: Vec<&str> = arguments.split('|').collect();
        let updated = home.json(&[&["client", "update", "c"], &arguments[..]].concat());
        let value: Value = serde_json::from_str(value).unwrap();
        let members = expected.as_object_mut().unwrap();
        if value.is_null() {
            members.remove(member);
        } else {
            members.insert(member.to_owned(), value);
        }
        assert_eq!(updated, expected, "{arguments:?}");
        assert_eq!(home.json(&["client", "show", "c"]), expected);
        if arguments[0] != "--unset" && member != "grant_types" {
            let both = [&arguments[..], &["--unset", "resources", "--unset", member]].concat();
            let done = home.run(&[&["--json", "client", "update", "c"], &both[..]].concat());
            let (error, message) = done.refusal(2);
            assert_eq!(error, "usage", "{both:?}: {message}");
            assert!(message.starts_with(member), "{both:?}: {message}");
        }
    }
    // What update takes, add takes as well.
    let arguments = ["--refresh-rotation", "off", "--refresh-lifetime", "90d"];
    let added = home.json(&[&["client", "add", "d"], &arguments[..]].concat());
    assert_eq!(added["refresh_token_rotation"], false);
    assert_eq!(added["refresh_token_lifetime"], 7_776_000);
}

#[test]
fn client_update_that_makes_no_sense_changes_nothing() {
    let home = Home::with_keys();
    let _ = home.add_client("c", &["--scope", "a b", "--default-scope", "b"]);
    let public = ["--public", "--redirect-uri", "https://app.example/cb"];
    let _ = home.json(&[&["client", "add", "app"], &public[..]].concat());
    let _ = home.add_client("f", &["--access-token-format", "opaque"]);
    let before = home.json(&["client", "list"]);
    let cases: [(i32, &str, &[&str], &str); 14] = [
        (2, "usage", &["c"], "what is to change"),
        (2, "usage", &["c", "--unset", "grant_types"], "grant_types"),
        (2, "usage", &["c", "--unset", "nonsense"], "nonsense"),
        (2, "usage", &["c", "--public"], "--public"),
        (
            2,
            "usage",
            &["c", "--refresh-rotation", "perhaps"],
            "perhaps",
        ),
        (2, "usage", &["c", "--refresh-lifetime", "1.5h"], "24h"),
        (1, "unknown_client", &["d", "--scope", "a"], "'d'"),
        (
            1,
            "invalid_client_metadata",
            &["c", "--scope", "a"],
            "default scope 'b'",
        ),
        (
            1,
            "invalid_client_metadata",
            &["c", "--access-token-lifetime", "2d"],
            "86400",
        ),
        (
            1,
            "invalid_client_metadata",
            &["c", "--refresh-retry-window", "1h"],
            "600",
        ),
        (
            1,
            "invalid_client_metadata",
            &["app", "--refresh-rotation", "off"],
            "rotated",
        ),
        (
            1,
            "invalid_client_metadata",
            &["f", "--token-profile", "classic"],
            "--unset",
        ),
        // Nobody can turn one into the other.
        (
            1,
            "invalid_client_metadata",
            &["c", "--grant-type", "password", "--auth-method", "none"],
            "remove 'c'",
        ),
        (
            1,
            "invalid_client_metadata",
            &["app", "--auth-method", "client_secret_basic"],
            "remove 'app'",
        ),
    ];
    for (code, word, arguments, expected) in cases {
        let arguments = [&["--json", "client", "update"], arguments].concat();
        let (error, message) = home.run(&arguments).refusal(code);
        assert_eq!(error, word, "{arguments:?}: {message}");
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
    assert_eq!(home.json(&["client", "list"]), before);
}

#[test]
fn rule_n1_a_running_server_knows_an_updated_client_within_a_second() {
    let home = Home::with_keys();
    let client = home.add_client("c", &["--scope", "read"]);
    let server = home.serve();
    let token = server.issue(&client, &[]);
    let write = [("scope", "write")];
    assert_eq!(server.token(&client, &write).refusal().1, "invalid_scope");
    let _ = home.json(&["client", "update", "c", "--scope", "write"]);
    assert!(within_a_second(
        || server.token(&client, &write).status == 200
    ));
    let read = [("scope", "read")];
    assert_eq!(server.token(&client, &read).refusal().1, "invalid_scope");
    assert!(server.is_active(&client, &token), "it lives on");
}

#[test]
fn rule_s3_two_secrets_are_accepted_for_as_long_as_was_said() {
    let home = Home::with_keys();
    let first = home.add_client("c", &[]);
    let server = home.serve();
    let accepted = |client: &TestClient| server.token(client, &[]).status == 200;
    let rotate = |arguments: &[&str]| {
        let told = home.json(&[&["client", "rotate-secret", "c"], arguments].concat());
        let secret = told["client_secret"].as_str().unwrap();
        (
            first.with_secret(secret),
            told["previous_secret_expires_at"].clone(),
        )
    };
    let token = server.issue(&first, &[]);
    let (second, end) = rotate(&["--overlap", "24h"]);
    let key_made = home.json(&["client", "show", "c"]);
    assert!(key_made.get("client_secret").is_none(), "{key_made}");
    let added = key_made["client_id_issued_at"].as_i64().unwrap();
    assert!(
        (86_400..86_460).contains(&(end.as_i64().unwrap() - added)),
        "{end}"
    );
    assert!(within_a_second(|| accepted(&second)));
    assert!(accepted(&first), "for a day");
    assert!(server.is_active(&second, &token), "tokens live on");

    // A third one has no place: it is told that the first ends before its day is over.
    let done = home.run(&["client", "rotate-secret", "c", "--overlap", "1h"]);
    let warning = done.stderr.trim_end();
    assert!(warning.contains(&date(end.as_i64().unwrap())), "{warning}");
    assert!(warning.starts_with("warning: ") && warning.contains("ends now"));
    let until = done.succeeded().split_once("accepted until ").unwrap().1;
    assert_eq!(until.find("Z."), Some("2026-11-21T16:47:36".len()));
    assert!(within_a_second(|| !accepted(&first)));
    assert!(accepted(&second));

    let (third, end) = rotate(&[]);
    assert_eq!(end, Value::Null);
    assert!(within_a_second(|| accepted(&third)));
    assert!(within_a_second(|| !accepted(&second) && !accepted(&first)));

    let arguments = ["client", "rotate-secret", "c", "--overlap", "1s"];
    let text = home.run(&arguments);
    assert!(
        text.succeeded().contains("client_secret  "),
        "{}",
        text.stdout
    );
    assert!(text.stdout.contains("not shown again"), "{}", text.stdout);
    assert!(within_a_second(|| !accepted(&third)) || within_a_second(|| !accepted(&third)));
}

#[test]
fn client_rotate_secret_takes_a_given_secret_and_judges_it() {
    let home = Home::with_keys();
    let _ = home.add_client("c", &[]);
    let public = ["--public", "--redirect-uri", "https://app.example/cb"];
    let _ = home.json(&[&["client", "add", "app"], &public[..]].concat());
    let arguments = ["--json", "client", "rotate-secret", "c", "--secret-stdin"];
    for (secret, weak) in [("hunter2", true), ("a long enough secret", false)] {
        let done = with_stdin(&home, &arguments, &format!("{secret}\n"));
        assert!(done.json().get("client_secret").is_none(), "{secret}");
        // One JSON object on standard error, too.
        let warning: Option<Value> = serde_json::from_str(&done.stderr).ok();
        let warning = warning.and_then(|told| told["warning"].as_str().map(str::to_owned));
        assert_eq!(
            warning.is_some_and(|text| text.contains("weak")),
            weak,
            "{secret}"
        );
        assert_eq!(done.stderr.is_empty(), !weak);
    }
    let (_, message) = with_stdin(&home, &arguments, "").refusal(1);
    assert!(message.contains("empty"), "{message}");
    let client = TestClient::new("c", "a long enough secret");
    assert_eq!(home.serve().token(&client, &[]).status, 200);
    for (client_id, code, word) in [
        ("app", 1, "invalid_client_metadata"),
        ("nobody", 1, "unknown_client"),
        ("", 2, "usage"),
    ] {
        let done = home.run(&["--json", "client", "rotate-secret", client_id]);
        assert_eq!(done.refusal(code).0, word, "{client_id}");
    }
}
