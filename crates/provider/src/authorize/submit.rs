//! What a user has done on a page. Each form comes with the ticket that its page was given, or not at all.

use countersign_core::{Client, EntityId, Scope, Secret};
use countersign_protocol::{AuthorizationParameters, ErrorCode, ErrorResponse, Form};

use super::Visit;
use crate::authenticate::SignInName;
use crate::browser::{Answer, Browser, Show};
use crate::pages::{ErrorPage, Notice};
use crate::sessions::LiveSession;
use crate::ticket::{PageStep, Presented, Progress};
use crate::{Origin, Provider, audit};

impl Provider {
    /// The form of the page on which a user signs in.
    pub async fn submit_sign_in(&self, form: &Form, browser: &Browser, origin: Origin) -> Answer {
        let submitted = self.sign_in_submitted(form, browser, origin).await;
        submitted.unwrap_or_else(Answer::from)
    }

    /// The form of the page on which a user says under which account to go on.
    pub async fn submit_account(&self, form: &Form, browser: &Browser, origin: Origin) -> Answer {
        let submitted = self.account_submitted(form, browser, origin).await;
        submitted.unwrap_or_else(Answer::from)
    }

    /// The form of the page on which a user agrees, or does not.
    pub async fn submit_consent(&self, form: &Form, browser: &Browser, origin: Origin) -> Answer {
        let submitted = self.consent_submitted(form, browser, origin).await;
        submitted.unwrap_or_else(Answer::from)
    }

    async fn sign_in_submitted(
        &self,
        form: &Form,
        browser: &Browser,
        origin: Origin,
    ) -> Result<Answer, ErrorPage> {
        let (presented, parameters) = self.read_form(form, browser, origin).await?;
        if presented.ticket.step != PageStep::SignIn {
            return Err(ErrorPage::foreign_form(origin));
        }
        let mut visit = Visit {
            browser,
            origin,
            session: None,
            progress: presented.progress(),
            agreed: None,
            notice: presented.is_too_old.then_some(Notice::TooOld),
        };
        if visit.notice.is_some() {
            return Ok(self.carry_on(&parameters, visit).await);
        }
        let target = self.target(&parameters).await?;
        let client = target.client();
        let username = form.get("username").unwrap_or_default();
        let password = form.secret("password");
        let password = password.unwrap_or_else(|| Secret::new(String::new()));
        let signed_in = async {
            let user = self
                .sign_in(SignInName::Username(username), &password, client, origin)
                .await?;
            self.begin_session(user, browser).await
        };
        match signed_in.await {
            Ok((session, cookie)) => {
                audit::signed_in(session.user().id, &client.client_id, origin);
                visit.progress.signed_in_at = Some(session.session().auth_time);
                visit.session = Some(session);
                Ok(Answer {
                    session: cookie,
                    ..self.carry_on(&parameters, visit).await
                })
            }
            Err(refusal) => {
                visit.notice = Some(notice_of(&refusal).ok_or(refusal)?);
                let answer = self.carry_on(&parameters, visit).await;
                Ok(with_username(answer, username))
            }
        }
    }

    async fn account_submitted(
        &self,
        form: &Form,
        browser: &Browser,
        origin: Origin,
    ) -> Result<Answer, ErrorPage> {
        let (presented, parameters) = self.read_form(form, browser, origin).await?;
        let PageStep::SelectAccount { session: shown } = presented.ticket.step else {
            return Err(ErrorPage::foreign_form(origin));
        };
        let mut visit = self.visit_again(&presented, shown, browser, origin).await?;
        match form.get("account") {
            // Whoever is signed in by now is the one that was shown.
            Some("current") => visit.progress.chose_account = visit.notice.is_none(),
            Some("other") => {
                visit.progress.chose_account = true;
                visit.session = None;
                visit.notice = None;
            }
            _ => {
                return Err(ErrorPage::broken_form(
                    "the form does not say which account",
                ));
            }
        }
        Ok(self.carry_on(&parameters, visit).await)
    }

