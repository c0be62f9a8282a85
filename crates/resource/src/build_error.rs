//! Why something that checks tokens cannot be made.

use countersign_core::IssuerError;
use countersign_jose::{JwkSetError, RefusedJwk};
use thiserror::Error;

use crate::endpoint::EndpointError;
use crate::transport::TransportError;

/// Why a builder refuses. Nothing was asked over the network: it is all in what was given.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The issuer is no issuer identifier, so its metadata cannot be found.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// The issuer is empty: it would be anybody.
    #[error("the issuer is empty")]
    EmptyIssuer,
    /// An audience is empty: tokens are meant for somebody.
    #[error("an audience is empty")]
    EmptyAudience,
    /// The client id is empty: whoever asks about tokens is somebody.
    #[error("the client id is empty")]
    EmptyClientId,
    /// The secret of the client is empty: anybody has that.
    #[error("the client secret is empty")]
    EmptySecret,
    /// The URL cannot be asked.
    #[error(transparent)]
    Url(#[from] EndpointError),
    /// More seconds of clock skew than a token may be off by.
    #[error("clocks may differ by at most {max} seconds, not {0}", max = crate::MAX_CLOCK_SKEW)]
    ClockSkew(u32),
    /// Answers about tokens are kept for no time, or for too long.
    #[error("answers may be kept for 1 to {max} seconds, not {0}", max = crate::MAX_CACHE_AGE)]
    CacheAge(u32),
    /// No question may be in flight, so none would ever be asked.
    #[error("at least one question must be allowed in flight")]
    NoneInFlight,
    /// The algorithm for RSA keys that name none is not one of RSA.
    #[error("the algorithm for RSA keys is not one of RSA")]
    RsaAlgorithm,
    /// The JSON is no JWK set.
    #[error("the JWK set is refused: {0}")]
    KeySet(#[from] JwkSetError),
    /// The JWK set has no key that could verify anything; these are the reasons.
    #[error("the JWK set has no usable key ({})", reasons(.0))]
    NoUsableKey(Vec<RefusedJwk>),
    /// No transport was given, and the feature `http-client` is off.
    #[error("without the feature `http-client` a transport must be given")]
    NoTransport,
    /// The transport that comes with the crate cannot be set up.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

fn reasons(refused: &[RefusedJwk]) -> String {
    let reasons = refused
        .iter()
        .map(|key| format!("key {}: {}", key.index, key.reason));
    reasons.collect::<Vec<_>>().join("; ")
}
