//! Sessions: who has signed in with a browser, and for how long that is believed.

use countersign_core::{EntityId, Secret, Session, Timestamp, User};
use countersign_jose::{base64url, digest};
use countersign_protocol::{ErrorCode, ErrorResponse};
use countersign_storage::{CreateSession, EndSession, FoundSession, RenewSession, StoreError};
use subtle::ConstantTimeEq as _;

use crate::authenticate::SignedInUser;
use crate::browser::{Browser, SessionCookie};
use crate::error::unavailable;
use crate::{Provider, audit};

/// What is noted about the use of a session is at most so many seconds old.
const USED_EVERY: i64 = 60;

/// How a password is named in `amr` (RFC 8176 §2).
const PASSWORD: &str = "pwd";

/// Bytes of the cookie: the id of the session, and its secret.
const COOKIE_LEN: usize = 16 + 32;

/// A session that goes on, with its live user. Only this module can make one.
#[derive(Clone, Debug)]
pub(crate) struct LiveSession {
    session: Session,
    user: User,
}

impl LiveSession {
    /// The session.
    pub(crate) const fn session(&self) -> &Session {
        &self.session
    }

    /// The user.
    pub(crate) const fn user(&self) -> &User {
        &self.user
    }
}

impl Provider {
    /// The session of a browser, if it has one that goes on. That it was used is noted.
    pub(crate) async fn session_of(
        &self,
        browser: &Browser,
    ) -> Result<Option<LiveSession>, ErrorResponse> {
        let Some(found) = self.kept_session(browser).await? else {
            return Ok(None);
        };
        let now = self.clock.now();
        let Some(user) = found.live_user().cloned() else {
            return Ok(None);
        };
        let session = found.session;
        if self.is_over(&session, now) {
            return Ok(None);
        }
        // Where sessions do not lie idle for long, that is noted more often.
        let often = i64::from(self.settings.session_idle_lifetime) / 2;
        if now.since(session.used_at) >= USED_EVERY.min(often) {
            let noted = self.store.use_session(session.id, now).await;
            noted.map_err(|error| unavailable(&error))?;
        }
        Ok(Some(LiveSession { session, user }))
    }

    /// The session whose cookie a browser has, even if it does not go on: grants may still stand on it, which end when it is
    /// ended (RULES R11).
    pub(crate) async fn kept_session(
        &self,
        browser: &Browser,
    ) -> Result<Option<FoundSession>, ErrorResponse> {
        let Some((id, secret_hash)) = browser.session.as_ref().and_then(read_cookie) else {
            return Ok(None);
        };
        let found = self.store.find_session(id).await;
        let found = found.map_err(|error| unavailable(&error))?;
        Ok(found.filter(|found| found.session.secret_hash.ct_eq(&secret_hash).into()))
    }

    /// Whether a session is over by its age, or by lying idle.
    fn is_over(&self, session: &Session, now: Timestamp) -> bool {
        let idle = i64::from(self.settings.session_idle_lifetime);
        session.ends_at <= now || session.used_at.plus(idle) <= now
    }

    /// Begins a session for a user who has just signed in, in the place of the one that the browser had: under a new
    /// secret at any rate (attack class 15), and under a new id unless it is the same user.
    pub(crate) async fn begin_session(
        &self,
        user: SignedInUser,
        browser: &Browser,
    ) -> Result<(LiveSession, SessionCookie), ErrorResponse> {
        let user = user.into_user();
        let secret: [u8; 32] = self.random.bytes();
        let now = self.clock.now();
        let new = Session {
            id: self.ids.next(now, &*self.random),
            user: user.id,
            user_epoch: user.epoch,
            secret_hash: digest::sha256(&secret),
            created_at: now,
            auth_time: now,
            amr: vec![PASSWORD.to_owned()],
            used_at: now,
            ends_at: now.plus(self.settings.session_lifetime.into()),
        };
        let before = self.kept_session(browser).await?;
        let session = match before.map(|before| before.session) {
            Some(before) if before.user == user.id => self.renew_session(before, new).await?,
            before => self.create_session(new, before.map(|it| it.id)).await?,
        };
        let value = write_cookie(session.id, &secret);
        let cookie = SessionCookie::Set {
            value,
            max_age: session.ends_at.since(now),
        };
        Ok((LiveSession { session, user }, cookie))
    }

    /// The session goes on under a new secret. If it was renewed in another tab or has ended meanwhile, this is one of its own.
    async fn renew_session(&self, before: Session, new: Session) -> Result<Session, ErrorResponse> {
        let renewed = Session {
            id: before.id,
            created_at: before.created_at,
            ..new.clone()
        };
        let outcome = self
            .store
            .renew_session(before.secret_hash, renewed.clone());
        match outcome.await.map_err(|error| unavailable(&error))? {
            RenewSession::Renewed => Ok(renewed),
            RenewSession::Ended => self.create_session(new, None).await,
        }
    }

    async fn create_session(
        &self,
        session: Session,
        replaces: Option<EntityId>,
    ) -> Result<Session, ErrorResponse> {
        let limit = self.settings.max_sessions;
        let created = self.store.create_session(session.clone(), replaces, limit);
        match created.await.map_err(|error| unavailable(&error))? {
            CreateSession::Created { ended } => {
                for oldest in ended {
                    audit::oldest_session_ended(oldest, session.user);
                }
                if let Some(replaced) = replaces {
                    audit::session_ended(replaced);
                }
                Ok(session)
            }
            // The user was disabled or removed between signing in and now.
            CreateSession::UserEnded => Err(ErrorResponse::new(
                ErrorCode::InvalidGrant,
                "the username or password is wrong",
            )),
        }
    }

    /// Ends a session, with every grant that ends with it. Returns whether there was one.
    pub async fn end_session(&self, id: EntityId) -> Result<bool, StoreError> {
        let ended = self.store.end_session(id).await? == EndSession::Ended;
        if ended {
            audit::session_ended(id);
        }
        Ok(ended)
    }

    /// At most `limit` sessions, the oldest first, beginning behind `after`: of one user, or of all. Those that are over
    /// by themselves are among them until they are swept; see [`Provider::session_goes_on`].
    pub async fn list_sessions(
        &self,
        user: Option<EntityId>,
        after: Option<EntityId>,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError> {
        self.store.list_sessions(user, after, limit).await
    }

    /// Whether a session is neither too old nor has lain idle for too long.
    #[must_use]
    pub fn session_goes_on(&self, session: &Session) -> bool {
        !self.is_over(session, self.clock.now())
    }
}

/// The id in a cookie, and the hash of its secret.
fn read_cookie(cookie: &Secret<String>) -> Option<(EntityId, [u8; 32])> {
    let bytes = base64url::decode(cookie.expose()).ok().map(Secret::new)?;
    let bytes: &[u8; COOKIE_LEN] = bytes.expose().as_slice().try_into().ok()?;
    let (id, secret) = bytes.split_first_chunk()?;
    Some((EntityId::from_bytes(*id), digest::sha256(secret)))
}

fn write_cookie(id: EntityId, secret: &[u8; 32]) -> Secret<String> {
    Secret::new(base64url::encode(&[id.as_bytes(), &secret[..]].concat()))
}
