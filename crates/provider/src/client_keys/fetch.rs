//! How the key sets that clients publish reach this crate, which opens no socket.

use async_trait::async_trait;
use countersign_core::JwksUri;
use thiserror::Error;

/// Fetches the JWK Sets that clients publish under their `jwks_uri`.
///
/// Where a `jwks_uri` leads is said by who registered the client, and in the end by who answers for its name in the DNS.
/// An implementation asks only addresses that it may ask, follows no redirect, and gives up after a few seconds and a
/// few kilobytes (attack classes 40 and 41).
#[async_trait]
pub trait FetchKeySet: Send + Sync {
    /// What is there now.
    async fn fetch(&self, uri: &JwksUri) -> Result<FetchedKeySet, FetchError>;
}

/// A JWK Set as it came over the wire. Nothing of it has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedKeySet {
    /// The body of the answer.
    pub json: Vec<u8>,
    /// Seconds for which the answer may be kept (`max-age` of RFC 9111 §5.2.2.1), if it says.
    pub max_age: Option<u32>,
}

/// Why there is no JWK Set. The texts are for the log of the operator.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The name leads to an address that is not to be asked: of this machine, a private network, or no unicast address.
    #[error(
        "its address is not a public one; to allow it, name its network in jwks_uri.allowed_networks"
    )]
    Forbidden,
    /// The name has no address.
    #[error("its name does not resolve")]
    Unresolved,
    /// There was no connection, or it broke.
    #[error("there is no connection: {0}")]
    Connection(String),
    /// The answer did not come in time.
    #[error("it does not answer in time")]
    TimedOut,
    /// The answer is a redirect, which is not followed.
    #[error("it answers with a redirect ({0}), which is not followed")]
    Redirect(u16),
    /// The answer is not 200.
    #[error("it answers with status {0}")]
    Status(u16),
    /// The answer is too long.
    #[error("its answer has more than {0} bytes")]
    TooLong(usize),
}
