//! Every kind of token at every door, with all dialects on one store: which is taken where (RULES A5, D1, D2, T1).

mod doors;
mod off;

use std::fmt::Write as _;

use countersign_tests::{Answer, Request, Server, TestClient, TestUser};
use serde_json::json;

use self::doors::{DOORS, Door, KINDS, Kind, documented};
use crate::web::Web;

/// All dialects.
const ALL: [(&str, &str); 1] = [("COUNTERSIGN_DIALECTS", "moov,classic,wazo")];

/// A server with all dialects, and a client for each kind of token.
struct Scene {
    web: Web,
    app: TestClient,
    opaque: TestClient,
    classic: TestClient,
    bank: TestClient,
}

/// What the clients may ask for: enough for every door.
const SCOPE: &str = "read openid introspect";

impl Scene {
    fn new() -> Self {
        let web = Web::with(&[], &ALL);
        let scope = ["--scope", SCOPE];
        let with =
            |id: &str, more: &[&str]| web.home.add_password_client(id, &[&scope, more].concat());
        let app = with("app", &[]);
        let opaque = with("opaque", &["--access-token-format", "opaque"]);
        let classic = with("classic", &["--token-profile", "classic"]);
        let grants = [
            "--grant-type",
            "client_credentials",
            "--grant-type",
            "refresh_token",
        ];
        let bank = web.home.add_client("bank", &[&scope, &grants[..]].concat());
        Self {
            web,
            app,
            opaque,
            classic,
            bank,
        }
    }

    fn server(&self) -> &Server {
        &self.web.server
    }

    /// The client to which tokens of this kind are issued, or who comes with one that belongs to no client.
    fn owner(&self, kind: Kind) -> &TestClient {
        match kind {
            Kind::Opaque => &self.opaque,
            Kind::Code | Kind::IdToken => &self.web.client,
            Kind::ClassicOfUser | Kind::ClassicOfClient | Kind::ClassicRefresh => &self.classic,
            Kind::MoovAccess | Kind::MoovRefresh => &self.bank,
            Kind::Jwt | Kind::Refresh | Kind::WazoToken | Kind::WazoRefresh | Kind::Nothing => {
                &self.app
            }
        }
    }

    /// A new token.
    fn issue(&self, kind: Kind) -> String {
        let server = self.server();
        let owner = self.owner(kind);
        let of_user = || {
            server
                .sign_in(owner, &self.web.user, &[("scope", SCOPE)])
                .tokens()
        };
        match kind {
            Kind::Jwt | Kind::Opaque | Kind::ClassicOfUser => of_user().access,
            Kind::Refresh | Kind::ClassicRefresh => of_user().refresh,
            Kind::ClassicOfClient => server.issue(owner, &[("scope", "read")]),
            Kind::Code => self.code(),
            Kind::IdToken => server.redeem(owner, &self.code()).id_token(),
            Kind::MoovAccess => self.moov(owner, "access_token"),
            Kind::MoovRefresh => self.moov(owner, "refresh_token"),
            Kind::WazoToken => self.wazo("token"),
            Kind::WazoRefresh => self.wazo("refresh_token"),
            Kind::Nothing => "353fefa1-d013-4633-a7d3-c6cb574ddc26".into(),
        }
    }

    fn code(&self) -> String {
        let mut browser = self.web.signed_in();
        browser.go(&Request::of("web"), &self.web.user).code()
    }

    fn moov(&self, client: &TestClient, member: &str) -> String {
        let body = json!({ "grant_type": "client_credentials", "scope": "read introspect" });
        let answer = self.json("/oauth2/token", client, &body);
        answer.json()[member].as_str().expect("a token").to_owned()
    }

    fn json(&self, path: &str, client: &TestClient, body: &serde_json::Value) -> Answer {
        let post = self.server().post(path).basic(client);
        post.header("content-type", "application/json")
            .body(body.to_string())
            .send()
    }

    fn wazo(&self, member: &str) -> String {
        let body = json!({ "access_type": "offline", "client_id": "example" });
        let TestUser { name, password } = &self.web.user;
        let user = TestClient::new(name, password);
        let post = self.server().post("/api/auth/0.1/token").basic(&user);
        let told = post.body(body.to_string()).send().json();
        told["data"][member].as_str().expect("a token").to_owned()
    }

