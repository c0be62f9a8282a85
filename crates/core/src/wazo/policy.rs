//! Policies: lists of access patterns that users are given by name.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::AccessList;
use crate::text::checked_text;
use crate::{EntityId, Revision, Timestamp};

/// The name of a policy: 1 to 80 characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyName(Box<str>);

checked_text!(PolicyName, PolicyError);

/// The short name of a policy, by which it can be told in a URL: 1 to 80 of `A-Z a-z 0-9 _ -`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicySlug(Box<str>);

checked_text!(PolicySlug, PolicyError);

/// Why a policy cannot be named or described so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// The name.
    #[error("the name of a policy has 1 to {max} characters and no control characters", max = Policy::MAX_NAME_CHARS)]
    Name,
    /// The slug.
    #[error("the slug of a policy has 1 to {max} characters of A-Z a-z 0-9 _ -", max = Policy::MAX_NAME_CHARS)]
    Slug,
    /// The description.
    #[error("the description of a policy has at most {max} bytes and no control characters but line breaks", max = Policy::MAX_DESCRIPTION_LEN)]
    Description,
}

impl FromStr for PolicyName {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=Policy::MAX_NAME_CHARS).contains(&text.chars().count());
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text.into()))
        } else {
            Err(PolicyError::Name)
        }
    }
}

impl FromStr for PolicySlug {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=Policy::MAX_NAME_CHARS).contains(&text.len());
        if fits && text.bytes().all(is_of_slug) {
            Ok(Self(text.into()))
        } else {
            Err(PolicyError::Slug)
        }
    }
}

const fn is_of_slug(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

impl PolicySlug {
    /// The slug that goes with a name where none is given: its letters, digits, `_` and `-`, at most as many as fit. None
    /// if it has none of these.
    #[must_use]
    pub fn of(name: &PolicyName) -> Option<Self> {
        let kept = name.as_str().bytes().filter(|byte| is_of_slug(*byte));
        let slug: String = kept.take(Policy::MAX_NAME_CHARS).map(char::from).collect();
        slug.parse().ok()
    }
}

/// A policy as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The id.
    pub id: EntityId,
    /// The name; no two policies have the same, whatever its letter case.
    pub name: PolicyName,
    /// The short name; no two policies have the same, whatever its letter case.
    pub slug: PolicySlug,
    /// What it is for, in words for people.
    pub description: Option<String>,
    /// What it gives access to.
    pub acl: AccessList,
    /// Which state of the policy this is.
    pub revision: Revision,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Policy {
    /// The most characters of a name or slug.
    pub const MAX_NAME_CHARS: usize = 80;
    /// The most bytes of a description.
    pub const MAX_DESCRIPTION_LEN: usize = 4_096;

    /// Checks a description.
    pub fn check_description(text: &str) -> Result<(), PolicyError> {
        let is_odd = |it: char| it.is_control() && !matches!(it, '\n' | '\r' | '\t');
        if text.len() > Self::MAX_DESCRIPTION_LEN || text.chars().any(is_odd) {
            Err(PolicyError::Description)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_4_4_a_name_has_1_to_80_characters() {
        for (text, expected) in [
            (String::new(), false),
            ("é".repeat(80), true),
            ("x".repeat(81), false),
            ("a\tb".into(), false),
        ] {
            assert_eq!(text.parse::<PolicyName>().is_ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_slug_comes_of_a_name() {
        let of = |name: &str| PolicySlug::of(&name.parse().unwrap()).map(String::from);
        assert_eq!(of("Call center: agents"), Some("Callcenteragents".into()));
        assert_eq!(of("né"), Some("n".into()));
        assert_eq!(of("日本"), None);
        assert_eq!("a b".parse::<PolicySlug>(), Err(PolicyError::Slug));
    }
}
