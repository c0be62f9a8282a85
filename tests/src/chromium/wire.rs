//! What goes over the wire between a test and the driver of its browser.

use std::time::Duration;

use reqwest::Method;
use reqwest::blocking::Client;
use serde_json::Value;

/// Longer than anything that the driver waits for by itself: it always answers.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Why the driver did not do what it was told (the "Errors" of the standard).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Its kind: `no such element`.
    pub(super) error: String,
    /// More about it.
    pub(super) message: String,
}

/// Where commands are sent to.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    http: Client,
    base: String,
}

impl Wire {
    /// The driver on this port of loopback.
    pub(super) fn to_port(port: u16) -> Self {
        let http = Client::builder().no_proxy().timeout(TIMEOUT).build();
        Self {
            http: http.expect("a plain HTTP client"),
            base: format!("http://127.0.0.1:{port}"),
        }
    }

    /// What lies below `path`.
    pub(super) fn below(&self, path: &str) -> Self {
        Self {
            http: self.http.clone(),
            base: format!("{}{path}", self.base),
        }
    }

    pub(super) fn try_get(&self, path: &str) -> Result<Value, Refusal> {
        self.send(Method::GET, path, None)
    }

    pub(super) fn try_delete(&self, path: &str) -> Result<Value, Refusal> {
        self.send(Method::DELETE, path, None)
    }

    pub(super) fn try_post(&self, path: &str, body: &Value) -> Result<Value, Refusal> {
        self.send(Method::POST, path, Some(body))
    }

    fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Refusal> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answered = request.send().and_then(reqwest::blocking::Response::json);
        let mut answer: Value = answered.map_err(|error| Refusal {
            error: "no answer".to_owned(),
            message: error.to_string(),
        })?;
        let value = answer["value"].take();
        match value["error"].as_str() {
            None => Ok(value),
            Some(error) => Err(Refusal {
                error: error.to_owned(),
                message: value["message"].as_str().unwrap_or_default().to_owned(),
            }),
        }
    }
}
