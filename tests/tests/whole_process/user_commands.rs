//! `countersign user`.

use std::fs;

use countersign_tests::{Finished, Home, Input, SECOND, TestUser, eventually, jwt};
use serde_json::{Value, json};

use crate::client_update::date;

/// A command that is given something on standard input.
fn with_stdin(home: &Home, arguments: &[&str], stdin: &[u8]) -> Finished {
    let stdin = Some(stdin);
    home.run_with(
        arguments,
        Input {
            stdin,
            ..Input::default()
        },
    )
}

/// A client that signs users in.
fn add_app(home: &Home) -> countersign_tests::TestClient {
    home.add_password_client("app", &["--scope", "read", "--introspect", "any"])
}

#[test]
fn user_add_answers_with_claim_names_and_nothing_secret() {
    let home = Home::with_keys();
    let password = "correct horse battery staple";
    let arguments = [
        "--json",
        "user",
        "add",
        "Zoë",
        "--password-stdin",
        "--name",
        "Zoë Example",
        "--email",
        "zoe@example.com",
        "--email-verified",
        "--group",
        "staff",
        "--group",
        "ops",
        "--role",
        "admin",
        "--claim",
        "plan=\"gold\"",
        "--claim",
        "level=3",
    ];
    let added = with_stdin(&home, &arguments, password.as_bytes()).json();
    let mut expected = json!({
        "username": "Zoë",
        "name": "Zoë Example",
        "email": "zoe@example.com",
        "email_verified": true,
        "groups": ["staff", "ops"],
        "roles": ["admin"],
        "claims": { "plan": "gold", "level": 3 },
        "enabled": true,
        "has_password": true,
    });
    expected["sub"] = added["sub"].clone();
    expected["created_at"] = added["created_at"].clone();
    assert_eq!(added, expected);
    assert_eq!(added["sub"].as_str().map(str::len), Some(36));
    assert!(added["created_at"].is_u64(), "{added}");

    // Under each spelling of the name.
    for name in ["Zoë", "ZOË", "zoe\u{308}"] {
        assert_eq!(home.json(&["user", "show", name]), added, "{name}");
    }
    assert_eq!(home.json(&["user", "list"]), json!([added]));
    for arguments in [&["user", "show", "zoë"][..], &["user", "list"]] {
        let done = home.run(arguments);
        assert!(done.succeeded().contains("zoe@example.com"));
        for hidden in ["horse", "argon2", "hash", "\"password\""] {
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
        assert!(!holds(password), "{}", path.display());
    }
}

#[test]
fn user_list_is_an_array_in_the_order_of_names() {
    let home = Home::with_keys();
    assert_eq!(home.json(&["user", "list"]), json!([]));
    assert!(home.run(&["user", "list"]).succeeded().contains("user add"));
    for name in ["bob", "Carol", "alice"] {
        let _ = home.json(&["user", "add", name, "--no-password"]);
    }
    let list = home.json(&["user", "list"]);
    let names = list
        .as_array()
        .unwrap()
        .iter()
        .map(|user| &user["username"]);
    assert_eq!(names.collect::<Vec<_>>(), ["alice", "bob", "Carol"]);
    assert_eq!(list[0]["has_password"], false);
    let shown = home.json(&["user", "show", "alice"]);
    let empty = [&shown["groups"], &shown["roles"], &shown["claims"]];
    assert_eq!(empty, [&json!([]), &json!([]), &json!({})]);
    let added = shown["created_at"].as_i64().unwrap();
    let text = home.run(&["user", "show", "alice"]);
    assert!(text.succeeded().contains(&date(added)), "{}", text.stdout);
}

/// Nothing waits for somebody who is not there, and nothing is made.
#[test]
fn a_password_is_never_asked_for_without_a_terminal() {
    let home = Home::empty();
    let (error, message) = home.run(&["--json", "user", "add", "alice"]).refusal(2);
    assert_eq!(error, "usage");
    for flag in ["--password-stdin", "--no-password"] {
        assert!(message.contains(flag), "{message}");
    }
    let (error, message) = home
        .run(&["--json", "user", "set-password", "alice"])
        .refusal(2);
    assert_eq!(error, "usage");
    assert!(message.contains("--password-stdin"), "{message}");
    assert!(!home.data_dir().exists());
}

#[test]
fn users_that_make_no_sense_are_refused_and_add_nothing() {
    let home = Home::with_keys();
    let _ = home.json(&["user", "add", "taken", "--no-password"]);
    let before = home.json(&["user", "list"]);
    let cases: [(i32, &str, &[&str], &str); 14] = [
        (1, "username_taken", &["TAKEN", "--no-password"], "'TAKEN'"),
        (2, "usage", &["", "--no-password"], "at least one"),
        (2, "usage", &[" u", "--no-password"], "white space"),
        (2, "usage", &["u\u{202e}", "--no-password"], "invisible"),
        (
            2,
            "usage",
            &["u", "--no-password", "--password-stdin"],
            "--no-password",
        ),
        (
            2,
            "usage",
            &["u", "--no-password", "--email-verified"],
            "--email",
        ),
        (
            2,
            "usage",
            &["u", "--no-password", "--claim", "plan=gold"],
            "'plan=\"gold\"'",
        ),
        (
            2,
            "usage",
            &["u", "--no-password", "--claim", "plan"],
            "equals sign",
        ),
        (
            1,
            "invalid_profile",
            &["u", "--no-password", "--email", "nobody"],
            "@",
        ),
        (
            1,
            "invalid_profile",
            &["u", "--no-password", "--name", ""],
            "name",
        ),
        (
            1,
            "invalid_profile",
            &["u", "--no-password", "--claim", "iss=1"],
            "'iss'",
        ),
        (
            1,
            "invalid_profile",
            &["u", "--no-password", "--claim", "email=1"],
            "'email'",
        ),
        // The standard input of these is empty.
        (1, "password", &["u", "--password-stdin"], "empty"),
        (2, "usage", &["u", "--password", "hunter2"], "--password"),
    ];
    for (code, word, arguments, expected) in cases {
        let arguments = [&["--json", "user", "add"], arguments].concat();
        let (error, message) = home.run(&arguments).refusal(code);
        assert_eq!(error, word, "{arguments:?}: {message}");
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
    for (claim, option) in [
        ("name=1", "with --name"),
        ("email=1", "with --email"),
        ("email_verified=true", "with --email-verified"),
        ("groups=[]", "with --group"),
        ("roles=[]", "with --role"),
    ] {
        let arguments = ["user", "add", "u", "--no-password", "--claim", claim];
        let (_, message) = home.run(&[&["--json"], &arguments[..]].concat()).refusal(1);
        assert!(message.ends_with(option), "{message}");
    }
    let arguments = ["--json", "user", "add", "u", "--password-stdin"];
    for (what, password) in [
        ("a line end only", &b"\n"[..]),
        ("no UTF-8", b"\xff\xfe password"),
        ("too long", &b"x".repeat(100_000)),
    ] {
        let (error, message) = with_stdin(&home, &arguments, password).refusal(1);
        assert_eq!(error, "password", "{what}");
        assert!(
            message.contains("password") && message.len() < 300,
            "{what}: {message}"
        );
    }
    assert_eq!(home.json(&["user", "list"]), before);
    for command in ["show", "disable", "enable", "remove"] {
        let (error, message) = home.run(&["--json", "user", command, "nobody"]).refusal(1);
        assert_eq!(error, "unknown_user", "{command}");
        assert!(message.contains("'nobody'"), "{message}");
    }
}

#[test]
fn a_weak_password_is_taken_with_a_warning() {
    let home = Home::with_keys();
    for (name, password, weak) in [
        ("short", "hunter2", true),
        ("bytes", "öööö", true),
        ("long", "hunter22", false),
    ] {
        let arguments = ["user", "add", name, "--password-stdin"];
        let done = with_stdin(
            &home,
            &[&["--json"], &arguments[..]].concat(),
            password.as_bytes(),
        );
        assert_eq!(done.json()["has_password"], true);
        if weak {
            let warning: Value = serde_json::from_str(&done.stderr).unwrap();
            let names: Vec<&String> = warning.as_object().unwrap().keys().collect();
            assert_eq!(names, ["warning"]);
        } else {
            assert_eq!(done.stderr, "", "{name}");
        }
    }
    let arguments = ["user", "set-password", "long", "--password-stdin"];
    let done = with_stdin(&home, &arguments, b"hunter2\n");
    assert!(done.succeeded().contains("has ended"), "{}", done.stdout);
    assert!(done.stderr.starts_with("warning: "), "{}", done.stderr);
    assert!(!done.stderr.contains("hunter2"));
}

#[test]
fn user_update_changes_what_is_named_and_nothing_else() {
    let home = Home::with_keys();
    let mut expected = home.json(&[
        "user",
        "add",
        "alice",
        "--no-password",
        "--email",
        "alice@example.com",
        "--email-verified",
        "--role",
        "admin",
        "--claim",
        "level=3",
    ]);
    let steps: [(&[&str], &str, Value); 14] = [
        (&["--name", "Alice"], "name", json!("Alice")),
        (&["--role", "auditor"], "roles", json!(["admin", "auditor"])),
        (&["--role", "auditor"], "roles", json!(["admin", "auditor"])),
        (&["--remove-role", "admin"], "roles", json!(["auditor"])),
        (
            &["--group", "a", "--group", "b"],
            "groups",
            json!(["a", "b"]),
        ),
        (
            &["--group", "c", "--remove-group", "a", "--remove-group", "b"],
            "groups",
            json!(["c"]),
        ),
        (&["--claim", "level=4"], "claims", json!({ "level": 4 })),
        (
            &["--claim", "plan=\"gold\"", "--remove-claim", "level"],
            "claims",
            json!({ "plan": "gold" }),
        ),
        (
            &["--email-verified", "false"],
            "email_verified",
            json!(false),
        ),
        (&["--email-verified", "true"], "email_verified", json!(true)),
        (&["--no-name"], "name", Value::Null),
        (&["--remove-group", "c"], "groups", json!([])),
        (&["--username", "ALICE"], "username", json!("ALICE")),
        (
            &["--username", "alice.smith"],
            "username",
            json!("alice.smith"),
        ),
    ];
    let mut name = String::from("alice");
    for (arguments, member, value) in steps {
        let updated = home.json(&[&["user", "update", &name], arguments].concat());
        let members = expected.as_object_mut().unwrap();
        if value.is_null() {
            members.remove(member);
        } else {
            members.insert(member.to_owned(), value);
        }
        assert_eq!(updated, expected, "{arguments:?}");
        name = updated["username"].as_str().unwrap().to_owned();
        assert_eq!(home.json(&["user", "show", &name]), expected);
    }
    // Nobody has verified the new address.
    let updated = home.json(&["user", "update", &name, "--email", "a.smith@example.com"]);
    assert_eq!(updated["email_verified"], false);
    let updated = home.json(&["user", "update", &name, "--no-email"]);
    assert!(updated.get("email").is_none(), "{updated}");
}

#[test]
fn user_update_that_makes_no_sense_changes_nothing() {
    let home = Home::with_keys();
    let _ = home.json(&["user", "add", "taken", "--no-password"]);
    let _ = home.json(&["user", "add", "u", "--no-password"]);
    let before = home.json(&["user", "list"]);
    let cases: [(i32, &str, &[&str]); 12] = [
        (2, "usage", &["u"]),
        (2, "usage", &["u", "--email", "a@b", "--no-email"]),
        (2, "usage", &["u", "--name", "n", "--no-name"]),
        (2, "usage", &["u", "--email-verified"]),
        (2, "usage", &["u", "--role", "a", "--remove-role", "a"]),
        (2, "usage", &["u", "--group", "a", "--remove-group", "a"]),
        (2, "usage", &["u", "--claim", "a=1", "--remove-claim", "a"]),
        (1, "unknown_user", &["nobody", "--name", "n"]),
        (
            1,
            "username_taken",
            &["u", "--name", "n", "--username", "TAKEN"],
        ),
        (1, "invalid_profile", &["u", "--email-verified", "true"]),
        (1, "invalid_profile", &["u", "--email", "nobody"]),
        (
            1,
            "invalid_profile",
            &["u", "--claim", "sub=1", "--username", "v"],
        ),
    ];
    for (code, word, arguments) in cases {
        let arguments = [&["--json", "user", "update"], arguments].concat();
        let (error, message) = home.run(&arguments).refusal(code);
        assert_eq!(error, word, "{arguments:?}: {message}");
    }
    assert_eq!(home.json(&["user", "list"]), before);
}

#[test]
fn rfc9700_4_14_2_a_new_password_ends_what_was_issued_and_an_update_does_not() {
    let home = Home::with_keys();
    let app = add_app(&home);
    let alice = home.add_user("alice");
    let server = home.serve();
    let tokens = server.sign_in(&app, &alice, &[]).tokens();
    let _ = home.json(&["user", "update", "alice", "--username", "alice.smith"]);
    assert!(server.is_active(&app, &tokens.access));
    let alice = TestUser::new("alice.smith", &alice.password);
    assert_eq!(server.sign_in(&app, &alice, &[]).status, 200);

    let arguments = [
        "--json",
        "user",
        "set-password",
        "Alice.Smith",
        "--password-stdin",
    ];
    let changed = with_stdin(&home, &arguments, b"another battery staple\n").json();
    assert_eq!(changed["has_password"], true);
    assert!(!server.is_active(&app, &tokens.access));
    let answer = server.refresh(&app, &tokens.refresh);
    assert_eq!(answer.refusal(), (400, "invalid_grant".into()));
    let answer = server.sign_in(&app, &alice, &[]);
    assert_eq!(answer.refusal(), (400, "invalid_grant".into()));
    let alice = alice.with_password("another battery staple");
    assert_eq!(server.sign_in(&app, &alice, &[]).status, 200);
}

#[test]
fn user_disable_and_remove_end_what_was_issued_for_good() {
    let home = Home::with_keys();
    let app = add_app(&home);
    let alice = home.add_user("alice");
    let server = home.serve();
    for command in ["disable", "remove"] {
        let tokens = server.sign_in(&app, &alice, &[]).tokens();
        let sub = jwt::claims(&tokens.access)["sub"].clone();
        let told = home.json(&["user", command, "alice"]);
        assert_eq!(told["sub"], sub);
        let assert_dead = |when: &str| {
            assert!(!server.is_active(&app, &tokens.access), "{command}, {when}");
            let answer = server.refresh(&app, &tokens.refresh);
            assert_eq!(answer.refusal().1, "invalid_grant", "{command}, {when}");
        };
        assert_dead("at once");
        let answer = server.sign_in(&app, &alice, &[]);
        assert_eq!(answer.refusal(), (400, "invalid_grant".into()), "{command}");
        if command == "disable" {
            assert_eq!(told["enabled"], false);
            assert_eq!(home.json(&["user", "enable", "alice"])["enabled"], true);
        } else {
            assert_eq!(told["removed"], true);
            // RULES R10: a name that is used again revives nothing.
            let _ = home.add_user("alice");
        }
        let signed_in = || (server.sign_in(&app, &alice, &[]).status == 200).then_some(());
        assert!(eventually(SECOND, signed_in).is_some(), "{command}");
        assert_dead("afterwards");
    }
}
