//! HTTP: routes, limits, and the way from bytes to a typed request and back.
//!
//! | file | what is there |
//! | --- | --- |
//! | `listen.rs`, `body.rs`, `origin.rs` | connections, bodies and addresses, with their limits |
//! | `endpoints.rs`, `respond.rs`, `cors.rs` | what programs ask, and how they are answered |
//! | `front_channel.rs`, `forms.rs`, `visit.rs` | what browsers ask: sent by clients, or by our own pages |
//! | `dialects/` | what systems with a wire of their own say |
//! | `answer.rs`, `cookies.rs`, `pages/` | how browsers are answered |

mod answer;
mod body;
mod cookies;
mod cors;
pub(crate) mod dialects;
mod endpoints;
mod forms;
mod front_channel;
mod listen;
mod origin;
mod pages;
mod respond;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodRouter, get, post};
use countersign_core::Issuer;
use countersign_provider::{Provider, paths};

pub(crate) use answer::{page_without_form, see_other};
use cors::{Open, open_to_scripts};
use dialects::{Dialects, moov};
pub(crate) use listen::serve;
pub(crate) use pages::STYLE;

use crate::network::Network;

/// Who answers requests, and who is believed about where they come from.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) provider: Arc<Provider>,
    pub(crate) trusted_proxies: Arc<[Network]>,
    pub(crate) dialects: Arc<Dialects>,
}

/// Every route of the server, and those of `demo`, the application of a development set-up. None of them exists without a
/// rule about who may use it.
pub(crate) fn router(service: Service, demo: Router) -> Router {
    let issuer: &Issuer = &service.provider.settings().issuer;
    let metadata = issuer.well_known_path("oauth-authorization-server");
    let endpoints = for_programs(&service.dialects)
        .merge(for_browsers())
        .merge(dialects::routes(&service.dialects))
        .merge(demo.with_state(()));
    let mounted = match issuer.path() {
        "" => endpoints,
        // A path of the issuer is text, even where it looks like a pattern.
        path => Router::new().without_v07_checks().nest(path, endpoints),
    };
    mounted
        // Public.
        .route(&metadata, public_document(get(endpoints::metadata)))
        // Public: they tell nothing but whether.
        .route("/healthz", document(get(endpoints::healthz)))
        .route("/readyz", document(get(endpoints::readyz)))
        .fallback(endpoints::not_found)
        .with_state(service)
}

/// What programs use, below the issuer. Scripts in browsers are programs as well, but at introspection: who asks there has a
/// secret that no script keeps.
fn for_programs(dialects: &Dialects) -> Router<Service> {
    let spoken = moov::open_to(dialects);
    Router::new()
        // The client proves who it is, or names itself if it cannot. In a form, or in JSON if the dialect for that is on.
        .route(
            paths::TOKEN,
            open_to_scripts(form(post(moov::token)), spoken),
        )
        .route(
            paths::REVOKE,
            open_to_scripts(form(post(moov::revoke)), spoken),
        )
        // The caller proves who it is.
        .route(paths::INTROSPECT, form(post(endpoints::introspect)))
        // An access token with the scope `openid`.
        .route(
            paths::USERINFO,
            open_to_scripts(userinfo(), Open::to("GET, HEAD, POST")),
        )
        // Public.
        .route(paths::JWKS, public_document(get(endpoints::jwks)))
        .route(
            paths::OPENID_CONFIGURATION,
            public_document(get(endpoints::metadata)),
        )
}

/// What browsers use, below the issuer. No script of another origin reads any of it (RFC 9700 §2.6).
fn for_browsers() -> Router<Service> {
    Router::new()
        // Public: nothing happens but what the session of the browser, and the user, allow.
        .route(
            paths::AUTHORIZE,
            visited(get(front_channel::authorize).post(front_channel::authorize)),
        )
        .route(
            paths::LOGOUT,
            visited(get(front_channel::sign_out).post(front_channel::sign_out)),
        )
        // The browser that was shown the page, from that page.
        .route(paths::SIGN_IN, submitted(post(forms::sign_in)))
        .route(
            paths::SELECT_ACCOUNT,
            submitted(post(forms::select_account)),
        )
        .route(paths::CONSENT, submitted(post(forms::consent)))
        .route(
            paths::CONFIRM_SIGN_OUT,
            submitted(post(forms::confirm_sign_out)),
        )
}

/// RFC 6749 §3.2: "The client MUST use the HTTP "POST" method"; the same at the other two.
fn form(method: MethodRouter<Service>) -> MethodRouter<Service> {
    method.fallback(|| async { respond::method_not_allowed("POST") })
}

/// OpenID Connect Core §5.3.1: by GET or by POST.
fn userinfo() -> MethodRouter<Service> {
    get(endpoints::userinfo)
        .post(endpoints::userinfo)
        .fallback(|| async { respond::method_not_allowed("GET, HEAD, POST") })
}

fn document(method: MethodRouter<Service>) -> MethodRouter<Service> {
    method.fallback(|| async { respond::method_not_allowed("GET, HEAD") })
}

fn public_document(method: MethodRouter<Service>) -> MethodRouter<Service> {
    open_to_scripts(document(method), Open::to("GET, HEAD"))
}

fn visited(method: MethodRouter<Service>) -> MethodRouter<Service> {
    method.fallback(|| async { answer::method_not_allowed("GET, POST") })
}

fn submitted(method: MethodRouter<Service>) -> MethodRouter<Service> {
    method.fallback(|| async { answer::method_not_allowed("POST") })
}

#[cfg(test)]
mod tests;