    async fn consent_submitted(
        &self,
        form: &Form,
        browser: &Browser,
        origin: Origin,
    ) -> Result<Answer, ErrorPage> {
        let (presented, parameters) = self.read_form(form, browser, origin).await?;
        let PageStep::Consent {
            session: shown,
            client: named,
            scope,
        } = &presented.ticket.step
        else {
            return Err(ErrorPage::foreign_form(origin));
        };
        let target = self.target(&parameters).await?;
        let client = target.client();
        let mut visit = self
            .visit_again(&presented, *shown, browser, origin)
            .await?;
        match form.get("decision") {
            Some("allow") => {}
            // A refusal counts, whatever has changed since.
            Some("deny") => {
                let user = visit.session.as_ref().map(|session| session.user().id);
                audit::consent_denied(user, &client.client_id);
                // RFC 6749 §4.1.2.1: access_denied: "The resource owner or authorization server denied the request."
                let denied = ErrorResponse::new(ErrorCode::AccessDenied, "the user did not agree");
                return Ok(self.refuse(&target, &denied));
            }
            _ => {
                return Err(ErrorPage::broken_form(
                    "the form does not say whether you agree",
                ));
            }
        }
        if client.id != *named {
            visit.notice = Some(Notice::Changed);
        }
        if let Some(session) = visit.session.clone().filter(|_| visit.notice.is_none()) {
            self.note_agreement(&session, client, scope).await?;
            visit.agreed = Some(scope.clone());
            // For the case that it is not enough any more.
            visit.notice = Some(Notice::Changed);
        }
        Ok(self.carry_on(&parameters, visit).await)
    }

    async fn note_agreement(
        &self,
        session: &LiveSession,
        client: &Client,
        scope: &Scope,
    ) -> Result<(), ErrorResponse> {
        let user = session.user().id;
        self.remember_consent(user, client, scope.clone()).await?;
        audit::consented(user, &client.client_id, scope);
        Ok(())
    }

    /// The ticket of a form and the request in it.
    async fn read_form(
        &self,
        form: &Form,
        browser: &Browser,
        origin: Origin,
    ) -> Result<(Presented, AuthorizationParameters), ErrorPage> {
        let presented = self.presented_ticket(form, browser, origin).await?;
        let parameters = AuthorizationParameters::parse(presented.ticket.parameters.as_bytes())
            .map_err(ErrorResponse::from)?;
        Ok((presented, parameters))
    }

    /// The ticket of a form.
    pub(crate) async fn presented_ticket(
        &self,
        form: &Form,
        browser: &Browser,
        origin: Origin,
    ) -> Result<Presented, ErrorPage> {
        let text = form.get("ticket").unwrap_or_default();
        self.open_ticket(text, browser, origin).await
    }

    /// The visit goes on where the page was shown, if the page is not too old and the same session goes on: what a user did
    /// counts for that user only.
    async fn visit_again<'all>(
        &self,
        presented: &Presented,
        shown: EntityId,
        browser: &'all Browser,
        origin: Origin,
    ) -> Result<Visit<'all>, ErrorResponse> {
        let session = self.session_of(browser).await?;
        let is_same = session.as_ref().is_some_and(|it| it.session().id == shown);
        let notice = match (is_same, presented.is_too_old) {
            (false, _) => Some(Notice::Changed),
            (true, true) => Some(Notice::TooOld),
            (true, false) => None,
        };
        let progress = if is_same {
            presented.progress()
        } else {
            Progress::default()
        };
        Ok(Visit {
            browser,
            origin,
            session,
            progress,
            agreed: None,
            notice,
        })
    }
}

/// What the sign-in page says about a refusal; none if that is for another page.
fn notice_of(refusal: &ErrorResponse) -> Option<Notice> {
    match (refusal.error, refusal.status()) {
        (ErrorCode::InvalidGrant, _) => Some(Notice::Wrong),
        (_, 429) => Some(Notice::TooMany {
            seconds: refusal.retry_after.unwrap_or(1),
        }),
        _ => None,
    }
}

/// What was typed as a name stays typed in.
fn with_username(mut answer: Answer, username: &str) -> Answer {
    if let Show::SignIn(page) = &mut answer.show {
        username.clone_into(&mut page.username);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_on_the_page_only_if_the_user_can_mend_it() {
        let wrong = ErrorResponse::new(ErrorCode::InvalidGrant, "x");
        assert_eq!(notice_of(&wrong), Some(Notice::Wrong));
        let many = ErrorResponse::too_many_requests(8);
        assert_eq!(notice_of(&many), Some(Notice::TooMany { seconds: 8 }));
        let away = ErrorResponse::new(ErrorCode::TemporarilyUnavailable, "x");
        assert_eq!(notice_of(&away), None);
    }
}
