//! The description of a target: what is judged, and the clients and users that the judge may use there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;
use url::{Host, Position, Url};

use crate::checks;
use crate::client::{AuthMethod, Client};
use crate::pages::Pages;
use crate::role::Role;
use crate::user::Users;

/// Why a description cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is not TOML, or a key is missing, unknown or of the wrong type. The message names the place, and is
    /// free of the text around it, which may be a secret.
    #[error("not a target description: {0}")]
    Malformed(String),
    /// The issuer is no URL that could be asked.
    #[error("issuer '{0}' is not an absolute http or https URL")]
    Issuer(String),
    /// A deviation is declared for a check that does not exist.
    #[error("deviations: there is no check '{0}' (see `countersign-conformance list`)")]
    UnknownDeviation(String),
    /// A client lacks a secret or a key, or has one that it cannot use, or a redirect URI is none.
    #[error("clients.{role}: {problem}")]
    Client {
        /// Where it stands.
        role: Role,
        /// What is wrong.
        problem: &'static str,
    },
}

/// A target: an issuer, clients and users that exist there, and what is known to be different there.
///
/// ```
/// use countersign_conformance::Target;
///
/// let target = Target::from_toml(
///     r#"
///     issuer = "https://as.example"
///
///     [clients.primary]
///     client_id = "judge"
///     client_secret = "correct horse battery staple"
///     scopes = ["read", "write"]
///     "#,
/// )?;
/// assert_eq!(target.issuer(), "https://as.example");
/// # Ok::<(), countersign_conformance::TargetError>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    issuer: String,
    #[serde(default)]
    pub(crate) ca_file: Option<PathBuf>,
    #[serde(default)]
    pub(crate) throttled: bool,
    #[serde(default)]
    pub(crate) introspection_throttled: bool,
    /// How long an authorization code lives.
    #[serde(default)]
    pub(crate) code_lifetime_seconds: Option<u64>,
    #[serde(default)]
    pub(crate) endpoints: Endpoints,
    #[serde(default)]
    pub(crate) pages: Pages,
    #[serde(default)]
    pub(crate) bearer_endpoint: Option<BearerEndpoint>,
    #[serde(default)]
    pub(crate) users: Users,
    #[serde(default)]
    clients: BTreeMap<Role, Client>,
    #[serde(default)]
    deviations: BTreeMap<String, String>,
}

/// Endpoints that the metadata does not name, or that shall be used instead of those it names.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Endpoints {
    pub(crate) metadata: Option<Url>,
    pub(crate) authorization: Option<Url>,
    pub(crate) token: Option<Url>,
    pub(crate) introspection: Option<Url>,
    pub(crate) revocation: Option<Url>,
    pub(crate) jwks: Option<Url>,
    pub(crate) userinfo: Option<Url>,
    pub(crate) end_session: Option<Url>,
}

/// A protected resource that takes access tokens of the client `bearer`, or else `primary`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BearerEndpoint {
    pub(crate) url: Url,
    pub(crate) scope: Option<String>,
    pub(crate) insufficient_scope: Option<String>,
    pub(crate) resource: Option<String>,
    /// What it wants to be sent; with it the resource is asked by POST, without it by GET.
    #[serde(default)]
    pub(crate) form: BTreeMap<String, String>,
}

impl Target {
    /// Reads a description.
    pub fn from_toml(text: &str) -> Result<Self, TargetError> {
        let target: Self = toml::from_str(text).map_err(|error| {
            // The full display quotes the line, and with it perhaps a secret.
            let line = error
                .span()
                .map_or(0, |span| text[..span.start].matches('\n').count() + 1);
            TargetError::Malformed(format!("line {line}: {}", error.message()))
        })?;
        target.validate()?;
        Ok(target)
    }

