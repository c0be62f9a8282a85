//! Definitions in memory.

use async_trait::async_trait;
use countersign_core::{ResourceDefinition, ResourceUri, ScopeDefinition, ScopeToken, Timestamp};

use super::MemoryStore;
use crate::{Change, Define, Registry, RegistryStore, StoreError};

const fn defined(anew: bool) -> Define {
    if anew {
        Define::Replaced
    } else {
        Define::Added
    }
}

#[async_trait]
impl RegistryStore for MemoryStore {
    async fn registry(&self) -> Result<Registry, StoreError> {
        let state = self.state()?;
        Ok(Registry {
            scopes: state.scopes.values().cloned().collect(),
            resources: state.resources.values().cloned().collect(),
        })
    }

    async fn define_scope(&self, definition: ScopeDefinition) -> Result<Define, StoreError> {
        let mut state = self.state()?;
        state.log(definition.created_at, Change::Registry);
        let earlier = state.scopes.insert(definition.name.clone(), definition);
        Ok(defined(earlier.is_some()))
    }

    async fn forget_scope(&self, name: &ScopeToken, now: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let was_defined = state.scopes.remove(name).is_some();
        if was_defined {
            state.log(now, Change::Registry);
        }
        Ok(was_defined)
    }

    async fn define_resource(&self, definition: ResourceDefinition) -> Result<Define, StoreError> {
        let mut state = self.state()?;
        state.log(definition.created_at, Change::Registry);
        let name = definition.resource.clone();
        let earlier = state.resources.insert(name, definition);
        Ok(defined(earlier.is_some()))
    }

    async fn forget_resource(
        &self,
        resource: &ResourceUri,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let was_defined = state.resources.remove(resource).is_some();
        if was_defined {
            state.log(now, Change::Registry);
        }
        Ok(was_defined)
    }
}
