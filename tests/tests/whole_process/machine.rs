//! A client without a secret: it proves who it is by a key of its own.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use countersign_tests::{Answer, Home, Server};
use serde_json::{Value, json};

use crate::own_key::OwnKey;
use crate::scene::ISSUER;

/// `client_assertion_type`.
pub(crate) const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The name that the service gives itself in these tests.
pub(crate) const AUDIENCE: &str = ISSUER[1];

/// The time, in seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a test program is its own host")]
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.expect("it is after 1970").as_secs()).expect("it is before the end")
}

/// A `jti` that no assertion had before.
pub(crate) fn new_jti() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}", now(), NEXT.fetch_add(1, Ordering::SeqCst))
}

/// What a right assertion says.
pub(crate) fn claims(client_id: &str) -> Value {
    json!({
        "iss": client_id, "sub": client_id, "aud": AUDIENCE, "jti": new_jti(),
        "iat": now(), "exp": now() + 60,
    })
}

/// An assertion that says this, under the key that the `kid` names.
pub(crate) fn signed(key: &OwnKey, kid: &str, claims: &Value) -> String {
    let header = json!({ "alg": "ES256", "typ": "JWT", "kid": kid });
    key.sign(&header.to_string(), &claims.to_string())
}

/// Adds a client that is known by these keys.
pub(crate) fn add_client_with_keys(home: &Home, client_id: &str, keys: &[Value], more: &[&str]) {
    let file = format!("{client_id}.jwks.json");
    let set = json!({ "keys": keys }).to_string();
    fs::write(home.path().join(&file), set).expect("a temporary folder can be written to");
    let added = home.json(&[&["client", "add", client_id, "--jwks", &file], more].concat());
    assert!(added.get("client_secret").is_none(), "{added}");
}

/// A request with an assertion.
pub(crate) fn post(server: &Server, path: &str, assertion: &str, more: &[(&str, &str)]) -> Answer {
    let form = [
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", assertion),
    ];
    server.post(path).form(&[&form[..], more].concat()).send()
}

/// A request for a token.
pub(crate) fn token(server: &Server, assertion: &str) -> Answer {
    let grant = [("grant_type", "client_credentials")];
    post(server, "/oauth2/token", assertion, &grant)
}

/// A server and the client `machine`, whose key is named `k1`.
pub(crate) struct Machine {
    pub(crate) home: Home,
    pub(crate) server: Server,
    pub(crate) key: OwnKey,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let home = Home::with_keys();
        let key = OwnKey::new();
        let scope = ["--scope", "read", "--introspect", "own"];
        add_client_with_keys(&home, "machine", &[key.jwk_named("k1")], &scope);
        let server = home.serve_with(&ISSUER, &[]);
        Self { home, server, key }
    }

    /// A new assertion of the client.
    pub(crate) fn assertion(&self) -> String {
        signed(&self.key, "k1", &claims("machine"))
    }

    /// An assertion that says something else than it should.
    pub(crate) fn with(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut said = claims("machine");
        change(&mut said);
        signed(&self.key, "k1", &said)
    }
}
