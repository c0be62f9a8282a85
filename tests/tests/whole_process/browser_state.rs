//! What a browser keeps for us, and what we keep for a browser: attack classes 11, 12, 14, 15 and 17.

use std::fs;

use countersign_tests::{Kind, Request, jwt};

use crate::web::{Web, page_of};

#[test]
fn cve_2024_4540_attack_11_cookies_hold_no_parameters() {
    let web = Web::new();
    let mut browser = web.server.browser();
    let mut seen = Vec::new();
    for (state, hint) in [("mArk-7261", "mArk-7262"), ("x", "y")] {
        let request = Request::of("web")
            .with("state", state)
            .with("login_hint", hint);
        let answer = browser.authorize(&request);
        assert_eq!(answer.kind(), Kind::SignIn);
        seen.push(browser.cookies.clone());
    }
    assert_eq!(seen[0], seen[1], "whatever is asked for");
    let _ = browser.go(&Request::of("web"), &web.user).code();
    let id = jwt::decode(browser.cookies.browser().unwrap());
    let session = jwt::decode(browser.cookies.session().unwrap());
    assert_eq!(
        (id.len(), session.len()),
        (32, 48),
        "random bytes, and an id"
    );
    let (header, ours) = (browser.cookies.header(), ["browser", "session"]);
    let names: Vec<_> = header
        .split("; ")
        .filter_map(|pair| pair.split_once('='))
        .collect();
    assert_eq!(names.len(), ours.len(), "{header}");
    let text = String::from_utf8_lossy(&session).into_owned();
    for secret in ["alice", "openid", "web", "mArk"] {
        assert!(
            !header.contains(secret) && !text.contains(secret),
            "{secret}"
        );
    }
}

#[test]
fn cve_2021_22119_attack_12_nothing_is_stored_for_whoever_has_not_signed_in() {
    let web = Web::new();
    // The first visit may bring the client into memory, and the log of storage to its size.
    let _ = web.server.browser().authorize(&Request::of("web"));
    let size = || -> Vec<(String, u64)> {
        let mut files: Vec<_> = fs::read_dir(web.home.data_dir())
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let size = entry.metadata().unwrap().len();
                (entry.file_name().to_string_lossy().into_owned(), size)
            })
            .collect();
        files.sort();
        files
    };
    let before = size();
    for number in 0..300 {
        let request = Request::of("web").with("state", &number.to_string());
        let mut browser = web.server.browser();
        let answer = browser.authorize(&request);
        assert_eq!(answer.kind(), Kind::SignIn);
        assert_eq!(browser.cookies.session(), None);
        if number % 10 == 0 {
            let _ = browser.get("/logout");
            let _ = browser.authorize(&request.with("prompt", "none"));
        }
    }
    assert_eq!(size(), before);
    for what in ["session", "grant"] {
        assert_eq!(
            web.home.json(&[what, "list"]),
            serde_json::json!([]),
            "{what}"
        );
    }
}

/// Whoever turns away from a sign-in page has changed nothing, and whoever signs in there as somebody else has not
/// become what the request meant.
#[test]
fn cve_2023_6787_attack_14_a_sign_in_that_is_given_up_adopts_nobody() {
    let web = Web::new();
    let bob = web.home.add_user("bob");
    let mut alices = web.signed_in();
    let mut bobs = web.server.browser();
    let code = bobs.go(&Request::of("web"), &bob).code();
    let bobs_hint = web.server.redeem(&web.client, &code).id_token();
    let bobs_sub = jwt::claims(&bobs_hint)["sub"].clone();

    let again = Request::of("web").with("prompt", "login");
    let given_up = page_of(&alices.authorize(&again), Kind::SignIn, "login");
    let code = alices.go(&Request::of("web"), &web.user).code();
    let claims = jwt::claims(&web.server.redeem(&web.client, &code).id_token());
    assert_ne!(claims["sub"], bobs_sub, "still alice");
    let meant = Request::of("web").with("id_token_hint", &bobs_hint);
    let page = page_of(&alices.authorize(&meant), Kind::SignIn, "bob is meant");
    let answer = alices.sign_in(&page, &web.user);
    assert_eq!(answer.response().error(), "login_required");

    // A wrong password on the page that was left open: alice goes on.
    let answer = alices.sign_in(&given_up, &bob.with_password("wrong"));
    page_of(&answer, Kind::SignIn, "wrong");
    assert!(web.is_signed_in(&alices));
    // And once bob does sign in there, alice's session is over, and its cookie good for nothing.
    let before = alices.clone();
    let answer = alices.sign_in(&given_up, &bob);
    let code = alices.finish(answer, &bob).code();
    let claims = jwt::claims(&web.server.redeem(&web.client, &code).id_token());
    assert_eq!(claims["sub"], bobs_sub);
    assert!(!web.is_signed_in(&before));
}

