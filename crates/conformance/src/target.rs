//! The description of a target: what is judged, and the clients and users that the judge may use there.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;
use url::{Host, Url};

use crate::checks;
use crate::client::{AuthMethod, Client};

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
    /// A confidential client has no secret, or a public one has.
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
    #[serde(default)]
    pub(crate) endpoints: Endpoints,
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
    pub(crate) token: Option<Url>,
    pub(crate) introspection: Option<Url>,
    pub(crate) revocation: Option<Url>,
    pub(crate) jwks: Option<Url>,
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

/// The users at the target in whose name the judge may act.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Users {
    /// Gives the password to each client that may take it. A few wrong ones are tried, never many in a row.
    pub(crate) primary: Option<User>,
    /// May be locked out: the password is guessed at.
    pub(crate) guessed: Option<User>,
}

/// A user, as the password grant knows one (RFC 6749 §4.3.2).
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    pub(crate) username: String,
    pub(crate) password: String,
}

impl User {
    /// Username and password.
    pub(crate) fn credentials(&self) -> (&str, &str) {
        (&self.username, &self.password)
    }
}

/// The password stays out of every log.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// What a client is there for. A check names the role that it needs and is skipped without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// Confidential, with the client credentials grant; two scopes and two resources show most.
    Primary,
    /// Another such client.
    Secondary,
    /// Asks about tokens that are meant for its `resources`.
    ResourceServer,
    /// Speaks for another resource, and may not see tokens that are meant for the first one.
    OtherResourceServer,
    /// Id and secret hold `:`, `%`, `+` and a space.
    Special,
    /// Registered for `client_secret_post` only.
    PostOnly,
    /// Registered for `client_secret_basic` only.
    BasicOnly,
    /// Confidential, without the client credentials grant.
    NoClientCredentials,
    /// Public: no secret.
    Public,
    /// Gets opaque access tokens.
    Opaque,
    /// Gets access tokens signed with RS256.
    Rs256,
    /// Gets access tokens that live for `lifetime_seconds` only.
    ShortLived,
    /// Gets tokens that the `bearer_endpoint` takes.
    Bearer,
    /// May be locked out: its secret is guessed at.
    Guessed,
    /// Confidential, with the password and refresh token grants for the users; two scopes and two resources show most.
    /// With the client credentials grant as well, it shows that this one gives no refresh token, and whose `sub` is
    /// whose.
    Password,
    /// Another such client.
    OtherPassword,
    /// Public, with the password and refresh token grants.
    PublicPassword,
    /// Confidential, with the password grant and without the refresh token grant.
    NoRefreshToken,
    /// Like `Password`; its refresh tokens end when they lie unused for `idle_seconds`.
    ShortIdle,
}

impl Role {
    /// The name in the description.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::ResourceServer => "resource_server",
            Self::OtherResourceServer => "other_resource_server",
            Self::Special => "special",
            Self::PostOnly => "post_only",
            Self::BasicOnly => "basic_only",
            Self::NoClientCredentials => "no_client_credentials",
            Self::Public => "public",
            Self::Opaque => "opaque",
            Self::Rs256 => "rs256",
            Self::ShortLived => "short_lived",
            Self::Bearer => "bearer",
            Self::Guessed => "guessed",
            Self::Password => "password",
            Self::OtherPassword => "other_password",
            Self::PublicPassword => "public_password",
            Self::NoRefreshToken => "no_refresh_token",
            Self::ShortIdle => "short_idle",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
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

    /// Reads a description from a file. `ca_file` is taken relative to it.
    pub fn from_file(path: &Path) -> Result<Self, TargetError> {
        let text = std::fs::read_to_string(path).map_err(|source| TargetError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let mut target = Self::from_toml(&text)?;
        if let (Some(ca_file), Some(folder)) = (&mut target.ca_file, path.parent()) {
            *ca_file = folder.join(&ca_file);
        }
        Ok(target)
    }

    fn validate(&self) -> Result<(), TargetError> {
        self.issuer_url()?;
        for (role, client) in &self.clients {
            let public = client.auth_method == AuthMethod::None;
            let problem = match (public, client.secret()) {
                (false, None) => {
                    "client_secret is missing (a public client has auth_method = \"none\")"
                }
                (true, Some(_)) => "a client with auth_method = \"none\" has no client_secret",
                _ => continue,
            };
            return Err(TargetError::Client {
                role: *role,
                problem,
            });
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

    pub(crate) fn client(&self, role: Role) -> Option<&Client> {
        self.clients.get(&role)
    }

    pub(crate) fn users(&self) -> impl Iterator<Item = &User> {
        let Users { primary, guessed } = &self.users;
        [primary, guessed].into_iter().flatten()
    }

    pub(crate) fn clients(&self) -> impl Iterator<Item = &Client> {
        self.clients.values()
    }
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
}
