//! Who is let in. Nothing happens at the doors of the administration before [`admit`] has said yes.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use countersign_core::Secret;
use countersign_protocol::JsonObject;
use countersign_provider::wazo::{Caller, Wazo};
use serde::de::DeserializeOwned;

use super::body;
use super::refusal::{Fault, Shape};
use crate::http::{Service, endpoints};

/// The most bytes of a required access: one with a `client_id` of the longest kind fits.
const MAX_REQUIRED: usize = 4_608;

/// The dialect itself. The routes stand only where it is switched on.
pub(super) fn dialect(service: &Service) -> Result<Wazo<'_>, Fault> {
    let wazo = service.provider.wazo();
    wazo.ok_or_else(|| {
        Fault::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the dialect is switched off",
        )
    })
}

/// Lets a request in whose `X-Auth-Token` gives the access `required`, made by [`access`] where the path has parts.
/// Refusals have [`Shape::Api`], whatever the route speaks elsewhere.
pub(super) async fn admit(
    service: &Service,
    headers: &HeaderMap,
    required: &str,
) -> Result<Caller, Fault> {
    if required.len() > MAX_REQUIRED {
        return Err(
            Fault::new(StatusCode::URI_TOO_LONG, "the path is too long").in_shape(Shape::Api)
        );
    }
    let wazo = dialect(service).map_err(|fault| fault.in_shape(Shape::Api))?;
    let token = one(headers, "x-auth-token").map(|token| Secret::new(token.to_owned()));
    let caller = wazo.admit(token.as_ref(), required).await?;
    require_tenant(wazo, headers)?;
    Ok(caller)
}

/// The same for a request with a body, which is read first and told about last: who may come in is judged when all has arrived,
/// not when somebody has begun to send.
pub(super) async fn admit_with_body(
    service: &Service,
    request: Request,
    required: &str,
) -> Result<(Caller, JsonObject), Fault> {
    let (head, body) = request.into_parts();
    let body = body::read(body).await;
    let caller = admit(service, &head.headers, required).await?;
    Ok((caller, body?))
}

/// The access that a path needs: `pattern` with `parts` in the places of its `{}`, one after the other, as in
/// `access("auth.users.{}.read", &[&user])`. A dot in a part would make two words of one, so it becomes `_`.
pub(super) fn access(pattern: &str, parts: &[&str]) -> String {
    let mut filled = String::with_capacity(pattern.len());
    let mut parts = parts.iter();
    for (index, piece) in pattern.split("{}").enumerate() {
        if index > 0 {
            filled.extend(parts.next().map(|part| part.replace('.', "_")));
        }
        filled.push_str(piece);
    }
    filled
}

/// `Wazo-Tenant`: there is one tenant, and nobody sees another.
fn require_tenant(wazo: Wazo<'_>, headers: &HeaderMap) -> Result<(), Fault> {
    let tenant = wazo.tenant().to_string();
    let named = headers.get_all("wazo-tenant").iter();
    let mut others = named.filter(|value| {
        !value.is_empty() && !value.as_bytes().eq_ignore_ascii_case(tenant.as_bytes())
    });
    match others.next() {
        None => Ok(()),
        Some(_) => Err(Fault::new(StatusCode::UNAUTHORIZED, "Unauthorized tenant")
            .id("unauthorized-tenant")
            .in_shape(Shape::Api)),
    }
}

/// The value of a header that stands once; one that stands twice counts as absent, and so does one that is no text.
fn one<'headers>(headers: &'headers HeaderMap, name: &str) -> Option<&'headers str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// The parts of a path: `Parts(user): Parts<String>`, or `Parts((user, app)): Parts<(String, String)>`. A part that is not
/// UTF-8 names nothing: 404.
pub(super) struct PathParts<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathParts<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(parts)) => Ok(Self(parts)),
            Err(_) => Err(endpoints::not_found().await),
        }
    }
}

/// The token in a path. What cannot be one is empty, and nobody's.
pub(super) struct PathToken(pub(super) Secret<String>);

impl<S: Send + Sync> FromRequestParts<S> for PathToken {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let read = Path::<String>::from_request_parts(parts, state).await;
        let token = read.map_or_else(|_| String::new(), |Path(token)| token);
        Ok(Self(Secret::new(token)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_4_2_the_parts_of_a_path_fill_the_access_and_a_dot_becomes_an_underscore() {
        for (pattern, parts, expected) in [
            ("auth.users.read", &[][..], "auth.users.read"),
            ("auth.users.{}.read", &["me"], "auth.users.me.read"),
            (
                "auth.users.{}.tokens.{}.delete",
                &["me", "com.example.app"],
                "auth.users.me.tokens.com_example_app.delete",
            ),
            ("auth.users.{}.read", &["a.{}.#"], "auth.users.a_{}_#.read"),
        ] {
            assert_eq!(access(pattern, parts), expected);
        }
    }
}
