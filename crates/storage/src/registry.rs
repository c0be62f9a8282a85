//! Verbs on what scopes and resources mean.

use async_trait::async_trait;
use countersign_core::{ResourceDefinition, ResourceUri, ScopeDefinition, ScopeToken, Timestamp};

use crate::StoreError;

/// All definitions, as they were at one moment, ordered by the bytes of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    /// The scopes.
    pub scopes: Vec<ScopeDefinition>,
    /// The resources.
    pub resources: Vec<ResourceDefinition>,
}

/// What became of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Define {
    /// It is new.
    Added,
    /// It took the place of an earlier one.
    Replaced,
}

/// Verbs on definitions. Each change writes [`Change::Registry`](crate::Change::Registry) in the same transaction
/// (RULES N1).
#[async_trait]
pub trait RegistryStore: Send + Sync {
    /// Everything that is defined, read in one snapshot.
    async fn registry(&self) -> Result<Registry, StoreError>;

    /// Defines a scope, or defines it anew. The change is logged at `definition.created_at`.
    async fn define_scope(&self, definition: ScopeDefinition) -> Result<Define, StoreError>;

    /// Forgets what a scope means. Returns whether it was defined.
    async fn forget_scope(&self, name: &ScopeToken, now: Timestamp) -> Result<bool, StoreError>;

    /// Defines a resource, or defines it anew. The change is logged at `definition.created_at`.
    async fn define_resource(&self, definition: ResourceDefinition) -> Result<Define, StoreError>;

    /// Forgets a resource. Returns whether it was defined.
    async fn forget_resource(
        &self,
        resource: &ResourceUri,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}
