//! Configuration: flag beats variable beats file beats default, and mistakes are named.

use std::fs;

use countersign_tests::{Finished, Home, Input, Server};

/// Arguments, variables; the issuer, the data folder and the lifetime that come of them.
type Case<'a> = (
    &'a [&'a str],
    &'a [(&'a str, &'a str)],
    Option<&'a str>,
    &'a str,
    u64,
);

#[test]
fn flag_beats_variable_beats_file_beats_default() {
    let home = Home::empty();
    let file = "issuer = 'http://localhost/file'\nlisten = '127.0.0.1:0'\ndata_dir = 'of-the-file'\n\
        [lifetimes]\naccess_token = 111\n";
    fs::write(home.path().join("c.toml"), file).unwrap();
    let issuer = ("COUNTERSIGN_ISSUER", "http://localhost/variable");
    let folder = ("COUNTERSIGN_DATA_DIR", "of-the-variable");
    let config = ("COUNTERSIGN_CONFIG", "c.toml");
    let listen = ("COUNTERSIGN_LISTEN", "127.0.0.1:0");
    let lifetime = ("COUNTERSIGN_LIFETIMES__ACCESS_TOKEN", "222");
    let by_flag = [
        "--config",
        "c.toml",
        "serve",
        "--issuer",
        "http://localhost/flag",
        "--data-dir",
        "of-the-flag",
    ];

    let cases: [Case<'_>; 6] = [
        (&["serve"], &[listen], None, "./countersign-data", 600),
        (
            &["--config", "c.toml", "serve"],
            &[],
            Some("http://localhost/file"),
            "of-the-file",
            111,
        ),
        (
            &["serve"],
            &[config],
            Some("http://localhost/file"),
            "of-the-file",
            111,
        ),
        (
            &["serve"],
            &[config, issuer, folder, lifetime],
            Some(issuer.1),
            folder.1,
            222,
        ),
        (
            &["serve"],
            &[listen, issuer],
            Some(issuer.1),
            "./countersign-data",
            600,
        ),
        (
            &by_flag,
            &[issuer, folder, lifetime],
            Some("http://localhost/flag"),
            "of-the-flag",
            222,
        ),
    ];
    for (arguments, variables, issuer, folder, lifetime) in cases {
        let mut command = home.bare(&[&["--json"], arguments].concat());
        let server = Server::start(command.envs(variables.iter().copied()));
        let own_name = format!("http://{}", server.address);
        assert_eq!(
            server.issuer,
            issuer.unwrap_or(&own_name),
            "{arguments:?} {variables:?}"
        );
        assert_eq!(
            server.document["data_dir"], folder,
            "{arguments:?} {variables:?}"
        );
        let secret =
            fs::read_to_string(home.path().join(folder).join("demo-client.secret")).unwrap();
        let demo = countersign_tests::TestClient::new("demo", &secret);
        let path = server
            .issuer
            .strip_prefix("http://localhost")
            .unwrap_or_default();
        let form = [("grant_type", "client_credentials")];
        let answer = server
            .post(&format!("{path}/oauth2/token"))
            .basic(&demo)
            .form(&form)
            .send();
        assert_eq!(
            answer.json()["expires_in"],
            lifetime,
            "{arguments:?} {variables:?}"
        );
    }
}

pub(crate) fn refused(done: &Finished, words: &[&str]) {
    let (error, message) = done.refusal(1);
    assert_eq!(error, "configuration", "{message}");
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}

