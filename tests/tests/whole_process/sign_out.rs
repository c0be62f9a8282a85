//! Signing out at the wish of a client: OpenID Connect RP-Initiated Logout.

use countersign_tests::{Browser, Kind, Request};

use crate::web::{BYE, Web, assert_error_page, page_of};

/// An ID token of the session of this browser.
fn hint(web: &Web, browser: &mut Browser<'_>) -> String {
    let code = browser.go(&Request::of("web"), &web.user).code();
    web.server.redeem(&web.client, &code).id_token()
}

fn query(parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
}

#[test]
fn oidc_rp_logout_with_a_hint_of_this_session_the_user_leaves_at_once() {
    let web = Web::new();
    let state = "a b&c=\u{e9}\r\n";
    for post in [false, true] {
        for (with_state, then) in [(false, true), (true, true), (false, false)] {
            let mut browser = web.server.browser();
            let hint = hint(&web, &mut browser);
            let before = browser.clone();
            let mut parameters = vec![("id_token_hint", &*hint), ("client_id", "web")];
            if then {
                parameters.push(("post_logout_redirect_uri", BYE));
            }
            if with_state {
                parameters.push(("state", state));
            }
            parameters.extend([("logout_hint", "alice"), ("ui_locales", "de"), ("x", "y")]);
            let query = query(&parameters);
            let answer = if post {
                let call = web.server.post("/logout").form_bytes(query);
                browser.send(call)
            } else {
                browser.get(&format!("/logout?{query}"))
            };
            if then {
                assert_eq!(answer.status, 303, "{}", answer.text());
                let sent = if with_state {
                    "?state=a%20b%26c%3D%C3%A9%0D%0A"
                } else {
                    ""
                };
                assert_eq!(answer.header("location"), format!("{BYE}{sent}"));
            } else {
                assert_eq!((answer.status, answer.kind()), (200, Kind::Message));
                assert!(
                    answer.page().text.contains("signed out"),
                    "{}",
                    answer.text()
                );
            }
            assert_eq!(browser.cookies.session(), None);
            // Not only the cookie is gone.
            assert!(!web.is_signed_in(&before));
            // Nobody is signed in: nothing is left to ask.
            let again = browser.get("/logout");
            assert_eq!((again.status, again.kind()), (200, Kind::Message));
        }
    }
}

#[test]
fn oidc_rp_logout_without_a_hint_the_user_is_asked() {
    let web = Web::new();
    let mut browser = web.signed_in();
    let old_hint = hint(&web, &mut browser);
    let confirm = browser.get("/logout").page();
    let _ = browser.press(&confirm, "sign_out");
    assert!(!web.is_signed_in(&browser));
    let named = query(&[
        ("client_id", "web"),
        ("post_logout_redirect_uri", BYE),
        ("state", "s"),
    ]);
    let nameless = query(&[("post_logout_redirect_uri", BYE), ("state", "s")]);
    let hinted = query(&[
        ("id_token_hint", &old_hint),
        ("post_logout_redirect_uri", BYE),
        ("state", "s"),
    ]);
    for (query, leaves) in [
        (named, true),
        (nameless, false),
        (hinted, true),
        (String::new(), false),
    ] {
        let mut browser = web.signed_in();
        let path = format!("/logout?{query}");
        let confirm = page_of(&browser.get(&path), Kind::ConfirmSignOut, &query);
        assert!(confirm.text.contains("alice"), "{}", confirm.text);
        assert_eq!(confirm.form().buttons(), ["sign_out", "stay"]);
        let stays = browser.press(&confirm, "stay");
        assert_eq!(
            (stays.status, stays.kind()),
            (200, Kind::Message),
            "{query}"
        );
        assert!(web.is_signed_in(&browser), "{query}");
        let answer = browser.press(&confirm, "sign_out");
        if leaves {
            assert_eq!(
                answer.header("location"),
                format!("{BYE}?state=s"),
                "{query}"
            );
        } else {
            assert_eq!(
                (answer.status, answer.kind()),
                (200, Kind::Message),
                "{query}"
            );
        }
        assert_eq!(browser.cookies.session(), None);
        assert!(!web.is_signed_in(&browser), "{query}");
    }
}

