//! Why the dialect refuses something. Which words and which status go with it is the adapter's to know.

use countersign_core::wazo::{AccessPattern, PolicyError};
use countersign_core::{PasswordError, ProfileError, UsernameError};
use countersign_protocol::ErrorResponse;
use countersign_storage::StoreError;
use thiserror::Error;

use crate::error::unavailable;

/// Why the dialect refuses something. Exhaustive on purpose: a new case is to break every adapter that does not know it.
#[derive(Debug, Error)]
pub enum Refusal {
    /// The username, password, refresh token or program is wrong, or the user is disabled. Which, nobody is told.
    #[error("Authentication Failed")]
    AuthenticationFailed,
    /// The user has as many sessions as there may be.
    #[error("too many concurrent sessions: at most {0}")]
    TooManySessions(u32),
    /// The user has as many refresh tokens as there may be.
    #[error("too many refresh tokens: at most {0}; delete one")]
    TooManyRefreshTokens(u32),
    /// Too many failed attempts.
    #[error("too many failed attempts; try again in {seconds} s")]
    SlowDown {
        /// Seconds until the next attempt is welcome.
        seconds: u32,
    },
    /// The token is unknown, expired, or was ended.
    #[error("No such token")]
    NoSuchToken,
    /// The token that a request brings does not let it in.
    #[error("Unauthorized")]
    Denied {
        /// Why.
        reason: Denied,
        /// The access that the request needs.
        required: String,
    },
    /// Somebody wanted to give, or withdraw, what he has not himself.
    #[error("you do not have the access '{0}' yourself")]
    NotYours(AccessPattern),
    /// What the request is about is not there.
    #[error("{0}")]
    Absent(Absent),
    /// Another one has this name already.
    #[error("{0}")]
    Taken(Taken),
    /// A policy was changed by others again and again while this change was tried.
    #[error("the policy is being changed by somebody else; try again")]
    Contended,
    /// A text cannot be the name of a user.
    #[error(transparent)]
    Username(#[from] UsernameError),
    /// A text cannot be a password.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// A user cannot be described so.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A policy cannot be named or described so.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A policy, or all policies of a user together, would have more patterns than fit.
    #[error("there may be at most {max} access patterns", max = countersign_core::wazo::AccessList::MAX_PATTERNS)]
    TooManyPatterns,
    /// The service cannot decide or do this now.
    #[error("{}", .0.error_description.as_str())]
    Unavailable(ErrorResponse),
}

/// Why a token does not let a request in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// There is none, or it is unknown, expired, or was ended.
    NotFoundOrExpired,
    /// It does not give the access that is needed.
    MissingPermission,
}

/// What is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Absent {
    /// A user.
    #[error("there is no such user")]
    User,
    /// A policy.
    #[error("there is no such policy")]
    Policy,
    /// A refresh token of this user for this program.
    #[error("there is no such refresh token")]
    RefreshToken,
    /// An access pattern in this policy, or a policy of this user.
    #[error("it has no such entry")]
    Entry,
}

/// What another one has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Taken {
    /// The name of a user.
    #[error("the username is taken")]
    Username,
    /// An e-mail address.
    #[error("the e-mail address is taken")]
    Email,
    /// The name of a policy.
    #[error("the name of the policy is taken")]
    PolicyName,
    /// The slug of a policy.
    #[error("the slug of the policy is taken")]
    PolicySlug,
    /// An access pattern, in this policy.
    #[error("the policy has this access pattern already")]
    Entry,
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(unavailable(&error))
    }
}
