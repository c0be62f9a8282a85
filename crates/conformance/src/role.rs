//! The roles that clients of a target have for the judge.

use std::fmt;

use serde::Deserialize;

/// What a client is there for. A check names the role that it needs and is skipped without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// Confidential, with the client credentials grant; two scopes and two resources show most.
    Primary,
    /// Another such client.
    Secondary,
    /// Asks about tokens that are meant for its `resources`.
    ResourceServer,
    /// Speaks for another resource, and may not see tokens that are meant for the first one.
    OtherResourceServer,
    /// Id and secret hold `:`, `%`, `+` and a space.
    Special,
    /// Registered for `client_secret_post` only.
    PostOnly,
    /// Registered for `client_secret_basic` only.
    BasicOnly,
    /// Registered for `private_key_jwt`, with the client credentials grant.
    PrivateKey,
    /// Confidential, without the client credentials grant.
    NoClientCredentials,
    /// Public: no secret.
    Public,
    /// Gets opaque access tokens.
    Opaque,
    /// Gets access tokens signed with RS256.
    Rs256,
    /// Gets access tokens that live for `lifetime_seconds` only.
    ShortLived,
    /// Gets tokens that the `bearer_endpoint` takes.
    Bearer,
    /// May be locked out: its secret is guessed at.
    Guessed,
    /// Confidential, with the password and refresh token grants for the users; two scopes and two resources show most.
    /// With the client credentials grant as well, it shows that this one gives no refresh token, and whose `sub` is
    /// whose.
    Password,
    /// Another such client.
    OtherPassword,
    /// Public, with the password and refresh token grants.
    PublicPassword,
    /// Confidential, with the password grant and without the refresh token grant.
    NoRefreshToken,
    /// Like `Password`; its refresh tokens end when they lie unused for `idle_seconds`.
    ShortIdle,
    /// Confidential, with the authorization code and refresh token grants; at least two redirect URIs, one of them
    /// with a query; the scopes of OpenID Connect and two others.
    Web,
    /// Another such client.
    Second,
    /// Public, with the code grant: it cannot do without PKCE.
    Spa,
    /// Public, with the redirect URI `http://127.0.0.1/callback`, whose port may differ (RFC 8252 §7.3).
    Native,
    /// Confidential, with the code grant, and free to leave PKCE out.
    OptionalPkce,
    /// Gets ID tokens and access tokens from the authorization endpoint, and no codes.
    Implicit,
    /// Gets codes together with ID tokens and access tokens from the authorization endpoint.
    Hybrid,
    /// With the code grant; its users are not asked for consent.
    FirstParty,
    /// Knows users by a `sub` of its own sector.
    Pairwise,
    /// The same, of another sector.
    PairwiseOtherSector,
    /// Gets ID tokens that are signed with ES256.
    Es256IdToken,
    /// Gets signed answers of the userinfo endpoint.
    SignedUserinfo,
}

impl Role {
    /// The name in the description.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::ResourceServer => "resource_server",
            Self::OtherResourceServer => "other_resource_server",
            Self::Special => "special",
            Self::PostOnly => "post_only",
            Self::BasicOnly => "basic_only",
            Self::PrivateKey => "private_key",
            Self::NoClientCredentials => "no_client_credentials",
            Self::Public => "public",
            Self::Opaque => "opaque",
            Self::Rs256 => "rs256",
            Self::ShortLived => "short_lived",
            Self::Bearer => "bearer",
            Self::Guessed => "guessed",
            Self::Password => "password",
            Self::OtherPassword => "other_password",
            Self::PublicPassword => "public_password",
            Self::NoRefreshToken => "no_refresh_token",
            Self::ShortIdle => "short_idle",
            Self::Web => "web",
            Self::Second => "second",
            Self::Spa => "spa",
            Self::Native => "native",
            Self::OptionalPkce => "optional_pkce",
            Self::Implicit => "implicit",
            Self::Hybrid => "hybrid",
            Self::FirstParty => "first_party",
            Self::Pairwise => "pairwise",
            Self::PairwiseOtherSector => "pairwise_other_sector",
            Self::Es256IdToken => "es256_id_token",
            Self::SignedUserinfo => "signed_userinfo",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