#[test]
fn oidc_rp_logout_what_does_not_fit_together_is_told_to_the_user() {
    let web = Web::new();
    let _ = web.home.add_web_client(
        "other",
        &["--post-logout-redirect-uri", "https://other.example/"],
    );
    let mut browser = web.signed_in();
    let hint = hint(&web, &mut browser);
    let access = browser.go(&web.offline(), &web.user).code();
    let access = web.server.redeem(&web.client, &access).access_token();
    let (signed, _) = hint.rsplit_once('.').unwrap();
    // A hint that is worth nothing is none: the user is asked, and goes nowhere, whoever is named beside it.
    for worthless in [
        "x",
        signed,
        &*format!("{hint}A"),
        &*format!("{signed}."),
        // Another kind of token.
        &*access,
    ] {
        let then = [("client_id", "web"), ("post_logout_redirect_uri", BYE)];
        let query = query(&[&[("id_token_hint", worthless)][..], &then].concat());
        let answer = browser.get(&format!("/logout?{query}"));
        let page = page_of(&answer, Kind::ConfirmSignOut, worthless);
        let answer = browser.press(&page, "stay");
        assert_eq!((answer.status, answer.kind()), (200, Kind::Message));
        assert!(
            answer
                .header("content-security-policy")
                .contains("form-action 'none'")
        );
    }
    for parameters in [
        &[("id_token_hint", &*hint), ("client_id", "other")][..],
        &[
            ("id_token_hint", &*hint),
            ("post_logout_redirect_uri", "https://other.example/"),
        ],
        &[("client_id", "other"), ("post_logout_redirect_uri", BYE)],
        &[("client_id", "nobody")],
        &[("client_id", "\0")],
        &[("state", "a"), ("state", "b")],
        &[("client_id", "web"), ("client_id", "web")],
    ] {
        let query = query(parameters);
        assert_error_page(&browser.get(&format!("/logout?{query}")), 400, &query);
        let post = web.server.post("/logout").form_bytes(query.clone());
        assert_error_page(&browser.send(post), 400, &query);
    }
    let long = format!("/logout?state={}", "x".repeat(17 * 1024));
    let answer = browser.get(&long);
    assert!((400..=414).contains(&answer.status), "{}", answer.status);
    let post = web.server.post("/logout?state=x").form_bytes("state=x");
    assert_error_page(&browser.send(post), 400, "in two places");
    assert!(web.is_signed_in(&browser), "nothing of this was done");
    assert_eq!(web.server.userinfo(&access).status, 200);
}

/// RULES R11: what was granted without `offline_access` ends with the session, at every door.
#[test]
fn rule_r11_signing_out_ends_what_stands_on_the_session() {
    let web = Web::new();
    let mut browser = web.signed_in();
    let mut tokens = |scope: &str| {
        let request = Request::of("web").with("scope", scope);
        let code = browser.go(&request, &web.user).code();
        web.server.redeem(&web.client, &code)
    };
    let bound = tokens("read").tokens();
    let bound_openid = tokens("openid").access_token();
    let offline = tokens("openid offline_access read").tokens();
    let hint = hint(&web, &mut browser);
    let answer = browser.get(&format!("/logout?id_token_hint={hint}"));
    assert_eq!(answer.kind(), Kind::Message);
    assert!(!web.server.is_active(&web.client, &bound.access));
    let refused = web.server.refresh(&web.client, &bound.refresh).refusal();
    assert_eq!(refused.1, "invalid_grant");
    assert_eq!(web.server.userinfo(&bound_openid).status, 401);
    assert_eq!(web.server.userinfo(&offline.access).status, 200);
    assert_eq!(
        web.server.refresh(&web.client, &offline.refresh).status,
        200
    );
    // The command line says the same.
    let sessions = web.home.json(&["session", "list", "--user", "alice"]);
    let live = sessions
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["live"] == true);
    assert_eq!(live.count(), 0, "{sessions}");
}
