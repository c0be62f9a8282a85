//! Policies, what they give access to, and who has them.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{get, put};
use countersign_core::wazo::{AccessList, AccessPattern, Policy, PolicyError};
use countersign_protocol::{JsonObject, WrongType};
use countersign_provider::wazo::{Absent, PolicyText, Refusal};
use serde_json::{Value, json};

use super::door::{PathParts, access, admit, admit_with_body, dialect};
use super::list::{self, Column, Listing, Table};
use super::refusal::{Fault, Shape};
use super::{no_content, only, users};
use crate::http::{Service, respond};

static TABLE: Table = Table {
    columns: &[
        Column::text("name", "/name").ordered().searched(),
        Column::text("slug", "/slug").ordered().searched(),
        Column::text("description", "/description")
            .ordered()
            .searched(),
        Column::text("uuid", "/uuid").ordered(),
        Column::flag("read_only", "/read_only").ordered(),
    ],
    order: Some("name"),
};

/// The routes. Each needs the access that its handler names; beyond that, nobody gives or withdraws what he has not himself.
pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route(
            "/policies",
            only("GET, HEAD, POST", get(tell_all).post(create)),
        )
        .route(
            "/policies/{policy}",
            only(
                "GET, HEAD, PUT, DELETE",
                get(tell).put(replace).delete(remove),
            ),
        )
        .route(
            "/policies/{policy}/acl/{access}",
            only("PUT, DELETE", put(add_access).delete(withdraw_access)),
        )
        .route("/users/{user}/policies", only("GET, HEAD", get(of_user)))
        .route(
            "/users/{user}/policies/{policy}",
            only("PUT, DELETE", put(assign).delete(withdraw)),
        )
}

async fn tell_all(State(service): State<Service>, headers: HeaderMap, uri: Uri) -> Response {
    let decided = async {
        let caller = admit(&service, &headers, "auth.policies.read").await?;
        let listing = Listing::read(&uri, &TABLE)?;
        let wazo = dialect(&service)?;
        let policies = list::all(
            |policy: &Policy| policy.id,
            |after, limit| wazo.list_policies(&caller, after, limit),
        );
        let page = listing.of(items(&policies.await?, &service)?);
        // Here alone there is one count, and it is that after the search.
        let body = json!({ "items": page.items, "total": page.filtered });
        Ok(respond::json(StatusCode::OK, &body))
    };
    Shape::Legacy.answer(decided.await)
}

async fn create(State(service): State<Service>, request: Request) -> Response {
    let decided = async {
        let (caller, body) = admit_with_body(&service, request, "auth.policies.create").await?;
        let text = read(&body)?;
        let added = dialect(&service)?.add_policy(&caller, text).await;
        written(&added.map_err(refused)?, &service)
    };
    Shape::Legacy.answer(decided.await)
}

async fn tell(
    State(service): State<Service>,
    PathParts(policy): PathParts<String>,
    headers: HeaderMap,
) -> Response {
    let decided = async {
        let required = access("auth.policies.{}.read", &[&policy]);
        let caller = admit(&service, &headers, &required).await?;
        let found = dialect(&service)?.find_policy(&caller, &policy).await?;
        written(&found, &service)
    };
    Shape::Legacy.answer(decided.await)
}

/// The slug stays: other systems know the policy by it.
async fn replace(
    State(service): State<Service>,
    PathParts(policy): PathParts<String>,
    request: Request,
) -> Response {
    let decided = async {
        let required = access("auth.policies.{}.update", &[&policy]);
        let (caller, body) = admit_with_body(&service, request, &required).await?;
        let read = read(&body)?;
        let text = PolicyText { slug: None, ..read };
        let wazo = dialect(&service)?;
        let replaced = wazo.replace_policy(&caller, &policy, &text).await;
        written(&replaced.map_err(refused)?, &service)
    };
    Shape::Legacy.answer(decided.await)
}

async fn remove(
    State(service): State<Service>,
    PathParts(policy): PathParts<String>,
    headers: HeaderMap,
) -> Response {
    let decided = async {
        let required = access("auth.policies.{}.delete", &[&policy]);
        let caller = admit(&service, &headers, &required).await?;
        dialect(&service)?.remove_policy(&caller, &policy).await?;
        Ok(no_content())
    };
    Shape::Legacy.answer(decided.await)
}

async fn add_access(
    State(service): State<Service>,
    PathParts((policy, pattern)): PathParts<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let decided = async {
        let required = access("auth.policies.{}.update", &[&policy]);
        let caller = admit(&service, &headers, &required).await?;
        let pattern = read_access(&pattern)?;
        let wazo = dialect(&service)?;
        let added = wazo.add_access(&caller, &policy, &pattern).await;
        added.map_err(refused)?;
        Ok(no_content())
    };
    Shape::Legacy.answer(decided.await)
}

