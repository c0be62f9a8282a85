//! What the demo application shows.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use cookie::Cookie;
use serde_json::{Map, Value};

use crate::http::{self, STYLE};

/// What the application got, and what it says.
#[derive(Template)]
#[template(path = "demo_tokens.html")]
pub(super) struct Tokens {
    pub(super) id_token: String,
    pub(super) id_claims: Map<String, Value>,
    pub(super) access_token: String,
    pub(super) access_claims: Map<String, Value>,
    pub(super) refresh_token: Option<String>,
    pub(super) scope: String,
    pub(super) userinfo: Map<String, Value>,
    /// Where the user begins again.
    pub(super) start: String,
    /// Where the user signs out.
    pub(super) sign_out: String,
}

#[derive(Template)]
#[template(path = "demo_welcome.html")]
struct Welcome<'page> {
    start: &'page str,
    problem: Option<&'page str>,
}

/// Where it begins.
pub(super) fn welcome(start: &str) -> Response {
    let problem = None;
    http::page_without_form(StatusCode::OK, &Welcome { start, problem })
}

/// What went wrong, and where it begins again.
pub(super) fn problem(problem: &str, start: &str) -> Response {
    let problem = Some(problem);
    http::page_without_form(StatusCode::BAD_REQUEST, &Welcome { start, problem })
}

/// What came of it.
pub(super) fn tokens(tokens: &Tokens) -> Response {
    http::page_without_form(StatusCode::OK, tokens)
}

/// Sends the browser to this service, with what it needs when it comes back.
pub(super) fn redirect(location: &str, cookie: &Cookie<'_>) -> Response {
    let mut response = http::see_other(location);
    set_cookie(&mut response, cookie);
    response
}

/// Gives the browser a cookie, or takes one from it.
pub(super) fn set_cookie(response: &mut Response, cookie: &Cookie<'_>) {
    if let Ok(cookie) = HeaderValue::try_from(cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// JSON as people read it.
fn pretty(claims: &Map<String, Value>) -> String {
    serde_json::to_string_pretty(claims).unwrap_or_default()
}
