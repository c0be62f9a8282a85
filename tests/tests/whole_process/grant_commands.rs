//! `countersign grant` and `countersign revoke`.

use countersign_tests::{Home, SECOND, Server, TestClient, TestUser, Tokens, eventually, jwt};
use serde_json::{Value, json};

use crate::client_update::date;

/// Two clients that sign users in, two users, and a server.
struct Scene {
    home: Home,
    server: Server,
    clients: [TestClient; 2],
    users: [TestUser; 2],
}

fn start() -> Scene {
    let home = Home::with_keys();
    let clients = ["web", "tv"].map(|id| {
        let arguments = ["--scope", "read write", "--introspect", "any"];
        home.add_password_client(id, &arguments)
    });
    let users = ["alice", "bob"].map(|name| home.add_user(name));
    let server = home.serve();
    Scene {
        home,
        server,
        clients,
        users,
    }
}

impl Scene {
    /// A client of which all tokens have ended gets new ones within a second.
    fn sign_in(&self, client: usize, user: usize) -> Tokens {
        let (client, user) = (&self.clients[client], &self.users[user]);
        let signed_in = || {
            let answer = self.server.sign_in(client, user, &[]);
            (answer.status != 503).then(|| answer.tokens())
        };
        eventually(SECOND, signed_in).expect("tokens")
    }

    /// Whether introspection says so, and a refresh agrees. The grant lives on if it lives.
    fn is_live(&self, client: usize, tokens: &mut Tokens) -> bool {
        let client = &self.clients[client];
        let active = self.server.is_active(client, &tokens.access);
        let answer = self.server.refresh(client, &tokens.refresh);
        if active {
            *tokens = answer.tokens();
        } else {
            assert_eq!(answer.refusal(), (400, "invalid_grant".into()));
        }
        active
    }

    fn grants(&self, arguments: &[&str]) -> Vec<Value> {
        let list = self.home.json(&[&["grant", "list"], arguments].concat());
        list.as_array().expect("an array").clone()
    }
}

#[test]
fn grant_list_tells_who_granted_what_and_nothing_secret() {
    let scene = start();
    assert_eq!(scene.home.json(&["grant", "list"]), json!([]));
    let _ = scene.home.run(&["grant", "list"]).succeeded();
    let tokens = scene.sign_in(0, 0);
    let claims = jwt::claims(&tokens.access);
    let [grant] = &scene.grants(&[])[..] else {
        unreachable!("one sign-in");
    };
    let [created_at, used_at] = ["created_at", "last_used_at"].map(|name| {
        let at = grant[name].as_i64().unwrap();
        // The second may end in between.
        assert!(claims["iat"].as_i64().unwrap().abs_diff(at) <= 1, "{grant}");
        at
    });
    let expected = json!({
        "grant_id": grant["grant_id"],
        "sub": claims["sub"],
        "username": "alice",
        "client_id": "web",
        "scope": "read write",
        "resources": [],
        "created_at": created_at,
        "expires_at": used_at + 30 * 86_400,
        "last_used_at": used_at,
        "generation": 0,
        "live": true,
    });
    assert_eq!(*grant, expected);
    let _ = scene
        .server
        .refresh(&scene.clients[0], &tokens.refresh)
        .tokens();
    let refreshed = &scene.grants(&[])[0];
    assert_eq!(refreshed["generation"], 1);
    let text = scene.home.run(&["grant", "list"]);
    for told in [
        grant["grant_id"].as_str().unwrap(),
        &date(refreshed["expires_at"].as_i64().unwrap()),
        "alice",
        "web",
        "read write",
        "live",
    ] {
        assert!(text.succeeded().contains(told), "{}", text.stdout);
    }
}

