//! What the authorization endpoint sends to a redirect URI: RFC 6749 §4.1.2 and §4.2.2, RFC 9207 §2, OpenID Connect Core
//! §3.2.2.5 and §3.3.2.5.

use std::fmt;

use countersign_core::{Scope, Secret};

use crate::{Addressing, ErrorResponse, ResponseMode, query};

/// An answer to a redirect URI that is known to be one of the client's. `Debug` shows no values.
///
/// ```
/// use countersign_protocol::{
///     AuthorizationParameters, AuthorizationResponse, Delivery, ErrorCode, ErrorResponse,
/// };
///
/// let addressing = AuthorizationParameters::parse(b"response_type=code&state=x")?.addressing();
/// let refusal = ErrorResponse::new(ErrorCode::LoginRequired, "nobody is signed in");
/// let response =
///     AuthorizationResponse::error("https://app.example/cb", &addressing, "https://as.example", &refusal);
/// let Delivery::Redirect(location) = response.delivery() else { unreachable!() };
/// assert_eq!(
///     location,
///     "https://app.example/cb?error=login_required&error_description=nobody%20is%20signed%20in&state=x\
///      &iss=https%3A%2F%2Fas.example"
/// );
/// # Ok::<(), ErrorResponse>(())
/// ```
pub struct AuthorizationResponse {
    redirect_uri: String,
    response_mode: ResponseMode,
    fields: Vec<(&'static str, String)>,
}

/// What was authorized.
#[derive(Clone, Debug, Default)]
pub struct AuthorizationSuccess {
    /// The code, if the response type has one.
    pub code: Option<Secret<String>>,
    /// The access token, if the response type has one.
    pub access_token: Option<IssuedAccessToken>,
    /// The ID token, if the response type has one.
    pub id_token: Option<Secret<String>>,
}

/// An access token, which is always a bearer token (RFC 6750), and what is told beside it (RFC 6749 §4.2.2).
#[derive(Clone, Debug)]
pub struct IssuedAccessToken {
    /// The token.
    pub access_token: Secret<String>,
    /// Seconds until the token ends.
    pub expires_in: i64,
    /// The scope of the token.
    pub scope: Scope,
}

/// How a browser is made to bring the answer to the redirect URI.
pub enum Delivery<'response> {
    /// By a redirect to this `Location`.
    Redirect(String),
    /// By a form that it posts (OAuth 2.0 Form Post Response Mode §2).
    FormPost {
        /// Where the form goes.
        action: &'response str,
        /// The hidden fields, in their order. Nothing of them is escaped.
        fields: &'response [(&'static str, String)],
    },
}

impl AuthorizationResponse {
    /// Tells the client what went wrong (RFC 6749 §4.1.2.1).
    #[must_use]
    pub fn error(
        redirect_uri: &str,
        addressing: &Addressing,
        issuer: &str,
        error: &ErrorResponse,
    ) -> Self {
        let fields = vec![
            ("error", error.error.name().to_owned()),
            (
                "error_description",
                error.error_description.as_str().to_owned(),
            ),
        ];
        Self::new(
            redirect_uri,
            addressing.response_mode,
            fields,
            addressing,
            issuer,
        )
    }

    /// Brings the client what was authorized. A token never goes into a query, whatever the addressing says.
    #[must_use]
    pub fn success(
        redirect_uri: &str,
        addressing: &Addressing,
        issuer: &str,
        parameters: AuthorizationSuccess,
    ) -> Self {
        let has_token = parameters.access_token.is_some() || parameters.id_token.is_some();
        let response_mode = match addressing.response_mode {
            ResponseMode::Query if has_token => ResponseMode::Fragment,
            mode => mode,
        };
        Self::new(
            redirect_uri,
            response_mode,
            parameters.into_fields(),
            addressing,
            issuer,
        )
    }

    fn new(
        redirect_uri: &str,
        response_mode: ResponseMode,
        mut fields: Vec<(&'static str, String)>,
        addressing: &Addressing,
        issuer: &str,
    ) -> Self {
        // RFC 6749 §4.1.2: "REQUIRED if the state parameter was present in the client authorization request."
        if let Some(state) = &addressing.state {
            fields.push(("state", state.clone()));
        }
        // RFC 9207 §2: in every response, "including error responses".
        fields.push(("iss", issuer.to_owned()));
        Self {
            redirect_uri: redirect_uri.to_owned(),
            response_mode,
            fields,
        }
    }

    /// How the browser is made to bring it.
    #[must_use]
    pub fn delivery(&self) -> Delivery<'_> {
        match self.response_mode {
            ResponseMode::Query => {
                Delivery::Redirect(query::append(&self.redirect_uri, &self.fields))
            }
            ResponseMode::Fragment => Delivery::Redirect(format!(
                "{}#{}",
                self.redirect_uri,
                query::encode(&self.fields)
            )),
            ResponseMode::FormPost => Delivery::FormPost {
                action: &self.redirect_uri,
                fields: &self.fields,
            },
        }
    }
}

