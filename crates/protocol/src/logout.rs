//! The end session endpoint: OpenID Connect RP-Initiated Logout.

use std::fmt;

use countersign_core::Secret;

use crate::{Form, query};

/// What a request to the end session endpoint says (OpenID Connect RP-Initiated Logout §2). Nothing of it has been
/// checked. `logout_hint` and `ui_locales` are not read.
pub struct LogoutRequest {
    /// An ID token of the session that is to end.
    pub id_token_hint: Option<Secret<String>>,
    /// The client that sends the browser.
    pub client_id: Option<String>,
    /// Where the browser is to go afterwards, as given.
    pub post_logout_redirect_uri: Option<String>,
    /// What the client wants to find again there.
    pub state: Option<String>,
}

impl LogoutRequest {
    /// Reads a request from its query or body.
    #[must_use]
    pub fn read(form: &Form) -> Self {
        let text = |name| form.get(name).map(str::to_owned);
        Self {
            id_token_hint: form.secret("id_token_hint"),
            client_id: text("client_id"),
            post_logout_redirect_uri: text("post_logout_redirect_uri"),
            state: text("state"),
        }
    }
}

impl fmt::Debug for LogoutRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogoutRequest")
            .field("client_id", &self.client_id)
            .field("post_logout_redirect_uri", &self.post_logout_redirect_uri)
            .finish_non_exhaustive()
    }
}

/// The `Location` after the logout: the registered `post_logout_redirect_uri`, with `state` if the request had one
/// (OpenID Connect RP-Initiated Logout §3).
#[must_use]
pub fn post_logout_location(post_logout_redirect_uri: &str, state: Option<&str>) -> String {
    match state {
        Some(state) => query::append(post_logout_redirect_uri, &[("state", state.to_owned())]),
        None => post_logout_redirect_uri.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oidc_rp_logout_10_state_goes_back() {
        for (uri, state, expected) in [
            ("https://a.example/out", None, "https://a.example/out"),
            (
                "https://a.example/out?state=1",
                None,
                "https://a.example/out?state=1",
            ),
            (
                "https://a.example/out",
                Some("a &é"),
                "https://a.example/out?state=a%20%26%C3%A9",
            ),
            (
                "https://a.example/out?x=%2f",
                Some("s"),
                "https://a.example/out?x=%2f&state=s",
            ),
            (
                "https://a.example/out?state=1&x",
                Some("s"),
                "https://a.example/out?x&state=s",
            ),
        ] {
            assert_eq!(post_logout_location(uri, state), expected);
        }
    }

    #[test]
    fn a_request_is_read_and_not_shown() {
        let body = b"id_token_hint=hunter2&client_id=c&post_logout_redirect_uri=https://a.example&\
                     state=hunter3&logout_hint=x&ui_locales=y";
        let request = LogoutRequest::read(&Form::parse(body, &[]).unwrap());
        assert!(!format!("{request:?}").contains("hunter"));
        assert_eq!(
            request.id_token_hint,
            Some(Secret::new("hunter2".to_owned()))
        );
        assert_eq!(request.client_id.as_deref(), Some("c"));
        assert_eq!(
            request.post_logout_redirect_uri.as_deref(),
            Some("https://a.example")
        );
        assert_eq!(request.state.as_deref(), Some("hunter3"));
        let nothing = LogoutRequest::read(&Form::parse(b"state=&client_id=", &[]).unwrap());
        assert!(nothing.state.is_none() && nothing.client_id.is_none());
    }
}
