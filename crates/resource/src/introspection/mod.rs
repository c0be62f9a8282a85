//! Asks the issuer about tokens: RFC 7662.

mod answer;
mod builder;
mod cache;
mod credentials;
mod flight;
mod members;
mod place;
mod questions;
mod told;
mod warnings;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::{Clock, Random, Scope};
use countersign_jose::client_assertion::SignAssertionError;
use countersign_jose::jws::MAX_TOKEN_LEN;
use countersign_protocol::JWT_BEARER;
use http::{Method, Request, StatusCode, header};
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

pub use self::answer::AnswerError;
use self::answer::{ActiveToken, Rules};
use self::builder::Origin;
pub use self::builder::{IntrospectorBuilder, MAX_CACHE_AGE};
use self::cache::{Asked, Key};
pub use self::credentials::IntrospectionCredentials;
use self::credentials::Presented;
use self::place::Place;
use self::questions::{Judged, Known, Question, Questions};
use self::told::told;
use self::warnings::Warnings;
use crate::endpoint::Endpoint;
use crate::transport::{Limits, Transport, TransportError};
use crate::{AccessToken, DiscoveryError, InvalidToken, MalformedReason, Refusal};

/// The most bytes that an answer may have.
const MAX_ANSWER_LEN: usize = 64 * 1024;

/// Seconds after which to come back when there is no answer.
const RETRY_AFTER: u32 = 1;

/// What [`Introspector::ready`] asks about: no issuer has such a token.
const NO_TOKEN: &str = "ready";

/// Judges access tokens by asking the introspection endpoint of their issuer: for tokens that only the issuer can read,
/// and for those who must see a revocation at once. Cheap to clone; clones share their cache.
///
/// It fails closed: whatever is no clear answer lets nobody in. There is none without an issuer, an audience and
/// credentials.
///
/// ```no_run
/// # async fn example(token: &str, secret: String) -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_resource::{IntrospectionCredentials, Introspector, Secret};
///
/// let credentials = IntrospectionCredentials::secret_basic("accounts-api", Secret::new(secret));
/// let introspector =
///     Introspector::from_issuer("https://login.example.com", credentials, "https://api.example.com").build()?;
/// let token = introspector.introspect(token).await?;
/// println!("{:?} may {}", token.subject(), token.scope());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Introspector(Arc<Inner>);

