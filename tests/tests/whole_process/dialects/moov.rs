//! The moov dialect, row by row of what the servers of that system do (RULES D3).

mod marks;
mod refusals;
mod requests;

use countersign_tests::{Answer, Call, Home, Server, TestClient};
use serde_json::{Value, json};

use crate::scene::ISSUER;

const ON: (&str, &str) = ("COUNTERSIGN_DIALECTS", "moov");
const TOKEN: &str = "/oauth2/token";
const REVOKE: &str = "/oauth2/revoke";
const SCOPE: &str = "/accounts.read /accounts.write";
/// What a client is that speaks this dialect.
const MACHINE: [&str; 6] = [
    "--grant-type",
    "client_credentials",
    "--grant-type",
    "refresh_token",
    "--scope",
    SCOPE,
];

/// A server that speaks the dialect, and a client.
struct Moov {
    home: Home,
    server: Server,
    client: TestClient,
}

impl Moov {
    fn new() -> Self {
        Self::with(&[])
    }

    /// With variables for the server.
    fn with(variables: &[(&str, &str)]) -> Self {
        Self::at(Home::with_keys(), variables)
    }

    fn at(home: Home, variables: &[(&str, &str)]) -> Self {
        let client = home.add_client("machine", &MACHINE);
        Self::of(home, client, &ISSUER, variables)
    }

    /// With a client that was added before.
    fn of(home: Home, client: TestClient, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let server = home.serve_with(arguments, &[&[ON], variables].concat());
        Self {
            home,
            server,
            client,
        }
    }

    /// A JSON request, which is still to be sent.
    fn json(&self, path: &str, body: &impl ToString) -> Call {
        let call = self.server.post(path);
        call.header("content-type", "application/json")
            .header("accept", "application/json")
            .body(body.to_string())
    }

    /// These members with the client's credentials among them.
    fn post(&self, path: &str, members: &Value) -> Answer {
        marked(
            self.json(path, &with_credentials(&self.client, members))
                .send(),
        )
    }

    fn create(&self, scope: &str) -> Answer {
        let members = json!({"grant_type": "client_credentials", "scope": scope});
        self.post(TOKEN, &members)
    }

    fn refresh(&self, token: &str) -> Answer {
        let members = json!({"grant_type": "refresh_token", "refresh_token": token});
        self.post(TOKEN, &members)
    }

    fn revoke(&self, token: &str) -> Answer {
        self.post(REVOKE, &json!({"token": token}))
    }

    fn is_active(&self, token: &str) -> bool {
        self.server.is_active(&self.client, token)
    }
}

fn with_credentials(client: &TestClient, members: &Value) -> Value {
    let mut body = json!({"client_id": client.id, "client_secret": client.secret});
    let more = members.as_object().expect("an object").clone();
    body.as_object_mut().expect("an object").extend(more);
    body
}

/// The answer, which carries what every answer of the dialect carries.
fn marked(answer: Answer) -> Answer {
    let id = answer.header("x-request-id");
    let parts: Vec<usize> = id.split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12], "{id}: {answer:?}");
    let version = answer.header("x-moov-version");
    assert_eq!(version.is_empty(), answer.status == 404, "{answer:?}");
    if answer.status == 204 {
        assert_eq!(
            (answer.text(), answer.header("content-type")),
            Default::default()
        );
    } else {
        assert!(answer.json().is_object());
    }
    answer.assert_not_kept();
    answer
}

/// The answer is 422 for this member.
fn assert_member(answer: &Answer, name: &str, what: &str) {
    assert_eq!(answer.status, 422, "{what}: {}", answer.text());
    let told = answer.json();
    let members = told.as_object().expect("an object");
    assert_eq!(members.keys().collect::<Vec<_>>(), [name], "{what}: {told}");
    assert!(members[name].is_string(), "{what}: {told}");
}
