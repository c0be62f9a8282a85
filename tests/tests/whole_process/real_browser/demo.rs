//! The link that `serve` prints in development mode.

use std::fs;

use countersign_tests::{Home, Server, TestUser};

use super::{ALLOW, SIGN_IN, Stage};

#[test]
fn the_printed_link_leads_through_the_whole_flow() {
    let mut said = String::new();
    let serve = |home: &Home| {
        let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"], &[]);
        let (server, text) = Server::start_for_people(&mut command);
        said = text;
        server
    };
    let Some(stage) = Stage::set_with(serve) else {
        return;
    };
    let mut lines = said.lines().map(str::trim);
    let link = lines.find(|line| line.starts_with("http://"));
    let password = stage.home.data_dir().join("demo-user.password");
    let password = fs::read_to_string(password).expect("the printed file");

    let browser = &stage.browser;
    browser.open(link.unwrap_or_else(|| panic!("no link: {said}")));
    stage.assert_usable("demo", "main a");
    browser.click("main a");
    let _ = browser.find(SIGN_IN);
    stage.sign_in(&TestUser::new("demo", password.trim_end()));
    browser.click(ALLOW);
    stage.assert_usable("demo-tokens", "pre");
    let told = browser.text("main");
    for expected in [&*stage.server.issuer, "auth_time", "cs_rt_"] {
        assert!(told.contains(expected), "no {expected}: {told}");
    }

    browser.click("a[href*=logout]");
    browser.click("main a[href$='/demo/start']");
    let _ = browser.find(SIGN_IN);
    stage.finish();
}
