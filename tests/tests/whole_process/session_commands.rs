//! `countersign session` and `countersign consent`, and what is configured about sessions.

use std::time::Duration;

use countersign_tests::{Browser, Input, Kind, PATIENCE, Request, SECOND, Tokens, eventually, jwt};
use serde_json::{Value, json};

use crate::client_update::date;
use crate::web::{Web, page_of};

impl Web {
    fn sessions(&self, arguments: &[&str]) -> Vec<Value> {
        let list = self.home.json(&[&["session", "list"], arguments].concat());
        list.as_array().expect("an array").clone()
    }

    /// An access token of a grant that ends with the session of the browser.
    fn bound_token(&self, browser: &mut Browser<'_>) -> String {
        let code = browser.go(&Request::of("web"), &self.user).code();
        self.server.redeem(&self.client, &code).access_token()
    }

    /// Tokens of a grant that does not.
    fn offline_tokens(&self, browser: &mut Browser<'_>) -> Tokens {
        let code = browser.go(&self.offline(), &self.user).code();
        self.server.redeem(&self.client, &code).tokens()
    }
}

fn id_of(session: &Value) -> String {
    session["session_id"].as_str().expect("an id").to_owned()
}

#[test]
fn session_list_tells_who_is_signed_in_and_nothing_secret() {
    let web = Web::new();
    assert_eq!(web.home.json(&["session", "list"]), json!([]));
    let nobody = web.home.run(&["session", "list"]);
    assert!(nobody.succeeded().contains("Nobody is signed in"));
    let mut browser = web.signed_in();
    let code = browser.go(&Request::of("web"), &web.user).code();
    let claims = jwt::claims(&web.server.redeem(&web.client, &code).id_token());
    let [session] = &web.sessions(&[])[..] else {
        unreachable!("one sign-in");
    };
    let at = session["created_at"].as_i64().unwrap();
    assert_eq!(session["session_id"], claims["sid"]);
    assert_eq!(session["auth_time"], claims["auth_time"]);
    let expected = json!({
        "session_id": session["session_id"],
        "sub": claims["sub"],
        "username": "alice",
        "amr": ["pwd"],
        "created_at": at,
        "auth_time": at,
        "last_used_at": at,
        "expires_at": at + 14 * 86_400,
        "live": true,
    });
    assert_eq!(*session, expected);
    let text = web.home.run(&["session", "list"]);
    for told in [
        &*id_of(session),
        "alice",
        &date(at),
        &date(at + 14 * 86_400),
        "live",
    ] {
        assert!(text.succeeded().contains(told), "{told}: {}", text.stdout);
    }
    let secret = browser.cookies.session().unwrap();
    assert!(!text.stdout.contains(secret) && !session.to_string().contains(secret));

    // A grant tells with which session it ends.
    for grant in web.home.json(&["grant", "list"]).as_array().unwrap() {
        assert_eq!(grant["session_id"], session["session_id"], "{grant}");
    }
}

#[test]
fn session_list_can_be_narrowed_and_shows_what_is_over() {
    let web = Web::new();
    let bob = web.home.add_user("bob");
    let _ = web.signed_in();
    let _ = web.server.browser().go(&Request::of("web"), &bob).code();
    let names = |arguments: &[&str]| -> Vec<Value> {
        let mut names: Vec<_> = web
            .sessions(arguments)
            .iter()
            .map(|it| it["username"].clone())
            .collect();
        names.sort_by_key(ToString::to_string);
        names
    };
    assert_eq!(names(&[]), ["alice", "bob"]);
    assert_eq!(names(&["--user", "BOB"]), ["bob"]);
    let unknown = ["--json", "session", "list", "--user", "nobody"];
    assert_eq!(web.home.run(&unknown).refusal(1).0, "unknown_user");

    let _ = web.home.json(&["user", "disable", "bob"]);
    for session in web.sessions(&[]) {
        assert_eq!(session["live"], session["username"] == "alice", "{session}");
    }
    // With another configuration alice has lain idle for too long.
    let variables = &[("COUNTERSIGN_LIFETIMES__SESSION_IDLE", "1")];
    let is_over = || {
        let input = Input {
            variables,
            ..Input::default()
        };
        let arguments = ["session", "list", "--user", "alice"];
        let text = web.home.run_with(&arguments, input);
        text.succeeded().contains("over").then_some(())
    };
    assert!(eventually(2 * SECOND, is_over).is_some());
}

