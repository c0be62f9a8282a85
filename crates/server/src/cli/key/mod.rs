//! `countersign key`.
#![expect(
    clippy::doc_markdown,
    reason = "clap shows these comments as they stand"
)]

mod classic_secret;

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use countersign_core::{KeyId, KeyPurpose, Secret, SigningAlgorithm, Timestamp};
use countersign_provider::{KeyError, KeyPhase, KeyStatus, Provider};
use serde_json::{Value, json};

use super::{Global, secret_input};
use crate::output::{Failure, Format, date, print, table};

/// More than any key has, in bytes.
const MAX_PEM_BYTES: usize = 64 * 1024;

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// List all keys with their place in life
    #[command(after_help = "Examples:\n  countersign key list")]
    List,
    /// Announce successors; they take over once every verifier has had the time to see them
    #[command(
        after_help = "Examples:\n  countersign key rotate\n      Rotate every key that signs or seals tokens, but for that \
        of classic tokens.\n  \
        countersign key rotate --algorithm ES256\n      Rotate one signing key.\n  \
        countersign key rotate --purpose mac:classic-tokens\n\n\
        The key of classic tokens is rotated only if it is named, and never by itself: those who check such tokens share \
        a secret with the server and cannot look up the next one, so they must be given it first, with: countersign key \
        classic-secret --key KID"
    )]
    Rotate {
        /// Rotate only the signing key of this algorithm
        #[arg(long, value_name = "ALG")]
        algorithm: Option<SigningAlgorithm>,
        /// Rotate only the key of this purpose, as `key list` names it
        #[arg(long, value_name = "PURPOSE", conflicts_with = "algorithm")]
        purpose: Option<KeyPurpose>,
    },
    /// End a compromised key at once, with every token that it made
    #[command(
        after_help = "Examples:\n  countersign key list\n  countersign key revoke 7hgJS0avQ_j_X2L_QZu1bxRKt_s5gvx5uGsx_nA9hO4"
    )]
    Revoke {
        /// The key
        // One key id in 64 begins with a dash, and this is a command for bad days.
        #[arg(allow_hyphen_values = true)]
        kid: KeyId,
    },
    /// Take in a signing key that was made elsewhere; it takes over once every verifier has had the time to see it
    Import(Import),
    /// Print the public keys, for those who check tokens
    ExportPublic(ExportPublic),
    /// Print the secret with which classic tokens are checked, for those who check them
    ClassicSecret(classic_secret::ClassicSecret),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | \\\n    \
        countersign key import --algorithm ES256\n  \
    countersign key import --algorithm RS256 --file old-signing-key.pem")]
pub(crate) struct Import {
    /// What the key signs with: ES256, ES384, RS256, PS256 or EdDSA
    #[arg(long, value_name = "ALG")]
    algorithm: SigningAlgorithm,
    /// The file with the private key in PKCS#8 PEM; without it, or with -, standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign key export-public > jwks.json\n      \
    The JWK Set as the server publishes it.\n  \
    countersign key export-public 7hgJS0avQ_j_X2L_QZu1bxRKt_s5gvx5uGsx_nA9hO4 --format pem")]
pub(crate) struct ExportPublic {
    /// Only this signing key
    #[arg(allow_hyphen_values = true, required_if_eq("format", "pem"))]
    kid: Option<KeyId>,
    /// How it is written
    #[arg(long, value_name = "FORMAT", default_value = "jwks")]
    format: PublicFormat,
}

/// How public keys are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PublicFormat {
    /// A JWK Set (RFC 7517)
    Jwks,
    /// SubjectPublicKeyInfo in PEM (RFC 7468)
    Pem,
}

impl KeyCommand {
    pub(crate) async fn run(self, global: &Global) -> Result<(), Failure> {
        match self {
            Self::List => {
                let keys = global.provider().await?.provider.key_status();
                list(global.format(), "", &keys)
            }
            Self::Rotate { algorithm, purpose } => {
                rotate(global, algorithm.map(KeyPurpose::Signing).or(purpose)).await
            }
            Self::Revoke { kid } => revoke(global, &kid).await,
            Self::Import(import) => import.run(global).await,
            Self::ExportPublic(export) => export.run(global).await,
            Self::ClassicSecret(secret) => secret.run(global).await,
        }
    }
}

/// Rotates the key of one purpose, or every key that may be rotated without anybody being told before.
async fn rotate(global: &Global, only: Option<KeyPurpose>) -> Result<(), Failure> {
    let provider = global.provider().await?.provider;
    let is_rotated = |purpose: &KeyPurpose| match only {
        Some(only) => *purpose == only,
        None => !matches!(
            purpose,
            KeyPurpose::ClientSecrets | KeyPurpose::ClassicTokens
        ),
    };
    for purpose in KeyPurpose::ALL.into_iter().filter(is_rotated) {
        provider.rotate_key(purpose).await.map_err(failed)?;
    }
    let keys = provider.key_status();
    let announced: Vec<&KeyStatus> = keys
        .iter()
        .filter(|key| key.phase == KeyPhase::Announced && is_rotated(&key.purpose))
        .collect();
    // Some may have been announced before.
    let from: BTreeSet<Timestamp> = announced.iter().map(|key| key.active_from).collect();
    let from: Vec<String> = from.into_iter().map(date).collect();
    let classic = announced
        .iter()
        .find(|key| key.purpose == KeyPurpose::ClassicTokens);
    let first = classic.map_or_else(String::new, |key| {
        format!(
            "\nThose who check classic tokens need the new secret before that: countersign key classic-secret --key {}",
            key.id
        )
    });
    let said = format!(
        "Successors announced; they take over at {}.{first}",
        from.join(", ")
    );
    list(global.format(), &said, &keys)
}

