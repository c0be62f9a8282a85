//! Clients: RFC 6749 §2, with the metadata names of RFC 7591 §2.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    AccessTokenFormat, AuthMethod, ClientId, ClientSecret, EntityId, Epoch, GrantType,
    IntrospectionReach, RedirectUri, ResourceUri, Revision, Scope, SigningAlgorithm, Timestamp,
};

/// What a client may do: the metadata of RFC 7591 §2 and our own additions, under their registered names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientSettings {
    /// What the client may present at the token endpoint.
    pub grant_types: Vec<GrantType>,
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
    /// Which tokens it may ask about.
    #[serde(default)]
    pub introspect: IntrospectionReach,
    /// What its access tokens look like; without it, as the server says.
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

/// Why a client cannot be as it is described.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// It may do nothing.
    #[error("a client needs at least one grant type")]
    NoGrantType,
    /// RFC 6749 §4.4: "The client credentials grant type MUST only be used by confidential clients."
    #[error("a public client cannot use client_credentials: it has nothing to prove who it is")]
    PublicClientCredentials,
    /// RFC 6749 §3.1.2.2.
    #[error("the authorization_code grant needs at least one redirect URI")]
    NoRedirectUri,
    /// The default names what the client may not have.
    #[error("the default scope '{0}' is not in the client's scope")]
    DefaultScopeNotAllowed(String),
    /// It names more scopes than a scope may have.
    #[error("a client has at most {max} scopes", max = Scope::MAX_TOKENS)]
    TooManyScopes,
    /// Keys are kept for tokens that live no longer than [`ClientSettings::MAX_ACCESS_TOKEN_LIFETIME`].
    #[error(
        "access tokens live between 1 and {max} seconds",
        max = ClientSettings::MAX_ACCESS_TOKEN_LIFETIME
    )]
    AccessTokenLifetime,
    /// Grants and the keys of their refresh tokens are kept for [`ClientSettings::MAX_REFRESH_TOKEN_LIFETIME`].
    #[error(
        "refresh tokens live between 1 and {max} seconds",
        max = ClientSettings::MAX_REFRESH_TOKEN_LIFETIME
    )]
    RefreshTokenLifetime,
    /// A retry is for an answer that was lost a moment ago.
    #[error(
        "a refresh token may be tried again for at most {max} seconds",
        max = ClientSettings::MAX_RETRY_WINDOW
    )]
    RetryWindow,
    /// RFC 9700 §2.2.2: "Refresh tokens for public clients MUST be sender-constrained or use refresh token rotation".
    #[error("the refresh tokens of a public client must be rotated")]
    PublicWithoutRotation,
}

impl ClientSettings {
    /// The longest life that an access token may have, in seconds: one day. A key that is no longer used for signing is
    /// kept and published this long, so that everything that it signed can be verified to its end.
    pub const MAX_ACCESS_TOKEN_LIFETIME: u32 = 86_400;

    /// The longest life that a grant may have, in seconds: ten years. A key under which refresh tokens were made is
    /// kept this long after its last use (RULES R6).
    pub const MAX_REFRESH_TOKEN_LIFETIME: u32 = 315_360_000;

    /// The longest time in which a refresh token may be tried again, in seconds.
    pub const MAX_RETRY_WINDOW: u32 = 600;

    /// A client that may use these grant types, with everything else as it is by default.
    #[must_use]
    pub const fn new(grant_types: Vec<GrantType>) -> Self {
        Self {
            grant_types,
            scope: Scope::empty(),
            default_scope: None,
            resources: Vec::new(),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            token_endpoint_auth_method: None,
            introspect: IntrospectionReach::Audience,
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

    /// Checks that the parts agree with each other.
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.grant_types.is_empty() {
            return Err(SettingsError::NoGrantType);
        }
        if self.scope.iter().count() > Scope::MAX_TOKENS {
            return Err(SettingsError::TooManyScopes);
        }
        if self.is_public() && self.grant_types.contains(&GrantType::ClientCredentials) {
            return Err(SettingsError::PublicClientCredentials);
        }
        // RFC 6749 §3.1.2.2: public clients must, and others should, register where their users are sent back to.
        if self.grant_types.contains(&GrantType::AuthorizationCode) && self.redirect_uris.is_empty()
        {
            return Err(SettingsError::NoRedirectUri);
        }
        if let Some(token) = self
            .default_scope
            .iter()
            .flat_map(Scope::iter)
            .find(|token| !self.scope.contains(token))
        {
            return Err(SettingsError::DefaultScopeNotAllowed(token.to_string()));
        }
        let lifetimes = 1..=Self::MAX_ACCESS_TOKEN_LIFETIME;
        if self
            .access_token_lifetime
            .is_some_and(|lifetime| !lifetimes.contains(&lifetime))
        {
            return Err(SettingsError::AccessTokenLifetime);
        }
        let lifetimes = 1..=Self::MAX_REFRESH_TOKEN_LIFETIME;
        let refresh = [
            self.refresh_token_lifetime,
            self.refresh_token_idle_lifetime,
        ];
        if !refresh.iter().flatten().all(|it| lifetimes.contains(it)) {
            return Err(SettingsError::RefreshTokenLifetime);
        }
        if self.refresh_token_retry_window > Some(Self::MAX_RETRY_WINDOW) {
            return Err(SettingsError::RetryWindow);
        }
        // RULES R9.
        if self.is_public() && !self.refresh_token_rotation {
            return Err(SettingsError::PublicWithoutRotation);
        }
        Ok(())
    }
}

/// A client that is to be stored; the store adds the [`Epoch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClient {
    /// The internal id.
    pub id: EntityId,
    /// The identifier on the wire.
    pub client_id: ClientId,
    /// The secrets that are accepted; none for a public client.
    pub secrets: Vec<ClientSecret>,
    /// What the client may do.
    pub settings: ClientSettings,
    /// When it was added.
    pub created_at: Timestamp,
}

