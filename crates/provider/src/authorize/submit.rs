//! What a user has done on a page. Each form comes with the ticket that its page was given, or not at all.

use countersign_core::{Client, EntityId, Scope, Secret};
use countersign_protocol::{AuthorizationParameters, ErrorCode, ErrorResponse, Form};

use super::Visit;
use crate::browser::{Answer, Browser, Show};
use crate::pages::{ErrorPage, Notice};
use crate::sessions::LiveSession;
use crate::ticket::{Presented, Progress, Step, Ticket};
use crate::{Origin, Provider, audit};

impl Provider {
    /// The form of the page on which a user signs in.
    pub async fn submit_sign_in(&self, form: &Form, browser: &Browser, origin: Origin) -> Answer {
        let (presented, parameters) = match self.read_form(form, browser).await {
            Ok(read) => read,
            Err(page) => return page.into(),
        };
        let Presented { ticket, is_too_old } = presented;
        if ticket.step != Step::SignIn {
            return ErrorPage::foreign_form().into();
        }
        let mut visit = Visit {
            browser,
            origin,
            session: None,
            progress: ticket.progress,
            agreed: None,
            notice: None,
        };
        if is_too_old {
            visit.notice = Some(Notice::TooOld);
            return self.carry_on(&parameters, visit).await;
        }
        let target = match self.target(&parameters).await {
            Ok(target) => target,
            Err(page) => return page.into(),
        };
        let username = form.get("username").unwrap_or_default();
        let password = form
            .secret("password")
            .unwrap_or_else(|| Secret::new(String::new()));
        let signed_in = async {
            let user = self
                .sign_in(username, &password, target.client(), origin)
                .await?;
            self.begin_session(user, browser).await
        };
        match signed_in.await {
            Ok((session, cookie)) => {
                audit::signed_in(session.user().id, &target.client().client_id, origin);
                visit.session = Some(session);
                visit.progress.signed_in = true;
                let answer = self.carry_on(&parameters, visit).await;
                Answer {
                    session: cookie,
                    ..answer
                }
            }
            Err(refusal) => match notice_of(&refusal) {
                Some(notice) => {
                    visit.notice = Some(notice);
                    let answer = self.carry_on(&parameters, visit).await;
                    with_username(answer, username)
                }
                None => ErrorPage::from(refusal).into(),
            },
        }
    }

    /// The form of the page on which a user says under which account to go on.
    pub async fn submit_account(&self, form: &Form, browser: &Browser, origin: Origin) -> Answer {
        let (presented, parameters) = match self.read_form(form, browser).await {
            Ok(read) => read,
            Err(page) => return page.into(),
        };
        let Step::SelectAccount { session: shown } = presented.ticket.step else {
            return ErrorPage::foreign_form().into();
        };
        let visit = self.visit_again(&presented, shown, browser, origin).await;
        let mut visit = match visit {
            Ok(visit) => visit,
            Err(error) => return ErrorPage::from(error).into(),
        };
        if visit.notice.is_some() {
            return self.carry_on(&parameters, visit).await;
        }
        match form.get("account") {
            Some("current") => visit.progress.chose_account = true,
            Some("other") => {
                visit.progress.chose_account = true;
                visit.session = None;
            }
            _ => return ErrorPage::broken_form("the form does not say which account").into(),
        }
        self.carry_on(&parameters, visit).await
    }

    /// The form of the page on which a user agrees, or does not.
    pub async fn submit_consent(&self, form: &Form, browser: &Browser, origin: Origin) -> Answer {
        let (presented, parameters) = match self.read_form(form, browser).await {
            Ok(read) => read,
            Err(page) => return page.into(),
        };
        let Step::Consent {
            session: shown,
            ref scope,
        } = presented.ticket.step
        else {
            return ErrorPage::foreign_form().into();
        };
        let visit = self.visit_again(&presented, shown, browser, origin).await;
        let mut visit = match visit {
            Ok(visit) => visit,
            Err(error) => return ErrorPage::from(error).into(),
        };
        let Some(session) = visit.session.clone().filter(|_| visit.notice.is_none()) else {
            return self.carry_on(&parameters, visit).await;
        };
        let target = match self.target(&parameters).await {
            Ok(target) => target,
            Err(page) => return page.into(),
        };
        match form.get("decision") {
            Some("allow") => {
                if let Err(error) = self.note_agreement(&session, target.client(), scope).await {
                    return ErrorPage::from(error).into();
                }
                visit.agreed = Some(scope.clone());
                visit.notice = Some(Notice::Changed);
                self.carry_on(&parameters, visit).await
            }
            Some("deny") => {
                audit::consent_denied(session.user().id, &target.client().client_id);
                // RFC 6749 §4.1.2.1: access_denied: "The resource owner or authorization server denied the request."
                let denied = ErrorResponse::new(ErrorCode::AccessDenied, "the user did not agree");
                self.refuse(&target, &denied)
            }
            _ => ErrorPage::broken_form("the form does not say whether you agree").into(),
        }
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
    ) -> Result<(Presented, AuthorizationParameters), ErrorPage> {
        let presented = self.presented_ticket(form, browser).await?;
        let Ticket { parameters, .. } = &presented.ticket;
        let parameters = AuthorizationParameters::parse(parameters.as_bytes())
            .map_err(|error| ErrorPage::from(ErrorResponse::from(error)))?;
        Ok((presented, parameters))
    }

    /// The ticket of a form.
    pub(crate) async fn presented_ticket(
        &self,
        form: &Form,
        browser: &Browser,
    ) -> Result<Presented, ErrorPage> {
        let text = form.get("ticket").unwrap_or_default();
        self.open_ticket(text, browser).await
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
            presented.ticket.progress
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
