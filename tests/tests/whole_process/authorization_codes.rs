//! Codes as attackers use them: attack classes 19 to 21, 24 and 26, and what becomes of a code when the server is killed.

use std::thread;

use countersign_tests::{
    Answer, Browser, CHALLENGE, Kind, REDIRECT_URI, Request, SECOND, Server, TestClient, Tokens,
    VERIFIER, eventually, jwt,
};
use serde_json::json;

use crate::scene::invalid_grant;
use crate::web::{OFFLINE, Web, error_of};

/// A verifier that is well-formed, and of nobody.
const OTHER_VERIFIER: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Nothing of these tokens is left.
fn assert_ended(server: &Server, client: &TestClient, tokens: &Tokens, what: &str) {
    assert_eq!(server.userinfo(&tokens.access).status, 401, "{what}");
    assert!(!server.is_active(client, &tokens.access), "{what}");
    let refused = server.refresh(client, &tokens.refresh).refusal();
    assert_eq!(refused, invalid_grant(), "{what}");
}

fn assert_refused(answer: &Answer, what: &str) {
    assert_eq!(answer.refusal(), invalid_grant(), "{what}");
}

/// With challenge or without, with verifier or without, right and wrong, and with the method taken away.
#[test]
fn cve_2023_48228_cve_2024_23647_cve_2024_22258_cve_2025_4144_attack_19_pkce_cannot_be_downgraded()
{
    let web = Web::new();
    let optional = web.home.add_web_client("optional", &["--pkce", "optional"]);
    let public = web.home.add_public_web_client("public", &[]);
    let mut browser = web.signed_in();
    let plain = |id: &str| {
        let request = Request::of(id).without("code_challenge");
        request.without("code_challenge_method")
    };
    for (client, needs_it) in [(&optional, false), (&web.client, true), (&public, true)] {
        let id = &*client.id;
        let with = browser.go(&Request::of(id), &web.user);
        assert!(with.parameters.contains_key("code"), "{id}");
        let without = browser.go(&plain(id), &web.user);
        assert_eq!(without.get("code").is_empty(), needs_it, "{id}");
        if needs_it {
            assert_eq!(without.error(), "invalid_request", "{id}");
        }
        for (challenge, verifier, is_good) in [
            (false, None, true),
            (false, Some(VERIFIER), false),
            (false, Some(OTHER_VERIFIER), false),
            (true, None, false),
            (true, Some(VERIFIER), true),
            (true, Some(OTHER_VERIFIER), false),
            (true, Some(CHALLENGE), false),
            (true, Some(""), false),
        ] {
            if needs_it && !challenge {
                continue;
            }
            let request = if challenge {
                Request::of(id)
            } else {
                plain(id)
            };
            let code = browser.go(&request, &web.user).code();
            let redirect = [("redirect_uri", REDIRECT_URI)];
            let proof: Vec<_> = verifier
                .map(|text| ("code_verifier", text))
                .into_iter()
                .collect();
            let more = [&redirect[..], &proof].concat();
            let answer = web.server.redeeming(client, &code, &more).send();
            let what = format!("{id}: {challenge} {verifier:?}");
            if is_good {
                let _ = answer.access_token();
            } else {
                assert_refused(&answer, &what);
                // A wrong attempt has not consumed it.
                let right: &[_] = if challenge {
                    &[("code_verifier", VERIFIER)]
                } else {
                    &[]
                };
                let right = [&redirect[..], right].concat();
                let answer = web.server.redeeming(client, &code, &right).send();
                assert_eq!(answer.status, 200, "{what}: {}", answer.text());
            }
        }
        let base = plain(id);
        for request in [
            base.clone().with("code_challenge", CHALLENGE),
            Request::of(id).with("code_challenge_method", "plain"),
            Request::of(id).with("code_challenge_method", "s256"),
            Request::of(id).with("code_challenge_method", "none"),
            Request::of(id).with("code_challenge_method", ""),
            Request::of(id).with("code_challenge", ""),
            Request::of(id).with("code_challenge", "short"),
            Request::of(id).with("code_challenge", &format!("{CHALLENGE}=")),
            Request::of(id).and("code_challenge", CHALLENGE),
            Request::of(id).and("code_challenge_method", "plain"),
            base.clone().with("code_challenge_method", "S256"),
        ] {
            let answer = browser.authorize(&request);
            assert_eq!(error_of(&answer), "invalid_request", "{request:?}");
        }
    }
}

