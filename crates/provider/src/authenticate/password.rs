//! Users who prove who they are by a password: RFC 6749 §4.3.2.

use std::sync::Arc;

use countersign_core::{Client, Password, Secret, User, Username, UsernameKey};
use countersign_protocol::{ErrorCode, ErrorResponse};
use quick_cache::sync::Cache;

use super::hashing::{HashingError, Turnstile};
use crate::error::unavailable;
use crate::throttle::Account;
use crate::{Origin, Provider, audit};

/// What the password of nobody is checked against: it has the parameters of every other hash, so that an unknown name
/// costs what a wrong password costs (attack class 43), and no password matches it.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// How many lines of waiting sign-ins are kept.
const LINES: usize = 10_000;

/// How many users with one e-mail address are looked at.
const MAX_NAMESAKES: u32 = 16;

/// A user who has just proved to be one. Only this module can make one.
pub(crate) struct SignedInUser(User);

impl SignedInUser {
    /// The user.
    pub(crate) const fn user(&self) -> &User {
        &self.0
    }

    /// The user, for keeps.
    pub(crate) fn into_user(self) -> User {
        self.0
    }
}

/// The lines in which sign-ins wait for the hashing workers, one for each name: guessing at one name takes the workers
/// from nobody else.
pub(crate) struct Lines(Cache<String, Arc<Turnstile>>);

impl Lines {
    pub(crate) fn new() -> Self {
        Self(Cache::new(LINES))
    }

    fn of(&self, name: &str) -> Arc<Turnstile> {
        if let Some(line) = self.0.get(name) {
            return line;
        }
        let line = Arc::new(Turnstile::default());
        self.0.insert(name.to_owned(), Arc::clone(&line));
        line
    }
}

/// Under which name somebody signs in, and at which door.
#[derive(Clone, Copy)]
pub(crate) enum SignInName<'a> {
    /// A username, at the doors of the standards.
    Username(&'a str),
    /// A username, at the door of the wazo dialect.
    UserAtWazo(&'a str),
    /// A username or a verified e-mail address, at the door of the wazo dialect.
    UsernameOrEmail(&'a str),
}

impl<'a> SignInName<'a> {
    const fn text(self) -> &'a str {
        match self {
            Self::Username(text) | Self::UserAtWazo(text) | Self::UsernameOrEmail(text) => text,
        }
    }

    /// Of whom failures are counted. Each door counts for itself (RULES D2).
    const fn account(self, key: &str) -> Account<'_> {
        match self {
            Self::Username(_) => Account::User(key),
            Self::UserAtWazo(_) | Self::UsernameOrEmail(_) => Account::Wazo(key),
        }
    }
}

/// The same for an unknown name, a wrong password and a disabled user (attack class 43).
fn refused() -> ErrorResponse {
    ErrorResponse::new(ErrorCode::InvalidGrant, "the username or password is wrong")
}

impl Provider {
    /// Finds out which user it is that signs in at `client`.
    pub(crate) async fn sign_in(
        &self,
        typed: SignInName<'_>,
        password: &Secret<String>,
        client: &Client,
        origin: Origin,
    ) -> Result<SignedInUser, ErrorResponse> {
        // A text that cannot be a name is the name of nobody, and is throttled like every other.
        let name = self.name_of(typed).await?;
        let key = name.as_ref().map_or(typed.text(), |name| name.as_str());
        let mut attempt = self.attempt_by_hash(typed.account(key), origin).await?;
        let user = match &name {
            Some(name) => self.store.find_user_by_name(name).await,
            None => Ok(None),
        };
        let user = user.map_err(|error| unavailable(&error))?;
        // All texts that are no names wait in one line: nobody's own, and nothing that was typed is kept.
        let line = self
            .lines
            .of(name.as_ref().map_or("", |name| name.as_str()));
        attempt.begins(self);
        match self.password_is_right(&line, user.as_ref(), password).await {
            Ok(true) => {}
            Ok(false) => {
                let known = user.as_ref().map(|user| user.id);
                audit::sign_in_refused(known, &client.client_id, origin);
                self.failed(attempt).await;
                return Err(refused());
            }
            Err(error) => {
                attempt.is_not_judged();
                tracing::warn!(%error, "password not checked");
                return Err(ErrorResponse::new(
                    ErrorCode::TemporarilyUnavailable,
                    &error.to_string(),
                ));
            }
        }
        let user = user.ok_or_else(refused)?;
        self.succeeded(attempt).await;
        Ok(SignedInUser(user))
    }

    /// The name of a user by which all is looked up and counted, whatever was typed.
    async fn name_of(&self, typed: SignInName<'_>) -> Result<Option<UsernameKey>, ErrorResponse> {
        let name = typed.text().parse::<Username>().ok().map(|name| name.key());
        let (SignInName::UsernameOrEmail(text), true) = (typed, typed.text().contains('@')) else {
            return Ok(name);
        };
        let users = self.store.find_users_by_email(text, MAX_NAMESAKES).await;
        let mut users = users.map_err(|error| unavailable(&error))?;
        let are_all = users.len() < MAX_NAMESAKES as usize;
        // What nobody has verified is nobody's address.
        users.retain(|user| user.profile.email_verified);
        if let Some(name) = &name {
            let named_so = self.store.find_user_by_name(name).await;
            users.extend(named_so.map_err(|error| unavailable(&error))?);
        }
        users.dedup_by_key(|user| user.id);
        // What two users go by is the name of neither: nobody gets in as somebody else.
        Ok(match &users[..] {
            [user] if are_all => Some(user.username.key()),
            _ => None,
        })
    }

    /// Whether `password` is that of `user`. Costs one hash whatever the answer.
    async fn password_is_right(
        &self,
        line: &Turnstile,
        user: Option<&User>,
        password: &Secret<String>,
    ) -> Result<bool, HashingError> {
        let turn = line.enter().await?;
        let kept = user
            .filter(|user| user.enabled)
            .and_then(|user| user.password.as_ref());
        let phc = kept.map_or(NOBODY, |kept| kept.as_phc());
        // What no password can be is checked like one that can: it must not be told apart by the time it takes.
        let (typed, possible) = match Password::new(password) {
            Ok(password) => (password.text().clone(), true),
            Err(_) => (Secret::new(String::new()), false),
        };
        let right = self.hasher.verify(turn, typed, phc.to_owned()).await?;
        Ok(right && possible && kept.is_some())
    }
}
