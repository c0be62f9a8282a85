//! Seed 002, the password grant: RFC 6749 §4.3.

use std::collections::BTreeSet;

use countersign_tests::{Home, Input, TestClient, TestUser, jwt};

use crate::judge;
use crate::scene::{Scene, assert_error};

const SCOPE: &str = "contacts.read contacts.write";

#[test]
fn seed_002_the_sample_requests_get_the_sample_response() {
    let Scene {
        home,
        server,
        client,
        user,
    } = Scene::with(&["--scope", SCOPE], &[]);
    let jwks = server.get("/oauth2/jwks").json();
    let sub = home.json(&["user", "show", &user.name])["sub"].clone();
    let post = || server.post("/oauth2/token");
    let sent = [&user.form()[..], &[("scope", SCOPE)]].concat();
    let in_body = [
        ("client_id", &*client.id),
        ("client_secret", &client.secret),
    ];
    let in_body = [&in_body[..], &sent].concat();
    for (what, call) in [
        ("Query String", post().form(&in_body)),
        ("Basic Auth", post().basic(&client).form(&sent)),
    ] {
        let answer = call.send();
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        assert_eq!(
            answer.header("content-type"),
            "application/json; charset=UTF-8"
        );
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("pragma"), "no-cache");
        let body = answer.json();
        let names: BTreeSet<&str> = body
            .as_object()
            .unwrap()
            .keys()
            .map(|name| &**name)
            .collect();
        let expected = [
            "token_type",
            "expires_in",
            "access_token",
            "refresh_token",
            "scope",
        ];
        assert_eq!(names, expected.into(), "{what}");
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["expires_in"].as_u64(), Some(600));
        assert_eq!(body["scope"], SCOPE);

        let tokens = answer.tokens();
        assert!(tokens.refresh.starts_with("cs_rt_"), "{}", tokens.refresh);
        let claims = judge::verify(&tokens.access, &jwks, &server.issuer).unwrap();
        assert_eq!((&claims["sub"], &claims["scope"]), (&sub, &SCOPE.into()));
        assert_eq!(claims["client_id"], *client.id);
        let at = |name: &str| claims[name].as_i64().unwrap();
        assert_eq!((at("exp") - at("iat"), at("nbf")), (600, at("iat")));
        // RULES A1: it stands on a grant.
        assert_eq!(
            home.generations().get(&jwt::grant(&tokens.access)),
            Some(&0)
        );
        assert!(server.is_active(&client, &tokens.access));
        assert_eq!(server.refresh(&client, &tokens.refresh).status, 200);
    }
}

/// Seed 002 §3.2: "Allow: scope (optional)"; and what is not asked for is not there.
#[test]
fn seed_002_scope_is_optional_and_the_refresh_token_is_for_clients_that_may_refresh() {
    let scene = Scene::with(&["--scope", SCOPE], &[]);
    let Scene {
        home, server, user, ..
    } = &scene;
    let whole = scene.sign_in_as(user);
    assert_eq!(whole.json()["scope"], SCOPE);
    let part = server.sign_in(&scene.client, user, &[("scope", "contacts.read")]);
    assert_eq!(part.json()["scope"], "contacts.read");
    let claims = jwt::claims(&part.access_token());
    assert_eq!(claims["scope"], "contacts.read");
    // What the documentation of the seed shows, taken by its letters: quotes belong to the value.
    let quoted = format!("\"{SCOPE}\"");
    for scope in [&*quoted, "contacts.read admin", "admin"] {
        let answer = server.sign_in(&scene.client, user, &[("scope", scope)]);
        assert_error(&answer, 400, "invalid_scope", scope);
    }
    let once = home.add_client("once", &["--grant-type", "password"]);
    let answer = server.sign_in(&once, user, &[]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json().get("refresh_token"), None);
    assert!(server.is_active(&once, &answer.access_token()));
}

