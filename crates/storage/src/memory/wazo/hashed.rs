//! Rows that are found by the hash of a token.

use std::collections::BTreeMap;
use std::ops::Bound;

use countersign_core::EntityId;
use countersign_core::wazo::{RefreshToken, Session};

/// What has an id, and a token of which the hash is kept.
pub(in crate::memory) trait Token {
    /// The id.
    fn id(&self) -> EntityId;
    /// The hash of the token.
    fn hash(&self) -> [u8; 32];
}

impl Token for Session {
    fn id(&self) -> EntityId {
        self.id
    }

    fn hash(&self) -> [u8; 32] {
        self.token_hash
    }
}

impl Token for RefreshToken {
    fn id(&self) -> EntityId {
        self.id
    }

    fn hash(&self) -> [u8; 32] {
        self.token_hash
    }
}

/// Rows by their ids, and the ids by the hashes of the tokens.
#[derive(Clone, Debug)]
pub(in crate::memory) struct Hashed<T> {
    rows: BTreeMap<EntityId, T>,
    ids: BTreeMap<[u8; 32], EntityId>,
}

impl<T> Default for Hashed<T> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            ids: BTreeMap::new(),
        }
    }
}

impl<T: Token> Hashed<T> {
    pub(super) fn get(&self, id: EntityId) -> Option<&T> {
        self.rows.get(&id)
    }

    /// The row whose token has this hash.
    pub(super) fn find(&self, hash: &[u8; 32]) -> Option<&T> {
        self.get(*self.ids.get(hash)?)
    }

    /// The rows in the order of their ids.
    pub(in crate::memory) fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows.values()
    }

    /// The rows in the order of their ids, beginning behind `after`.
    pub(super) fn behind(&self, after: Option<EntityId>) -> impl Iterator<Item = &T> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.rows.range((from, Bound::Unbounded));
        behind.map(|(_, row)| row)
    }

    /// Adds a row of which both keys are free.
    pub(super) fn insert(&mut self, row: T) {
        self.ids.insert(row.hash(), row.id());
        self.rows.insert(row.id(), row);
    }

    pub(in crate::memory) fn remove(&mut self, id: EntityId) -> Option<T> {
        let row = self.rows.remove(&id)?;
        self.ids.remove(&row.hash());
        Some(row)
    }

    /// Removes every row that is as `ended` says.
    pub(super) fn end(&mut self, ended: impl Fn(&T) -> bool) {
        self.rows.retain(|_, row| !ended(row));
        self.ids.retain(|_, id| self.rows.contains_key(id));
    }
}
