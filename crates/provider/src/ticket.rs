//! What a page carries to the next request: the authorization request, sealed, and bound to the browser (attack classes
//! 11, 13, 16). Nothing is stored for a page that is only looked at.

use countersign_core::{EntityId, Scope, Secret, Session, Timestamp};
use countersign_jose::{base64url, digest, ticket};
use countersign_protocol::{ErrorCode, ErrorResponse};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::browser::Browser;
use crate::pages::{ErrorPage, SealedTicket};
use crate::{Origin, Provider, audit};

/// Seconds for which a page may lie open.
const PATIENCE: i64 = 3_600;

/// What a page carries. It has no `Debug`: the parameters are nobody else's business.
#[derive(Serialize, Deserialize)]
pub(crate) struct Ticket {
    /// For which form it is.
    pub(crate) step: PageStep,
    /// The parameters of the request, as they were given.
    pub(crate) parameters: String,
    /// What the user has done since the request came.
    pub(crate) progress: Progress,
    /// When the page was made.
    made_at: Timestamp,
    /// SHA-256 of the cookie of the browser that was shown the page.
    browser: [u8; 32],
}

/// The form that a ticket is for. One is not taken for another.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PageStep {
    SignIn,
    SelectAccount {
        session: EntityId,
    },
    Consent {
        session: EntityId,
        /// The client that was named on the page (RULES R10: not another one that has its name now).
        client: EntityId,
        /// What the page showed.
        scope: Scope,
    },
    SignOut {
        session: EntityId,
    },
}

/// What the user has done since an authorization request came. It stands on the session that the ticket names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Signed in, then.
    pub(crate) signed_in_at: Option<Timestamp>,
    /// Said under which account to go on.
    pub(crate) chose_account: bool,
}

impl Progress {
    /// Whether the user has signed in for this very request: by the last sign-in of the session, and not so long ago that
    /// somebody else may sit there.
    pub(crate) fn has_signed_in(self, session: &Session, now: Timestamp) -> bool {
        self.signed_in_at == Some(session.auth_time) && now.since(session.auth_time) <= PATIENCE
    }
}

/// A ticket that came back, from the browser that it was made for.
pub(crate) struct Presented {
    pub(crate) ticket: Ticket,
    pub(crate) is_too_old: bool,
}

impl Presented {
    /// What the user has done, as long as it counts.
    pub(crate) fn progress(&self) -> Progress {
        if self.is_too_old {
            Progress::default()
        } else {
            self.ticket.progress
        }
    }
}

/// The cookie by which a browser is told from others: the one it has, or a new one.
pub(crate) struct BrowserId {
    hash: [u8; 32],
    new: Option<Secret<String>>,
}

impl BrowserId {
    /// The value of the cookie, if it is a new one.
    pub(crate) fn into_new(self) -> Option<Secret<String>> {
        self.new
    }
}

impl Provider {
    /// Knows the browser again, or gives it a cookie by which it will be.
    pub(crate) fn browser_id(&self, browser: &Browser) -> BrowserId {
        let is_ours = |value: &&Secret<String>| {
            base64url::decode(value.expose()).is_ok_and(|bytes| bytes.len() == 32)
        };
        if let Some(known) = browser.id.as_ref().filter(is_ours) {
            BrowserId {
                hash: digest::sha256(known.expose().as_bytes()),
                new: None,
            }
        } else {
            let value = base64url::encode(&self.random.bytes::<32>());
            BrowserId {
                hash: digest::sha256(value.as_bytes()),
                new: Some(Secret::new(value)),
            }
        }
    }

    /// Seals what a page carries, for this browser.
    pub(crate) fn seal_ticket(
        &self,
        step: PageStep,
        parameters: &str,
        progress: Progress,
        browser: &BrowserId,
    ) -> Result<SealedTicket, ErrorResponse> {
        let now = self.clock.now();
        let ring = self.keys.at(now);
        let key = ring.ticket().ok_or_else(|| {
            ErrorResponse::new(
                ErrorCode::TemporarilyUnavailable,
                "there is no key for pages in use; try again in a few minutes",
            )
        })?;
        let ticket = Ticket {
            step,
            parameters: parameters.to_owned(),
            progress,
            made_at: now,
            browser: browser.hash,
        };
        let json = serde_json::to_vec(&ticket).map_err(|error| not_sealed(&error))?;
        ticket::seal(key, &json, &*self.random)
            .map(SealedTicket::new)
            .map_err(|error| not_sealed(&error))
    }

    /// Opens the ticket of a form, if it was made for this browser.
    pub(crate) async fn open_ticket(
        &self,
        text: &str,
        browser: &Browser,
        origin: Origin,
    ) -> Result<Presented, ErrorPage> {
        let broken = || ErrorPage::broken_form("the form lacks its ticket, or it is damaged");
        let key = ticket::key_id(text).map_err(|_| broken())?;
        let now = self.clock.now();
        self.know_key(&key, now).await.map_err(ErrorPage::from)?;
        let ring = self.keys.at(now);
        let key = ring
            .ticket_by_id(&key)
            .ok_or_else(|| ErrorPage::foreign_form(origin))?;
        let json = ticket::open(text, key).map_err(|_| ErrorPage::foreign_form(origin))?;
        let ticket: Ticket = serde_json::from_slice(json.expose()).map_err(|_| broken())?;
        // Attack class 13: another browser has seen nothing of this.
        let Some(cookie) = &browser.id else {
            audit::foreign_form(origin);
            return Err(ErrorPage::no_cookies());
        };
        let hash = digest::sha256(cookie.expose().as_bytes());
        if !bool::from(hash.ct_eq(&ticket.browser)) {
            return Err(ErrorPage::foreign_form(origin));
        }
        let is_too_old = now.since(ticket.made_at) > PATIENCE;
        Ok(Presented { ticket, is_too_old })
    }
}

fn not_sealed(error: &dyn std::error::Error) -> ErrorResponse {
    tracing::warn!(%error, "ticket not sealed");
    ErrorResponse::new(ErrorCode::ServerError, "the page could not be made")
}