async fn revoke(global: &Global, kid: &KeyId) -> Result<(), Failure> {
    let provider = global.provider().await?.provider;
    provider.revoke_key(kid).await.map_err(failed)?;
    let keys = provider.key_status();
    let revoked = keys.iter().find(|key| key.id == *kid);
    let active = keys.iter().find(|key| {
        key.phase == KeyPhase::Active && revoked.is_some_and(|it| it.purpose == key.purpose)
    });
    let said = match active {
        Some(active) => format!("Key {kid} revoked; {} is active.", active.id),
        None => format!("Key {kid} revoked."),
    };
    list(global.format(), &said, &keys)
}

/// Lists `keys`; for people, behind what is `said` about them.
fn list(format: Format, said: &str, keys: &[KeyStatus]) -> Result<(), Failure> {
    let rows: Vec<Vec<String>> = keys.iter().map(row).collect();
    let table = table(&["KEY", "PURPOSE", "PHASE", "ACTIVE FROM"], &rows);
    let text = format!("{said}\n\n{table}");
    print(
        format,
        text.trim_start(),
        &keys.iter().map(describe).collect::<Vec<_>>(),
    )
}

impl Import {
    async fn run(self, global: &Global) -> Result<(), Failure> {
        let pem = self.read()?;
        let provider = global.new_provider().await?.provider;
        let kid = provider.import_key(self.algorithm, &pem).await;
        let kid = kid.map_err(failed)?;
        let key = provider.key_status().into_iter().find(|key| key.id == kid);
        let key = key.ok_or_else(|| failed(KeyError::Unknown(kid)))?;
        let text = format!(
            "Key {} imported. It is published within a second, and signs {} tokens from {} on ({} seconds from now).",
            key.id,
            self.algorithm,
            date(key.active_from),
            key.active_from.since(key.created_at)
        );
        print(global.format(), &text, &describe(&key))
    }

    fn read(&self) -> Result<Secret<String>, Failure> {
        match self.file.as_deref() {
            Some(file) if file.as_os_str() != "-" => {
                let failed = |error| Failure::new("key", format!("{}: {error}", file.display()));
                secret_input::read("key", File::open(file).map_err(failed)?, MAX_PEM_BYTES)
            }
            _ => secret_input::read("key", io::stdin().lock(), MAX_PEM_BYTES),
        }
    }
}

impl ExportPublic {
    async fn run(self, global: &Global) -> Result<(), Failure> {
        let provider = global.provider().await?.provider;
        match (self.format, self.kid) {
            (PublicFormat::Pem, Some(kid)) => {
                let pem = provider.public_key_pem(&kid);
                let pem = pem.ok_or_else(|| no_public_key(&provider, &kid))?;
                print(global.format(), &pem, &json!({ "kid": kid, "pem": pem }))
            }
            (_, kid) => {
                let mut set = provider.jwks();
                if let Some(kid) = kid {
                    set.keys
                        .retain(|key| key.common.key_id.as_deref() == Some(kid.as_str()));
                    if set.keys.is_empty() {
                        return Err(no_public_key(&provider, &kid));
                    }
                }
                // For people and programs alike: this is made to be written to a file.
                print(Format::Json, "", &set)
            }
        }
    }
}

/// Why nobody gets a public key of this name.
fn no_public_key(provider: &Provider, kid: &KeyId) -> Failure {
    let keys = provider.key_status();
    let why = match keys.iter().find(|key| key.id == *kid) {
        None => return failed(KeyError::Unknown(kid.clone())),
        Some(key) if !matches!(key.purpose, KeyPurpose::Signing(_)) => {
            format!(
                "is for {}: only signing keys have a public key",
                key.purpose
            )
        }
        Some(key) => format!("is {} and no longer published", key.phase.name()),
    };
    Failure::new(
        "no_public_key",
        format!("the key {kid} {why}; see: countersign key list"),
    )
}

fn failed(error: KeyError) -> Failure {
    let code = match error {
        KeyError::Unknown(_) => "unknown_key",
        KeyError::Store(error) => return error.into(),
        KeyError::Known(_) => "known_key",
        KeyError::Crypto(_) => "invalid_key",
        _ => "keys",
    };
    Failure::new(code, error)
}

fn row(key: &KeyStatus) -> Vec<String> {
    vec![
        key.id.to_string(),
        key.purpose.to_string(),
        key.phase.name().to_owned(),
        date(key.active_from),
    ]
}

fn describe(key: &KeyStatus) -> Value {
    json!({
        "kid": key.id,
        "purpose": key.purpose.name(),
        "phase": key.phase.name(),
        "created_at": key.created_at,
        "active_from": key.active_from,
    })
}
