//! The ways in which others were broken, as far as they concern users, grants and refresh tokens: one test per class,
//! with its number and the ids of those to whom it happened.

use countersign_tests::{Answer, Home, PATIENCE, SECOND, TestUser, eventually, jwt};

use crate::scene::{SCOPE, Scene, invalid_grant};

#[test]
fn ghsa_xqxv_4jc2_x56x_attack_20_a_refresh_token_is_good_for_its_client_only() {
    let scene = Scene::new();
    // Whoever may see every token may still not use it.
    let thief = scene
        .home
        .add_password_client("thief", &["--scope", SCOPE, "--introspect", "any"]);
    let tokens = scene.sign_in();
    let server = &scene.server;
    assert_eq!(
        server.refresh(&thief, &tokens.refresh).refusal(),
        invalid_grant()
    );
    assert_eq!(
        server.revoke(&thief, &tokens.refresh).refusal(),
        invalid_grant()
    );
    assert_eq!(
        server.revoke(&thief, &tokens.access).refusal(),
        invalid_grant()
    );
    // RULES R3: a wrong client revokes nothing.
    assert!(scene.is_active(&tokens.refresh) && scene.is_active(&tokens.access));
    let next = server.refresh(&scene.client, &tokens.refresh).tokens();
    assert_eq!(
        server.refresh(&thief, &next.refresh).refusal(),
        invalid_grant()
    );
    assert_eq!(
        server.refresh(&thief, &tokens.refresh).refusal(),
        invalid_grant(),
        "a used one"
    );
    assert_eq!(server.refresh(&scene.client, &next.refresh).status, 200);
}

#[test]
fn cve_2024_52287_attack_24_no_grant_gives_more_than_the_client_may_have() {
    let scene = Scene::new();
    let (server, client) = (&scene.server, &scene.client);
    let part = [("scope", "read")];
    let narrow = server.sign_in(client, &scene.user, &part).tokens();
    for scope in ["read write", "write", "admin", "read admin"] {
        let more = [("scope", scope)];
        if scope.contains("admin") {
            let refused = server.sign_in(client, &scene.user, &more).refusal();
            assert_eq!(refused, (400, "invalid_scope".into()), "{scope}");
        }
        // RFC 6749 §6: "MUST NOT include any scope not originally granted by the resource owner".
        let refused = server
            .refreshing(client, &narrow.refresh, &more)
            .send()
            .refusal();
        assert_eq!(refused, (400, "invalid_scope".into()), "{scope}");
    }
    let answer = server.refresh(client, &narrow.refresh).json();
    assert_eq!(answer["scope"], "read");
}

#[test]
fn cve_2026_9798_cve_2025_64521_attack_25_26_a_disabled_user_gets_nothing_on_any_path() {
    let scene = Scene::new();
    let name = &*scene.user.name;
    for (what, end, mend) in [
        (
            "disabled",
            &["user", "disable", name][..],
            Some(&["user", "enable", name][..]),
        ),
        ("signed out", &["revoke", "--user", name], None),
        ("removed", &["user", "remove", name], None),
    ] {
        let (fresh, used) = (scene.sign_in(), scene.sign_in());
        let next = scene.server.refresh(&scene.client, &used.refresh).tokens();
        let _ = scene.home.json(end);
        let mut all = [&fresh, &used, &next];
        for tokens in all {
            scene.assert_ended(&[tokens], what);
            // RFC 7009 §2.2: there is nothing left to revoke, which is no error.
            assert_eq!(
                scene.server.revoke(&scene.client, &tokens.refresh).status,
                200,
                "{what}"
            );
        }
        let again = scene.server.sign_in(&scene.client, &scene.user, &[]);
        if what == "signed out" {
            assert_eq!(again.status, 200, "{}", again.text());
        } else {
            assert_eq!(again.refusal(), invalid_grant(), "{what}");
        }
        if let Some(mend) = mend {
            let _ = scene.home.json(mend);
            // Whoever may come back does not bring the old tokens along.
            all.reverse();
            for tokens in all {
                scene.assert_ended(&[tokens], what);
            }
        }
    }
    // The client is not the user.
    assert_eq!(scene.server.token(&scene.client, &[]).status, 200);
}

