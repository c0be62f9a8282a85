//! Client authentication: RFC 6749 §2.3.

mod hashing;
mod secret;

use std::sync::Arc;

use countersign_core::{AuthMethod, Client, ClientId, Secret};
use countersign_protocol::{BasicPair, ErrorCode, ErrorResponse, PresentedClient};

use crate::Provider;
use crate::directory::KnownClient;
use crate::error::unavailable;

pub(crate) use hashing::{Hasher, Turnstile};
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

/// The same for an unknown client, a wrong secret and a missing one: the answer tells an attacker nothing (attack class
/// 43).
fn refused() -> ErrorResponse {
    ErrorResponse::new(ErrorCode::InvalidClient, "client authentication failed")
}

impl Provider {
    /// Finds out which client sends a request: a confidential one must prove it, a public one names itself.
    pub(crate) async fn identify(
        &self,
        presented: PresentedClient,
    ) -> Result<IdentifiedClient, ErrorResponse> {
        let method = presented.method();
        match presented {
            PresentedClient::Basic(basic) => self.prove(method, basic.readings).await,
            PresentedClient::Post { client_id, client_secret } => {
                let reading = BasicPair { user: client_id, password: client_secret };
                self.prove(method, vec![reading]).await
            }
            PresentedClient::Named { client_id } => self.name(&client_id).await,
            _ => Err(ErrorResponse::new(
                ErrorCode::InvalidClient,
                "the request has no client credentials: use HTTP Basic, or client_id and client_secret",
            )),
        }
        .map_err(|refusal| {
            tracing::debug!(error = %refusal, method = method.name(), "client authentication");
            refusal
        })
    }

    /// RFC 6749 §2.3.1: a client with a secret sends it, by the method that it is registered for.
    async fn prove(
        &self,
        method: AuthMethod,
        readings: Vec<BasicPair>,
    ) -> Result<IdentifiedClient, ErrorResponse> {
        let mut proven = None;
        let mut unanswered = None;
        for BasicPair { user, password } in readings {
            match self.prove_reading(&user, &password).await {
                Ok(None) => {}
                Ok(known) => {
                    proven = known;
                    break;
                }
                // RULES A3: another reading may be that of a client who is known without storage.
                Err(error) => unanswered = unanswered.or(Some(error)),
            }
        }
        let known = proven.ok_or_else(|| unanswered.unwrap_or_else(refused))?;
        match known.client.settings.token_endpoint_auth_method {
            // Whoever knows the secret may know what else is wrong.
            Some(registered) if registered != method => Err(ErrorResponse::new(
                ErrorCode::InvalidClient,
                &format!("this client is registered for the authentication method {registered}"),
            )),
            _ => Ok(IdentifiedClient::Proven(ProvenClient(known))),
        }
    }

    /// The client `user`, if `password` is a secret of it.
    async fn prove_reading(
        &self,
        user: &str,
        password: &Secret<String>,
    ) -> Result<Option<Arc<KnownClient>>, ErrorResponse> {
        let known = self.known_client(user).await?;
        if self.secret_is_right(known.as_deref(), password).await? {
            return Ok(known);
        }
        let Some(known) = known else { return Ok(None) };
        // The client may have been changed a moment ago. While storage does not answer, what is in memory counts.
        match self.directory.find_newer(&*self.store, &known).await {
            Ok(Some(newer)) if self.secret_is_right(Some(&newer), password).await? => {
                Ok(Some(newer))
            }
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// RFC 6749 §2.2: "The client identifier is not a secret ... and MUST NOT be used alone for client authentication."
    async fn name(&self, client_id: &str) -> Result<IdentifiedClient, ErrorResponse> {
        let known = self.known_client(client_id).await?.ok_or_else(refused)?;
        if known.client.settings.is_public() {
            Ok(IdentifiedClient::Public(PublicClient(known)))
        } else {
            Err(refused())
        }
    }

    async fn known_client(&self, id: &str) -> Result<Option<Arc<KnownClient>>, ErrorResponse> {
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