#[test]
fn unknown_and_wrong_variables_are_named_with_the_nearest_key() {
    let home = Home::empty();
    #[rustfmt::skip]
    let cases: [(&str, &str, &[&str]); 30] = [
        ("COUNTERSIGN_ISSUR", "x", &["COUNTERSIGN_ISSUR ", "did you mean COUNTERSIGN_ISSUER?"]),
        ("COUNTERSIGN_LIFETIME__ACCESS_TOKEN", "60", &["COUNTERSIGN_LIFETIME ", "COUNTERSIGN_LIFETIMES?"]),
        ("COUNTERSIGN_LIFETIMES__ACESS_TOKEN", "60", &["COUNTERSIGN_LIFETIMES__ACESS_TOKEN ", "COUNTERSIGN_LIFETIMES__ACCESS_TOKEN?"]),
        ("COUNTERSIGN_LIFETIMES_ACCESS_TOKEN", "60", &["COUNTERSIGN_LIFETIMES_ACCESS_TOKEN "]),
        ("COUNTERSIGN_LIFETIMES__ACCESS_TOKEN", "long", &["COUNTERSIGN_LIFETIMES__ACCESS_TOKEN"]),
        ("COUNTERSIGN_LIFETIMES__ACCESS_TOKEN", "", &["COUNTERSIGN_LIFETIMES__ACCESS_TOKEN"]),
        ("COUNTERSIGN_LIFETIMES__ACCESS_TOKEN", "1.5", &["COUNTERSIGN_LIFETIMES__ACCESS_TOKEN"]),
        ("COUNTERSIGN_LIFETIMES__ACCESS_TOKEN", "0", &["lifetimes.access_token", "between 1 and 86400"]),
        ("COUNTERSIGN_LIFETIMES__ACCESS_TOKEN", "-1", &["COUNTERSIGN_LIFETIMES__ACCESS_TOKEN"]),
        ("COUNTERSIGN_LIFETIMES__ACCESS_TOKEN", "86401", &["lifetimes.access_token", "86401"]),
        ("COUNTERSIGN_LIFETIMES__ACCESS_TOKEN", "99999999999999999999", &["COUNTERSIGN_LIFETIMES__ACCESS_TOKEN"]),
        ("COUNTERSIGN_ACCESS_TOKEN__ALGORITHM", "HS256", &["COUNTERSIGN_ACCESS_TOKEN__ALGORITHM", "ES256"]),
        ("COUNTERSIGN_ACCESS_TOKEN__FORMAT", "saml", &["COUNTERSIGN_ACCESS_TOKEN__FORMAT", "opaque"]),
        ("COUNTERSIGN_CACHE__MAX_STALE", "0", &["cache.max_stale"]),
        ("COUNTERSIGN_HASHING__WORKERS", "0", &["hashing.workers"]),
        ("COUNTERSIGN_LISTEN", "8080", &["COUNTERSIGN_LISTEN"]),
        ("COUNTERSIGN_TRUSTED_PROXIES", "10.0.0.0/8, nowhere", &["COUNTERSIGN_TRUSTED_PROXIES", "nowhere"]),
        ("COUNTERSIGN_REFRESH__RETRY_WINDOW", "601", &["refresh.retry_window", "between 0 and 600"]),
        ("COUNTERSIGN_REFRESH__MAX_GRANTS", "0", &["refresh.max_grants", "between 1 and 10000"]),
        ("COUNTERSIGN_LIFETIMES__REFRESH_TOKEN_IDLE", "0", &["lifetimes.refresh_token_idle", "between 1 and"]),
        ("COUNTERSIGN_THROTTLE__WINDOW", "3601", &["throttle.window", "between 1 and 3600"]),
        ("COUNTERSIGN_LIFETIMES__AUTHORIZATION_CODE", "601", &["lifetimes.authorization_code", "between 1 and 600"]),
        ("COUNTERSIGN_LIFETIMES__ID_TOKEN", "86401", &["lifetimes.id_token", "between 1 and 86400"]),
        ("COUNTERSIGN_LIFETIMES__SESSION", "34560001", &["lifetimes.session ", "between 1 and 34560000"]),
        ("COUNTERSIGN_LIFETIMES__SESSION_IDLE", "0", &["lifetimes.session_idle", "between 1 and"]),
        ("COUNTERSIGN_LIFETIMES__SESSION_IDLE", "1209601", &["lifetimes.session_idle is 1209601", "lifetimes.session, 1209600"]),
        ("COUNTERSIGN_LIFETIMES__SESSION", "3600", &["lifetimes.session_idle is 43200", "lifetimes.session, 3600"]),
        ("COUNTERSIGN_SESSIONS__MAX_PER_USER", "0", &["sessions.max_per_user", "between 1 and 10000"]),
        ("COUNTERSIGN_SESSION__MAX_PER_USER", "5", &["COUNTERSIGN_SESSION ", "COUNTERSIGN_SESSIONS?"]),
        ("COUNTERSIGN_KEYS__ROTATION_DAYS", "3651", &["keys.rotation_days", "between 0 and 3650"]),
    ];
    for (name, value, words) in cases {
        let variables = &[(name, value)];
        let input = Input {
            stdin: None,
            variables,
        };
        refused(&home.run_with(&["--json", "client", "list"], input), words);
        refused(&home.run_with(&["--json", "serve"], input), words);
    }
    assert!(!home.data_dir().exists());
}

