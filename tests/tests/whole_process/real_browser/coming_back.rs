//! Who is known already, and what the user has said already.

use super::{ALLOW, CONSENT, CURRENT, DENY, NAME, OTHER, SIGN_IN, Stage};

#[test]
fn a_user_denies_then_agrees_and_is_asked_no_more() {
    let Some(stage) = Stage::set() else { return };
    let browser = &stage.browser;
    stage.send_away(&stage.request());
    stage.sign_in(&stage.user);
    browser.click(DENY);
    let arrival = stage.assert_back("a state");
    assert_eq!(arrival.get("error"), "access_denied", "{arrival:?}");
    assert_eq!(arrival.get("code"), "", "{arrival:?}");

    // A denial is not remembered; that she has signed in is.
    stage.send_away(&stage.request());
    browser.click(ALLOW);
    let _ = stage.assert_back_with_code();
    // Single sign-on: no page.
    stage.send_away(&stage.request());
    let _ = stage.assert_back_with_code();
    let silent = stage.request().with("prompt", "none");
    stage.send_away(&silent);
    let _ = stage.assert_back_with_code();
    stage.finish();
}

#[test]
fn a_client_can_have_its_user_asked_again() {
    let Some(stage) = Stage::set() else { return };
    let browser = &stage.browser;
    let _ = stage.come_in();
    let asking = |prompt: &str| stage.send_away(&stage.request().with("prompt", prompt));

    asking("login");
    let _ = browser.find(SIGN_IN);
    assert_eq!(
        browser.value(NAME),
        "",
        "nobody's name is told to who sits there"
    );
    stage.sign_in(&stage.user);
    let _ = stage.assert_back_with_code();

    asking("consent");
    browser.click(&format!("{CONSENT} {ALLOW}"));
    let _ = stage.assert_back_with_code();

    asking("select_account");
    browser.click(CURRENT);
    let _ = stage.assert_back_with_code();

    asking("select_account");
    browser.click(OTHER);
    stage.sign_in(&stage.home.add_user("bob"));
    browser.click(ALLOW);
    let _ = stage.assert_back_with_code();
    stage.finish();
}