async fn withdraw_access(
    State(service): State<Service>,
    PathParts((policy, pattern)): PathParts<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let decided = async {
        let required = access("auth.policies.{}.update", &[&policy]);
        let caller = admit(&service, &headers, &required).await?;
        let pattern = read_access(&pattern)?;
        let wazo = dialect(&service)?;
        wazo.withdraw_access(&caller, &policy, &pattern).await?;
        Ok(no_content())
    };
    Shape::Legacy.answer(decided.await)
}

async fn of_user(
    State(service): State<Service>,
    PathParts(user): PathParts<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let decided = async {
        let required = access("auth.users.{}.policies.read", &[&user]);
        let caller = admit(&service, &headers, &required).await?;
        let listing = Listing::read(&uri, &TABLE)?;
        let wazo = dialect(&service)?;
        let user = users::find(wazo, &caller, &user).await?;
        let policies = wazo.policies_of(&caller, user.id).await?;
        let page = listing.of(items(&policies, &service)?);
        Ok(respond::json(StatusCode::OK, &page.body()))
    };
    Shape::Legacy.answer(decided.await)
}

async fn assign(
    State(service): State<Service>,
    PathParts((user, policy)): PathParts<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let decided = async {
        let required = access("auth.users.{}.policies.{}.create", &[&user, &policy]);
        let caller = admit(&service, &headers, &required).await?;
        let id = users::named(&caller, &user)?;
        let assigned = dialect(&service)?.assign_policy(&caller, &policy, id).await;
        assigned.map_err(|refusal| users::refused(refusal, &user))?;
        Ok(no_content())
    };
    Shape::Legacy.answer(decided.await)
}

async fn withdraw(
    State(service): State<Service>,
    PathParts((user, policy)): PathParts<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let decided = async {
        let required = access("auth.users.{}.policies.{}.delete", &[&user, &policy]);
        let caller = admit(&service, &headers, &required).await?;
        let id = users::named(&caller, &user)?;
        let wazo = dialect(&service)?;
        match wazo.withdraw_policy(&caller, &policy, id).await {
            // A policy that the user has not is not the user's afterwards.
            Ok(()) | Err(Refusal::Absent(Absent::Entry)) => Ok(no_content()),
            Err(refusal) => Err(users::refused(refusal, &user)),
        }
    };
    Shape::Legacy.answer(decided.await)
}

/// Reads what a policy says.
fn read(body: &JsonObject) -> Result<PolicyText, Fault> {
    let mistyped = |error: WrongType| invalid(error.name);
    let name = body.text("name").map_err(mistyped)?.unwrap_or_default();
    let slug = users::optional(body, "slug").map_err(mistyped)?;
    let description = users::optional(body, "description").map_err(mistyped)?;
    let acl = body.texts("acl").map_err(mistyped)?.unwrap_or_default();
    let acl: Result<Vec<AccessPattern>, _> = acl.into_iter().map(str::parse).collect();
    let acl = acl.map_err(|_| invalid("acl"))?;
    Ok(PolicyText {
        name: name.parse().map_err(|_| invalid("name"))?,
        slug: slug
            .map(str::parse)
            .transpose()
            .map_err(|_| invalid("slug"))?,
        description: description.map(str::to_owned),
        acl: AccessList::try_from(acl).map_err(|_| invalid("acl"))?,
    })
}

fn read_access(text: &str) -> Result<AccessPattern, Fault> {
    text.parse().map_err(|_| invalid("access"))
}

/// The words in which that system refuses a member of a policy.
fn invalid(name: &str) -> Fault {
    Fault::field(name, format!("Invalid value supplied for field: {name}"))
}

/// What a refusal about the text of a policy becomes.
fn refused(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::Policy(PolicyError::Slug) => invalid("slug"),
        Refusal::Policy(PolicyError::Description) => invalid("description"),
        Refusal::Policy(_) => invalid("name"),
        Refusal::TooManyPatterns => invalid("acl"),
        refusal => refusal.into(),
    }
}

fn written(policy: &Policy, service: &Service) -> Result<Response, Fault> {
    let tenant = dialect(service)?.tenant().to_string();
    Ok(respond::json(StatusCode::OK, &item(policy, &tenant)))
}

fn items(policies: &[Policy], service: &Service) -> Result<Vec<Value>, Fault> {
    let tenant = dialect(service)?.tenant().to_string();
    Ok(policies.iter().map(|it| item(it, &tenant)).collect())
}

fn item(policy: &Policy, tenant: &str) -> Value {
    let acl: Vec<&str> = policy.acl.iter().map(AccessPattern::as_str).collect();
    json!({
        "uuid": policy.id.to_string(),
        "name": policy.name.as_str(),
        "slug": policy.slug.as_str(),
        "description": policy.description,
        "acl": acl,
        "tenant_uuid": tenant,
        "read_only": false,
        "shared": false,
    })
}
