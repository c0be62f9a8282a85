//! `countersign key`.

use clap::Subcommand;
use countersign_core::{KeyId, KeyPurpose, SigningAlgorithm};
use countersign_provider::{KeyError, KeyStatus};
use serde_json::{Value, json};

use super::Global;
use crate::output::{Failure, print, table};

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// List all keys with their place in life
    #[command(after_help = "Examples:\n  countersign key list")]
    List,
    /// Announce successors; they take over once every verifier has had the time to see them
    #[command(
        after_help = "Examples:\n  countersign key rotate\n      Rotate every key that signs or seals tokens.\n  \
        countersign key rotate --algorithm ES256\n      Rotate one signing key."
    )]
    Rotate {
        /// Rotate only the signing key of this algorithm
        #[arg(long, value_name = "ALG")]
        algorithm: Option<SigningAlgorithm>,
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
}

impl KeyCommand {
    pub(crate) async fn run(self, global: &Global) -> Result<(), Failure> {
        let opened = global.provider().await?;
        let provider = &opened.provider;
        match self {
            Self::List => {}
            Self::Rotate { algorithm } => {
                let rotated = KeyPurpose::ALL
                    .into_iter()
                    .filter(|purpose| match algorithm {
                        Some(algorithm) => *purpose == KeyPurpose::Signing(algorithm),
                        None => *purpose != KeyPurpose::ClientSecrets,
                    });
                for purpose in rotated {
                    provider.rotate_key(purpose).await.map_err(failed)?;
                }
            }
            Self::Revoke { kid } => provider.revoke_key(&kid).await.map_err(failed)?,
        }
        let keys = provider.key_status();
        let rows: Vec<Vec<String>> = keys.iter().map(row).collect();
        let text = table(&["KEY", "PURPOSE", "PHASE", "ACTIVE FROM"], &rows);
        print(
            global.format(),
            &text,
            &keys.iter().map(describe).collect::<Vec<_>>(),
        )
    }
}

fn failed(error: KeyError) -> Failure {
    let code = match error {
        KeyError::Unknown(_) => "unknown_key",
        KeyError::Store(_) => "storage",
        _ => "keys",
    };
    Failure::new(code, error)
}

fn row(key: &KeyStatus) -> Vec<String> {
    vec![
        key.id.to_string(),
        key.purpose.to_string(),
        key.phase.name().to_owned(),
        key.active_from.to_string(),
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