    /// Whether the door takes the token; of those that end one, whether it has ended.
    fn takes(&self, door: Door, kind: Kind, token: &str) -> bool {
        let server = self.server();
        let owner = self.owner(kind);
        let is_ended_by = |answer: Answer| {
            assert!(answer.status < 500, "{answer:?}");
            !self.is_live(kind, token)
        };
        let form = |path: &str, parameters: &[(&str, &str)]| {
            server.post(path).basic(owner).form(parameters).send()
        };
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let member = [("token", token)];
        let redeem = [
            ("grant_type", "authorization_code"),
            ("code", token),
            ("redirect_uri", countersign_tests::REDIRECT_URI),
            ("code_verifier", countersign_tests::VERIFIER),
        ];
        let is_told_active = |answer: Answer| answer.json()["active"] == true;
        let is_ok = |answer: Answer| {
            assert!(answer.status < 500, "{answer:?}");
            answer.status == 200
        };
        let opens = |path: &str| {
            let post = server.post(path).bearer(token);
            is_ok(post.form(&[("token", "x")]).send())
        };
        match door {
            Door::Introspect => is_told_active(form("/oauth2/introspect", &member)),
            Door::Revoke => is_ended_by(form("/oauth2/revoke", &member)),
            Door::Refresh => is_ok(form("/oauth2/token", &refresh)),
            Door::Redeem => is_ok(form("/oauth2/token", &redeem)),
            Door::Userinfo => is_ok(server.userinfo(token)),
            Door::BearerOfIntrospection => opens("/oauth2/introspect"),
            Door::MoovRefresh => {
                let body = json!({ "grant_type": "refresh_token", "refresh_token": token });
                is_ok(self.json("/oauth2/token", owner, &body))
            }
            Door::MoovRevoke => {
                is_ended_by(self.json("/oauth2/revoke", owner, &json!({ "token": token })))
            }
            Door::ClassicRefresh => is_ok(form("/token", &refresh)),
            Door::ClassicRedeem => is_ok(form("/token", &redeem)),
            Door::ClassicIntrospect => is_told_active(form("/token/introspect", &member)),
            Door::ClassicRevoke => is_ended_by(form("/token/revoke", &member)),
            Door::BearerOfClassicIntrospection => opens("/token/introspect"),
            Door::WazoAdministration => {
                let get = server.call("GET", "/0.1/users/me/tokens");
                is_ok(get.header("x-auth-token", token).send())
            }
            Door::WazoLook => is_ok(server.get(&format!("/0.1/token/{token}"))),
            Door::WazoCheck => {
                let head = server.call("HEAD", &format!("/0.1/token/{token}")).send();
                assert!(matches!(head.status, 204 | 404), "{head:?}");
                head.status == 204
            }
            Door::WazoCheckScopes => {
                let post = server.post(&format!("/0.1/token/{token}/scopes/check"));
                is_ok(post.body(r#"{"scopes":["auth.users.me.read"]}"#).send())
            }
            Door::WazoDelete => {
                is_ended_by(server.call("DELETE", &format!("/0.1/token/{token}")).send())
            }
            Door::WazoRefresh => {
                let body = json!({ "refresh_token": token, "client_id": "example" });
                is_ok(server.post("/0.1/token").body(body.to_string()).send())
            }
        }
    }

    /// Whether the token is still good at its own door. What never was counts as good: nothing has ended it.
    fn is_live(&self, kind: Kind, token: &str) -> bool {
        let own = match kind {
            Kind::Jwt | Kind::Opaque | Kind::Refresh | Kind::MoovAccess | Kind::MoovRefresh => {
                Door::Introspect
            }
            Kind::ClassicOfUser | Kind::ClassicOfClient | Kind::ClassicRefresh => {
                Door::ClassicIntrospect
            }
            Kind::Code => Door::Redeem,
            Kind::WazoToken => Door::WazoLook,
            Kind::WazoRefresh => Door::WazoRefresh,
            Kind::IdToken | Kind::Nothing => return true,
        };
        self.takes(own, kind, token)
    }
}

#[test]
fn every_kind_of_token_at_every_door_and_exactly_the_documented_cells_are_green() {
    let scene = Scene::new();
    let mut wrong = String::new();
    for kind in KINDS {
        for door in DOORS {
            let token = scene.issue(kind);
            let is_taken = scene.takes(door, kind, &token);
            if is_taken != documented(kind).contains(&door) {
                let _ = writeln!(
                    wrong,
                    "{kind:?} at {door:?}: {}",
                    if is_taken { "taken" } else { "refused" }
                );
            }
        }
    }
    assert_eq!(wrong, "");
}
