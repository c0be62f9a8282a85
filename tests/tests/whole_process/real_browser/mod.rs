//! What people see and do: a real browser against the real program. Without Chromium, nothing is looked at.

mod coming_back;
mod cookies;
mod demo;
mod impatience;
mod keyboard;
mod response_modes;
mod signing_out;
mod usability;

use countersign_tests::{
    Arrival, Callback, Chromium, Home, Request, Server, TestClient, TestUser, VERIFIER,
};
use serde_json::json;

/// Where users come back to after signing in, at the client.
const BACK: &str = "/back";
/// Where users come back to after signing out.
const BYE: &str = "/bye";

const SIGN_IN: &str = "form[action$='/sign-in']";
const NAME: &str = "input[name=username]";
const PASSWORD: &str = "input[name=password]";
const CONSENT: &str = "form[action$='/consent']";
const ALLOW: &str = "button[name=decision][value=allow]";
const DENY: &str = "button[name=decision][value=deny]";
const CURRENT: &str = "button[name=account][value=current]";
const OTHER: &str = "button[name=account][value=other]";
const SIGN_OUT: &str = "button[name=decision][value=sign_out]";
const STAY: &str = "button[name=decision][value=stay]";

/// The program in development mode, a client that users come back to, a user, and the browser of that user.
struct Stage {
    // The first to be dropped: the browser goes before what it looks at.
    browser: Chromium,
    client: Callback,
    server: Server,
    app: TestClient,
    user: TestUser,
    home: Home,
}

impl Stage {
    /// None where there is no browser.
    fn set() -> Option<Self> {
        Self::set_with(Home::serve)
    }

    /// With a server that is started in another way.
    fn set_with(serve: impl FnOnce(&Home) -> Server) -> Option<Self> {
        let browser = Chromium::start()?;
        let client = Callback::listen();
        let home = Home::with_keys();
        let described = json!({
            "client_name": "The Example App",
            "grant_types": ["authorization_code", "refresh_token"],
            "redirect_uris": [client.uri(BACK)],
            "post_logout_redirect_uris": [client.uri(BYE)],
            "scope": "openid profile email offline_access read",
        });
        let app = home.add_described_client("app", described);
        let user = home.add_user("alice");
        let server = serve(&home);
        Some(Self {
            browser,
            client,
            server,
            app,
            user,
            home,
        })
    }

    /// A request of the client for a code.
    fn request(&self) -> Request {
        Request::of(&self.app.id).with("redirect_uri", &self.client.uri(BACK))
    }

    /// The client sends the user away.
    fn send_away(&self, request: &Request) {
        self.browser.open(&self.url(&request.path()));
    }

    /// A URL below the issuer.
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.issuer)
    }

    /// Fills in the sign-in page, and presses its button.
    fn sign_in(&self, user: &TestUser) {
        self.browser.fill_in(NAME, &user.name);
        self.browser.fill_in(PASSWORD, &user.password);
        self.browser.click(&format!("{SIGN_IN} button"));
    }

    /// The browser comes back to the client, with what belongs to the request with this state.
    fn assert_back(&self, state: &str) -> Arrival {
        let arrival = self.browser.arrival_at(&self.client);
        assert_eq!(arrival.path, BACK);
        assert_eq!(arrival.get("state"), state, "{arrival:?}");
        assert_eq!(arrival.get("iss"), self.server.issuer, "{arrival:?}");
        arrival
    }

    /// Comes back with a code that is good; gives the ID token.
    fn assert_back_with_code(&self) -> String {
        self.assert_good(self.assert_back("a state").get("code"))
    }

    /// The code can be redeemed; gives the ID token.
    fn assert_good(&self, code: &str) -> String {
        let uri = self.client.uri(BACK);
        let more = [("redirect_uri", &*uri), ("code_verifier", VERIFIER)];
        let answer = self.server.redeeming(&self.app, code, &more).send();
        answer.id_token()
    }

    /// The user signs in and agrees, and is back at the client; gives the ID token.
    fn come_in(&self) -> String {
        self.send_away(&self.request());
        self.sign_in(&self.user);
        self.browser.click(ALLOW);
        self.assert_back_with_code()
    }

    /// Whether the user would be let in without a word.
    fn is_signed_in(&self) -> bool {
        self.send_away(&self.request().with("prompt", "none"));
        let arrival = self.assert_back("a state");
        let error = arrival.get("error");
        assert!(["", "login_required"].contains(&error), "{arrival:?}");
        error.is_empty()
    }

    /// The end: nobody else has come to the client, and the browser has nothing to complain about.
    fn finish(self) {
        self.finish_after_refusals(0);
    }

    /// The same after so many pages with status 400, of which the browser tells.
    fn finish_after_refusals(self, count: usize) {
        self.client.assert_quiet();
        let mut complaints = self.browser.complaints();
        let before = complaints.len();
        complaints.retain(|complaint| !complaint.ends_with("status of 400 (Bad Request)"));
        assert_eq!(before - complaints.len(), count, "pages with status 400");
        assert!(complaints.is_empty(), "{complaints:#?}");
    }
}
