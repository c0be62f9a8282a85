//! What the authorization endpoint has bound to a grant (RULES C1).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{CodeChallenge, EntityId, RedirectUri, Timestamp};

/// What is known of a grant that came through the authorization endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// The session in which the user agreed.
    pub session: EntityId,
    /// Whether the grant ends with that session: it does without `offline_access` (RULES R11).
    pub ends_with_session: bool,
    /// What was asked for and how the user was authenticated.
    pub facts: AuthorizationFacts,
    /// The code; none if the response had none.
    pub code: Option<IssuedCode>,
}

/// What a code, and every ID token of the grant, is bound to (RULES C1).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationFacts {
    /// When the user proved who it is.
    pub auth_time: Timestamp,
    /// The authentication context class that was asked for and met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// How the user proved it, by the names of RFC 8176.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// What the client gave to find again in its ID token (OpenID Connect Core §3.1.2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The claims that were asked for one by one.
    #[serde(default, skip_serializing_if = "RequestedClaims::is_empty")]
    pub claims: RequestedClaims,
    /// The redirect URI of the request; none if it named none (RFC 6749 §4.1.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<RedirectUri>,
    /// The code challenge of the request (RFC 7636 §4.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<CodeChallenge>,
}

impl std::fmt::Debug for AuthorizationFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthorizationFacts")
            .field("auth_time", &self.auth_time)
            .field("acr", &self.acr)
            .field("amr", &self.amr)
            .field("claims", &self.claims)
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}

/// The names of claims that were asked for one by one (OpenID Connect Core §5.5), as far as the client may have them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedClaims {
    /// For the userinfo endpoint.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub userinfo: BTreeSet<String>,
    /// For the ID token.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub id_token: BTreeSet<String>,
}

impl RequestedClaims {
    /// Whether none was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.userinfo.is_empty() && self.id_token.is_empty()
    }
}

/// The authorization code of a grant, its first credential.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedCode {
    /// What was drawn for it; a leaked key alone forges no code.
    pub nonce: [u8; 16],
    /// Until when it may be redeemed.
    pub expires_at: Timestamp,
    /// When it was redeemed.
    pub redeemed_at: Option<Timestamp>,
}

impl std::fmt::Debug for IssuedCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedCode")
            .field("expires_at", &self.expires_at)
            .field("redeemed_at", &self.redeemed_at)
            .finish_non_exhaustive()
    }
}

impl IssuedCode {
    /// Seconds after the redemption in which a second one is a sign of theft and ends the grant (RULES C2).
    pub const REPLAY_WINDOW: i64 = 600;
}