impl NewClient {
    /// The client as it is stored under `epoch`.
    #[must_use]
    pub fn with_epoch(self, epoch: Epoch) -> Client {
        let Self {
            id,
            client_id,
            secrets,
            settings,
            created_at,
        } = self;
        Client {
            id,
            client_id,
            epoch,
            revision: Revision::FIRST,
            secrets,
            settings,
            created_at,
        }
    }
}

/// A client as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The internal id, never used twice.
    pub id: EntityId,
    /// The identifier on the wire.
    pub client_id: ClientId,
    /// What the tokens of this client carry; those of an earlier epoch are dead.
    pub epoch: Epoch,
    /// Which state of the client this is.
    pub revision: Revision,
    /// The secrets that are accepted; none for a public client.
    pub secrets: Vec<ClientSecret>,
    /// What the client may do.
    pub settings: ClientSettings,
    /// When it was added.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> ClientSettings {
        ClientSettings {
            scope: "read write".parse().unwrap(),
            ..ClientSettings::new(vec![GrantType::ClientCredentials])
        }
    }

    #[test]
    fn settings_that_contradict_themselves_are_refused() {
        let with = |change: fn(&mut ClientSettings)| {
            let mut settings = settings();
            change(&mut settings);
            settings.check()
        };
        assert_eq!(with(|_| ()), Ok(()));
        assert_eq!(
            with(|it| it.grant_types.clear()),
            Err(SettingsError::NoGrantType)
        );
        assert_eq!(
            with(|it| it.token_endpoint_auth_method = Some(AuthMethod::None)),
            Err(SettingsError::PublicClientCredentials)
        );
        assert_eq!(
            with(|it| it.grant_types = vec![GrantType::AuthorizationCode]),
            Err(SettingsError::NoRedirectUri)
        );
        assert_eq!(
            with(|it| it.default_scope = "read admin".parse().ok()),
            Err(SettingsError::DefaultScopeNotAllowed("admin".into()))
        );
        let scopes = |count: usize| ClientSettings {
            scope: (0..count).map(|n| n.to_string().parse().unwrap()).collect(),
            ..settings()
        };
        assert_eq!(scopes(257).check(), Err(SettingsError::TooManyScopes));
        let most = scopes(256);
        assert_eq!(most.check(), Ok(()));
        let json = serde_json::to_string(&most).unwrap();
        assert_eq!(serde_json::from_str::<ClientSettings>(&json).unwrap(), most);
        for lifetime in [0, ClientSettings::MAX_ACCESS_TOKEN_LIFETIME + 1] {
            let settings = ClientSettings {
                access_token_lifetime: Some(lifetime),
                ..settings()
            };
            assert_eq!(settings.check(), Err(SettingsError::AccessTokenLifetime));
        }
        for lifetime in [0, ClientSettings::MAX_REFRESH_TOKEN_LIFETIME + 1] {
            let absolute = ClientSettings {
                refresh_token_lifetime: Some(lifetime),
                ..settings()
            };
            let idle = ClientSettings {
                refresh_token_idle_lifetime: Some(lifetime),
                ..settings()
            };
            assert_eq!(absolute.check(), Err(SettingsError::RefreshTokenLifetime));
            assert_eq!(idle.check(), Err(SettingsError::RefreshTokenLifetime));
        }
        assert_eq!(
            with(|it| it.refresh_token_retry_window = Some(601)),
            Err(SettingsError::RetryWindow)
        );
    }

    #[test]
    fn rule_r9_a_public_client_without_rotation_is_a_configuration_error() {
        let mut settings = ClientSettings {
            token_endpoint_auth_method: Some(AuthMethod::None),
            ..ClientSettings::new(vec![GrantType::RefreshToken])
        };
        assert_eq!(settings.check(), Ok(()));
        settings.refresh_token_rotation = false;
        assert_eq!(settings.check(), Err(SettingsError::PublicWithoutRotation));
        settings.token_endpoint_auth_method = None;
        assert_eq!(settings.check(), Ok(()));
    }

    #[test]
    fn settings_from_before_there_was_rotation_rotate() {
        let old = r#"{"grant_types":["client_credentials"],"scope":"read"}"#;
        let settings: ClientSettings = serde_json::from_str(old).unwrap();
        assert!(settings.refresh_token_rotation);
    }

    #[test]
    fn settings_are_written_under_the_names_of_rfc_7591() {
        let json = serde_json::to_value(settings()).unwrap();
        assert_eq!(json["grant_types"][0], "client_credentials");
        assert_eq!(json["scope"], "read write");
        assert_eq!(
            serde_json::from_value::<ClientSettings>(json).unwrap(),
            settings()
        );
    }
}
