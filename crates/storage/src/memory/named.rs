//! Rows with two keys.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::Bound;

use countersign_core::EntityId;

/// Rows by their internal ids, and the ids by the names of the rows. Both are unique.
#[derive(Clone, Debug)]
pub(super) struct Named<N, T> {
    rows: BTreeMap<EntityId, T>,
    ids: BTreeMap<N, EntityId>,
}

impl<N, T> Default for Named<N, T> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            ids: BTreeMap::new(),
        }
    }
}

impl<N: Ord + Clone, T: Clone> Named<N, T> {
    pub(super) fn get(&self, id: EntityId) -> Option<&T> {
        self.rows.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: EntityId) -> Option<&mut T> {
        self.rows.get_mut(&id)
    }

    /// The internal id of the row with this name.
    pub(super) fn id<Q: Ord + ?Sized>(&self, name: &Q) -> Option<EntityId>
    where
        N: Borrow<Q>,
    {
        self.ids.get(name).copied()
    }

    pub(super) fn find(&self, name: &N) -> Option<&T> {
        self.get(self.id(name)?)
    }

    /// At most `limit` rows in the order of their names, beginning behind `after`.
    pub(super) fn page(&self, after: Option<&N>, limit: u32) -> Vec<T> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.ids
            .range::<N, _>((from, Bound::Unbounded))
            .filter_map(|(_, id)| self.rows.get(id))
            .take(limit as usize)
            .cloned()
            .collect()
    }

    /// The rows in the order of their internal ids.
    pub(super) fn rows(&self) -> impl Iterator<Item = &T> {
        self.rows.values()
    }

    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.rows.values_mut()
    }

    /// Adds a row of which both keys are free.
    pub(super) fn insert(&mut self, name: N, id: EntityId, row: T) {
        self.ids.insert(name, id);
        self.rows.insert(id, row);
    }

    pub(super) fn remove(&mut self, name: &N) -> Option<T> {
        self.rows.remove(&self.ids.remove(name)?)
    }
}
