//! Clients that prove who they are by a signed JWT: RFC 7523 §2.2 and §3, OpenID Connect Core §9.

use std::sync::Arc;

use countersign_core::{AuthMethod, Secret};
use countersign_jose::access_token::ClaimsError;
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

/// An assertion, and what it says about itself.
struct Presented<'token> {
    token: &'token str,
    unverified: UnverifiedAssertion,
    method: AuthMethod,
}

/// Why an assertion proves nothing.
enum Unproven {
    /// It is not one of this client's; who sent it may be anybody, and hears nothing more.
    NotTheirs(&'static str),
    /// The client has signed it, and may know what else is wrong.
    Wrong(AssertionError),
}

impl From<AssertionError> for Unproven {
    fn from(error: AssertionError) -> Self {
        match error {
            AssertionError::Jws(JwsError::UnknownKey) => Self::NotTheirs("unknown key"),
            AssertionError::Jws(JwsError::KeyIdMissing) => {
                Self::NotTheirs("no kid, and not exactly one key")
            }
            AssertionError::Jws(JwsError::AlgorithmMismatch) => {
                Self::NotTheirs("algorithm is not that of the key")
            }
            AssertionError::Jws(JwsError::Signature) => Self::NotTheirs("wrong signature"),
            error => Self::Wrong(error),
        }
    }
}

impl From<Unproven> for ErrorResponse {
    fn from(unproven: Unproven) -> Self {
        match unproven {
            Unproven::NotTheirs(_) => refused(),
            Unproven::Wrong(error) => wrong(&error),
        }
    }
}

impl Presented<'_> {
    fn client_id(&self) -> &str {
        self.unverified.client_id()
    }
}

fn invalid_client(text: &str) -> ErrorResponse {
    ErrorResponse::new(ErrorCode::InvalidClient, text)
}

fn wrong(error: &AssertionError) -> ErrorResponse {
    let text = match error {
        AssertionError::Claims(ClaimsError::Malformed(name @ ("exp" | "iat" | "nbf"))) => {
            format!("{name} must be a whole number of seconds since 1970, without a fraction")
        }
        // RFC 6749 §5.2 allows no double quotes in descriptions.
        error => error.to_string().replace('"', "'"),
    };
    invalid_client(&format!("client_assertion: {text}"))
}

/// The method that an assertion of this algorithm belongs to: symmetric keys are secrets, all others key pairs.
fn method_of(algorithm: Algorithm) -> AuthMethod {
    match algorithm {
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => AuthMethod::ClientSecretJwt,
        _ => AuthMethod::PrivateKeyJwt,
    }
}

/// What may prove something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// What cannot be guessed: keys, and secrets that were drawn.
    Unguessable,
    /// Secrets that somebody has chosen as well.
    Anything,
}

