//! `countersign client new-key`.
#![expect(
    clippy::doc_markdown,
    reason = "clap shows these comments as they stand"
)]

use std::path::PathBuf;

use clap::Args;
use countersign_core::SigningAlgorithm;
use countersign_jose::{JwkSet, SigningKey, private_key_pem};

use crate::data_dir;
use crate::output::{Failure, Format, print};

#[derive(Debug, Args)]
#[command(
    after_help = "Needs no server and no data folder. The private half (PKCS#8 PEM, for its owner only) stays where the client \
    is; the public half is printed.\n\nExamples:\n  \
    countersign client new-key --out billing.pem > billing.jwks.json\n  \
    countersign client add billing --jwks billing.jwks.json"
)]
pub(crate) struct NewKey {
    /// Where to write the private half; a file that is there is left alone
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// What the key is for: ES256, ES384, RS256, PS256 or EdDSA
    #[arg(long, value_name = "ALG", default_value = "ES256")]
    algorithm: SigningAlgorithm,
}

impl NewKey {
    pub(super) fn run(self) -> Result<(), Failure> {
        let (key, pkcs8) =
            SigningKey::generate(self.algorithm).map_err(|error| Failure::new("key", error))?;
        let failed = |error| Failure::new("key", format!("{}: {error}", self.out.display()));
        data_dir::write_private(&self.out, private_key_pem(&pkcs8).expose()).map_err(failed)?;
        let set = JwkSet {
            keys: vec![key.public_jwk().clone()],
        };
        // For people and programs alike: this is made to be written to a file.
        print(Format::Json, "", &set)
    }
}
