//! What scopes and resources mean here: definitions in memory, never more than a second behind storage (RULES N1).

use countersign_core::{
    DefinitionError, ResourceDefinition, ResourceUri, Scope, ScopeDefinition, ScopeToken,
};
use countersign_jose::access_token::is_reserved_claim;
use countersign_storage::{Define, Registry, StoreError};
use thiserror::Error;

use crate::Provider;

/// The scopes that release a claim of their own name without being defined: RFC 9068 §2.2.3.1.
const BUILT_IN: [&str; 2] = ["roles", "groups"];

/// The most claims that one scope may release.
const MAX_CLAIMS: usize = 64;

/// Why a scope or resource was not defined.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DefineError {
    /// It cannot be defined so.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// Storage did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The names of the claims that `scope` releases into access tokens.
pub(crate) fn released_by<'all>(
    registry: &'all Registry,
    scope: &'all Scope,
) -> impl Iterator<Item = &'all str> {
    let built_in = BUILT_IN
        .into_iter()
        .filter(|name| scope.iter().any(|token| token.as_str() == *name));
    let defined = registry
        .scopes
        .iter()
        .filter(|definition| scope.contains(&definition.name))
        .flat_map(|definition| definition.claims.iter().map(String::as_str));
    built_in.chain(defined)
}

impl Provider {
    /// Defines a scope, or defines it anew.
    pub async fn define_scope(&self, definition: ScopeDefinition) -> Result<Define, DefineError> {
        DefinitionError::check_description(&definition.description)?;
        if definition.claims.len() > MAX_CLAIMS {
            return Err(DefinitionError::TooManyClaims.into());
        }
        if let Some(name) = definition
            .claims
            .iter()
            .find(|name| is_reserved_claim(name) || name.is_empty())
        {
            return Err(DefinitionError::ReservedClaim(name.clone()).into());
        }
        Ok(self.store.define_scope(definition).await?)
    }

    /// Forgets what a scope means. Returns whether it was defined.
    pub async fn forget_scope(&self, name: &ScopeToken) -> Result<bool, StoreError> {
        self.store.forget_scope(name, self.clock.now()).await
    }

    /// Defines a resource, or defines it anew.
    pub async fn define_resource(
        &self,
        definition: ResourceDefinition,
    ) -> Result<Define, DefineError> {
        DefinitionError::check_description(&definition.description)?;
        Ok(self.store.define_resource(definition).await?)
    }

    /// Forgets a resource. Returns whether it was defined.
    pub async fn forget_resource(&self, resource: &ResourceUri) -> Result<bool, StoreError> {
        self.store.forget_resource(resource, self.clock.now()).await
    }

    /// Everything that is defined, as it is in storage.
    pub async fn definitions(&self) -> Result<Registry, StoreError> {
        self.store.registry().await
    }

    /// Reads the definitions again.
    pub(crate) async fn reload_registry(&self) -> Result<(), StoreError> {
        self.registry.store(self.store.registry().await?.into());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::Timestamp;

    use super::*;

    #[test]
    fn scopes_release_their_claims() {
        let registry = Registry {
            scopes: vec![ScopeDefinition {
                name: "tenant.read".parse().unwrap(),
                description: String::new(),
                claims: vec!["tenant".into(), "email".into()],
                created_at: Timestamp::from_seconds(0),
            }],
            resources: Vec::new(),
        };
        for (scope, expected) in [
            ("", &[][..]),
            ("read", &[]),
            ("roles", &["roles"]),
            ("tenant.read groups", &["groups", "tenant", "email"]),
        ] {
            let scope: Scope = scope.parse().unwrap_or_default();
            let released: Vec<&str> = released_by(&registry, &scope).collect();
            assert_eq!(released, expected, "{scope}");
        }
    }
}