    /// Reads a description from a file. `ca_file` and the file of a key are taken relative to it.
    pub fn from_file(path: &Path) -> Result<Self, TargetError> {
        let text = std::fs::read_to_string(path).map_err(|source| TargetError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let mut target = Self::from_toml(&text)?;
        if let Some(folder) = path.parent() {
            let keys = target.clients.values_mut();
            let keys = keys.filter_map(|client| Some(&mut client.key.as_mut()?.file));
            for file in target.ca_file.iter_mut().chain(keys) {
                *file = folder.join(&file);
            }
        }
        Ok(target)
    }

    fn validate(&self) -> Result<(), TargetError> {
        self.issuer_url()?;
        for (role, client) in &self.clients {
            if let Some(problem) = problem_of(*role, client) {
                return Err(TargetError::Client {
                    role: *role,
                    problem,
                });
            }
        }
        match self.deviations.keys().find(|id| checks::find(id).is_none()) {
            Some(unknown) => Err(TargetError::UnknownDeviation(unknown.clone())),
            None => Ok(()),
        }
    }

    /// The issuer, byte for byte as described.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The reason for which the target is known to break the check `id`.
    #[must_use]
    pub fn deviation(&self, id: &str) -> Option<&str> {
        self.deviations.get(id).map(String::as_str)
    }

    pub(crate) fn issuer_url(&self) -> Result<Url, TargetError> {
        Url::parse(&self.issuer)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| TargetError::Issuer(self.issuer.clone()))
    }

    /// Whether the target is on this machine, by name or address.
    pub(crate) fn is_loopback(&self) -> bool {
        let Ok(issuer) = self.issuer_url() else {
            return false;
        };
        match issuer.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// Whether a client may be answered at this place, whatever its query and fragment.
    pub(crate) fn registers(&self, url: &Url) -> bool {
        self.clients()
            .flat_map(Client::uris)
            .any(|uri| is_at(url, uri))
    }

    pub(crate) fn client(&self, role: Role) -> Option<&Client> {
        self.clients.get(&role)
    }

    pub(crate) fn clients(&self) -> impl Iterator<Item = &Client> {
        self.clients.values()
    }
}

/// What is wrong with the description of a client.
fn problem_of(role: Role, client: &Client) -> Option<&'static str> {
    let public = client.auth_method == AuthMethod::None;
    let by_key = client.auth_method == AuthMethod::PrivateKeyJwt;
    let is_absolute = |uri: &String| Url::parse(uri).is_ok();
    let problems = [
        (
            by_key != (role == Role::PrivateKey),
            "auth_method = \"private_key_jwt\" is that of [clients.private_key], and of no other client",
        ),
        (
            by_key && client.key.is_none(),
            "key is missing: { file = \"...\" }",
        ),
        (
            !by_key && client.key.is_some(),
            "only a client with auth_method = \"private_key_jwt\" has a key",
        ),
        (
            !by_key && !public && client.secret().is_none(),
            "client_secret is missing (a public client has auth_method = \"none\")",
        ),
        (
            (by_key || public) && client.secret().is_some(),
            "a client with auth_method = \"none\" or \"private_key_jwt\" has no client_secret",
        ),
        (
            !client.uris().all(is_absolute),
            "a redirect URI is not absolute",
        ),
    ];
    let mut problems = problems.into_iter();
    problems.find_map(|(wrong, problem)| wrong.then_some(problem))
}