#[test]
fn cve_2025_64521_attack_26_a_removed_client_gets_nothing_from_the_grants_of_its_users() {
    let scene = Scene::new();
    let watcher = scene.home.add_client("watcher", &["--introspect", "any"]);
    let tokens = scene.sign_in();
    assert!(scene.server.is_active(&watcher, &tokens.access));
    let _ = scene.home.json(&["client", "remove", &scene.client.id]);
    assert!(!scene.server.is_active(&watcher, &tokens.access), "at once");
    let end = |call: &dyn Fn() -> Answer| {
        eventually(SECOND, || {
            let answer = call();
            assert_ne!(answer.status, 200, "{}", answer.text());
            (answer.status == 401).then_some(())
        })
    };
    let refreshed = end(&|| scene.server.refresh(&scene.client, &tokens.refresh));
    let signed_in = end(&|| scene.server.sign_in(&scene.client, &scene.user, &[]));
    assert_eq!((refreshed, signed_in), (Some(()), Some(())));
}

#[test]
fn cve_2026_8922_attack_31_after_revoking_everything_nothing_is_active() {
    let scene = Scene::new();
    let opaque = scene
        .home
        .add_password_client("opaque", &["--access-token-format", "opaque"]);
    let first = scene.sign_in();
    let next = scene.server.refresh(&scene.client, &first.refresh).tokens();
    let other = scene.server.sign_in(&opaque, &scene.user, &[]).tokens();
    let machine = scene.server.issue(&opaque, &[]);
    assert!(scene.is_active(&next.access) && scene.server.is_active(&opaque, &other.access));
    let _ = scene.home.json(&["revoke", "--all", "--yes"]);
    for tokens in [&first, &next] {
        scene.assert_ended(&[tokens], "everything");
    }
    for token in [&other.access, &other.refresh, &machine] {
        assert!(!scene.server.is_active(&opaque, token));
    }
    assert_eq!(
        scene.server.refresh(&opaque, &other.refresh).refusal(),
        invalid_grant()
    );
    // The same second, and yet another epoch: what is issued from now on is good.
    let again = eventually(SECOND, || {
        let answer = scene.server.sign_in(&scene.client, &scene.user, &[]);
        (answer.status == 200).then(|| answer.tokens())
    });
    let again = again.expect("nobody is kept from signing in");
    assert!(scene.is_active(&again.access) && scene.is_active(&again.refresh));
    scene.assert_ended(&[&next], "and the old ones stay dead");
}

#[test]
fn rule_o2_revoking_one_client_or_grant_ends_what_is_of_it_and_nothing_else() {
    let scene = Scene::new();
    let other = scene.home.add_password_client("other", &[]);
    let (first, second) = (scene.sign_in(), scene.sign_in());
    let elsewhere = scene.server.sign_in(&other, &scene.user, &[]).tokens();
    let _ = scene
        .home
        .json(&["revoke", "--grant", &jwt::grant(&first.access)]);
    scene.assert_ended(&[&first], "its grant");
    assert!(scene.is_active(&second.access) && scene.is_active(&second.refresh));
    let _ = scene.home.json(&["revoke", "--client", &scene.client.id]);
    // A server may take a second to hear of it (RULES N1), and does not need it where it asks.
    assert!(!scene.is_active(&second.access) && !scene.is_active(&second.refresh));
    scene.assert_refused(&second.refresh, "of its client");
    assert!(scene.server.is_active(&other, &elsewhere.access));
    assert_eq!(scene.server.refresh(&other, &elsewhere.refresh).status, 200);
}

#[test]
fn rfc7009_2_1_attack_30_revoking_a_refresh_token_ends_its_grant_and_an_access_token_itself() {
    let scene = Scene::new();
    let first = scene.sign_in();
    let second = scene.server.refresh(&scene.client, &first.refresh).tokens();
    assert_eq!(
        scene.server.revoke(&scene.client, &first.access).status,
        200
    );
    assert!(!scene.is_active(&first.access));
    assert!(scene.is_active(&second.access) && scene.is_active(&second.refresh));
    // RULES R3: "its owner revoking one ends the grant", an old one as well.
    assert_eq!(
        scene.server.revoke(&scene.client, &first.refresh).status,
        200
    );
    scene.assert_ended(&[&second], "the whole grant");
    let hinted = [
        ("token", &*scene.sign_in().refresh),
        ("token_type_hint", "access_token"),
    ];
    let post = scene.server.post("/oauth2/revoke").basic(&scene.client);
    assert_eq!(post.form(&hinted).send().status, 200);
    assert!(!scene.is_active(hinted[0].1), "a wrong hint costs nothing");
}

