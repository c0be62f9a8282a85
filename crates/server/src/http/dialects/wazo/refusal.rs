//! How that system refuses: two bodies, and which refusal has which status in them.
//!
//! A handler gives `Result<Response, Fault>`, and its route says with [`Shape::answer`] in which body its faults are written.
//! Some faults have one body wherever they happen: what the `X-Auth-Token` door refuses is always [`Shape::Api`], a wrong
//! password always [`Shape::Legacy`].

use axum::http::StatusCode;
use axum::response::Response;
use countersign_core::{Clock as _, wazo::PolicyError};
use countersign_protocol::{ErrorResponse, WrongType};
use countersign_provider::wazo::{Absent, Denied, Refusal, Taken};
use serde_json::{Map, Value, json};

use crate::host::SystemClock;
use crate::http::respond;

/// The two bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `{"reason": [message], "timestamp": [seconds], "status_code": n}`: tokens and policies.
    Legacy,
    /// `{"message", "error_id", "details", "timestamp", "resource"?}`: users, refresh tokens, sessions, and the door.
    Api,
}

/// Why a route does not do what it is asked.
#[derive(Debug)]
pub(super) struct Fault {
    status: StatusCode,
    message: String,
    /// Of [`Shape::Api`] only, as are `resource` and `details`.
    error_id: &'static str,
    resource: Option<&'static str>,
    details: Map<String, Value>,
    /// The body that it has wherever it happens.
    shape: Option<Shape>,
    retry_after: Option<u32>,
}

impl Shape {
    /// Writes what a handler has decided.
    pub(super) fn answer(self, decided: Result<Response, Fault>) -> Response {
        decided.unwrap_or_else(|fault| self.write(&fault))
    }

    fn write(self, fault: &Fault) -> Response {
        let now = seconds();
        let body = match fault.shape.unwrap_or(self) {
            Self::Legacy => json!({
                "reason": [fault.message],
                "timestamp": [now],
                "status_code": fault.status.as_u16(),
            }),
            Self::Api => {
                let mut body = json!({
                    "message": fault.message,
                    "error_id": fault.error_id,
                    "details": fault.details,
                    "timestamp": now,
                });
                if let (Some(resource), Some(body)) = (fault.resource, body.as_object_mut()) {
                    body.insert("resource".to_owned(), resource.into());
                }
                body
            }
        };
        let mut response = respond::json(fault.status, &body);
        respond::tell_when(response.headers_mut(), fault.status, fault.retry_after);
        response
    }
}

/// The time as that system writes it in refusals: a floating point number.
#[expect(
    clippy::cast_precision_loss,
    reason = "seconds of this age of the earth fit into 53 bits"
)]
fn seconds() -> f64 {
    SystemClock.now().as_seconds() as f64
}

impl Fault {
    /// A fault in the body of its route. Its `error_id` is the status in words until [`Fault::id`] says another.
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            error_id: match status {
                StatusCode::BAD_REQUEST => "invalid-data",
                StatusCode::UNAUTHORIZED => "unauthorized",
                StatusCode::NOT_FOUND => "not-found",
                StatusCode::CONFLICT => "conflict",
                StatusCode::TOO_MANY_REQUESTS => "too-many-requests",
                StatusCode::SERVICE_UNAVAILABLE => "unavailable",
                _ => "refused",
            },
            resource: None,
            details: Map::new(),
            shape: None,
            retry_after: None,
        }
    }

    /// 400 about the whole of what was sent.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 400 about one member. The message names it; in [`Shape::Api`] the details do.
    pub(super) fn field(name: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let detail = json!({ "message": message });
        Self::invalid(message).detail(name, detail)
    }

    /// The same fault with this `error_id`.
    pub(super) fn id(self, error_id: &'static str) -> Self {
        Self { error_id, ..self }
    }

    /// The same fault, about this kind of thing (`resource`).
    pub(super) fn about(self, resource: &'static str) -> Self {
        let resource = Some(resource);
        Self { resource, ..self }
    }

    /// The same fault with this detail more.
    pub(super) fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// The same fault, in this body wherever it happens.
    pub(super) fn in_shape(self, shape: Shape) -> Self {
        let shape = Some(shape);
        Self { shape, ..self }
    }

    fn after(self, seconds: u32) -> Self {
        let retry_after = Some(seconds);
        Self {
            retry_after,
            ..self
        }
    }
}

impl From<WrongType> for Fault {
    fn from(error: WrongType) -> Self {
        Self::field(error.name, error.to_string())
    }
}

