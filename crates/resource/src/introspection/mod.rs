//! Asks the issuer about tokens: RFC 7662.

mod answer;
mod builder;
mod cache;
mod credentials;
mod place;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::{Clock, Random, Scope, Timestamp};
use countersign_jose::client_assertion::SignAssertionError;
use countersign_jose::jws::MAX_TOKEN_LEN;
use countersign_protocol::JWT_BEARER;
use http::{Method, Request, StatusCode, header};
use thiserror::Error;

pub use self::answer::AnswerError;
use self::answer::{ActiveToken, Rules};
use self::builder::Origin;
pub use self::builder::{IntrospectorBuilder, MAX_CACHE_AGE};
use self::cache::{Answers, Asked, Key};
pub use self::credentials::IntrospectionCredentials;
use self::credentials::Presented;
use self::place::Place;
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
    answers: Option<Answers>,
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
    #[error("the introspection endpoint refuses the credentials of this API: status {0}")]
    Credentials(u16),
    /// The status is not 200. A redirect is not followed.
    #[error("the introspection endpoint answers with status {0}, not 200")]
    Status(u16),
    /// The answer is not one of RFC 7662.
    #[error("the introspection endpoint: {0}")]
    Answer(#[from] AnswerError),
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
        let now = self.0.clock.now();
        let endpoint = self.endpoint(now).await?;
        self.ask(&endpoint, NO_TOKEN, now).await.map(|_| ())
    }

    /// Judges `token`: the text behind `Bearer`. Every call is one request, unless a [cache] holds the answer; it waits
    /// at most 5 seconds, or as long as was [said](IntrospectorBuilder::timeout).
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

    async fn authenticate(&self, token: &str) -> Result<AccessToken, Refusal> {
        let now = self.0.clock.now();
        let endpoint = self
            .endpoint(now)
            .await
            .map_err(|error| unavailable(&error))?;
        let Some(answers) = &self.0.answers else {
            return self.judge(&endpoint, token, now).await;
        };
        let key = Key::of(token, self.asked(&endpoint));
        if let Some(token) = answers.get(&key, now) {
            return Ok(token);
        }
        let judged = self.judge(&endpoint, token, now).await;
        match &judged {
            // The answer is as old as the question.
            Ok(token) => answers.remember(key, token, now),
            Err(_) => answers.forget(&key),
        }
        judged
    }

    /// Asks, and judges the answer by the time at which it came.
    async fn judge(
        &self,
        endpoint: &Endpoint,
        token: &str,
        now: Timestamp,
    ) -> Result<AccessToken, Refusal> {
        let answer = self.ask(endpoint, token, now).await;
        let active = answer
            .map_err(|error| unavailable(&error))?
            .ok_or(InvalidToken::Inactive)?;
        Ok(active.judge(&self.0.rules, self.0.clock.now())?)
    }

    async fn endpoint(&self, now: Timestamp) -> Result<Endpoint, IntrospectionError> {
        let (transport, timeout) = (&*self.0.transport, self.0.timeout);
        Ok(self.0.place.endpoint(now, transport, timeout).await?)
    }

    async fn ask(
        &self,
        endpoint: &Endpoint,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<ActiveToken>, IntrospectionError> {
        let request = self.request(endpoint, token, now)?;
        let limits = Limits {
            max_bytes: MAX_ANSWER_LEN,
            timeout: self.0.timeout,
        };
        let response = self.0.transport.send(request, limits).await?;
        match response.status() {
            // A transport of somebody else's may have read on.
            StatusCode::OK if response.body().len() > MAX_ANSWER_LEN => {
                Err(TransportError::TooLong(MAX_ANSWER_LEN).into())
            }
            StatusCode::OK => Ok(ActiveToken::read(response.body())?),
            refused @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                Err(IntrospectionError::Credentials(refused.as_u16()))
            }
            other => Err(IntrospectionError::Status(other.as_u16())),
        }
    }

    /// RFC 7662 §2.1: a form with the token, and whatever proves who asks.
    fn request(
        &self,
        endpoint: &Endpoint,
        token: &str,
        now: Timestamp,
    ) -> Result<Request<Vec<u8>>, IntrospectionError> {
        let Inner {
            credentials,
            rules,
            random,
            ..
        } = &*self.0;
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
        match credentials.present(&rules.issuer, now, &**random)? {
            Presented::Header(value) => {
                request.headers_mut().insert(header::AUTHORIZATION, value);
            }
            Presented::Assertion(assertion) => {
                form.append_pair("client_assertion_type", JWT_BEARER)
                    .append_pair("client_assertion", &assertion);
            }
        }
        *request.body_mut() = form.finish().into_bytes();
        Ok(request)
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

/// Fails closed, and tells the operator why.
fn unavailable(error: &IntrospectionError) -> Refusal {
    tracing::warn!(%error, "a token cannot be judged");
    Refusal::Unavailable {
        retry_after: RETRY_AFTER,
    }
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
