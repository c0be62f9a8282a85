//! `countersign client new-key` and `countersign client public-key`: key pairs of clients, which no server ever sees whole.
#![expect(
    clippy::doc_markdown,
    reason = "clap shows these comments as they stand"
)]

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use countersign_core::SigningAlgorithm;
use countersign_jose::{JwkSet, KeyError, SigningKey, private_key_pem};

use crate::cli::secret_input;
use crate::data_dir;
use crate::output::{Failure, Format, print};

/// More than any key has.
const MAX_PEM_BYTES: usize = 64 * 1024;

#[derive(Debug, Args)]
#[command(
    after_help = "Needs no server and no data folder. The private half (PKCS#8 PEM, for its owner only) stays where the client \
    is; the public half is what the server has to know.\n\nExamples:\n  \
    countersign client new-key --out billing.pem --jwks billing.jwks.json\n  \
    countersign client add billing --jwks billing.jwks.json"
)]
pub(crate) struct NewKey {
    /// Where to write the private half; a file that is there is left alone
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where to write the JWK Set with the public half [unless set: to standard output]
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// What the key is for: ES256, ES384, RS256, PS256 or EdDSA
    #[arg(long, value_name = "ALG", default_value = "ES256")]
    algorithm: SigningAlgorithm,
}

#[derive(Debug, Args)]
#[command(after_help = "Needs no server and no data folder.\n\nExamples:\n  \
    countersign client public-key billing.pem > billing.jwks.json\n  \
    countersign client public-key old-rsa.pem --algorithm PS256")]
pub(crate) struct PublicKey {
    /// The private key, as PEM (PKCS#8)
    file: PathBuf,
    /// What the key is for [unless set: the one algorithm of its kind, and RS256 for RSA]
    #[arg(long, value_name = "ALG")]
    algorithm: Option<SigningAlgorithm>,
}

impl NewKey {
    pub(super) fn run(self) -> Result<(), Failure> {
        let (key, pkcs8) =
            SigningKey::generate(self.algorithm).map_err(|error| Failure::new("key", error))?;
        let out = &self.out;
        data_dir::write_private(out, private_key_pem(&pkcs8).expose()).map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                let text = format!(
                    "{out} is there already, and is left alone; for its public half: countersign client public-key {out}",
                    out = out.display()
                );
                return Failure::new("key", text);
            }
            let _removed = fs::remove_file(out);
            failed(out, &error)
        })?;
        let set = set_of(&key);
        let Some(jwks) = &self.jwks else {
            // For people and programs alike: this is made to be written to a file.
            return print(Format::Json, "", &set);
        };
        let written = serde_json::to_string_pretty(&set)
            .map_err(io::Error::other)
            .and_then(|json| write_new(jwks, &format!("{json}\n")));
        // A key of which nobody knows the public half would only be in the way.
        written.map_err(|error| {
            let _removed = fs::remove_file(out);
            if error.kind() == io::ErrorKind::AlreadyExists {
                let text = "it is there already, and is left alone; name another file";
                return failed(jwks, &text);
            }
            let _removed = fs::remove_file(jwks);
            failed(jwks, &error)
        })
    }
}

impl PublicKey {
    pub(super) fn run(self) -> Result<(), Failure> {
        let file = File::open(&self.file).map_err(|error| failed(&self.file, &error))?;
        let pem = secret_input::read("key", file, MAX_PEM_BYTES)?;
        let wanted = self.algorithm.unwrap_or_default();
        let key = match SigningKey::from_pem(wanted, pem.expose()) {
            // Of a kind that leaves nothing to choose, unless it was chosen.
            Err(KeyError::AnotherAlgorithm { found, .. }) if self.algorithm.is_none() => {
                SigningKey::from_pem(found, pem.expose())
            }
            read => read,
        };
        let (key, _) = key.map_err(|error| failed(&self.file, &error))?;
        print(Format::Json, "", &set_of(&key))
    }
}

fn set_of(key: &SigningKey) -> JwkSet {
    JwkSet {
        keys: vec![key.public_jwk().clone()],
    }
}

fn failed(file: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new("key", format!("{}: {error}", file.display()))
}

/// Writes a file that was not there.
fn write_new(file: &Path, text: &str) -> io::Result<()> {
    let mut written = File::create_new(file)?;
    io::Write::write_all(&mut written, text.as_bytes())
}
