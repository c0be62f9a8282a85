//! What a client may do: RFC 6749 §2, with the metadata names of RFC 7591 §2.

mod check;

use serde::{Deserialize, Serialize};

use crate::{
    AccessTokenFormat, ApplicationType, AuthMethod, GrantType, IdTokenAlgorithm,
    IntrospectionReach, JwkSetDocument, JwksUri, RedirectUri, ResourceUri, ResponseType, Scope,
    SigningAlgorithm, SubjectType, TokenProfile,
};

pub use check::SettingsError;

/// What a client may do: the metadata of RFC 7591 §2 and our own additions, under their registered names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientSettings {
    /// What people are shown as its name; without it, its `client_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// What kind of program it is.
    #[serde(default)]
    pub application_type: ApplicationType,
    /// What the client may present at the token endpoint.
    pub grant_types: Vec<GrantType>,
    /// What it may ask the authorization endpoint for.
    #[serde(default = "code_only")]
    pub response_types: Vec<ResponseType>,
    /// Whether it must use proof key for code exchange (RFC 7636); a public client always must.
    #[serde(default = "yes")]
    pub require_pkce: bool,
    /// Whether its users are not asked if they agree: for the applications of whoever runs this service.
    #[serde(default)]
    pub skip_consent: bool,
    /// How it gets to know its users.
    #[serde(default)]
    pub subject_type: SubjectType,
    /// The sector within which its users have the same pairwise subject, as an `https` URL of which the host counts;
    /// without it, the host of its redirect URIs (OpenID Connect Core §8.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<RedirectUri>,
    /// How its ID tokens are signed; without it, RS256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<IdTokenAlgorithm>,
    /// How the answers of the userinfo endpoint are signed for it; without it, they are plain JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<SigningAlgorithm>,
    /// Everything that the client may ask for.
    #[serde(default)]
    pub scope: Scope,
    /// What it gets when it asks for nothing; without it, all of `scope` that needs no user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_scope: Option<Scope>,
    /// The resources that it may ask tokens for and for which it speaks (RFC 8707, RULES I1); the first is the default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceUri>,
    /// Where users may be sent back to after authorization.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<RedirectUri>,
    /// Where users may be sent back to after logout.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// The only method that the client may use; without it, either way of sending its secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<AuthMethod>,
    /// The public keys of a client that proves who it is by key; not together with `jwks_uri` (RFC 7591 §2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<JwkSetDocument>,
    /// Where the client publishes them, so that it may change them without telling anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<JwksUri>,
    /// Which tokens it may ask about.
    #[serde(default)]
    pub introspect: IntrospectionReach,
    /// Which members its tokens have; without it, as the server says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_profile: Option<TokenProfile>,
    /// What its access tokens look like; without it, as the server says. Classic ones look one way only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_format: Option<AccessTokenFormat>,
    /// How its access tokens are signed; without it, as the server says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_signed_response_alg: Option<SigningAlgorithm>,
    /// Seconds for which its access tokens are good; without it, as the server says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_lifetime: Option<u32>,
    /// Whether each use of a refresh token gives a new one and ends the old one (RULES R9).
    #[serde(default = "yes")]
    pub refresh_token_rotation: bool,
    /// Seconds in which the refresh token before the current one may be tried again, 0 for never; without it, as the
    /// server says (RULES R2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token_retry_window: Option<u32>,
    /// Seconds after which its grants end, whatever happens; without it, as the server says (RULES R11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token_lifetime: Option<u32>,
    /// Seconds for which its refresh tokens may lie unused; without it, as the server says (RULES R11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token_idle_lifetime: Option<u32>,
}

const fn yes() -> bool {
    true
}

fn code_only() -> Vec<ResponseType> {
    vec![ResponseType::Code]
}

impl ClientSettings {
    /// The longest life that an access token may have, in seconds: one day. A key that is no longer used for signing is
    /// kept and published this long, so that everything that it signed can be verified to its end.
    pub const MAX_ACCESS_TOKEN_LIFETIME: u32 = 86_400;

