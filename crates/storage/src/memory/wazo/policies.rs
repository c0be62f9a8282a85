//! Policies, and who has them, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use countersign_core::EntityId;
use countersign_core::wazo::{Policy, PolicySlug};

use crate::{ChangePolicy, StoreError};

/// The policies, and which user has which.
#[derive(Clone, Debug, Default)]
pub(in crate::memory) struct Policies {
    rows: BTreeMap<EntityId, Policy>,
    /// By user and policy.
    assigned: BTreeSet<(EntityId, EntityId)>,
}

impl Policies {
    pub(super) fn get(&self, id: EntityId) -> Option<&Policy> {
        self.rows.get(&id)
    }

    pub(super) fn find(&self, slug: &PolicySlug) -> Option<&Policy> {
        let is_named = |it: &&Policy| it.slug.as_str().eq_ignore_ascii_case(slug.as_str());
        self.rows.values().find(is_named)
    }

    /// At most `limit` policies in the order of their ids, beginning behind `after`.
    pub(super) fn page(&self, after: Option<EntityId>, limit: u32) -> Vec<Policy> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.rows.range((from, Bound::Unbounded));
        let policies = behind.map(|(_, policy)| policy);
        policies.take(limit as usize).cloned().collect()
    }

    /// What stands against a policy that is as `wanted`: one of its name or slug, other than the one that it was before.
    fn taken(&self, wanted: &Policy, before: Option<EntityId>) -> Option<ChangePolicy> {
        let others = || self.rows.values().filter(|it| Some(it.id) != before);
        let (name, slug) = (wanted.name.as_str(), wanted.slug.as_str());
        if others().any(|it| it.name.as_str().eq_ignore_ascii_case(name)) {
            Some(ChangePolicy::NameTaken)
        } else if others().any(|it| it.slug.as_str().eq_ignore_ascii_case(slug)) {
            Some(ChangePolicy::SlugTaken)
        } else {
            None
        }
    }

    pub(super) fn create(&mut self, policy: Policy) -> Result<ChangePolicy, StoreError> {
        if let Some(taken) = self.taken(&policy, None) {
            return Ok(taken);
        }
        if self.rows.contains_key(&policy.id) {
            return Err(StoreError::EntityIdTaken(policy.id));
        }
        self.rows.insert(policy.id, policy.clone());
        Ok(ChangePolicy::Done(policy))
    }

    pub(super) fn update(&mut self, policy: Policy) -> ChangePolicy {
        let Some(stored) = self.get(policy.id) else {
            return ChangePolicy::NotFound;
        };
        if stored.revision != policy.revision {
            return ChangePolicy::Stale;
        }
        if let Some(taken) = self.taken(&policy, Some(policy.id)) {
            return taken;
        }
        let updated = Policy {
            revision: stored.revision.next(),
            created_at: stored.created_at,
            ..policy
        };
        self.rows.insert(updated.id, updated.clone());
        ChangePolicy::Done(updated)
    }

    pub(super) fn remove(&mut self, id: EntityId) -> bool {
        self.assigned.retain(|(_, policy)| *policy != id);
        self.rows.remove(&id).is_some()
    }

    /// Gives the policy to the user; tells whether it had it not before.
    pub(super) fn assign(&mut self, id: EntityId, user: EntityId) -> bool {
        self.assigned.insert((user, id))
    }

    /// Takes the policy from the user; tells whether it had it before.
    pub(super) fn withdraw(&mut self, id: EntityId, user: EntityId) -> bool {
        self.assigned.remove(&(user, id))
    }

    /// Takes every policy from the user.
    pub(in crate::memory) fn withdraw_all(&mut self, user: EntityId) {
        self.assigned.retain(|(owner, _)| *owner != user);
    }

    /// The policies of the user, in the order of their ids.
    pub(super) fn of(&self, user: EntityId) -> Vec<Policy> {
        let first = (user, EntityId::from_bytes([0; 16]));
        let from_user = self.assigned.range(first..);
        let of_user = from_user.take_while(|(owner, _)| *owner == user);
        let policies = of_user.filter_map(|(_, id)| self.get(*id));
        policies.cloned().collect()
    }
}
