//! The memory store as a whole.

use async_trait::async_trait;
use countersign_core::Timestamp;
use countersign_core::wazo::Session;

use super::{MemoryStore, State};
use crate::{
    CHANGE_RETENTION_SECONDS, Change, Deployment, Failures, Maintenance, MarkDeployment,
    RestoreGap, StoreError, THROTTLE_RETENTION_SECONDS, ThrottleSubject,
};

/// Each of them tells at how many rows it looked.
impl State {
    fn sweep_revocations(&mut self, now: Timestamp, limit: u32) -> u32 {
        let mut looked = 0;
        while looked < limit
            && let Some((expires_at, token)) = self.expiries.first().copied()
            && expires_at <= now
        {
            self.expiries.pop_first();
            self.revoked.remove(&token);
            looked += 1;
        }
        looked
    }

    fn sweep_assertions(&mut self, now: Timestamp, limit: u32) -> u32 {
        let mut looked = 0;
        while looked < limit
            && let Some(id) = self.assertions.due(now)
        {
            self.assertions.forget(&id);
            looked += 1;
        }
        looked
    }

    fn sweep_grants(&mut self, now: Timestamp, limit: u32) -> u32 {
        let mut looked = 0;
        while looked < limit
            && let Some(grant) = self.grants.due(now)
        {
            let (id, row_ends_at) = (grant.id, grant.row_ends_at());
            if row_ends_at <= now || !self.grant_is_live(grant) {
                self.grants.remove(id);
            } else {
                self.grants.look_again(id);
            }
            looked += 1;
        }
        looked
    }

    fn sweep_sessions(&mut self, now: Timestamp, limit: u32) -> u32 {
        let mut looked = 0;
        while looked < limit
            && let Some(id) = self.sessions.due(now)
        {
            self.sessions.remove(id);
            looked += 1;
        }
        looked
    }

    fn sweep_wazo_sessions(&mut self, now: Timestamp, limit: u32) -> u32 {
        let old = |it: &Session| (it.row_ends_at() <= now).then_some(it.id);
        let ids = self.wazo_sessions.iter().filter_map(old);
        let ids: Vec<_> = ids.take(limit as usize).collect();
        let mut looked = 0;
        for id in ids {
            self.wazo_sessions.remove(id);
            looked += 1;
        }
        looked
    }

    fn sweep_failures(&mut self, now: Timestamp, limit: u32) -> u32 {
        let horizon = now.plus(-THROTTLE_RETENTION_SECONDS);
        let old = |(subject, failures): (&ThrottleSubject, &Failures)| {
            (failures.last < horizon).then_some(*subject)
        };
        let subjects = self.failures.iter().filter_map(old);
        let subjects: Vec<_> = subjects.take(limit as usize).collect();
        let mut looked = 0;
        for subject in subjects {
            self.failures.remove(&subject);
            looked += 1;
        }
        looked
    }

    fn sweep_changes(&mut self, now: Timestamp, limit: u32) -> u32 {
        let horizon = now.plus(-CHANGE_RETENTION_SECONDS);
        let old =
            |(place, (at, _)): (&u64, &(Timestamp, Change))| (*at < horizon).then_some(*place);
        let places = self.log.iter().filter_map(old);
        let places: Vec<_> = places.take(limit as usize).collect();
        let mut looked = 0;
        for place in places {
            self.log.remove(&place);
            // Not every change before this one need be gone, but a cursor before it can no longer be served.
            self.floor = self.floor.max(place);
            looked += 1;
        }
        looked
    }
}

#[async_trait]
impl Maintenance for MemoryStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.state().map(drop)
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u32, StoreError> {
        let mut state = self.state()?;
        let mut looked = state.sweep_revocations(now, limit);
        looked += state.sweep_assertions(now, limit - looked);
        looked += state.sweep_grants(now, limit - looked);
        looked += state.sweep_sessions(now, limit - looked);
        looked += state.sweep_wazo_sessions(now, limit - looked);
        looked += state.sweep_failures(now, limit - looked);
        looked += state.sweep_changes(now, limit - looked);
        Ok(looked)
    }

    async fn mark_deployment(&self, deployment: Deployment) -> Result<MarkDeployment, StoreError> {
        let mut state = self.state()?;
        if let Some(mark) = state.deployment {
            return Ok(MarkDeployment::Already(mark));
        }
        state.deployment = Some(deployment);
        Ok(MarkDeployment::Marked)
    }

    async fn declare_restore(&self, gap: RestoreGap) -> Result<(), StoreError> {
        let mut state = self.state()?;
        state.epochs.pass_over_lost();
        state.restore_gap = Some(gap);
        Ok(())
    }

    async fn restore_gap(&self) -> Result<Option<RestoreGap>, StoreError> {
        Ok(self.state()?.restore_gap)
    }
}
