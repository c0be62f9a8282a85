//! Authorization server metadata: RFC 8414, made from what is there, so that it cannot lie.

use countersign_core::{AuthMethod, GrantType};
use countersign_protocol::AuthorizationServerMetadata;

use crate::Provider;
use crate::token::GRANT_TYPES;

/// The paths of the endpoints, below the issuer.
pub mod paths {
    /// The token endpoint.
    pub const TOKEN: &str = "/oauth2/token";
    /// The introspection endpoint.
    pub const INTROSPECT: &str = "/oauth2/introspect";
    /// The revocation endpoint.
    pub const REVOKE: &str = "/oauth2/revoke";
    /// The JWK Set.
    pub const JWKS: &str = "/oauth2/jwks";
}

impl Provider {
    /// The metadata document.
    #[must_use]
    pub fn metadata(&self) -> AuthorizationServerMetadata {
        let issuer = &self.settings.issuer;
        let confidential: Vec<_> = AuthMethod::ALL
            .into_iter()
            .filter(|method| *method != AuthMethod::None)
            .map(AuthMethod::name)
            .collect();
        AuthorizationServerMetadata {
            issuer: issuer.to_string(),
            token_endpoint: issuer.endpoint(paths::TOKEN),
            jwks_uri: issuer.endpoint(paths::JWKS),
            grant_types_supported: GRANT_TYPES.into_iter().map(GrantType::name).collect(),
            response_types_supported: Vec::new(),
            // RFC 6749 §3.2.1: a public client names itself.
            token_endpoint_auth_methods_supported: AuthMethod::ALL.map(AuthMethod::name).to_vec(),
            introspection_endpoint: issuer.endpoint(paths::INTROSPECT),
            introspection_endpoint_auth_methods_supported: confidential,
            revocation_endpoint: issuer.endpoint(paths::REVOKE),
            // RFC 7009 §2.1: public clients may revoke their tokens, naming themselves.
            revocation_endpoint_auth_methods_supported: AuthMethod::ALL
                .map(AuthMethod::name)
                .to_vec(),
        }
    }
}
