//! Authorization requests, and what comes of them.

use std::collections::BTreeMap;

use crate::{Answer, Page};

/// Where the users of web clients go back to, unless a test says something else.
pub const REDIRECT_URI: &str = "https://app.example/cb";

/// What web clients may ask for, unless a test says something else.
pub const WEB_SCOPE: &str = "openid profile email address phone offline_access read write";

/// A code verifier, and the challenge that is its hash (RFC 7636 appendix B).
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// See [`VERIFIER`].
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An authorization request: names and values in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request(Vec<(String, String)>);

impl Request {
    /// A request of this client for a code, with PKCE, for the scope `openid`, with a state and a nonce.
    #[must_use]
    pub fn of(client_id: &str) -> Self {
        Self(Vec::new())
            .with("client_id", client_id)
            .with("redirect_uri", REDIRECT_URI)
            .with("response_type", "code")
            .with("scope", "openid")
            .with("state", "a state")
            .with("nonce", "a nonce")
            .with("code_challenge", CHALLENGE)
            .with("code_challenge_method", "S256")
    }

    /// With this value of a parameter, in the place of the one that it had.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match self.0.iter_mut().find(|(one, _)| one == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// With this parameter once more.
    #[must_use]
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without this parameter.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(one, _)| one != name);
        self
    }

    /// As a query or a body.
    #[must_use]
    pub fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.0)
            .finish()
    }

    /// The path with its query, below the issuer.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/oauth2/authorize?{}", self.encoded())
    }
}

/// How a response reached its redirect URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// In the query of a redirect.
    Query,
    /// In the fragment of a redirect.
    Fragment,
    /// In a form that the browser posts.
    FormPost,
}

/// What a client is told at its redirect URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// How.
    pub mode: Mode,
    /// Where, without the query or fragment.
    pub redirect_uri: String,
    /// What, each parameter once.
    pub parameters: BTreeMap<String, String>,
}

impl Response {
    /// Reads the response out of what the browser was answered; none if it leads to no client.
    pub(crate) fn read(answer: &Answer) -> Option<Self> {
        if answer.status == 303 {
            let location = answer.header("location");
            let (uri, mode) = match location.split_once('#') {
                Some(_) => ('#', Mode::Fragment),
                None => ('?', Mode::Query),
            };
            let (redirect_uri, encoded) = location.split_once(uri)?;
            let pairs = form_urlencoded::parse(encoded.as_bytes()).into_owned();
            return Some(Self::new(mode, redirect_uri, pairs));
        }
        let page = answer.is_page().then(|| answer.page())?;
        let form = page.forms.first()?;
        let leaves = !form.action.starts_with('/');
        leaves.then(|| Self::new(Mode::FormPost, &form.action, form.fields().into_iter()))
    }

    fn new(mode: Mode, redirect_uri: &str, pairs: impl Iterator<Item = (String, String)>) -> Self {
        let mut parameters = BTreeMap::new();
        for (name, value) in pairs {
            let before = parameters.insert(name.clone(), value);
            assert_eq!(before, None, "{name} is there twice");
        }
        Self {
            mode,
            redirect_uri: redirect_uri.to_owned(),
            parameters,
        }
    }

    /// A parameter; empty if it is absent.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    /// The code of a successful response.
    #[must_use]
    pub fn code(&self) -> String {
        let code = self.get("code").to_owned();
        assert!(code.starts_with("cs_ac_"), "no code: {self:?}");
        code
    }

    /// The error code of an error response, whose form is checked on the way (RFC 6749 §4.1.2.1, RFC 9207 §2).
    #[must_use]
    pub fn error(&self) -> String {
        for name in ["code", "access_token", "id_token"] {
            assert_eq!(self.get(name), "", "{self:?}");
        }
        for name in ["error_description", "iss"] {
            assert_ne!(self.get(name), "", "no {name}: {self:?}");
        }
        // %x20-21 / %x23-5B / %x5D-7E.
        let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        let description = self.get("error_description");
        assert!(description.bytes().all(allowed), "{self:?}");
        self.get("error").to_owned()
    }
}

/// What a browser is shown, as far as a user notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Who are you?
    SignIn,
    /// Is it still you?
    SelectAccount,
    /// Do you agree?
    Consent,
    /// Do you want to sign out?
    ConfirmSignOut,
    /// The way back to a client.
    Response,
    /// A page without a form that says what is wrong.
    Error,
    /// Any other page without a form.
    Message,
}

impl Kind {
    /// What the answer shows.
    pub(crate) fn of(answer: &Answer) -> Self {
        if answer.status == 303 || Response::read(answer).is_some() {
            return Self::Response;
        }
        let page: Page = answer.page();
        let Some(form) = page.forms.first() else {
            return if answer.status < 400 {
                Self::Message
            } else {
                Self::Error
            };
        };
        let kinds = [
            ("/sign-in", Self::SignIn),
            ("/select-account", Self::SelectAccount),
            ("/consent", Self::Consent),
            ("/logout/confirm", Self::ConfirmSignOut),
        ];
        let kind = kinds.iter().find(|(end, _)| form.action.ends_with(end));
        kind.unwrap_or_else(|| panic!("an unknown form: {form:?}"))
            .1
    }
}
