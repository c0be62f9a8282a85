//! How requests leave this crate: one small trait, and what comes with the feature `http-client`.

#[cfg(feature = "http-client")]
mod with_hyper;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::{Request, Response};
use thiserror::Error;

#[cfg(feature = "http-client")]
pub use self::with_hyper::HttpTransport;
use crate::BuildError;

/// Sends requests to the issuer: for its keys, its metadata, its introspection endpoint.
///
/// An implementation follows no redirect: the answer is returned as it is, and every caller in this crate takes it for
/// a failure (attack class 41). It cuts off the body while it arrives, not after.
///
/// ```
/// use async_trait::async_trait;
/// use countersign_resource::{Limits, Transport, TransportError};
///
/// /// Counts what an inner transport does.
/// struct Counting<T>(T, std::sync::atomic::AtomicU64);
///
/// #[async_trait]
/// impl<T: Transport> Transport for Counting<T> {
///     async fn send(
///         &self,
///         request: http::Request<Vec<u8>>,
///         limits: Limits,
///     ) -> Result<http::Response<Vec<u8>>, TransportError> {
///         self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
///         self.0.send(request, limits).await
///     }
/// }
/// ```
#[async_trait]
pub trait Transport: Send + Sync {
    /// The answer to `request`, whatever its status.
    async fn send(
        &self,
        request: Request<Vec<u8>>,
        limits: Limits,
    ) -> Result<Response<Vec<u8>>, TransportError>;
}

/// How much of an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes that the body may have.
    pub max_bytes: usize,
    /// How long everything may take together, from the name lookup to the last byte.
    pub timeout: Duration,
}

/// Why there is no answer. The texts are for the log of the operator and hold no secrets.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TransportError {
    /// TLS cannot be set up: no certificates to trust, or no PEM.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// There was no connection, or it broke.
    #[error("there is no connection: {0}")]
    Connection(String),
    /// The answer did not come in time.
    #[error("there is no answer in time")]
    TimedOut,
    /// The body has more bytes than this.
    #[error("the answer has more than {0} bytes")]
    TooLong(usize),
}

/// The transport that was given, else that of this crate.
pub(crate) fn or_own(
    transport: Option<Arc<dyn Transport>>,
) -> Result<Arc<dyn Transport>, BuildError> {
    match transport {
        Some(transport) => Ok(transport),
        #[cfg(feature = "http-client")]
        None => Ok(Arc::new(HttpTransport::new()?)),
        #[cfg(not(feature = "http-client"))]
        None => Err(BuildError::NoTransport),
    }
}

#[cfg(all(test, not(feature = "http-client")))]
mod tests {
    use super::*;

    #[test]
    fn without_a_transport_of_ours_one_must_be_given() {
        assert!(matches!(or_own(None), Err(BuildError::NoTransport)));
    }
}
