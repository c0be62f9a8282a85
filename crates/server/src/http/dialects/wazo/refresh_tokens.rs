//! Refresh tokens: told without their values, and ended by their programs.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{delete, get};
use countersign_core::EntityId;
use countersign_core::wazo::{AppId, RefreshToken};
use countersign_provider::wazo::{Absent, Caller, Refusal, Wazo};
use serde_json::{Value, json};

use super::door::{PathParts, access, admit, dialect};
use super::list::{self, Column, Listing, Table};
use super::refusal::{Fault, Shape};
use super::times::with_zone;
use super::{no_content, only, users};
use crate::http::{Service, respond};

static TABLE: Table = Table {
    columns: &[
        Column::text("created_at", "/created_at").ordered(),
        Column::text("client_id", "/client_id").ordered().searched(),
        Column::text("user_uuid", "/user_uuid"),
        Column::flag("mobile", "/mobile").ordered(),
    ],
    order: Some("created_at"),
};

/// The routes. Each needs the access that its handler names.
pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/tokens", only("GET, HEAD", get(of_all)))
        .route("/users/{user}/tokens", only("GET, HEAD", get(of_one)))
        .route("/users/{user}/tokens/{app}", only("DELETE", delete(end)))
}

async fn of_all(State(service): State<Service>, headers: HeaderMap, uri: Uri) -> Response {
    let decided = async {
        let caller = admit(&service, &headers, "auth.tokens.read").await?;
        tell(dialect(&service)?, &caller, &uri, None).await
    };
    Shape::Api.answer(decided.await)
}

async fn of_one(
    State(service): State<Service>,
    PathParts(user): PathParts<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let decided = async {
        let required = access("auth.users.{}.tokens.read", &[&user]);
        let caller = admit(&service, &headers, &required).await?;
        let wazo = dialect(&service)?;
        let user = users::find(wazo, &caller, &user).await?;
        tell(wazo, &caller, &uri, Some(user.id)).await
    };
    Shape::Api.answer(decided.await)
}

async fn end(
    State(service): State<Service>,
    PathParts((user, app)): PathParts<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let decided = async {
        let required = access("auth.users.{}.tokens.{}.delete", &[&user, &app]);
        let caller = admit(&service, &headers, &required).await?;
        let user = users::named(&caller, &user)?;
        let ended = match app.parse::<AppId>() {
            Ok(app) => {
                let wazo = dialect(&service)?;
                wazo.end_refresh_token(&caller, user, &app).await
            }
            Err(_) => Err(Refusal::Absent(Absent::RefreshToken)),
        };
        ended.map_err(|refusal| Fault::from(refusal).detail("client_id", app))?;
        Ok(no_content())
    };
    Shape::Api.answer(decided.await)
}

async fn tell(
    wazo: Wazo<'_>,
    caller: &Caller,
    uri: &Uri,
    user: Option<EntityId>,
) -> Result<Response, Fault> {
    let listing = Listing::read(uri, &TABLE)?;
    let tokens = list::all(
        |token: &RefreshToken| token.id,
        |after, limit| wazo.list_refresh_tokens(caller, user, after, limit),
    );
    let tenant = wazo.tenant().to_string();
    let items = tokens.await?.iter().map(|it| item(it, &tenant)).collect();
    Ok(respond::json(StatusCode::OK, &listing.of(items).body()))
}

fn item(token: &RefreshToken, tenant: &str) -> Value {
    json!({
        "client_id": token.app.as_str(),
        "created_at": with_zone(token.created_at),
        "mobile": token.mobile,
        "user_uuid": token.user.to_string(),
        "tenant_uuid": tenant,
        "metadata": {},
    })
}
