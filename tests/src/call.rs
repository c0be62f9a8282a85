//! One HTTP exchange.

use reqwest::blocking::{RequestBuilder, Response};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;

use crate::{Kind, Page, Response as ClientResponse, TestClient};

/// A request that is being put together.
#[derive(Debug)]
pub struct Call(RequestBuilder);

impl Call {
    pub(crate) const fn new(request: RequestBuilder) -> Self {
        Self(request)
    }

    /// Adds a header; one of the same name stays.
    #[must_use]
    pub fn header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let value = HeaderValue::from_bytes(value.as_ref()).expect("a header value");
        Self(self.0.header(name, value))
    }

    /// `client_secret_basic`, with both halves raw.
    #[must_use]
    pub fn basic(self, client: &TestClient) -> Self {
        self.header("authorization", format!("Basic {}", client.base64()))
    }

    /// A bearer token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// A form as the body.
    #[must_use]
    pub fn form(self, parameters: &[(&str, &str)]) -> Self {
        Self(self.0.form(parameters))
    }

    /// A form as the body, in these very bytes.
    #[must_use]
    pub fn form_bytes(self, body: impl Into<Vec<u8>>) -> Self {
        self.header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    }

    /// Any body, without a content type.
    #[must_use]
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self(self.0.body(body.into()))
    }

    /// Sends the request; the answer if there is one.
    pub fn try_send(self) -> Result<Answer, reqwest::Error> {
        Answer::read(self.0.send()?)
    }

    /// Sends the request.
    #[must_use]
    pub fn send(self) -> Answer {
        self.try_send()
            .unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }
}

/// The tokens of a successful response of the token endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
}

/// The answer to a request.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn read(response: Response) -> Result<Self, reqwest::Error> {
        Ok(Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes()?.to_vec(),
        })
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            "application/json; charset=UTF-8",
            "{self:?}"
        );
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON: {error}: {self:?} {}", self.text()))
    }

    /// Whether it is a page.
    #[must_use]
    pub fn is_page(&self) -> bool {
        self.header("content-type") == "text/html; charset=utf-8"
    }

    /// The page.
    #[must_use]
    pub fn page(&self) -> Page {
        assert!(self.is_page(), "no page: {self:?} {}", self.text());
        Page::read(&self.text())
    }

    /// What a browser is shown.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::of(self)
    }

    /// What a browser is made to bring to a client.
    #[must_use]
    pub fn response(&self) -> ClientResponse {
        ClientResponse::read(self)
            .unwrap_or_else(|| panic!("no response: {self:?} {}", self.text()))
    }

    /// The ID token of a successful response of the token endpoint.
    #[must_use]
    pub fn id_token(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.text());
        let token = &self.json()["id_token"];
        token.as_str().expect("an id_token").to_owned()
    }

    /// The access token of a successful response of the token endpoint.
    #[must_use]
    pub fn access_token(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.text());
        let token = &self.json()["access_token"];
        token.as_str().expect("an access_token").to_owned()
    }

    /// Both tokens of a successful response of the token endpoint.
    #[must_use]
    pub fn tokens(&self) -> Tokens {
        let access = self.access_token();
        let refresh = &self.json()["refresh_token"];
        let refresh = refresh.as_str().expect("a refresh_token").to_owned();
        Tokens { access, refresh }
    }

    /// The values of a header, joined as RFC 9110 §5.3 allows; empty if it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        self.headers(name).join(", ")
    }

    /// The values of a header, one by one.
    #[must_use]
    pub fn headers(&self, name: &str) -> Vec<String> {
        let values = self.headers.get_all(name).iter();
        values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect()
    }

    /// The status and the error code of an error response (RFC 6749 §5.2), whose form is checked on the way.
    #[must_use]
    pub fn refusal(&self) -> (u16, String) {
        let told = self.json();
        let members = told.as_object().expect("an object");
        let names: Vec<&str> = members.keys().map(String::as_str).collect();
        assert_eq!(names, ["error", "error_description"], "{told}");
        let description = told["error_description"].as_str().expect("a text");
        // RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
        let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(description.bytes().all(allowed), "{told}");
        self.assert_not_kept();
        let error = told["error"].as_str().expect("a text");
        (self.status, error.to_owned())
    }

    /// RFC 6749 §5.1: nobody may keep the answer.
    pub fn assert_not_kept(&self) {
        assert_eq!(self.header("cache-control"), "no-store", "{self:?}");
        assert_eq!(self.header("pragma"), "no-cache", "{self:?}");
    }
}