/// What reading a body, or a service that is away, comes to.
impl From<ErrorResponse> for Fault {
    fn from(error: ErrorResponse) -> Self {
        let status = StatusCode::from_u16(error.status());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let fault = Self::new(status, error.error_description.as_str());
        match error.retry_after {
            Some(seconds) => fault.after(seconds),
            None => fault,
        }
    }
}

/// What a handler knows beside, such as which user there is not, it adds with [`Fault::detail`].
impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        let of = |status| Self::new(status, &*message);
        match refusal {
            Refusal::AuthenticationFailed => of(StatusCode::UNAUTHORIZED).in_shape(Shape::Legacy),
            Refusal::TooManySessions(_) | Refusal::TooManyRefreshTokens(_) => {
                of(StatusCode::TOO_MANY_REQUESTS).in_shape(Shape::Legacy)
            }
            Refusal::SlowDown { seconds } => of(StatusCode::TOO_MANY_REQUESTS)
                .after(seconds)
                .in_shape(Shape::Legacy),
            Refusal::NoSuchToken => of(StatusCode::NOT_FOUND).in_shape(Shape::Legacy),
            Refusal::Denied { reason, required } => denied(reason, &required),
            Refusal::NotYours(pattern) => denied(Denied::MissingPermission, pattern.as_str()),
            Refusal::Absent(absent) => of(StatusCode::NOT_FOUND).absent(absent),
            Refusal::Taken(taken) => of(StatusCode::CONFLICT).taken(taken),
            Refusal::Contended => of(StatusCode::SERVICE_UNAVAILABLE).after(1),
            Refusal::Username(_) => Self::field("username", message),
            Refusal::Password(_) => Self::field("password", message),
            Refusal::Policy(error) => Self::field(
                match error {
                    PolicyError::Slug => "slug",
                    PolicyError::Description => "description",
                    PolicyError::Name => "name",
                },
                message,
            ),
            Refusal::TooManyPatterns => Self::field("acl", message),
            Refusal::Unavailable(error) => error.into(),
            Refusal::Profile(_) => Self::invalid(message),
        }
    }
}

impl Fault {
    fn absent(self, absent: Absent) -> Self {
        match absent {
            Absent::User => self.id("unknown-user").about("users"),
            Absent::Policy => self.id("unknown-policy").about("policies"),
            Absent::RefreshToken => self
                .id("cannot-find-refresh-token-matching-client-id")
                .about("tokens"),
            Absent::Entry => self,
        }
    }

    fn taken(mut self, taken: Taken) -> Self {
        let (resource, field) = match taken {
            Taken::Username => ("users", "username"),
            Taken::Email => ("users", "email_address"),
            Taken::PolicyName => ("policies", "name"),
            Taken::PolicySlug => ("policies", "slug"),
            Taken::Entry => ("policies", "acl"),
        };
        let detail = json!({ "constraint_id": "unique", "message": self.message });
        if resource == "users" {
            "Conflict detected".clone_into(&mut self.message);
        }
        self.about(resource).detail(field, detail)
    }
}

/// What the `X-Auth-Token` door refuses. `invalid_token` is there, but the token is not: bodies like this one end up in the
/// logs of whoever sent it.
fn denied(reason: Denied, required: &str) -> Fault {
    let reason = match reason {
        Denied::NotFoundOrExpired => "not_found_or_expired",
        Denied::MissingPermission => "missing_permission_or_invalid_tenant",
    };
    Fault::new(StatusCode::UNAUTHORIZED, "Unauthorized")
        .detail("invalid_token", Value::Null)
        .detail("reason", reason)
        .detail("required_access", required)
        .in_shape(Shape::Api)
}

#[cfg(test)]
mod tests {
    use countersign_core::{PasswordError, ProfileError, UsernameError};
    use countersign_protocol::ErrorCode;
    use http_body_util::BodyExt as _;

    use super::*;

