//! Where the introspection endpoint is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use countersign_core::{Issuer, Timestamp};
use tokio::sync::Mutex;

use crate::discovery::{self, DiscoveryError};
use crate::endpoint::Endpoint;
use crate::transport::{Transport, TransportError};

/// Seconds for which the metadata are believed about where the endpoint is.
const MAX_AGE: i64 = 3600;

/// Seconds for which the last known endpoint is asked while the metadata cannot be had.
const KEEP_STALE: i64 = 86_400;

/// Seconds between two attempts while an endpoint is known, and while none is.
const COOL_DOWN: i64 = 30;
const COOL_DOWN_WITHOUT: i64 = 1;

/// Where to ask.
pub(super) enum Place {
    /// There, for good.
    Given(Endpoint),
    /// Where the metadata of the issuer say.
    Discovered(Box<Discovered>),
}

/// What the metadata of the issuer said last.
pub(super) struct Discovered {
    issuer: Issuer,
    known: ArcSwapOption<Known>,
    /// How many attempts came to an end.
    attempts: AtomicU64,
    /// Held by the one who asks for the metadata; in it, why the last attempt failed.
    failure: Mutex<Option<Failure>>,
}

struct Known {
    endpoint: Endpoint,
    since: Timestamp,
}

struct Failure {
    error: DiscoveryError,
    at: Timestamp,
}

impl Place {
    /// Where the metadata of `issuer` say. They are not asked yet.
    pub(super) fn discovered(issuer: Issuer) -> Self {
        Self::Discovered(Box::new(Discovered {
            issuer,
            known: ArcSwapOption::empty(),
            attempts: AtomicU64::new(0),
            failure: Mutex::new(None),
        }))
    }

    /// The endpoint to ask at `now`.
    pub(super) async fn endpoint(
        &self,
        now: Timestamp,
        transport: &dyn Transport,
        timeout: Duration,
    ) -> Result<Endpoint, DiscoveryError> {
        match self {
            Self::Given(endpoint) => Ok(endpoint.clone()),
            Self::Discovered(place) => place.endpoint(now, transport, timeout).await,
        }
    }
}

impl Discovered {
    async fn endpoint(
        &self,
        now: Timestamp,
        transport: &dyn Transport,
        timeout: Duration,
    ) -> Result<Endpoint, DiscoveryError> {
        let known = self.known(now, KEEP_STALE);
        let attempts = self.attempts.load(Ordering::Acquire);
        let mut failure = match &known {
            Some(known) if known.is_younger(now, MAX_AGE) => return Ok(known.endpoint.clone()),
            // One looks whether it has moved, and nobody else waits for that.
            Some(known) => match self.failure.try_lock() {
                Ok(failure) => failure,
                Err(_) => return Ok(known.endpoint.clone()),
            },
            None => self.failure.lock().await,
        };
        // What the one before found is good for all who waited for it, and so is that it found nothing: else each would
        // wait for all before it.
        if let Some(known) = self.known(now, MAX_AGE) {
            return Ok(known.endpoint.clone());
        }
        let cool_down = match known {
            Some(_) => COOL_DOWN,
            None => COOL_DOWN_WITHOUT,
        };
        let waited = self.attempts.load(Ordering::Acquire) != attempts;
        let error = match &*failure {
            Some(last) if waited || (0..cool_down).contains(&now.since(last.at)) => {
                last.error.clone()
            }
            _ => {
                let found = self.discover(transport, timeout).await;
                self.attempts.fetch_add(1, Ordering::Release);
                match found {
                    Ok(endpoint) => {
                        self.known.store(Some(Arc::new(Known {
                            endpoint: endpoint.clone(),
                            since: now,
                        })));
                        *failure = None;
                        return Ok(endpoint);
                    }
                    Err(error) => {
                        let issuer = self.issuer.as_str();
                        tracing::warn!(issuer, %error, "no introspection endpoint was found");
                        let at = now;
                        *failure = Some(Failure {
                            error: error.clone(),
                            at,
                        });
                        error
                    }
                }
            }
        };
        known.map(|known| known.endpoint.clone()).ok_or(error)
    }

    /// Asks for the metadata; all of it may take `timeout`.
    async fn discover(
        &self,
        transport: &dyn Transport,
        timeout: Duration,
    ) -> Result<Endpoint, DiscoveryError> {
        let metadata = discovery::discover(&self.issuer, transport, timeout);
        tokio::time::timeout(timeout, metadata)
            .await
            .map_err(|_| TransportError::TimedOut)??
            .endpoint("introspection_endpoint")
    }

    fn known(&self, now: Timestamp, max_age: i64) -> Option<Arc<Known>> {
        self.known
            .load_full()
            .filter(|known| known.is_younger(now, max_age))
    }
}

impl Known {
    /// A clock that was set back makes nothing younger.
    fn is_younger(&self, now: Timestamp, max_age: i64) -> bool {
        (0..max_age).contains(&now.since(self.since))
    }
}
