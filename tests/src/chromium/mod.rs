//! A real browser: Debian's Chromium without a window, driven through `WebDriver` (<https://www.w3.org/TR/webdriver2/>).
//!
//! The protocol is a few JSON objects over HTTP, which [`wire`] speaks by itself. The crates that speak it were looked
//! at and left: one drags in a licence that is not allowed here, the other switches on a feature of `serde_json` that
//! changes what all crates of the workspace are tested with.

mod keyboard;
mod process;
mod view;
mod wire;

use serde_json::{Value, json};

pub use keyboard::Key;
use process::Driver;
pub use view::View;

use crate::{Arrival, Callback, PATIENCE, eventually};

/// What elements are called in JSON: the "web element identifier" of the standard.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with a profile of its own. It is ended when this is dropped.
#[derive(Debug)]
pub struct Chromium {
    driver: Driver,
}

/// An element of the page that was loaded when it was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found(String);

impl Chromium {
    /// Starts a browser. Where there is none to start, a line says so once, and the test has nothing to look at.
    #[must_use]
    pub fn start() -> Option<Self> {
        let driver = Driver::start()?;
        let chromium = Self { driver };
        chromium.view(View::WIDE);
        Some(chromium)
    }

    /// Goes to a URL, as if it were typed.
    pub fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// Goes back by the button of the browser.
    pub fn back(&self) {
        self.post("/back", &json!({}));
    }

    /// Loads the page that is shown again. If it came of a form, the form is sent again.
    pub fn reload(&self) {
        self.post("/refresh", &json!({}));
    }

    /// Waits until it comes to this client.
    #[must_use]
    pub fn arrival_at(&self, client: &Callback) -> Arrival {
        client.arrival().unwrap_or_else(|| {
            let complaints = self.complaints();
            panic!("it does not come: {complaints:#?}\n{}", self.shows())
        })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        text(&self.get("/url"))
    }

    /// Waits until the page that is shown has an element that matches `css`, and gives it.
    #[must_use]
    pub fn find(&self, css: &str) -> Found {
        let found = eventually(PATIENCE, || self.look_for(css));
        found.unwrap_or_else(|| panic!("no {css}: {}", self.shows()))
    }

    /// The element that matches `css`, if the page that is shown has one now.
    #[must_use]
    pub fn look_for(&self, css: &str) -> Option<Found> {
        let looked = json!({ "using": "css selector", "value": css });
        // While a page is being left, there is nothing to look at.
        let element = self.driver.session().try_post("/element", &looked).ok()?;
        Some(Found(text(&element[ELEMENT])))
    }

    /// Waits until the page that is shown has an element that matches `css`, and clicks on it.
    pub fn click(&self, css: &str) {
        let Found(element) = self.find(css);
        self.post(&format!("/element/{element}/click"), &json!({}));
    }

    /// The same, with a double click.
    pub fn double_click(&self, css: &str) {
        let Found(element) = self.find(css);
        let press = |kind: &str| json!({ "type": kind, "button": 0 });
        let (down, up) = (press("pointerDown"), press("pointerUp"));
        let origin = json!({ ELEMENT: element });
        let there = json!({ "type": "pointerMove", "x": 0, "y": 0, "origin": origin });
        let mouse = json!({
            "type": "pointer",
            "id": "mouse",
            "parameters": { "pointerType": "mouse" },
            "actions": [there, down, up, down, up],
        });
        self.post("/actions", &json!({ "actions": [mouse] }));
    }

    /// Types a text into the input that matches `css`, in the place of what stands there; waits for the input.
    pub fn fill_in(&self, css: &str, written: &str) {
        let Found(element) = self.find(css);
        self.post(&format!("/element/{element}/clear"), &json!({}));
        let keys = json!({ "text": written });
        self.post(&format!("/element/{element}/value"), &keys);
    }

    /// The visible text of the element that matches `css`; waits for it.
    #[must_use]
    pub fn text(&self, css: &str) -> String {
        let Found(element) = self.find(css);
        text(&self.get(&format!("/element/{element}/text")))
    }

    /// What stands in the input that matches `css`; waits for it.
    #[must_use]
    pub fn value(&self, css: &str) -> String {
        let Found(element) = self.find(css);
        text(&self.get(&format!("/element/{element}/property/value")))
    }

    /// Waits until the element that matches `css` has the focus.
    pub fn assert_focus(&self, css: &str) {
        let focused = eventually(PATIENCE, || self.look_for(&format!("{css}:focus")));
        let at = || self.script("return document.activeElement?.outerHTML");
        assert!(focused.is_some(), "the focus is not at {css}: {}", at());
    }

    /// Runs the body of a function in the page, and gives what it returns.
    #[must_use]
    pub fn script(&self, body: &str) -> Value {
        let script = json!({ "script": body, "args": [] });
        self.post("/execute/sync", &script)
    }

    /// What it shows now, to be told in a failure: the URL, and the page as it has understood it.
    #[must_use]
    pub fn shows(&self) -> String {
        format!("{}\n{}", self.url(), text(&self.get("/source")))
    }

    /// The cookies that it would send to the page that is shown.
    #[must_use]
    pub fn cookies(&self) -> Vec<Value> {
        let cookies = self.get("/cookie");
        cookies.as_array().expect("an array").clone()
    }

    /// What it has complained about in its console since it was last asked: among it, everything that a content
    /// security policy has forbidden.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let entries = self.post("/se/log", &json!({ "type": "browser" }));
        let entries = entries.as_array().expect("an array").iter();
        let bad = entries.filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        bad.map(|entry| text(&entry["message"])).collect()
    }

    /// Whether pages may run scripts, from the next page on.
    pub fn allow_scripts(&self, allowed: bool) {
        let parameters = json!({ "value": !allowed });
        self.devtools("Emulation.setScriptExecutionDisabled", &parameters);
    }

    /// The tab that it looks at.
    #[must_use]
    pub fn tab(&self) -> String {
        text(&self.get("/window"))
    }

    /// Opens a tab, and looks at it.
    pub fn open_tab(&self) {
        let opened = self.post("/window/new", &json!({ "type": "tab" }));
        self.go_to_tab(&text(&opened["handle"]));
    }

    /// Looks at another tab.
    pub fn go_to_tab(&self, tab: &str) {
        self.post("/window", &json!({ "handle": tab }));
    }

    /// A command of the Chrome `DevTools` protocol (<https://chromedevtools.github.io/devtools-protocol/>).
    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let command = json!({ "cmd": command, "params": parameters });
        self.post("/goog/cdp/execute", &command)
    }

    fn get(&self, path: &str) -> Value {
        let answer = self.driver.session().try_get(path);
        answer.unwrap_or_else(|refusal| panic!("GET {path}: {refusal:?}"))
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.driver.session().try_post(path, body);
        answer.unwrap_or_else(|refusal| panic!("POST {path}: {refusal:?}"))
    }
}

fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}
