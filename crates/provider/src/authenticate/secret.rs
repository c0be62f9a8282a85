//! Client secrets: kept and checked by where their strength comes from (RULES S1).

use countersign_core::{ClientSecret, EntityId, Secret, SecretHash};
use countersign_protocol::{ErrorCode, ErrorResponse};

use super::hashing::HashingError;
use crate::Provider;
use crate::clients::AddClientError;
use crate::directory::KnownClient;

/// Given secrets with fewer bytes than this are marked as weak.
pub const WEAK_SECRET_BYTES: usize = 16;

/// Makes generated secrets easy to find for secret scanners.
const PREFIX: &str = "cs_sec_";

/// What a secret is kept and checked by: bound to one client by its internal id, so that equal secrets of two clients
/// have different MACs.
fn mac_input<'secret>(
    client: &'secret EntityId,
    secret: &'secret Secret<String>,
) -> [&'secret [u8]; 3] {
    [
        b"client secret",
        client.as_bytes(),
        secret.expose().as_bytes(),
    ]
}

impl Provider {
    /// Draws a secret with 256 bits of strength, and what is kept of it.
    pub(crate) fn draw_secret(
        &self,
        client: EntityId,
    ) -> Result<(Secret<String>, ClientSecret), AddClientError> {
        let bits = Secret::new((*self.random).bytes::<32>());
        let secret =
            Secret::new(PREFIX.to_owned() + &countersign_jose::base64url::encode(bits.expose()));
        let now = self.clock.now();
        let ring = self.keys.at(now);
        let (key, pepper) = ring.pepper().ok_or(AddClientError::NoPepper)?;
        let hash = SecretHash::Keyed {
            key: key.clone(),
            mac: pepper.mac(&mac_input(&client, &secret)),
        };
        Ok((
            secret,
            ClientSecret {
                hash,
                created_at: now,
                weak: false,
            },
        ))
    }

    /// What is kept of a secret that a person chose.
    pub(crate) async fn keep_given_secret(
        &self,
        secret: Secret<String>,
    ) -> Result<ClientSecret, AddClientError> {
        let weak = secret.expose().len() < WEAK_SECRET_BYTES;
        let phc = self
            .hasher
            .hash(secret, &*self.random)
            .await
            .map_err(|_| AddClientError::Hashing)?;
        Ok(ClientSecret {
            hash: SecretHash::Argon2id { phc },
            created_at: self.clock.now(),
            weak,
        })
    }

    /// Whether `secret` is one of the client's. An unknown client costs as much as a wrong generated secret (attack
    /// class 43); a wrong chosen one costs its hash. That a client exists is no secret (RFC 6749 §2.2).
    pub(super) async fn secret_is_right(
        &self,
        known: Option<&KnownClient>,
        secret: &Secret<String>,
    ) -> Result<bool, ErrorResponse> {
        let ring = self.keys.at(self.clock.now());
        let Some(known) = known else {
            if let Some((_, pepper)) = ring.pepper() {
                let nobody = EntityId::from_bytes([0; 16]);
                let _ = pepper.verify(&mac_input(&nobody, secret), &[0; 32]);
            }
            return Ok(false);
        };
        let client = &known.client;
        for kept in &client.secrets {
            let right = match &kept.hash {
                SecretHash::Keyed { key, mac } => ring
                    .pepper_by_id(key)
                    .is_some_and(|pepper| pepper.verify(&mac_input(&client.id, secret), mac)),
                SecretHash::Argon2id { phc } => {
                    let pepper = ring.pepper().map(|(_, pepper)| pepper);
                    let mac = pepper.map(|pepper| pepper.mac(&mac_input(&client.id, secret)));
                    self.chosen_secret_is_right(known, secret, phc, mac).await?
                }
            };
            if right {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Checks a secret against an argon2id hash, unless it was found right before.
    async fn chosen_secret_is_right(
        &self,
        known: &KnownClient,
        secret: &Secret<String>,
        phc: &str,
        mac: Option<[u8; 32]>,
    ) -> Result<bool, ErrorResponse> {
        let is_verified = || mac.is_some_and(|mac| known.is_verified(&mac));
        if is_verified() {
            return Ok(true);
        }
        let busy = |error: HashingError| {
            tracing::warn!(%error, client = %known.client.client_id, "secret not checked");
            ErrorResponse::new(ErrorCode::TemporarilyUnavailable, &error.to_string())
        };
        let turn = known.turnstile.enter().await.map_err(busy)?;
        // Whoever waited for the same secret need not hash it again.
        if is_verified() {
            return Ok(true);
        }
        let right = self
            .hasher
            .verify(turn, secret.clone(), phc.to_owned())
            .await
            .map_err(busy)?;
        if let (true, Some(mac)) = (right, mac) {
            known.remember_verified(mac);
        }
        Ok(right)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU8, Ordering};

    use countersign_core::{
        Client, ClientSettings, Epoch, FixedClock, GrantType, Random, Timestamp,
    };
    use countersign_storage::MemoryStore;

    use super::*;
    use crate::{Host, MasterKey, Settings};

    /// No two calls give the same bytes.
    struct Counting(AtomicU8);

    impl Random for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0.fetch_add(1, Ordering::SeqCst));
        }
    }

    fn chosen(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    async fn provider_with_a_chosen_secret() -> (Provider, KnownClient) {
        let host = Host {
            clock: Arc::new(FixedClock::at(Timestamp::from_seconds(1_800_000_000))),
            random: Arc::new(Counting(AtomicU8::new(0))),
            master_key: MasterKey::new(Secret::new([7; 32])),
        };
        let settings = Settings::new("https://as.example".parse().unwrap());
        let provider = Provider::start(Arc::new(MemoryStore::new()), settings, host)
            .await
            .unwrap();
        let kept = provider.keep_given_secret(chosen("right")).await.unwrap();
        let client = Client {
            id: EntityId::from_bytes([1; 16]),
            client_id: "worker".parse().unwrap(),
            epoch: Epoch::from_number(1),
            secrets: vec![kept],
            settings: ClientSettings::new(vec![GrantType::ClientCredentials]),
            created_at: Timestamp::from_seconds(0),
        };
        (provider, KnownClient::new(client))
    }

    #[tokio::test]
    async fn rule_s1_a_secret_that_was_found_right_is_not_hashed_again() {
        let (mut provider, known) = provider_with_a_chosen_secret().await;
        assert_eq!(
            provider
                .secret_is_right(Some(&known), &chosen("right"))
                .await,
            Ok(true)
        );
        assert_eq!(
            provider
                .secret_is_right(Some(&known), &chosen("wrong"))
                .await,
            Ok(false)
        );

        provider.hasher = crate::authenticate::Hasher::closed();
        assert_eq!(
            provider
                .secret_is_right(Some(&known), &chosen("right"))
                .await,
            Ok(true)
        );
        let refused = provider
            .secret_is_right(Some(&known), &chosen("wrong"))
            .await
            .unwrap_err();
        assert_eq!(refused.status(), 503, "a wrong secret is never remembered");
        let anew = KnownClient::new(known.client.clone());
        assert!(
            provider
                .secret_is_right(Some(&anew), &chosen("right"))
                .await
                .is_err()
        );
    }
}
