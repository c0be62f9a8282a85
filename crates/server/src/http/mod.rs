//! HTTP: routes, limits, and the way from bytes to a typed request and back.

mod body;
mod listen;
mod origin;
mod respond;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use countersign_core::Issuer;
use countersign_protocol::{
    ErrorCode, ErrorResponse, Form, IntrospectionRequest, RevocationRequest, TokenRequest,
};
use countersign_provider::{JWKS_MAX_AGE, Origin, Provider, paths};
use serde_json::json;

pub(crate) use listen::serve;
pub(crate) use origin::TrustedProxy;

/// Who answers requests, and who is believed about where they come from.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) provider: Arc<Provider>,
    pub(crate) trusted_proxies: Arc<[TrustedProxy]>,
}

/// Every route of the server. None of them exists without a rule about who may use it: the three endpoints below
/// authenticate their callers, the documents are public, and the health checks tell nothing but whether.
pub(crate) fn router(service: Service) -> Router {
    let issuer: &Issuer = &service.provider.settings().issuer;
    let metadata = issuer.well_known_path("oauth-authorization-server");
    let endpoints = Router::new()
        .route(paths::TOKEN, form_endpoint(post(token)))
        .route(paths::INTROSPECT, form_endpoint(post(introspect)))
        .route(paths::REVOKE, form_endpoint(post(revoke)))
        .route(paths::JWKS, document(get(jwks)));
    let mounted = match issuer.path() {
        "" => endpoints,
        // A path of the issuer is text, even where it looks like a pattern.
        path => Router::new().without_v07_checks().nest(path, endpoints),
    };
    mounted
        .route(&metadata, document(get(self::metadata)))
        .route("/healthz", document(get(healthz)))
        .route("/readyz", document(get(readyz)))
        .fallback(not_found)
        .with_state(service)
}

/// RFC 6749 §3.2: "The client MUST use the HTTP "POST" method"; the same at the other two.
fn form_endpoint(method: MethodRouter<Service>) -> MethodRouter<Service> {
    method.fallback(|| async { respond::method_not_allowed("POST") })
}

fn document(method: MethodRouter<Service>) -> MethodRouter<Service> {
    method.fallback(|| async { respond::method_not_allowed("GET, HEAD") })
}

async fn token(State(service): State<Service>, request: Request) -> Response {
    let provider = &service.provider;
    let answer = async {
        let read = service.read_form(request, TokenRequest::REPEATABLE).await?;
        let request = TokenRequest::read(&borrow(&read.authorization), &read.form)?;
        provider.token(request, read.origin).await
    };
    let realm = provider.settings().issuer.as_str();
    match answer.await {
        Ok(token) => respond::json(StatusCode::OK, &token),
        Err(error) => respond::error(&error, realm),
    }
}

async fn introspect(State(service): State<Service>, request: Request) -> Response {
    let provider = &service.provider;
    let answer = async {
        let read = service.read_form(request, &[]).await?;
        let request = IntrospectionRequest::read(&borrow(&read.authorization), &read.form)?;
        provider.introspect(request, read.origin).await
    };
    let realm = provider.settings().issuer.as_str();
    match answer.await {
        Ok(introspection) => respond::json(StatusCode::OK, &introspection),
        Err(error) => respond::error(&error, realm),
    }
}

async fn revoke(State(service): State<Service>, request: Request) -> Response {
    let provider = &service.provider;
    let answer = async {
        let read = service.read_form(request, &[]).await?;
        let request = RevocationRequest::read(&borrow(&read.authorization), &read.form)?;
        provider.revoke(request, read.origin).await
    };
    let realm = provider.settings().issuer.as_str();
    match answer.await {
        // RFC 7009 §2.2: "The content of the response body is ignored by the client".
        Ok(()) => respond::json(StatusCode::OK, &json!({})),
        Err(error) => respond::error(&error, realm),
    }
}

async fn jwks(State(service): State<Service>) -> Response {
    respond::public_json(&service.provider.jwks(), JWKS_MAX_AGE)
}

async fn metadata(State(service): State<Service>) -> Response {
    respond::public_json(&service.provider.metadata(), JWKS_MAX_AGE)
}

/// The process lives.
async fn healthz() -> Response {
    respond::json(StatusCode::OK, &json!({ "status": "ok" }))
}

/// The process can do its work: storage answers.
async fn readyz(State(service): State<Service>) -> Response {
    if service.provider.is_ready().await {
        respond::json(StatusCode::OK, &json!({ "status": "ready" }))
    } else {
        respond::json(
            StatusCode::SERVICE_UNAVAILABLE,
            &json!({ "status": "not ready", "storage": "does not answer" }),
        )
    }
}

async fn not_found() -> Response {
    respond::json(
        StatusCode::NOT_FOUND,
        &json!({ "error": "not_found", "error_description": "there is nothing at this path" }),
    )
}

/// What every form endpoint reads.
struct ReadForm {
    /// Where the request comes from.
    origin: Origin,
    /// The `Authorization` headers.
    authorization: Vec<String>,
    /// The parameters of the body.
    form: Form,
}

impl Service {
    async fn read_form(
        &self,
        request: Request,
        repeatable: &[&str],
    ) -> Result<ReadForm, ErrorResponse> {
        // RFC 6749 §2.3.1: "The parameters can only be transmitted in the request-body and MUST NOT be included in the
        // request URI." These endpoints have no query of their own.
        if request.uri().query().is_some_and(|query| !query.is_empty()) {
            return Err(ErrorResponse::new(
                ErrorCode::InvalidRequest,
                "send the parameters in the body, never in the URL",
            ));
        }
        let headers = request.headers();
        let origin = origin::origin(request.extensions(), headers, &self.trusted_proxies);
        let authorization = authorization(headers)?;
        body::require_form(headers)?;
        let body = body::read(request.into_body()).await?;
        let form = Form::parse(body.expose(), repeatable)?;
        Ok(ReadForm {
            origin,
            authorization,
            form,
        })
    }
}

fn authorization(headers: &HeaderMap) -> Result<Vec<String>, ErrorResponse> {
    headers
        .get_all(header::AUTHORIZATION)
        .iter()
        .map(|value| value.to_str().map(str::to_owned))
        .collect::<Result<_, _>>()
        .map_err(|_| {
            ErrorResponse::new(
                ErrorCode::InvalidRequest,
                "the Authorization header is not ASCII",
            )
        })
}

fn borrow(values: &[String]) -> Vec<&str> {
    values.iter().map(String::as_str).collect()
}