#[test]
fn unknown_and_wrong_keys_of_a_file_are_named_with_the_file() {
    let home = Home::empty();
    let cases: [(&str, &[&str]); 10] = [
        ("issur = 'x'", &["issur ", "did you mean issuer?"]),
        (
            "[lifetimes]\nacess_token = 60",
            &["lifetimes.acess_token ", "lifetimes.access_token?"],
        ),
        (
            "[access_tokens]\nformat = 'jwt'",
            &["access_tokens ", "access_token?"],
        ),
        (
            "[lifetimes]\naccess_token = 'sixty'",
            &["lifetimes.access_token"],
        ),
        (
            "[lifetimes]\naccess_token = true",
            &["lifetimes.access_token"],
        ),
        ("lifetimes = 60", &["lifetimes"]),
        (
            "[access_token]\nalgorithm = 'none'",
            &["access_token.algorithm"],
        ),
        ("issuer = 1", &["issuer"]),
        ("trusted_proxies = ['x']", &["trusted_proxies", "'x'"]),
        ("issuer = ", &[]),
    ];
    for (text, words) in cases {
        fs::write(home.path().join("my.toml"), text).unwrap();
        let done = home.run(&["--json", "--config", "my.toml", "client", "list"]);
        refused(&done, &[words, &["my.toml"]].concat());
    }
    let absent = home.run(&["--json", "--config", "absent.toml", "client", "list"]);
    refused(&absent, &["absent.toml"]);
    let variables = &[("COUNTERSIGN_CONFIG", "absent.toml")];
    let absent = home.run_with(
        &["--json", "client", "list"],
        Input {
            stdin: None,
            variables,
        },
    );
    refused(&absent, &["absent.toml"]);
}

#[test]
fn a_value_that_looks_like_a_number_is_still_a_text() {
    let home = Home::empty();
    for (name, value) in [
        ("COUNTERSIGN_DATA_DIR", "2027"),
        ("COUNTERSIGN_DATA_DIR", "true"),
    ] {
        let mut command = home.bare(&["--json", "client", "add", "first"]);
        let done = Finished::of(command.env(name, value), None);
        assert_eq!(done.json()["client_id"], "first", "{name}={value}");
        assert!(home.path().join(value).is_dir(), "{name}={value}");
    }
}

#[test]
fn what_is_logged_can_be_chosen_and_a_wrong_choice_is_told() {
    let home = Home::empty();
    let server = home.serve_with(&[], &[("COUNTERSIGN_LOG", "off")]);
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.stderr(), "");
    drop(server);
    let variables = &[("COUNTERSIGN_LOG", "countersign=loudly")];
    let input = Input {
        stdin: None,
        variables,
    };
    refused(
        &home.run_with(&["--json", "serve", "--listen", "127.0.0.1:0"], input),
        &["log"],
    );
}

/// RULES S5, attack class 70: failures are counted against the address that a trusted proxy tells, and nobody else can
/// tell one.
#[test]
fn cve_2017_6413_only_a_trusted_proxy_tells_the_address() {
    let home = Home::with_keys();
    let client = home.add_client("c", &[]);
    let few = ("COUNTERSIGN_THROTTLE__ADDRESS_FAILURES", "3");
    let proxies = ("COUNTERSIGN_TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1");
    for (variables, slowed_elsewhere) in [(&[few][..], true), (&[few, proxies], false)] {
        let server = home.serve_with(&[], variables);
        let token = |secret: &str, from: &str| {
            let form = [
                ("grant_type", "client_credentials"),
                ("client_id", "c"),
                ("client_secret", secret),
            ];
            let call = server.post("/oauth2/token").header("x-forwarded-for", from);
            call.form(&form).send().status
        };
        for _ in 0..4 {
            assert_eq!(token("gUess-4711", "203.0.113.1"), 401);
        }
        assert_eq!(token("gUess-4711", "203.0.113.1"), 429);
        let elsewhere = token("gUess-4711", "203.0.113.2");
        let expected = if slowed_elsewhere { 429 } else { 401 };
        assert_eq!(elsewhere, expected, "{variables:?}");
        // What was drawn cannot be guessed, and is let in.
        assert_eq!(token(&client.secret, "203.0.113.1"), 200);
        assert!(!server.stderr().contains("gUess-4711"));
    }
}
