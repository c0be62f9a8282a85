//! Client authentication: RFC 6749 §2.3.

mod assertion;
mod hashing;
mod password;
mod secret;

use std::sync::Arc;

use countersign_core::{AuthMethod, Client, ClientId, Secret, SecretHash};
use countersign_protocol::{BasicPair, ErrorCode, ErrorResponse, PresentedClient};

use crate::directory::KnownClient;
use crate::error::unavailable;
use crate::throttle::{Account, Attempt};
use crate::{Origin, Provider, audit};

pub(crate) use hashing::{Hasher, Turnstile};
pub(crate) use password::{Lines, SignInName, SignedInUser};
pub use secret::WEAK_SECRET_BYTES;

/// A client that has proved who it is. Only this module can make one.
#[derive(Clone, Debug)]
pub(crate) struct ProvenClient(Arc<KnownClient>);

impl ProvenClient {
    /// The client.
    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }
}

/// A client, as far as a request tells. Only this module can make one.
#[derive(Clone, Debug)]
pub(crate) enum IdentifiedClient {
    /// A confidential client that has proved who it is.
    Proven(ProvenClient),
    /// A public client that has named itself, which proves nothing (RFC 6749 §2.3.1).
    Public(PublicClient),
}

/// A public client that has named itself. Only this module can make one.
#[derive(Clone, Debug)]
pub(crate) struct PublicClient(Arc<KnownClient>);

impl IdentifiedClient {
    /// The client.
    pub(crate) fn client(&self) -> &Client {
        match self {
            Self::Proven(ProvenClient(known)) | Self::Public(PublicClient(known)) => &known.client,
        }
    }
}

/// One way to read the credentials of a request.
struct Reading {
    user: String,
    password: Secret<String>,
    known: Option<Arc<KnownClient>>,
}

impl Reading {
    /// Whether only a hash can tell if the secret is right.
    fn may_need_a_hash(&self) -> bool {
        let secrets = self.known.iter().flat_map(|known| &known.client.secrets);
        secrets
            .into_iter()
            .any(|kept| matches!(kept.hash, SecretHash::Argon2id { .. }))
    }
}

/// The same for an unknown client, a wrong secret and a missing one: the answer tells an attacker nothing (attack class
/// 43).
fn refused() -> ErrorResponse {
    ErrorResponse::new(ErrorCode::InvalidClient, "client authentication failed")
}

/// What an operator is told about a secret that was refused.
fn why_refused(client: &Client) -> &'static str {
    if client.secrets.is_empty() {
        "the client has no secret: it is registered for another authentication method"
    } else {
        "wrong secret"
    }
}

/// Refuses a secret that came in another way than its client is registered for: it proves nothing, and forgives nothing.
/// Whoever knows the secret may know what else is wrong.
fn require_registered(
    known: &KnownClient,
    method: AuthMethod,
    origin: Origin,
) -> Result<(), ErrorResponse> {
    match known.client.settings.token_endpoint_auth_method {
        Some(registered) if registered != method => {
            let reason = "the client is registered for another authentication method";
            audit::client_refused(&known.client.client_id, method, reason, origin);
            Err(ErrorResponse::new(
                ErrorCode::InvalidClient,
                &format!("this client is registered for the authentication method {registered}"),
            ))
        }
        _ => Ok(()),
    }
}

impl Provider {
    /// Finds out which client sends a request: a confidential one must prove it, a public one names itself.
    pub(crate) async fn identify(
        &self,
        presented: PresentedClient,
        origin: Origin,
    ) -> Result<IdentifiedClient, ErrorResponse> {
        match presented {
            PresentedClient::Basic(basic) => {
                let method = AuthMethod::ClientSecretBasic;
                self.prove(method, basic.readings, origin).await
            }
            PresentedClient::Post { client_id, client_secret } => {
                let method = AuthMethod::ClientSecretPost;
                let reading = BasicPair { user: client_id, password: client_secret };
                self.prove(method, vec![reading], origin).await
            }
            PresentedClient::Assertion { client_id, assertion } => {
                let named = client_id.as_deref();
                let proven = self.prove_by_assertion(named, &assertion, origin).await;
                proven.map_err(ErrorResponse::to_assertion)
            }
            PresentedClient::Named { client_id } => self.name(&client_id).await,
            _ => Err(ErrorResponse::new(
                ErrorCode::InvalidClient,
                "the request has no client credentials: use HTTP Basic, client_id and client_secret, or client_assertion",
            )),
        }
        .map_err(|refusal| {
            tracing::debug!(error = %refusal, "client authentication");
            refusal
        })
    }

    /// Refuses a method that this service does not offer, whoever uses it.
    pub(crate) fn require_offered(&self, method: AuthMethod) -> Result<(), ErrorResponse> {
        if self.settings.auth_methods.contains(&method) {
            return Ok(());
        }
        Err(ErrorResponse::new(
            ErrorCode::InvalidClient,
            &format!(
                "the authentication method {method} is not offered here; see token_endpoint_auth_methods_supported in the metadata"
            ),
        ))
    }

