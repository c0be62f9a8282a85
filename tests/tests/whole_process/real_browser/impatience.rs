//! What people do besides: they click twice, go back, and have two tabs.

use super::{ALLOW, CONSENT, NAME, PASSWORD, SIGN_IN, SIGN_OUT, Stage};

#[test]
fn a_double_click_does_no_harm() {
    let Some(stage) = Stage::set() else { return };
    let browser = &stage.browser;
    stage.send_away(&stage.request());
    browser.fill_in(NAME, &stage.user.name);
    browser.fill_in(PASSWORD, &stage.user.password);
    browser.double_click(&format!("{SIGN_IN} button"));
    let _ = browser.find(CONSENT);
    browser.double_click(ALLOW);
    let _ = stage.assert_back_with_code();
    // The browser may have been there already when the second click came.
    assert_eq!(browser.text("h1"), "Back at the client");
    stage.client.forget();
    stage.finish();
}

#[test]
fn two_tabs_come_back_each_with_its_own_state() {
    let Some(stage) = Stage::set() else { return };
    let browser = &stage.browser;
    let request = |state| stage.request().with("state", state);
    stage.send_away(&request("first"));
    let first = browser.tab();
    browser.open_tab();
    stage.send_away(&request("second"));
    stage.sign_in(&stage.user);
    browser.click(ALLOW);
    let second = stage.assert_back("second").get("code").to_owned();

    // The other tab does not know of it.
    browser.go_to_tab(&first);
    stage.sign_in(&stage.user);
    let first = stage.assert_back("first").get("code").to_owned();
    for code in [first, second] {
        stage.assert_good(&code);
    }
    stage.finish();
}

#[test]
fn who_goes_back_and_reloads_ends_at_the_client() {
    let Some(stage) = Stage::set() else { return };
    let browser = &stage.browser;
    let _ = stage.come_in();
    // Pages are kept nowhere, so the browser asks if the form shall be sent again; reloading says yes.
    browser.back();
    browser.reload();
    let _ = stage.assert_back_with_code();
    assert_eq!(browser.text("h1"), "Back at the client");
    stage.finish();
}

/// "Back" and "reload" would send the form with the password again, and let in whoever sits there now.
#[test]
fn who_has_signed_out_is_not_signed_in_by_going_back() {
    let Some(stage) = Stage::set() else { return };
    let browser = &stage.browser;
    let _ = stage.come_in();
    browser.open(&stage.url("/logout"));
    browser.click(SIGN_OUT);
    let _ = browser.find("body:not(:has(form)) h1");
    for _ in 0..4 {
        browser.back();
        browser.reload();
    }
    // The page of the client was loaded again, too.
    stage.client.forget();
    assert!(!stage.is_signed_in());
}
