//! Requests as they are sent, malformed ones included, and answers as they come.

use std::error::Error as _;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, redirect};
use serde::Serialize;
use url::Url;

use crate::finding::Finding;
use crate::run::RunError;
use crate::target::Target;

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How much of a body is read, in bytes.
const BODY_CAP: usize = 1 << 20;

/// A request and its answer, as text.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// Method, URL, headers, empty line, body.
    pub request: String,
    /// Status, headers, empty line, body; or why there was none.
    pub response: String,
}

/// A request to be sent. Nothing is added to it but what HTTP needs, and nothing is forbidden.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Call {
    pub(crate) fn get(url: &Url) -> Self {
        Self {
            method: Method::GET,
            url: url.clone(),
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn post(url: &Url) -> Self {
        Self {
            method: Method::POST,
            ..Self::get(url)
        }
    }

    /// What a browser asks before it lets a script send the real request (CORS).
    pub(crate) fn options(url: &Url) -> Self {
        Self {
            method: Method::OPTIONS,
            ..Self::get(url)
        }
    }

    pub(crate) const fn url(&self) -> &Url {
        &self.url
    }

    /// Adds a header; one of the same name stays.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            self.headers.append(name, value);
        }
        self
    }

    /// A body that claims to be of `content_type`.
    pub(crate) fn body(mut self, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        self.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = body.into();
        self
    }

    /// A form, repeated parameters and all.
    pub(crate) fn form(self, pairs: &[(&str, &str)]) -> Self {
        self.body("application/x-www-form-urlencoded", encode(pairs))
    }

    /// Parameters in the URL, after those that are there.
    pub(crate) fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        self.url.query_pairs_mut().extend_pairs(pairs);
        self
    }

    /// HTTP Basic with these bytes, whatever they are.
    pub(crate) fn basic(self, pair: &str) -> Self {
        self.header(
            reqwest::header::AUTHORIZATION,
            &format!("Basic {}", STANDARD.encode(pair)),
        )
    }

    fn text(&self) -> String {
        let mut text = format!("{} {}\n", self.method, self.url);
        write_headers(&mut text, &self.headers);
        text.push('\n');
        text.push_str(&String::from_utf8_lossy(&self.body));
        text
    }
}

/// `application/x-www-form-urlencoded`.
pub(crate) fn encode(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

fn write_headers(text: &mut String, headers: &HeaderMap) {
    for (name, value) in headers {
        let _ = writeln!(
            text,
            "{name}: {}",
            String::from_utf8_lossy(value.as_bytes())
        );
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) exchange: Exchange,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) elapsed: Duration,
}

/// Sends one request at a time and follows no redirect.
pub(crate) struct Http {
    client: reqwest::Client,
}

impl Http {
    pub(crate) fn new(target: &Target) -> Result<Self, RunError> {
        let mut builder = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .user_agent(concat!(
                "countersign-conformance/",
                env!("CARGO_PKG_VERSION")
            ));
        if target.is_loopback() {
            builder = builder.no_proxy();
        }
        if let Some(path) = &target.ca_file {
            let pem = std::fs::read(path)
                .map_err(|error| RunError::Trust(format!("{}: {error}", path.display())))?;
            let roots = reqwest::Certificate::from_pem_bundle(&pem)
                .map_err(|error| RunError::Trust(format!("{}: {error}", path.display())))?;
            builder = builder.tls_certs_merge(roots);
        }
        let client = builder
            .build()
            .map_err(|error| RunError::Trust(causes(&error)))?;
        Ok(Self { client })
    }

    /// Sends the request; no answer at all is an error with its reason.
    pub(crate) async fn try_send(&self, call: &Call) -> Result<Answer, Unanswered> {
        let started = Instant::now();
        let unanswered = |error: reqwest::Error| Unanswered {
            reason: causes(&error),
            exchange: Exchange {
                request: call.text(),
                response: format!("none: {}", causes(&error)),
            },
        };
        let mut response = self
            .client
            .request(call.method.clone(), call.url.clone())
            .headers(call.headers.clone())
            .body(call.body.clone())
            .send()
            .await
            .map_err(unanswered)?;
        let status = response.status();
        let headers = response.headers().clone();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
            body.extend_from_slice(&chunk);
            if body.len() > BODY_CAP {
                body.truncate(BODY_CAP);
                break;
            }
        }
        let mut text = format!("HTTP {status}\n");
        write_headers(&mut text, &headers);
        text.push('\n');
        text.push_str(&String::from_utf8_lossy(&body));
        Ok(Answer {
            exchange: Exchange {
                request: call.text(),
                response: text,
            },
            status: status.as_u16(),
            headers,
            body,
            elapsed: started.elapsed(),
        })
    }
}

/// A request that got no answer.
pub(crate) struct Unanswered {
    pub(crate) reason: String,
    pub(crate) exchange: Exchange,
}

impl From<Unanswered> for Finding {
    fn from(unanswered: Unanswered) -> Self {
        Self::failed("an answer", format!("none: {}", unanswered.reason))
            .after(&unanswered.exchange)
    }
}

/// The error with what it came from, without the URL, which may hold what should not be printed.
fn causes(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() {
        "timed out".to_owned()
    } else {
        String::new()
    };
    let mut cause = error.source();
    while let Some(error) = cause {
        let separator = if text.is_empty() { "" } else { ": " };
        let _ = write!(text, "{separator}{error}");
        cause = error.source();
    }
    if text.is_empty() {
        "the request could not be sent".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An answer of that status and nothing in it.
    pub(crate) fn answer(status: u16) -> Answer {
        Answer {
            exchange: Exchange {
                request: String::new(),
                response: String::new(),
            },
            status,
            headers: HeaderMap::new(),
            body: Vec::new(),
            elapsed: Duration::ZERO,
        }
    }
}