    /// RFC 6749 §2.3.1: a client with a secret sends it, by the method that it is registered for.
    async fn prove(
        &self,
        method: AuthMethod,
        pairs: Vec<BasicPair>,
        origin: Origin,
    ) -> Result<IdentifiedClient, ErrorResponse> {
        self.require_offered(method)?;
        let (readings, unanswered) = self.known_readings(pairs).await;
        // One client has one account, however a request spells its name.
        let account = readings
            .iter()
            .find_map(|it| it.known.as_ref())
            .map_or_else(
                || {
                    readings
                        .first()
                        .map_or("", |it| it.user.as_str())
                        .to_owned()
                },
                |known| known.client.client_id.to_string(),
            );
        let named = readings.iter().find_map(|it| it.known.clone());
        if named
            .as_ref()
            .is_some_and(|known| known.client.settings.is_public())
        {
            // That a client is public is no secret; that it sends one is a mistake.
            return Err(ErrorResponse::new(
                ErrorCode::InvalidClient,
                "this is a public client, which has no secret: send its client_id in the body and nothing else",
            ));
        }
        let account = Account::Client(&account);
        let known = if let Some(known) = self.prove_by_generated(&readings) {
            // What was drawn with 256 bits cannot be guessed: a right one passes whatever strangers do to its account or
            // address, and tells them nothing (RULES S5: "slowing rather than locking out").
            require_registered(&known, method, origin)?;
            self.proven(account, origin).await;
            known
        } else {
            let attempt = self.attempt(account, origin)?;
            let proven = match self.prove_by_remembered(&readings) {
                Some(known) => Ok((known, attempt)),
                None if readings.iter().any(Reading::may_need_a_hash) => {
                    drop(attempt);
                    let mut attempt = self.attempt_by_hash(account, origin).await?;
                    attempt.begins(self);
                    let proven = self.prove_by_hashing(&readings).await;
                    self.settle(proven, attempt, unanswered).await
                }
                None => {
                    let proven = self.prove_newer(&readings).await;
                    self.settle(proven, attempt, unanswered).await
                }
            };
            let (known, mut attempt) = proven.inspect_err(|error| {
                if let (Some(named), ErrorCode::InvalidClient) = (&named, error.error) {
                    let reason = why_refused(&named.client);
                    audit::client_refused(&named.client.client_id, method, reason, origin);
                }
            })?;
            attempt.is_not_judged();
            require_registered(&known, method, origin)?;
            self.succeeded(attempt).await;
            known
        };
        Ok(IdentifiedClient::Proven(ProvenClient(known)))
    }

    /// The readings of a header with the client that each names. RULES A3: a reading that needs storage, which does not
    /// answer, leaves the others as they are.
    async fn known_readings(&self, pairs: Vec<BasicPair>) -> (Vec<Reading>, Option<ErrorResponse>) {
        let mut readings = Vec::with_capacity(pairs.len());
        let mut unanswered = None;
        for BasicPair { user, password } in pairs {
            match self.known_client(&user).await {
                Ok(known) => readings.push(Reading {
                    user,
                    password,
                    known,
                }),
                Err(error) => unanswered = unanswered.or(Some(error)),
            }
        }
        (readings, unanswered)
    }

    fn prove_by_generated(&self, readings: &[Reading]) -> Option<Arc<KnownClient>> {
        let is_right = |reading: &&Reading| {
            self.is_right_generated(reading.known.as_deref(), &reading.password)
        };
        readings.iter().find(is_right)?.known.clone()
    }

    fn prove_by_remembered(&self, readings: &[Reading]) -> Option<Arc<KnownClient>> {
        let mut known = readings.iter().filter_map(|reading| {
            let known = reading.known.as_ref()?;
            self.is_remembered(known, &reading.password)
                .then_some(known)
        });
        known.next().cloned()
    }

    async fn prove_by_hashing(
        &self,
        readings: &[Reading],
    ) -> Result<Option<Arc<KnownClient>>, ErrorResponse> {
        for reading in readings {
            if let Some(known) = &reading.known
                && self.is_right_by_hashing(known, &reading.password).await?
            {
                return Ok(Some(Arc::clone(known)));
            }
        }
        self.prove_newer(readings).await
    }

    /// A client may have been changed a moment ago. While storage does not answer, what is in memory counts.
    async fn prove_newer(
        &self,
        readings: &[Reading],
    ) -> Result<Option<Arc<KnownClient>>, ErrorResponse> {
        for reading in readings {
            let Some(known) = &reading.known else {
                continue;
            };
            let newer = self.directory.find_newer(&*self.store, known).await;
            let Ok(Some(newer)) = newer else { continue };
            let password = &reading.password;
            if self.is_right_generated(Some(&newer), password)
                || self.is_right_by_hashing(&newer, password).await?
            {
                return Ok(Some(newer));
            }
        }
        Ok(None)
    }

    /// Counts an attempt that proved nothing. One that could not be judged counts for nothing.
    async fn settle(
        &self,
        proven: Result<Option<Arc<KnownClient>>, ErrorResponse>,
        mut attempt: Attempt,
        unanswered: Option<ErrorResponse>,
    ) -> Result<(Arc<KnownClient>, Attempt), ErrorResponse> {
        let proven = proven.inspect_err(|_| attempt.is_not_judged())?;
        if let Some(known) = proven {
            return Ok((known, attempt));
        }
        if let Some(unanswered) = unanswered {
            attempt.is_not_judged();
            return Err(unanswered);
        }
        self.failed(attempt).await;
        Err(refused())
    }

    /// RFC 6749 §2.2: "The client identifier is not a secret ... and MUST NOT be used alone for client authentication."
    async fn name(&self, client_id: &str) -> Result<IdentifiedClient, ErrorResponse> {
        self.require_offered(AuthMethod::None)?;
        let known = self.known_client(client_id).await?.ok_or_else(refused)?;
        if known.client.settings.is_public() {
            Ok(IdentifiedClient::Public(PublicClient(known)))
        } else {
            Err(refused())
        }
    }

    pub(crate) async fn known_client(
        &self,
        id: &str,
    ) -> Result<Option<Arc<KnownClient>>, ErrorResponse> {
        // A text that cannot be a client id is the id of no client.
        let Ok(id) = id.parse::<ClientId>() else {
            return Ok(None);
        };
        self.directory
            .find(&*self.store, &id, &self.touch, self.clock.now())
            .await
            .map_err(|e| unavailable(&e))
    }
}
