//! What most tests of the authorization endpoint begin with, and what they ask again and again.

use countersign_tests::{
    Answer, Browser, Home, Kind, PATIENCE, Page, Request, Server, TestClient, TestUser, eventually,
};

use crate::scene::ISSUER;

/// Where users go back to after signing out.
pub(crate) const BYE: &str = "https://app.example/bye";

/// What gives a refresh token as well.
pub(crate) const OFFLINE: &str = "openid offline_access read";

/// A server, with a client that sends its users there, and a user.
pub(crate) struct Web {
    pub(crate) home: Home,
    pub(crate) server: Server,
    pub(crate) client: TestClient,
    pub(crate) user: TestUser,
}

impl Web {
    pub(crate) fn new() -> Self {
        Self::with(&[], &[])
    }

    /// With arguments for the client and variables for the server.
    pub(crate) fn with(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::at(Home::with_keys(), arguments, variables)
    }

    /// The same, in a home of its own.
    pub(crate) fn at(home: Home, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let then = ["--post-logout-redirect-uri", BYE];
        let client = home.add_web_client("web", &[&then, arguments].concat());
        let user = home.add_user("alice");
        let server = home.serve_with(&ISSUER, variables);
        Self {
            home,
            server,
            client,
            user,
        }
    }

    /// Ends the server with `end`, and starts another one.
    pub(crate) fn restart(self, end: impl FnOnce(Server)) -> Self {
        end(self.server);
        let server = self.home.serve_with(&ISSUER, &[]);
        Self { server, ..self }
    }

    /// A browser in which the user has signed in, and has agreed to `openid`.
    pub(crate) fn signed_in(&self) -> Browser<'_> {
        let mut browser = self.server.browser();
        let _ = browser.go(&Request::of("web"), &self.user).code();
        browser
    }

    /// A request for what gives a refresh token as well.
    pub(crate) fn offline(&self) -> Request {
        Request::of(&self.client.id).with("scope", OFFLINE)
    }

    /// What a browser is answered that posts this form, from nowhere in particular.
    pub(crate) fn post(&self, browser: &mut Browser<'_>, path: &str, form: &str) -> Answer {
        browser.send(self.server.post(path).form_bytes(form))
    }

    /// Whether somebody is signed in with this browser, who has agreed to `openid`.
    pub(crate) fn is_signed_in(&self, browser: &Browser<'_>) -> bool {
        let silent = Request::of(&self.client.id).with("prompt", "none");
        let response = browser.clone().authorize(&silent).response();
        let error = response.get("error");
        assert!(["", "login_required"].contains(&error), "{response:?}");
        error.is_empty()
    }

    /// Whether the server tells of this event, as soon as its log has arrived.
    pub(crate) fn has_logged(&self, event: &str) -> bool {
        let look = || self.server.stderr().contains(event).then_some(());
        eventually(PATIENCE, look).is_some()
    }

    /// How many grants the user has given.
    pub(crate) fn grants(&self) -> usize {
        let grants = self.home.json(&["grant", "list"]);
        grants.as_array().expect("an array").len()
    }
}

/// The page, which is of this kind.
pub(crate) fn page_of(answer: &Answer, kind: Kind, what: &str) -> Page {
    assert_eq!(answer.kind(), kind, "{what}: {}", answer.text());
    answer.page()
}

/// A page that says what is wrong, with this status: nobody is redirected, nobody is signed in, and nothing leads away.
pub(crate) fn assert_error_page(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(answer.header("location"), "", "{what}");
    assert_eq!(answer.header("refresh"), "", "{what}");
    let session = answer.header("set-cookie").contains("countersign_session");
    assert!(!session, "{what}: {}", answer.header("set-cookie"));
    let page = page_of(answer, Kind::Error, what);
    assert_leads_nowhere(&page, what);
}

/// Nothing on the page is a link or a form to another site, or runs.
pub(crate) fn assert_leads_nowhere(page: &Page, what: &str) {
    for element in &page.elements {
        let runs = ["script", "iframe", "object", "embed", "base", "img", "svg"];
        assert!(!runs.contains(&&*element.name), "{what}: {element:?}");
        let refreshes = element.name == "meta" && element.attribute("http-equiv").is_some();
        assert!(!refreshes, "{what}: {element:?}");
        for (name, value) in &element.attributes {
            assert!(!name.starts_with("on"), "{what}: {element:?}");
            if ["href", "src", "action", "formaction"].contains(&&**name) {
                let local = value.starts_with('/') && !value.starts_with("//");
                assert!(local, "{what}: {element:?}");
            }
        }
    }
}

/// The error that a client is told at its redirect URI.
pub(crate) fn error_of(answer: &Answer) -> String {
    assert_eq!(answer.kind(), Kind::Response, "{}", answer.text());
    answer.response().error()
}
