//! Where the introspection endpoint is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_core::{Issuer, Timestamp};
use tokio::time::Instant;

use super::flight::{self, Flight, Pilot};
use crate::discovery::{self, DiscoveryError};
use crate::endpoint::Endpoint;
use crate::transport::{Transport, TransportError};

/// Seconds for which the metadata are believed about where the endpoint is.
const MAX_AGE: i64 = 3600;

/// Seconds for which the last known endpoint is asked while the metadata cannot be had.
const KEEP_STALE: i64 = 86_400;

/// Seconds from the beginning of an attempt that fails to the next one, while an endpoint is known, and while none is.
const COOL_DOWN: i64 = 30;
const COOL_DOWN_WITHOUT: i64 = 1;

/// Where to ask.
pub(super) enum Place {
    /// There, for good.
    Given(Endpoint),
    /// Where the metadata of the issuer say.
    Discovered(Discovered),
}

/// What the metadata of the issuer said last.
pub(super) struct Discovered(Arc<Shared>);

struct Shared {
    issuer: Issuer,
    transport: Arc<dyn Transport>,
    timeout: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: Option<Known>,
    /// How the last attempt failed, if it did.
    failure: Option<Failure>,
    /// The attempt that is under way.
    flight: Option<Flight<Outcome>>,
}

type Outcome = Result<Endpoint, DiscoveryError>;

/// How to go on.
enum Step {
    There(Endpoint),
    Wait(Flight<Outcome>),
    Failed(DiscoveryError),
}

struct Known {
    endpoint: Endpoint,
    since: Timestamp,
}

struct Failure {
    error: DiscoveryError,
    begun: Timestamp,
}

impl Place {
    /// Where the metadata of `issuer` say, all of which may take `timeout`. They are not asked yet.
    pub(super) fn discovered(
        issuer: Issuer,
        transport: Arc<dyn Transport>,
        timeout: Duration,
    ) -> Self {
        Self::Discovered(Discovered(Arc::new(Shared {
            issuer,
            transport,
            timeout,
            state: Mutex::default(),
        })))
    }

    /// The endpoint to ask at `now`, if it is known before `deadline`. There must be a runtime.
    pub(super) async fn endpoint(
        &self,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Endpoint, DiscoveryError> {
        match self {
            Self::Given(endpoint) => Ok(endpoint.clone()),
            Self::Discovered(place) => place.endpoint(now, deadline).await,
        }
    }
}

impl Discovered {
    async fn endpoint(&self, now: Timestamp, deadline: Instant) -> Outcome {
        match self.0.look(now) {
            Step::There(endpoint) => Ok(endpoint),
            Step::Failed(error) => Err(error),
            Step::Wait(flight) => flight
                .landed(deadline)
                .await
                .unwrap_or_else(|| Err(TransportError::TimedOut.into())),
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How to go on at `now`. If there is need for an attempt, it begins, on a task of its own; while an endpoint is known,
    /// that is behind the back of who asks.
    fn look(self: &Arc<Self>, now: Timestamp) -> Step {
        let mut state = self.state();
        let known = state.known.as_ref();
        let known = known.filter(|known| known.is_younger(now, KEEP_STALE));
        if let Some(known) = known
            && known.is_younger(now, MAX_AGE)
        {
            return Step::There(known.endpoint.clone());
        }
        let known = known.map(|known| known.endpoint.clone());
        let cool_down = match known {
            Some(_) => COOL_DOWN,
            None => COOL_DOWN_WITHOUT,
        };
        let failure = state.failure.as_ref();
        let failure = failure.filter(|failure| failure.is_younger(now, cool_down));
        let flight = state.flight.as_ref();
        let flight = flight.filter(|flight| flight.is_under_way(self.timeout));
        let step = match (flight, failure) {
            (Some(flight), _) => Step::Wait(flight.clone()),
            (None, Some(failure)) => Step::Failed(failure.error.clone()),
            (None, None) => {
                let (pilot, flight) = flight::begin();
                state.flight = Some(flight.clone());
                // It takes the lock when it ends, and on a runtime that is shut down that is at once.
                drop(state);
                Attempt::new(Arc::clone(self), now, pilot).start();
                Step::Wait(flight)
            }
        };
        known.map_or(step, Step::There)
    }

    async fn discover(&self) -> Outcome {
        let metadata = discovery::discover(&self.issuer, &*self.transport, self.timeout);
        // Each of the two documents may take as long, but not both.
        tokio::time::timeout(self.timeout, metadata)
            .await
            .map_err(|_| TransportError::TimedOut)??
            .endpoint("introspection_endpoint")
    }

    /// Makes known how the attempt of `pilot` went that had begun at `begun`, unless it was given up.
    fn conclude(&self, begun: Timestamp, outcome: Outcome, pilot: &Pilot<Outcome>) {
        let mut state = self.state();
        if state.flight.take_if(|flight| pilot.flies(flight)).is_none() {
            return;
        }
        match outcome {
            Ok(endpoint) => {
                state.failure = None;
                state.known = Some(Known {
                    endpoint,
                    since: begun,
                });
            }
            Err(error) => {
                // Who can ask nobody now says so.
                if state.known.is_some() {
                    let issuer = self.issuer.as_str();
                    tracing::warn!(issuer, %error, "nobody says where introspection is now");
                }
                state.failure = Some(Failure { error, begun });
            }
        }
    }
}

impl Known {
    /// A clock that was set back makes nothing younger.
    fn is_younger(&self, now: Timestamp, max_age: i64) -> bool {
        (0..max_age).contains(&now.since(self.since))
    }
}

impl Failure {
    /// Nor does it prolong a cool-down.
    fn is_younger(&self, now: Timestamp, max_age: i64) -> bool {
        (0..max_age).contains(&now.since(self.begun))
    }
}

/// An attempt under way. However it ends, even if its runtime is shut down under it, it is concluded and lands.
struct Attempt {
    shared: Arc<Shared>,
    begun: Timestamp,
    outcome: Outcome,
    pilot: Pilot<Outcome>,
}

impl Attempt {
    fn new(shared: Arc<Shared>, begun: Timestamp, pilot: Pilot<Outcome>) -> Self {
        let cut_off = TransportError::Connection("asking was cut off".to_owned());
        Self {
            shared,
            begun,
            outcome: Err(cut_off.into()),
            pilot,
        }
    }

    /// Goes on, whoever is cancelled.
    fn start(self) {
        tokio::spawn(async move {
            let outcome = self.shared.discover().await;
            self.ended(outcome);
        });
    }

    /// This came of it.
    fn ended(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let outcome = self.outcome.clone();
        self.shared.conclude(self.begun, outcome, &self.pilot);
        self.pilot.land(self.outcome.clone());
    }
}
