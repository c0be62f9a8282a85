//! The classic dialect, row by row of what the servers of that system do (RULES D1).

mod bad_input;
mod basic;
mod claims;
mod codes;
mod grants;
mod introspection;
mod refresh;
mod refusals;
mod revocation;
mod routes;
mod sample;

use countersign_tests::{Answer, Call, Home, Server, TestClient, TestUser, Tokens, jwt};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};

use crate::scene::ISSUER;

const ON: (&str, &str) = ("COUNTERSIGN_DIALECTS", "classic");
const TOKEN: &str = "/token";
const REVOKE: &str = "/token/revoke";
const INTROSPECT: &str = "/token/introspect";
const PATHS: [&str; 3] = [TOKEN, REVOKE, INTROSPECT];
const SCOPE: &str = "contacts.read contacts.write";
/// In whose words is refused.
const CLASSIC_ERRORS: (&str, &str) = ("COUNTERSIGN_CLASSIC__ERRORS", "classic");
/// See [`CLASSIC_ERRORS`].
const STANDARD_ERRORS: (&str, &str) = ("COUNTERSIGN_CLASSIC__ERRORS", "standard");
const PROFILE: [&str; 2] = ["--token-profile", "classic"];
/// What makes no refresh token good, and says so in the words of that server.
const BAD_REFRESH_TOKEN: (u16, &str, &str) = (
    400,
    "invalid_request",
    "Check the `refresh_token` parameter",
);
/// What an unknown client is told, and one that is not who it says.
const REVOKED: (u16, &str, &str) = (
    401,
    "invalid_client",
    "Client has been revoked or is invalid.",
);

/// A server that speaks the dialect and refuses in its words, a client with classic tokens, and a user.
struct Classic {
    home: Home,
    server: Server,
    client: TestClient,
    user: TestUser,
}

impl Classic {
    fn new() -> Self {
        Self::with(&[], &[])
    }

    /// With arguments for the client and variables for the server.
    fn with(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::at(Home::with_keys(), arguments, variables)
    }

    fn at(home: Home, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let arguments = [&PROFILE, &["--scope", SCOPE], arguments].concat();
        let client = home.add_password_client("app", &arguments);
        let user = home.add_user("alice");
        let variables = [&[ON, CLASSIC_ERRORS], variables].concat();
        let server = home.serve_with(&ISSUER, &variables);
        Self {
            home,
            server,
            client,
            user,
        }
    }

    /// A request with the credentials of this client in the body, which is still to be sent.
    fn calling(&self, client: &TestClient, path: &str, form: &[(&str, &str)]) -> Call {
        let named = [("client_id", &*client.id)];
        let proven = [named[0], ("client_secret", &*client.secret)];
        let credentials: &[_] = if client.secret.is_empty() {
            &named
        } else {
            &proven
        };
        self.server.post(path).form(&[credentials, form].concat())
    }

    /// The answer to a request with the credentials of this client in the body.
    fn ask(&self, client: &TestClient, path: &str, form: &[(&str, &str)]) -> Answer {
        self.calling(client, path, form).send()
    }

    /// The answer of the token endpoint to a request of the client.
    fn token(&self, form: &[(&str, &str)]) -> Answer {
        self.ask(&self.client, TOKEN, form)
    }

    /// The answer to a request for the client itself.
    fn own(&self, more: &[(&str, &str)]) -> Answer {
        self.token(&[&[("grant_type", "client_credentials")], more].concat())
    }

    fn sign_in(&self, more: &[(&str, &str)]) -> Answer {
        self.token(&[&self.user.form(), more].concat())
    }

    fn refresh(&self, client: &TestClient, token: &str, more: &[(&str, &str)]) -> Answer {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.ask(client, TOKEN, &[&form, more].concat())
    }

    fn renewed(&self, token: &str) -> Tokens {
        self.refresh(&self.client, token, &[]).tokens()
    }

