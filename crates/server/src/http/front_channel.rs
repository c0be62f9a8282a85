//! The two endpoints to which clients send browsers: to sign in, and to sign out.

use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::Response;
use countersign_protocol::{AuthorizationParameters, ErrorCode, ErrorResponse, FormError};
use countersign_provider::pages::ErrorPage;
use countersign_provider::{Answer, Provider, paths};

use super::visit::Visit;
use super::{Service, answer};

/// RFC 6749 §3.1; OpenID Connect Core §3.1.2.1: "Authorization Servers MUST support the use of the HTTP GET and POST methods".
pub(super) async fn authorize(State(service): State<Service>, request: Request) -> Response {
    visited(
        &service,
        request,
        paths::AUTHORIZE,
        async |provider, visit| {
            let parameters = visit.encoded.expose();
            provider
                .authorize(parameters, &visit.browser, visit.origin)
                .await
        },
    )
    .await
}

/// OpenID Connect RP-Initiated Logout §2: "OpenID Providers MUST support the use of the HTTP GET and POST methods".
pub(super) async fn sign_out(State(service): State<Service>, request: Request) -> Response {
    visited(&service, request, paths::LOGOUT, async |provider, visit| {
        provider
            .sign_out(visit.encoded.expose(), &visit.browser, visit.origin)
            .await
    })
    .await
}

async fn visited(
    service: &Service,
    request: Request,
    path: &str,
    decide: impl AsyncFnOnce(&Provider, &Visit) -> Answer,
) -> Response {
    // What these do is not safe (RFC 9110 §9.2.1), so nobody asks for the headers of it.
    if request.method() == Method::HEAD {
        return answer::method_not_allowed("GET, POST");
    }
    let issuer = &service.provider.settings().issuer;
    let visit = match Visit::read(service, request).await {
        Ok(visit) => visit,
        Err(page) => return answer::write(issuer, &page.into()),
    };
    // What becomes part of a page has to fit into the form that brings it back.
    if visit.encoded.expose().len() > AuthorizationParameters::MAX_LEN {
        let page = ErrorPage::from(ErrorResponse::from(FormError::TooLong));
        return answer::write(issuer, &page.into());
    }
    if let Some(location) = visit.again_by_get(issuer, path) {
        return answer::see_other(&location);
    }
    if path == paths::LOGOUT && visit.hides_its_session() {
        let error = ErrorResponse::new(
            ErrorCode::InvalidRequest,
            "this request to sign out is too long for a browser that comes from another site; nobody was signed out",
        );
        return answer::write(issuer, &ErrorPage::from(error).into());
    }
    answer::write(issuer, &decide(&service.provider, &visit).await)
}