impl AuthorizationSuccess {
    fn into_fields(self) -> Vec<(&'static str, String)> {
        let mut fields = Vec::new();
        if let Some(code) = self.code {
            fields.push(("code", code.expose().clone()));
        }
        if let Some(token) = self.access_token {
            fields.push(("access_token", token.access_token.expose().clone()));
            fields.push(("token_type", "Bearer".to_owned()));
            fields.push(("expires_in", token.expires_in.to_string()));
            // RFC 6749 §3.1: a parameter without a value is as good as none.
            if !token.scope.is_empty() {
                fields.push(("scope", token.scope.to_string()));
            }
        }
        if let Some(id_token) = self.id_token {
            fields.push(("id_token", id_token.expose().clone()));
        }
        fields
    }
}

fn names<'field>(fields: &'field [(&'static str, String)]) -> Vec<&'field str> {
    fields.iter().map(|(name, _)| *name).collect()
}

impl fmt::Debug for AuthorizationResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationResponse")
            .field("redirect_uri", &self.redirect_uri)
            .field("response_mode", &self.response_mode)
            .field("fields", &names(&self.fields))
            .finish()
    }
}

impl fmt::Debug for Delivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redirect(_) => f.write_str("Redirect(..)"),
            Self::FormPost { action, fields } => f
                .debug_struct("FormPost")
                .field("action", action)
                .field("fields", &names(fields))
                .finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{ErrorCode, Form};

    const ISSUER: &str = "https://as.example/a";

    fn addressing(response_mode: ResponseMode, state: Option<&str>) -> Addressing {
        Addressing {
            response_mode,
            state: state.map(str::to_owned),
        }
    }

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    fn code() -> AuthorizationSuccess {
        AuthorizationSuccess {
            code: Some(secret("C")),
            ..AuthorizationSuccess::default()
        }
    }

    fn everything() -> AuthorizationSuccess {
        AuthorizationSuccess {
            code: Some(secret("C")),
            access_token: Some(IssuedAccessToken {
                access_token: secret("T"),
                expires_in: 600,
                scope: "openid a".parse().unwrap(),
            }),
            id_token: Some(secret("I.D.T")),
        }
    }

    fn location(response: &AuthorizationResponse) -> String {
        match response.delivery() {
            Delivery::Redirect(location) => location,
            Delivery::FormPost { .. } => "a form".to_owned(),
        }
    }

    #[test]
    fn rfc6749_17_a_query_of_the_redirect_uri_is_kept() {
        let iss = "iss=https%3A%2F%2Fas.example%2Fa";
        for (redirect_uri, expected) in [
            ("https://a.example/cb", "https://a.example/cb?code=C&"),
            ("https://a.example/cb?", "https://a.example/cb?code=C&"),
            (
                "https://a.example?x=%2f&&y",
                "https://a.example?x=%2f&&y&code=C&",
            ),
            (
                "https://a.example/cb?x=1&",
                "https://a.example/cb?x=1&code=C&",
            ),
            (
                "https://a.example/cb?x=?&x",
                "https://a.example/cb?x=?&x&code=C&",
            ),
            ("com.example.app:/cb", "com.example.app:/cb?code=C&"),
        ] {
            let to = addressing(ResponseMode::Query, None);
            let response = AuthorizationResponse::success(redirect_uri, &to, ISSUER, code());
            assert_eq!(location(&response), format!("{expected}{iss}"));
        }
    }

    #[test]
    fn rfc9207_06_iss_and_every_other_parameter_is_there_once() {
        let to = addressing(ResponseMode::Query, Some("s"));
        for (redirect_uri, kept) in [
            ("https://a.example/cb?iss=https%3A%2F%2Fevil.example", ""),
            ("https://a.example/cb?iss&x=iss&%69ss=evil", "x=iss&"),
            (
                "https://a.example/cb?state=evil&issuer=1&code=evil",
                "issuer=1&",
            ),
            ("https://a.example/cb?state=1&y=&state=2&z", "y=&z&"),
        ] {
            let response = AuthorizationResponse::success(redirect_uri, &to, ISSUER, code());
            assert_eq!(
                location(&response),
                format!(
                    "https://a.example/cb?{kept}code=C&state=s&iss=https%3A%2F%2Fas.example%2Fa"
                ),
                "{redirect_uri}"
            );
        }
    }

    #[test]
    fn rfc9207_05_iss_and_state_follow_the_response_mode() {
        let error = ErrorResponse::new(ErrorCode::AccessDenied, "no & no");
        let respond = |mode, state| {
            let to = addressing(mode, state);
            AuthorizationResponse::error("https://a.example/cb?x=1", &to, ISSUER, &error)
        };
        let parameters = "error=access_denied&error_description=no%20%26%20no&state=s%20%2B%C3%A9&\
                          iss=https%3A%2F%2Fas.example%2Fa";
        let state = Some("s +\u{e9}");
        assert_eq!(
            location(&respond(ResponseMode::Query, state)),
            format!("https://a.example/cb?x=1&{parameters}")
        );
        assert_eq!(
            location(&respond(ResponseMode::Fragment, state)),
            format!("https://a.example/cb?x=1#{parameters}")
        );
        let form = respond(ResponseMode::FormPost, state);
        let Delivery::FormPost { action, fields } = form.delivery() else {
            panic!("no form");
        };
        assert_eq!(action, "https://a.example/cb?x=1");
        assert_eq!(
            fields,
            [
                ("error", "access_denied".to_owned()),
                ("error_description", "no & no".to_owned()),
                ("state", "s +\u{e9}".to_owned()),
                ("iss", ISSUER.to_owned()),
            ]
        );
        // RFC 6749-11: no state, no echo.
        assert!(!location(&respond(ResponseMode::Query, None)).contains("state"));
    }

    #[test]
    fn oidc_core_26_tokens_go_into_the_fragment_and_never_into_the_query() {
        for mode in [ResponseMode::Query, ResponseMode::Fragment] {
            let to = addressing(mode, None);
            let response =
                AuthorizationResponse::success("https://a.example/", &to, "urn:i", everything());
            assert_eq!(
                location(&response),
                "https://a.example/#code=C&access_token=T&token_type=Bearer&expires_in=600&\
                 scope=openid%20a&id_token=I.D.T&iss=urn%3Ai"
            );
        }
        let id_token = AuthorizationSuccess {
            id_token: Some(secret("I")),
            ..AuthorizationSuccess::default()
        };
        let to = addressing(ResponseMode::Query, None);
        let response = AuthorizationResponse::success("https://a.example/", &to, "urn:i", id_token);
        assert_eq!(
            location(&response),
            "https://a.example/#id_token=I&iss=urn%3Ai"
        );
    }

    #[test]
    fn debug_shows_no_values() {
        for mode in ResponseMode::ALL {
            let success = AuthorizationSuccess {
                code: Some(secret("hunter2")),
                ..everything()
            };
            assert!(!format!("{success:?}").contains("hunter2"));
            let to = addressing(mode, Some("hunter3"));
            let response = AuthorizationResponse::success("https://a.example/", &to, "i", success);
            let shown = format!("{to:?} {response:?} {:?}", response.delivery());
            assert!(!shown.contains("hunter"), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn rfc6749_39_any_state_comes_back(state in "\\PC{1,40}", query in "[g-z=&%?]{0,12}") {
            let redirect_uri = format!("https://a.example/cb?{query}");
            for mode in [ResponseMode::Query, ResponseMode::Fragment] {
                let to = addressing(mode, Some(&state));
                let response = AuthorizationResponse::success(&redirect_uri, &to, ISSUER, code());
                let location = location(&response);
                let parameters = match mode {
                    ResponseMode::Fragment => location.split_once('#').unwrap().1,
                    _ => location.split_once('?').unwrap().1,
                };
                let (form, _) = Form::parse_apart(parameters.as_bytes(), &[]).unwrap();
                prop_assert_eq!(form.get("state"), Some(state.as_str()));
                prop_assert_eq!(form.get("code"), Some("C"));
                prop_assert_eq!(form.get("iss"), Some(ISSUER));
                prop_assert!(location.is_ascii() && !location.contains([' ', '+']));
            }
        }
    }
}
