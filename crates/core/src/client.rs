//! Clients: RFC 6749 §2, with the metadata names of RFC 7591 §2.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    AccessTokenFormat, ApplicationType, AuthMethod, ClientId, ClientSecret, EntityId, Epoch,
    GrantType, IdTokenAlgorithm, IntrospectionReach, RedirectUri, ResourceUri, ResponseType,
    Revision, Scope, SigningAlgorithm, SubjectType, Timestamp,
};

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

fn code_only() -> Vec<ResponseType> {
    vec![ResponseType::Code]
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
    #[error("the grant types authorization_code and implicit need at least one redirect URI")]
    NoRedirectUri,
    /// RFC 8252 §7.1: a scheme of its own is for a program that is installed.
    #[error("the scheme of {0} is for native clients only (application_type native)")]
    SchemeOfNativeClient(RedirectUri),
    /// RFC 7591 §2.1: the response types and the grant types say the same.
    #[error("the response type '{response_type}' needs the grant type {grant_type}")]
    ResponseTypeWithoutGrantType {
        /// What the client may ask for.
        response_type: ResponseType,
        /// What it may not use, but would have to.
        grant_type: GrantType,
    },
    /// RFC 9700 §2.1.1: "public clients MUST use PKCE".
    #[error("a public client must use PKCE")]
    PublicWithoutPkce,
    /// RFC 8252 §8.6: any program on the device could play this client.
    #[error(
        "users cannot skip consent for a public client at {0}: any program on their machine could ask in its name; use https, or \
         let users agree"
    )]
    SkipConsentUnproven(RedirectUri),
    /// OpenID Connect Core §10.1: the key would be the secret of the client.
    #[error("a public client has no secret to sign its ID tokens with (HS256)")]
    PublicHs256,
    /// OpenID Connect Core §8.1: "If there are multiple hostnames in the registered `redirect_uris`, the Client MUST
    /// register a `sector_identifier_uri`."
    #[error(
        "with pairwise subjects, redirect URIs of several hosts or of none need a sector_identifier_uri"
    )]
    PairwiseWithoutSector,
    /// The sector is not an `https` URL.
    #[error("the sector_identifier_uri must be https")]
    SectorNotHttps,
    /// It is empty, too long or holds control characters.
    #[error("the name of a client has 1 to {max} bytes and no control characters", max = ClientSettings::MAX_NAME_LEN)]
    ClientName,
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

    /// Whether nobody but the client can get what is sent to `redirect_uri`, or make use of it: a confidential client has
    /// a secret, and a host has a certificate (RFC 8252 §8.6).
    #[must_use]
    pub fn is_reached_by(&self, redirect_uri: &RedirectUri) -> bool {
        !self.is_public() || redirect_uri.as_str().starts_with("https://")
    }

    /// Whether the client may send its users to the authorization endpoint.
    fn uses_authorization_endpoint(&self) -> bool {
        let uses = |grant_type| self.grant_types.contains(&grant_type);
        uses(GrantType::AuthorizationCode) || uses(GrantType::Implicit)
    }

    /// Checks what the client says about the authorization endpoint and OpenID Connect.
    fn check_authorization_endpoint(&self) -> Result<(), SettingsError> {
        if let Some(name) = &self.client_name
            && (!(1..=Self::MAX_NAME_LEN).contains(&name.len())
                || name.chars().any(char::is_control))
        {
            return Err(SettingsError::ClientName);
        }
        let native = self.application_type == ApplicationType::Native;
        let uris = self
            .redirect_uris
            .iter()
            .chain(&self.post_logout_redirect_uris);
        if let Some(uri) = uris.filter(|uri| uri.is_private_use()).find(|_| !native) {
            return Err(SettingsError::SchemeOfNativeClient(uri.clone()));
        }
        if self.is_public() && !self.require_pkce {
            return Err(SettingsError::PublicWithoutPkce);
        }
        let unproven = self
            .redirect_uris
            .iter()
            .find(|uri| !self.is_reached_by(uri));
        if let Some(uri) = unproven.filter(|_| self.skip_consent) {
            return Err(SettingsError::SkipConsentUnproven(uri.clone()));
        }
        if self.is_public() && self.id_token_algorithm() == IdTokenAlgorithm::Hs256 {
            return Err(SettingsError::PublicHs256);
        }
        let sector = self.sector_identifier_uri.as_ref();
        if sector.is_some_and(|uri| !uri.as_str().starts_with("https://")) {
            return Err(SettingsError::SectorNotHttps);
        }
        if self.subject_type == SubjectType::Pairwise && self.sector().is_none() {
            return Err(SettingsError::PairwiseWithoutSector);
        }
        if !self.uses_authorization_endpoint() {
            return Ok(());
        }
        // RFC 6749 §3.1.2.2: public clients must, and others should, register where their users are sent back to.
        if self.redirect_uris.is_empty() {
            return Err(SettingsError::NoRedirectUri);
        }
        for response_type in &self.response_types {
            for (needed, grant_type) in [
                (response_type.has_code(), GrantType::AuthorizationCode),
                (*response_type != ResponseType::Code, GrantType::Implicit),
            ] {
                if needed && !self.grant_types.contains(&grant_type) {
                    return Err(SettingsError::ResponseTypeWithoutGrantType {
                        response_type: *response_type,
                        grant_type,
                    });
                }
            }
        }
        Ok(())
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
        self.check_authorization_endpoint()?;
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

    fn web() -> ClientSettings {
        ClientSettings {
            redirect_uris: vec!["https://app.example/cb".parse().unwrap()],
            ..ClientSettings::new(vec![GrantType::AuthorizationCode])
        }
    }

    #[test]
    fn what_a_client_says_about_its_users_must_fit_together() {
        let with = |change: fn(&mut ClientSettings)| {
            let mut settings = web();
            change(&mut settings);
            settings.check()
        };
        let uri = |text: &str| -> RedirectUri { text.parse().unwrap() };
        assert_eq!(with(|_| ()), Ok(()));
        assert_eq!(
            with(|it| it
                .redirect_uris
                .push("com.example.app:/cb".parse().unwrap())),
            Err(SettingsError::SchemeOfNativeClient(uri(
                "com.example.app:/cb"
            )))
        );
        assert_eq!(
            with(|it| {
                it.application_type = ApplicationType::Native;
                it.redirect_uris
                    .push("com.example.app:/cb".parse().unwrap());
            }),
            Ok(())
        );
        assert_eq!(
            with(|it| {
                it.token_endpoint_auth_method = Some(AuthMethod::None);
                it.require_pkce = false;
            }),
            Err(SettingsError::PublicWithoutPkce)
        );
        assert_eq!(
            with(|it| {
                it.token_endpoint_auth_method = Some(AuthMethod::None);
                it.id_token_signed_response_alg = Some(IdTokenAlgorithm::Hs256);
            }),
            Err(SettingsError::PublicHs256)
        );
        for (response_type, grant_type) in [
            (ResponseType::IdToken, GrantType::Implicit),
            (ResponseType::CodeToken, GrantType::Implicit),
        ] {
            let settings = ClientSettings {
                response_types: vec![response_type],
                ..web()
            };
            let expected = SettingsError::ResponseTypeWithoutGrantType {
                response_type,
                grant_type,
            };
            assert_eq!(settings.check(), Err(expected));
        }
        assert_eq!(
            with(|it| it.grant_types = vec![GrantType::Implicit]),
            Err(SettingsError::ResponseTypeWithoutGrantType {
                response_type: ResponseType::Code,
                grant_type: GrantType::AuthorizationCode,
            })
        );
        for name in ["", "a\nb", &"x".repeat(256)] {
            let settings = ClientSettings {
                client_name: Some(name.into()),
                ..web()
            };
            assert_eq!(settings.check(), Err(SettingsError::ClientName), "{name}");
        }
    }

    #[test]
    fn oidc_core_47_several_hosts_need_a_sector() {
        let cases = [
            // (redirect URIs, sector identifier, sector)
            (
                "https://a.example/1 https://a.example/2",
                None,
                Some("a.example"),
            ),
            ("https://a.example/1 https://b.example/2", None, None),
            (
                "https://a.example/1 https://b.example/2",
                Some("https://c.example/sector.json"),
                Some("c.example"),
            ),
            ("com.example.app:/cb", None, None),
        ];
        for (uris, identifier, sector) in cases {
            let settings = ClientSettings {
                application_type: ApplicationType::Native,
                subject_type: SubjectType::Pairwise,
                redirect_uris: uris.split(' ').map(|uri| uri.parse().unwrap()).collect(),
                sector_identifier_uri: identifier.map(|uri| uri.parse().unwrap()),
                ..web()
            };
            assert_eq!(settings.sector().as_deref(), sector, "{uris}");
            assert_eq!(settings.check().is_ok(), sector.is_some(), "{uris}");
        }
        let settings = ClientSettings {
            sector_identifier_uri: "http://127.0.0.1/x".parse().ok(),
            ..web()
        };
        assert_eq!(settings.check(), Err(SettingsError::SectorNotHttps));
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