    fn introspect(&self, client: &TestClient, form: &[(&str, &str)]) -> Answer {
        self.ask(client, INTROSPECT, form)
    }

    fn is_active(&self, token: &str) -> bool {
        let answer = self.introspect(&self.client, &[("token", token)]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let active = answer.json()["active"].as_bool().expect("a boolean");
        assert!(
            active || answer.text() == r#"{"active":false}"#,
            "{}",
            answer.text()
        );
        active
    }

    /// The answer to a revocation, which is always the same.
    fn revoke(&self, client: &TestClient, form: &[(&str, &str)]) {
        let answer = self.ask(client, REVOKE, form);
        assert_eq!((answer.status, &*answer.text()), (200, "{}"), "{form:?}");
    }

    /// What whoever checks tokens of this audience is given.
    fn secret(&self, resource: Option<&str>) -> String {
        let resource = resource.map(|uri| ["--resource", uri]);
        let resource = resource.as_ref().map_or(&[][..], <[_; 2]>::as_slice);
        let command = [&["key", "classic-secret"], &ISSUER[..], resource].concat();
        let secret = self.home.json(&command)["secret"].clone();
        let secret = secret.as_str().expect("a text").to_owned();
        assert_eq!(secret.len(), 43);
        secret
    }

    /// What a library says that is not ours, and has the secret as the text that it is.
    fn judged(&self, token: &str, resource: Option<&str>) -> jsonwebtoken::errors::Result<Value> {
        judge(token, &self.secret(resource), resource)
    }
}

/// The claims of a token that was signed with HS256 under this text.
#[expect(
    clippy::disallowed_methods,
    reason = "a test program is its own host, and wants another opinion than the one it tests (RULES T4)"
)]
fn judge(token: &str, secret: &str, aud: Option<&str>) -> jsonwebtoken::errors::Result<Value> {
    // Another package may have compiled in a second backend; whichever was set first is as good.
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_required_spec_claims(&["exp"]);
    validation.validate_nbf = true;
    if let Some(aud) = aud {
        validation.set_audience(&[aud]);
    }
    let key = DecodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::decode::<Value>(token, &key, &validation).map(|judged| judged.claims)
}

/// What somebody writes who has the secret: these claims, under the key id of `like`.
#[expect(
    clippy::disallowed_methods,
    reason = "a test program is its own host, and wants another opinion than the one it tests (RULES T4)"
)]
fn forge(like: &str, claims: &Value, secret: &str) -> String {
    // As in `judge`.
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let header = Header {
        kid: Some(jwt::kid(like)),
        ..Header::new(Algorithm::HS256)
    };
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&header, claims, &key).expect("claims can be signed")
}

/// The status, the code and the description of a refusal in the words of that server, whose form is checked on the way.
fn refusal(answer: &Answer) -> (u16, String, String) {
    let told = answer.json();
    let text = |name: &str| told[name].as_str().expect("a text").to_owned();
    assert_eq!(
        names(&told),
        ["error", "error_description", "message", "status"]
    );
    assert_eq!(told["status"], json!(answer.status), "{told}");
    let (message, description) = (text("message"), text("error_description"));
    assert!(message.ends_with(&description), "{told}");
    assert!(
        message == description || message.contains(&format!(": {description}")),
        "{told}"
    );
    // Row 3.4: "no WWW-Authenticate header is ever set".
    assert_eq!(answer.header("www-authenticate"), "", "{told}");
    answer.assert_not_kept();
    (answer.status, text("error"), description)
}

fn assert_refusal(answer: &Answer, expected: (u16, &str, &str), what: &str) {
    let (status, error, description) = refusal(answer);
    assert_eq!((status, &*error, &*description), expected, "{what}");
}

/// The names of the members of an object, in the order of their letters.
fn names(object: &Value) -> Vec<String> {
    let object = object.as_object().expect("an object");
    let mut names: Vec<String> = object.keys().cloned().collect();
    names.sort_unstable();
    names
}
