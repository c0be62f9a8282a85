//! The names out of closed lists with which a client describes what it wants of OpenID Connect: OpenID Connect Dynamic
//! Client Registration §2.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::named_enum;
use crate::{SigningAlgorithm, UnknownName};

/// What the authorization endpoint gives (RFC 6749 §3.1.1, OAuth 2.0 Multiple Response Types §3 and §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ResponseType {
    /// `code`: everything else comes from the token endpoint.
    Code,
    /// `id_token`.
    IdToken,
    /// `id_token token`.
    IdTokenToken,
    /// `code id_token`.
    CodeIdToken,
    /// `code token`.
    CodeToken,
    /// `code id_token token`.
    CodeIdTokenToken,
    /// `token`.
    Token,
}

impl ResponseType {
    /// Every response type, the default first.
    pub const ALL: [Self; 7] = [
        Self::Code,
        Self::IdToken,
        Self::IdTokenToken,
        Self::CodeIdToken,
        Self::CodeToken,
        Self::CodeIdTokenToken,
        Self::Token,
    ];

    /// The value of `response_type` as it is registered.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::IdToken => "id_token",
            Self::IdTokenToken => "id_token token",
            Self::CodeIdToken => "code id_token",
            Self::CodeToken => "code token",
            Self::CodeIdTokenToken => "code id_token token",
            Self::Token => "token",
        }
    }

    /// Whether the response has a code.
    #[must_use]
    pub const fn has_code(self) -> bool {
        matches!(
            self,
            Self::Code | Self::CodeIdToken | Self::CodeToken | Self::CodeIdTokenToken
        )
    }

    /// Whether the response has an ID token.
    #[must_use]
    pub const fn has_id_token(self) -> bool {
        matches!(
            self,
            Self::IdToken | Self::IdTokenToken | Self::CodeIdToken | Self::CodeIdTokenToken
        )
    }

    /// Whether the response has an access token.
    #[must_use]
    pub const fn has_token(self) -> bool {
        matches!(
            self,
            Self::Token | Self::IdTokenToken | Self::CodeToken | Self::CodeIdTokenToken
        )
    }
}

impl fmt::Display for ResponseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ResponseType {
    type Err = UnknownName;

    /// RFC 6749 §3.1.1: "the order of values does not matter".
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts: Vec<&str> = text.split(' ').collect();
        parts.sort_unstable();
        // The registered spellings are in the order of the alphabet.
        UnknownName::find("response type", &parts.join(" "), &Self::ALL, Self::name)
    }
}

impl TryFrom<String> for ResponseType {
    type Error = UnknownName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ResponseType> for String {
    fn from(response_type: ResponseType) -> Self {
        response_type.name().to_owned()
    }
}

/// What kind of program a client is (`application_type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    /// It runs on a web server or in a browser.
    #[default]
    Web,
    /// It is installed on the user's machine, and may be called by a scheme of its own (RFC 8252 §7.1).
    Native,
}

impl ApplicationType {
    /// Every application type, the default first.
    pub const ALL: [Self; 2] = [Self::Web, Self::Native];

    /// The value of `application_type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Native => "native",
        }
    }
}

named_enum!(ApplicationType, "application type");

/// How a client gets to know its users (`subject_type`, OpenID Connect Core §8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    /// By the same `sub` as every other client.
    #[default]
    Public,
    /// By a `sub` that only clients of its sector get, so that nobody can compare.
    Pairwise,
}

impl SubjectType {
    /// Every subject type, the default first.
    pub const ALL: [Self; 2] = [Self::Public, Self::Pairwise];

    /// The value of `subject_type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Pairwise => "pairwise",
        }
    }
}

named_enum!(SubjectType, "subject type");

/// How ID tokens are signed (`id_token_signed_response_alg`): RS256 by default; `none` never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum IdTokenAlgorithm {
    /// By a key of this service, whose public half is in the JWKS.
    Signed(SigningAlgorithm),
    /// HS256, under the secret of the client (OpenID Connect Core §10.1), which is kept sealed for this (RULES S2).
    Hs256,
}

impl Default for IdTokenAlgorithm {
    /// OpenID Connect Core §15.1: "OPs MUST support signing ID Tokens with the RSA SHA-256 algorithm".
    fn default() -> Self {
        Self::Signed(SigningAlgorithm::Rs256)
    }
}

impl IdTokenAlgorithm {
    /// Every algorithm, the default first.
    pub const ALL: [Self; 6] = [
        Self::Signed(SigningAlgorithm::Rs256),
        Self::Signed(SigningAlgorithm::Es256),
        Self::Signed(SigningAlgorithm::Ps256),
        Self::Signed(SigningAlgorithm::EdDsa),
        Self::Signed(SigningAlgorithm::Es384),
        Self::Hs256,
    ];

    /// The name in the JOSE registry.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signed(algorithm) => algorithm.name(),
            Self::Hs256 => "HS256",
        }
    }
}

named_enum!(IdTokenAlgorithm, "ID token algorithm");

impl TryFrom<String> for IdTokenAlgorithm {
    type Error = UnknownName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<IdTokenAlgorithm> for String {
    fn from(algorithm: IdTokenAlgorithm) -> Self {
        algorithm.name().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_within_a_response_type_does_not_matter() {
        for (text, expected) in [
            ("code", Some(ResponseType::Code)),
            ("id_token token", Some(ResponseType::IdTokenToken)),
            ("token id_token", Some(ResponseType::IdTokenToken)),
            ("token code id_token", Some(ResponseType::CodeIdTokenToken)),
            ("code code", None),
            ("code  token", None),
            ("none", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), expected, "{text}");
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for response_type in ResponseType::ALL {
            assert_eq!(response_type.name().parse(), Ok(response_type));
        }
        for algorithm in IdTokenAlgorithm::ALL {
            assert_eq!(algorithm.name().parse(), Ok(algorithm));
        }
        assert!("none".parse::<IdTokenAlgorithm>().is_err());
    }
}