#[test]
fn session_revoke_signs_out_one_browser_or_all_and_leaves_offline_access() {
    let web = Web::new();
    let bob = web.home.add_user("bob");
    let mut of_bob = web.server.browser();
    let _ = of_bob.go(&Request::of("web"), &bob).code();
    let mut first = web.signed_in();
    let bound = web.bound_token(&mut first);
    let offline = web.offline_tokens(&mut first);
    let ids =
        |user: &str| -> Vec<String> { web.sessions(&["--user", user]).iter().map(id_of).collect() };
    let id = ids("alice").remove(0);
    let second = web.signed_in();

    let told = web.home.json(&["session", "revoke", &id]);
    assert_eq!(told, json!({ "session_id": id, "revoked": true }));
    assert!(!web.is_signed_in(&first));
    assert!(web.is_signed_in(&second) && web.is_signed_in(&of_bob));
    assert_eq!(web.server.userinfo(&bound).status, 401);
    assert_eq!(web.server.userinfo(&offline.access).status, 200);
    let refreshed = web.server.refresh(&web.client, &offline.refresh);
    assert_eq!(refreshed.status, 200, "{}", refreshed.text());
    let live = web.home.json(&["grant", "list", "--user", "alice"]);
    for grant in live.as_array().unwrap() {
        let of_ended = grant["session_id"] == id.as_str();
        assert_eq!(grant["live"], !of_ended, "{grant}");
    }
    let gone = web.home.run(&["--json", "session", "revoke", &id]);
    assert_eq!(gone.refusal(1).0, "unknown_session");

    let _ = web.signed_in();
    let sub = web.home.json(&["user", "show", "alice"])["sub"].clone();
    for sessions in [2, 0] {
        let told = web.home.json(&["session", "revoke", "--user", "ALICE"]);
        let expected =
            json!({ "sub": sub, "username": "alice", "sessions": sessions, "revoked": true });
        assert_eq!(told, expected);
    }
    assert!(!web.is_signed_in(&second) && web.is_signed_in(&of_bob));
    assert_eq!((ids("alice").len(), ids("bob").len()), (0, 1));
    // Nobody is kept from signing in again.
    assert!(web.is_signed_in(&web.signed_in()));
}

