//! What handlers of axum ask for.

use std::any::type_name;

use axum::Router;
use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::{AccessToken, Challenge, InvalidToken, Refusal, ResourceMetadata};

/// All claims of the token of a request as a type of yours; see [`AccessToken::claims_as`].
///
/// ```
/// use countersign_resource::Claims;
///
/// #[derive(serde::Deserialize)]
/// struct Member {
///     sub: String,
///     #[serde(default)]
///     groups: Vec<String>,
/// }
///
/// async fn whoami(Claims(member): Claims<Member>) -> String {
///     format!("{} of {:?}", member.sub, member.groups)
/// }
/// # let _: axum::Router = axum::Router::new().route("/whoami", axum::routing::get(whoami));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Claims<T>(pub T);

/// A handler asks for the token of its request, and nothing has judged it. Answered with 500: the API is wrong. This text
/// goes to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "this route asks for an access token, and no ProtectLayer of countersign-resource is around it"
)]
pub struct LayerMissing;

/// Why a handler does not get the claims that it asks for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClaimsRejection {
    /// Nothing has judged the token.
    #[error(transparent)]
    LayerMissing(#[from] LayerMissing),
    /// The claims do not fit the type: the token is good, and not for this. Answered with 401, `invalid_token`, and
    /// without this text, which may hold what the token says.
    #[error("the claims of the access token do not fit: {0}")]
    Claims(#[from] serde_json::Error),
}

impl<S: Send + Sync> FromRequestParts<S> for AccessToken {
    type Rejection = LayerMissing;

    /// The token that a [`ProtectLayer`](crate::ProtectLayer) found good.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, LayerMissing> {
        let token = parts.extensions.get().cloned();
        token.ok_or_else(|| {
            let route = parts.extensions.get().map(MatchedPath::as_str);
            tracing::error!(route, "{LayerMissing}");
            LayerMissing
        })
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Claims<T> {
    type Rejection = ClaimsRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ClaimsRejection> {
        let token = AccessToken::from_request_parts(parts, state).await?;
        let claims = token.claims_as();
        Ok(Self(claims.inspect_err(log::<T>)?))
    }
}

/// Says which type does not fit, and why, unless that would repeat what the token says.
fn log<T>(error: &serde_json::Error) {
    let claims = type_name::<T>();
    let text = error.to_string();
    // The name is that of the type. Other texts hold values.
    let reason = Some(&*text).filter(|text| text.starts_with("missing field `"));
    tracing::debug!(claims, reason, "the claims of an access token do not fit");
}

impl IntoResponse for LayerMissing {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, "internal server error").into_response()
    }
}

impl IntoResponse for ClaimsRejection {
    fn into_response(self) -> Response {
        match self {
            Self::LayerMissing(missing) => missing.into_response(),
            Self::Claims(_) => Refusal::from(InvalidToken::Claims).into_response(),
        }
    }
}

impl IntoResponse for Refusal {
    /// So that a handler can say `token.require_scope(&scope)?`. A [`ProtectLayer`](crate::ProtectLayer) around it puts
    /// its own challenge there.
    fn into_response(self) -> Response {
        let mut response = self.response(&Challenge::new()).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A router that publishes `metadata` at their [path](ResourceMetadata::well_known_path), to be merged into that of the
/// API, outside of what is protected: who reads them has no token yet.
///
/// ```
/// use countersign_resource::{ResourceMetadata, routes};
///
/// let metadata = ResourceMetadata::new("https://api.example.com")?.authorization_server("https://login.example.com");
/// let app: axum::Router = axum::Router::new().merge(routes(&metadata));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn routes<S: Clone + Send + Sync + 'static>(metadata: &ResourceMetadata) -> Router<S> {
    let response = metadata.response();
    Router::new()
        // A path is a path here, even if it looks like a pattern of old.
        .without_v07_checks()
        .route(
            &metadata.well_known_path(),
            get(move || std::future::ready(response.clone())),
        )
}