#[test]
fn seed_002_what_is_missing_is_told() {
    let scene = Scene::with(&["--scope", SCOPE], &[]);
    let (client, user) = (&scene.client, &scene.user);
    let whole = user.form();
    for absent in ["username", "password"] {
        let rest: Vec<_> = whole
            .into_iter()
            .filter(|(name, _)| *name != absent)
            .collect();
        let answer = scene
            .server
            .post("/oauth2/token")
            .basic(client)
            .form(&rest)
            .send();
        assert_error(&answer, 400, "invalid_request", absent);
        assert!(answer.text().contains(absent), "{}", answer.text());
        let empty = [&rest[..], &[(absent, "")]].concat();
        let answer = scene
            .server
            .post("/oauth2/token")
            .basic(client)
            .form(&empty)
            .send();
        assert_error(&answer, 400, "invalid_request", absent);
        // RFC 6749 §3.2: "Request and response parameters MUST NOT be included more than once".
        let twice = [&whole[..], &[(absent, "x")]].concat();
        let answer = scene
            .server
            .post("/oauth2/token")
            .basic(client)
            .form(&twice)
            .send();
        assert_error(&answer, 400, "invalid_request", absent);
    }
    for (what, call) in [
        ("no client", scene.server.post("/oauth2/token")),
        (
            "an unknown client",
            scene
                .server
                .post("/oauth2/token")
                .basic(&TestClient::new("x", "x")),
        ),
        (
            "a wrong secret",
            scene
                .server
                .post("/oauth2/token")
                .basic(&client.with_secret("x")),
        ),
    ] {
        assert_error(&call.form(&whole).send(), 401, "invalid_client", what);
    }
    // RFC 6749 §2.3.1: nothing of it in the URL.
    let query = format!("username={}&password=x", user.name);
    let call = scene.server.post(&format!("/oauth2/token?{query}"));
    let answer = call.basic(client).form(&[whole[0]]).send();
    assert_error(&answer, 400, "invalid_request", "in the URL");
}

/// RFC 6749 §5.2, and nobody learns there whether a password is right.
#[test]
fn seed_002_a_client_without_the_grant_type_is_told_so_whatever_it_sends() {
    let scene = Scene::with(&["--scope", SCOPE], &[]);
    let may_not = [
        scene.home.add_client("machine", &[]),
        scene.home.add_client(
            "refreshing",
            &[
                "--grant-type",
                "refresh_token",
                "--grant-type",
                "client_credentials",
            ],
        ),
    ];
    for client in &may_not {
        let wrong = scene.user.with_password("wrong");
        let nobody = TestUser::new("nobody", "x");
        let answers =
            [&scene.user, &wrong, &nobody].map(|user| scene.server.sign_in(client, user, &[]));
        for answer in &answers {
            assert_error(answer, 400, "unauthorized_client", &client.id);
            assert_eq!(answer.text(), answers[0].text());
        }
    }
}

/// What people choose as passwords and names comes through whole, in every spelling of a form.
#[test]
fn passwords_and_names_of_any_characters_sign_in() {
    let home = Home::with_keys();
    let client = home.add_password_client("app", &[]);
    let server = home.serve();
    for (number, password) in [
        "p\u{e4}ss w\u{f6}rd",
        " surrounded by spaces ",
        "100%41+&=;\"'\\",
        "\u{1f512}\u{1f511} emoji",
        "tab\there",
    ]
    .into_iter()
    .enumerate()
    {
        let user = TestUser::new(&format!("Zo\u{eb} O'Neil+{number}@example.com"), password);
        let arguments = ["--json", "user", "add", &user.name, "--password-stdin"];
        let stdin = Some(password.as_bytes());
        let input = Input {
            stdin,
            ..Input::default()
        };
        let _ = home.run_with(&arguments, input).json();
        assert_eq!(
            server.sign_in(&client, &user, &[]).status,
            200,
            "{password}"
        );
        let shouted = TestUser::new(&user.name.to_uppercase(), password);
        assert_eq!(
            server.sign_in(&client, &shouted, &[]).status,
            200,
            "{password}"
        );
    }
    // The same characters, composed otherwise: what another keyboard sends.
    let other = TestUser::new("Zoe\u{308} O'Neil+0@example.com", "pa\u{308}ss wo\u{308}rd");
    assert_eq!(server.sign_in(&client, &other, &[]).status, 200);
}
