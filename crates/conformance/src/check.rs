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
    /// OAuth 2.0 (RFC 6749) with `iss` in its answers (RFC 9207): the authorization endpoint, the token endpoint and
    /// the grants that the target offers.
    Oauth2,
    /// Proof Key for Code Exchange (RFC 7636).
    Pkce,
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
    /// The best current practice for security (RFC 9700). It is meant for a target without what the practice
    /// deprecates: no implicit flow, no password grant.
    Bcp,
    /// OpenID Connect Core with the code flow.
    OidcBasic,
    /// OpenID Connect Discovery.
    OidcConfig,
    /// `response_mode=form_post` (OAuth 2.0 Form Post Response Mode).
    OidcFormPost,
    /// OpenID Connect Core §3.2: the implicit flow.
    OidcImplicit,
    /// OpenID Connect Core §3.3: the hybrid flow.
    OidcHybrid,
    /// OpenID Connect RP-Initiated Logout.
    OidcRpLogout,
}

impl Profile {
    /// Every profile, in the order of `list`.
    pub const ALL: [Self; 18] = [
        Self::Oauth2,
        Self::Pkce,
        Self::ClientCredentials,
        Self::Password,
        Self::RefreshToken,
        Self::Bearer,
        Self::Revocation,
        Self::Introspection,
        Self::Metadata,
        Self::ResourceIndicators,
        Self::JwtAccessToken,
        Self::Bcp,
        Self::OidcBasic,
        Self::OidcConfig,
        Self::OidcFormPost,
        Self::OidcImplicit,
        Self::OidcHybrid,
        Self::OidcRpLogout,
    ];

    /// The name on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Oauth2 => "oauth2",
            Self::Pkce => "pkce",
            Self::ClientCredentials => "client-credentials",
            Self::Password => "password",
            Self::RefreshToken => "refresh-token",
            Self::Bearer => "bearer",
            Self::Revocation => "revocation",
            Self::Introspection => "introspection",
            Self::Metadata => "metadata",
            Self::ResourceIndicators => "resource-indicators",
            Self::JwtAccessToken => "jwt-access-token",
            Self::Bcp => "bcp",
            Self::OidcBasic => "oidc-basic",
            Self::OidcConfig => "oidc-config",
            Self::OidcFormPost => "oidc-form-post",
            Self::OidcImplicit => "oidc-implicit",
            Self::OidcHybrid => "oidc-hybrid",
            Self::OidcRpLogout => "oidc-rp-logout",
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

    /// What the duty comes from: the part of the id before the last dash, for example `RFC7009` or `OIDC-Core`.
    ///
    /// `META` checks hold a target to its own metadata; `PLUS` checks are demands of this suite.
    #[must_use]
    pub fn spec(&self) -> &'static str {
        self.id.rsplit_once('-').map_or(self.id, |(spec, _)| spec)
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

    /// Where to read the standard's own words, for checks that come from an RFC or from OpenID Connect.
    #[must_use]
    pub fn reference(&self) -> Option<String> {
        let section = self.section;
        if let Some(number) = self.spec().strip_prefix("RFC") {
            let page = format!("https://www.rfc-editor.org/rfc/rfc{number}");
            return Some(format!("{page}#section-{section}"));
        }
        let document = match self.spec() {
            "OIDC-Core" => "openid-connect-core-1_0",
            "OIDC-Discovery" => "openid-connect-discovery-1_0",
            "OIDC-RPLogout" => "openid-connect-rpinitiated-1_0",
            "OIDC-FormPost" => "oauth-v2-form-post-response-mode-1_0",
            _ => return None,
        };
        let page = format!("https://openid.net/specs/{document}.html");
        Some(format!("{page}#rfc.section.{section}"))
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