#[test]
fn ghsa_xqxv_4jc2_x56x_cve_2023_2585_attack_20_a_code_is_good_for_its_client_only() {
    let web = Web::new();
    let thief = web.home.add_web_client("thief", &["--introspect", "any"]);
    let public = web.home.add_public_web_client("public", &[]);
    let mut browser = web.signed_in();
    let code = browser.go(&web.offline(), &web.user).code();
    let server = &web.server;
    for client in [&thief, &public] {
        assert_refused(&server.redeem(client, &code), &client.id);
        // Under two names at once.
        let more = [("client_id", "web"), ("redirect_uri", REDIRECT_URI)];
        let more = [&more[..], &[("code_verifier", VERIFIER)]].concat();
        let both = server.redeeming(client, &code, &more).send();
        assert_ne!(both.status, 200, "{}", client.id);
    }
    // Without proof.
    let nobody = server.redeem(&TestClient::public("web"), &code);
    assert_eq!(nobody.refusal(), (401, "invalid_client".into()));
    let wrong = server.redeem(&web.client.with_secret("x"), &code);
    assert_eq!(wrong.refusal(), (401, "invalid_client".into()));
    // Under another redirect URI, or none.
    for uri in ["https://app.example/CB", "https://app.example/cb?", ""] {
        let more = [("redirect_uri", uri), ("code_verifier", VERIFIER)];
        assert_refused(&server.redeeming(&web.client, &code, &more).send(), uri);
    }
    // As another credential, or at another door.
    assert_refused(&server.refresh(&web.client, &code), "a refresh token");
    assert!(!server.is_active(&web.client, &code), "an access token");
    assert_eq!(server.userinfo(&code).status, 401);
    for mutated in [
        code[1..].to_owned(),
        format!("{code}A"),
        code[..code.len() - 1].to_owned(),
        code.replace("cs_ac_", "cs_rt_"),
        code.to_uppercase(),
        format!("{code} "),
        String::from("cs_ac_"),
    ] {
        assert_refused(&server.redeem(&web.client, &mutated), &mutated);
    }
    // Nothing of this has consumed it, or ended anything.
    let tokens = server.redeem(&web.client, &code).tokens();
    assert_refused(&server.redeem(&thief, &code), "a used one");
    let refreshed = server.refresh(&web.client, &tokens.refresh).tokens();
    assert_refused(
        &server.redeem(&web.client, &refreshed.refresh),
        "a refresh token",
    );
    assert_eq!(server.userinfo(&refreshed.access).status, 200);
    // A public client proves its verifier.
    let code = browser.go(&Request::of("public"), &web.user).code();
    assert_refused(&server.redeem(&web.client, &code), "of a public client");
    let more = [
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", OTHER_VERIFIER),
    ];
    assert_refused(&server.redeeming(&public, &code, &more).send(), "verifier");
    assert_eq!(server.redeem(&public, &code).status, 200);
}

#[test]
fn cve_2026_4282_attack_21_of_64_parallel_redemptions_one_wins_and_its_chain_ends() {
    let web = Web::new();
    let mut browser = web.signed_in();
    for _ in 0..3 {
        let code = &browser.go(&web.offline(), &web.user).code();
        let answers: Vec<Answer> = thread::scope(|scope| {
            let redeeming: Vec<_> = (0..64)
                .map(|_| scope.spawn(|| web.server.redeem(&web.client, code)))
                .collect();
            redeeming
                .into_iter()
                .map(|one| one.join().unwrap())
                .collect()
        });
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|one| one.status == 200);
        assert_eq!(won.len(), 1);
        for answer in lost {
            assert_refused(answer, "a replay");
        }
        assert_ended(
            &web.server,
            &web.client,
            &won[0].tokens(),
            "RFC 6749 §4.1.2",
        );
    }
    assert!(web.has_logged("code_replayed"));
    assert!(web.is_signed_in(&browser), "the session goes on");
}

#[test]
fn cve_2026_4282_cve_2026_9802_attack_21_28_a_replay_after_kill_9_is_found() {
    let mut web = Web::new();
    let mut browser = web.signed_in();
    let code = browser.go(&web.offline(), &web.user).code();
    let waiting = browser.go(&web.offline(), &web.user).code();
    let cookies = browser.cookies.clone();
    let tokens = web.server.redeem(&web.client, &code).tokens();
    web = web.restart(|mut server| server.kill());
    assert_eq!(
        web.server.userinfo(&tokens.access).status,
        200,
        "it goes on"
    );
    assert_refused(&web.server.redeem(&web.client, &code), "a replay");
    assert_ended(&web.server, &web.client, &tokens, "a replay");
    // A code that was not redeemed before is good after, once; and the user is still signed in.
    let tokens = web.server.redeem(&web.client, &waiting).tokens();
    assert!(web.is_signed_in(&web.server.browser_with(cookies)));
    web = web.restart(|mut server| server.kill());
    assert_refused(&web.server.redeem(&web.client, &waiting), "a replay");
    assert_ended(&web.server, &web.client, &tokens, "a replay");
}

/// RULES C2: whoever has found a code, and has not what belongs to it, ends nothing with it.
#[test]
fn attack_21_a_replay_that_would_have_failed_ends_nothing() {
    let web = Web::new();
    let thief = web.home.add_web_client("thief", &[]);
    let mut browser = web.signed_in();
    let code = browser.go(&web.offline(), &web.user).code();
    let tokens = web.server.redeem(&web.client, &code).tokens();
    let more = [
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", OTHER_VERIFIER),
    ];
    assert_refused(
        &web.server.redeeming(&web.client, &code, &more).send(),
        "verifier",
    );
    assert_refused(&web.server.redeem(&thief, &code), "another client");
    assert_eq!(web.server.refresh(&web.client, &tokens.refresh).status, 200);
}