#[test]
fn session_and_consent_commands_want_to_know_whose() {
    let web = Web::new();
    let id = "0197a3c2-5d6e-7f80-9a1b-2c3d4e5f6071";
    let cases: [(i32, &str, &[&str], &str); 9] = [
        (2, "usage", &["session", "revoke"], "--user"),
        (2, "usage", &["session", "revoke", "x"], "36 characters"),
        (
            2,
            "usage",
            &["session", "revoke", id, "--user", "alice"],
            "--user",
        ),
        (
            1,
            "unknown_session",
            &["session", "revoke", id],
            "session list",
        ),
        (
            1,
            "unknown_user",
            &["session", "revoke", "--user", "bob"],
            "'bob'",
        ),
        (2, "usage", &["consent", "list"], "--user"),
        (
            2,
            "usage",
            &["consent", "revoke", "--user", "alice"],
            "--client",
        ),
        (
            1,
            "unknown_client",
            &["consent", "revoke", "--user", "alice", "--client", "x"],
            "'x'",
        ),
        (
            1,
            "unknown_consent",
            &["consent", "revoke", "--user", "alice", "--client", "web"],
            "consent list --user alice",
        ),
    ];
    for (code, word, arguments, expected) in cases {
        let arguments = [&["--json"], arguments].concat();
        let (error, message) = web.home.run(&arguments).refusal(code);
        assert_eq!(error, word, "{arguments:?}: {message}");
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
}

#[test]
fn consent_revoke_has_the_user_asked_again_and_ends_no_grant() {
    let web = Web::new();
    let other = web.home.add_web_client("other", &[]);
    let list = || web.home.json(&["consent", "list", "--user", "alice"]);
    assert_eq!(list(), json!([]));
    let empty = web.home.run(&["consent", "list", "--user", "alice"]);
    assert!(empty.succeeded().contains("agreed to nothing"));
    let mut browser = web.signed_in();
    let tokens = web.offline_tokens(&mut browser);
    let _ = browser.go(&Request::of(&other.id), &web.user).code();
    let listed = list();
    let [of_other, of_web] = &listed.as_array().unwrap()[..] else {
        unreachable!("two clients: {listed}");
    };
    let given_at = of_web["given_at"].as_i64().unwrap();
    let expected = json!({
        "client_id": "web",
        "scope": "offline_access openid read",
        "given_at": given_at,
    });
    let mut scope: Vec<&str> = of_web["scope"].as_str().unwrap().split(' ').collect();
    scope.sort_unstable();
    assert_eq!(scope.join(" "), expected["scope"]);
    assert_eq!(of_web.as_object().unwrap().len(), 3, "{of_web}");
    assert_eq!(of_other["client_id"], "other");
    let text = web.home.run(&["consent", "list", "--user", "alice"]);
    for told in ["web", "other", &date(given_at)] {
        assert!(text.succeeded().contains(told), "{}", text.stdout);
    }

    let revoke = ["consent", "revoke", "--user", "Alice", "--client", "web"];
    let told = web.home.json(&revoke);
    let sub = web.home.json(&["user", "show", "alice"])["sub"].clone();
    let expected =
        json!({ "sub": sub, "username": "alice", "client_id": "web", "forgotten": true });
    assert_eq!(told, expected);
    assert_eq!(list(), json!([of_other]));
    page_of(
        &browser.authorize(&Request::of("web")),
        Kind::Consent,
        "asked again",
    );
    let _ = browser.authorize(&Request::of("other")).response().code();
    let refreshed = web.server.refresh(&web.client, &tokens.refresh);
    assert_eq!(refreshed.status, 200, "{}", refreshed.text());

    let _ = web.signed_in();
    let text = web.home.run(&revoke);
    for told in ["grant list --user alice --client web", "grant revoke"] {
        assert!(text.succeeded().contains(told), "{}", text.stdout);
    }
    let _ = web.home.json(&["client", "remove", "other"]);
    assert_eq!(list(), json!([]), "a consent goes with its client");
}

#[test]
fn sessions_and_what_comes_of_them_live_as_long_as_configured() {
    let variables = [
        ("COUNTERSIGN_LIFETIMES__SESSION", "7200"),
        ("COUNTERSIGN_LIFETIMES__SESSION_IDLE", "3600"),
        ("COUNTERSIGN_LIFETIMES__ID_TOKEN", "120"),
        ("COUNTERSIGN_LIFETIMES__AUTHORIZATION_CODE", "1"),
        ("COUNTERSIGN_SESSIONS__MAX_PER_USER", "2"),
    ];
    let web = Web::with(&[], &variables);
    let mut first = web.signed_in();
    let session = &web.sessions(&[])[0];
    let lifetime =
        session["expires_at"].as_i64().unwrap() - session["created_at"].as_i64().unwrap();
    assert_eq!(lifetime, 7_200);

    // A code of one second may be over at once.
    let mut redeem = |after: Duration| {
        let code = first.authorize(&Request::of("web")).response().code();
        std::thread::sleep(after);
        web.server.redeem(&web.client, &code)
    };
    let in_time = || {
        let answer = redeem(Duration::ZERO);
        (answer.status == 200).then(|| answer.id_token())
    };
    let claims = jwt::claims(&eventually(PATIENCE, in_time).expect("an ID token"));
    let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(lifetime, 120);
    let too_late = redeem(Duration::from_millis(1_100));
    assert_eq!(too_late.refusal(), (400, "invalid_grant".to_owned()));

    let second = web.signed_in();
    assert!(web.is_signed_in(&first) && web.is_signed_in(&second));
    let third = web.signed_in();
    assert!(!web.is_signed_in(&first), "the oldest one ended");
    assert!(web.is_signed_in(&second) && web.is_signed_in(&third));
}
