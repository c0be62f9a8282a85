//! Clients that prove who they are by a signed JWT: RFC 7523 §2.2 and §3, OpenID Connect Core §9.

use std::sync::Arc;

use countersign_core::{AuthMethod, Client, Secret};
use countersign_jose::client_assertion::{
    self, AssertionError, AssertionRules, UnverifiedAssertion, VerifiedAssertion,
};
use countersign_jose::jws::JwsError;
use countersign_jose::{Algorithm, VerifyingKeys, digest};
use countersign_protocol::{ErrorCode, ErrorResponse};
use countersign_storage::{AssertionId, RememberJti};

use super::{IdentifiedClient, ProvenClient, refused};
use crate::client_keys::NoKeys;
use crate::directory::KnownClient;
use crate::error::unavailable;
use crate::settings::CLOCK_SKEW;
use crate::throttle::Account;
use crate::{Origin, Provider, audit};

/// By what an assertion is judged.
enum ProofKeys {
    /// `private_key_jwt`.
    Public(Arc<VerifyingKeys>),
    /// `client_secret_jwt`: the secrets that are accepted now, and were kept for this (RULES S2).
    Secrets(Vec<Secret<Vec<u8>>>),
}

/// Why an assertion proves nothing.
enum Unproven {
    /// It is not one of this client's; who sent it may be anybody, and hears nothing more.
    NotTheirs(&'static str),
    /// Something is wrong with it that anybody may know, or that only who made it can hear.
    Wrong(AssertionError),
}

impl From<AssertionError> for Unproven {
    fn from(error: AssertionError) -> Self {
        match error {
            AssertionError::Jws(JwsError::UnknownKey) => Self::NotTheirs("unknown key"),
            AssertionError::Jws(JwsError::AlgorithmMismatch) => {
                Self::NotTheirs("algorithm is not that of the key")
            }
            AssertionError::Jws(JwsError::Signature) => Self::NotTheirs("wrong signature"),
            error => Self::Wrong(error),
        }
    }
}

fn invalid_client(text: &str) -> ErrorResponse {
    ErrorResponse::new(ErrorCode::InvalidClient, text)
}

fn wrong(error: &AssertionError) -> ErrorResponse {
    // RFC 6749 §5.2 allows no double quotes in descriptions.
    invalid_client(&format!("client_assertion: {error}").replace('"', "'"))
}

/// The method that an assertion of this algorithm belongs to: symmetric keys are secrets, all others key pairs.
fn method_of(algorithm: Algorithm) -> AuthMethod {
    match algorithm {
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => AuthMethod::ClientSecretJwt,
        _ => AuthMethod::PrivateKeyJwt,
    }
}

impl Provider {
    /// RFC 7523 §3: a client proves by an assertion of its own who it is, once.
    pub(super) async fn prove_by_assertion(
        &self,
        named: Option<&str>,
        assertion: &Secret<String>,
        origin: Origin,
    ) -> Result<IdentifiedClient, ErrorResponse> {
        let token = assertion.expose();
        let unverified = UnverifiedAssertion::peek(token).map_err(|error| wrong(&error))?;
        let client_id = unverified.client_id();
        // RFC 7521 §4.2: "if present, the 'client_id' parameter MUST identify the same client as is identified by the
        // client assertion".
        if named.is_some_and(|named| named != client_id) {
            return Err(invalid_client(
                "client_id in the body is not the one that the client_assertion is about",
            ));
        }
        let method = method_of(unverified.algorithm());
        self.require_offered(method)?;
        let known = self.known_client(client_id).await?;
        let Some((known, verified)) = self
            .verify(known, token, &unverified, method, origin)
            .await?
        else {
            // A right assertion passes whatever strangers do; a wrong one counts as a guess (RULES S5).
            let attempt = self.attempt(Account::Client(client_id), origin)?;
            self.failed(attempt).await;
            return Err(refused());
        };
        self.take_once(&known.client, &verified, origin).await?;
        self.proven(Account::Client(client_id), origin).await;
        Ok(IdentifiedClient::Proven(ProvenClient(known)))
    }

