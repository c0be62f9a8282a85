//! What the user still has to do: OpenID Connect Core §3.1.2.3 and §3.1.2.4.

use countersign_core::{Scope, Timestamp};
use countersign_protocol::{ErrorCode, ErrorResponse};

use super::Visit;
use super::target::Target;
use super::understand::Understood;
use crate::Provider;
use crate::sessions::LiveSession;

/// What comes next.
pub(super) enum NextStep {
    /// The user has to be asked.
    Ask(Question),
    /// Everything is there.
    Approve(LiveSession),
}

/// What a user has to be asked, on a page of its own.
pub(super) enum Question {
    /// Who it is.
    SignIn,
    /// Whether to go on under the account that is signed in.
    SelectAccount(LiveSession),
    /// Whether to agree.
    Consent(LiveSession),
}

impl Question {
    /// How a request is refused that must not show a page (OpenID Connect Core §3.1.2.6).
    pub(super) fn refused_silently(&self) -> ErrorResponse {
        let (code, text) = match self {
            Self::SignIn => (ErrorCode::LoginRequired, "the user has to sign in"),
            Self::SelectAccount(_) => (
                ErrorCode::AccountSelectionRequired,
                "the user has to choose an account",
            ),
            Self::Consent(_) => (ErrorCode::ConsentRequired, "the user has to agree"),
        };
        ErrorResponse::new(code, text)
    }
}

impl Provider {
    /// Finds the next step of the user.
    pub(super) async fn next_step(
        &self,
        target: &Target,
        understood: &Understood,
        visit: &Visit<'_>,
    ) -> Result<NextStep, ErrorResponse> {
        let Some(session) = visit.session.clone() else {
            return Ok(NextStep::Ask(Question::SignIn));
        };
        let (prompt, now) = (understood.request().prompt, self.clock.now());
        let has_signed_in = visit.progress.has_signed_in(session.session(), now);
        if prompt.select_account && !visit.progress.chose_account && !has_signed_in {
            return Ok(NextStep::Ask(Question::SelectAccount(session)));
        }
        let subject = self.subject(target.client(), session.user().id)?;
        let is_meant = understood.subjects().iter().all(|named| *named == subject);
        if has_signed_in {
            // OpenID Connect Core §3.1.2.1: "If the End-User identified by the ID Token is already logged in or is logged in
            // as a result of the request ..., then the Authorization Server returns a positive response; otherwise, it MUST
            // return an error, such as login_required."
            if !is_meant {
                return Err(ErrorResponse::new(
                    ErrorCode::LoginRequired,
                    "another user has signed in than the one that was asked for",
                ));
            }
        } else if prompt.login
            || !is_meant
            || is_too_long_ago(&session, understood.request().max_age, now)
        {
            return Ok(NextStep::Ask(Question::SignIn));
        }
        let agreed = |agreed: &Scope| agreed.contains_all(understood.needed());
        if visit.agreed.as_ref().is_some_and(agreed) {
            return Ok(NextStep::Approve(session));
        }
        // What was done on a page that does not count any more must not be passed over: the user sees where things stand.
        let is_proven = target.is_proven(understood.request().response_type);
        let may_pass = visit.notice.is_none() && !prompt.consent && is_proven;
        let client = target.client();
        let has_agreed = may_pass
            && (client.settings.skip_consent
                || self
                    .has_consented(session.user().id, client, understood.needed())
                    .await?);
        Ok(if has_agreed {
            NextStep::Approve(session)
        } else {
            NextStep::Ask(Question::Consent(session))
        })
    }
}

/// OpenID Connect Core §3.1.2.1: "If the elapsed time is greater than this value, the OP MUST attempt to actively
/// re-authenticate the End-User"; "`max_age=0` is equivalent to prompt=login".
fn is_too_long_ago(session: &LiveSession, max_age: Option<u32>, now: Timestamp) -> bool {
    max_age.is_some_and(|max_age| {
        max_age == 0 || now.since(session.session().auth_time) > i64::from(max_age)
    })
}
