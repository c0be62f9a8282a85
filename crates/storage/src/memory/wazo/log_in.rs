//! Logging in, in memory.

use countersign_core::EntityId;
use countersign_core::wazo::{AppId, RefreshToken, Session};

use crate::memory::State;
use crate::{LogIn, LogInLimits, LoginBasis, StoreError};

impl State {
    pub(super) fn wazo_session_is_live(&self, session: &Session) -> bool {
        self.client_is_live(session.client, session.client_epoch)
            && self.user_is_live(session.user, session.user_epoch)
    }

    pub(super) fn wazo_refresh_token_is_live(&self, token: &RefreshToken) -> bool {
        self.client_is_live(token.client, token.client_epoch)
            && self.user_is_live(token.user, token.user_epoch)
    }

    /// The refresh token that the user has for this program.
    pub(super) fn wazo_refresh_token(&self, user: EntityId, app: &AppId) -> Option<&RefreshToken> {
        let mut tokens = self.wazo_refresh_tokens.iter();
        tokens.find(|it| it.user == user && it.app == *app)
    }

    /// Stores the session, and the refresh token that its program is to have, if all of it may be.
    pub(super) fn wazo_log_in(
        &mut self,
        session: Session,
        basis: LoginBasis,
        limits: LogInLimits,
    ) -> Result<LogIn, StoreError> {
        if !self.client_is_live(session.client, session.client_epoch) {
            return Ok(LogIn::ClientEnded);
        }
        if !self.user_is_live(session.user, session.user_epoch) {
            return Ok(LogIn::UserEnded);
        }
        if let LoginBasis::RefreshToken(hash) = &basis
            && !self.is_refresh_token_of(hash, &session)
        {
            return Ok(LogIn::RefreshTokenEnded);
        }
        if let Some(limit) = limits.sessions
            && self.has_wazo_sessions(limit, &session)
        {
            return Ok(LogIn::TooMany);
        }
        if let LoginBasis::Offline(offered) = &basis
            && self.has_other_refresh_tokens(limits.refresh_tokens, offered)
        {
            return Ok(LogIn::TooManyRefreshTokens);
        }
        if self.wazo_sessions.get(session.id).is_some() {
            return Err(StoreError::EntityIdTaken(session.id));
        }
        let refresh = match basis {
            LoginBasis::Password | LoginBasis::RefreshToken(_) => None,
            LoginBasis::Offline(offered) => Some(self.give_refresh_token(offered)?),
        };
        self.wazo_sessions.insert(session);
        Ok(LogIn::Done { refresh })
    }

    /// Whether the refresh token with this hash is live, and of the user and program that `session` names.
    fn is_refresh_token_of(&self, hash: &[u8; 32], session: &Session) -> bool {
        let is_of = |token: &RefreshToken| {
            token.user == session.user
                && session.app.as_ref() == Some(&token.app)
                && self.wazo_refresh_token_is_live(token)
        };
        self.wazo_refresh_tokens.find(hash).is_some_and(is_of)
    }

    /// Whether the user of `new` has `limit` live sessions that end when it was issued or later, or more.
    fn has_wazo_sessions(&self, limit: u32, new: &Session) -> bool {
        let counts = |it: &&Session| {
            it.user == new.user && it.expires_at >= new.issued_at && self.wazo_session_is_live(it)
        };
        self.wazo_sessions.iter().filter(counts).count() >= limit as usize
    }

    /// Whether the program of `offered` has no live refresh token, and its user has `limit` of them, or more.
    fn has_other_refresh_tokens(&self, limit: u32, offered: &RefreshToken) -> bool {
        let (mut of_user, mut of_program) = (0, false);
        for token in self.wazo_refresh_tokens.iter() {
            if token.user == offered.user && self.wazo_refresh_token_is_live(token) {
                of_user += 1;
                of_program |= token.app == offered.app;
            }
        }
        !of_program && of_user >= limit
    }

    /// The refresh token that the program has from now on: the one that it has already, or else the offered one.
    fn give_refresh_token(&mut self, offered: RefreshToken) -> Result<RefreshToken, StoreError> {
        let stored = self.wazo_refresh_token(offered.user, &offered.app).cloned();
        let given = match &stored {
            Some(stored) if self.wazo_refresh_token_is_live(stored) => RefreshToken {
                mobile: offered.mobile,
                ..stored.clone()
            },
            _ if self.wazo_refresh_tokens.get(offered.id).is_some() => {
                return Err(StoreError::EntityIdTaken(offered.id));
            }
            _ => offered,
        };
        if let Some(stored) = stored {
            self.wazo_refresh_tokens.remove(stored.id);
        }
        self.wazo_refresh_tokens.insert(given.clone());
        Ok(given)
    }
}
