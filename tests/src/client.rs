//! Clients of the service under test.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A client that was added, with the secret that it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestClient {
    /// Its id.
    pub id: String,
    /// Its secret; empty if it is a public client.
    pub secret: String,
}

impl TestClient {
    /// The client with this id and secret.
    #[must_use]
    pub fn new(id: &str, secret: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: secret.to_owned(),
        }
    }

    /// A public client: it has no secret.
    #[must_use]
    pub fn public(id: &str) -> Self {
        Self::new(id, "")
    }

    /// The same client, which believes in another secret.
    #[must_use]
    pub fn with_secret(&self, secret: &str) -> Self {
        Self::new(&self.id, secret)
    }

    /// Its credentials in base64, raw: what follows `Basic ` in the header.
    #[must_use]
    pub fn base64(&self) -> String {
        STANDARD.encode(format!("{}:{}", self.id, self.secret))
    }
}
