//! Which scope a client gets: RFC 6749 §3.3.

use countersign_core::{ClientSettings, Scope, ScopeToken};
use countersign_protocol::{ErrorCode, ErrorResponse};
use countersign_storage::Registry;

use super::GrantedAudience;

/// A scope that was found to be the client's to have. Only this module can make one.
#[derive(Debug)]
pub(crate) struct GrantedScope(Scope);

impl GrantedScope {
    /// The scope.
    pub(crate) const fn get(&self) -> &Scope {
        &self.0
    }

    /// The scope without the tokens that `left_out` names.
    pub(crate) fn without(self, left_out: impl Fn(&ScopeToken) -> bool) -> Self {
        Self(
            self.0
                .iter()
                .filter(|token| !left_out(token))
                .cloned()
                .collect(),
        )
    }

    /// What of the scope belongs into a token for `audience`: RFC 8707 §2.2, "the authorization server SHOULD ...
    /// restrict the scope of the token to what the resource knows". A scope that no defined resource claims is everybody's.
    pub(crate) fn known_to(self, audience: &GrantedAudience, registry: &Registry) -> Self {
        let known = |token: &_| {
            let mut claimed = registry
                .resources
                .iter()
                .filter(|resource| resource.scope.contains(token))
                .peekable();
            let is_meant = |uri: &str| audience.get().iter().any(|one| one == uri);
            claimed.peek().is_none() || claimed.any(|resource| is_meant(resource.resource.as_str()))
        };
        Self(
            self.0
                .iter()
                .filter(|token| known(token))
                .cloned()
                .collect(),
        )
    }
}

/// The scope of a token that a client gets for itself: what it asked for, if it may have all of that; what is set as
/// its default, if it asked for nothing.
///
/// OpenID Connect's scopes speak of a user. A client may name them, since many send one fixed list with every grant,
/// but a token without a user does not get them, and the response says so (RFC 6749 §3.3: "If the issued access token
/// scope is different from the one requested by the client, the authorization server MUST include the scope").
pub(super) fn narrow_scope(
    client: &ClientSettings,
    asked: Option<Scope>,
) -> Result<GrantedScope, ErrorResponse> {
    let granted = choose(client, asked)?;
    Ok(GrantedScope(granted.without_openid_connect()))
}

/// The scope of a token that a client gets for a user: as [`narrow_scope`], with OpenID Connect's scopes for the asking.
pub(crate) fn narrow_scope_of_user(
    client: &ClientSettings,
    asked: Option<Scope>,
) -> Result<GrantedScope, ErrorResponse> {
    let named = asked.is_some();
    let granted = choose(client, asked)?;
    Ok(GrantedScope(if named || client.default_scope.is_some() {
        granted
    } else {
        granted.without_openid_connect()
    }))
}

/// The scope of a refreshed token: what is asked for, or all that was granted, as far as the client may still have it
/// (RULES R8). A narrowed refresh does not shrink the grant.
pub(super) fn renew_scope(
    client: &ClientSettings,
    granted: &Scope,
    asked: Option<&Scope>,
) -> Result<GrantedScope, ErrorResponse> {
    let asked = asked.unwrap_or(granted);
    // RFC 6749 §6: "The requested scope MUST NOT include any scope not originally granted by the resource owner".
    if let Some(token) = asked.iter().find(|token| !granted.contains(token)) {
        return Err(ErrorResponse::new(
            ErrorCode::InvalidScope,
            &format!("the scope '{token}' was not granted"),
        ));
    }
    let still_allowed = asked.iter().filter(|token| client.scope.contains(token));
    Ok(GrantedScope(still_allowed.cloned().collect()))
}

