//! A running server.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};

use reqwest::Method;
use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use serde_json::Value;

use crate::watch::Watch;
use crate::{
    Answer, Call, Finished, PATIENCE, REDIRECT_URI, TestClient, TestUser, VERIFIER, eventually,
};

/// The token endpoint, below the issuer.
const TOKEN: &str = "/oauth2/token";
/// The introspection endpoint, below the issuer.
const INTROSPECT: &str = "/oauth2/introspect";
/// The revocation endpoint, below the issuer.
const REVOKE: &str = "/oauth2/revoke";
/// The userinfo endpoint, below the issuer.
const USERINFO: &str = "/userinfo";

/// A running `countersign serve`. It is killed when this is dropped; a panic in it fails the test.
#[derive(Debug)]
pub struct Server {
    child: Child,
    stdout: Watch,
    stderr: Watch,
    http: Client,
    /// Where it listens.
    pub address: SocketAddr,
    /// The name that it gives itself.
    pub issuer: String,
    /// What it says at its start with `--json`; null if it speaks to people.
    pub document: Value,
}

impl Server {
    /// Starts `command`, which is `serve --json`, and waits until it answers.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        Self::try_start(command).unwrap_or_else(|ended| panic!("serve ended: {ended:#?}"))
    }

    /// The same, unless the server refuses to start: then what it said.
    pub fn try_start(command: &mut Command) -> Result<Self, Finished> {
        let mut server = Self::spawn(command);
        let document: Value = server.until(|stdout| serde_json::from_str(stdout).ok())?;
        let text = |name: &str| document[name].as_str().expect("a text").to_owned();
        server.address = text("listen").parse().expect("an address and a port");
        server.issuer = text("issuer");
        server.document = document;
        Ok(server)
    }

    /// Starts `command`, which is `serve` for people, and waits until it has said all that it says. Gives that as well.
    #[must_use]
    pub fn start_for_people(command: &mut Command) -> (Self, String) {
        let mut server = Self::spawn(command);
        let said = server.until(|stdout| {
            let whole = stdout.contains("Ctrl-C") && stdout.ends_with('\n');
            whole.then(|| stdout.to_owned())
        });
        let said = said.unwrap_or_else(|ended| panic!("serve ended: {ended:#?}"));
        let words: Vec<&str> = said.lines().next().unwrap_or_default().split(' ').collect();
        let [
            "Countersign",
            "is",
            "listening",
            "on",
            address,
            "as",
            issuer,
        ] = words[..]
        else {
            panic!("no greeting: {said}");
        };
        server.address = address.parse().expect("an address and a port");
        issuer.clone_into(&mut server.issuer);
        (server, said)
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let stdout = Watch::begin(child.stdout.take().expect("it is piped"));
        let stderr = Watch::begin(child.stderr.take().expect("it is piped"));
        let http = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .timeout(PATIENCE)
            .build()
            .expect("a plain HTTP client");
        Self {
            child,
            stdout,
            stderr,
            http,
            address: SocketAddr::from(([0; 4], 0)),
            issuer: String::new(),
            document: Value::Null,
        }
    }

    /// Waits until `read` finds in standard output what it looks for, or the server ends.
    fn until<T>(&mut self, read: impl Fn(&str) -> Option<T>) -> Result<T, Finished> {
        let found = eventually(PATIENCE, || match read(&self.stdout.text()) {
            Some(found) => Some(Ok(found)),
            None => self.try_wait().map(Err),
        });
        match found {
            Some(Ok(found)) => Ok(found),
            Some(Err(status)) => Err(Finished {
                code: status.code(),
                stdout: self.stdout.whole(),
                stderr: self.stderr.whole(),
            }),
            None => panic!("serve says nothing\n{}", self.stderr.text()),
        }
    }

    /// Everything that it has logged so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// A request. The path is sent as it is.
    #[must_use]
    pub fn call(&self, method: &str, path: &str) -> Call {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        Call::new(
            self.http
                .request(method, format!("http://{}{path}", self.address)),
        )
    }

    /// A POST request.
    #[must_use]
    pub fn post(&self, path: &str) -> Call {
        self.call("POST", path)
    }

    /// The answer to a GET request.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send()
    }

    /// A connection, for what no HTTP library sends.
    #[must_use]
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }

    /// What the server answers to these bytes, up to the end of the connection.
    #[must_use]
    pub fn raw(&self, request: &[u8]) -> String {
        let mut stream = self.connect();
        // It may close its ear before it has heard everything; what counts is what it says.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let mut buffer = [0; 8 * 1024];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            answer.extend_from_slice(&buffer[..count]);
        }
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Asks for a token with `client_credentials` and Basic.
    #[must_use]
    pub fn token(&self, client: &TestClient, more: &[(&str, &str)]) -> Answer {
        let form = [&[("grant_type", "client_credentials")], more].concat();
        self.post(TOKEN).basic(client).form(&form).send()
    }

    /// An access token.
    #[must_use]
    pub fn issue(&self, client: &TestClient, more: &[(&str, &str)]) -> String {
        self.token(client, more).access_token()
    }

    /// Signs a user in with the password grant and Basic.
    #[must_use]
    pub fn sign_in(&self, client: &TestClient, user: &TestUser, more: &[(&str, &str)]) -> Answer {
        let form = [&user.form(), more].concat();
        self.post(TOKEN).basic(client).form(&form).send()
    }

    /// The redemption of a code that was asked for with [`REDIRECT_URI`] and the challenge of [`VERIFIER`].
    #[must_use]
    pub fn redeem(&self, client: &TestClient, code: &str) -> Answer {
        let more = [("redirect_uri", REDIRECT_URI), ("code_verifier", VERIFIER)];
        self.redeeming(client, code, &more).send()
    }

    /// The redemption of a code, which is still to be sent; a public client names itself.
    #[must_use]
    pub fn redeeming(&self, client: &TestClient, code: &str, more: &[(&str, &str)]) -> Call {
        let form = [("grant_type", "authorization_code"), ("code", code)];
        let form = [&form, more].concat();
        let post = self.post(TOKEN);
        if client.secret.is_empty() {
            return post.form(&[&form[..], &[("client_id", &client.id)]].concat());
        }
        post.basic(client).form(&form)
    }

    /// What the userinfo endpoint tells whoever has this access token.
    #[must_use]
    pub fn userinfo(&self, token: &str) -> Answer {
        self.call("GET", USERINFO).bearer(token).send()
    }

    /// A refresh with Basic, which is still to be sent.
    #[must_use]
    pub fn refreshing(&self, client: &TestClient, token: &str, more: &[(&str, &str)]) -> Call {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let form = [&form, more].concat();
        self.post(TOKEN).basic(client).form(&form)
    }

    /// Refreshes with Basic.
    #[must_use]
    pub fn refresh(&self, client: &TestClient, token: &str) -> Answer {
        self.refreshing(client, token, &[]).send()
    }

    /// Asks about a token with Basic.
    #[must_use]
    pub fn introspect(&self, caller: &TestClient, token: &str) -> Answer {
        let form = [("token", token)];
        self.post(INTROSPECT).basic(caller).form(&form).send()
    }

    /// Whether the introspection endpoint tells `caller` that the token is active; the form of a "no" is checked.
    #[must_use]
    pub fn is_active(&self, caller: &TestClient, token: &str) -> bool {
        let answer = self.introspect(caller, token);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let active = answer.json()["active"].as_bool().expect("a boolean");
        // RFC 7662 §2.2: nothing more about an inactive token.
        assert!(
            active || answer.text() == r#"{"active":false}"#,
            "{}",
            answer.text()
        );
        active
    }

    /// A revocation with Basic, which is still to be sent.
    #[must_use]
    pub fn revoking(&self, client: &TestClient, token: &str) -> Call {
        let form = [("token", token)];
        self.post(REVOKE).basic(client).form(&form)
    }

    /// Asks for the end of a token with Basic.
    #[must_use]
    pub fn revoke(&self, client: &TestClient, token: &str) -> Answer {
        self.revoking(client, token).send()
    }

    /// The key ids in the JWKS.
    #[must_use]
    pub fn published_kids(&self) -> Vec<String> {
        let set = self.get("/oauth2/jwks").json();
        let keys = set["keys"].as_array().expect("an array").iter();
        keys.map(|key| key["kid"].as_str().expect("a kid").to_owned())
            .collect()
    }

    /// Asks it to stop (SIGTERM).
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Kills it (SIGKILL) while others may still be talking to it. [`Server::kill`] waits for its end.
    pub fn strike(&self) {
        self.signal("KILL");
    }

    fn signal(&self, name: &str) {
        // There is no safe call for a signal in std; the shell has one built in.
        let script = format!("kill -{name} \"$0\"");
        let status = Command::new("sh")
            .args(["-c", &script, &self.child.id().to_string()])
            .status()
            .expect("there is a shell");
        assert!(status.success(), "SIG{name} cannot be sent");
    }

    /// Kills it (SIGKILL) and waits for its end.
    pub fn kill(&mut self) {
        self.child.kill().expect("an own child can be killed");
        self.child.wait().expect("an own child can be waited for");
    }

    /// Asks it to stop (SIGTERM), and waits until it has brought everything home.
    pub fn stop(mut self) {
        self.terminate();
        let ended = eventually(PATIENCE, || self.try_wait());
        let ended = ended.expect("the server ends");
        assert_eq!(ended.code(), Some(0), "{}", self.stderr.whole());
    }

    /// How it ended, if it has.
    pub fn try_wait(&mut self) -> Option<ExitStatus> {
        self.child
            .try_wait()
            .expect("an own child can be waited for")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = self.stderr.whole();
        if !std::thread::panicking() {
            assert!(!log.contains("panicked"), "the server has panicked: {log}");
        }
    }
}