    /// The longest life that a grant may have, in seconds: ten years. A key under which refresh tokens were made is
    /// kept this long after its last use (RULES R6).
    pub const MAX_REFRESH_TOKEN_LIFETIME: u32 = 315_360_000;

    /// The most bytes of a client's name.
    pub const MAX_NAME_LEN: usize = 255;

    /// The longest time in which a refresh token may be tried again, in seconds.
    pub const MAX_RETRY_WINDOW: u32 = 600;

    /// A client that may use these grant types, with everything else as it is by default.
    #[must_use]
    pub fn new(grant_types: Vec<GrantType>) -> Self {
        Self {
            client_name: None,
            application_type: ApplicationType::Web,
            grant_types,
            response_types: code_only(),
            require_pkce: true,
            skip_consent: false,
            subject_type: SubjectType::Public,
            sector_identifier_uri: None,
            id_token_signed_response_alg: None,
            userinfo_signed_response_alg: None,
            scope: Scope::empty(),
            default_scope: None,
            resources: Vec::new(),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            token_endpoint_auth_method: None,
            jwks: None,
            jwks_uri: None,
            introspect: IntrospectionReach::Audience,
            token_profile: None,
            access_token_format: None,
            access_token_signed_response_alg: None,
            access_token_lifetime: None,
            refresh_token_rotation: true,
            refresh_token_retry_window: None,
            refresh_token_lifetime: None,
            refresh_token_idle_lifetime: None,
        }
    }

    /// What a client may use about which nothing was said but its redirect URIs: `client_credentials` without any,
    /// `authorization_code` and `refresh_token` with some.
    #[must_use]
    pub fn default_grant_types(redirect_uris: &[RedirectUri]) -> Vec<GrantType> {
        if redirect_uris.is_empty() {
            vec![GrantType::ClientCredentials]
        } else {
            vec![GrantType::AuthorizationCode, GrantType::RefreshToken]
        }
    }

    /// Whether the client has nothing to prove who it is (RFC 6749 §2.1).
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.token_endpoint_auth_method == Some(AuthMethod::None)
    }

    /// Whether the client does something that needs its secret itself, and not only proof that somebody knows it (RULES S2).
    #[must_use]
    pub fn needs_secret_itself(&self) -> bool {
        self.id_token_algorithm() == IdTokenAlgorithm::Hs256
            || self.token_endpoint_auth_method == Some(AuthMethod::ClientSecretJwt)
    }

    /// Whether the client proves who it is by a secret.
    #[must_use]
    pub fn uses_secret(&self) -> bool {
        self.token_endpoint_auth_method
            .is_none_or(AuthMethod::uses_secret)
    }

    /// Whether the client has any use for a secret.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        self.uses_secret() || self.needs_secret_itself()
    }

    /// How its ID tokens are signed.
    #[must_use]
    pub fn id_token_algorithm(&self) -> IdTokenAlgorithm {
        self.id_token_signed_response_alg.unwrap_or_default()
    }

    /// The host within which its users have the same pairwise subject; none if it cannot be told.
    #[must_use]
    pub fn sector(&self) -> Option<String> {
        let named = self.sector_identifier_uri.as_ref();
        let mut hosts = named
            .map_or(&self.redirect_uris[..], std::slice::from_ref)
            .iter();
        let first = hosts.next()?.host()?;
        hosts
            .all(|uri| uri.host().as_ref() == Some(&first))
            .then_some(first)
    }

    /// Whether nobody but the client can get what is sent to `redirect_uri`, or make use of it: a host has a certificate, and a
    /// code needs the secret of a confidential client (RFC 8252 §8.6). A token needs nothing.
    #[must_use]
    pub fn is_reached_by(&self, redirect_uri: &RedirectUri, response_type: ResponseType) -> bool {
        redirect_uri.as_str().starts_with("https://")
            || (!self.is_public() && response_type == ResponseType::Code)
    }
}
