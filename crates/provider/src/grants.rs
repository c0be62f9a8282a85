//! Looking at grants, and ending them.

use countersign_core::{Grant, GrantId, Timestamp};
use countersign_storage::{EndGrant, GrantFilter, RestoreGap, StoreError};

use crate::Provider;

impl Provider {
    /// At most `limit` grants, the oldest first, beginning behind `after`; those that ended by themselves as well, until
    /// they are swept.
    pub async fn list_grants(
        &self,
        filter: GrantFilter,
        after: Option<GrantId>,
        limit: u32,
    ) -> Result<Vec<Grant>, StoreError> {
        self.store.list_grants(filter, after, limit).await
    }

    /// Ends a grant with every token of it. Returns whether there was one.
    pub async fn end_grant(&self, id: GrantId) -> Result<bool, StoreError> {
        Ok(self.store.end_grant(id).await? == EndGrant::Ended)
    }

    /// Declares that storage was restored from a backup that was made at `restored_to`: refresh tokens that were issued
    /// since are accepted, though storage does not know them (RULES R4).
    pub async fn declare_restore(&self, restored_to: Timestamp) -> Result<(), StoreError> {
        let gap = RestoreGap {
            restored_to,
            declared_at: self.clock.now(),
        };
        self.store.declare_restore(gap).await
    }
}
