//! Client secrets: kept and checked by where their strength comes from (RULES S1).

use countersign_core::{Client, ClientSecret, EntityId, Secret, SecretHash};
use countersign_protocol::{ErrorCode, ErrorResponse};

use super::hashing::HashingError;
use crate::Provider;
use crate::clients::AddClientError;
use crate::directory::KnownClient;
use crate::keys::SecretOf;

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
                expires_at: None,
                sealed: None,
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
            expires_at: None,
            sealed: None,
        })
    }

    /// The secrets of a client that are accepted now and were kept for what needs them, the newest last (RULES S2).
    pub(crate) fn sealed_secrets(&self, client: &Client) -> Vec<Secret<Vec<u8>>> {
        self.open_sealed(client, |_| true)
    }

    /// Those of them that were drawn, and cannot be guessed.
    pub(super) fn drawn_sealed_secrets(&self, client: &Client) -> Vec<Secret<Vec<u8>>> {
        self.open_sealed(client, |kept| matches!(kept.hash, SecretHash::Keyed { .. }))
    }

    fn open_sealed(
        &self,
        client: &Client,
        is_meant: impl Fn(&ClientSecret) -> bool,
    ) -> Vec<Secret<Vec<u8>>> {
        let now = self.clock.now();
        let accepted = client.secrets.iter().filter(|kept| kept.is_accepted(now));
        accepted
            .filter(|kept| is_meant(kept))
            .filter_map(|kept| {
                self.keys
                    .open_secret(SecretOf::Client(client.id), kept.sealed.as_deref()?)
            })
            .collect()
    }

    /// The newest secret of a client, if it was kept for what needs it.
    pub(crate) fn newest_sealed_secret(&self, client: &Client) -> Option<Secret<Vec<u8>>> {
        let sealed = client.secrets.last()?.sealed.as_deref()?;
        self.keys.open_secret(SecretOf::Client(client.id), sealed)
    }

    /// Whether `secret` is one that was drawn for the client. An unknown client costs as much as a wrong secret (attack
    /// class 43).
    pub(super) fn is_right_generated(
        &self,
        known: Option<&KnownClient>,
        secret: &Secret<String>,
    ) -> bool {
        let now = self.clock.now();
        let ring = self.keys.at(now);
        let Some(known) = known else {
            if let Some((_, pepper)) = ring.pepper() {
                let nobody = EntityId::from_bytes([0; 16]);
                let _ = pepper.verify(&mac_input(&nobody, secret), &[0; 32]);
            }
            return false;
        };
        let client = &known.client;
        let mut accepted = client.secrets.iter().filter(|kept| kept.is_accepted(now));
        accepted.any(|kept| match &kept.hash {
            SecretHash::Keyed { key, mac } => ring
                .pepper_by_id(key)
                .is_some_and(|pepper| pepper.verify(&mac_input(&client.id, secret), mac)),
            SecretHash::Argon2id { .. } => false,
        })
    }

    /// Whether `secret` is a chosen one that was found right before (RULES S1).
    pub(super) fn is_remembered(&self, known: &KnownClient, secret: &Secret<String>) -> bool {
        let chosen = |kept: &ClientSecret| matches!(kept.hash, SecretHash::Argon2id { .. });
        known.client.secrets.iter().any(chosen)
            && self
                .mac_of_chosen(known, secret)
                .is_some_and(|mac| known.is_verified(&mac, self.clock.now()))
    }

    /// Whether `secret` is one of those that a person chose for the client: costs a hash for each of them (RULES S1). That
    /// a client exists is no secret (RFC 6749 §2.2).
    pub(super) async fn is_right_by_hashing(
        &self,
        known: &KnownClient,
        secret: &Secret<String>,
    ) -> Result<bool, ErrorResponse> {
        let now = self.clock.now();
        for kept in known
            .client
            .secrets
            .iter()
            .filter(|kept| kept.is_accepted(now))
        {
            let SecretHash::Argon2id { phc } = &kept.hash else {
                continue;
            };
            let busy = |error: HashingError| {
                tracing::warn!(%error, client = %known.client.client_id, "secret not checked");
                ErrorResponse::new(ErrorCode::TemporarilyUnavailable, &error.to_string())
            };
            let turn = known.turnstile.enter().await.map_err(busy)?;
            let mac = self.mac_of_chosen(known, secret);
            // Whoever waited for the same secret need not hash it again.
            if mac.is_some_and(|mac| known.is_verified(&mac, now)) {
                return Ok(true);
            }
            let right = self
                .hasher
                .verify(turn, secret.clone(), phc.clone())
                .await
                .map_err(busy)?;
            if right {
                if let Some(mac) = mac {
                    known.remember_verified(mac, kept.expires_at);
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// By what a chosen secret is recognised that was found right before.
    fn mac_of_chosen(&self, known: &KnownClient, secret: &Secret<String>) -> Option<[u8; 32]> {
        let ring = self.keys.at(self.clock.now());
        ring.pepper()
            .map(|(_, pepper)| pepper.mac(&mac_input(&known.client.id, secret)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU8, Ordering};

    use countersign_core::{
        ClientSettings, Epoch, FixedClock, GrantType, Random, Revision, Timestamp,
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
            key_sets: None,
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
            revision: Revision::FIRST,
            secrets: vec![kept],
            settings: ClientSettings::new(vec![GrantType::ClientCredentials]),
            created_at: Timestamp::from_seconds(0),
        };
        (provider, KnownClient::new(client))
    }

    /// The way of every request: from memory if that can tell, else by hashing.
    async fn is_right(
        provider: &Provider,
        known: &KnownClient,
        secret: &str,
    ) -> Result<bool, ErrorResponse> {
        let secret = chosen(secret);
        if provider.is_remembered(known, &secret) {
            return Ok(true);
        }
        provider.is_right_by_hashing(known, &secret).await
    }

    #[tokio::test]
    async fn rule_s1_a_secret_that_was_found_right_is_not_hashed_again() {
        let (mut provider, known) = provider_with_a_chosen_secret().await;
        assert_eq!(is_right(&provider, &known, "right").await, Ok(true));
        assert_eq!(is_right(&provider, &known, "wrong").await, Ok(false));

        provider.hasher = crate::authenticate::Hasher::closed();
        assert_eq!(is_right(&provider, &known, "right").await, Ok(true));
        let refused = is_right(&provider, &known, "wrong").await.unwrap_err();
        assert_eq!(refused.status(), 503, "a wrong secret is never remembered");
        let anew = KnownClient::new(known.client.clone());
        assert!(is_right(&provider, &anew, "right").await.is_err());
    }

    #[tokio::test]
    async fn rule_s3_a_secret_that_ended_is_not_remembered_as_right() {
        let (provider, known) = provider_with_a_chosen_secret().await;
        let mut client = known.client.clone();
        client.secrets[0].expires_at = Some(provider.clock.now().plus(10));
        let known = KnownClient::new(client.clone());
        assert_eq!(is_right(&provider, &known, "right").await, Ok(true));
        let mac = provider.mac_of_chosen(&known, &chosen("right")).unwrap();
        assert!(known.is_verified(&mac, provider.clock.now().plus(9)));
        assert!(!known.is_verified(&mac, provider.clock.now().plus(10)));
        client.secrets[0].expires_at = Some(provider.clock.now());
        let ended = KnownClient::new(client);
        assert_eq!(is_right(&provider, &ended, "right").await, Ok(false));
    }
}
