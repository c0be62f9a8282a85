//! Whether everybody can use the pages: every one of them, in light and dark, on large and small screens.

use std::env;
use std::path::PathBuf;

use countersign_tests::{Chromium, View};
use serde_json::{Value, json};

use super::{CONSENT, CURRENT, SIGN_IN, SIGN_OUT, Stage};

/// Names a folder that gets a picture of every page, for people to look at.
const PICTURES: &str = "COUNTERSIGN_SCREENSHOTS";

/// What looks at a page, as the body of a function.
const FAULTS: &str = include_str!("usability.js");

const VIEWS: [(&str, View); 4] = [
    ("1280-light", View::WIDE),
    ("1280-dark", View::WIDE.dark()),
    ("320-light", View::NARROW),
    ("320-dark", View::NARROW.dark()),
];

impl Stage {
    /// The page that has this element can be used in every way of looking at it.
    pub(super) fn assert_usable(&self, page: &str, css: &str) {
        let _ = self.browser.find(css);
        for (name, view) in VIEWS {
            self.browser.view(view);
            let width = self.browser.script("return window.innerWidth");
            assert_eq!(width, view.width, "{page}, {name}");
            let faults = self.browser.script(FAULTS);
            assert_eq!(faults, json!([]), "{page}, {name}");
            if let Some(folder) = env::var_os(PICTURES).map(PathBuf::from) {
                let file = folder.join(format!("{page}-{name}.png"));
                self.browser.picture(&file);
            }
        }
        self.browser.view(View::WIDE);
    }
}

#[test]
fn every_page_can_be_used_by_everybody() {
    let Some(stage) = Stage::set() else { return };
    let browser = &stage.browser;
    let request = stage
        .request()
        .with("scope", "openid profile email offline_access read");

    stage.send_away(&request);
    stage.assert_usable("sign-in", SIGN_IN);
    stage.sign_in(&stage.user.with_password("not her password"));
    stage.assert_usable("sign-in-again", "[role=alert]");
    stage.sign_in(&stage.user);
    stage.assert_usable("consent", CONSENT);
    browser.click(super::ALLOW);
    let _ = stage.assert_back_with_code();

    stage.send_away(&request.clone().with("prompt", "select_account"));
    stage.assert_usable("select-account", CURRENT);

    // The page goes away by itself where scripts run.
    browser.allow_scripts(false);
    stage.send_away(&request.clone().with("response_mode", "form_post"));
    stage.assert_usable("form-post", "form button");
    browser.allow_scripts(true);

    browser.open(&stage.url("/logout"));
    stage.assert_usable("sign-out", SIGN_OUT);
    browser.click(SIGN_OUT);
    stage.assert_usable("signed-out", "body:not(:has(form)) h1");

    stage.send_away(&request.with("redirect_uri", "https://elsewhere.example/"));
    stage.assert_usable("error", "h1");
    // The wrong password, and the error.
    stage.finish_after_refusals(2);
}

/// What is looked for is found: each page has one fault.
#[test]
fn a_page_that_somebody_cannot_use_is_noticed() {
    let Some(browser) = Chromium::start() else {
        return;
    };
    let form = "<main><h1>h</h1><label for=i>l</label><input id=i><button>b</button></main>";
    let style = "<style>input,button{min-width:30px;min-height:30px}</style>";
    let good = format!("<html lang=en><title>t</title>{style}{form}");
    for (from, to, fault) in [
        ("", "", None),
        (" lang=en", "", Some("the page has no language")),
        ("<title>t</title>", "", Some("the page has no title")),
        ("<h1>h</h1>", "", Some("the page has 0 h1")),
        ("main>", "div>", Some("the page has 0 main")),
        (" for=i", "", Some("no label: <input id=\"i\">")),
        (
            "<button>b<",
            "<button><",
            Some("no words: <button></button>"),
        ),
        ("<h1>", "<h1 id=i>", Some("the id is not unique: ")),
        (
            "<input",
            "<input aria-describedby=x",
            Some("aria-describedby of nothing: "),
        ),
        ("<main>", "<main><img src=data:,>", Some("no alt: ")),
        ("min-height:30px", "", Some("hard to hit: ")),
        (
            "<h1>",
            "<h1 style='width:2000px'>",
            Some("2008 pixels wide, of 1280"),
        ),
        (
            "<h1>",
            "<h1 style='color:%23888'>",
            Some("a contrast of 3.5: "),
        ),
    ] {
        browser.open(&format!(
            "data:text/html,<!doctype html>{}",
            if from.is_empty() {
                good.clone()
            } else {
                good.replace(from, to)
            }
        ));
        let told = browser.script(FAULTS);
        let faults = told.as_array().expect("an array");
        let is_told = |fault: &str| {
            faults
                .iter()
                .filter_map(Value::as_str)
                .any(|it| it.starts_with(fault))
        };
        assert!(fault.map_or(faults.is_empty(), is_told), "{to}: {told}");
    }
    assert!(browser.complaints().is_empty());
    let policy = "<meta http-equiv=Content-Security-Policy content=\"img-src 'none'\">";
    browser.open(&format!(
        "data:text/html,{policy}<img src=http://127.0.0.1/>"
    ));
    let complaints = browser.complaints();
    assert!(
        complaints[0].contains("Content Security Policy"),
        "{complaints:?}"
    );
}
