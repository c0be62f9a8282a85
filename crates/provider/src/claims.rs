//! Which claims about a user a client gets: OpenID Connect Core §5.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::{Client, RequestedClaims, Scope, ScopeToken, User};
use countersign_protocol::ClaimsParameter;
use countersign_storage::Registry;
use serde_json::{Map, Value};

/// The claims of the scopes of §5.4.
const STANDARD: [(&str, &[&str]); 4] = [
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
];

/// Every claim of §5.1 that can be released, for the metadata.
pub(crate) fn standard_claims() -> impl Iterator<Item = &'static str> {
    STANDARD
        .into_iter()
        .flat_map(|(_, claims)| claims.iter().copied())
}

/// The scopes of §5.4 and §11, and `openid` itself, for the metadata.
pub(crate) const OPENID_SCOPES: [&str; 6] = [
    "openid",
    "profile",
    "email",
    "address",
    "phone",
    "offline_access",
];

/// Whether `scope` holds the token `name`.
pub(crate) fn has(scope: &Scope, name: &str) -> bool {
    scope.iter().any(|token| token.as_str() == name)
}

/// The names of the claims that `scope` releases to whoever asks about the user.
fn released_by<'all>(registry: &'all Registry, scope: &'all Scope) -> BTreeSet<&'all str> {
    let standard = STANDARD.into_iter().filter(|(name, _)| has(scope, name));
    standard
        .flat_map(|(_, claims)| claims.iter().copied())
        .chain(crate::registry::released_by(registry, scope))
        .collect()
}

/// Each claim that the client may ask for one by one, with the first of its scopes that releases it (§5.5).
struct Askable(BTreeMap<String, ScopeToken>);

impl Askable {
    fn of(registry: &Registry, client: &Client) -> Self {
        let mut askable = BTreeMap::new();
        for token in &client.settings.scope {
            let alone: Scope = [token.clone()].into_iter().collect();
            for name in released_by(registry, &alone) {
                askable
                    .entry(name.to_owned())
                    .or_insert_with(|| token.clone());
            }
        }
        Self(askable)
    }
}

/// The claims that are asked for one by one, as far as the client may have them, and the scopes to which the user must
/// agree for that beside `scope` (§5.5). A claim that cannot be had is no error, be it essential or not (§5.5.1).
pub(crate) fn narrow_claims(
    registry: &Registry,
    client: &Client,
    scope: &Scope,
    asked: &ClaimsParameter,
) -> (RequestedClaims, Scope) {
    if asked.userinfo.is_empty() && asked.id_token.is_empty() {
        return (RequestedClaims::default(), Scope::empty());
    }
    let askable = Askable::of(registry, client).0;
    let may = |name: &&String| askable.contains_key(*name);
    let claims = RequestedClaims {
        userinfo: asked.userinfo.keys().filter(may).cloned().collect(),
        id_token: asked.id_token.keys().filter(may).cloned().collect(),
    };
    let released = released_by(registry, scope);
    let names = claims.userinfo.iter().chain(&claims.id_token);
    let scopes = names
        .filter(|name| !released.contains(name.as_str()))
        .filter_map(|name| askable.get(name).cloned())
        .collect();
    (claims, scopes)
}

/// Of the claims that were granted one by one, those that the client may still have (RULES R8).
pub(crate) fn renew_claims(
    registry: &Registry,
    client: &Client,
    granted: &BTreeSet<String>,
) -> BTreeSet<String> {
    if granted.is_empty() {
        return BTreeSet::new();
    }
    let askable = Askable::of(registry, client).0;
    let may = |name: &&String| askable.contains_key(*name);
    granted.iter().filter(may).cloned().collect()
}

/// What is said about `user`: what `scope` releases, and the claims in `names` (§5.3.2: what there is nothing to say about
/// is left out).
pub(crate) fn claims_about(
    registry: &Registry,
    user: &User,
    scope: &Scope,
    names: &BTreeSet<String>,
) -> Map<String, Value> {
    let mut all = released_by(registry, scope);
    all.extend(names.iter().map(String::as_str));
    all.into_iter()
        .filter_map(|name| Some((name.to_owned(), claim(user, name)?)))
        .collect()
}

/// The value of a claim, if there is one and it is of the type that §5.1 gives.
fn claim(user: &User, name: &str) -> Option<Value> {
    let value = match (name, user.profile.claim(name)) {
        ("preferred_username", None) => Some(user.username.to_string().into()),
        (_, value) => value,
    }?;
    (expected_type(name, &value).is_none() && !value.is_null()).then_some(value)
}

/// What a claim of this name has to be instead (§5.1); none if the value will do.
pub(crate) fn expected_type(name: &str, value: &Value) -> Option<&'static str> {
    let (fits, expected) = match name {
        "address" => (value.is_object(), "a JSON object"),
        "updated_at" => (value.is_number(), "a number, seconds since 1970"),
        "email_verified" | "phone_number_verified" => (value.is_boolean(), "true or false"),
        name if standard_claims().any(|standard| standard == name) => (
            value.as_str().is_some_and(|text| !text.is_empty()),
            "a text that is not empty",
        ),
        _ => (true, ""),
    };
    (!fits).then_some(expected)
}
