//! The command line as a whole: help, exit codes, `--json`.

use countersign_tests::Home;

const COMMANDS: [&[&str]; 51] = [
    &[],
    &["serve"],
    &["client", "add"],
    &["client", "list"],
    &["client", "show"],
    &["client", "update"],
    &["client", "rotate-secret"],
    &["client", "apply"],
    &["client", "remove"],
    &["user", "add"],
    &["user", "list"],
    &["user", "show"],
    &["user", "update"],
    &["user", "set-password"],
    &["user", "disable"],
    &["user", "enable"],
    &["user", "remove"],
    &["scope", "add"],
    &["scope", "list"],
    &["scope", "remove"],
    &["resource", "add"],
    &["resource", "list"],
    &["resource", "remove"],
    &["grant", "list"],
    &["grant", "revoke"],
    &["session", "list"],
    &["session", "revoke"],
    &["consent", "list"],
    &["consent", "revoke"],
    &["revoke"],
    &["key", "list"],
    &["key", "rotate"],
    &["key", "revoke"],
    &["key", "import"],
    &["key", "export-public"],
    &["key", "classic-secret"],
    &["config", "show"],
    &["wazo", "policy", "add"],
    &["wazo", "policy", "list"],
    &["wazo", "policy", "show"],
    &["wazo", "policy", "remove"],
    &["wazo", "policy", "assign"],
    &["wazo", "policy", "withdraw"],
    &["wazo", "policy", "of"],
    &["wazo", "session", "list"],
    &["wazo", "session", "end"],
    &["wazo", "token", "list"],
    &["wazo", "token", "end"],
    &["token", "inspect"],
    &["backup"],
    &["recover"],
];

/// Those that take the id of a key, which may look like a flag.
const WITH_KEY_ID: [&[&str]; 2] = [&["key", "revoke"], &["key", "export-public"]];

#[test]
fn help_of_every_command_has_examples_that_begin_with_the_command() {
    let home = Home::empty();
    let mut without = Vec::new();
    for command in COMMANDS {
        for flag in ["--help", "-h"] {
            let done = home.run(&[command, &[flag]].concat());
            let text = done.succeeded();
            assert_eq!(done.stderr, "", "{command:?}");
            assert!(text.contains("Usage: countersign"), "{command:?}: {text}");
            let example = text.split_once("Examples:\n").is_some_and(|(_, examples)| {
                examples.contains(&["countersign", &command.join(" ")].join(" "))
            });
            if !example {
                without.push(format!("{} {flag}", command.join(" ")));
            }
        }
    }
    assert_eq!(without, Vec::<String>::new());
}

#[test]
fn the_version_is_told() {
    let home = Home::empty();
    let done = home.run(&["--version"]);
    assert_eq!(
        done.succeeded(),
        format!("countersign {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn what_is_not_understood_exits_with_2_and_touches_nothing() {
    let home = Home::empty();
    for command in COMMANDS {
        for unknown in ["--no-such-flag", "-Z"] {
            // Only what comes after the id of a key is a flag for certain.
            let key: &[&str] = if WITH_KEY_ID.contains(&command) {
                &["kid"]
            } else {
                &[]
            };
            let arguments = [command, key, &[unknown]].concat();
            let text = home.run(&arguments);
            assert_eq!((text.code, &*text.stdout), (Some(2), ""), "{arguments:?}");
            assert!(
                text.stderr.contains(unknown),
                "{arguments:?}: {}",
                text.stderr
            );
            let (error, message) = home.run(&[&["--json"], &arguments[..]].concat()).refusal(2);
            assert_eq!(error, "usage");
            assert!(message.contains(unknown), "{message}");
            // The flag may stand anywhere.
            let (error, _) = home.run(&[&arguments[..], &["--json"]].concat()).refusal(2);
            assert_eq!(error, "usage");
        }
    }
    for arguments in [
        &["clinet"][..],
        &["client"],
        &["client", "list", "x"],
        &["client", "show"],
        &["key", "revoke"],
        &["serve", "--listen", "nonsense"],
        &["serve", "--listen", "127.0.0.1"],
        &["serve", "--listen", "127.0.0.1:99999"],
        &["token", "inspect", "a", "b"],
    ] {
        let _ = home.run(&[&["--json"], arguments].concat()).refusal(2);
    }
    for text in ["localhost:8080", "8080", "127.0.0.1"] {
        let (_, message) = home.run(&["--json", "serve", "--listen", text]).refusal(2);
        assert!(
            message.contains("such as 127.0.0.1:8080; no names"),
            "{message}"
        );
    }
    for group in [
        "client", "user", "scope", "resource", "grant", "session", "consent", "key", "token",
        "wazo", "config",
    ] {
        let told = home.run(&[group, "--json"]).refusal(2);
        assert!(told.1.contains("requires a subcommand"), "{}", told.1);
        assert_eq!(home.run(&["--json", group]).refusal(2), told);
        // People get the help.
        assert!(home.run(&[group]).stderr.contains("Usage: "), "{group}");
    }
    assert!(!home.data_dir().exists());
}

#[test]
fn failures_exit_with_1_and_are_one_json_object_on_standard_error() {
    let home = Home::empty();
    let _ = home.add_client("c", &[]);
    let cases: [(&[&str], &str); 6] = [
        (&["client", "show", "x"], "unknown_client"),
        (&["client", "remove", "x"], "unknown_client"),
        (&["client", "add", "c"], "client_id_taken"),
        (&["key", "revoke", "x"], "unknown_key"),
        (&["token", "inspect", "x"], "malformed_token"),
        (
            &["serve", "--issuer", "http://login.example.com"],
            "configuration",
        ),
    ];
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (error, message) = home
        .run(&["--json", "serve", "--listen", &address])
        .refusal(1);
    assert_eq!(error, "listen");
    assert!(
        message.ends_with("--listen, such as 127.0.0.1:8081"),
        "{message}"
    );
    for (arguments, expected) in cases {
        let (error, _) = home.run(&[&["--json"], arguments].concat()).refusal(1);
        assert_eq!(error, expected, "{arguments:?}");
        let text = home.run(arguments);
        assert_eq!((text.code, &*text.stdout), (Some(1), ""), "{arguments:?}");
        assert!(text.stderr.starts_with("error: "), "{}", text.stderr);
    }
}

#[test]
fn a_data_folder_that_cannot_be_used_is_named() {
    let home = Home::empty();
    let file = home.path().join("file");
    std::fs::write(&file, "x").unwrap();
    for arguments in [["client", "list"], ["key", "list"]] {
        let done = home
            .bare(&[&["--json", "--data-dir", "file"], &arguments[..]].concat())
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(1));
        let told = String::from_utf8_lossy(&done.stderr);
        assert!(told.contains("file"), "{told}");
    }
    // Nothing is made where somebody only looks.
    let (error, message) = home.run(&["--json", "client", "list"]).refusal(1);
    assert_eq!(error, "no_data");
    assert!(message.contains("data"), "{message}");
    assert!(!home.data_dir().exists());
    // A database that is none.
    let folder = home.data_dir();
    let _ = home.json(&["client", "add", "first"]);
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("countersign.db")
        {
            std::fs::write(&path, "this is no database, ".repeat(1_000)).unwrap();
        }
    }
    let (error, message) = home.run(&["--json", "client", "list"]).refusal(1);
    assert_eq!(error, "storage");
    assert!(message.contains("countersign.db"), "{message}");
}
