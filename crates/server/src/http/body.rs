//! Reading request bodies: of which type they are, and only so many bytes.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use countersign_core::Secret;
use countersign_protocol::{ErrorCode, ErrorResponse, FORM_CONTENT_TYPE, MAX_BODY_BYTES};
use http_body_util::BodyExt;

/// How much of an oversize body is read and thrown away, so that its sender gets to read the answer.
const DRAIN_BYTES: usize = 32 * 1024 * 1024;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// RFC 6749 §3.2 and appendix B: the body is a form.
pub(super) fn require_form(headers: &HeaderMap) -> Result<(), ErrorResponse> {
    if is_of_type(headers, FORM_CONTENT_TYPE) {
        return Ok(());
    }
    let text = if is_json(headers) {
        "the Content-Type must be application/x-www-form-urlencoded; JSON is read at the token and revocation endpoints where the \
         dialect moov is switched on"
    } else {
        "the Content-Type must be application/x-www-form-urlencoded"
    };
    Err(ErrorResponse::new(ErrorCode::InvalidRequest, text))
}

/// Whether the body is said to be JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    is_of_type(headers, "application/json")
}

/// Whether the body is said to be of this media type, and of no other. Its parameters say nothing here: all text is UTF-8.
fn is_of_type(headers: &HeaderMap, media_type: &str) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (first, more) = (types.next(), types.next());
    let essence = first.and_then(|value| value.to_str().ok()).map(|value| {
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim_matches([' ', '\t'])
    });
    more.is_none() && essence.is_some_and(|essence| essence.eq_ignore_ascii_case(media_type))
}

/// Reads a body of at most [`MAX_BODY_BYTES`].
pub(super) async fn read(body: Body) -> Result<Secret<Vec<u8>>, ErrorResponse> {
    let refuse = |text: &str| ErrorResponse::new(ErrorCode::InvalidRequest, text);
    match tokio::time::timeout(PATIENCE, collect(body)).await {
        Ok(Arrived::Whole(bytes)) => Ok(bytes),
        Ok(Arrived::TooLarge) => Err(ErrorResponse::body_too_large()),
        Ok(Arrived::Broken) => Err(refuse("the request body did not arrive whole")),
        Err(_) => Err(refuse("the request body took too long to arrive")),
    }
}

/// How a body arrived.
enum Arrived {
    Whole(Secret<Vec<u8>>),
    TooLarge,
    Broken,
}

async fn collect(mut body: Body) -> Arrived {
    let mut kept = Secret::new(Vec::new());
    let mut seen = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Arrived::Broken;
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        seen = seen.saturating_add(data.len());
        if seen > DRAIN_BYTES {
            break;
        }
        if seen <= MAX_BODY_BYTES {
            kept.expose_mut().extend_from_slice(&data);
        }
    }
    if seen <= MAX_BODY_BYTES {
        Arrived::Whole(kept)
    } else {
        Arrived::TooLarge
    }
}
