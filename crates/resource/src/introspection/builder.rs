//! What an introspector is made of.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::{Clock, Random, Scope};
use tokio::sync::Semaphore;

use super::answer::Rules;
use super::cache::Answers;
use super::place::Place;
use super::questions::Questions;
use super::warnings::Warnings;
use super::{Inner, IntrospectionCredentials, Introspector};
use crate::transport::{self, Transport};
use crate::validator::{DEFAULT_CLOCK_SKEW, MAX_CLOCK_SKEW};
use crate::{BuildError, SystemClock, SystemRandom};

/// The most seconds for which an answer may be believed again: for as long, a revoked token stays good.
pub const MAX_CACHE_AGE: u32 = 60;

/// How long everything may take, if nothing else is said; and at most.
const TIMEOUT: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_hours(1);

/// How many questions may be in flight, if nothing else is said.
const MAX_IN_FLIGHT: u16 = 64;

/// Where the endpoint is.
pub(super) enum Origin {
    Discovery,
    Url(String),
}

/// Makes an [`Introspector`].
#[must_use = "a builder asks nobody"]
pub struct IntrospectorBuilder {
    issuer: String,
    origin: Origin,
    credentials: IntrospectionCredentials,
    audience: Vec<String>,
    accept_missing_audience: bool,
    clock_skew: u32,
    required_scope: Scope,
    cache: (usize, u32),
    max_in_flight: u16,
    timeout: Duration,
    transport: Option<Arc<dyn Transport>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl IntrospectorBuilder {
    pub(super) fn new(
        issuer: String,
        origin: Origin,
        credentials: IntrospectionCredentials,
        audience: String,
    ) -> Self {
        Self {
            issuer,
            origin,
            credentials,
            audience: vec![audience],
            accept_missing_audience: false,
            clock_skew: DEFAULT_CLOCK_SKEW,
            required_scope: Scope::empty(),
            cache: (0, MAX_CACHE_AGE),
            max_in_flight: MAX_IN_FLIGHT,
            timeout: TIMEOUT,
            transport: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
        }
    }

    /// Accepts tokens that are meant for `another` audience, too: an API that goes by several names.
    pub fn audience(mut self, another: impl Into<String>) -> Self {
        self.audience.push(another.into());
        self
    }

    /// Accepts answers that name no audience at all, as RFC 7662 §2.2 allows, if they say that the token is of the type
    /// `Bearer`. Then every token of the issuer is good here, whatever it was meant for, unless the issuer tells each
    /// caller only about tokens that concern it.
    pub fn accept_missing_audience(mut self) -> Self {
        self.accept_missing_audience = true;
        self
    }

    /// The seconds by which the clocks of issuer and API may differ: 10, if nothing is said, and at most
    /// [`MAX_CLOCK_SKEW`].
    pub fn clock_skew(mut self, seconds: u32) -> Self {
        self.clock_skew = seconds;
        self
    }

    /// Refuses tokens without every scope token of `required`. Called again, it adds to what is required.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "whoever requires a scope has just made it for that"
    )]
    pub fn require_scope(mut self, required: Scope) -> Self {
        let both = self.required_scope.iter().chain(&required);
        self.required_scope = both.cloned().collect();
        self
    }

    /// Believes good answers again: up to `capacity` of them, each for `max_age_seconds`, 1 to [`MAX_CACHE_AGE`], and
    /// never beyond the `exp` of the token. Without this, or with a capacity of 0, the endpoint is asked every time.
    ///
    /// For as long, a token that was revoked stays good. What is kept is what the answer said, under a SHA-256 of the
    /// token and all that influences the answer; required scopes are judged each time, and refusals are not kept. Who
    /// comes with a token that is just being asked about waits for that answer, if the question is young enough.
    pub fn cache(mut self, capacity: usize, max_age_seconds: u32) -> Self {
        self.cache = (capacity, max_age_seconds);
        self
    }

    /// How many questions may be in flight, 1 or more: 64, if nothing is said. Who comes while there are as many waits for
    /// a turn, in the order of coming, until the [time](Self::timeout) is over. It bounds what strangers can do to the
    /// issuer, with any text for a token; it does not keep their questions from being asked, nor others from waiting behind
    /// them.
    pub fn max_in_flight(mut self, questions: u16) -> Self {
        self.max_in_flight = questions;
        self
    }

    /// How long everything together may take from the token to its judgement: 5 seconds, if nothing is said, and at most
    /// an hour. The metadata may take as long again where nobody waits for them.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.min(LONGEST);
        self
    }

    /// What sends the requests; without it, that of the feature `http-client`.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Where the time comes from; without it, from the machine.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where the names of assertions come from (`jti`); without it, from the machine.
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// The introspector. Nobody is asked yet: a service starts while its issuer is down. Who wants to know asks
    /// [`Introspector::ready`].
    pub fn build(self) -> Result<Introspector, BuildError> {
        if self.issuer.is_empty() {
            return Err(BuildError::EmptyIssuer);
        }
        if self.audience.iter().any(String::is_empty) {
            return Err(BuildError::EmptyAudience);
        }
        if self.credentials.client_id().is_empty() {
            return Err(BuildError::EmptyClientId);
        }
        if self.credentials.secret().is_some_and(str::is_empty) {
            return Err(BuildError::EmptySecret);
        }
        if self.clock_skew > MAX_CLOCK_SKEW {
            return Err(BuildError::ClockSkew(self.clock_skew));
        }
        let (capacity, max_age) = self.cache;
        if !(1..=MAX_CACHE_AGE).contains(&max_age) {
            return Err(BuildError::CacheAge(max_age));
        }
        if self.max_in_flight == 0 {
            return Err(BuildError::NoneInFlight);
        }
        let transport = transport::or_own(self.transport)?;
        let place = match self.origin {
            Origin::Url(url) => Place::Given(url.parse()?),
            Origin::Discovery => {
                let issuer = self.issuer.parse()?;
                Place::discovered(issuer, Arc::clone(&transport), self.timeout)
            }
        };
        Ok(Introspector(Arc::new(Inner {
            place,
            credentials: self.credentials,
            rules: Rules {
                issuer: self.issuer,
                audience: self.audience,
                accept_missing_audience: self.accept_missing_audience,
                leeway_seconds: self.clock_skew,
            },
            required_scope: self.required_scope,
            warnings: Warnings::default(),
            questions: (capacity > 0)
                .then(|| Questions::new(Answers::new(capacity, max_age), self.timeout)),
            turns: Arc::new(Semaphore::new(self.max_in_flight.into())),
            timeout: self.timeout,
            transport,
            clock: self.clock,
            random: self.random,
        })))
    }
}

impl fmt::Debug for IntrospectorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectorBuilder")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}
