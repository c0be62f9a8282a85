//! Configuration: flag beats variable beats file beats default. Unknown keys are errors that name the nearest known one.

mod check;
mod dialects;
mod keys;
mod show;
mod variables;

use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::error::Kind;
use figment::providers::{Format as _, Serialized, Toml};
use figment::{Figment, Source};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::output::Failure;
pub(crate) use dialects::Dialect;
pub(crate) use keys::Config;
use variables::{Variables, variable};

/// Variables that are read elsewhere and are no keys of a file.
const NOT_KEYS: &[&str] = &[CONFIG_VARIABLE, "master_key"];
const CONFIG_VARIABLE: &str = "config";

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
}

fn invalid(message: impl std::fmt::Display) -> Failure {
    Failure::new("configuration", format!("configuration: {message}"))
}

/// The keys with their defaults.
fn defaults() -> Map<String, Value> {
    match serde_json::to_value(Config::default()) {
        Ok(Value::Object(keys)) => keys,
        _ => Map::new(),
    }
}

/// The nested key whose parts are joined by one underscore in `name`, as in `moov_expires_in`.
fn nested(name: &str) -> Option<[String; 2]> {
    let mut sections = defaults().into_iter();
    sections.find_map(|(section, keys)| {
        let key = name.strip_prefix(&section)?.strip_prefix('_')?;
        let is_known = keys.as_object()?.contains_key(key);
        is_known.then(|| [section, key.to_owned()])
    })
}

/// Whether a top-level key of this name is a section; none if there is no such key.
fn is_section(name: &str) -> Option<bool> {
    defaults().get(name).map(Value::is_object)
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
            let nearest = known.iter().max_by(|a, b| {
                strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name))
            });
            let meant = if let Some(key) = nested(name).filter(|_| parents.is_empty()) {
                Some(spell(&key.iter().map(String::as_str).collect::<Vec<_>>()))
            } else if is_section(name) == Some(false) {
                // In a file, what stands below a [section] belongs to it.
                let key = spell(&[name.as_str()]);
                return invalid(format!(
                    "{place}{} is not a known key; {key} stands above the first [section]",
                    with(name.as_str())
                ));
            } else {
                nearest.map(|nearest| with(nearest))
            };
            let meant = meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
            format!("{} is not a known key{meant}", with(name.as_str()))
        }
        kind if path.is_empty() => kind.to_string(),
        kind => format!("{}: {kind}", spell(&path)),
    };
    invalid(format!("{place}{message}"))
}
