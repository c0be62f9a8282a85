//! Which answers the scripts of other origins may read (Fetch §3.3).

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::MethodRouter;

use super::Service;

/// Seconds for which a browser may remember the answer to a preflight request; none remembers it for longer.
const MAX_AGE: &str = "7200";

/// What scripts of other origins may send to an endpoint, and read of its answers.
#[derive(Clone, Copy)]
pub(super) struct Open {
    /// The methods that it has.
    methods: &'static str,
    /// The headers that it reads.
    sent: &'static str,
    /// The headers that it answers with.
    read: &'static str,
}

impl Open {
    /// An endpoint of the standards, with these methods.
    pub(super) const fn to(methods: &'static str) -> Self {
        Self {
            methods,
            sent: "Authorization, Content-Type",
            read: "Retry-After, WWW-Authenticate",
        }
    }

    /// One that reads and answers with these headers.
    pub(super) const fn with(self, sent: &'static str, read: &'static str) -> Self {
        Self { sent, read, ..self }
    }
}

/// Lets scripts of every origin use an endpoint and read its answers. Never with cookies: these endpoints read none, and
/// without `Access-Control-Allow-Credentials` a browser keeps the answer to itself if it has sent some.
pub(super) fn open_to_scripts(route: MethodRouter<Service>, open: Open) -> MethodRouter<Service> {
    route.layer(middleware::from_fn(move |request, next| {
        answer(open, request, next)
    }))
}

async fn answer(open: Open, request: Request, next: Next) -> Response {
    let preflight = is_preflight(&request);
    let mut response = if preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    let mut say = |name, value| headers.insert(name, HeaderValue::from_static(value));
    say(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    if preflight {
        say(header::ACCESS_CONTROL_ALLOW_METHODS, open.methods);
        say(header::ACCESS_CONTROL_ALLOW_HEADERS, open.sent);
        say(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    } else {
        say(header::ACCESS_CONTROL_EXPOSE_HEADERS, open.read);
    }
    response
}

/// Fetch §4.8: whether a browser asks if a script may send something. Any other OPTIONS is a method like those that are not
/// there.
fn is_preflight(request: &Request) -> bool {
    let has = |name| request.headers().contains_key(name);
    request.method() == Method::OPTIONS
        && has(header::ORIGIN)
        && has(header::ACCESS_CONTROL_REQUEST_METHOD)
}
