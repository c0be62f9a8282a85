//! What the browser keeps.

use countersign_tests::{Home, TlsFront};
use serde_json::Value;

use super::{CONSENT, Stage};

/// A cookie as the browser shows it.
fn named<'all>(cookies: &'all [Value], name: &str) -> &'all Value {
    let found = cookies.iter().find(|cookie| cookie["name"] == name);
    found.expect(name)
}

/// Both cookies, as they have to be.
fn assert_cookies(stage: &Stage, prefix: &str, secure: bool) {
    stage.send_away(&stage.request());
    stage.sign_in(&stage.user);
    let _ = stage.browser.find(CONSENT);
    let cookies = stage.browser.cookies();
    assert_eq!(cookies.len(), 2, "{cookies:#?}");
    for (name, outlives_the_browser) in [("session", true), ("browser", false)] {
        let cookie = named(&cookies, &format!("{prefix}countersign_{name}"));
        assert_eq!(cookie["httpOnly"], true, "{cookie}");
        assert_eq!(cookie["sameSite"], "Lax", "{cookie}");
        assert_eq!(cookie["path"], "/", "{cookie}");
        assert_eq!(cookie["secure"], secure, "{cookie}");
        // Not for other hosts below this one.
        assert_eq!(cookie["domain"], "127.0.0.1", "{cookie}");
        assert_eq!(cookie["expiry"].is_u64(), outlives_the_browser, "{cookie}");
    }
    assert_eq!(stage.browser.script("return document.cookie"), "");
}

#[test]
fn cookies_of_an_http_issuer() {
    let Some(stage) = Stage::set() else { return };
    assert_cookies(&stage, "", false);
    stage.finish();
}

#[test]
fn cookies_of_an_https_issuer() {
    let front = TlsFront::listen();
    let serve = |home: &Home| {
        let issuer = format!("{}/tenant", front.origin());
        let server = home.serve_with(&["--issuer", &issuer], &[]);
        front.stand_before(server.address);
        server
    };
    let Some(stage) = Stage::set_with(serve) else {
        return;
    };
    assert_cookies(&stage, "__Host-", true);
    stage.finish();
}
