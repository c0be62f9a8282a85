//! Keys between PEM (RFC 7468) and DER.

use countersign_core::Secret;
use pem_rfc7468::LineEnding;
use thiserror::Error;

const BEGIN: &str = "-----BEGIN ";
const PRIVATE_KEY: &str = "PRIVATE KEY";

/// Why a text is not taken as the PEM of a private key, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PemError {
    /// There is no line `-----BEGIN ...-----`.
    #[error("there is no PEM block: give the text from \"-----BEGIN PRIVATE KEY-----\" on")]
    NoBlock,
    /// There is more than one block, such as a key with its certificate.
    #[error("there are several PEM blocks: give the one with the label \"PRIVATE KEY\" alone")]
    SeveralBlocks,
    /// The key is in the older form of its kind (RFC 5915, RFC 8017 §A.1.2), whose label this is.
    #[error(
        "the key has the form {0:?}; convert it: openssl pkcs8 -topk8 -nocrypt -in OLD.pem -out NEW.pem"
    )]
    Traditional(&'static str),
    /// The key is encrypted with a passphrase (RFC 5958 §3).
    #[error(
        "the key is encrypted; decrypt it: openssl pkcs8 -topk8 -nocrypt -in OLD.pem -out NEW.pem"
    )]
    Encrypted,
    /// The block is something else, such as a public key or a certificate.
    #[error("the PEM block is no private key: its label has to be \"PRIVATE KEY\"")]
    NoPrivateKey,
    /// The block is not what RFC 7468 §3 has: lines of 64 characters of base64, and the same label at its end.
    #[error(
        "the PEM block is not well-formed; write it anew: openssl pkcs8 -topk8 -nocrypt -in OLD.pem -out NEW.pem"
    )]
    Malformed,
}

/// The PKCS#8 (DER) in the one block of `text`. Text before the block is ignored (RFC 7468 §2).
pub(crate) fn private_key(text: &str) -> Result<Secret<Vec<u8>>, PemError> {
    let labels = text.lines().filter_map(|line| line.strip_prefix(BEGIN));
    let labels = labels.map(|label| label.trim_end().trim_end_matches('-'));
    // `openssl ecparam -genkey` writes the curve in a block of its own before the key.
    let labels: Vec<&str> = labels.filter(|label| *label != "EC PARAMETERS").collect();
    match labels[..] {
        [] => return Err(PemError::NoBlock),
        [PRIVATE_KEY] => {}
        ["EC PRIVATE KEY"] => return Err(PemError::Traditional("EC PRIVATE KEY")),
        ["RSA PRIVATE KEY"] => return Err(PemError::Traditional("RSA PRIVATE KEY")),
        ["ENCRYPTED PRIVATE KEY"] => return Err(PemError::Encrypted),
        [_] => return Err(PemError::NoPrivateKey),
        _ => return Err(PemError::SeveralBlocks),
    }
    match pem_rfc7468::decode_vec(text.trim().as_bytes()) {
        Ok((PRIVATE_KEY, pkcs8)) => Ok(Secret::new(pkcs8)),
        _ => Err(PemError::Malformed),
    }
}

/// The object identifier of Ed25519 (RFC 8410 §3), and the head of the private key inside of its octet string.
const ED25519_KEY: [u8; 9] = [0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// An Ed25519 key in the first version of PKCS#8, as RFC 8410 §10.3 has it; none if it is no such key.
///
/// The backends write the second version (RFC 5958), which OpenSSL 3 and all that stands on it cannot read.
fn ed25519_v1(pkcs8: &[u8]) -> Option<Secret<Vec<u8>>> {
    let head = pkcs8
        .windows(ED25519_KEY.len())
        .take(16)
        .position(|bytes| bytes == ED25519_KEY)?;
    let key = pkcs8.get(head + ED25519_KEY.len()..)?.get(..32)?;
    let mut v1 = Vec::with_capacity(48);
    v1.extend([0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05]);
    v1.extend(ED25519_KEY);
    v1.extend(key);
    Some(Secret::new(v1))
}

/// A PKCS#8 private key (DER) as PEM with the label `PRIVATE KEY` (RFC 7468 §10): what
/// [`SigningKey::from_pem`](crate::SigningKey::from_pem) reads, and every other tool.
///
/// ```
/// use countersign_jose::{SigningAlgorithm, SigningKey, private_key_pem};
///
/// let (key, pkcs8) = SigningKey::generate(SigningAlgorithm::Es256)?;
/// let pem = private_key_pem(&pkcs8);
/// let (read, _) = SigningKey::from_pem(SigningAlgorithm::Es256, pem.expose())?;
/// assert_eq!(read.id(), key.id());
/// # Ok::<(), countersign_jose::KeyError>(())
/// ```
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "no key is as long as memory")]
pub fn private_key_pem(pkcs8: &Secret<Vec<u8>>) -> Secret<String> {
    let v1 = ed25519_v1(pkcs8.expose());
    let pkcs8 = v1.as_ref().unwrap_or(pkcs8).expose();
    let pem = pem_rfc7468::encode_string(PRIVATE_KEY, LineEnding::LF, pkcs8)
        .expect("encoding fails only where a length is beyond memory");
    Secret::new(pem)
}

/// A `SubjectPublicKeyInfo` (DER) as PEM (RFC 7468 §13).
pub(crate) fn public_key(info: &[u8]) -> String {
    pem_rfc7468::encode_string("PUBLIC KEY", LineEnding::LF, info)
        .expect("encoding fails only where a length is beyond memory")
}
