//! What the service tells about itself: RFC 8414 §2 and OpenID Connect Discovery §3, in one document.

use serde::Serialize;

/// The metadata document. Lists without an element are left out (RFC 8414 §3.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the document has these members"
)]
pub struct ProviderMetadata {
    /// The issuer, byte for byte.
    pub issuer: String,
    /// Where users are sent to authorize a client.
    pub authorization_endpoint: String,
    /// Where tokens are issued.
    pub token_endpoint: String,
    /// Where the claims about a user are (OpenID Connect Core §5.3).
    pub userinfo_endpoint: String,
    /// Where the public keys are.
    pub jwks_uri: String,
    /// Where users are sent to sign out (OpenID Connect RP-Initiated Logout §2.1).
    pub end_session_endpoint: String,
    /// The scopes that may be asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes_supported: Vec<String>,
    /// The response types of the authorization endpoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_types_supported: Vec<&'static str>,
    /// How the authorization endpoint answers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_modes_supported: Vec<&'static str>,
    /// The grant types of the token endpoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grant_types_supported: Vec<&'static str>,
    /// The authentication context classes that may be asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acr_values_supported: Vec<&'static str>,
    /// How clients get to know their users (OpenID Connect Core §8).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subject_types_supported: Vec<&'static str>,
    /// How ID tokens can be signed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub id_token_signing_alg_values_supported: Vec<&'static str>,
    /// How answers of the userinfo endpoint can be signed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub userinfo_signing_alg_values_supported: Vec<&'static str>,
    /// How the pages can be shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub display_values_supported: Vec<&'static str>,
    /// The values of `prompt` (Initiating User Registration via OpenID Connect §4).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prompt_values_supported: Vec<&'static str>,
    /// How claims can be told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claim_types_supported: Vec<&'static str>,
    /// The claims that can be told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims_supported: Vec<&'static str>,
    /// Whether the parameter `claims` is read; false if it is left out.
    pub claims_parameter_supported: bool,
    /// Whether the parameter `request` is read; false if it is left out.
    pub request_parameter_supported: bool,
    /// Whether the parameter `request_uri` is read. "If omitted, the default value is true", so it is always told.
    pub request_uri_parameter_supported: bool,
    /// Whether a `request_uri` has to be registered; false if it is left out.
    pub require_request_uri_registration: bool,
    /// The methods of code challenges (RFC 8414 §2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub code_challenge_methods_supported: Vec<&'static str>,
    /// Whether authorization responses name the issuer (RFC 9207 §3).
    pub authorization_response_iss_parameter_supported: bool,
    /// How clients authenticate at the token endpoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub token_endpoint_auth_methods_supported: Vec<&'static str>,
    /// How the assertions of those can be signed that authenticate by one (RFC 8414 §2: never `none`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    /// Where tokens are asked about.
    pub introspection_endpoint: String,
    /// How callers authenticate there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    /// How their assertions can be signed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub introspection_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    /// Where tokens are revoked.
    pub revocation_endpoint: String,
    /// How clients authenticate there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    /// How their assertions can be signed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revocation_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oidc_discovery_09_empty_lists_are_left_out_and_what_defaults_to_true_is_told() {
        let document = ProviderMetadata {
            issuer: "i".into(),
            authorization_endpoint: "a".into(),
            token_endpoint: "t".into(),
            userinfo_endpoint: "u".into(),
            jwks_uri: "j".into(),
            end_session_endpoint: "e".into(),
            scopes_supported: Vec::new(),
            response_types_supported: Vec::new(),
            response_modes_supported: Vec::new(),
            grant_types_supported: Vec::new(),
            acr_values_supported: Vec::new(),
            subject_types_supported: Vec::new(),
            id_token_signing_alg_values_supported: Vec::new(),
            userinfo_signing_alg_values_supported: Vec::new(),
            display_values_supported: Vec::new(),
            prompt_values_supported: Vec::new(),
            claim_types_supported: Vec::new(),
            claims_supported: Vec::new(),
            claims_parameter_supported: true,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            require_request_uri_registration: false,
            code_challenge_methods_supported: vec!["S256"],
            authorization_response_iss_parameter_supported: true,
            token_endpoint_auth_methods_supported: Vec::new(),
            token_endpoint_auth_signing_alg_values_supported: Vec::new(),
            introspection_endpoint: "n".into(),
            introspection_endpoint_auth_methods_supported: Vec::new(),
            introspection_endpoint_auth_signing_alg_values_supported: Vec::new(),
            revocation_endpoint: "r".into(),
            revocation_endpoint_auth_methods_supported: Vec::new(),
            revocation_endpoint_auth_signing_alg_values_supported: Vec::new(),
        };
        assert_eq!(
            serde_json::to_value(&document).unwrap(),
            serde_json::json!({
                "issuer": "i",
                "authorization_endpoint": "a",
                "token_endpoint": "t",
                "userinfo_endpoint": "u",
                "jwks_uri": "j",
                "end_session_endpoint": "e",
                "claims_parameter_supported": true,
                "request_parameter_supported": false,
                "request_uri_parameter_supported": false,
                "require_request_uri_registration": false,
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": true,
                "introspection_endpoint": "n",
                "revocation_endpoint": "r",
            })
        );
    }
}
