//! The administration of the wazo dialect: one test for each row of what that system does, named after it.

mod bad_input;
mod bodies;
mod door;
mod lists;
mod passwords;
mod policies;
mod refresh_tokens;
mod sessions;
mod users;

use countersign_tests::{Answer, Home, Input, Server, TestClient, TestUser};
use serde_json::{Value, json};

/// What switches the dialect on.
const DIALECTS: &[(&str, &str)] = &[("COUNTERSIGN_DIALECTS", "wazo")];

/// The password of everybody who is added here.
const PASSWORD: &str = "correct horse battery staple";

/// An id that nobody has.
const NOBODY: &str = "0197a3c2-0000-7000-8000-000000000000";

/// A server that speaks the dialect, and its first administrator.
struct Scene {
    home: Home,
    server: Server,
    /// Whose access is `#`.
    root: Token,
}

/// A token, and whose it is.
struct Token {
    text: String,
    user: String,
    session: String,
}

impl Scene {
    /// The first administrator has a policy by the command line: nobody else could give one.
    fn new() -> Self {
        let home = Home::with_keys();
        let root = home.add_user("root");
        for arguments in [
            &["wazo", "policy", "add", "everything", "--acl", "#"][..],
            &["wazo", "policy", "assign", "everything", "root"],
        ] {
            let input = Input {
                variables: DIALECTS,
                ..Input::default()
            };
            let done = home.run_with(arguments, input);
            let _ = done.succeeded();
        }
        // With an issuer that is not loopback there is no demo user.
        let server = home.serve_with(&["--issuer", "https://as.example"], DIALECTS);
        let root = sign_in(&server, &root, &json!({}));
        Self { home, server, root }
    }

    /// A user who has nothing but what everybody has, and a token of that user.
    fn add(&self, name: &str) -> Token {
        let body = json!({ "username": name, "password": PASSWORD });
        let _ = self.ok("POST", "/users", &body);
        self.sign_in(name)
    }

    /// A user who has beside this access, and a token of that user.
    fn add_with(&self, name: &str, acl: &[&str]) -> Token {
        let policy = self.ok("POST", "/policies", &json!({ "name": name, "acl": acl }));
        let body = json!({ "username": name, "password": PASSWORD });
        let user = self.ok("POST", "/users", &body);
        self.done(
            "PUT",
            &format!("/users/{}/policies/{}", uuid(&user), uuid(&policy)),
        );
        self.sign_in(name)
    }

    fn sign_in(&self, name: &str) -> Token {
        sign_in(&self.server, &TestUser::new(name, PASSWORD), &json!({}))
    }

    /// A token with a refresh token of this program. Gives that as well.
    fn sign_in_offline(&self, name: &str, app: &str) -> (Token, String) {
        let body = json!({ "access_type": "offline", "client_id": app });
        let data = data(&self.server, &TestUser::new(name, PASSWORD), &body);
        let refresh = data["refresh_token"].as_str().expect("a text").to_owned();
        (Token::read(&data), refresh)
    }

    /// Whether somebody with this refresh token gets a token.
    fn refreshes(&self, refresh_token: &str, app: &str) -> bool {
        let body = json!({ "refresh_token": refresh_token, "client_id": app });
        let post = self.server.post("/0.1/token").body(body.to_string());
        is_so(&post.send(), 200, 401)
    }

    /// Whether the token is live, and gives this access.
    fn allows(&self, token: &Token, access: &str) -> bool {
        let path = format!("/0.1/token/{}?scope={access}", token.text);
        is_so(&self.server.call("HEAD", &path).send(), 204, 403)
    }

    fn is_live(&self, token: &Token) -> bool {
        let path = format!("/0.1/token/{}", token.text);
        is_so(&self.server.get(&path), 200, 404)
    }

    /// A request of somebody, below the mount; `null` is no body at all.
    fn send_as(&self, token: &Token, method: &str, path: &str, body: &Value) -> Answer {
        let call = self.server.call(method, &format!("/0.1{path}"));
        let call = call.header("x-auth-token", &token.text);
        match body {
            Value::Null => call.send(),
            body => call.body(body.to_string()).send(),
        }
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send_as(&self.root, method, path, body)
    }

    /// What is answered to the administrator, with 200.
    fn ok(&self, method: &str, path: &str, body: &Value) -> Value {
        ok(&self.send(method, path, body))
    }

    fn get(&self, path: &str) -> Value {
        self.ok("GET", path, &Value::Null)
    }

    /// What the administrator does, without anything to say.
    fn done(&self, method: &str, path: &str) {
        done(&self.send(method, path, &Value::Null));
    }
}

impl Token {
    fn read(data: &Value) -> Self {
        let text = |name: &str| data[name].as_str().expect("a text").to_owned();
        Self {
            text: text("token"),
            user: text("auth_id"),
            session: text("session_uuid"),
        }
    }
}

fn sign_in(server: &Server, user: &TestUser, body: &Value) -> Token {
    Token::read(&data(server, user, body))
}

fn data(server: &Server, user: &TestUser, body: &Value) -> Value {
    let basic = TestClient::new(&user.name, &user.password);
    let post = server.post("/0.1/token").basic(&basic);
    ok(&post.body(body.to_string()).send())["data"].clone()
}

fn ok(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.assert_not_kept();
    answer.json()
}

fn done(answer: &Answer) {
    assert_eq!(answer.status, 204, "{}", answer.text());
    assert_eq!(answer.text(), "");
}

fn uuid(value: &Value) -> &str {
    value["uuid"].as_str().expect("a text")
}

/// The answer to a question that is answered by one of two statuses.
fn is_so(answer: &Answer, yes: u16, no: u16) -> bool {
    assert!([yes, no].contains(&answer.status), "{}", answer.text());
    answer.status == yes
}

/// The values that the entries of a list have under one name.
fn column(list: &Value, name: &str) -> Vec<String> {
    let items = list["items"].as_array().expect("a list").iter();
    items
        .map(|item| item[name].as_str().expect("a text").to_owned())
        .collect()
}

/// The status, `error_id` and details of a refusal in the body of the newer half of that system, whose form is checked.
fn api_refusal(answer: &Answer) -> (u16, String, Value) {
    let told = answer.json();
    let mut names: Vec<&str> = told
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    names.retain(|name| *name != "resource");
    assert_eq!(
        names,
        ["details", "error_id", "message", "timestamp"],
        "{told}"
    );
    assert!(
        told["timestamp"].is_f64() && told["details"].is_object(),
        "{told}"
    );
    assert!(
        told["message"].as_str().is_some_and(|it| !it.is_empty()),
        "{told}"
    );
    answer.assert_not_kept();
    let error_id = told["error_id"].as_str().expect("a text").to_owned();
    (answer.status, error_id, told["details"].clone())
}

/// The status and the reason of a refusal in the body of the older half of that system, whose form is checked.
fn legacy_refusal(answer: &Answer) -> (u16, String) {
    let told = answer.json();
    let names: Vec<&str> = told
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(names, ["reason", "status_code", "timestamp"], "{told}");
    assert_eq!(told["status_code"], answer.status, "{told}");
    assert!(told["timestamp"][0].is_f64(), "{told}");
    answer.assert_not_kept();
    let reason = told["reason"][0].as_str().expect("a text").to_owned();
    (answer.status, reason)
}
