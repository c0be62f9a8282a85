//! A client that exists at the target, as the description tells of it.

use std::fmt;

use serde::Deserialize;

use crate::finding::Finding;

/// How a client authenticates (RFC 7591 §2); `any` may use Basic and the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthMethod {
    #[default]
    ClientSecretBasic,
    ClientSecretPost,
    Any,
    None,
}

/// A client that exists at the target.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Client {
    #[serde(rename = "client_id")]
    id: String,
    #[serde(default, rename = "client_secret")]
    secret: Option<String>,
    #[serde(default)]
    pub(crate) auth_method: AuthMethod,
    #[serde(default = "client_credentials")]
    pub(crate) grant_types: Vec<String>,
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
    #[serde(default)]
    pub(crate) resources: Vec<String>,
    #[serde(default)]
    pub(crate) lifetime_seconds: Option<u64>,
    #[serde(default)]
    pub(crate) idle_seconds: Option<u64>,
}

fn client_credentials() -> Vec<String> {
    vec!["client_credentials".to_owned()]
}

/// The secret stays out of every log.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("client_id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Client {
    pub(crate) fn client_id(&self) -> &str {
        &self.id
    }

    pub(crate) fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }

    /// Id and secret, form-encoded and joined (RFC 6749 §2.3.1).
    pub(crate) fn basic_pair(&self) -> String {
        let encode =
            |part: &str| -> String { form_urlencoded::byte_serialize(part.as_bytes()).collect() };
        format!(
            "{}:{}",
            encode(&self.id),
            encode(self.secret().unwrap_or_default())
        )
    }

    /// The same client with another secret.
    pub(crate) fn with_secret(&self, secret: &str) -> Self {
        Self {
            secret: Some(secret.to_owned()),
            ..self.clone()
        }
    }

    /// The same client, authenticating by `method`, whether it may or not.
    pub(crate) fn via(&self, method: AuthMethod) -> Self {
        Self {
            auth_method: method,
            ..self.clone()
        }
    }

    /// Whether it may authenticate by `method`.
    pub(crate) fn may_use(&self, method: AuthMethod) -> bool {
        self.auth_method == method
            || (self.auth_method == AuthMethod::Any && method != AuthMethod::None)
    }

    /// Its first two scopes, or the reason to skip.
    pub(crate) fn two_scopes(&self) -> Result<[&str; 2], Finding> {
        self.first_two(&self.scopes, "scopes")
    }

    /// Its first two resources, or the reason to skip.
    pub(crate) fn two_resources(&self) -> Result<[&str; 2], Finding> {
        self.first_two(&self.resources, "resources")
    }

    fn first_two<'a>(&self, list: &'a [String], what: &str) -> Result<[&'a str; 2], Finding> {
        let [first, second, ..] = list else {
            let id = &self.id;
            return Err(Finding::skipped(format!(
                "the client '{id}' has fewer than two {what}"
            )));
        };
        Ok([first, second])
    }
}
