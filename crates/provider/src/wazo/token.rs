//! Tokens that come back: what they say, and what they open. The gate in for this dialect (RULES A5, D2).

use countersign_core::wazo::{AccessList, Bearer, Session};
use countersign_core::{EntityId, Secret, User};
use countersign_storage::{FoundWazoSession, WazoSessionFilter};
use uuid::Uuid;

use super::{Caller, Denied, Refusal, Wazo};

/// A token that is live, and all that the wire tells of it.
#[derive(Debug)]
pub struct TokenInfo {
    /// The token.
    pub token: Secret<String>,
    /// Its session.
    pub session: Session,
    /// Its user.
    pub user: User,
    /// The refresh token that goes with it: only where one was asked for, and only in the answer to that.
    pub refresh_token: Option<Secret<String>>,
}

impl TokenInfo {
    /// Whether the token gives the access `required`.
    #[must_use]
    pub fn allows(&self, required: &str) -> bool {
        let (user, session) = (self.user.id.to_string(), self.session.id.to_string());
        let bearer = Bearer {
            user: &user,
            session: &session,
        };
        self.session.acl.allows(required, bearer)
    }
}

impl Wazo<'_> {
    /// The token, if it is live.
    pub async fn token(&self, text: &Secret<String>) -> Result<TokenInfo, Refusal> {
        let found = self.live(text).await?.ok_or(Refusal::NoSuchToken)?;
        let (session, user) = found;
        Ok(TokenInfo {
            token: text.clone(),
            session,
            user,
            refresh_token: None,
        })
    }

    /// Ends a token. Whoever knows it may; what is no token of this dialect is no error.
    pub async fn end_token(&self, text: &Secret<String>) -> Result<(), Refusal> {
        if let Some(hash) = self.hash(Kind::Access, text)? {
            let token = WazoSessionFilter::Token(hash);
            self.provider.store.end_wazo_session(token).await?;
        }
        Ok(())
    }

    /// Lets a request in whose token gives the access `required`.
    pub async fn admit(
        &self,
        token: Option<&Secret<String>>,
        required: &str,
    ) -> Result<Caller, Refusal> {
        let denied = |reason| Refusal::Denied {
            reason,
            required: required.to_owned(),
        };
        let live = match token {
            Some(token) => self.live(token).await?,
            None => None,
        };
        let (session, user) = live.ok_or_else(|| denied(Denied::NotFoundOrExpired))?;
        let caller = Caller {
            user: Some(Box::new(user)),
            session: Some(session.id),
            acl: session.acl,
        };
        if caller.has(required) {
            Ok(caller)
        } else {
            Err(denied(Denied::MissingPermission))
        }
    }

    /// The session of a token, with its user, if nothing ended it.
    async fn live(&self, text: &Secret<String>) -> Result<Option<(Session, User)>, Refusal> {
        let Some(hash) = self.hash(Kind::Access, text)? else {
            return Ok(None);
        };
        let Some(found) = self.provider.store.find_wazo_session(&hash).await? else {
            return Ok(None);
        };
        let user = found.live_user().cloned();
        let FoundWazoSession { session, .. } = found;
        // The last second is part of its life, on that wire.
        let is_over = self.provider.clock.now() > session.expires_at;
        Ok(user.filter(|_| !is_over).map(|user| (session, user)))
    }

    /// The keyed hash by which a token is found (RULES D2). None for a text that is no UUID in its one spelling.
    pub(super) fn hash(
        &self,
        kind: Kind,
        text: &Secret<String>,
    ) -> Result<Option<[u8; 32]>, Refusal> {
        let text = text.expose();
        let Ok(id) = Uuid::try_parse(text) else {
            return Ok(None);
        };
        let mut spelling = Uuid::encode_buffer();
        if text != id.hyphenated().encode_lower(&mut spelling) {
            return Ok(None);
        }
        // What is found by it is found for all time.
        let key = self
            .provider
            .pepper_child(kind.purpose())
            .map_err(Refusal::Unavailable)?;
        Ok(Some(key.mac(&[id.as_bytes()])))
    }

    /// A new token: a random UUID.
    pub(super) fn draw(&self) -> Secret<String> {
        let drawn = (*self.provider.random).bytes();
        Secret::new(
            uuid::Builder::from_random_bytes(drawn)
                .into_uuid()
                .to_string(),
        )
    }
}

/// What a token is: neither kind is found as the other.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Access,
    Refresh,
}

impl Kind {
    const fn purpose(self) -> &'static str {
        match self {
            Self::Access => "wazo-token",
            Self::Refresh => "wazo-refresh-token",
        }
    }
}

impl Caller {
    /// Whether the caller has this access.
    #[must_use]
    pub fn has(&self, required: &str) -> bool {
        self.with_bearer(|acl: &AccessList, bearer| acl.allows(required, bearer))
    }

    /// The session of the caller's token; none for the operator.
    #[must_use]
    pub const fn session(&self) -> Option<EntityId> {
        self.session
    }
}
