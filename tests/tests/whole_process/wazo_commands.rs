//! `countersign wazo`.

use countersign_tests::{Finished, Home, Input, SECOND, Server, TestClient, TestUser, eventually};
use serde_json::{Value, json};

const ON: [(&str, &str); 1] = [("COUNTERSIGN_DIALECTS", "wazo")];
const ID: &str = "0197a3c2-5d6e-7f80-9a1b-2c3d4e5f6071";

/// A command where the dialect is switched on.
fn run(home: &Home, arguments: &[&str]) -> Finished {
    let input = Input {
        stdin: None,
        variables: &ON,
    };
    home.run_with(arguments, input)
}

fn wazo(home: &Home, arguments: &[&str]) -> Value {
    run(home, &[&["--json", "wazo"], arguments].concat()).json()
}

fn refusal(home: &Home, arguments: &[&str], code: i32) -> (String, String) {
    run(home, &[&["--json", "wazo"], arguments].concat()).refusal(code)
}

/// Commands in one line, the word with which each is refused, and what is in the sentence.
fn all_refused(home: &Home, cases: &[(&str, &str, &str)]) {
    for (line, word, expected) in cases {
        let code = if *word == "usage" { 2 } else { 1 };
        let arguments: Vec<&str> = line.split(' ').collect();
        let (error, message) = refusal(home, &arguments, code);
        assert_eq!(error, *word, "{line}: {message}");
        assert!(message.contains(expected), "{line}: {message}");
    }
}

fn sign_in(server: &Server, user: &TestUser, body: &Value) -> Value {
    let name = TestClient::new(&user.name, &user.password);
    let call = server.post("/0.1/token").basic(&name);
    let call = call.header("content-type", "application/json");
    call.body(body.to_string()).send().json()["data"].clone()
}

/// Whether the token is good, as the wire tells it.
fn is_good(server: &Server, data: &Value) -> bool {
    let token = data["token"].as_str().expect("a token");
    let path = format!("/0.1/token/{token}");
    server.call("HEAD", &path).send().status == 204
}

/// Every command, with something that it could be about.
const COMMANDS: [&[&str]; 11] = [
    &["policy", "add", "agents", "--acl", "a"],
    &["policy", "list"],
    &["policy", "show", "agents"],
    &["policy", "remove", "agents"],
    &["policy", "assign", "agents", "alice"],
    &["policy", "withdraw", "agents", "alice"],
    &["policy", "of", "alice"],
    &["session", "list"],
    &["session", "end", ID],
    &["token", "list", "alice"],
    &["token", "end", "alice", "phone"],
];

