//! Configuration: flag beats variable beats file beats default. Unknown keys are errors that name the nearest known one.

mod variables;

use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use countersign_core::{AccessTokenFormat, ClientSettings, SigningAlgorithm};
use figment::error::Kind;
use figment::providers::{Format as _, Serialized, Toml};
use figment::{Figment, Source};
use serde::{Deserialize, Serialize};

use crate::http::TrustedProxy;
use crate::output::Failure;
use variables::{Variables, list, number, variable};

/// Variables that are read elsewhere and are no keys of a file.
const NOT_KEYS: &[&str] = &[CONFIG_VARIABLE, "master_key"];
const CONFIG_VARIABLE: &str = "config";

/// The longest life of an authorization code, in seconds: RFC 6749 §4.1.2, "A maximum authorization code lifetime of 10
/// minutes is RECOMMENDED."
const LONGEST_CODE: u32 = 600;

/// The longest life of an ID token, in seconds: one day, for which keys are kept.
const LONGEST_ID_TOKEN: u32 = ClientSettings::MAX_ACCESS_TOKEN_LIFETIME;

/// The longest life of a session, in seconds: 400 days, for which browsers keep a cookie at most.
const LONGEST_SESSION: u32 = 400 * 86_400;

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
    pub(crate) trusted_proxies: Vec<TrustedProxy>,
    /// What is logged, in the notation of `RUST_LOG`.
    pub(crate) log: String,
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
    /// How those are slowed down who guess.
    pub(crate) throttle: Throttle,
    /// What is kept in memory.
    pub(crate) cache: Cache,
    /// How secrets that people chose are hashed.
    pub(crate) hashing: Hashing,
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
            log: String::from("info"),
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
            throttle: Throttle {
                account_failures: 20,
                address_failures: 100,
                window: 300,
                max_delay: 60,
            },
            cache: Cache { max_stale: 300 },
            hashing: Hashing { workers: 2 },
        }
    }
}

/// What flags say; they beat everything else.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Flags {
    /// `--data-dir`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data_dir: Option<PathBuf>,
    /// `--listen`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) listen: Option<SocketAddr>,
    /// `--issuer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<String>,
}

impl Config {
    /// Puts the configuration together from its four sources.
    pub(crate) fn load(file: Option<&Path>, flags: &Flags) -> Result<Self, Failure> {
        let file = file
            .map(Path::to_owned)
            .or_else(|| env::var_os(variable(&[CONFIG_VARIABLE])).map(PathBuf::from));
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            figment = figment.merge(Toml::file_exact(file));
        }
        let config: Self = figment
            .merge(Variables(NOT_KEYS))
            .merge(Serialized::defaults(flags))
            .extract()
            .map_err(|error| explain(&error))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), Failure> {
        let longest_refresh = ClientSettings::MAX_REFRESH_TOKEN_LIFETIME;
        for (key, value, low, high) in [
            (
                "lifetimes.access_token",
                self.lifetimes.access_token,
                1,
                ClientSettings::MAX_ACCESS_TOKEN_LIFETIME,
            ),
            (
                "lifetimes.refresh_token",
                self.lifetimes.refresh_token,
                1,
                longest_refresh,
            ),
            (
                "lifetimes.refresh_token_idle",
                self.lifetimes.refresh_token_idle,
                1,
                longest_refresh,
            ),
            (
                "lifetimes.authorization_code",
                self.lifetimes.authorization_code,
                1,
                LONGEST_CODE,
            ),
            (
                "lifetimes.id_token",
                self.lifetimes.id_token,
                1,
                LONGEST_ID_TOKEN,
            ),
            (
                "lifetimes.session",
                self.lifetimes.session,
                1,
                LONGEST_SESSION,
            ),
            (
                "lifetimes.session_idle",
                self.lifetimes.session_idle,
                1,
                LONGEST_SESSION,
            ),
            (
                "refresh.retry_window",
                self.refresh.retry_window,
                0,
                ClientSettings::MAX_RETRY_WINDOW,
            ),
            ("throttle.window", self.throttle.window, 1, 3_600),
            ("throttle.max_delay", self.throttle.max_delay, 1, 3_600),
            ("cache.max_stale", self.cache.max_stale, 1, 3_600),
        ] {
            if !(low..=high).contains(&value) {
                return Err(invalid(format!(
                    "{key} is {value}; it must be between {low} and {high} seconds"
                )));
            }
        }
        for (key, value, low, high) in [
            ("keys.rotation_days", self.keys.rotation_days, 0, 3_650),
            ("refresh.max_grants", self.refresh.max_grants, 1, 10_000),
            (
                "sessions.max_per_user",
                self.sessions.max_per_user,
                1,
                10_000,
            ),
        ] {
            if !(low..=high).contains(&value) {
                return Err(invalid(format!(
                    "{key} is {value}; it must be between {low} and {high}"
                )));
            }
        }
        let (idle, whole) = (self.lifetimes.session_idle, self.lifetimes.session);
        if idle > whole {
            return Err(invalid(format!(
                "lifetimes.session_idle is {idle}, which is longer than lifetimes.session, {whole}; make one of them fit"
            )));
        }
        if !(1..=64).contains(&self.hashing.workers) {
            return Err(invalid("hashing.workers must be between 1 and 64"));
        }
        Ok(())
    }
}

fn invalid(message: impl std::fmt::Display) -> Failure {
    Failure::new("configuration", format!("configuration: {message}"))
}

/// Says where the wrong key stands, what is wrong with it, and what was probably meant.
fn explain(error: &figment::Error) -> Failure {
    let from_env = error
        .metadata
        .as_ref()
        .is_some_and(|metadata| metadata.source.is_none());
    let place = match error
        .metadata
        .as_ref()
        .and_then(|metadata| metadata.source.as_ref())
    {
        Some(Source::File(path)) => format!("{}: ", path.display()),
        _ => String::new(),
    };
    let spell = |parts: &[&str]| {
        if from_env {
            variable(parts)
        } else {
            parts.join(".")
        }
    };
    let path: Vec<&str> = error.path.iter().map(String::as_str).collect();
    let message = match &error.kind {
        Kind::UnknownField(name, known) => {
            let parents = path.strip_suffix(&[name.as_str()]).unwrap_or(&path);
            let with = |last| spell(&[parents, &[last]].concat());
            let nearest = known
                .iter()
                .max_by(|a, b| {
                    strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name))
                })
                .map_or_else(String::new, |nearest| {
                    format!("; did you mean {}?", with(nearest))
                });
            format!("{} is not a known key{nearest}", with(name.as_str()))
        }
        kind if path.is_empty() => kind.to_string(),
        kind => format!("{}: {kind}", spell(&path)),
    };
    invalid(format!("{place}{message}"))
}
