//! The change feed: how caches learn that they are behind (RULES N1).

use std::fmt;

use async_trait::async_trait;
use countersign_core::{ClientId, EntityId};

use crate::StoreError;

/// For how many seconds a change stays readable; a cursor that is older may be answered with
/// [`Changes::Rebuild`].
pub const CHANGE_RETENTION_SECONDS: i64 = 600;

/// How many changes [`ChangeFeed::changes_since`] tells one by one: with more, reading everything again is the
/// quicker way, and the answer is [`Changes::Rebuild`].
pub const MAX_CHANGES: u32 = 1_000;

/// A hint that something changed. What it is now is to be read from the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// The client with this `client_id` was created, changed or removed.
    Client(ClientId),
    /// The user with this id was created, changed or removed.
    User(EntityId),
    /// The key ring has a new version.
    Keys,
    /// A scope or resource is defined otherwise.
    Registry,
}

/// A place in the change feed of one store. Its bytes mean something to the backend that made it only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ChangeCursor(Box<[u8]>);

impl ChangeCursor {
    /// The cursor with these bytes, for backends.
    #[must_use]
    pub fn from_bytes(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes that the backend gave.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for ChangeCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChangeCursor({} bytes)", self.0.len())
    }
}

/// What happened since a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// Everything that was changed, in the order of the changes; one may be told more than once.
    Entries {
        /// The place behind the last of them, for the next call.
        cursor: ChangeCursor,
        /// The changes; often none.
        changes: Vec<Change>,
    },
    /// The store cannot tell. Whoever caches something reads all of it again, then goes on from `cursor`.
    Rebuild {
        /// A place that is not behind anything read from now on.
        cursor: ChangeCursor,
    },
}

/// How caches learn that they are behind: every change of a client, user, key or definition writes an entry in its own
/// transaction.
///
/// Verbs on grants, revocations and failures write none (RULES N2). A change that any reader can see is in the feed; no
/// polling of any cursor passes over one.
#[async_trait]
pub trait ChangeFeed: Send + Sync {
    /// What was changed since `cursor`.
    ///
    /// A cursor that is unknown, of another store, too old, or ahead of the store (a backup was restored) is
    /// answered with [`Changes::Rebuild`].
    async fn changes_since(&self, cursor: &ChangeCursor) -> Result<Changes, StoreError>;

    /// The place behind the latest change. Whoever takes it first and reads everything then misses nothing.
    async fn change_head(&self) -> Result<ChangeCursor, StoreError>;
}
