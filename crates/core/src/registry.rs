//! What scopes and resources mean to this service.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{ResourceUri, Scope, ScopeToken, Timestamp};

/// What a scope stands for: words for people, and the claims about a user that it releases into access tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeDefinition {
    /// The scope.
    pub name: ScopeToken,
    /// What it allows, in words for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The names of the claims that it releases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<String>,
    /// When it was defined.
    pub created_at: Timestamp,
}

/// A resource server that is known by name (RFC 8707).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceDefinition {
    /// Its indicator, the audience of its tokens.
    pub resource: ResourceUri,
    /// What it is, in words for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The scopes that it knows. A scope that is known to some resource is left out of tokens for others.
    #[serde(default)]
    pub scope: Scope,
    /// When it was defined.
    pub created_at: Timestamp,
}

/// Why a scope or resource cannot be defined so.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DefinitionError {
    /// The description is too long or holds control characters.
    #[error("a description has at most {max} bytes and no control characters", max = DefinitionError::MAX_DESCRIPTION_LEN)]
    Description,
    /// More than 64 claims.
    #[error("a scope releases at most 64 claims")]
    TooManyClaims,
    /// The claim says something to those who check tokens, and cannot be about a user.
    #[error("the claim '{0}' has a meaning of its own in tokens and cannot be released by a scope")]
    ReservedClaim(String),
}

impl DefinitionError {
    /// The most bytes of a description.
    pub const MAX_DESCRIPTION_LEN: usize = 255;

    /// Checks a description.
    pub fn check_description(text: &str) -> Result<(), Self> {
        if text.len() > Self::MAX_DESCRIPTION_LEN || text.chars().any(char::is_control) {
            Err(Self::Description)
        } else {
            Ok(())
        }
    }
}
