//! Sessions: told without their tokens, and ended with them.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{delete, get};
use countersign_core::EntityId;
use countersign_core::wazo::Session;
use countersign_provider::wazo::{Caller, Wazo};
use serde_json::{Value, json};

use super::door::{PathParts, access, admit, dialect};
use super::list::{self, Column, Listing, Table};
use super::refusal::{Fault, Shape};
use super::{no_content, only, users};
use crate::http::{Service, respond};

static TABLE: Table = Table {
    columns: &[
        Column::text("user_uuid", "/user_uuid"),
        Column::flag("mobile", "/mobile").ordered(),
    ],
    order: None,
};

/// The routes. Each needs the access that its handler names.
pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/sessions", only("GET, HEAD", get(of_all)))
        .route("/sessions/{session}", only("DELETE", delete(end)))
        .route("/users/{user}/sessions", only("GET, HEAD", get(of_one)))
        .route(
            "/users/{user}/sessions/{session}",
            only("DELETE", delete(end_of_one)),
        )
}

async fn of_all(State(service): State<Service>, headers: HeaderMap, uri: Uri) -> Response {
    let decided = async {
        let caller = admit(&service, &headers, "auth.sessions.read").await?;
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
        let required = access("auth.users.{}.sessions.read", &[&user]);
        let caller = admit(&service, &headers, &required).await?;
        let wazo = dialect(&service)?;
        let user = users::find(wazo, &caller, &user).await?;
        tell(wazo, &caller, &uri, Some(user.id)).await
    };
    Shape::Api.answer(decided.await)
}

async fn end(
    State(service): State<Service>,
    PathParts(session): PathParts<String>,
    headers: HeaderMap,
) -> Response {
    let decided = async {
        let required = access("auth.sessions.{}.delete", &[&session]);
        let caller = admit(&service, &headers, &required).await?;
        // One that is not there is not there afterwards.
        if let Ok(session) = session.parse() {
            dialect(&service)?
                .end_session(&caller, session, None)
                .await?;
        }
        Ok(no_content())
    };
    Shape::Api.answer(decided.await)
}

async fn end_of_one(
    State(service): State<Service>,
    PathParts((user, session)): PathParts<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let decided = async {
        let required = access("auth.users.{}.sessions.{}.delete", &[&user, &session]);
        let caller = admit(&service, &headers, &required).await?;
        if let (Ok(user), Ok(session)) = (users::named(&caller, &user), session.parse()) {
            let wazo = dialect(&service)?;
            wazo.end_session(&caller, session, Some(user)).await?;
        }
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
    let sessions = list::all(
        |session: &Session| session.id,
        |after, limit| wazo.list_sessions(caller, user, after, limit),
    );
    let tenant = wazo.tenant().to_string();
    let items = sessions.await?.iter().map(|it| item(it, &tenant)).collect();
    Ok(respond::json(StatusCode::OK, &listing.of(items).body()))
}

fn item(session: &Session, tenant: &str) -> Value {
    json!({
        "uuid": session.id.to_string(),
        "user_uuid": session.user.to_string(),
        "tenant_uuid": tenant,
        "mobile": session.mobile,
    })
}
