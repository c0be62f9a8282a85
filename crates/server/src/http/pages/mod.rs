//! The pages, as HTML that needs no script. What they say comes from the provider, how they look from `templates/`; all that
//! is put into a template is escaped (attack class 7).

mod policy;
mod words;

use askama::Template;
use axum::http::StatusCode;
use countersign_core::Issuer;
use countersign_protocol::ErrorResponse;
use countersign_provider::pages::{
    ConfirmSignOutPage, ConsentPage, ErrorPage, Notice, SelectAccountPage, SignInPage,
    SignedOutPage,
};
use countersign_provider::paths;

use policy::Leads;

/// The style of every page, in the page itself: one request less, and nothing to be fetched from anywhere.
pub(crate) const STYLE: &str = include_str!("../../../templates/page.css");

/// The one script: it presses the button of the page that brings an answer to a client.
const SCRIPT: &str = include_str!("../../../templates/form_post.js");

/// A page, ready to be sent.
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) html: String,
    /// The `Content-Security-Policy`.
    pub(super) policy: String,
    /// Seconds after which the request may be tried again.
    pub(super) retry_after: Option<u32>,
}

/// Where the forms of our pages go: a path, so that the browser stays where it is.
fn action(issuer: &Issuer, path: &str) -> String {
    format!("{}{path}", issuer.path())
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'page> {
    page: &'page SignInPage,
    place: &'page str,
    action: String,
    notice: Option<String>,
}

/// Who are you?
pub(super) fn sign_in(issuer: &Issuer, page: &SignInPage) -> Page {
    let template = SignIn {
        page,
        place: words::place(&page.client),
        action: action(issuer, paths::SIGN_IN),
        notice: page.notice.map(words::notice),
    };
    noticed(page.notice, &template, Leads::Away)
}

#[derive(Template)]
#[template(path = "select_account.html")]
struct SelectAccount<'page> {
    page: &'page SelectAccountPage,
    place: &'page str,
    action: String,
    notice: Option<String>,
}

/// Is it still you?
pub(super) fn select_account(issuer: &Issuer, page: &SelectAccountPage) -> Page {
    let template = SelectAccount {
        page,
        place: words::place(&page.client),
        action: action(issuer, paths::SELECT_ACCOUNT),
        notice: page.notice.map(words::notice),
    };
    noticed(page.notice, &template, Leads::Away)
}

#[derive(Template)]
#[template(path = "consent.html")]
struct Consent<'page> {
    page: &'page ConsentPage,
    place: &'page str,
    action: String,
    notice: Option<String>,
}

/// Do you agree?
pub(super) fn consent(issuer: &Issuer, page: &ConsentPage) -> Page {
    let template = Consent {
        page,
        place: words::place(&page.client),
        action: action(issuer, paths::CONSENT),
        notice: page.notice.map(words::notice),
    };
    noticed(page.notice, &template, Leads::Away)
}

#[derive(Template)]
#[template(path = "confirm_sign_out.html")]
struct ConfirmSignOut<'page> {
    page: &'page ConfirmSignOutPage,
    action: String,
}

/// Do you want to sign out?
pub(super) fn confirm_sign_out(issuer: &Issuer, page: &ConfirmSignOutPage) -> Page {
    let template = ConfirmSignOut {
        page,
        action: action(issuer, paths::CONFIRM_SIGN_OUT),
    };
    let leads = if page.leads_away {
        Leads::Away
    } else {
        Leads::Here
    };
    render(StatusCode::OK, &template, leads)
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOut {
    title: &'static str,
}

/// You have signed out, or not.
pub(super) fn signed_out(page: SignedOutPage) -> Page {
    let title = if page.stays {
        "You are still signed in"
    } else {
        "You have signed out"
    };
    render(StatusCode::OK, &SignedOut { title }, Leads::Nowhere)
}

#[derive(Template)]
#[template(path = "error.html")]
struct Error<'page> {
    error: &'page ErrorResponse,
    description: String,
}

/// It cannot be done.
pub(super) fn error(page: &ErrorPage) -> Page {
    let template = Error {
        error: &page.error,
        description: words::sentence(page.error.error_description.as_str()),
    };
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Page {
        retry_after: page.error.retry_after,
        ..render(status, &template, Leads::Nowhere)
    }
}

#[derive(Template)]
#[template(path = "form_post.html")]
struct FormPost<'page> {
    action: &'page str,
    fields: &'page [(&'static str, String)],
}

/// Back to the client (OAuth 2.0 Form Post Response Mode §2): by the script, or by the button where no script runs.
pub(super) fn form_post(action: &str, fields: &[(&'static str, String)]) -> Page {
    render(
        StatusCode::OK,
        &FormPost { action, fields },
        Leads::AwayByScript,
    )
}

/// A page of the demo application.
pub(super) fn without_form(status: StatusCode, template: &impl Template) -> Page {
    render(status, template, Leads::Nowhere)
}

/// A page that may be shown again, with the status that says why.
fn noticed(notice: Option<Notice>, template: &impl Template, leads: Leads) -> Page {
    let (status, retry_after) = match notice {
        Some(Notice::Wrong) => (StatusCode::BAD_REQUEST, None),
        Some(Notice::TooMany { seconds }) => (StatusCode::TOO_MANY_REQUESTS, Some(seconds)),
        Some(Notice::TooOld | Notice::Changed) | None => (StatusCode::OK, None),
    };
    Page {
        retry_after,
        ..render(status, template, leads)
    }
}

fn render(status: StatusCode, template: &impl Template, leads: Leads) -> Page {
    let (status, html) = match template.render() {
        Ok(html) => (status, html),
        Err(error) => {
            tracing::error!(%error, "page not rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, String::new())
        }
    };
    Page {
        status,
        html,
        policy: leads.policy(),
        retry_after: None,
    }
}

#[cfg(test)]
mod tests;
