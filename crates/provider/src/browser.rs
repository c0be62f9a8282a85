//! What passes between the service and a browser: cookies in, pages and cookies out. No HTTP: the host program writes it.

use countersign_core::Secret;
use countersign_protocol::AuthorizationResponse;

use crate::pages::{
    ConfirmSignOutPage, ConsentPage, ErrorPage, SelectAccountPage, SignInPage, SignedOutPage,
};

/// What a browser says about itself.
#[derive(Debug, Default)]
pub struct Browser {
    /// The cookie of its session.
    pub session: Option<Secret<String>>,
    /// The cookie that tells it from all others; whoever has it has seen our pages, and nothing more is known.
    pub id: Option<Secret<String>>,
}

/// What a browser is answered.
#[derive(Debug)]
#[must_use]
pub struct Answer {
    /// What it is shown, or where it is sent.
    pub show: Show,
    /// What becomes of the cookie of its session.
    pub session: SessionCookie,
    /// The new value of the cookie that tells it from others, if it had none. It ends when the browser is closed.
    pub browser_id: Option<Secret<String>>,
}

/// What becomes of the cookie of a session.
#[derive(Debug)]
pub enum SessionCookie {
    /// It stays as it is.
    Keep,
    /// It is set.
    Set {
        /// The new value.
        value: Secret<String>,
        /// Seconds for which the browser keeps it.
        max_age: i64,
    },
    /// It goes.
    Clear,
}

/// What a browser is shown, or where it is sent.
#[derive(Debug)]
pub enum Show {
    /// Back to the client.
    Response(AuthorizationResponse),
    /// Back to the client after signing out (RP-Initiated Logout §3); the text is a `Location`.
    Redirect(String),
    /// Who are you?
    SignIn(SignInPage),
    /// Is it still you?
    SelectAccount(SelectAccountPage),
    /// Do you agree?
    Consent(ConsentPage),
    /// Do you want to sign out?
    ConfirmSignOut(ConfirmSignOutPage),
    /// You have signed out.
    SignedOut(SignedOutPage),
    /// It cannot be done, and nobody else is told.
    Error(ErrorPage),
}

impl Answer {
    /// Shows this, and leaves the cookies alone.
    pub(crate) const fn show(show: Show) -> Self {
        Self {
            show,
            session: SessionCookie::Keep,
            browser_id: None,
        }
    }
}

impl From<ErrorPage> for Answer {
    fn from(page: ErrorPage) -> Self {
        Self::show(Show::Error(page))
    }
}
