//! Grants: what one user (or nobody) has authorized one client to do, in one row for its whole life (DESIGN §3).

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    Authorization, ClientSettings, EntityId, Epoch, GrantId, IssuedCode, KeyId, ResourceUri, Scope,
    Timestamp,
};

/// How many refresh tokens of a grant there were before this one. It never wraps (RULES R11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(u32);

/// The generations of a grant are used up (RULES R11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("this grant has no further generation")]
pub struct LastGeneration;

impl Generation {
    /// The generation of the first refresh token.
    pub const FIRST: Self = Self(0);

    /// The generation with this number.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The number of the generation.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The generation after this one.
    pub fn next(self) -> Result<Self, LastGeneration> {
        self.0.checked_add(1).map(Self).ok_or(LastGeneration)
    }
}

/// The refresh token that is current for a grant: from this it can be derived again (RULES R1).
#[derive(Clone, PartialEq, Eq)]
pub struct CurrentRefresh {
    /// Which one it is.
    pub generation: Generation,
    /// What the winning rotation drew.
    pub nonce: [u8; 16],
    /// The key under which it was made.
    pub key: KeyId,
    /// When it was made, or last used where the client's tokens are not rotated.
    pub used_at: Timestamp,
    /// The first 8 bytes of the tag of the token before it; none if there was none that may be tried again.
    pub previous_tag: Option<[u8; 8]>,
    /// How many generations in a row, up to this one, had to be told again (RULES R2).
    pub retried_in_a_row: u32,
    /// Whether this one was told again.
    pub retried: bool,
}

impl std::fmt::Debug for CurrentRefresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CurrentRefresh")
            .field("generation", &self.generation)
            .field("key", &self.key)
            .field("used_at", &self.used_at)
            .field("retried_in_a_row", &self.retried_in_a_row)
            .field("retried", &self.retried)
            .finish_non_exhaustive()
    }
}

/// When a grant ends by itself (RULES R11). Seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantLifetime {
    /// The end, whatever happens.
    pub ends_at: Timestamp,
    /// How long the refresh token may lie unused.
    pub idle: u32,
}

impl GrantLifetime {
    /// When the grant ends if its refresh token was last used at `used_at`.
    #[must_use]
    pub fn end(self, used_at: Timestamp) -> Timestamp {
        self.ends_at.min(used_at.plus(self.idle.into()))
    }
}

/// The user who authorized a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantUser {
    /// The internal id.
    pub id: EntityId,
    /// The epoch of the user at that time; with another one the grant is dead.
    pub epoch: Epoch,
}

/// A grant as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The id, which every token of the grant carries.
    pub id: GrantId,
    /// The client that was authorized, by its internal id (RULES R10).
    pub client: EntityId,
    /// The epoch of the client when it was authorized; with another one the grant is dead.
    pub client_epoch: Epoch,
    /// The user who authorized it; none if it is the client's own, which is then its standing grant for this scope (RULES
    /// D1, D3).
    pub user: Option<GrantUser>,
    /// Everything that was granted.
    pub scope: Scope,
    /// The resources that were asked for; none stands for the client's default (RFC 8707 §2.2).
    pub resources: Vec<ResourceUri>,
    /// When it was authorized.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub lifetime: GrantLifetime,
    /// Its refresh token; none if none was issued.
    pub refresh: Option<CurrentRefresh>,
    /// What the authorization endpoint bound to it; none if the grant did not come from there.
    pub authorization: Option<Authorization>,
}

impl Grant {
    /// From when on nobody needs the row: rows outlive every access token of the grant (RULES R11), and a minute of
    /// difference between clocks.
    #[must_use]
    pub fn row_ends_at(&self) -> Timestamp {
        let used_at = self
            .refresh
            .as_ref()
            .map_or(self.created_at, |it| it.used_at);
        let last_token = i64::from(ClientSettings::MAX_ACCESS_TOKEN_LIFETIME);
        match self.unredeemed_code() {
            // A code that nobody redeems leaves nothing behind but what was issued beside it.
            Some(code) => code.expires_at.plus(last_token + 60),
            // No access token outlives such a grant, which was made to live as long as one.
            None if self.refresh.is_none() => {
                self.lifetime.ends_at.plus(IssuedCode::REPLAY_WINDOW + 60)
            }
            None => self.lifetime.end(used_at).plus(last_token + 60),
        }
    }

    /// The end that no access token of the grant outlives: that of its session, or its own where it was made to live as
    /// long as an access token. One that is refreshed otherwise has tokens with an end of their own.
    #[must_use]
    pub fn tokens_end_by(&self) -> Option<Timestamp> {
        let ends_with_session = |it: &Authorization| it.ends_with_session;
        let bound = self.authorization.as_ref().is_some_and(ends_with_session);
        // A standing grant makes room for the next one when it ends.
        let ends_all = bound || self.refresh.is_none() || self.user.is_none();
        ends_all.then_some(self.lifetime.ends_at)
    }

    /// The code of the grant, if it was not redeemed yet.
    #[must_use]
    pub fn unredeemed_code(&self) -> Option<&IssuedCode> {
        let code = self.authorization.as_ref()?.code.as_ref()?;
        code.redeemed_at.is_none().then_some(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_r11_generations_end_and_do_not_wrap() {
        assert_eq!(Generation::FIRST.next(), Ok(Generation(1)));
        assert_eq!(Generation(u32::MAX).next(), Err(LastGeneration));
    }

    #[test]
    fn rule_r11_a_grant_ends_when_idle_or_old() {
        let at = Timestamp::from_seconds;
        let lifetime = GrantLifetime {
            ends_at: at(1_000),
            idle: 100,
        };
        assert_eq!(lifetime.end(at(0)), at(100));
        assert_eq!(lifetime.end(at(950)), at(1_000));
    }
}
