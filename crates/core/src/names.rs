//! The names out of closed lists in which clients are described, under the values of RFC 7591 §2.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::named_enum;

/// A name that is not in its list; the message gives the list.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown {kind} '{given}'; known are: {known}")]
pub struct UnknownName {
    kind: &'static str,
    given: String,
    known: String,
}

impl UnknownName {
    /// The one of `all` whose `name` is `given`, or the error that tells what `all` are.
    pub fn find<T: Copy>(
        kind: &'static str,
        given: &str,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Result<T, Self> {
        all.iter()
            .copied()
            .find(|one| name(*one) == given)
            .ok_or_else(|| Self {
                kind,
                given: given.to_owned(),
                known: all
                    .iter()
                    .map(|one| name(*one))
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }
}

/// A grant type that a client may use (RFC 7591 §2, `grant_types`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 §4.4: the client acts for itself.
    ClientCredentials,
    /// RFC 6749 §4.1: a user sends the client back with a code.
    AuthorizationCode,
    /// RFC 6749 §6: a new access token for an old grant.
    RefreshToken,
    /// RFC 6749 §4.3: the client holds the user's password for a moment.
    Password,
    /// RFC 6749 §4.2, OpenID Connect Core §3.2 and §3.3: the authorization endpoint itself gives tokens.
    Implicit,
}

impl GrantType {
    /// Every grant type.
    pub const ALL: [Self; 5] = [
        Self::ClientCredentials,
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::Password,
        Self::Implicit,
    ];

    /// The value of `grant_type` on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::Password => "password",
            Self::Implicit => "implicit",
        }
    }
}

named_enum!(GrantType, "grant type");

/// How a client proves who it is (RFC 7591 §2, `token_endpoint_auth_method`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// HTTP Basic with the client's id and secret (RFC 6749 §2.3.1).
    ClientSecretBasic,
    /// `client_id` and `client_secret` in the body (RFC 6749 §2.3.1).
    ClientSecretPost,
    /// A JWT signed with the client's secret (RFC 7523 §2.2, OpenID Connect Core §9).
    ClientSecretJwt,
    /// A JWT signed with a private key, of which this service knows the public half only (RFC 7523 §2.2, OpenID Connect
    /// Core §9).
    PrivateKeyJwt,
    /// Not at all: a public client (RFC 6749 §2.1).
    None,
}

impl AuthMethod {
    /// Every method.
    pub const ALL: [Self; 5] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::ClientSecretJwt,
        Self::PrivateKeyJwt,
        Self::None,
    ];

    /// The name in the registry of RFC 7591 §4.2.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::None => "none",
        }
    }

    /// Whether the client proves that it knows its secret.
    #[must_use]
    pub const fn uses_secret(self) -> bool {
        matches!(
            self,
            Self::ClientSecretBasic | Self::ClientSecretPost | Self::ClientSecretJwt
        )
    }
}

named_enum!(AuthMethod, "authentication method");

/// Which tokens a client may ask about at the introspection endpoint (RULES I1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntrospectionReach {
    /// Only tokens that were issued to it.
    Own,
    /// Its own, and those whose audience holds one of its resources.
    #[default]
    Audience,
    /// All tokens of this issuer.
    Any,
}

impl IntrospectionReach {
    /// Every reach, from the narrowest to the widest.
    pub const ALL: [Self; 3] = [Self::Own, Self::Audience, Self::Any];

    /// The name on the command line and in configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Audience => "audience",
            Self::Any => "any",
        }
    }
}

named_enum!(IntrospectionReach, "introspection reach");

/// What an access token looks like to those who carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenFormat {
    /// A signed JWT that resource servers can check themselves (RFC 9068).
    Jwt,
    /// Sealed claims that only this service can read (RULES T3).
    Opaque,
}

impl AccessTokenFormat {
    /// Every format, the default first.
    pub const ALL: [Self; 2] = [Self::Jwt, Self::Opaque];

    /// The name on the command line and in configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Opaque => "opaque",
        }
    }
}

named_enum!(AccessTokenFormat, "access token format");

/// Which members the tokens of a client have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenProfile {
    /// Access tokens of RFC 9068 or opaque ones, and refresh tokens that say nothing.
    #[default]
    Standard,
    /// Access and refresh tokens as JWTs signed with HS256, as a known server for Node.js has them (RULES D1).
    Classic,
}

impl TokenProfile {
    /// Every profile.
    pub const ALL: [Self; 2] = [Self::Standard, Self::Classic];

    /// The name in configuration and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Classic => "classic",
        }
    }
}

named_enum!(TokenProfile, "token profile");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_are_answered_with_the_known_ones() {
        let error = "magic".parse::<GrantType>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown grant type 'magic'; known are: client_credentials, authorization_code, refresh_token, password, implicit"
        );
    }
}
