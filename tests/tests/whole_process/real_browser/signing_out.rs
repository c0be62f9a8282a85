//! Leaving.

use super::{BYE, SIGN_IN, SIGN_OUT, STAY, Stage};

#[test]
fn a_client_signs_its_user_out_and_gets_them_back() {
    let Some(stage) = Stage::set() else { return };
    let token = stage.come_in();
    let leaving = form_urlencoded::Serializer::new(String::new())
        .append_pair("id_token_hint", &token)
        .append_pair("post_logout_redirect_uri", &stage.client.uri(BYE))
        .append_pair("state", "another state")
        .finish();
    stage
        .browser
        .open(&stage.url(&format!("/logout?{leaving}")));
    let arrival = stage.browser.arrival_at(&stage.client);
    assert_eq!(arrival.path, BYE);
    assert_eq!(arrival.get("state"), "another state");
    assert!(!stage.is_signed_in());
    stage.finish();
}

#[test]
fn a_user_who_was_not_sent_is_asked_first() {
    let Some(stage) = Stage::set() else { return };
    let browser = &stage.browser;
    let _ = stage.come_in();
    browser.open(&stage.url("/logout"));
    browser.click(STAY);
    let _ = browser.find("h1");
    assert!(stage.is_signed_in());

    browser.open(&stage.url("/logout"));
    // The first button: what Enter would press.
    let first = browser.script("return document.querySelector('form button').value");
    assert_eq!(first, "sign_out");
    browser.click(SIGN_OUT);
    let _ = browser.find("body:not(:has(form)) h1");
    assert!(!stage.is_signed_in());
    stage.send_away(&stage.request());
    let _ = browser.find(SIGN_IN);
    stage.finish();
}
