//! Whether the parts of a client's settings agree with each other.

use thiserror::Error;

use super::ClientSettings;
use crate::{
    AccessTokenFormat, ApplicationType, AuthMethod, GrantType, IdTokenAlgorithm, RedirectUri,
    ResponseType, Scope, SubjectType, TokenProfile,
};

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
        "users cannot skip consent for what is sent to {0}: any program on their machine could ask in the name of the client; use \
         https, or a client with a secret and the response type code, or let users agree"
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
    /// A classic token is a JWT that is signed with HS256.
    #[error(
        "classic tokens are JWTs signed with HS256; leave out the format opaque, and the algorithm"
    )]
    ClassicFormat,
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
    /// Keys, and where to find them: there would be two answers to the question which are meant (RFC 7591 §2).
    #[error("a client has either jwks or jwks_uri, not both")]
    JwksAndUri,
    /// A client that is to prove who it is by key has none.
    #[error(
        "a client that authenticates by private_key_jwt needs its public keys: jwks, or jwks_uri"
    )]
    PrivateKeyJwtWithoutKeys,
}

impl ClientSettings {
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
        let is_reached = |uri: &RedirectUri| {
            let mut response_types = self.response_types.iter();
            response_types.all(|response_type| self.is_reached_by(uri, *response_type))
        };
        let unproven = self.redirect_uris.iter().find(|uri| !is_reached(uri));
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
        // RFC 7591 §2: "The 'jwks_uri' and 'jwks' parameters MUST NOT both be present in the same request or response."
        if self.jwks.is_some() && self.jwks_uri.is_some() {
            return Err(SettingsError::JwksAndUri);
        }
        if self.token_endpoint_auth_method == Some(AuthMethod::PrivateKeyJwt)
            && self.jwks.is_none()
            && self.jwks_uri.is_none()
        {
            return Err(SettingsError::PrivateKeyJwtWithoutKeys);
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
        let says_how = self.access_token_format == Some(AccessTokenFormat::Opaque)
            || self.access_token_signed_response_alg.is_some();
        if self.token_profile == Some(TokenProfile::Classic) && says_how {
            return Err(SettingsError::ClassicFormat);
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
        let classic = ClientSettings {
            token_profile: Some(TokenProfile::Classic),
            ..settings()
        };
        assert_eq!(classic.check(), Ok(()));
        let opaque = ClientSettings {
            access_token_format: Some(AccessTokenFormat::Opaque),
            ..classic
        };
        assert_eq!(opaque.check(), Err(SettingsError::ClassicFormat));
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
    fn rfc7591_02_keys_are_given_in_one_way_and_needed_for_private_key_jwt() {
        let set = r#"{"keys":[{}]}"#.parse().ok();
        let uri = "https://client.example/jwks".parse().ok();
        let by_key = Some(AuthMethod::PrivateKeyJwt);
        let cases = [
            (by_key, &set, &None, Ok(())),
            (by_key, &None, &uri, Ok(())),
            (None, &set, &None, Ok(())),
            (by_key, &set, &uri, Err(SettingsError::JwksAndUri)),
            (None, &set, &uri, Err(SettingsError::JwksAndUri)),
            (
                by_key,
                &None,
                &None,
                Err(SettingsError::PrivateKeyJwtWithoutKeys),
            ),
        ];
        for (method, jwks, jwks_uri, expected) in cases {
            let settings = ClientSettings {
                token_endpoint_auth_method: method,
                jwks: jwks.clone(),
                jwks_uri: jwks_uri.clone(),
                ..settings()
            };
            assert_eq!(settings.check(), expected, "{settings:?}");
        }
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
