//! Dialects: what systems with a wire of their own say, translated to the same calls of the provider (DESIGN: no rule about who
//! may have a token lives here). A dialect that is not switched on has no route.

pub(crate) mod classic;
pub(crate) mod moov;
mod wazo;

use axum::Router;

use super::Service;

/// The dialects that are switched on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dialects {
    /// JSON at the token and revocation endpoints.
    pub(crate) moov: Option<moov::Options>,
    /// The endpoints of a known server for Node.js.
    pub(crate) classic: Option<classic::Options>,
    /// A telephony platform's tokens.
    pub(crate) wazo: bool,
}

/// The routes of the dialects that have routes of their own, below the issuer.
pub(super) fn routes(dialects: &Dialects) -> Router<Service> {
    let mut routes = Router::new();
    if let Some(options) = &dialects.classic {
        routes = routes.merge(classic::routes(*options));
    }
    if dialects.wazo {
        routes = routes.merge(wazo::routes());
    }
    routes
}
