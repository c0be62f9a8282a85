//! The wazo dialect (RULES D2): JSON over UUIDs, the same at `/0.1` and, as behind that platform's own proxy, at
//! `/api/auth/0.1`.
//!
//! | file | what is there |
//! | --- | --- |
//! | `door.rs` | who is let in: `X-Auth-Token`, `Wazo-Tenant`, and which access a path needs |
//! | `body.rs` | request bodies |
//! | `refusal.rs` | the two bodies in which that system refuses, and which refusal has which |
//! | `times.rs`, `folded.rs` | points in time, and scopes, as that system writes them |
//! | `token.rs`, `sign_in.rs` | tokens: made, told about, checked, ended |
//! | `service.rs` | what everybody may ask |
//! | `users.rs`, `policies.rs`, `sessions.rs`, `refresh_tokens.rs`, `list.rs` | the administration |

mod body;
mod door;
mod folded;
mod list;
mod policies;
mod refresh_tokens;
mod refusal;
mod service;
mod sessions;
mod sign_in;
mod times;
mod token;
mod users;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::MethodRouter;

use crate::http::cors::{Open, open_to_scripts};
use crate::http::{Service, respond};

/// Where the dialect stands, below the issuer.
const MOUNTS: [&str; 2] = ["/0.1", "/api/auth/0.1"];

/// The routes of the dialect.
pub(in crate::http) fn routes() -> Router<Service> {
    let all = Router::new()
        .merge(token::routes())
        .merge(service::routes())
        .merge(users::routes())
        .merge(policies::routes())
        .merge(sessions::routes())
        .merge(refresh_tokens::routes());
    MOUNTS.into_iter().fold(Router::new(), |routes, mount| {
        routes.nest(mount, all.clone())
    })
}

/// A route that has these methods only, as in `only("GET, HEAD", get(...))`. Scripts of other origins may use it: what lets them
/// in is a header, never a cookie.
fn only(methods: &'static str, route: MethodRouter<Service>) -> MethodRouter<Service> {
    let route = route.fallback(move || async move { respond::method_not_allowed(methods) });
    open_to_scripts(
        route,
        Open::to(methods).with(
            "Authorization, Content-Type, X-Auth-Token, Wazo-Session-Type, Wazo-Tenant",
            "Retry-After, Wazo-Sessions-Revoked",
        ),
    )
}

/// 204: it is done, and there is nothing to say.
fn no_content() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    respond::forbid_keeping(response.headers_mut());
    response
}

#[cfg(test)]
mod tests;
