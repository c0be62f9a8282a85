//! The classic dialect: the endpoints of a known server for Node.js (RULES D1). They are those of the standards under other
//! paths, which read JSON as well, and where classic access tokens may be asked about and revoked.
//!
//! | file | what is there |
//! | --- | --- |
//! | `request.rs` | what is asked for, and who says to ask |
//! | `introspection.rs`, `refusal.rs` | how it is answered |

mod introspection;
mod refusal;
mod request;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{MethodRouter, post};
use countersign_protocol::{ErrorCode, ErrorResponse, IntrospectionResponse};
use countersign_provider::Provider;
use serde_json::json;

use self::refusal::Seen;
use self::request::{Asked, Hint};
use crate::http::cors::{Open, open_to_scripts};
use crate::http::{Service, form, respond};

/// How the dialect speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// In whose words its endpoints refuse.
    pub(crate) errors: Errors,
}

/// In whose words the endpoints refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Errors {
    /// RFC 6749 §5.2.
    Standard,
    /// Those of that server: its codes, statuses and members.
    Classic,
}

/// What an endpoint is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Token,
    Revocation,
    Introspection,
}

/// The routes of the dialect.
pub(in crate::http) fn routes(Options { errors }: Options) -> Router<Service> {
    let at = |endpoint| -> MethodRouter<Service> {
        let answer = move |State(service): State<Service>, request: Request| async move {
            exchange(&service, request, endpoint, errors).await
        };
        form(post(answer))
    };
    Router::new()
        // The client proves who it is, or names itself if it cannot.
        .route(
            "/token",
            open_to_scripts(at(Endpoint::Token), Open::to("POST")),
        )
        .route(
            "/token/revoke",
            open_to_scripts(at(Endpoint::Revocation), Open::to("POST")),
        )
        // The caller proves who it is.
        .route("/token/introspect", at(Endpoint::Introspection))
}

/// One request and its answer.
async fn exchange(
    service: &Service,
    request: Request,
    endpoint: Endpoint,
    errors: Errors,
) -> Response {
    let mut seen = Seen::before_reading(endpoint, &request);
    let answer = async {
        let asked = Asked::read(service, request).await?;
        seen = asked.seen(endpoint);
        answer(&service.provider, asked, endpoint).await
    };
    match (answer.await, errors) {
        (Ok(response), _) => response,
        (Err(error), Errors::Standard) => {
            respond::error(&error, service.provider.settings().issuer.as_str())
        }
        (Err(error), Errors::Classic) => refusal::write(&error, &seen),
    }
}

async fn answer(
    provider: &Provider,
    asked: Asked,
    endpoint: Endpoint,
) -> Result<Response, ErrorResponse> {
    let origin = asked.origin();
    match endpoint {
        Endpoint::Token => {
            let tokens = provider.token(asked.token_request()?, origin).await?;
            Ok(respond::json(StatusCode::OK, &tokens))
        }
        Endpoint::Revocation => {
            match provider.revoke(asked.revocation_request()?, origin).await {
                Ok(()) => {}
                // That server tells nobody that a token is another's. Nothing was revoked.
                Err(error) if error.error == ErrorCode::InvalidGrant => {}
                Err(error) => return Err(error),
            }
            Ok(respond::json(StatusCode::OK, &json!({})))
        }
        Endpoint::Introspection => {
            let hint = asked.hint();
            let told = provider.introspect(asked.introspection_request()?, origin);
            // Who asks is judged before what is asked for.
            let told = match (told.await?, hint) {
                (_, Hint::Unknown) => return Err(refusal::unknown_hint()),
                // Codes are not introspected here, and nothing else is one.
                (_, Hint::Code) => IntrospectionResponse::Inactive,
                (told, Hint::Token) => told,
            };
            Ok(respond::json(StatusCode::OK, &introspection::told(told)))
        }
    }
}
