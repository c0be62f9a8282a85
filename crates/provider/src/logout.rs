//! Signing out at the wish of a client: OpenID Connect RP-Initiated Logout.

use countersign_core::{Client, RedirectUri};
use countersign_protocol::{ErrorCode, ErrorResponse, Form, LogoutRequest, post_logout_location};

use crate::browser::{Answer, Browser, SessionCookie, Show};
use crate::error::unavailable;
use crate::hint::Hint;
use crate::pages::{ConfirmSignOutPage, ErrorPage, SignedOutPage};
use crate::sessions::LiveSession;
use crate::ticket::{PageStep, Progress};
use crate::{Origin, Provider, audit};

/// A request to sign out that fits together. Only this module can make one.
struct Wish {
    hint: Option<Hint>,
    /// Where the user goes afterwards: registered by the client, and nowhere else (§3).
    then: Option<RedirectUri>,
    state: Option<String>,
}

fn invalid(text: &str) -> ErrorPage {
    ErrorResponse::new(ErrorCode::InvalidRequest, text).into()
}

impl Provider {
    /// Answers a request to sign out.
    pub async fn sign_out(&self, encoded: &[u8], browser: &Browser, origin: Origin) -> Answer {
        let answered = async {
            if encoded.iter().any(u8::is_ascii_control) {
                return Err(invalid("the request has control characters"));
            }
            let form = Form::parse(encoded, &[]).map_err(ErrorResponse::from)?;
            let wish = self.read_wish(LogoutRequest::read(&form)).await?;
            match self.session_of(browser).await? {
                // §2: "the OP SHOULD ask the End-User whether to log out", unless the hint shows that the client means this
                // very session.
                Some(session) if !self.means(&wish, &session)? => {
                    self.ask_before_signing_out(encoded, &wish, &session, browser)
                }
                // One that only lay idle is ended as well: what stands on it must not outlive this.
                _ => self.end_and_leave(&wish, browser, origin).await,
            }
        };
        answered.await.unwrap_or_else(Answer::from)
    }

    /// The form of the page that asks before it signs out.
    pub async fn submit_sign_out(&self, form: &Form, browser: &Browser, origin: Origin) -> Answer {
        let answered = async {
            let presented = self.presented_ticket(form, browser, origin).await?;
            let PageStep::SignOut { session: shown } = presented.ticket.step else {
                return Err(ErrorPage::foreign_form(origin));
            };
            let parameters = presented.ticket.parameters.as_bytes();
            let request = Form::parse(parameters, &[]).map_err(ErrorResponse::from)?;
            let wish = self.read_wish(LogoutRequest::read(&request)).await?;
            match form.get("decision") {
                Some("sign_out") => {}
                Some("stay") => {
                    return Ok(Answer::show(Show::SignedOut(SignedOutPage { stays: true })));
                }
                _ => {
                    return Err(ErrorPage::broken_form(
                        "the form does not say whether to sign out",
                    ));
                }
            }
            match self.session_of(browser).await? {
                Some(session) if presented.is_too_old || session.session().id != shown => {
                    self.ask_before_signing_out(parameters, &wish, &session, browser)
                }
                _ => self.end_and_leave(&wish, browser, origin).await,
            }
        };
        answered.await.unwrap_or_else(Answer::from)
    }

    /// §4: whatever does not fit together is told to the user, and nobody is redirected.
    async fn read_wish(&self, request: LogoutRequest) -> Result<Wish, ErrorPage> {
        // A hint that cannot be verified, be it foreign or so old that its key is gone, is worth nothing: the user is asked, and
        // goes nowhere.
        let (hint, is_worthless) = match &request.id_token_hint {
            Some(token) => match self.read_hint(token).await {
                Ok(hint) => (Some(hint), false),
                Err(error) if error.error == ErrorCode::InvalidRequest => (None, true),
                Err(error) => return Err(error.into()),
            },
            None => (None, false),
        };
        let named = match request.client_id.as_deref() {
            Some(id) => {
                let known = self.known_client(id).await.map_err(ErrorPage::from)?;
                let known =
                    known.ok_or_else(|| invalid("there is no client with this client_id"))?;
                Some(known.client.clone())
            }
            None => None,
        };
        let client: Option<&Client> = match (&hint, &named) {
            // §2: "When both client_id and id_token_hint are present, the OP MUST verify that the Client Identifier matches
            // the one used when issuing the ID Token."
            (Some(hint), Some(named)) if hint.client().id != named.id => {
                return Err(invalid("the id_token_hint was issued to another client"));
            }
            (Some(hint), _) => Some(hint.client()),
            (None, named) => named.as_ref(),
        };
        let then = match (request.post_logout_redirect_uri, client) {
            (Some(uri), Some(client)) if !is_worthless => {
                let registered = &client.settings.post_logout_redirect_uris;
                let registered = registered.iter().find(|one| one.as_str() == uri);
                Some(registered.cloned().ok_or_else(|| {
                    invalid("the post_logout_redirect_uri is not registered for this client")
                })?)
            }
            // §3: without a client that is known, there is nobody who could have registered it.
            _ => None,
        };
        Ok(Wish {
            hint,
            then,
            state: request.state,
        })
    }

    /// Whether the hint is of this very session.
    fn means(&self, wish: &Wish, session: &LiveSession) -> Result<bool, ErrorPage> {
        let Some(hint) = &wish.hint else {
            return Ok(false);
        };
        let sid = self
            .session_name(hint.client(), session.session().id)
            .map_err(ErrorPage::from)?;
        Ok(hint.claims().sid.as_ref() == Some(&sid))
    }

    fn ask_before_signing_out(
        &self,
        parameters: &[u8],
        wish: &Wish,
        session: &LiveSession,
        browser: &Browser,
    ) -> Result<Answer, ErrorPage> {
        let browser_id = self.browser_id(browser);
        let step = PageStep::SignOut {
            session: session.session().id,
        };
        let parameters = String::from_utf8_lossy(parameters);
        let ticket = self.seal_ticket(step, &parameters, Progress::default(), &browser_id);
        Ok(Answer {
            show: Show::ConfirmSignOut(ConfirmSignOutPage {
                ticket: ticket.map_err(ErrorPage::from)?,
                username: session.user().username.to_string(),
                leads_away: wish.then.is_some(),
            }),
            session: SessionCookie::Keep,
            browser_id: browser_id.into_new(),
        })
    }

    /// Ends the session whose cookie the browser has, if there is one.
    async fn end_and_leave(
        &self,
        wish: &Wish,
        browser: &Browser,
        origin: Origin,
    ) -> Result<Answer, ErrorPage> {
        if let Some(kept) = self.kept_session(browser).await? {
            let ended = self.end_session(kept.session.id).await;
            if ended.map_err(|error| unavailable(&error))? {
                audit::signed_out(kept.session.user, origin);
            }
        }
        let show = match &wish.then {
            Some(uri) => Show::Redirect(post_logout_location(uri.as_str(), wish.state.as_deref())),
            None => Show::SignedOut(SignedOutPage { stays: false }),
        };
        if browser.session.is_none() {
            // It may have a session that it has not shown (SameSite), which others must not take from it.
            return Ok(Answer::show(show));
        }
        Ok(Answer {
            show,
            session: SessionCookie::Clear,
            // The browser is another one from now on: whoever sits there next must not sign in by going back to the form
            // that has the password.
            browser_id: self.browser_id(&Browser::default()).into_new(),
        })
    }
}
