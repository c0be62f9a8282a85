//! Reading request bodies: forms only, and only so many bytes.

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
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (first, more) = (types.next(), types.next());
    let essence = first.and_then(|value| value.to_str().ok()).map(|value| {
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim_matches([' ', '\t'])
    });
    match (essence, more) {
        (Some(essence), None) if essence.eq_ignore_ascii_case(FORM_CONTENT_TYPE) => Ok(()),
        _ => Err(ErrorResponse::new(
            ErrorCode::InvalidRequest,
            "the Content-Type must be application/x-www-form-urlencoded",
        )),
    }
}

/// Reads a body of at most [`MAX_BODY_BYTES`].
pub(super) async fn read(body: Body) -> Result<Secret<Vec<u8>>, ErrorResponse> {
    let refuse = |text: &str| ErrorResponse::new(ErrorCode::InvalidRequest, text);
    tokio::time::timeout(PATIENCE, collect(body))
        .await
        .map_err(|_| refuse("the request body took too long to arrive"))?
        .ok_or_else(|| refuse("the request body did not arrive whole"))?
        .ok_or_else(ErrorResponse::body_too_large)
}

/// The body; `Some(None)` if it is too large, `None` if it broke off.
async fn collect(mut body: Body) -> Option<Option<Secret<Vec<u8>>>> {
    let mut kept = Secret::new(Vec::new());
    let mut seen = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else {
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
    Some((seen <= MAX_BODY_BYTES).then_some(kept))
}
