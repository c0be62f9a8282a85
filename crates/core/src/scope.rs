//! Scopes: RFC 6749 §3.3.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::checked_text;

/// One scope token: a case-sensitive word such as `contacts.read` or `/accounts/{id}/wallets.read`.
///
/// RFC 6749 §3.3: `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`, that is printable ASCII without space, `"` and `\`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScopeToken(Box<str>);

checked_text!(ScopeToken, ScopeError);

/// A set of scope tokens, in the order in which they were first named.
///
/// Two scopes are equal if they hold the same tokens in any order (RFC 6749 §3.3: "their order does not matter").
///
/// ```
/// use countersign_core::Scope;
///
/// let asked: Scope = "write read".parse()?;
/// assert_eq!(asked, "read write read".parse()?);
/// assert_eq!(asked.to_string(), "write read");
/// # Ok::<(), countersign_core::ScopeError>(())
/// ```
#[derive(Clone, Default, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(Vec<ScopeToken>);

/// Why a text is no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// A token is empty: a leading, trailing or doubled space.
    #[error("scope tokens are separated by exactly one space")]
    EmptyToken,
    /// A token has a character that RFC 6749 §3.3 does not allow.
    #[error("a scope token has printable ASCII characters without space, quote and backslash")]
    Character,
    /// A token has more than [`ScopeToken::MAX_LEN`] characters.
    #[error("a scope token has at most {max} characters", max = ScopeToken::MAX_LEN)]
    TokenTooLong,
    /// There are more than [`Scope::MAX_TOKENS`] tokens.
    #[error("a scope has at most {max} tokens", max = Scope::MAX_TOKENS)]
    TooManyTokens,
}

impl ScopeToken {
    /// The most characters that one token may have.
    pub const MAX_LEN: usize = 255;

    /// Whether OpenID Connect gives this token its meaning (Core §5.4 and §11): all of them speak of a user.
    #[must_use]
    pub fn is_openid_connect(&self) -> bool {
        matches!(
            self.as_str(),
            "openid" | "profile" | "email" | "address" | "phone" | "offline_access"
        )
    }
}

impl FromStr for ScopeToken {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(ScopeError::EmptyToken);
        }
        if text.len() > Self::MAX_LEN {
            return Err(ScopeError::TokenTooLong);
        }
        // RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ).
        if !text
            .bytes()
            .all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
        {
            return Err(ScopeError::Character);
        }
        Ok(Self(text.into()))
    }
}

impl Scope {
    /// The most tokens that one scope may have.
    pub const MAX_TOKENS: usize = 256;

    /// The scope without any token.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// Whether there is no token.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tokens, in the order in which they were first named.
    pub fn iter(&self) -> std::slice::Iter<'_, ScopeToken> {
        self.0.iter()
    }

    /// Whether `token` is in this scope.
    #[must_use]
    pub fn contains(&self, token: &ScopeToken) -> bool {
        self.0.contains(token)
    }

    /// Whether every token of `other` is in this scope.
    #[must_use]
    pub fn contains_all(&self, other: &Self) -> bool {
        other.iter().all(|token| self.contains(token))
    }

    /// The same scope with its tokens in the order of their bytes, for whoever compares texts.
    #[must_use]
    pub fn sorted(&self) -> Self {
        let mut tokens = self.0.clone();
        tokens.sort();
        Self(tokens)
    }

    /// The tokens that OpenID Connect does not define: what a client can hold without a user.
    #[must_use]
    pub fn without_openid_connect(&self) -> Self {
        self.iter()
            .filter(|token| !token.is_openid_connect())
            .cloned()
            .collect()
    }
}

impl FromIterator<ScopeToken> for Scope {
    /// Collects tokens; a repeated one counts once.
    fn from_iter<I: IntoIterator<Item = ScopeToken>>(tokens: I) -> Self {
        let mut scope = Self::empty();
        for token in tokens {
            if !scope.contains(&token) {
                scope.0.push(token);
            }
        }
        scope
    }
}

impl<'scope> IntoIterator for &'scope Scope {
    type Item = &'scope ScopeToken;
    type IntoIter = std::slice::Iter<'scope, ScopeToken>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    /// RFC 6749 §3.3: `scope = scope-token *( SP scope-token )`; the empty text is the empty scope.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Ok(Self::empty());
        }
        if text.split(' ').count() > Self::MAX_TOKENS {
            return Err(ScopeError::TooManyTokens);
        }
        text.split(' ').map(str::parse).collect()
    }
}

impl TryFrom<String> for Scope {
    type Error = ScopeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        // Tokens are distinct within a scope, so equal sizes and one inclusion make equal sets.
        self.0.len() == other.0.len() && self.contains_all(other)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, token) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(token.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn characters_of_rfc_6749_section_3_3() {
        let cases = [
            ("", Ok(0)),
            ("a", Ok(1)),
            ("/accounts/{id}/wallets.read a.b", Ok(2)),
            ("https://api.example.com/read", Ok(1)),
            ("a a", Ok(1)),
            ("A a", Ok(2)),
            (" a", Err(ScopeError::EmptyToken)),
            ("a ", Err(ScopeError::EmptyToken)),
            ("a  b", Err(ScopeError::EmptyToken)),
            ("a\tb", Err(ScopeError::Character)),
            ("\"a\"", Err(ScopeError::Character)),
            ("a\\b", Err(ScopeError::Character)),
            ("caf\u{e9}", Err(ScopeError::Character)),
        ];
        for (text, expected) in cases {
            assert_eq!(
                text.parse::<Scope>().map(|scope| scope.iter().count()),
                expected,
                "{text:?}"
            );
        }
    }

    #[test]
    fn sizes_are_bounded() {
        let tokens = |count: usize| {
            (0..count)
                .map(|n| n.to_string())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert!(tokens(Scope::MAX_TOKENS).parse::<Scope>().is_ok());
        assert_eq!(
            tokens(Scope::MAX_TOKENS + 1).parse::<Scope>(),
            Err(ScopeError::TooManyTokens)
        );
        assert_eq!(
            "x".repeat(256).parse::<Scope>(),
            Err(ScopeError::TokenTooLong)
        );
    }

    #[test]
    fn openid_connect_scopes_need_a_user() {
        let scope: Scope = "openid read offline_access OPENID".parse().unwrap();
        assert_eq!(
            scope.without_openid_connect(),
            "read OPENID".parse().unwrap()
        );
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused(text in ".{0,300}") {
            if let Ok(scope) = text.parse::<Scope>() {
                prop_assert_eq!(scope.to_string().parse::<Scope>(), Ok(scope));
            }
        }

        #[test]
        fn order_does_not_matter(tokens in proptest::collection::vec("[a-e]{1,2}", 0..8)) {
            let mut reversed = tokens.clone();
            reversed.reverse();
            prop_assert_eq!(tokens.join(" ").parse::<Scope>(), reversed.join(" ").parse::<Scope>());
        }
    }
}
