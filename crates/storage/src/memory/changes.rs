//! The change feed in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{Change, ChangeCursor, ChangeFeed, Changes, MAX_CHANGES, StoreError};

#[async_trait]
impl ChangeFeed for MemoryStore {
    async fn changes_since(&self, cursor: &ChangeCursor) -> Result<Changes, StoreError> {
        let state = self.state()?;
        let head = self.cursor(state.head);
        // Too old, or ahead of us: neither can be told entry by entry.
        let known = |place: &u64| (state.floor..=state.head).contains(place);
        let Some(place) = self.place(cursor).filter(known) else {
            return Ok(Changes::Rebuild { cursor: head });
        };
        let changes: Vec<Change> = state
            .log
            .range(place + 1..)
            .map(|(_, (_, change))| change.clone())
            .collect();
        if changes.len() > MAX_CHANGES as usize {
            return Ok(Changes::Rebuild { cursor: head });
        }
        Ok(Changes::Entries {
            cursor: head,
            changes,
        })
    }

    async fn change_head(&self) -> Result<ChangeCursor, StoreError> {
        let head = self.state()?.head;
        Ok(self.cursor(head))
    }
}
