//! Which scope a client gets: RFC 6749 §3.3.

use countersign_core::{ClientSettings, Scope};
use countersign_protocol::{ErrorCode, ErrorResponse};

/// A scope that was found to be the client's to have. Only this module can make one.
#[derive(Debug)]
pub(crate) struct GrantedScope(Scope);

impl GrantedScope {
    /// The scope.
    pub(crate) const fn get(&self) -> &Scope {
        &self.0
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
    let granted = match asked {
        Some(asked) => {
            if let Some(token) = asked.iter().find(|token| !client.scope.contains(token)) {
                return Err(ErrorResponse::new(
                    ErrorCode::InvalidScope,
                    &format!("this client may not ask for the scope '{token}'"),
                ));
            }
            asked
        }
        // RFC 6749 §3.3: "If the client omits the scope parameter ... the authorization server MUST either process the
        // request using a pre-defined default value or fail the request".
        None => client
            .default_scope
            .clone()
            .unwrap_or_else(|| client.scope.clone()),
    };
    Ok(GrantedScope(granted.without_openid_connect()))
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
}
