//! Writing what a browser is answered: a page or a redirect, with the headers that guard both, and its cookies.

use askama::Template;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use countersign_core::Issuer;
use countersign_protocol::{Delivery, ErrorCode, ErrorResponse};
use countersign_provider::pages::ErrorPage;
use countersign_provider::{Answer, Show};

use super::cookies::Cookies;
use super::pages::{self, Page};
use super::respond;

/// Writes an answer.
pub(super) fn write(issuer: &Issuer, answer: &Answer) -> Response {
    let mut response = show(issuer, &answer.show);
    Cookies::of(issuer).write(answer, response.headers_mut());
    response
}

/// Sends the browser to another place of this service.
pub(crate) fn see_other(location: &str) -> Response {
    redirect(location, "same-origin")
}

/// A page that leads nowhere by a form.
pub(crate) fn page_without_form(status: StatusCode, template: &impl Template) -> Response {
    write_page(pages::without_form(status, template))
}

/// 405 on a page, for people who have typed or kept the address of a form (RFC 9110 §15.5.6).
pub(super) fn method_not_allowed(allow: &'static str) -> Response {
    let mut response = write_page(pages::error(&ErrorPage {
        status: StatusCode::METHOD_NOT_ALLOWED.as_u16(),
        error: ErrorResponse::new(
            ErrorCode::InvalidRequest,
            "this page cannot be opened by itself; go back to the application and begin again",
        ),
    }));
    let allow = HeaderValue::from_static(allow);
    response.headers_mut().insert(header::ALLOW, allow);
    response
}

fn show(issuer: &Issuer, show: &Show) -> Response {
    let page = match show {
        Show::Response(response) => match response.delivery() {
            Delivery::Redirect(location) => return leave(&location),
            Delivery::FormPost { action, fields } => pages::form_post(action, fields),
        },
        Show::Redirect(location) => return leave(location),
        Show::SignIn(page) => pages::sign_in(issuer, page),
        Show::SelectAccount(page) => pages::select_account(issuer, page),
        Show::Consent(page) => pages::consent(issuer, page),
        Show::ConfirmSignOut(page) => pages::confirm_sign_out(issuer, page),
        Show::SignedOut(page) => pages::signed_out(*page),
        Show::Error(page) => pages::error(page),
    };
    write_page(page)
}

/// Sends the browser to a client, which is not told from where.
fn leave(location: &str) -> Response {
    redirect(location, "no-referrer")
}

/// RFC 9700 §4.12: 303, so that no browser sends on what it was given.
fn redirect(location: &str, referrer_policy: &'static str) -> Response {
    let Ok(location) = HeaderValue::try_from(location) else {
        tracing::error!("a location is no header");
        let error = ErrorResponse::new(ErrorCode::ServerError, "the way back is not known");
        return write_page(pages::error(&error.into()));
    };
    let mut response = guarded(Body::empty(), referrer_policy);
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(header::LOCATION, location);
    response
}

fn write_page(page: Page) -> Response {
    let mut response = guarded(Body::from(page.html), "same-origin");
    *response.status_mut() = page.status;
    let headers = response.headers_mut();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, html);
    // RFC 9700 §4.16, for browsers that do not know `frame-ancestors`. Not on redirects: an application may ask in a frame, with
    // `prompt=none`, whether its user is still signed in.
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    let policy = HeaderValue::try_from(page.policy).expect("a policy names plain sources only");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    respond::tell_when(headers, page.status, page.retry_after);
    response
}

/// The headers of every page and of every redirect. `Cross-Origin-Opener-Policy` is not among them: it would cut a popup
/// in which an application signs its users in off from that application.
fn guarded(body: Body, referrer_policy: &'static str) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    respond::forbid_keeping(headers);
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // RFC 9700 §4.2.4.
        (header::REFERRER_POLICY, referrer_policy),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