#[test]
fn cve_2024_52287_attack_24_no_more_is_granted_than_client_and_user_have_agreed_to() {
    let web = Web::with(&["--scope", "openid offline_access read"], &[]);
    let mut browser = web.signed_in();
    for scope in [
        "write",
        "openid write",
        "openid admin read",
        "OPENID",
        "openid openid2",
    ] {
        let answer = browser.authorize(&Request::of("web").with("scope", scope));
        assert_eq!(error_of(&answer), "invalid_scope", "{scope}");
    }
    for scope in ["openid \"read\"", "openid\tread", "openid \u{e9}"] {
        let answer = browser.authorize(&Request::of("web").with("scope", scope));
        let error = error_of(&answer);
        assert!(
            ["invalid_scope", "invalid_request"].contains(&&*error),
            "{scope}: {error}"
        );
    }
    // The token request cannot widen it.
    let code = browser.go(&Request::of("web"), &web.user).code();
    let more = [
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
        ("scope", OFFLINE),
    ];
    let answer = web.server.redeeming(&web.client, &code, &more).send();
    if answer.status == 200 {
        let told = answer.json();
        assert_eq!(told["scope"], "openid");
        assert_eq!(told["refresh_token"], json!(null));
    } else {
        assert_eq!(answer.refusal().1, "invalid_scope");
    }
    // Neither can a refresh.
    let narrow = Request::of("web").with("scope", "openid offline_access");
    let code = browser.go(&narrow, &web.user).code();
    let tokens = web.server.redeem(&web.client, &code).tokens();
    let wide = [("scope", OFFLINE)];
    let refused = web
        .server
        .refreshing(&web.client, &tokens.refresh, &wide)
        .send();
    assert_eq!(refused.refusal(), (400, "invalid_scope".into()));
    assert_eq!(
        jwt::claims(&tokens.access)["scope"],
        "openid offline_access"
    );
    // A client that may do less since then gets less.
    let code = browser.go(&web.offline(), &web.user).code();
    let less = ["client", "update", "web", "--scope", "openid"];
    let _ = web.home.json(&less);
    // A browser in which nobody is signed in: it gets no codes, of which a session has only so many (RULES C3).
    let mut stranger = web.server.browser();
    let narrowed = eventually(SECOND, || {
        let kind = stranger.authorize(&web.offline()).kind();
        (kind == Kind::Response).then_some(())
    });
    assert_eq!(narrowed, Some(()));
    let answer = web.server.redeem(&web.client, &code);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["scope"], "openid");
}

/// A browser in which the user has signed in, as soon as the server has heard of what ended (RULES N1).
fn signed_in_again(web: &Web) -> Browser<'_> {
    let mut browser = web.server.browser();
    let page = browser.authorize(&Request::of("web")).page();
    let answer = eventually(SECOND, || {
        let answer = browser.sign_in(&page, &web.user);
        (answer.status != 503).then_some(answer)
    });
    let answer = answer.expect("it has heard of it");
    let _ = browser.finish(answer, &web.user).code();
    browser
}

/// Whoever ends between the page and the token gets no token.
#[test]
fn cve_2025_64521_attack_26_a_code_of_a_user_session_or_client_that_ended_is_void() {
    let web = Web::new();
    let name = &*web.user.name;
    let ends: [(&str, &[&[&str]]); 3] = [
        (
            "disabled",
            &[&["user", "disable", name], &["user", "enable", name]],
        ),
        ("revoked", &[&["revoke", "--user", name]]),
        ("everything", &[&["revoke", "--all", "--yes"]]),
    ];
    for (what, commands) in ends {
        let mut browser = web.signed_in();
        let code = browser.go(&web.offline(), &web.user).code();
        for command in commands {
            let _ = web.home.json(command);
        }
        let answer = web.server.redeem(&web.client, &code);
        assert_refused(&answer, what);
        assert!(!web.is_signed_in(&browser), "{what}");
    }
    let mut browser = signed_in_again(&web);
    let code = browser.go(&web.offline(), &web.user).code();
    let sessions = web.home.json(&["session", "list"]);
    for session in sessions.as_array().unwrap() {
        let id = session["session_id"].as_str().expect("an id");
        let _ = web.home.json(&["session", "revoke", id]);
    }
    assert_refused(&web.server.redeem(&web.client, &code), "its session");
    let code = web.signed_in().go(&web.offline(), &web.user).code();
    let _ = web.home.json(&["client", "remove", "web"]);
    let answer = web.server.redeem(&web.client, &code);
    assert_eq!(answer.refusal(), (401, "invalid_client".into()));
}
