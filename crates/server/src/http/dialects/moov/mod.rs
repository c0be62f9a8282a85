//! The moov dialect: JSON at the token and revocation endpoints (RULES D3). A form there is a request of the standards, also while
//! the dialect is on; JSON is a body like any other that is no form while it is off.
//!
//! | file | what is there |
//! | --- | --- |
//! | `version.rs` | which version of that wire is spoken |
//! | `request.rs`, `credentials.rs` | what is asked for, and who says to ask |
//! | `refusal.rs`, `answer.rs` | how it is answered |

mod answer;
mod credentials;
mod refusal;
mod request;
mod version;

use axum::extract::{Request, State};
use axum::response::Response;
use countersign_core::{Clock as _, EntityId};
use tracing::Instrument as _;

use self::refusal::{Refusal, Way};
use self::request::Asked;
use self::version::Version;
use crate::host::{SystemClock, SystemRandom};
use crate::http::cors::Open;
use crate::http::dialects::Dialects;
use crate::http::{Service, body, endpoints};

/// What scripts of other origins may send to the two endpoints, in either wire, and read of their answers.
pub(in crate::http) fn open_to(dialects: &Dialects) -> Open {
    let standard = Open::to("POST");
    match dialects.moov {
        None => standard,
        Some(_) => standard.with(
            "Authorization, Content-Type, X-Moov-Version",
            "Retry-After, WWW-Authenticate, X-Moov-Version, X-Request-Id",
        ),
    }
}

/// How the dialect speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// What `expires_in` counts.
    pub(crate) expires_in: ExpiresIn,
}

/// What `expires_in` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExpiresIn {
    /// Seconds from now, as RFC 6749 §5.1 has it.
    Seconds,
    /// Seconds since 1970: when the token ends.
    Epoch,
}

/// The token endpoint.
pub(in crate::http) async fn token(State(service): State<Service>, request: Request) -> Response {
    match spoken(&service, &request) {
        Some(options) => exchange(&service, request, Wanted::Token(options)).await,
        None => endpoints::token(State(service), request).await,
    }
}

/// The revocation endpoint.
pub(in crate::http) async fn revoke(State(service): State<Service>, request: Request) -> Response {
    match spoken(&service, &request) {
        Some(_) => exchange(&service, request, Wanted::Revocation).await,
        None => endpoints::revoke(State(service), request).await,
    }
}

/// How the dialect speaks, if it is on and the request is in it: "the response type mirrors the request type".
fn spoken(service: &Service, request: &Request) -> Option<Options> {
    service
        .dialects
        .moov
        .filter(|_| body::is_json(request.headers()))
}

/// What a request is for.
enum Wanted {
    /// A token, told in this way.
    Token(Options),
    /// The end of one.
    Revocation,
}

/// One request, with the marks that each of its answers carries: its id, which its log lines carry too, and the version.
async fn exchange(service: &Service, request: Request, wanted: Wanted) -> Response {
    let id = EntityId::generate(SystemClock.now(), &SystemRandom);
    let version = Version::of(request.headers());
    let answer = async {
        version?;
        answer(service, request, wanted).await
    };
    let span = tracing::info_span!("moov", request_id = %id);
    let answered = answer.instrument(span).await;
    let realm = service.provider.settings().issuer.as_str();
    let mut response = answered.unwrap_or_else(|refusal| refusal.write(realm));
    answer::mark(response.headers_mut(), id, version.ok());
    response
}

async fn answer(service: &Service, request: Request, wanted: Wanted) -> Result<Response, Refusal> {
    let provider = &service.provider;
    let asked = Asked::read(service, request).await?;
    let origin = asked.origin();
    match wanted {
        Wanted::Token(options) => {
            let request = asked.token_request()?;
            let way = Way::of(&request.client);
            // Before the token is made: it is never told to live longer than it does.
            let now = SystemClock.now();
            let tokens = provider.token(request, origin).await;
            let tokens = tokens.map_err(|error| Refusal::of_client(error, way))?;
            answer::tokens(&tokens, options.expires_in, now)
        }
        Wanted::Revocation => {
            let request = asked.revocation_request()?;
            let way = Way::of(&request.client);
            let revoked = provider.revoke(request, origin).await;
            revoked.map_err(|error| Refusal::of_client(error, way))?;
            Ok(answer::revoked())
        }
    }
}