#[test]
fn cve_2024_7341_attack_15_a_sign_in_gives_a_new_session() {
    let web = Web::new();
    let attackers = web.signed_in();
    let session = attackers.cookies.session().unwrap().to_owned();
    // Cookies that an attacker has put into the browser of a victim.
    let forged = jwt::encode([7; 48]);
    let cut = &session[..session.len() - 4];
    for planted in [&*forged, "", "x", &session[4..], cut] {
        let mut victim = web.server.browser();
        victim.cookies.set("countersign_session", planted);
        victim
            .cookies
            .set("countersign_browser", attackers.cookies.browser().unwrap());
        assert!(!web.is_signed_in(&victim), "{planted:?} is nobody's");
    }
    let mut victim = web.server.browser();
    victim.cookies.set("countersign_session", &forged);
    victim
        .cookies
        .set("countersign_browser", attackers.cookies.browser().unwrap());
    let planted = victim.clone();
    let _ = victim.go(&Request::of("web"), &web.user).code();
    assert_ne!(victim.cookies.session(), Some(&*forged));
    assert!(web.is_signed_in(&victim) && !web.is_signed_in(&planted));

    // The session of somebody else in the browser: signing in ends it there and then.
    let bob = web.home.add_user("bob");
    let mut victim = attackers.clone();
    let login = Request::of("web").with("prompt", "login");
    let _ = victim.go(&login, &bob).code();
    assert_ne!(victim.cookies.session(), Some(&*session));
    assert!(web.is_signed_in(&victim) && !web.is_signed_in(&attackers));
    // Also of the same user.
    let before = victim.clone();
    let _ = victim.go(&login, &bob).code();
    assert!(web.is_signed_in(&victim) && !web.is_signed_in(&before));
    let sessions = web.home.json(&["session", "list"]);
    assert_eq!(sessions.as_array().unwrap().len(), 2, "{sessions}");
}

/// The state is for the client to check; what we check is bound. And it comes back as it was sent.
#[test]
fn cve_2020_14302_cve_2023_27490_attack_17_one_check_is_not_taken_for_another() {
    let web = Web::new();
    let mut browser = web.signed_in();
    for state in ["x", "a b+c%20\u{e9}\u{1f511}", &"s".repeat(4_000)] {
        for request in [
            Request::of("web").with("state", state),
            Request::of("web")
                .with("state", state)
                .with("scope", "nothing"),
        ] {
            let answer = browser.authorize(&request);
            assert_eq!(answer.response().get("state"), state);
        }
    }
    let answer = browser.authorize(&Request::of("web").without("state"));
    assert!(!answer.response().parameters.contains_key("state"));
    let (session, id) = (
        browser.cookies.session().unwrap().to_owned(),
        browser.cookies.browser().unwrap().to_owned(),
    );
    // A cookie under the name of another one.
    let mut swapped = web.server.browser();
    swapped.cookies.set("countersign_session", &id);
    swapped.cookies.set("countersign_browser", &session);
    assert!(!web.is_signed_in(&swapped));
    // A cookie with the name that it would have elsewhere.
    let mut elsewhere = web.server.browser();
    elsewhere
        .cookies
        .set("__Host-countersign_session", &session);
    elsewhere.cookies.set("__Host-countersign_browser", &id);
    assert!(!web.is_signed_in(&elsewhere));
    // Two cookies of one name: it is not known which one is ours.
    let mut call = web.server.call("GET", &Request::of("web").path());
    call = call.header(
        "cookie",
        format!("countersign_session={session}; countersign_session=x"),
    );
    assert_eq!(call.send().kind(), Kind::SignIn);
}