#[test]
fn grant_list_can_be_narrowed_and_shows_what_has_ended() {
    let scene = start();
    for (client, user) in [(0, 0), (0, 1), (1, 0)] {
        let _ = scene.sign_in(client, user);
    }
    let parties = |arguments: &[&str]| -> Vec<Value> {
        let party = |grant: Value| json!([grant["client_id"], grant["username"]]);
        let mut parties: Vec<_> = scene.grants(arguments).into_iter().map(party).collect();
        // All are of one second, within which there is no order.
        parties.sort_by_key(ToString::to_string);
        parties
    };
    let [a, b, c] = [["tv", "alice"], ["web", "alice"], ["web", "bob"]].map(|it| json!(it));
    for (arguments, expected) in [
        (&[][..], vec![&a, &b, &c]),
        (&["--user", "ALICE"], vec![&a, &b]),
        (&["--client", "web"], vec![&b, &c]),
        (&["--client", "tv", "--user", "alice"], vec![&a]),
        (&["--client", "tv", "--user", "bob"], vec![]),
    ] {
        let found = parties(arguments);
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{arguments:?}");
    }
    for (arguments, word) in [
        (["--user", "nobody"], "unknown_user"),
        (["--client", "nobody"], "unknown_client"),
    ] {
        let arguments = [&["--json", "grant", "list"], &arguments[..]].concat();
        assert_eq!(scene.home.run(&arguments).refusal(1).0, word);
    }

    let _ = scene.home.json(&["user", "disable", "bob"]);
    let _ = scene.home.json(&["client", "remove", "tv"]);
    for grant in scene.grants(&[]) {
        let live = grant["client_id"] == "web" && grant["username"] == "alice";
        assert_eq!(grant["live"], live, "{grant}");
    }
    let _ = scene.home.json(&["user", "remove", "alice"]);
    let left = scene.grants(&[]);
    for grant in &left {
        assert_eq!(grant["live"], false, "{grant}");
        assert!(grant["sub"].is_string(), "{grant}");
        assert_ne!(grant["username"], "alice");
        assert_ne!(grant["client_id"], "tv");
    }
    let text = scene.home.run(&["grant", "list"]);
    for grant in left.iter().filter(|grant| grant.get("username").is_none()) {
        assert!(text.succeeded().contains(grant["sub"].as_str().unwrap()));
    }
}

/// RULES D1: a classic token of a client for itself stands on a grant, which is nobody else's.
#[test]
fn a_grant_without_a_user_is_told_as_the_clients_own() {
    let home = Home::with_keys();
    let arguments = ["--token-profile", "classic", "--scope", "read"];
    let client = home.add_client("c", &arguments);
    let other = home.add_client("d", &arguments);
    let server = home.serve();
    let token = server.issue(&client, &[]);
    let _ = server.issue(&other, &[]);
    let list = home.json(&["grant", "list", "--client", "c"]);
    let [grant] = &list.as_array().unwrap()[..] else {
        unreachable!("one client, one scope: {list}");
    };
    assert_eq!(
        (&grant["scope"], &grant["live"]),
        (&json!("read"), &json!(true))
    );
    for absent in ["sub", "username"] {
        assert_eq!(grant.get(absent), None, "{grant}");
    }
    let _ = home.add_user("alice");
    assert_eq!(home.json(&["grant", "list", "--user", "alice"]), json!([]));
    let text = home.run(&["grant", "list", "--client", "c"]);
    let row: Vec<&str> = text
        .succeeded()
        .lines()
        .nth(1)
        .unwrap()
        .split_whitespace()
        .collect();
    let id = grant["grant_id"].as_str().unwrap();
    assert_eq!(
        (row[0], row[1], row[2], row[row.len() - 1]),
        (id, "-", "c", "live")
    );

    let _ = home.json(&["grant", "revoke", id]);
    assert!(!server.is_active(&client, &token));
    let live = |client: &str| {
        let list = home.json(&["grant", "list", "--client", client]);
        list.as_array()
            .unwrap()
            .iter()
            .filter(|it| it["live"] == true)
            .count()
    };
    assert_eq!((live("c"), live("d")), (0, 1));
    let _ = home.json(&["revoke", "--client", "d"]);
    assert_eq!(live("d"), 0);
}