/// What is asked for, if the client may have all of that; its default, if nothing is asked for.
fn choose(client: &ClientSettings, asked: Option<Scope>) -> Result<Scope, ErrorResponse> {
    match asked {
        Some(asked) => {
            if let Some(token) = asked.iter().find(|token| !client.scope.contains(token)) {
                return Err(ErrorResponse::new(
                    ErrorCode::InvalidScope,
                    &format!("this client may not ask for the scope '{token}'"),
                ));
            }
            Ok(asked)
        }
        // RFC 6749 §3.3: "If the client omits the scope parameter ... the authorization server MUST either process the
        // request using a pre-defined default value or fail the request".
        None => Ok(client
            .default_scope
            .clone()
            .unwrap_or_else(|| client.scope.clone())),
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::GrantType;

    use super::*;

    #[test]
    fn rfc6749_31_a_subset_or_the_default_or_all_without_openid_connect() {
        let cases = [
            // (the client's scope, its default, what it asks for, what it gets)
            ("read write", None, Some("read"), Ok("read")),
            ("read write", None, Some("write read"), Ok("read write")),
            ("read write", None, None, Ok("read write")),
            ("read write", Some("read"), None, Ok("read")),
            ("read write", Some("read"), Some("write"), Ok("write")),
            ("openid read offline_access", None, None, Ok("read")),
            ("openid read", None, Some("openid read"), Ok("read")),
            ("openid", None, Some("openid"), Ok("")),
            ("", None, None, Ok("")),
            ("read", None, Some("admin"), Err(ErrorCode::InvalidScope)),
            (
                "read",
                None,
                Some("read admin"),
                Err(ErrorCode::InvalidScope),
            ),
            ("read", None, Some("READ"), Err(ErrorCode::InvalidScope)),
            ("read", None, Some("openid"), Err(ErrorCode::InvalidScope)),
        ];
        for (allowed, default, asked, expected) in cases {
            let scope = |text: &str| text.parse::<Scope>().unwrap();
            let client = ClientSettings {
                scope: scope(allowed),
                default_scope: default.map(scope),
                ..ClientSettings::new(vec![GrantType::ClientCredentials])
            };
            let granted = narrow_scope(&client, asked.map(scope))
                .map(|granted| granted.0)
                .map_err(|error| error.error);
            assert_eq!(
                granted,
                expected.map(scope),
                "{allowed:?} {default:?} {asked:?}"
            );
        }
    }

    #[test]
    fn a_user_can_grant_openid_connect_for_the_asking() {
        for (default, asked, expected) in [
            (
                None,
                Some("openid read offline_access"),
                "openid read offline_access",
            ),
            (None, None, "read write"),
            (Some("openid read"), None, "openid read"),
        ] {
            let scope = |text: &str| text.parse::<Scope>().unwrap();
            let client = ClientSettings {
                scope: scope("openid offline_access read write"),
                default_scope: default.map(scope),
                ..ClientSettings::new(vec![GrantType::Password])
            };
            let granted = narrow_scope_of_user(&client, asked.map(scope)).unwrap();
            assert_eq!(granted.0, scope(expected), "{default:?} {asked:?}");
        }
    }

    #[test]
    fn rule_r8_a_refresh_gets_what_was_granted_and_is_still_allowed() {
        let cases = [
            // (the client's scope now, granted, asked for, given)
            ("a b c", "a b", None, Ok("a b")),
            ("a b c", "a b", Some("b"), Ok("b")),
            ("a c", "a b", None, Ok("a")),
            ("a c", "a b", Some("b"), Ok("")),
            ("a b c", "a b", Some("c"), Err(ErrorCode::InvalidScope)),
            ("a b c", "a b", Some("a c"), Err(ErrorCode::InvalidScope)),
            ("", "a", None, Ok("")),
        ];
        for (allowed, granted, asked, expected) in cases {
            let scope = |text: &str| text.parse::<Scope>().unwrap();
            let client = ClientSettings {
                scope: scope(allowed),
                ..ClientSettings::new(vec![GrantType::RefreshToken])
            };
            let asked = asked.map(scope);
            let renewed = renew_scope(&client, &scope(granted), asked.as_ref())
                .map(|renewed| renewed.0)
                .map_err(|error| error.error);
            assert_eq!(
                renewed,
                expected.map(scope),
                "{allowed:?} {granted:?} {asked:?}"
            );
        }
    }
}
