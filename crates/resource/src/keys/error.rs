//! Why there are no keys.

use std::io;

use countersign_jose::JwkSetError;
use thiserror::Error;

use crate::discovery::DiscoveryError;
use crate::transport::TransportError;

/// Why there are no keys of the issuer. For the log of the operator: nothing of it goes to who presented a token.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the keys at {place}: {reason}")]
#[non_exhaustive]
pub struct KeysError {
    /// Where the keys were looked for: a URL without its query, or a path.
    pub place: String,
    /// What went wrong there.
    pub reason: KeysFailure,
}

/// What went wrong when keys were fetched.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeysFailure {
    /// There is no answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The metadata of the issuer do not lead to its keys.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// The status is neither 200 nor, when asked for what is new, 304. A redirect is not followed.
    #[error("the status is {0}, not 200")]
    Status(u16),
    /// What is there is no JWK set.
    #[error("there is no JWK set: {0}")]
    KeySet(#[from] JwkSetError),
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    File(io::ErrorKind),
    /// The file has more bytes than this, or is no regular file.
    #[error("not a regular file of at most {0} bytes")]
    NotAFile(usize),
    /// Everything together took too long.
    #[error("there are no keys in time")]
    TimedOut,
    /// The runtime that fetched them was shut down meanwhile, or is not driven, or what fetched them panicked.
    #[error("fetching was cut off")]
    Interrupted,
    /// Keys are fetched by a task of tokio, and there is no runtime here.
    #[error("there is no tokio runtime to fetch them")]
    NoRuntime,
    /// There is a JWK set, and no key in it that could verify anything: there is none at all, or all are refused.
    #[error("there is no usable key")]
    NoUsableKey,
    /// They were never fetched, and it is too early to ask.
    #[error("they were not fetched yet")]
    NotFetched,
}