#[test]
fn rfc7662_2_1_attack_33_nobody_but_its_client_learns_of_a_refresh_token() {
    let scene = Scene::new();
    let resource = scene.home.add_client("resource", &["--introspect", "any"]);
    let public = [
        "--public",
        "--grant-type",
        "password",
        "--grant-type",
        "refresh_token",
    ];
    let _ = scene
        .home
        .json(&[&["client", "add", "public"], &public[..]].concat());
    let tokens = scene.sign_in();
    let server = &scene.server;
    for token in [&tokens.access, &tokens.refresh] {
        let post = || server.post("/oauth2/introspect");
        for (what, call, status) in [
            ("nobody", post().form(&[("token", token)]), 401),
            (
                "a public client",
                post().form(&[("token", token), ("client_id", "public")]),
                401,
            ),
            (
                "a name alone",
                post().form(&[("token", token), ("client_id", &scene.client.id)]),
                401,
            ),
            (
                "a wrong secret",
                post()
                    .basic(&scene.client.with_secret("x"))
                    .form(&[("token", token)]),
                401,
            ),
            (
                "in the URL",
                server.call("GET", &format!("/oauth2/introspect?token={token}")),
                405,
            ),
        ] {
            let answer = call.send();
            assert_eq!(answer.status, status, "{what}");
            assert!(
                !answer.text().contains("active"),
                "{what}: {}",
                answer.text()
            );
        }
    }
    assert!(server.is_active(&resource, &tokens.access));
    assert!(
        !server.is_active(&resource, &tokens.refresh),
        "it is no resource's business"
    );
    assert!(server.is_active(&scene.client, &tokens.refresh));
}

#[test]
fn attack_78_no_password_and_no_refresh_token_is_in_the_log_at_any_level() {
    let home = Home::with_keys();
    let client = home.add_password_client("app", &["--scope", SCOPE]);
    let user = home.add_user("alice");
    let server = home.serve_with(&[], &[("COUNTERSIGN_LOG", "trace")]);
    let wrong = user.with_password("wRong-gUess-7261");
    // People type passwords where names belong.
    let misplaced = TestUser::new("mIsplaced-pAssword-7262", "x");
    let first = server.sign_in(&client, &user, &[]).tokens();
    let second = server.refresh(&client, &first.refresh).tokens();
    let third = server.refresh(&client, &second.refresh).tokens();
    for refused in [&wrong, &misplaced] {
        assert_eq!(server.sign_in(&client, refused, &[]).status, 400);
    }
    let other = home.add_password_client("other", &[]);
    for token in [&third.refresh, &first.refresh] {
        let _ = server.introspect(&client, token);
        let _ = server.refresh(&other, token);
        let _ = server.revoke(&other, token);
        // The first of all is used again: the grant ends.
        let _ = server.refresh(&client, token);
        let _ = server
            .post(&format!("/oauth2/token?refresh_token={token}"))
            .send();
    }
    // The log arrives a little later than the answer.
    let log = eventually(PATIENCE, || {
        let log = server.stderr();
        let mut events = ["signed_in", "sign_in_refused", "refresh_token_reused"].into_iter();
        events.all(|event| log.contains(event)).then_some(log)
    });
    let log = log.expect("something to look at");
    for secret in [
        &user.password,
        &wrong.password,
        &misplaced.name,
        &client.secret,
    ] {
        assert!(!log.contains(&**secret), "{secret} is in the log");
    }
    for tokens in [&first, &second, &third] {
        // The tag at the end, which is what others cannot make.
        for secret in [&tokens.access, &tokens.refresh] {
            let tag = &secret[secret.len() - 40..];
            assert!(!log.contains(tag), "{secret} is in the log");
        }
    }
}
