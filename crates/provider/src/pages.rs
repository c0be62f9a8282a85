//! What the pages say. How they look is for the host program.

use std::fmt;

use countersign_protocol::{ErrorCode, ErrorResponse};

use crate::{Origin, audit};

/// What a form carries: the request, sealed, and bound to the browser. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedTicket(String);

impl SealedTicket {
    /// A ticket with this text.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the hidden field of the form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SealedTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SealedTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedTicket(..)")
    }
}

/// The application that asks, as people are shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownClient {
    /// Its name.
    pub name: String,
    /// The host to which its users go back; none for a native application with a scheme of its own.
    pub host: Option<String>,
}

/// The page on which a user signs in. Its form goes to [`paths::SIGN_IN`](crate::paths::SIGN_IN) with `ticket`, `username`
/// and `password`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInPage {
    /// Who asks.
    pub client: ShownClient,
    /// What the form carries.
    pub ticket: SealedTicket,
    /// The name that is typed in already.
    pub username: String,
    /// What there is to say about the last attempt.
    pub notice: Option<Notice>,
}

/// Why a page is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The name or the password is wrong.
    Wrong,
    /// There were too many wrong attempts; the next one is welcome after so many seconds.
    TooMany {
        /// Seconds.
        seconds: u32,
    },
    /// The page was open for too long.
    TooOld,
    /// The user is another one than when the page was shown, or the application asks for something else.
    Changed,
}

/// The page on which a user says under which account to go on. Its form goes to
/// [`paths::SELECT_ACCOUNT`](crate::paths::SELECT_ACCOUNT) with `ticket` and `account` (`current` or `other`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectAccountPage {
    /// Who asks.
    pub client: ShownClient,
    /// What the form carries.
    pub ticket: SealedTicket,
    /// Who is signed in.
    pub username: String,
    /// Why the page is shown again.
    pub notice: Option<Notice>,
}

/// The page on which a user agrees. Its form goes to [`paths::CONSENT`](crate::paths::CONSENT) with `ticket` and `decision`
/// (`allow` or `deny`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentPage {
    /// Who asks.
    pub client: ShownClient,
    /// What the form carries.
    pub ticket: SealedTicket,
    /// Who is signed in.
    pub username: String,
    /// What the client asks for.
    pub scopes: Vec<ShownScope>,
    /// Why the page is shown again.
    pub notice: Option<Notice>,
}

/// A scope, as people are shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownScope {
    /// Its name.
    pub name: String,
    /// What it allows, in words; empty if nobody has found any.
    pub words: String,
}

/// The page that asks before it signs out. Its form goes to [`paths::CONFIRM_SIGN_OUT`](crate::paths::CONFIRM_SIGN_OUT) with
/// `ticket` and `decision` (`sign_out` or `stay`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfirmSignOutPage {
    /// What the form carries.
    pub ticket: SealedTicket,
    /// Who is signed in.
    pub username: String,
    /// Whether the user is sent on to a client afterwards.
    pub leads_away: bool,
}

/// The page after signing out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedOutPage {
    /// Whether the user chose to stay signed in after all.
    pub stays: bool,
}

/// The page that says that it cannot be done. Nothing on it comes from the request but what is said to be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorPage {
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, for whoever is to mend it.
    pub error: ErrorResponse,
}

impl From<ErrorResponse> for ErrorPage {
    fn from(error: ErrorResponse) -> Self {
        Self {
            status: error.status(),
            error,
        }
    }
}

impl ErrorPage {
    /// A form came that this service did not show to this browser (RFC 6749 §10.12, attack classes 13 and 16). Operators are
    /// told.
    #[must_use]
    pub fn foreign_form(origin: Origin) -> Self {
        audit::foreign_form(origin);
        Self {
            status: 403,
            error: ErrorResponse::new(
                ErrorCode::InvalidRequest,
                "this form was not shown to this browser, or not since it has signed out; go back to the application and begin again",
            ),
        }
    }

    /// A form came from a browser that keeps no cookies.
    pub(crate) fn no_cookies() -> Self {
        Self {
            status: 403,
            error: ErrorResponse::new(
                ErrorCode::InvalidRequest,
                "this browser keeps no cookies for this site: switch them on, go back to the application and begin again",
            ),
        }
    }

    /// A form came without what its page has.
    pub(crate) fn broken_form(text: &str) -> Self {
        ErrorResponse::new(ErrorCode::InvalidRequest, text).into()
    }
}
