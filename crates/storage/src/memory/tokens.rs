//! Revocations in memory, and whether a token is live.

use async_trait::async_trait;
use countersign_core::{Client, GrantId, Timestamp, TokenId};

use super::{MemoryStore, State};
use crate::{GrantFacts, Liveness, LivenessQuery, RevokeToken, StoreError, TokenStore};

impl State {
    /// What is known about the grant of `token`, which `client` presented.
    fn grant_facts(&self, token: &TokenId, client: Option<&Client>) -> GrantFacts {
        if token.grant() == GrantId::NONE {
            return GrantFacts::NotNeeded;
        }
        let of_client = |grant: &&countersign_core::Grant| {
            client.is_some_and(|client| client.id == grant.client)
                && grant.client_epoch == token.client_epoch()
        };
        match self.grants.get(token.grant()).filter(of_client) {
            None => GrantFacts::Gone,
            Some(grant) => GrantFacts::Stored {
                user_is_live: self.user_of_grant_is_live(grant),
                session_is_live: self.session_is_live(grant),
            },
        }
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn revoke_token(
        &self,
        token: &TokenId,
        expires_at: Timestamp,
    ) -> Result<RevokeToken, StoreError> {
        let mut state = self.state()?;
        if state.revoked.contains_key(token) {
            return Ok(RevokeToken::AlreadyRevoked);
        }
        state.revoked.insert(*token, expires_at);
        state.expiries.insert((expires_at, *token));
        Ok(RevokeToken::Revoked)
    }

    async fn liveness(&self, query: &LivenessQuery) -> Result<Liveness, StoreError> {
        let state = self.state()?;
        let client = state.clients.find(&query.client_id);
        Ok(Liveness::of(
            query,
            client.map(|client| client.epoch.number()),
            state.grant_facts(&query.token, client),
            state.revoked.contains_key(&query.token),
        ))
    }
}