    /// What the client has really said; none if this assertion is not one of its.
    async fn verify(
        &self,
        known: Option<Arc<KnownClient>>,
        token: &str,
        unverified: &UnverifiedAssertion,
        method: AuthMethod,
        origin: Origin,
    ) -> Result<Option<(Arc<KnownClient>, VerifiedAssertion)>, ErrorResponse> {
        let Some(known) = known else {
            return Ok(None);
        };
        let mut judged = self
            .verify_with_known(&known, token, unverified, method)
            .await?;
        let mut judged_by = known;
        // The client may have been changed a moment ago. While storage does not answer, what is in memory counts.
        if matches!(judged, Err(Unproven::NotTheirs(_)))
            && let Ok(Some(newer)) = self.directory.find_newer(&*self.store, &judged_by).await
        {
            judged = self
                .verify_with_known(&newer, token, unverified, method)
                .await?;
            judged_by = newer;
        }
        match judged {
            Ok(verified) => Ok(Some((judged_by, verified))),
            // Whoever signed it may know what else is wrong.
            Err(Unproven::Wrong(error)) => Err(wrong(&error)),
            Err(Unproven::NotTheirs(reason)) => {
                audit::assertion_refused(&judged_by.client.client_id, method, reason, origin);
                Ok(None)
            }
        }
    }

    async fn verify_with_known(
        &self,
        known: &KnownClient,
        token: &str,
        unverified: &UnverifiedAssertion,
        method: AuthMethod,
    ) -> Result<Result<VerifiedAssertion, Unproven>, ErrorResponse> {
        let client = &known.client;
        // A method that the client is not registered for proves nothing: which one it is decides how hard it is to
        // pretend to be this client.
        if client.settings.token_endpoint_auth_method != Some(method) {
            return Ok(Err(Unproven::NotTheirs(
                "the client is registered for another authentication method",
            )));
        }
        let keys = match method {
            AuthMethod::ClientSecretJwt => ProofKeys::Secrets(self.sealed_secrets(client)),
            _ => match self.public_keys(known, unverified.kid()).await? {
                Some(keys) => ProofKeys::Public(keys),
                None => return Ok(Err(Unproven::NotTheirs("the client has no keys"))),
            },
        };
        let rules = AssertionRules {
            client_id: client.client_id.as_str(),
            issuer: self.settings.issuer.as_str(),
            now: self.clock.now(),
            leeway_seconds: CLOCK_SKEW,
        };
        Ok(keys.verify(token, &rules))
    }

    /// The public keys of a client, fetched if it publishes them; none if it has none.
    async fn public_keys(
        &self,
        known: &KnownClient,
        kid: Option<&str>,
    ) -> Result<Option<Arc<VerifyingKeys>>, ErrorResponse> {
        let uri = match (&known.registered_keys, &known.client.settings.jwks_uri) {
            (Some(keys), _) => return Ok(Some(Arc::clone(keys))),
            (None, Some(uri)) => uri,
            (None, None) => return Ok(None),
        };
        let keys = self.key_sets.keys_for(uri, kid).await;
        keys.map(Some).map_err(|NoKeys| {
            ErrorResponse::new(
                ErrorCode::TemporarilyUnavailable,
                "the keys of this client could not be fetched from its jwks_uri; try again",
            )
        })
    }

    /// RULES N3: a `jti` is good once, at one node.
    async fn take_once(
        &self,
        client: &Client,
        assertion: &VerifiedAssertion,
        origin: Origin,
    ) -> Result<(), ErrorResponse> {
        let id = AssertionId {
            client: client.id,
            jti_hash: digest::sha256(assertion.jti().as_bytes()),
        };
        // What a check forgives, and by how much the clock of a node that sweeps may be ahead of one that checks.
        let until = assertion.exp().plus(2 * i64::from(CLOCK_SKEW));
        let remembered = self
            .store
            .remember_jti(&id, until, self.clock.now())
            .await
            .map_err(|error| unavailable(&error))?;
        match remembered {
            RememberJti::Remembered => Ok(()),
            RememberJti::Seen => {
                audit::assertion_replayed(&client.client_id, origin);
                Err(invalid_client(
                    "this client_assertion was used before; make a new one, with a new jti, for every request",
                ))
            }
        }
    }
}

impl ProofKeys {
    fn verify(
        &self,
        token: &str,
        rules: &AssertionRules<'_>,
    ) -> Result<VerifiedAssertion, Unproven> {
        let secrets = match self {
            Self::Public(keys) => return Ok(client_assertion::verify(token, keys, rules)?),
            Self::Secrets(secrets) => secrets,
        };
        let mut unproven = Unproven::NotTheirs("the secret of the client is not kept for this");
        for secret in secrets.iter().rev() {
            match client_assertion::verify_hs256(token, secret, rules) {
                Ok(verified) => return Ok(verified),
                Err(error) => unproven = error.into(),
            }
            // Whose signature is right need not be tried with another secret.
            if matches!(unproven, Unproven::Wrong(_)) {
                break;
            }
        }
        Err(unproven)
    }
}
