//! What a check is: one duty of a standard, written once.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use serde::Serialize;

use crate::finding::Verdict;
use crate::judge::Judge;

/// How strongly the standard demands it (RFC 2119).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Level {
    /// A target that breaks it fails.
    Must,
    /// A target that breaks it is warned.
    Should,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
        })
    }
}

/// A set of checks that belong to one ability of a server, for `run --profile`.
///
/// A new profile is one variant and one line in [`Profile::ALL`]; the engine knows none of them by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Profile {
    /// The token endpoint with the client credentials grant (RFC 6749 §4.4).
    ClientCredentials,
    /// The password grant (RFC 6749 §4.3).
    Password,
    /// Refresh tokens (RFC 6749 §6).
    RefreshToken,
    /// Use of access tokens at a protected resource (RFC 6750).
    Bearer,
    /// Token revocation (RFC 7009).
    Revocation,
    /// Token introspection (RFC 7662).
    Introspection,
    /// Authorization server metadata (RFC 8414), and that it tells the truth.
    Metadata,
    /// Resource indicators (RFC 8707).
    ResourceIndicators,
    /// JWT access tokens (RFC 9068).
    JwtAccessToken,
    /// The best current practice for security (RFC 9700).
    BestPractice,
}

impl Profile {
    /// Every profile, in the order of `list`.
    pub const ALL: [Self; 10] = [
        Self::ClientCredentials,
        Self::Password,
        Self::RefreshToken,
        Self::Bearer,
        Self::Revocation,
        Self::Introspection,
        Self::Metadata,
        Self::ResourceIndicators,
        Self::JwtAccessToken,
        Self::BestPractice,
    ];

    /// The name on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client-credentials",
            Self::Password => "password",
            Self::RefreshToken => "refresh-token",
            Self::Bearer => "bearer",
            Self::Revocation => "revocation",
            Self::Introspection => "introspection",
            Self::Metadata => "metadata",
            Self::ResourceIndicators => "resource-indicators",
            Self::JwtAccessToken => "jwt-access-token",
            Self::BestPractice => "best-practice",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A check at work.
pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>;

/// One duty that can be seen over HTTP.
#[derive(Debug)]
pub struct Check {
    pub(crate) id: &'static str,
    pub(crate) section: &'static str,
    pub(crate) level: Level,
    pub(crate) profiles: &'static [Profile],
    pub(crate) requirement: &'static str,
    pub(crate) run: for<'a> fn(&'a Judge) -> Running<'a>,
}

impl Check {
    /// Names the duty for good, for example `RFC7009-06`.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// What the duty comes from: the part of the id before the first dash, for example `RFC7009`.
    ///
    /// `META` checks hold a target to its own metadata; `PLUS` checks are demands of this suite.
    #[must_use]
    pub fn spec(&self) -> &'static str {
        self.id.split_once('-').map_or(self.id, |(spec, _)| spec)
    }

    /// The section of [`spec`](Self::spec), or of the standard that it names itself.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        self.section
    }

    /// How strongly it is demanded.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The profiles that it is part of.
    #[must_use]
    pub const fn profiles(&self) -> &'static [Profile] {
        self.profiles
    }

    /// What is demanded, in one sentence of our own.
    #[must_use]
    pub const fn requirement(&self) -> &'static str {
        self.requirement
    }

    /// Where to read the standard's own words, for checks that come from an RFC.
    #[must_use]
    pub fn reference(&self) -> Option<String> {
        let number = self.spec().strip_prefix("RFC")?;
        Some(format!(
            "https://www.rfc-editor.org/rfc/rfc{number}#section-{}",
            self.section
        ))
    }
}

/// Writes the checks of one file as a table: id, section, level, profiles, requirement, function.
macro_rules! checks {
    ($($id:literal $section:literal $level:ident [$($profile:ident),+] $requirement:literal => $run:path;)+) => {
        pub(in crate::checks) const CHECKS: &[$crate::check::Check] = &[$(
            $crate::check::Check {
                id: $id,
                section: $section,
                level: $crate::check::Level::$level,
                profiles: &[$($crate::check::Profile::$profile),+],
                requirement: $requirement,
                run: |judge| Box::pin($run(judge)),
            },
        )+];
    };
}

pub(crate) use checks;
