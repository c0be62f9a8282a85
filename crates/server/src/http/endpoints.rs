//! The endpoints that programs call: a form or nothing in, JSON out.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use countersign_protocol::{
    Challenge, ErrorCode, ErrorResponse, Form, IntrospectionRequest, RevocationRequest,
    TokenRequest, UserinfoRequest,
};
use countersign_provider::{JWKS_MAX_AGE, Origin, Userinfo};
use serde_json::json;

use super::{Service, body, origin, respond};

pub(super) async fn token(State(service): State<Service>, request: Request) -> Response {
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

pub(super) async fn introspect(State(service): State<Service>, request: Request) -> Response {
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

pub(super) async fn revoke(State(service): State<Service>, request: Request) -> Response {
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

pub(super) async fn userinfo(State(service): State<Service>, request: Request) -> Response {
    let provider = &service.provider;
    let answer = async {
        let request = read_userinfo(request).await.map_err(challenged)?;
        provider.userinfo(&request).await
    };
    let realm = provider.settings().issuer.as_str();
    match answer.await {
        Ok(Userinfo::Json(claims)) => respond::json(StatusCode::OK, &claims),
        // OpenID Connect Core §5.3.2: "If the UserInfo Response is signed and/or encrypted, ... the content-type MUST be
        // application/jwt".
        Ok(Userinfo::Jwt(jwt)) => respond::jwt(jwt),
        Err(error) => respond::error(&error, realm),
    }
}

/// The public keys.
pub(super) async fn jwks(State(service): State<Service>) -> Response {
    respond::public_json(&service.provider.jwks(), JWKS_MAX_AGE)
}

/// What this service can do, for both of the documents that say it.
pub(super) async fn metadata(State(service): State<Service>) -> Response {
    respond::public_json(&service.provider.metadata(), JWKS_MAX_AGE)
}

/// The process lives.
pub(super) async fn healthz() -> Response {
    respond::json(StatusCode::OK, &json!({ "status": "ok" }))
}

/// The process can do its work: storage answers.
pub(super) async fn readyz(State(service): State<Service>) -> Response {
    if service.provider.is_ready().await {
        respond::json(StatusCode::OK, &json!({ "status": "ready" }))
    } else {
        respond::json(
            StatusCode::SERVICE_UNAVAILABLE,
            &json!({ "status": "not ready", "storage": "does not answer" }),
        )
    }
}

pub(super) async fn not_found() -> Response {
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

/// What stands before the body of a request.
pub(super) struct Head {
    /// Where the request comes from.
    pub(super) origin: Origin,
    /// The `Authorization` headers.
    pub(super) authorization: Vec<String>,
}

impl Service {
    /// Reads what stands before the body of a request that has all its parameters in there.
    pub(super) fn read_head(&self, request: &Request) -> Result<Head, ErrorResponse> {
        // RFC 6749 §2.3.1: "The parameters can only be transmitted in the request-body and MUST NOT be included in the
        // request URI." These endpoints have no query of their own.
        if request.uri().query().is_some_and(|query| !query.is_empty()) {
            return Err(ErrorResponse::new(
                ErrorCode::InvalidRequest,
                "send the parameters in the body, never in the URL",
            ));
        }
        let headers = request.headers();
        Ok(Head {
            origin: origin::origin(request.extensions(), headers, &self.trusted_proxies),
            authorization: authorization(headers)?,
        })
    }

    async fn read_form(
        &self,
        request: Request,
        repeatable: &[&str],
    ) -> Result<ReadForm, ErrorResponse> {
        let Head {
            origin,
            authorization,
        } = self.read_head(&request)?;
        body::require_form(request.headers())?;
        let body = body::read(request.into_body()).await?;
        let form = Form::parse(body.expose(), repeatable)?;
        Ok(ReadForm {
            origin,
            authorization,
            form,
        })
    }
}

/// RFC 6750 §2: the token comes in the `Authorization` header or, in a POST, as a form parameter. §5.3: "Don't pass bearer
/// tokens in page URLs".
async fn read_userinfo(request: Request) -> Result<UserinfoRequest, ErrorResponse> {
    let query = request.uri().query().unwrap_or_default();
    if Form::parse(query.as_bytes(), &[])?
        .get("access_token")
        .is_some()
    {
        return Err(ErrorResponse::new(
            ErrorCode::InvalidRequest,
            "send the access token in the Authorization header, never in the URL",
        ));
    }
    let authorization = authorization(request.headers())?;
    // RFC 6750 §2.2: a body that is no form, or not of a POST, carries no token.
    let has_form =
        request.method() == Method::POST && body::require_form(request.headers()).is_ok();
    let form = if has_form {
        let body = body::read(request.into_body()).await?;
        Some(Form::parse(body.expose(), &[])?)
    } else {
        None
    };
    UserinfoRequest::read(&borrow(&authorization), form.as_ref())
}

/// RFC 6750 §3: whoever is refused here is told how to come in.
fn challenged(mut error: ErrorResponse) -> ErrorResponse {
    if error.challenges.is_empty() {
        error.challenges = vec![Challenge::Bearer {
            scope: UserinfoRequest::SCOPE,
            with_error: true,
        }];
    }
    error
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

pub(super) fn borrow(values: &[String]) -> Vec<&str> {
    values.iter().map(String::as_str).collect()
}