#[test]
fn what_the_dialect_keeps_is_looked_at_and_changed_also_where_it_is_off() {
    let home = Home::with_keys();
    let _ = home.add_user("alice");
    for strict in ["false", "true"] {
        let run = |command: &[&str]| {
            let arguments = [&["--json", "wazo"], command].concat();
            let variables = [
                ("COUNTERSIGN_DIALECTS", "moov"),
                ("COUNTERSIGN_STRICT", strict),
            ];
            let input = Input {
                stdin: None,
                variables: &variables,
            };
            home.run_with(&arguments, input)
        };
        assert_eq!(run(&["policy", "add", strict, "--acl", "a"]).code, Some(0));
        assert_eq!(run(&["policy", "assign", strict, "alice"]).code, Some(0));
    }
    assert_eq!(
        wazo(&home, &["policy", "of", "alice"])
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let empty = Home::empty();
    for command in COMMANDS {
        assert_eq!(refusal(&empty, command, 1).0, "no_data", "{command:?}");
    }
    assert!(!empty.data_dir().exists());
}

#[test]
fn each_group_wants_a_command() {
    let home = Home::empty();
    for group in ["policy", "session", "token"] {
        let told = home.run(&["wazo", group, "--json"]).refusal(2);
        assert!(told.1.contains("requires a subcommand"), "{told:?}");
    }
}

#[test]
fn policies_are_added_told_and_removed() {
    let home = Home::with_keys();
    let acl = ["--acl", "calld.users.me.#", "!confd.#", "--acl", "#"];
    let arguments = [
        &["policy", "add", "Call center: agents", "--description", "d"],
        &acl[..],
    ];
    let added = wazo(&home, &arguments.concat());
    assert_eq!(
        added,
        json!({
            "uuid": added["uuid"],
            "slug": "Callcenteragents",
            "name": "Call center: agents",
            "description": "d",
            "acl": ["calld.users.me.#", "!confd.#", "#"],
            "created_at": added["created_at"],
        })
    );
    let second = wazo(
        &home,
        &["policy", "add", "second", "--slug", "two", "--acl", "a"],
    );
    assert_eq!(
        (&second["slug"], second.get("description")),
        (&json!("two"), None)
    );
    let mut list = wazo(&home, &["policy", "list"]);
    // Both are of one second, within which there is no order.
    let policies = list.as_array_mut().unwrap();
    policies.sort_by_key(|it| it["slug"].to_string());
    assert_eq!(list, json!([added, second]));
    let uuid = added["uuid"].as_str().unwrap();
    for name in ["Callcenteragents", uuid] {
        assert_eq!(wazo(&home, &["policy", "show", name]), added, "{name}");
    }
    let text = run(&home, &["wazo", "policy", "list"]);
    for told in [
        "Callcenteragents",
        "Call center: agents",
        "calld.users.me.# !confd.# #",
    ] {
        assert!(text.succeeded().contains(told), "{}", text.stdout);
    }
    let text = run(&home, &["wazo", "policy", "show", "two"]);
    assert!(text.succeeded().contains("second"), "{}", text.stdout);

    let removed = json!({ "policy": "two", "removed": true });
    assert_eq!(wazo(&home, &["policy", "remove", "two"]), removed);
    assert_eq!(wazo(&home, &["policy", "list"]), json!([added]));
}

#[test]
fn policies_that_cannot_be_are_refused_with_the_flag_that_helps() {
    let home = Home::with_keys();
    let before = wazo(
        &home,
        &["policy", "add", "second", "--slug", "two", "--acl", "a"],
    );
    let too_long = format!("policy add {} --acl a", "x".repeat(81));
    let patterns: Vec<String> = (0..1_025).map(|number| format!("a{number}")).collect();
    let too_many = format!("policy add third --acl {}", patterns.join(" "));
    #[rustfmt::skip]
    let cases = [
        ("policy add SECOND --slug x --acl a", "policy_taken", "name"),
        ("policy add TWO --acl a", "policy_taken", "--slug"),
        ("policy add 日本 --acl a", "invalid_policy", "--slug"),
        ("policy add x --acl a --description \u{1}", "invalid_policy", "description"),
        (&too_many, "invalid_policy", "1024 patterns"),
        (&too_long, "usage", "80 characters"),
        ("policy add third", "usage", "--acl"),
        ("policy add third --acl ", "usage", "--acl"),
        ("policy add third --acl a\u{1}b", "usage", "pattern"),
        ("policy add third --acl a --slug a/b", "usage", "slug"),
        ("policy show second", "unknown_policy", "'second'"),
        ("policy remove nope", "unknown_policy", "wazo policy list"),
    ];
    all_refused(&home, &cases);
    assert_eq!(wazo(&home, &["policy", "list"]), json!([before]));
}

#[test]
fn a_policy_that_is_assigned_is_in_the_next_token() {
    let home = Home::with_keys();
    let user = home.add_user("alice");
    let _ = home.add_user("bob");
    let server = home.serve_with(&[], &ON);
    let acl = || sign_in(&server, &user, &json!({}))["acl"].clone();
    let policy = wazo(
        &home,
        &["policy", "add", "administrators", "--acl", "auth.#"],
    );
    assert_eq!(acl(), json!(["auth.users.me.#"]));
    for _ in 0..2 {
        let assigned = wazo(&home, &["policy", "assign", "administrators", "ALICE"]);
        let expected = json!({ "policy": "administrators", "username": "alice", "assigned": true });
        assert_eq!(assigned, expected);
    }
    let with_policy = || acl() == json!(["auth.users.me.#", "auth.#"]);
    assert!(eventually(SECOND, || with_policy().then_some(())).is_some());
    assert_eq!(wazo(&home, &["policy", "of", "alice"]), json!([policy]));
    assert_eq!(wazo(&home, &["policy", "of", "bob"]), json!([]));
    #[rustfmt::skip]
    let cases = [
        ("policy assign nope alice", "unknown_policy", "'nope'"),
        ("policy assign administrators nobody", "unknown_user", "'nobody'"),
        ("policy of nobody", "unknown_user", "'nobody'"),
        ("policy withdraw nope alice", "unknown_policy", "'nope'"),
        ("policy withdraw administrators bob", "not_assigned", "'bob'"),
    ];
    all_refused(&home, &cases);
    let withdrawn = wazo(&home, &["policy", "withdraw", "administrators", "alice"]);
    assert_eq!(withdrawn["assigned"], false);
    assert_eq!(wazo(&home, &["policy", "of", "alice"]), json!([]));
    assert!(eventually(SECOND, || (!with_policy()).then_some(())).is_some());
}

#[test]
fn sessions_and_refresh_tokens_are_listed_and_their_values_never_told() {
    let home = Home::with_keys();
    let [alice, bob] = ["alice", "bob"].map(|name| home.add_user(name));
    let server = home.serve_with(&[], &ON);
    let offline = json!({ "access_type": "offline", "client_id": "phone" });
    let of_phone = sign_in(&server, &alice, &offline);
    let plain = sign_in(&server, &alice, &json!({}));
    let _ = sign_in(&server, &bob, &json!({}));

    let listed = wazo(&home, &["session", "list", "--user", "alice"]);
    let [first, second] = &listed.as_array().unwrap()[..] else {
        unreachable!("two sign-ins: {listed}");
    };
    assert_eq!(
        *first,
        json!({
            "uuid": of_phone["session_uuid"],
            "user_uuid": of_phone["metadata"]["uuid"],
            "username": "alice",
            "client_id": "phone",
            "mobile": false,
            "acl": ["auth.users.me.#"],
            "remote_addr": "127.0.0.1",
            "user_agent": first["user_agent"],
            "issued_at": first["issued_at"],
            "expires_at": first["issued_at"].as_i64().unwrap() + 7_200,
        })
    );
    assert_eq!(
        (&second["uuid"], second.get("client_id")),
        (&plain["session_uuid"], None)
    );
    assert_eq!(
        wazo(&home, &["session", "list"]).as_array().unwrap().len(),
        3
    );
    let tokens = wazo(&home, &["token", "list", "alice"]);
    let expected = json!([{
        "client_id": "phone",
        "user_uuid": of_phone["metadata"]["uuid"],
        "mobile": false,
        "created_at": tokens[0]["created_at"],
    }]);
    assert_eq!(tokens, expected);
    assert_eq!(wazo(&home, &["token", "list", "bob"]), json!([]));
    for arguments in [&["session", "list"][..], &["token", "list", "alice"]] {
        let text = run(&home, &[&["wazo"], arguments].concat());
        assert!(text.succeeded().contains("phone"), "{}", text.stdout);
        let json = wazo(&home, arguments).to_string();
        for secret in [
            &of_phone["token"],
            &of_phone["refresh_token"],
            &plain["token"],
        ] {
            let secret = secret.as_str().unwrap();
            assert!(!text.stdout.contains(secret) && !json.contains(secret));
        }
    }
}

#[test]
fn the_client_that_stands_for_the_dialect_is_listed_and_no_file_needs_to_leave_it_out() {
    let home = Home::with_keys();
    let alice = home.add_user("alice");
    let server = home.serve_with(&[], &ON);
    let _ = sign_in(&server, &alice, &json!({}));
    let clients = home.json(&["client", "list"]);
    let is_listed = |it: &Value| it["client_id"] == "countersign:wazo";
    assert!(
        clients.as_array().unwrap().iter().any(is_listed),
        "{clients}"
    );
    let stdin = clients.to_string();
    let input = Input {
        stdin: Some(stdin.as_bytes()),
        ..Input::default()
    };
    let applied = home
        .run_with(&["--json", "client", "apply", "-f", "-"], input)
        .json();
    assert!(
        !applied.as_array().unwrap().iter().any(is_listed),
        "{applied}"
    );
}

#[test]
fn each_command_ends_what_it_names_and_nothing_else() {
    let home = Home::with_keys();
    let [alice, bob] = ["alice", "bob"].map(|name| home.add_user(name));
    let server = home.serve_with(&[], &ON);
    let offline = json!({ "access_type": "offline", "client_id": "phone" });
    let of_phone = sign_in(&server, &alice, &offline);
    let plain = sign_in(&server, &alice, &json!({}));
    let of_bob = sign_in(&server, &bob, &json!({}));
    let id = plain["session_uuid"].as_str().unwrap();
    assert_eq!(
        wazo(&home, &["session", "end", id]),
        json!({ "uuid": id, "ended": true })
    );
    let good = || [&of_phone, &plain, &of_bob].map(|it| is_good(&server, it));
    assert_eq!(good(), [true, false, true]);
    let ended = wazo(&home, &["token", "end", "alice", "phone"]);
    assert_eq!(
        ended,
        json!({ "username": "alice", "client_id": "phone", "ended": true })
    );
    assert_eq!(good(), [false, false, true]);
    assert_eq!(wazo(&home, &["token", "list", "alice"]), json!([]));
    let session = format!("session end {id}");
    #[rustfmt::skip]
    let cases = [
        (&*session, "unknown_session", id),
        ("token end alice phone", "unknown_token", "'phone'"),
        ("token end nobody phone", "unknown_user", "'nobody'"),
        ("token list nobody", "unknown_user", "'nobody'"),
        ("session list --user nobody", "unknown_user", "'nobody'"),
    ];
    all_refused(&home, &cases);
}