/// Whether the URL is this redirect URI with further parameters.
pub(crate) fn is_at(url: &Url, redirect_uri: &str) -> bool {
    let Ok(uri) = Url::parse(redirect_uri) else {
        return false;
    };
    let own = uri.query().unwrap_or_default();
    let rest = url.query().unwrap_or_default().strip_prefix(own);
    url[..Position::AfterPath] == uri[..Position::AfterPath]
        && rest.is_some_and(|rest| own.is_empty() || rest.is_empty() || rest.starts_with('&'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faulty_descriptions_are_refused_and_the_place_is_named() {
        let table = [
            ("", "issuer"),
            ("issuer = 1", "line 1"),
            ("issuer = 'as.example'", "absolute"),
            ("issuer = 'ftp://as.example'", "absolute"),
            ("issuer = 'https://a'\nisuer = ''", "isuer"),
            (
                "issuer = 'https://a'\n[clients.primry]\nclient_id = 'a'",
                "primry",
            ),
            (
                "issuer = 'https://a'\n[clients.primary]\nclient_id = 'a'",
                "clients.primary",
            ),
            (
                "issuer = 'https://a'\n[clients.public]\nclient_id = 'a'\nclient_secret = 'b'\nauth_method = 'none'",
                "clients.public",
            ),
            (
                "issuer = 'https://a'\n[clients.web]\nclient_id = 'a'\nclient_secret = 'b'\nredirect_uris = ['/cb']",
                "clients.web: a redirect URI",
            ),
            (
                "issuer = 'https://a'\n[clients.private_key]\nclient_id = 'a'\nauth_method = 'private_key_jwt'",
                "clients.private_key: key is missing",
            ),
            (
                "issuer = 'https://a'\n[clients.private_key]\nclient_id = 'a'\nclient_secret = 'b'",
                "clients.private_key: auth_method",
            ),
            (
                "issuer = 'https://a'\n[clients.private_key]\nclient_id = 'a'\nclient_secret = 'b'\n\
                 auth_method = 'private_key_jwt'\nkey = { file = 'a.pem' }",
                "clients.private_key: a client with",
            ),
            (
                "issuer = 'https://a'\n[clients.web]\nclient_id = 'a'\n\
                 auth_method = 'private_key_jwt'\nkey = { file = 'a.pem' }",
                "clients.web: auth_method",
            ),
            (
                "issuer = 'https://a'\n[clients.web]\nclient_id = 'a'\nclient_secret = 'b'\nkey = { file = 'a.pem' }",
                "clients.web: only a client with",
            ),
            (
                "issuer = 'https://a'\n[users.primary]\nusername = 'a'",
                "password",
            ),
            (
                "issuer = 'https://a'\n[deviations]\nRFC1-1 = 'because'",
                "RFC1-1",
            ),
            (
                "issuer = 'https://a'\n[endpoints]\ntoken = 'nowhere'",
                "line 3",
            ),
        ];
        for (text, told) in table {
            let error = Target::from_toml(text).expect_err(text).to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn a_faulty_description_does_not_print_its_secrets() {
        let text =
            "issuer = 'https://a'\n[clients.primary]\nclient_id = 'a'\nclient_secret = hushhush";
        let error = Target::from_toml(text).expect_err("the secret is not quoted");
        assert!(
            !format!("{error} {error:?}").contains("hushhush"),
            "{error:?}"
        );
        let text = "issuer = 'https://a'\n[clients.primary]\nclient_id = 'a'\nclient_secret = 'hushhush'\n\
                    [users.primary]\nusername = 'a'\npassword = 'hushhush'";
        let target = Target::from_toml(text).expect("it is right");
        assert!(!format!("{target:?}").contains("hushhush"));
    }

    #[test]
    fn files_are_taken_relative_to_the_description() {
        let folder = tempfile::tempdir().expect("there is a temporary folder");
        let path = folder.path().join("target.toml");
        let text = "issuer = 'https://a'\nca_file = 'ca.pem'\n[clients.private_key]\nclient_id = 'a'\n\
                    auth_method = 'private_key_jwt'\nkey = { file = 'a.pem' }";
        std::fs::write(&path, text).expect("it can be written");
        let target = Target::from_file(&path).expect("it is right");
        assert_eq!(target.ca_file, Some(folder.path().join("ca.pem")));
        let key = target
            .client(Role::PrivateKey)
            .and_then(|client| client.key.clone());
        assert_eq!(key.map(|key| key.file), Some(folder.path().join("a.pem")));
    }

    #[test]
    fn loopback_is_recognised_by_name_and_by_address() {
        let table = [
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:1", true),
            ("http://localhost/a", true),
            ("http://127.example", false),
            ("https://as.example", false),
        ];
        for (issuer, loopback) in table {
            let target = Target::from_toml(&format!("issuer = '{issuer}'")).expect("it is right");
            assert_eq!(target.is_loopback(), loopback, "{issuer}");
        }
    }

    #[test]
    fn an_answer_is_at_the_redirect_uri_whose_query_it_keeps() {
        let table = [
            ("https://c/cb?code=1", "https://c/cb", true),
            ("https://c/cb?a=1&code=1", "https://c/cb?a=1", true),
            ("https://c/cb?a=1#code=1", "https://c/cb?a=1", true),
            ("https://c/cb?a=12&code=1", "https://c/cb?a=1", false),
            ("https://c/cb?code=1", "https://c/cb?a=1", false),
            ("https://c/cb/x?code=1", "https://c/cb", false),
            ("https://c:8443/cb?code=1", "https://c/cb", false),
            ("com.example.app:/cb?code=1", "com.example.app:/cb", true),
        ];
        for (url, redirect_uri, expected) in table {
            let url = Url::parse(url).expect("it is a URL");
            assert_eq!(is_at(&url, redirect_uri), expected, "{url} {redirect_uri}");
        }
    }
}
