//! The keys of the configuration, and their defaults.

use std::net::SocketAddr;
use std::path::PathBuf;

use countersign_core::{AccessTokenFormat, AuthMethod, SigningAlgorithm};
use serde::{Deserialize, Serialize};

use super::dialects::{Classic, Dialect, Moov, Wazo};
use super::variables::{list, number, switch};
use crate::network::Network;

/// Everything that can be configured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The URL that names this service in tokens. Without it, a development set-up on loopback.
    pub(crate) issuer: Option<String>,
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// The folder for the database and the master key.
    pub(crate) data_dir: PathBuf,
    /// The proxies whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "list")]
    pub(crate) trusted_proxies: Vec<Network>,
    /// Whether only what RFC 9700 recommends is offered.
    #[serde(deserialize_with = "switch")]
    pub(crate) strict: bool,
    /// How clients may authenticate.
    #[serde(deserialize_with = "list")]
    pub(crate) client_auth_methods: Vec<AuthMethod>,
    /// What is logged, in the notation of `RUST_LOG`.
    pub(crate) log: String,
    /// The dialects that are switched on.
    #[serde(deserialize_with = "list")]
    pub(crate) dialects: Vec<Dialect>,
    /// What access tokens look like.
    pub(crate) access_token: AccessToken,
    /// How long things live.
    pub(crate) lifetimes: Lifetimes,
    /// How refresh tokens are used.
    pub(crate) refresh: Refresh,
    /// How users stay signed in.
    pub(crate) sessions: Sessions,
    /// How keys follow each other.
    pub(crate) keys: Keys,
    /// How the keys are fetched that clients publish.
    pub(crate) jwks_uri: JwksUri,
    /// How those are slowed down who guess.
    pub(crate) throttle: Throttle,
    /// What is kept in memory.
    pub(crate) cache: Cache,
    /// How secrets that people chose are hashed.
    pub(crate) hashing: Hashing,
    /// The moov dialect.
    pub(crate) moov: Moov,
    /// Classic tokens, and their dialect.
    pub(crate) classic: Classic,
    /// The wazo dialect.
    pub(crate) wazo: Wazo,
}

/// What access tokens look like where the client does not say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessToken {
    /// `jwt` or `opaque`.
    pub(crate) format: AccessTokenFormat,
    /// `ES256`, `ES384`, `RS256`, `PS256` or `EdDSA`.
    pub(crate) algorithm: SigningAlgorithm,
}

/// How long things live, in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lifetimes {
    /// Access tokens.
    #[serde(deserialize_with = "number")]
    pub(crate) access_token: u32,
    /// Grants with a refresh token, whatever happens.
    #[serde(deserialize_with = "number")]
    pub(crate) refresh_token: u32,
    /// Refresh tokens that lie unused.
    #[serde(deserialize_with = "number")]
    pub(crate) refresh_token_idle: u32,
    /// Authorization codes.
    #[serde(deserialize_with = "number")]
    pub(crate) authorization_code: u32,
    /// ID tokens.
    #[serde(deserialize_with = "number")]
    pub(crate) id_token: u32,
    /// Sessions, whatever happens.
    #[serde(deserialize_with = "number")]
    pub(crate) session: u32,
    /// Sessions that lie idle.
    #[serde(deserialize_with = "number")]
    pub(crate) session_idle: u32,
}

/// How refresh tokens are used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    /// Seconds in which the token before the current one may be tried again; 0 for never.
    #[serde(deserialize_with = "number")]
    pub(crate) retry_window: u32,
    /// The most grants that one user may have with one client.
    #[serde(deserialize_with = "number")]
    pub(crate) max_grants: u32,
}

/// How users stay signed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sessions {
    /// The most sessions that one user may have.
    #[serde(deserialize_with = "number")]
    pub(crate) max_per_user: u32,
}

/// How keys follow each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keys {
    /// Days after which a key gets a successor; 0 for never.
    #[serde(deserialize_with = "number")]
    pub(crate) rotation_days: u32,
}

/// How the keys are fetched that clients publish under their `jwks_uri`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JwksUri {
    /// The networks that may be asked although they are not public.
    #[serde(deserialize_with = "list")]
    pub(crate) allowed_networks: Vec<Network>,
}

/// How those are slowed down who guess.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Throttle {
    /// Failures of one account or client that are free.
    #[serde(deserialize_with = "number")]
    pub(crate) account_failures: u32,
    /// Failures from one address that are free.
    #[serde(deserialize_with = "number")]
    pub(crate) address_failures: u32,
    /// Seconds in which they are counted.
    #[serde(deserialize_with = "number")]
    pub(crate) window: u32,
    /// The longest delay after a failure, in seconds.
    #[serde(deserialize_with = "number")]
    pub(crate) max_delay: u32,
}

/// What is kept in memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cache {
    /// Seconds for which clients and keys are used while storage does not answer.
    #[serde(deserialize_with = "number")]
    pub(crate) max_stale: u32,
}

/// How secrets that people chose are hashed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hashing {
    /// How many hashes are made at the same time.
    #[serde(deserialize_with = "number")]
    pub(crate) workers: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            issuer: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data_dir: PathBuf::from("./countersign-data"),
            trusted_proxies: Vec::new(),
            strict: false,
            client_auth_methods: vec![
                AuthMethod::ClientSecretBasic,
                AuthMethod::ClientSecretPost,
                AuthMethod::PrivateKeyJwt,
                AuthMethod::None,
            ],
            log: String::from("info"),
            dialects: Vec::new(),
            access_token: AccessToken {
                format: AccessTokenFormat::Jwt,
                algorithm: SigningAlgorithm::default(),
            },
            lifetimes: Lifetimes {
                access_token: 600,
                refresh_token: 365 * 86_400,
                refresh_token_idle: 30 * 86_400,
                authorization_code: 60,
                id_token: 3_600,
                session: 14 * 86_400,
                session_idle: 12 * 3_600,
            },
            refresh: Refresh {
                retry_window: 30,
                max_grants: 100,
            },
            sessions: Sessions { max_per_user: 100 },
            keys: Keys { rotation_days: 90 },
            jwks_uri: JwksUri {
                allowed_networks: Vec::new(),
            },
            throttle: Throttle {
                account_failures: 20,
                address_failures: 100,
                window: 300,
                max_delay: 60,
            },
            cache: Cache { max_stale: 300 },
            hashing: Hashing { workers: 2 },
            moov: Moov::default(),
            classic: Classic::default(),
            wazo: Wazo::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;

    /// The keys with their defaults, as the manual writes them.
    fn defaults(value: &Value, key: &str, found: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let separator = if key.is_empty() { "" } else { "." };
                    defaults(value, &format!("{key}{separator}{name}"), found);
                }
            }
            Value::String(text) => {
                found.insert(key.to_owned(), text.clone());
            }
            // What is not set has a default that is told in words.
            Value::Null => {
                found.insert(key.to_owned(), "http://".to_owned());
            }
            other => {
                found.insert(key.to_owned(), other.to_string());
            }
        }
    }

    #[test]
    fn the_manual_has_each_key_with_its_default() {
        let mut expected = BTreeMap::new();
        let config = serde_json::to_value(Config::default()).unwrap();
        defaults(&config, "", &mut expected);
        let page = include_str!("../../../../docs/configuration.md");
        let row = |line: &str| {
            let mut cells = line.strip_prefix("| `")?.split('`');
            let (key, default) = (cells.next()?, cells.nth(1)?);
            Some((key.to_owned(), default.to_owned()))
        };
        let told: BTreeMap<String, String> = page.lines().filter_map(row).collect();
        assert_eq!(told, expected);
    }
}
