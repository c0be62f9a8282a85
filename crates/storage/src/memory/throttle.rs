//! Failures in memory.

use async_trait::async_trait;
use countersign_core::Timestamp;

use super::MemoryStore;
use crate::{Failures, StoreError, ThrottleStore, ThrottleSubject};

#[async_trait]
impl ThrottleStore for MemoryStore {
    async fn failures(
        &self,
        subjects: &[ThrottleSubject],
    ) -> Result<Vec<Option<Failures>>, StoreError> {
        let state = self.state()?;
        let of = |subject| state.failures.get(subject).copied();
        Ok(subjects.iter().map(of).collect())
    }

    async fn count_failure(
        &self,
        subjects: &[ThrottleSubject],
        now: Timestamp,
        window: u32,
    ) -> Result<Vec<Failures>, StoreError> {
        let mut state = self.state()?;
        let count = |subject: &ThrottleSubject| {
            let before = state.failures.get(subject);
            let in_window =
                |it: &&Failures| (it.since..it.since.plus(window.into())).contains(&now);
            let after = match before.filter(in_window) {
                Some(before) => Failures {
                    count: before.count.saturating_add(1),
                    since: before.since,
                    last: before.last.max(now),
                },
                None => Failures {
                    count: 1,
                    since: now,
                    last: now,
                },
            };
            state.failures.insert(*subject, after);
            after
        };
        Ok(subjects.iter().map(count).collect())
    }

    async fn forgive(&self, subjects: &[ThrottleSubject]) -> Result<(), StoreError> {
        let mut state = self.state()?;
        for subject in subjects {
            state.failures.remove(subject);
        }
        Ok(())
    }
}