type Judged = Result<VerifiedAssertion, Unproven>;

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
        // RFC 7521 §4.2: "if present, the 'client_id' parameter MUST identify the same client as is identified by the
        // client assertion".
        if named.is_some_and(|named| named != unverified.client_id()) {
            return Err(invalid_client(
                "client_id in the body is not the one that the client_assertion is about",
            ));
        }
        let method = method_of(unverified.algorithm());
        self.require_offered(method)?;
        let presented = Presented {
            token,
            unverified,
            method,
        };
        let known = self.known_client(presented.client_id()).await?;
        let unproven = match &known {
            Some(known) => {
                let trust = Trust::Unguessable;
                match self.judge_assertion(known, &presented, trust).await? {
                    // What nobody can guess passes whatever strangers do (RULES S5).
                    Ok(verified) => {
                        self.take_once(known, &verified, origin).await?;
                        let account = Account::Client(presented.client_id());
                        self.proven(account, origin).await;
                        return Ok(IdentifiedClient::Proven(ProvenClient(Arc::clone(known))));
                    }
                    Err(unproven) => unproven,
                }
            }
            None => Unproven::NotTheirs("no such client"),
        };
        let known = self
            .settle_assertion(known, &presented, unproven, origin)
            .await?;
        Ok(IdentifiedClient::Proven(ProvenClient(known)))
    }

    /// Judges what was not proven at once by all that there is. It may be a guess, so it may come too early, and counts if
    /// it is wrong.
    async fn settle_assertion(
        &self,
        known: Option<Arc<KnownClient>>,
        presented: &Presented<'_>,
        unproven: Unproven,
        origin: Origin,
    ) -> Result<Arc<KnownClient>, ErrorResponse> {
        let account = Account::Client(presented.client_id());
        let mut attempt = self.attempt(account, origin)?;
        if presented.method == AuthMethod::ClientSecretJwt {
            // A secret that was chosen can be guessed, as it can be with any other method: what other nodes have counted is
            // heard first, attempts in flight count as failures, and so does hanging up.
            attempt = self.attempt_by_hash(account, origin).await?;
            attempt.begins(self);
        }
        let judged = match (&known, unproven) {
            (Some(known), Unproven::NotTheirs(_)) => self
                .judge_otherwise(known, presented)
                .await
                .inspect_err(|_| attempt.is_not_judged())?,
            (_, unproven) => Err(unproven),
        };
        match judged {
            Ok((known, verified)) => {
                // It was no guess, whatever else is wrong with it.
                attempt.is_not_judged();
                self.take_once(&known, &verified, origin).await?;
                self.succeeded(attempt).await;
                Ok(known)
            }
            Err(unproven) => {
                self.failed(attempt).await;
                if let Unproven::NotTheirs(reason) = unproven {
                    let kid = presented.unverified.kid();
                    audit::assertion_refused(
                        presented.client_id(),
                        presented.method,
                        kid,
                        reason,
                        origin,
                    );
                }
                Err(unproven.into())
            }
        }
    }

    /// The client may have been changed a moment ago. While storage does not answer, what is in memory counts.
    async fn judge_otherwise(
        &self,
        known: &Arc<KnownClient>,
        presented: &Presented<'_>,
    ) -> Result<Result<(Arc<KnownClient>, VerifiedAssertion), Unproven>, ErrorResponse> {
        let judged = self
            .judge_assertion(known, presented, Trust::Anything)
            .await?;
        if matches!(judged, Err(Unproven::NotTheirs(_)))
            && let Ok(Some(newer)) = self.directory.find_newer(&*self.store, known).await
        {
            let judged = self
                .judge_assertion(&newer, presented, Trust::Anything)
                .await?;
            return Ok(judged.map(|verified| (newer, verified)));
        }
        Ok(judged.map(|verified| (Arc::clone(known), verified)))
    }

    async fn judge_assertion(
        &self,
        known: &KnownClient,
        presented: &Presented<'_>,
        trust: Trust,
    ) -> Result<Judged, ErrorResponse> {
        let client = &known.client;
        // A method that the client is not registered for proves nothing: which one it is decides how hard it is to
        // pretend to be this client.
        if client.settings.token_endpoint_auth_method != Some(presented.method) {
            return Ok(Err(Unproven::NotTheirs(
                "the client is registered for another authentication method",
            )));
        }
        if presented.method == AuthMethod::PrivateKeyJwt {
            return self.judge_by_keys(known, presented).await;
        }
        let secrets = match trust {
            Trust::Unguessable => self.drawn_sealed_secrets(client),
            Trust::Anything => self.sealed_secrets(client),
        };
        let rules = self.rules(presented.client_id());
        let mut judged = Err(Unproven::NotTheirs("no secret that is kept for this"));
        for secret in secrets.iter().rev() {
            judged = client_assertion::verify_hs256(presented.token, secret, &rules)
                .map_err(Unproven::from);
            // Whose signature is right need not be tried with another secret.
            if !matches!(judged, Err(Unproven::NotTheirs(_))) {
                break;
            }
        }
        Ok(judged)
    }

    /// Judges by the public keys of a client, which are fetched if it publishes them: again, if those at hand have not made
    /// the signature, at the pace at which anybody may ask for them.
    async fn judge_by_keys(
        &self,
        known: &KnownClient,
        presented: &Presented<'_>,
    ) -> Result<Judged, ErrorResponse> {
        let judge = |keys: &VerifyingKeys| {
            let rules = self.rules(presented.client_id());
            client_assertion::verify(presented.token, keys, &rules).map_err(Unproven::from)
        };
        let uri = match (&known.registered_keys, &known.client.settings.jwks_uri) {
            (Some(keys), _) => return Ok(judge(keys)),
            (None, Some(uri)) => uri,
            (None, None) => return Ok(Err(Unproven::NotTheirs("the client has no keys"))),
        };
        let keys = self.key_sets.keys_for(uri, presented.unverified.kid());
        let keys = keys.await.map_err(|NoKeys| {
            ErrorResponse::new(
                ErrorCode::TemporarilyUnavailable,
                "the keys of this client could not be fetched from its jwks_uri; try again",
            )
        })?;
        let judged = judge(&keys);
        if matches!(judged, Err(Unproven::NotTheirs(_)))
            && let Some(keys) = self.key_sets.keys_again(uri).await
        {
            return Ok(judge(&keys));
        }
        Ok(judged)
    }

    fn rules<'rules>(&'rules self, client_id: &'rules str) -> AssertionRules<'rules> {
        AssertionRules {
            client_id,
            issuer: self.settings.issuer.as_str(),
            now: self.clock.now(),
            leeway_seconds: CLOCK_SKEW,
        }
    }

    /// RULES N3: a `jti` is good once, at one node.
    async fn take_once(
        &self,
        known: &KnownClient,
        assertion: &VerifiedAssertion,
        origin: Origin,
    ) -> Result<(), ErrorResponse> {
        let client_id = &known.client.client_id;
        // No client id has a zero byte. RULES R10: a client that is added anew under its name is the same here.
        let made_by = [client_id.as_str(), assertion.jti()].join("\0");
        let id = AssertionId::from_bytes(digest::sha256(made_by.as_bytes()));
        // What a check forgives, and by how much the clock of a node that sweeps may be ahead of one that checks (RULES N4).
        let until = assertion.exp().plus(3 * i64::from(CLOCK_SKEW));
        let remembered = self
            .store
            .remember_jti(&id, until, self.clock.now())
            .await
            .map_err(|error| unavailable(&error))?;
        match remembered {
            RememberJti::Remembered => Ok(()),
            RememberJti::Seen => {
                audit::assertion_replayed(client_id, origin);
                let attempt = self.attempt(Account::Client(client_id.as_str()), origin)?;
                self.failed(attempt).await;
                Err(invalid_client(
                    "this client_assertion was used before; make a new one, with a new jti, for every request",
                ))
            }
        }
    }
}