struct Inner {
    place: Place,
    credentials: IntrospectionCredentials,
    rules: Rules,
    required_scope: Scope,
    warnings: Warnings,
    /// Only if answers are believed again: else each question is one of its own.
    questions: Option<Questions>,
    /// One for each question that may be in flight.
    turns: Arc<Semaphore>,
    timeout: Duration,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// Why there is no answer about a token. For the log of the operator: nothing of it goes to who presented a token.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IntrospectionError {
    /// The metadata of the issuer do not lead to the endpoint.
    #[error("no introspection endpoint is known: {0}")]
    Discovery(#[from] DiscoveryError),
    /// The assertion cannot be made.
    #[error("no assertion can be made: {0}")]
    Assertion(#[from] SignAssertionError),
    /// There is no answer.
    #[error("the introspection endpoint: {0}")]
    Transport(#[from] TransportError),
    /// The endpoint does not believe that it is us, or does not let us ask.
    #[error("the introspection endpoint refuses the credentials of this API: status {status}{}", behind(.told.as_deref()))]
    Credentials {
        /// 401 or 403.
        status: u16,
        /// What it says to that: `error` and `error_description` (RFC 6749 §5.2), at most 200 characters of printable
        /// ASCII. Nothing that repeats a token or a secret.
        told: Option<String>,
    },
    /// The status is not 200. A redirect is not followed.
    #[error("the introspection endpoint answers with status {status}, not 200{}", behind(.told.as_deref()))]
    Status {
        /// The status.
        status: u16,
        /// As above.
        told: Option<String>,
    },
    /// As many questions as may be in flight were in flight all the time.
    #[error("too many questions are in flight")]
    Busy,
    /// The timers are those of tokio, and there is no runtime here.
    #[error("there is no tokio runtime to ask on")]
    NoRuntime,
    /// The answer is not one of RFC 7662.
    #[error("the introspection endpoint: {0}")]
    Answer(#[from] AnswerError),
}

fn behind(told: Option<&str>) -> String {
    told.map(|told| format!(" ({told})")).unwrap_or_default()
}

impl Introspector {
    /// Tokens of `issuer` for `audience`, by the introspection endpoint that the metadata of the issuer name.
    pub fn from_issuer(
        issuer: impl Into<String>,
        credentials: IntrospectionCredentials,
        audience: impl Into<String>,
    ) -> IntrospectorBuilder {
        IntrospectorBuilder::new(
            issuer.into(),
            Origin::Discovery,
            credentials,
            audience.into(),
        )
    }

    /// Tokens of `issuer` for `audience`, by the introspection endpoint at `url`: `https`, or `http` on the loopback
    /// interface.
    pub fn from_endpoint(
        issuer: impl Into<String>,
        url: impl Into<String>,
        credentials: IntrospectionCredentials,
        audience: impl Into<String>,
    ) -> IntrospectorBuilder {
        let origin = Origin::Url(url.into());
        IntrospectorBuilder::new(issuer.into(), origin, credentials, audience.into())
    }

    /// Asks about a token that cannot be, and says why there is no answer if there is none. For a service that wants to
    /// know before it says that it is ready; [`introspect`](Self::introspect) does not need it.
    pub async fn ready(&self) -> Result<(), IntrospectionError> {
        let deadline = self.deadline()?;
        let endpoint = self.endpoint(deadline).await?;
        let _turn = self.turn(deadline).await?;
        self.ask(&endpoint, NO_TOKEN, deadline).await.map(|_| ())
    }

    /// What every token must be allowed.
    pub(crate) fn required_scope(&self) -> &Scope {
        &self.0.required_scope
    }

    /// Judges `token`: the text behind `Bearer`. Every call is one request, unless a [cache] holds the answer. All of it
    /// together takes at most 5 seconds, or as long as was [said](IntrospectorBuilder::timeout): finding the endpoint,
    /// waiting for [a turn](IntrospectorBuilder::max_in_flight), and the answer. Then it is [`Refusal::Unavailable`], as it
    /// is outside a runtime of tokio.
    ///
    /// [cache]: IntrospectorBuilder::cache
    pub async fn introspect(&self, token: &str) -> Result<AccessToken, Refusal> {
        if token.is_empty() {
            return Err(MalformedReason::Empty.into());
        }
        // What is too long is neither hashed nor sent.
        if token.len() > MAX_TOKEN_LEN {
            return Err(InvalidToken::TooLong.into());
        }
        let token = self.authenticate(token).await?;
        token.require_scope(&self.0.required_scope)?;
        Ok(token)
    }

    async fn authenticate(&self, token: &str) -> Judged {
        let judged = self.known_or_asked(token).await;
        judged.unwrap_or_else(|error| Err(self.unavailable(&error)))
    }

    async fn known_or_asked(&self, token: &str) -> Result<Judged, IntrospectionError> {
        let deadline = self.deadline()?;
        let endpoint = self.endpoint(deadline).await?;
        let Some(questions) = &self.0.questions else {
            let _turn = self.turn(deadline).await?;
            return Ok(self.judge(&endpoint, token, deadline).await);
        };
        let key = Key::of(token, self.asked(&endpoint));
        let known = if let Some(known) = questions.look(&key, self.0.clock.now()) {
            known
        } else {
            let turn = self.turn(deadline).await?;
            let (known, question) = questions.begin(key, self.0.clock.now(), turn);
            if let Some(question) = question {
                self.put(question, endpoint, token)?;
            }
            known
        };
        match known {
            Known::Kept(token) => Ok(Ok(token)),
            Known::UnderWay(flight) => {
                let judged = flight.landed(deadline).await;
                judged.ok_or_else(|| TransportError::TimedOut.into())
            }
        }
    }

    /// Puts `question` on a task of its own, whoever is cancelled. It has a time of its own, for others wait for it, too.
    fn put(
        &self,
        question: Question,
        endpoint: Endpoint,
        token: &str,
    ) -> Result<(), IntrospectionError> {
        let deadline = self.deadline()?;
        let (introspector, token) = (self.clone(), token.to_owned());
        tokio::spawn(async move {
            let judged = introspector.judge(&endpoint, &token, deadline).await;
            question.answered(judged);
        });
        Ok(())
    }

    /// Asks, and judges the answer by the time at which it came.
    async fn judge(&self, endpoint: &Endpoint, token: &str, deadline: Instant) -> Judged {
        let answer = self.ask(endpoint, token, deadline).await;
        let active = answer
            .map_err(|error| self.unavailable(&error))?
            .ok_or(InvalidToken::Inactive)?;
        Ok(active.judge(&self.0.rules, self.0.clock.now())?)
    }

    /// When all that begins now is to be over.
    fn deadline(&self) -> Result<Instant, IntrospectionError> {
        Handle::try_current().map_err(|_| IntrospectionError::NoRuntime)?;
        Ok(Instant::now() + self.0.timeout)
    }

    async fn endpoint(&self, deadline: Instant) -> Result<Endpoint, IntrospectionError> {
        let now = self.0.clock.now();
        Ok(self.0.place.endpoint(now, deadline).await?)
    }

    /// Waits until a question may be asked: one as long as the turn is held.
    async fn turn(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, IntrospectionError> {
        match timeout_at(deadline, Arc::clone(&self.0.turns).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            // Nobody closes it.
            Ok(Err(_)) | Err(_) => Err(IntrospectionError::Busy),
        }
    }

    async fn ask(
        &self,
        endpoint: &Endpoint,
        token: &str,
        deadline: Instant,
    ) -> Result<Option<ActiveToken>, IntrospectionError> {
        let Inner {
            credentials,
            rules,
            random,
            ..
        } = &*self.0;
        let now = self.0.clock.now();
        let presented = credentials.present(&rules.issuer, now, &**random)?;
        let request = request(endpoint, token, &presented)?;
        let limits = Limits {
            max_bytes: MAX_ANSWER_LEN,
            timeout: deadline.saturating_duration_since(Instant::now()),
        };
        // A transport of somebody else's may not look at the clock.
        let response = timeout_at(deadline, self.0.transport.send(request, limits));
        let response = response.await.map_err(|_| TransportError::TimedOut)??;
        let body = response.body();
        // A transport of somebody else's may have read on.
        if body.len() > MAX_ANSWER_LEN {
            return Err(TransportError::TooLong(MAX_ANSWER_LEN).into());
        }
        let status = response.status();
        if status == StatusCode::OK {
            return Ok(ActiveToken::read(body)?);
        }
        let proof = credentials.secret().or(presented.assertion());
        let told = told(body, token, proof.unwrap_or_default());
        let is_refusal = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        let status = status.as_u16();
        Err(if is_refusal {
            IntrospectionError::Credentials { status, told }
        } else {
            IntrospectionError::Status { status, told }
        })
    }

    /// Fails closed, and tells the operator why, though not for every request.
    fn unavailable(&self, error: &IntrospectionError) -> Refusal {
        let issuer = &*self.0.rules.issuer;
        if let Some(since_last) = self.0.warnings.due(self.0.clock.now()) {
            tracing::warn!(issuer, %error, since_last, "a token cannot be judged");
        } else {
            tracing::debug!(issuer, %error, "a token cannot be judged");
        }
        Refusal::Unavailable {
            retry_after: RETRY_AFTER,
        }
    }

    fn asked<'config>(&'config self, endpoint: &'config Endpoint) -> Asked<'config> {
        Asked {
            endpoint: endpoint.as_str(),
            client_id: self.0.credentials.client_id(),
            issuer: &self.0.rules.issuer,
            audience: &self.0.rules.audience,
            accept_missing_audience: self.0.rules.accept_missing_audience,
        }
    }
}

/// RFC 7662 §2.1: a form with the token, and whatever proves who asks.
fn request(
    endpoint: &Endpoint,
    token: &str,
    presented: &Presented,
) -> Result<Request<Vec<u8>>, TransportError> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("token", token)
        .append_pair("token_type_hint", "access_token");
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(endpoint.as_str())
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Vec::new())
        .map_err(|error| TransportError::Connection(error.to_string()))?;
    match presented {
        Presented::Header(value) => {
            let headers = request.headers_mut();
            headers.insert(header::AUTHORIZATION, value.clone());
        }
        Presented::Assertion(assertion) => {
            form.append_pair("client_assertion_type", JWT_BEARER)
                .append_pair("client_assertion", assertion);
        }
    }
    *request.body_mut() = form.finish().into_bytes();
    Ok(request)
}

impl fmt::Debug for Introspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspector")
            .field("rules", &self.0.rules)
            .field("credentials", &self.0.credentials)
            .field("required_scope", &self.0.required_scope)
            .finish_non_exhaustive()
    }
}
