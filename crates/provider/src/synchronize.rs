//! Keeping in touch with storage: what was changed elsewhere is known here within a second (RULES A2, N1).

use countersign_core::Timestamp;
use countersign_storage::{Change, ChangeCursor, Changes};

use crate::Provider;
use crate::keys::KeyError;

impl Provider {
    /// Hears what has changed since the last call. The host calls this at least twice a second.
    ///
    /// # Errors
    ///
    /// Storage did not answer; what is in memory is used for as long as `cache_max_stale` allows (RULES A3).
    pub async fn synchronize(&self) -> Result<(), KeyError> {
        let mut cursor = self.cursor.lock().await;
        let began = self.clock.now();
        let heard = self.hear(&mut cursor, began).await;
        match heard {
            Ok(()) => self.touch.heard(began),
            Err(_) => self.touch.lost(),
        }
        heard
    }

    async fn hear(&self, cursor: &mut ChangeCursor, now: Timestamp) -> Result<(), KeyError> {
        // RULES A3: after reconnecting, caches are rebuilt before use.
        let mut rebuild = self.touch.is_lost();
        loop {
            let (next, changes) = match self.store.changes_since(cursor).await? {
                Changes::Entries { cursor, changes } => (cursor, changes),
                Changes::Rebuild { cursor } => {
                    rebuild = true;
                    (cursor, Vec::new())
                }
            };
            // Clients first: keys that cannot be read must not keep the removal of a client from being heard.
            for change in &changes {
                if let Change::Client(id) = change {
                    self.directory.forget(id);
                }
            }
            if changes.contains(&Change::Keys) {
                self.keys.reload(&*self.store, now).await?;
            }
            if changes.contains(&Change::Registry) {
                self.reload_registry().await?;
            }
            *cursor = next;
            if changes.is_empty() {
                break;
            }
        }
        if rebuild {
            self.directory.forget_all();
            self.keys.reload(&*self.store, now).await?;
            self.reload_registry().await?;
        }
        Ok(())
    }

    /// Removes what has expired, at most `limit` rows, and keys that are gone; announces successors of keys that are due.
    /// Returns the number of rows that were looked at.
    pub async fn sweep(&self, limit: u32) -> Result<u32, KeyError> {
        let now = self.clock.now();
        let swept = self.store.sweep(now, limit).await?;
        self.keys.sweep(&*self.store, now).await?;
        let interval = self.settings.key_rotation_interval;
        if interval > 0 {
            self.keys
                .rotate_due(&*self.store, interval, now, &*self.random)
                .await?;
        }
        Ok(swept)
    }

    /// Whether storage answers, and what was last heard from it is understood (RULES A3: `/readyz` fails at once).
    pub async fn is_ready(&self) -> bool {
        if let Some(seconds) = self.touch.set_back(self.clock.now()) {
            tracing::error!(
                seconds,
                "not ready: the clock was set back; set it right, or restart"
            );
            return false;
        }
        match self.store.ping().await {
            Ok(()) => !self.touch.is_lost(),
            Err(error) => {
                tracing::warn!(%error, "not ready");
                false
            }
        }
    }
}