    /// Status, body, `Retry-After`.
    async fn told(refusal: Refusal, shape: Shape) -> (u16, Value, Option<String>) {
        let response = shape.answer(Err(refusal.into()));
        let status = response.status().as_u16();
        let after = response.headers().get("retry-after");
        let after = after.map(|value| value.to_str().unwrap().to_owned());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap(), after)
    }

    fn away() -> ErrorResponse {
        let mut error = ErrorResponse::new(ErrorCode::TemporarilyUnavailable, "storage is away");
        error.retry_after = Some(7);
        error
    }

    /// A refusal; its status; and in the newer body, its `error_id` and the names of its details.
    type Row = (fn() -> Refusal, u16, &'static str, &'static [&'static str]);

    /// Those that have the body of their route.
    const EITHER: [Row; 14] = [
        (|| Refusal::Absent(Absent::User), 404, "unknown-user", &[]),
        (
            || Refusal::Absent(Absent::Policy),
            404,
            "unknown-policy",
            &[],
        ),
        (
            || Refusal::Absent(Absent::RefreshToken),
            404,
            "cannot-find-refresh-token-matching-client-id",
            &[],
        ),
        (|| Refusal::Absent(Absent::Entry), 404, "not-found", &[]),
        (
            || Refusal::Taken(Taken::Username),
            409,
            "conflict",
            &["username"],
        ),
        (
            || Refusal::Taken(Taken::Email),
            409,
            "conflict",
            &["email_address"],
        ),
        (
            || Refusal::Taken(Taken::PolicyName),
            409,
            "conflict",
            &["name"],
        ),
        (|| Refusal::Contended, 503, "unavailable", &[]),
        (
            || Refusal::Username(UsernameError::Empty),
            400,
            "invalid-data",
            &["username"],
        ),
        (
            || Refusal::Password(PasswordError::Empty),
            400,
            "invalid-data",
            &["password"],
        ),
        (
            || Refusal::Profile(ProfileError::Email),
            400,
            "invalid-data",
            &[],
        ),
        (
            || Refusal::Policy(PolicyError::Slug),
            400,
            "invalid-data",
            &["slug"],
        ),
        (|| Refusal::TooManyPatterns, 400, "invalid-data", &["acl"]),
        (|| Refusal::Unavailable(away()), 503, "unavailable", &[]),
    ];

    const DENIED: [&str; 3] = ["invalid_token", "reason", "required_access"];

    #[tokio::test]
    async fn row_4_3_most_refusals_have_the_body_of_their_route() {
        for (make, status, error_id, details) in EITHER {
            assert_legacy(make, Shape::Legacy, status).await;
            assert_api(make, Shape::Api, (status, error_id, details)).await;
        }
    }

    #[tokio::test]
    async fn row_4_3_some_refusals_have_one_body_wherever_they_happen() {
        for shape in [Shape::Legacy, Shape::Api] {
            for (make, status) in [
                ((|| Refusal::AuthenticationFailed) as fn() -> Refusal, 401),
                (|| Refusal::TooManySessions(100), 429),
                (|| Refusal::TooManyRefreshTokens(1_000), 429),
                (|| Refusal::SlowDown { seconds: 4 }, 429),
                (|| Refusal::NoSuchToken, 404),
            ] {
                assert_legacy(make, shape, status).await;
            }
            for make in [
                (|| Refusal::NotYours("a.#".parse().unwrap())) as fn() -> Refusal,
                || Refusal::Denied {
                    reason: Denied::MissingPermission,
                    required: "a.b".to_owned(),
                },
            ] {
                assert_api(make, shape, (401, "unauthorized", &DENIED)).await;
            }
        }
    }

    async fn assert_legacy(make: fn() -> Refusal, shape: Shape, status: u16) {
        let message = make().to_string();
        let (seen, body, _) = told(make(), shape).await;
        assert_eq!(seen, status, "{message}");
        assert_eq!(body["status_code"], status, "{message}");
        assert!(
            body["reason"][0].is_string() && body.get("error_id").is_none(),
            "{body}"
        );
    }

    async fn assert_api(make: fn() -> Refusal, shape: Shape, expected: (u16, &str, &[&str])) {
        let (status, error_id, details) = expected;
        let message = make().to_string();
        let (seen, body, _) = told(make(), shape).await;
        assert_eq!(seen, status, "{message}");
        assert_eq!(body["error_id"], error_id, "{message}");
        let names = body["details"].as_object().unwrap().keys();
        assert_eq!(names.collect::<Vec<_>>(), details, "{message}");
        assert!(body.get("reason").is_none(), "{body}");
    }

    #[tokio::test]
    async fn whoever_has_to_wait_is_told_how_long() {
        for (refusal, seconds) in [
            (Refusal::SlowDown { seconds: 4 }, Some("4")),
            (Refusal::Unavailable(away()), Some("7")),
            (Refusal::Contended, Some("1")),
            (Refusal::TooManySessions(1), None),
        ] {
            let message = refusal.to_string();
            let (_, _, after) = told(refusal, Shape::Legacy).await;
            assert_eq!(after.as_deref(), seconds, "{message}");
        }
    }
}
