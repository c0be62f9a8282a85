//! Tokens: made, told about, checked, and ended. Whoever knows a token may ask about it and end it; none of these doors reads
//! `X-Auth-Token`.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use countersign_core::wazo::AccessPattern;
use countersign_protocol::{ErrorResponse, Form};
use countersign_provider::wazo::{Person, Purpose, TokenInfo, Wazo};
use serde_json::{Map, Value, json};

use super::door::{PathToken, dialect};
use super::folded::folded;
use super::refusal::{Fault, Shape};
use super::times::without_zone;
use super::users::optional;
use super::{body, no_content, only, sign_in};
use crate::http::{Service, origin, respond};

/// The most bytes of a scope that is asked about.
const MAX_SCOPE: usize = AccessPattern::MAX_LEN;

/// The most scopes that are asked about at once, and the most bytes of all of them.
const MAX_SCOPES: usize = 256;
const MAX_SCOPES_BYTES: usize = 8 * 1_024;

/// The routes.
pub(super) fn routes() -> Router<Service> {
    Router::new()
        // A user with a name and a password, or a program with a refresh token.
        .route("/token", only("POST", post(create)))
        // Whoever knows the token.
        .route(
            "/token/{token}",
            only("GET, HEAD, DELETE", get(tell).head(check).delete(end)),
        )
        .route(
            "/token/{token}/scopes/check",
            only("POST", post(check_scopes)),
        )
}

async fn create(State(service): State<Service>, request: Request) -> Response {
    let decided = async {
        let wazo = dialect(&service)?;
        let headers = request.headers().clone();
        let origin = origin::origin(request.extensions(), &headers, &service.trusted_proxies);
        let body = body::read(request.into_body()).await?;
        let told = wazo
            .sign_in(sign_in::read(&headers, &body)?, origin)
            .await?;
        let mut response = respond::json(StatusCode::OK, &members(wazo, &told));
        // How many of the user's other sessions had to end for this one: none ever has to.
        let none = HeaderValue::from_static("0");
        response.headers_mut().insert("wazo-sessions-revoked", none);
        Ok(response)
    };
    Shape::Legacy.answer(decided.await)
}

async fn tell(State(service): State<Service>, token: PathToken, uri: Uri) -> Response {
    let decided = async {
        let wazo = dialect(&service)?;
        let told = checked(wazo, &token, &uri).await?;
        Ok(respond::json(StatusCode::OK, &members(wazo, &told)))
    };
    Shape::Legacy.answer(decided.await)
}

async fn check(State(service): State<Service>, token: PathToken, uri: Uri) -> Response {
    let decided = async {
        checked(dialect(&service)?, &token, &uri).await?;
        Ok(no_content())
    };
    Shape::Legacy.answer(decided.await)
}

/// Of tokens of this dialect only (RULES D2). That there is none is no error, so whoever asks does not learn whether there
/// was.
async fn end(State(service): State<Service>, PathToken(token): PathToken) -> Response {
    let decided = async {
        dialect(&service)?.end_token(&token).await?;
        let done = json!({ "data": { "message": "success" } });
        Ok(respond::json(StatusCode::OK, &done))
    };
    Shape::Legacy.answer(decided.await)
}

async fn check_scopes(
    State(service): State<Service>,
    PathToken(token): PathToken,
    request: Request,
) -> Response {
    let decided = async {
        let wazo = dialect(&service)?;
        let body = body::read(request.into_body()).await?;
        let scopes = body.texts("scopes")?;
        let scopes = scopes.ok_or_else(|| Fault::field("scopes", "'scopes' is missing"))?;
        let bytes: usize = scopes.iter().map(|scope| scope.len()).sum();
        if scopes.len() > MAX_SCOPES || bytes > MAX_SCOPES_BYTES {
            let message = format!(
                "'scopes' must be at most {MAX_SCOPES} texts of together at most {MAX_SCOPES_BYTES} bytes"
            );
            return Err(Fault::field("scopes", message));
        }
        let tenant = optional(&body, "tenant_uuid")?;
        let told = wazo.token(&token).await?;
        require_tenant(wazo, tenant)?;
        let scopes = scopes
            .into_iter()
            .map(|scope| (scope.to_owned(), told.allows(scope).into()));
        let scopes: Map<String, Value> = scopes.collect();
        Ok(respond::json(StatusCode::OK, &json!({ "scopes": scopes })))
    };
    Shape::Legacy.answer(decided.await)
}

/// The token, if it is live, gives the access that the query asks about (`scope`), and is of that tenant (`tenant`).
async fn checked(
    wazo: Wazo<'_>,
    PathToken(token): &PathToken,
    uri: &Uri,
) -> Result<TokenInfo, Fault> {
    let query = Form::parse(uri.query().unwrap_or_default().as_bytes(), &[]);
    let query = query.map_err(ErrorResponse::from)?;
    for name in ["scope", "tenant"] {
        if query.get(name).is_some_and(|value| value.len() > MAX_SCOPE) {
            let message = format!("'{name}' must have at most {MAX_SCOPE} bytes");
            return Err(Fault::field(name, message));
        }
    }
    let told = wazo.token(token).await?;
    if let Some(scope) = query.get("scope").filter(|scope| !told.allows(scope)) {
        return Err(unauthorized_for(&folded(scope)));
    }
    require_tenant(wazo, query.get("tenant"))?;
    Ok(told)
}

/// There is one tenant, which has none above it and none below.
fn require_tenant(wazo: Wazo<'_>, tenant: Option<&str>) -> Result<(), Fault> {
    let own = wazo.tenant().to_string();
    match tenant {
        Some(other) if !other.eq_ignore_ascii_case(&own) => {
            Err(unauthorized_for(&format!("tenant {}", folded(other))))
        }
        _ => Ok(()),
    }
}

fn unauthorized_for(what: &str) -> Fault {
    Fault::new(StatusCode::FORBIDDEN, format!("Unauthorized for {what}"))
}

/// All that the wire tells of a token.
fn members(wazo: Wazo<'_>, told: &TokenInfo) -> Value {
    let session = &told.session;
    let user = told.user.id.to_string();
    let server = wazo.server().to_string();
    let (issued_at, expires_at) = (
        without_zone(session.issued_at),
        without_zone(session.expires_at),
    );
    let purpose = Person::of(&told.user).purpose;
    let acl: Vec<&str> = session.acl.iter().map(AccessPattern::as_str).collect();
    let mut data = json!({
        "token": told.token.expose(),
        "auth_id": user,
        "xivo_user_uuid": user,
        "xivo_uuid": server,
        "issued_at": issued_at,
        "expires_at": expires_at,
        "utc_issued_at": issued_at,
        "utc_expires_at": expires_at,
        "acl": acl,
        "metadata": {
            "uuid": user,
            "tenant_uuid": wazo.tenant().to_string(),
            "auth_id": user,
            "pbx_user_uuid": (purpose == Purpose::User).then_some(&user),
            "xivo_uuid": server,
            "purpose": purpose.name(),
        },
        "session_uuid": session.id.to_string(),
        "remote_addr": session.remote_addr,
        "user_agent": session.user_agent,
    });
    if let (Some(refresh_token), Some(data)) = (&told.refresh_token, data.as_object_mut()) {
        data.insert(
            "refresh_token".to_owned(),
            refresh_token.expose().as_str().into(),
        );
    }
    json!({ "data": data })
}
