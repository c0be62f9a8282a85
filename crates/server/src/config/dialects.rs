//! The keys of the dialects. Those of a dialect that is not switched on are checked all the same, and have no effect.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use countersign_core::wazo::AccessPattern;
use countersign_core::{TokenProfile, UnknownName};
use countersign_provider::{ClassicCid, ClassicSettings, WazoSettings};
use serde::{Deserialize, Serialize};

use super::Config;
use super::variables::{list, number, switch};
use crate::http::dialects::classic::Errors;
use crate::http::dialects::moov::ExpiresIn;
use crate::http::dialects::{Dialects, classic, moov};

/// A dialect that can be switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Dialect {
    /// JSON at the token and revocation endpoints.
    Moov,
    /// The endpoints of a known server for Node.js.
    Classic,
    /// A telephony platform's tokens.
    Wazo,
}

impl Dialect {
    const ALL: [Self; 3] = [Self::Moov, Self::Classic, Self::Wazo];

    const fn name(self) -> &'static str {
        match self {
            Self::Moov => "moov",
            Self::Classic => "classic",
            Self::Wazo => "wazo",
        }
    }
}

impl FromStr for Dialect {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        UnknownName::find("dialect", text, &Self::ALL, Self::name)
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The moov dialect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Moov {
    /// What `expires_in` counts: `seconds` from now, or since 1970 (`epoch`).
    pub(crate) expires_in: ExpiresIn,
}

impl Default for Moov {
    fn default() -> Self {
        Self {
            expires_in: ExpiresIn::Seconds,
        }
    }
}

/// Classic tokens, which a client may have whether the dialect is on or not, and the dialect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Classic {
    /// Whether clients that do not say have classic tokens.
    #[serde(deserialize_with = "switch")]
    pub(crate) default: bool,
    /// What of the client goes into `cid`.
    pub(crate) cid: Cid,
    /// Whether access tokens name the issuer.
    #[serde(deserialize_with = "switch")]
    pub(crate) iss: bool,
    /// Seconds for which an access token is good.
    #[serde(deserialize_with = "number")]
    pub(crate) access_token_lifetime: u32,
    /// In whose words the dialect's endpoints refuse.
    pub(crate) errors: Errors,
}

/// What of the client goes into `cid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cid {
    /// Its `client_id`.
    Id,
    /// Its name for people.
    Name,
}

impl Default for Classic {
    fn default() -> Self {
        Self {
            default: false,
            cid: Cid::Id,
            iss: false,
            access_token_lifetime: 3_600,
            errors: Errors::Standard,
        }
    }
}

/// The wazo dialect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wazo {
    /// What every token gives access to.
    #[serde(deserialize_with = "list")]
    pub(crate) default_acl: Vec<AccessPattern>,
    /// Seconds for which a token is good where the request does not say.
    #[serde(deserialize_with = "number")]
    pub(crate) access_token_lifetime: u32,
    /// The most live sessions of one user.
    #[serde(deserialize_with = "number")]
    pub(crate) max_sessions: u32,
}

impl Default for Wazo {
    fn default() -> Self {
        let own = "auth.users.me.#".parse().ok();
        Self {
            default_acl: own.into_iter().collect(),
            access_token_lifetime: 7_200,
            max_sessions: 100,
        }
    }
}

impl Config {
    fn speaks(&self, dialect: Dialect) -> bool {
        self.dialects.contains(&dialect)
    }

    /// What the server mounts.
    pub(crate) fn mounted(&self) -> Arc<Dialects> {
        let moov = moov::Options {
            expires_in: self.moov.expires_in,
        };
        let classic = classic::Options {
            errors: self.classic.errors,
        };
        Arc::new(Dialects {
            moov: self.speaks(Dialect::Moov).then_some(moov),
            classic: self.speaks(Dialect::Classic).then_some(classic),
            wazo: self.speaks(Dialect::Wazo),
        })
    }

    /// Which members tokens have where the client does not say.
    pub(crate) const fn token_profile(&self) -> TokenProfile {
        if self.classic.default {
            TokenProfile::Classic
        } else {
            TokenProfile::Standard
        }
    }

    /// How classic tokens are made.
    pub(crate) const fn classic_settings(&self) -> ClassicSettings {
        ClassicSettings {
            cid: match self.classic.cid {
                Cid::Id => ClassicCid::Id,
                Cid::Name => ClassicCid::Name,
            },
            iss: self.classic.iss,
            access_token_lifetime: self.classic.access_token_lifetime,
        }
    }

    /// What the wazo dialect gives, if it is switched on.
    pub(crate) fn wazo_settings(&self) -> Option<WazoSettings> {
        self.speaks(Dialect::Wazo).then(|| WazoSettings {
            default_acl: self.wazo.default_acl.iter().cloned().collect(),
            access_token_lifetime: self.wazo.access_token_lifetime,
            max_sessions: self.wazo.max_sessions,
        })
    }
}
