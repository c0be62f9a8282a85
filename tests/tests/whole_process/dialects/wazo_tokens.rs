//! The wazo dialect, tokens: sections 4.1, 4.2, 4.3, 4.5 and 4.7 of what the seed systems do, and RULES D2.

mod guarded;
mod limits;
mod looked_up;
mod refreshed;
mod scopes;
mod seed;
mod signed_in;

use countersign_tests::{Answer, Call, Home, Input, Server, TestClient, TestUser};
use serde_json::{Value, json};

/// Where the dialect stands.
const BASE: &str = "/0.1";

/// The dialect is switched on.
const ON: (&str, &str) = ("COUNTERSIGN_DIALECTS", "wazo");

/// A UUID that is nobody's.
const NOBODYS: &str = "2f3d8d3e-7a0b-4d6c-9d3e-2b1f6a5c4d3e";

/// The password of every user who is not given another.
const PASSWORD: &str = "correct horse battery staple";

/// A server that speaks the dialect, and a user.
struct Wazo {
    home: Home,
    server: Server,
    user: TestUser,
}

impl Wazo {
    fn new() -> Self {
        Self::with(&[])
    }

    /// With further variables for the server.
    fn with(variables: &[(&str, &str)]) -> Self {
        let home = Home::with_keys();
        let user = home.add_user("alice");
        let server = home.serve_with(&[], &[&[ON], variables].concat());
        Self { home, server, user }
    }

    /// Adds a user, with arguments.
    fn add(&self, name: &str, arguments: &[&str]) -> TestUser {
        self.add_with_password(name, PASSWORD, arguments)
    }

    fn add_with_password(&self, name: &str, password: &str, arguments: &[&str]) -> TestUser {
        let fixed = ["--json", "user", "add", name, "--password-stdin"];
        let stdin = Some(password.as_bytes());
        let input = Input {
            stdin,
            ..Input::default()
        };
        let _ = self
            .home
            .run_with(&[&fixed, arguments].concat(), input)
            .json();
        TestUser::new(name, password)
    }

    /// A request for a token, which is still to be sent.
    fn asking(&self, body: &Value) -> Call {
        let post = self.server.post(&format!("{BASE}/token"));
        post.body(body.to_string())
    }

    /// The answer to a user who wants a token.
    fn sign_in_as(&self, user: &TestUser, body: &Value) -> Answer {
        let named = TestClient::new(&user.name, &user.password);
        self.asking(body).basic(&named).send()
    }

    fn sign_in(&self, body: &Value) -> Answer {
        self.sign_in_as(&self.user, body)
    }

    /// What is told of a new token.
    fn data(&self, body: &Value) -> Value {
        data(&self.sign_in(body))
    }

    /// A new token.
    fn token(&self) -> String {
        text(&self.data(&json!({})), "token")
    }

    /// A new refresh token for the program `example`.
    fn refresh_token(&self) -> String {
        text(&self.data(&offline("example")), "refresh_token")
    }

    /// The answer to a program with a refresh token.
    fn refresh(&self, refresh_token: &str, client_id: &str) -> Answer {
        let body = json!({ "refresh_token": refresh_token, "client_id": client_id });
        self.asking(&body).send()
    }

    /// Asks about a token.
    fn ask(&self, method: &str, token_and_query: &str) -> Answer {
        let path = format!("{BASE}/token/{token_and_query}");
        self.server.call(method, &path).send()
    }

    fn is_live(&self, token: &str) -> bool {
        let status = self.ask("HEAD", token).status;
        assert!(matches!(status, 204 | 404), "{status}");
        status == 204
    }

    /// Which of the scopes the token has.
    fn check_scopes(&self, token: &str, body: &Value) -> Answer {
        let path = format!("{BASE}/token/{token}/scopes/check");
        self.server.post(&path).body(body.to_string()).send()
    }
}

fn offline(client_id: &str) -> Value {
    json!({ "access_type": "offline", "client_id": client_id })
}

/// What is told of a token.
fn data(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.assert_not_kept();
    answer.json()["data"].clone()
}

fn text(object: &Value, name: &str) -> String {
    let member = object[name].as_str();
    assert!(member.is_some(), "no {name}: {object}");
    member.unwrap_or_default().to_owned()
}

/// The names of all members, in the order of the alphabet.
fn names(object: &Value) -> Vec<&str> {
    let members = object.as_object().expect("an object");
    let mut names: Vec<&str> = members.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// Seconds from the issuing of a token to its end.
fn lifetime(data: &Value) -> u64 {
    let between = |from: &str, to: &str| seconds(&text(data, to)) - seconds(&text(data, from));
    let lifetime = between("issued_at", "expires_at");
    assert_eq!(between("utc_issued_at", "utc_expires_at"), lifetime);
    lifetime
}

/// Seconds since the year 0, of a time in the one form that there is.
fn seconds(time: &str) -> u64 {
    let digits: String = time
        .chars()
        .map(|it| if it.is_ascii_digit() { '0' } else { it })
        .collect();
    assert_eq!(digits, "0000-00-00T00:00:00.000000", "{time}");
    assert!(time.ends_with(".000000"), "{time}");
    let part = |from: usize, to: usize| time[from..to].parse::<u64>().expect("digits");
    let (year, month, day) = (part(0, 4), part(5, 7), part(8, 10));
    // March is the first month of a year whose last day is the leap day.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    ((days * 24 + part(11, 13)) * 60 + part(14, 16)) * 60 + part(17, 19)
}

/// The status and the message of a refusal in the older of the two bodies, whose form is checked on the way.
fn legacy(answer: &Answer) -> (u16, String) {
    let told = answer.json();
    assert_eq!(names(&told), ["reason", "status_code", "timestamp"]);
    assert_eq!(told["status_code"].as_u64(), Some(answer.status.into()));
    for list in ["reason", "timestamp"] {
        assert_eq!(told[list].as_array().map(Vec::len), Some(1), "{told}");
    }
    assert!(told["timestamp"][0].is_f64(), "{told}");
    answer.assert_not_kept();
    (answer.status, text(&json!({ "0": told["reason"][0] }), "0"))
}

fn assert_legacy(answer: &Answer, status: u16, message: &str, what: &str) {
    assert_eq!(legacy(answer), (status, message.to_owned()), "{what}");
}

/// 400, with a message that names `field`.
fn assert_names(answer: &Answer, field: &str, what: &str) {
    let (status, message) = legacy(answer);
    assert_eq!(status, 400, "{what}: {message}");
    assert!(message.contains(&format!("'{field}'")), "{what}: {message}");
}

/// The same for every sign-in that fails, whatever is wrong with it.
fn assert_failed(answer: &Answer, what: &str) {
    assert_legacy(answer, 401, "Authentication Failed", what);
}
