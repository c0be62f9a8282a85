//! The authorization endpoint: RFC 6749 §3.1 and §4.1, OpenID Connect Core §3. One file for each thing that is decided, in
//! the order in which a request meets them:
//!
//! | file | decides |
//! | --- | --- |
//! | `target.rs` | who asks, and where the answer goes: until that is sure, nobody is redirected |
//! | `understand.rs` | whether the client may ask for this at all |
//! | `next_step.rs` | what the user still has to do: sign in, choose an account, agree |
//! | `submit.rs` | what a user has done on a page |
//! | `approve.rs` | the grant that comes of it, and the response |

mod approve;
mod next_step;
mod submit;
mod target;
mod understand;

use countersign_core::Scope;
use countersign_protocol::{
    AuthorizationParameters, AuthorizationResponse, ErrorCode, ErrorResponse,
};

use crate::browser::{Answer, Browser, SessionCookie, Show};
use crate::pages::{ConsentPage, ErrorPage, Notice, SelectAccountPage, ShownClient, SignInPage};
use crate::sessions::LiveSession;
use crate::ticket::{PageStep, Progress};
use crate::{Origin, Provider};
pub(crate) use approve::{Approval, may_refresh};
use next_step::{NextStep, Question};
use target::Target;
pub(crate) use understand::ACR_VALUES;
use understand::Understood;

/// An authorization request on its way, and what the user has done for it so far.
struct Visit<'all> {
    browser: &'all Browser,
    origin: Origin,
    /// Who is signed in.
    session: Option<LiveSession>,
    progress: Progress,
    /// What the user has just agreed to.
    agreed: Option<Scope>,
    /// What there is to say on the page that comes next.
    notice: Option<Notice>,
}

impl Provider {
    /// Answers an authorization request: the bytes of a query or of a form, from this browser.
    pub async fn authorize(&self, encoded: &[u8], browser: &Browser, origin: Origin) -> Answer {
        let parameters = match AuthorizationParameters::parse(encoded) {
            Ok(parameters) => parameters,
            Err(error) => return ErrorPage::from(ErrorResponse::from(error)).into(),
        };
        // Nothing is read, and no session counts as used, for a request that leads nowhere.
        if let Err(page) = self.target(&parameters).await {
            return page.into();
        }
        let session = match self.session_of(browser).await {
            Ok(session) => session,
            Err(error) => return ErrorPage::from(error).into(),
        };
        let visit = Visit {
            browser,
            origin,
            session,
            progress: Progress::default(),
            agreed: None,
            notice: None,
        };
        self.carry_on(&parameters, visit).await
    }

    /// Goes as far with a request as it can without the user.
    async fn carry_on(&self, parameters: &AuthorizationParameters, visit: Visit<'_>) -> Answer {
        let target = match self.target(parameters).await {
            Ok(target) => target,
            Err(page) => return page.into(),
        };
        let understood = match self.understand(&target, parameters).await {
            Ok(understood) => understood,
            Err(error) => return self.refuse(&target, &error),
        };
        let answered = async {
            match self.next_step(&target, &understood, &visit).await? {
                NextStep::Approve(session) => {
                    let response = self
                        .approve(&target, understood, session, visit.origin)
                        .await?;
                    Ok(Answer::show(Show::Response(response)))
                }
                NextStep::Ask(question) => {
                    self.ask(&target, &understood, parameters, &visit, question)
                }
            }
        };
        match answered.await {
            Ok(answer) => answer,
            Err(error) => self.refuse(&target, &error),
        }
    }

    /// RFC 6749 §4.1.2.1: whatever is wrong is told to the client, whose redirect URI is sure by now. Only that the service
    /// cannot decide is told to the user, who can try again (RULES A3).
    fn refuse(&self, target: &Target, error: &ErrorResponse) -> Answer {
        if error.error == ErrorCode::TemporarilyUnavailable {
            return ErrorPage::from(error.clone()).into();
        }
        tracing::debug!(%error, client = %target.client().client_id, "authorization refused");
        Answer::show(Show::Response(AuthorizationResponse::error(
            target.redirect_uri().as_str(),
            target.addressing(),
            self.settings.issuer.as_str(),
            error,
        )))
    }

    /// Shows the page on which the user takes the next step.
    fn ask(
        &self,
        target: &Target,
        understood: &Understood,
        parameters: &AuthorizationParameters,
        visit: &Visit<'_>,
        question: Question,
    ) -> Result<Answer, ErrorResponse> {
        // OpenID Connect Core §3.1.2.1: "The Authorization Server MUST NOT display any authentication or consent user
        // interface pages."
        if understood.request().prompt.none {
            return Err(question.refused_silently());
        }
        let browser_id = self.browser_id(visit.browser);
        let seal = |step| self.seal_ticket(step, parameters.encoded(), visit.progress, &browser_id);
        let client = ShownClient::new(target.client(), target.redirect_uri());
        let notice = visit.notice;
        let show = match question {
            Question::SignIn => Show::SignIn(SignInPage {
                client,
                ticket: seal(PageStep::SignIn)?,
                username: understood.login_hint(),
                notice,
            }),
            Question::SelectAccount(session) => Show::SelectAccount(SelectAccountPage {
                client,
                ticket: seal(PageStep::SelectAccount {
                    session: session.session().id,
                })?,
                username: session.user().username.to_string(),
                notice,
            }),
            Question::Consent(session) => Show::Consent(ConsentPage {
                client,
                ticket: seal(PageStep::Consent {
                    session: session.session().id,
                    client: target.client().id,
                    scope: understood.needed().clone(),
                })?,
                username: session.user().username.to_string(),
                scopes: self.in_words(understood.needed()),
                notice,
            }),
        };
        Ok(Answer {
            show,
            session: SessionCookie::Keep,
            browser_id: browser_id.into_new(),
        })
    }
}
