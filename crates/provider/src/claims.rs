//! Which claims about a user a client gets: OpenID Connect Core §5.

use std::collections::BTreeSet;

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

/// The scopes that release the claim `name`, as far as the client may ask for them.
fn scopes_for(registry: &Registry, client: &Client, name: &str) -> Option<ScopeToken> {
    let may = |token: &&ScopeToken| {
        let alone: Scope = [(*token).clone()].into_iter().collect();
        released_by(registry, &alone).contains(name)
    };
    client.settings.scope.iter().find(may).cloned()
}

/// The claims that are asked for one by one, as far as the client may have them, and the scopes to which the user must
/// agree for that (§5.5). A claim that cannot be had is no error, be it essential or not (§5.5.1).
pub(crate) fn narrow_claims(
    registry: &Registry,
    client: &Client,
    asked: &ClaimsParameter,
) -> (RequestedClaims, Scope) {
    let mut scopes = Vec::new();
    let mut narrow = |names: &mut dyn Iterator<Item = &String>| -> BTreeSet<String> {
        names
            .filter(|name| {
                let scope = scopes_for(registry, client, name);
                let may = scope.is_some();
                scopes.extend(scope);
                may
            })
            .cloned()
            .collect()
    };
    let claims = RequestedClaims {
        userinfo: narrow(&mut asked.userinfo.keys()),
        id_token: narrow(&mut asked.id_token.keys()),
    };
    (claims, scopes.into_iter().collect())
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
    let fits = match name {
        "address" => value.is_object(),
        "updated_at" => value.is_number(),
        "email_verified" | "phone_number_verified" => value.is_boolean(),
        name if standard_claims().any(|standard| standard == name) => {
            value.as_str().is_some_and(|text| !text.is_empty())
        }
        _ => !value.is_null(),
    };
    fits.then_some(value)
}
