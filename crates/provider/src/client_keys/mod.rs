//! The public keys of clients: registered inline, or fetched from where they are published.

mod fetch;
mod published;

use std::sync::Arc;

use countersign_core::{ClientSettings, JwkSetDocument};
use countersign_jose::{Algorithm, JwkError, JwkSetError, VerifyingKeys};
use thiserror::Error;

pub use fetch::{FetchError, FetchKeySet, FetchedKeySet};
pub(crate) use published::{KeySets, NoKeys};

/// What RSA keys are for that name no algorithm: the one that every implementation has (RFC 7518 §3.1).
const UNNAMED_RSA: Algorithm = Algorithm::RS256;

/// The keys that are registered for a client; none if it has none, or publishes them. They were judged when they were
/// registered: what cannot be read now proves nothing.
pub(crate) fn registered(settings: &ClientSettings) -> Option<Arc<VerifyingKeys>> {
    let json = settings.jwks.as_ref()?.to_json();
    let (keys, _) = VerifyingKeys::from_json(&json, Some(UNNAMED_RSA)).ok()?;
    Some(Arc::new(keys))
}

/// Why a JWK Set is not taken for the keys of a client.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClientKeysError {
    /// It is no JWK Set.
    #[error("the JWK Set is refused: {0}")]
    Set(#[from] JwkSetError),
    /// One of its keys cannot be what it says it is for.
    #[error("key number {number} of the JWK Set is refused: {reason}")]
    Key {
        /// Where it stands in the set, from 1.
        number: usize,
        /// What is wrong with it.
        reason: JwkError,
    },
    /// None of its keys verifies signatures.
    #[error("no key of the JWK Set is for signatures")]
    NoneForSignatures,
}

/// Judges the keys of a client when they are registered: all that could be used must be good, so that nobody wonders
/// later. Keys for encryption are passed over.
pub(crate) fn check_registered(set: &JwkSetDocument) -> Result<(), ClientKeysError> {
    let (keys, refused) = VerifyingKeys::from_json(&set.to_json(), Some(UNNAMED_RSA))?;
    let is_for_something_else =
        |reason: &JwkError| matches!(reason, JwkError::Use | JwkError::KeyOperations);
    if let Some(refused) = refused
        .into_iter()
        .find(|refused| !is_for_something_else(&refused.reason))
    {
        return Err(ClientKeysError::Key {
            number: refused.index + 1,
            reason: refused.reason,
        });
    }
    if keys.is_empty() {
        return Err(ClientKeysError::NoneForSignatures);
    }
    Ok(())
}
