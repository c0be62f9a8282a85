//! What a failure inside becomes outside.

use countersign_protocol::{ErrorCode, ErrorResponse};
use countersign_storage::StoreError;

/// Storage did not answer, or not whether it did what was asked; nobody is told that it did (RULES A3). The detail goes
/// to the log only.
pub(crate) fn unavailable(error: &StoreError) -> ErrorResponse {
    tracing::error!(%error, "storage");
    ErrorResponse::new(
        ErrorCode::TemporarilyUnavailable,
        "the service cannot reach its storage; try again",
    )
}

/// Storage was not heard for so long that keys in memory may have been revoked since (RULES A3).
pub(crate) fn out_of_touch() -> ErrorResponse {
    ErrorResponse::new(
        ErrorCode::TemporarilyUnavailable,
        "the service has not heard its storage for too long; try again",
    )
}
