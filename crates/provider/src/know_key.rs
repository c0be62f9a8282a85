//! Keys that another node has just made.

use countersign_core::{KeyId, Timestamp};
use countersign_protocol::{ErrorCode, ErrorResponse};

use crate::Provider;

impl Provider {
    /// Reads the keys again if `key` is unknown: it may be a new one of another node (RULES R6).
    pub(crate) async fn know_key(&self, key: &KeyId, now: Timestamp) -> Result<(), ErrorResponse> {
        if self.keys.at(now).knows(key) {
            return Ok(());
        }
        let reloaded = self.keys.reload_for_unknown(&*self.store, now).await;
        reloaded.map_err(|error| {
            tracing::error!(%error, "keys not read again");
            ErrorResponse::new(
                ErrorCode::TemporarilyUnavailable,
                "the service cannot read its keys; try again",
            )
        })
    }
}
