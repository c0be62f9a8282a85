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

use crate::output::Failure;
use variables::{Variables, number, variable};

/// Variables that are read elsewhere and are no keys of a file.
const NOT_KEYS: &[&str] = &[CONFIG_VARIABLE, "master_key"];
const CONFIG_VARIABLE: &str = "config";

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
    /// What is logged, in the notation of `RUST_LOG`.
    pub(crate) log: String,
    /// What access tokens look like.
    pub(crate) access_token: AccessToken,
    /// How long things live.
    pub(crate) lifetimes: Lifetimes,
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
            log: String::from("info"),
            access_token: AccessToken {
                format: AccessTokenFormat::Jwt,
                algorithm: SigningAlgorithm::default(),
            },
            lifetimes: Lifetimes { access_token: 600 },
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
        let range = |key: &str, value: i64, low: i64, high: i64| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(invalid(format!(
                    "{key} is {value}; it must be between {low} and {high} seconds"
                )))
            }
        };
        range(
            "lifetimes.access_token",
            i64::from(self.lifetimes.access_token),
            1,
            i64::from(ClientSettings::MAX_ACCESS_TOKEN_LIFETIME),
        )?;
        range("cache.max_stale", i64::from(self.cache.max_stale), 1, 3_600)?;
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
