//! Without a mouse.

use countersign_tests::Key;

use super::{ALLOW, CONSENT, NAME, PASSWORD, SIGN_IN, Stage};

#[test]
fn a_user_signs_in_and_consents_with_the_keyboard_alone() {
    let Some(stage) = Stage::set() else { return };
    let browser = &stage.browser;
    stage.send_away(&stage.request());
    browser.assert_focus(NAME);
    browser.write(&stage.user.name);
    browser.press(Key::Tab);
    browser.assert_focus(PASSWORD);
    browser.write(&stage.user.password);
    browser.press(Key::Tab);
    browser.assert_focus(&format!("{SIGN_IN} button"));
    browser.press(Key::Enter);

    let _ = browser.find(CONSENT);
    browser.press(Key::Tab);
    browser.assert_focus(ALLOW);
    browser.press(Key::Space);
    let _ = stage.assert_back_with_code();
    stage.finish();
}

#[test]
fn a_wrong_password_is_told_and_the_name_is_kept() {
    let Some(stage) = Stage::set() else { return };
    let browser = &stage.browser;
    stage.send_away(&stage.request());
    browser.assert_focus(NAME);
    browser.write(&stage.user.name);
    browser.press(Key::Tab);
    browser.write("not her password");
    browser.press(Key::Enter);

    let alert = browser.text("[role=alert]");
    assert!(!alert.is_empty());
    assert_eq!(browser.value(NAME), stage.user.name);
    assert_eq!(browser.value(PASSWORD), "");
    browser.assert_focus(PASSWORD);
    browser.write(&stage.user.password);
    browser.press(Key::Enter);
    let _ = browser.find(CONSENT);
    assert_eq!(browser.look_for("[role=alert]"), None);
    stage.finish_after_refusals(1);
}
