//! What every verb can fail with.

use countersign_core::EntityId;
use thiserror::Error;

/// Why a store could not carry out a verb.
///
/// An outcome that a caller can expect (a name is taken, a version is stale) is no error: it stands in the outcome
/// enum of its verb. No message holds a secret; none is meant for the wire.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store cannot be reached or cannot take more work; nothing was changed, and trying again later may help.
    #[error("storage is unavailable: {0}")]
    Unavailable(String),
    /// The command was carried out but could not be confirmed as durable: it may or may not hold after a crash.
    #[error("storage could not confirm the change: {0}")]
    OutcomeUnknown(String),
    /// What is stored cannot be understood; the message says where it lies.
    #[error("stored data is corrupt: {0}")]
    Corrupt(String),
    /// The internal id of a new entity or grant belongs to another one: a defect of the caller, since ids are never reused
    /// (RULES R10).
    #[error("the internal id {0} is already in use")]
    EntityIdTaken(EntityId),
    /// The store failed by a defect of its own, or of its caller, who asked what nobody may ask; nothing was changed.
    #[error("the store has a defect: {0}")]
    Defect(String),
}
