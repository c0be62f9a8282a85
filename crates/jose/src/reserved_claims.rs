//! Claims that mean something to those who check tokens: only the issuer may say them, never what it knows of a user.

use serde_json::{Map, Value};
use thiserror::Error;

/// The claims by which verifiers decide who issued a token, to whom, for what, for how long and on whose behalf.
///
/// What is not here, such as `roles`, `groups`, `entitlements` (RFC 9068 §2.2.3.1) or `email`, says something about the
/// user and is free.
const RESERVED: [&str; 33] = [
    // RFC 7519 §4.1, RFC 9068 §2.2.
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "client_id",
    "scope",
    // Other names of `scope` and `client_id` that many APIs read; the latter is that of classic tokens.
    "scp",
    "cid",
    // OpenID Connect Core §2, Front-Channel Logout §3, RFC 9068 §2.2.1.
    "azp",
    "nonce",
    "auth_time",
    "acr",
    "amr",
    "sid",
    "at_hash",
    "c_hash",
    "s_hash",
    // OpenID Connect Core §5.6.2: who else is to be believed.
    "_claim_names",
    "_claim_sources",
    // RFC 7800 (whose key), RFC 8693 (on whose behalf), RFC 9396 (what it allows), RFC 9493 (who).
    "cnf",
    "act",
    "may_act",
    "authorization_details",
    "sub_id",
    // What kind of token it is: RFC 8417, RFC 9701, RFC 7662 §2.2, and verifiers that do not look at the header.
    "events",
    "token_introspection",
    "active",
    "token_type",
    "token_use",
    "typ",
];

/// A claim stands among the further ones that only the issuer may say; its reserved name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0:?} cannot be a further claim: it has a meaning to those who check tokens")]
pub struct ReservedClaim(pub &'static str);

/// Whether `name` means something to those who check tokens, so that it can be no further claim of an access token or an ID token.
///
/// Letter case does not tell names apart here, since there are JSON parsers (Go's) that ignore it: they would take
/// `SUB` for `sub`.
///
/// ```
/// use countersign_jose::access_token::is_reserved_claim;
///
/// assert!(is_reserved_claim("cnf") && is_reserved_claim("Scope"));
/// assert!(!is_reserved_claim("roles") && !is_reserved_claim("email"));
/// ```
#[must_use]
pub fn is_reserved_claim(name: &str) -> bool {
    reserved(name).is_some()
}

/// Refuses `further` if one of its names is reserved.
pub(crate) fn require_none(further: &Map<String, Value>) -> Result<(), ReservedClaim> {
    match further.keys().find_map(|name| reserved(name)) {
        Some(name) => Err(ReservedClaim(name)),
        None => Ok(()),
    }
}

fn reserved(name: &str) -> Option<&'static str> {
    let same = |reserved: &&str| name.chars().map(folded).eq(reserved.chars());
    RESERVED.into_iter().find(same)
}

/// Case folding as such parsers do it: two letters outside ASCII fold into it.
fn folded(letter: char) -> char {
    match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    }
}