#[test]
fn rule_o2_revoke_ends_what_is_named_and_nothing_else() {
    let scene = start();
    let grant_of = |client: &str, user: &str| {
        let grants = scene.grants(&["--client", client, "--user", user]);
        let live = grants.into_iter().find(|grant| grant["live"] == true);
        live.unwrap()["grant_id"].as_str().unwrap().to_owned()
    };
    // Which of web-alice, web-bob and tv-alice live on.
    let cases = [
        ("grant revoke", [false, true, true]),
        ("revoke --grant", [false, true, true]),
        ("revoke --user", [false, true, false]),
        ("revoke --client", [false, false, true]),
        ("revoke --all --yes", [false; 3]),
    ];
    for (command, expected) in cases {
        let mut web_alice = scene.sign_in(0, 0);
        let mut web_bob = scene.sign_in(0, 1);
        let mut tv_alice = scene.sign_in(1, 0);
        let own = scene.server.issue(&scene.clients[0], &[]);
        let grant = grant_of("web", "alice");
        let (last, told) = match command {
            "grant revoke" | "revoke --grant" => {
                (Some(&*grant), json!({ "grant_id": grant, "revoked": true }))
            }
            "revoke --user" => {
                let sub = jwt::claims(&web_alice.access)["sub"].clone();
                let told = json!({ "username": "alice", "sub": sub, "revoked": true });
                (Some("Alice"), told)
            }
            "revoke --client" => (Some("web"), json!({ "client_id": "web", "revoked": true })),
            // With the demo client and the demo application of a development set-up.
            _ => (None, json!({ "all": true, "clients": 4, "revoked": true })),
        };
        let arguments: Vec<&str> = command.split(' ').chain(last).collect();
        assert_eq!(scene.home.json(&arguments), told, "{command}");
        let live = [
            scene.is_live(0, &mut web_alice),
            scene.is_live(0, &mut web_bob),
            scene.is_live(1, &mut tv_alice),
        ];
        assert_eq!(live, expected, "{command}");
        let own_lives = !matches!(command, "revoke --client" | "revoke --all --yes");
        assert_eq!(
            scene.server.is_active(&scene.clients[0], &own),
            own_lives,
            "{command}"
        );
    }
    // Nobody is kept from new tokens.
    let mut tokens = scene.sign_in(0, 0);
    assert!(scene.is_live(0, &mut tokens));
}

#[test]
fn revoke_wants_exactly_one_thing_and_a_yes_for_all() {
    let home = Home::with_keys();
    let client = home.add_client("c", &[]);
    let server = home.serve();
    let token = server.issue(&client, &[]);
    let id = "0197a3c2-5d6e-7f80-9a1b-2c3d4e5f6071";
    let cases: [(i32, &str, &[&str], &str); 9] = [
        (2, "usage", &["revoke"], "--user"),
        (2, "usage", &["revoke", "--all"], "--yes"),
        (
            2,
            "usage",
            &["revoke", "--all", "--yes", "--client", "c"],
            "--client",
        ),
        (
            2,
            "usage",
            &["revoke", "--user", "u", "--client", "c"],
            "--client",
        ),
        (2, "usage", &["revoke", "--grant", "x"], "36 characters"),
        (1, "unknown_user", &["revoke", "--user", "u"], "'u'"),
        (1, "unknown_client", &["revoke", "--client", "d"], "'d'"),
        (1, "unknown_grant", &["revoke", "--grant", id], id),
        (1, "unknown_grant", &["grant", "revoke", id], id),
    ];
    for (code, word, arguments, expected) in cases {
        let (error, message) = home.run(&[&["--json"], arguments].concat()).refusal(code);
        assert_eq!(error, word, "{arguments:?}: {message}");
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
    assert!(server.is_active(&client, &token));
    let text = home.run(&["revoke", "--all", "--yes"]);
    assert!(text.succeeded().contains("has ended"), "{}", text.stdout);
}
