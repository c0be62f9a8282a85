//! How the answer gets to the redirect URI: OAuth 2.0 Multiple Response Type Encoding Practices §2.1, OAuth 2.0 Form Post
//! Response Mode.

use std::fmt;

use countersign_core::ResponseType;

use super::AuthorizationParameters;

/// Where in the message to the redirect URI the parameters of the answer stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResponseMode {
    /// In the query; never a token.
    Query,
    /// In the fragment.
    Fragment,
    /// In the body of a POST.
    FormPost,
}

impl ResponseMode {
    /// Every response mode.
    pub const ALL: [Self; 3] = [Self::Query, Self::Fragment, Self::FormPost];

    /// The value of `response_mode`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
        }
    }

    pub(super) fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// OAuth 2.0 Multiple Response Types §3 and §5: tokens "MUST NOT" be returned in the query.
    pub(super) const fn can_carry(self, response_type: ResponseType) -> bool {
        match self {
            Self::Query => !(response_type.has_token() || response_type.has_id_token()),
            Self::Fragment | Self::FormPost => true,
        }
    }

    /// The mode of a request that names none.
    const fn default_for(response_type: ResponseType) -> Self {
        if Self::Query.can_carry(response_type) {
            Self::Query
        } else {
            Self::Fragment
        }
    }
}

/// How the answer to a request gets to its redirect URI, even where the request is faulty.
#[derive(Clone, PartialEq, Eq)]
pub struct Addressing {
    /// Where the parameters stand.
    pub response_mode: ResponseMode,
    /// What the client gave to find again in the answer.
    pub state: Option<String>,
}

impl fmt::Debug for Addressing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Addressing")
            .field("response_mode", &self.response_mode)
            .finish_non_exhaustive()
    }
}

impl AuthorizationParameters {
    /// How the request is answered, faulty or not: in the response mode that it asks for, if that is known and can carry
    /// the response type; else in the one that goes with the response type; else in the query.
    #[must_use]
    pub fn addressing(&self) -> Addressing {
        let response_type = self
            .form
            .get("response_type")
            .and_then(|it| it.parse().ok());
        let response_mode = self
            .form
            .get("response_mode")
            .and_then(ResponseMode::find)
            .filter(|mode| response_type.is_none_or(|it| mode.can_carry(it)))
            .or_else(|| response_type.map(ResponseMode::default_for))
            .unwrap_or(ResponseMode::Query);
        Addressing {
            response_mode,
            state: self.form.get("state").map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addressing(query: &str) -> Addressing {
        AuthorizationParameters::parse(query.as_bytes())
            .unwrap()
            .addressing()
    }

    #[test]
    fn rfc6749_39_even_a_faulty_request_is_answered_where_its_client_looks() {
        use ResponseMode::{FormPost, Fragment, Query};
        for (query, expected) in [
            ("", Query),
            ("response_type=code", Query),
            ("response_type=code&response_mode=query", Query),
            ("response_type=code&response_mode=fragment", Fragment),
            ("response_type=code&response_mode=form_post", FormPost),
            ("response_type=code&response_mode=Fragment", Query),
            ("response_type=code&response_mode=web_message", Query),
            ("response_type=token", Fragment),
            ("response_type=id_token", Fragment),
            ("response_type=token+code", Fragment),
            ("response_type=id_token&response_mode=query", Fragment),
            ("response_type=token&response_mode=query", Fragment),
            ("response_type=token&response_mode=form_post", FormPost),
            ("response_type=token&response_mode=jwt", Fragment),
            ("response_type=bogus", Query),
            ("response_type=bogus&response_mode=fragment", Fragment),
            ("response_mode=form_post", FormPost),
            (
                "response_type=token&response_mode=form_post&response_mode=query",
                Fragment,
            ),
            (
                "response_type=token&response_type=code&response_mode=form_post",
                FormPost,
            ),
            ("response_type=token&response_type=token", Query),
        ] {
            assert_eq!(addressing(query).response_mode, expected, "{query}");
        }
    }

    #[test]
    fn rfc6749_11_state_goes_back_as_sent_unless_empty_or_repeated() {
        for (query, expected) in [
            ("state=a%2Bb+c", Some("a+b c")),
            ("state=a&x=1&x=2", Some("a")),
            ("state=", None),
            ("", None),
            ("state=a&state=b", None),
            ("state=a&state=a", None),
        ] {
            assert_eq!(addressing(query).state.as_deref(), expected, "{query}");
        }
    }
}
