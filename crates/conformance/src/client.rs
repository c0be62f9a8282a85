//! A client that exists at the target, as the description tells of it.

use std::fmt;

use serde::Deserialize;

use crate::assertion::KeyFile;
use crate::finding::Finding;

/// How a client authenticates (RFC 7591 §2, OpenID Connect Core §9); `any` may use Basic and the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthMethod {
    #[default]
    ClientSecretBasic,
    ClientSecretPost,
    Any,
    PrivateKeyJwt,
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
    /// What it signs its assertions with.
    #[serde(default)]
    pub(crate) key: Option<KeyFile>,
    /// The assertion that it presents, if it is to be this one.
    #[serde(skip)]
    assertion: Option<String>,
    #[serde(default = "client_credentials")]
    pub(crate) grant_types: Vec<String>,
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
    #[serde(default)]
    pub(crate) resources: Vec<String>,
    /// What it may ask the authorization endpoint for.
    #[serde(default = "code")]
    pub(crate) response_types: Vec<String>,
    #[serde(default)]
    pub(crate) redirect_uris: Vec<String>,
    #[serde(default)]
    pub(crate) post_logout_redirect_uris: Vec<String>,
    #[serde(default)]
    pub(crate) id_token_signed_response_alg: Option<String>,
    #[serde(default)]
    pub(crate) userinfo_signed_response_alg: Option<String>,
    #[serde(default)]
    pub(crate) lifetime_seconds: Option<u64>,
    #[serde(default)]
    pub(crate) idle_seconds: Option<u64>,
}

const OPENID_SCOPES: [&str; 6] = [
    "openid",
    "profile",
    "email",
    "address",
    "phone",
    "offline_access",
];

fn client_credentials() -> Vec<String> {
    vec!["client_credentials".to_owned()]
}

fn code() -> Vec<String> {
    vec!["code".to_owned()]
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

    pub(crate) fn assertion(&self) -> Option<&str> {
        self.assertion.as_deref()
    }

    /// Where it may be answered, with codes or after a logout.
    pub(crate) fn uris(&self) -> impl Iterator<Item = &String> {
        self.redirect_uris
            .iter()
            .chain(&self.post_logout_redirect_uris)
    }

    /// Its scopes that OpenID Connect does not speak of (OpenID Connect Core §5.4, §11).
    pub(crate) fn plain_scopes(&self) -> impl Iterator<Item = &str> {
        let scopes = self.scopes.iter().map(String::as_str);
        scopes.filter(|scope| !OPENID_SCOPES.contains(scope))
    }

    /// All of them, as the parameter `scope` has them.
    pub(crate) fn plain_scope(&self) -> String {
        self.plain_scopes().collect::<Vec<_>>().join(" ")
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

    /// The same client, presenting this assertion each time and not one of its own.
    pub(crate) fn with_assertion(&self, assertion: &str) -> Self {
        Self {
            assertion: Some(assertion.to_owned()),
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
        let sends_secret = matches!(
            method,
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost
        );
        self.auth_method == method || (self.auth_method == AuthMethod::Any && sends_secret)
    }

    /// Whether it may ask for the response type, in whichever order its words stand (RFC 6749 §3.1.1).
    pub(crate) fn has_response_type(&self, response_type: &str) -> bool {
        let wanted = sorted_words(response_type);
        let mut types = self.response_types.iter();
        types.any(|one| sorted_words(one) == wanted)
    }

    pub(crate) fn has_grant(&self, grant_type: &str) -> bool {
        self.grant_types.iter().any(|one| one == grant_type)
    }

    /// The first two of its scopes that OpenID Connect does not speak of, or the reason to skip.
    pub(crate) fn two_scopes(&self) -> Result<[&str; 2], Finding> {
        self.first_two(self.plain_scopes(), "scopes of its own")
    }

    /// Its first two resources, or the reason to skip.
    pub(crate) fn two_resources(&self) -> Result<[&str; 2], Finding> {
        self.first_two(self.resources.iter().map(String::as_str), "resources")
    }

    fn first_two<'a>(
        &self,
        mut list: impl Iterator<Item = &'a str>,
        what: &str,
    ) -> Result<[&'a str; 2], Finding> {
        let (Some(first), Some(second)) = (list.next(), list.next()) else {
            let id = &self.id;
            return Err(Finding::skipped(format!(
                "the client '{id}' has fewer than two {what}"
            )));
        };
        Ok([first, second])
    }
}

/// The words of a response type, in an order of their own.
pub(crate) fn sorted_words(response_type: &str) -> Vec<&str> {
    let mut words: Vec<_> = response_type.split(' ').collect();
    words.sort_unstable();
    words
}
