//! The keys of one issuer, wherever they come from.

mod error;
mod fetched;
mod flight;
mod freshness;
mod source;

use std::sync::Arc;

use countersign_core::{Clock, Timestamp};
use countersign_jose::remote_key_set::FetchRules;
use countersign_jose::{Algorithm, VerifyingKeys};

pub use self::error::{KeysError, KeysFailure};
use self::fetched::FetchedKeys;
pub(crate) use self::source::Source;
use crate::BuildError;

/// The keys of one issuer.
pub(crate) enum Keys {
    /// Those that were given, for good.
    Given(Arc<VerifyingKeys>),
    /// Those that the issuer publishes.
    Fetched(FetchedKeys),
}

impl Keys {
    /// The keys of this JWK set; those that are not understood are passed over (RFC 7517 §5).
    pub(crate) fn given(json: &[u8], unnamed_rsa: Algorithm) -> Result<Self, BuildError> {
        let (keys, refused) = VerifyingKeys::from_json(json, Some(unnamed_rsa))?;
        if keys.is_empty() {
            return Err(BuildError::NoUsableKey(refused));
        }
        Ok(Self::Given(Arc::new(keys)))
    }

    /// The keys that are published there. Nothing is fetched yet.
    pub(crate) fn fetched(
        source: Source,
        unnamed_rsa: Algorithm,
        rules: FetchRules,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::Fetched(FetchedKeys::new(source, unnamed_rsa, rules, clock))
    }

    /// The keys that may be used now, if there are any. Nobody waits, unless attempts to renew them were cut off again and
    /// again.
    pub(crate) async fn at_hand(&self, now: Timestamp) -> Option<Arc<VerifyingKeys>> {
        match self {
            Self::Given(keys) => Some(Arc::clone(keys)),
            Self::Fetched(keys) => keys.at_hand(now).await,
        }
    }

    /// The keys after everything was done that may be done now to find the key `kid`. Whether it is among them is another
    /// matter.
    pub(crate) async fn look_for(&self, kid: &str) -> Result<Arc<VerifyingKeys>, KeysError> {
        match self {
            Self::Given(keys) => Ok(Arc::clone(keys)),
            Self::Fetched(keys) => keys.look_for(kid).await,
        }
    }

    /// Waits until there is a key, or says why there is none.
    pub(crate) async fn ready(&self, now: Timestamp) -> Result<(), KeysError> {
        match self {
            // Without a key they would not have been given.
            Self::Given(_) => Ok(()),
            Self::Fetched(keys) => keys.ready(now).await,
        }
    }
}
