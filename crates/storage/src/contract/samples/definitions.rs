//! Definitions of every kind.

use countersign_core::{ResourceDefinition, Scope, ScopeDefinition, Timestamp};

use super::NOW;

/// A scope about which nothing is said.
#[must_use]
pub fn scope_definition(name: &str) -> ScopeDefinition {
    ScopeDefinition {
        name: name.parse().expect("the name of a sample is a scope"),
        description: String::new(),
        claims: Vec::new(),
        created_at: NOW,
    }
}

/// Scopes with odd names and texts, ordered by the bytes of their names.
#[must_use]
pub fn varied_scopes() -> Vec<ScopeDefinition> {
    let mut scopes = [
        "%_",
        "';DROP/**/TABLE/**/scopes;--",
        "/accounts/{id}/wallets.read",
        "Read",
        "plain",
        "read",
    ]
    .map(scope_definition);
    scopes[0].description = "'\"\\ \u{5d0}\u{1f511}\u{2028}".into();
    scopes[1].claims = ["tenant", "a b", "\u{1f511}", "\"[,]"]
        .map(Into::into)
        .to_vec();
    scopes[2].created_at = Timestamp::from_seconds(0);
    scopes[3].created_at = Timestamp::from_seconds(253_402_300_799);
    scopes.to_vec()
}

/// A resource about which nothing is said.
#[must_use]
pub fn resource_definition(resource: &str) -> ResourceDefinition {
    ResourceDefinition {
        resource: resource
            .parse()
            .expect("the name of a sample is a resource URI"),
        description: String::new(),
        scope: Scope::empty(),
        created_at: NOW,
    }
}

/// Resources with odd names and texts, ordered by the bytes of their names.
#[must_use]
pub fn varied_resources() -> Vec<ResourceDefinition> {
    let mut resources = [
        "https://API.example.com",
        "https://api.example.com",
        "https://api.example.com/?a='%22",
        "urn:example:b",
    ]
    .map(resource_definition);
    resources[0].description = "'\"\\ \u{5d0}\u{1f511}\u{2028}".into();
    let scope = "openid 'quoted' %_ a;b /accounts/{id}/wallets.read";
    resources[1].scope = scope.parse().expect("a sample is a scope");
    resources[2].created_at = Timestamp::from_seconds(0);
    resources[3].created_at = Timestamp::from_seconds(253_402_300_799);
    resources.to_vec()
}
