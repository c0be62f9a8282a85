//! The metadata of an issuer: RFC 8414, and OpenID Connect Discovery for those who publish only that.

use std::time::Duration;

use countersign_core::Issuer;
use countersign_jose::json::{self, JsonError};
use http::{Method, Request, StatusCode, header};
use serde_json::{Map, Value};
use thiserror::Error;
use url::Url;

use crate::endpoint::{Endpoint, EndpointError};
use crate::transport::{Limits, Transport, TransportError};

/// The most bytes that a metadata document may have.
const MAX_LEN: usize = 256 * 1024;

/// The most characters of a foreign issuer that are repeated in a log.
const MAX_SHOWN: usize = 200;

/// Why the metadata of an issuer say nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// There is no answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The status is not 200. A redirect is not followed.
    #[error("the status of the metadata is {0}, not 200")]
    Status(u16),
    /// The document is not a JSON object with unique members.
    #[error("the metadata are refused: {0}")]
    Json(JsonError),
    /// The document is that of another issuer, or of none (RFC 8414 §3.3). One that differs in a final slash is another.
    #[error("the metadata are of the issuer {0:?}")]
    Issuer(String),
    /// The document does not name this endpoint.
    #[error("the metadata name no {0}")]
    Missing(&'static str),
    /// The named endpoint cannot be asked.
    #[error("{0} in the metadata: {1}")]
    Endpoint(&'static str, EndpointError),
}

/// The metadata of an issuer, which name that issuer.
#[derive(Debug)]
pub(crate) struct Metadata {
    members: Map<String, Value>,
    development: bool,
}

/// Asks `issuer` for its metadata; each document may take `timeout`.
pub(crate) async fn discover(
    issuer: &Issuer,
    transport: &dyn Transport,
    timeout: Duration,
) -> Result<Metadata, DiscoveryError> {
    let [inserted, appended] = locations(issuer);
    let first = match ask(issuer, &inserted, transport, timeout).await {
        Ok(metadata) => return Ok(metadata),
        Err(error) => error,
    };
    // Nobody is there, and the other document would be at the same place.
    if let DiscoveryError::Transport(error) = &first
        && !matches!(error, TransportError::TooLong(_))
    {
        return Err(first);
    }
    // Some answer 200 to whatever path: the other may still be right. Whatever stands at either place says more than that
    // nothing is there: a 404 at the second does not hide a redirect or a failure at the first.
    match ask(issuer, &appended, transport, timeout).await {
        Err(DiscoveryError::Status(_)) if !matches!(first, DiscoveryError::Status(404)) => {
            Err(first)
        }
        second => second,
    }
}

/// RFC 8414 §3.1 has the well-known part between host and path, OpenID Connect Discovery §4 behind the path.
fn locations(issuer: &Issuer) -> [String; 2] {
    let mut inserted = Url::parse(issuer.as_str()).expect("an issuer is a URL by construction");
    inserted.set_path(&issuer.well_known_path("oauth-authorization-server"));
    [
        inserted.into(),
        issuer.endpoint("/.well-known/openid-configuration"),
    ]
}

async fn ask(
    issuer: &Issuer,
    url: &str,
    transport: &dyn Transport,
    timeout: Duration,
) -> Result<Metadata, DiscoveryError> {
    let request = get(url, "application/json")?;
    let limits = Limits {
        max_bytes: MAX_LEN,
        timeout,
    };
    let response = transport.send(request, limits).await?;
    if response.status() != StatusCode::OK {
        return Err(DiscoveryError::Status(response.status().as_u16()));
    }
    // A transport of somebody else's may have read on.
    if response.body().len() > MAX_LEN {
        return Err(TransportError::TooLong(MAX_LEN).into());
    }
    let members = json::parse_object(response.body()).map_err(DiscoveryError::Json)?;
    // RFC 8414 §3.3: "The 'issuer' value returned MUST be identical to the authorization server's issuer identifier
    // value ... If these values are not identical, the data contained in the response MUST NOT be used."
    match members.get("issuer").and_then(Value::as_str) {
        Some(named) if named == issuer.as_str() => Ok(Metadata {
            members,
            development: issuer.is_development(),
        }),
        other => Err(DiscoveryError::Issuer(
            other.unwrap_or("").chars().take(MAX_SHOWN).collect(),
        )),
    }
}

/// A request for the document at `url`.
pub(crate) fn get(url: &str, accept: &'static str) -> Result<Request<Vec<u8>>, TransportError> {
    Request::builder()
        .method(Method::GET)
        .uri(url)
        .header(header::ACCEPT, accept)
        .body(Vec::new())
        .map_err(|error| TransportError::Connection(error.to_string()))
}

impl Metadata {
    /// The endpoint that the member `name` names. One without TLS only if the issuer has none either.
    pub(crate) fn endpoint(&self, name: &'static str) -> Result<Endpoint, DiscoveryError> {
        let text = self.members.get(name).and_then(Value::as_str);
        let endpoint: Endpoint = text
            .ok_or(DiscoveryError::Missing(name))?
            .parse()
            .map_err(|error| DiscoveryError::Endpoint(name, error))?;
        if endpoint.is_plain() && !self.development {
            return Err(DiscoveryError::Endpoint(name, EndpointError::NotHttps));
        }
        Ok(endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc8414_06_well_known_between_host_and_path_then_behind_it() {
        let cases = [
            (
                "https://as.example",
                "https://as.example/.well-known/oauth-authorization-server",
                "https://as.example/.well-known/openid-configuration",
            ),
            (
                "https://as.example/",
                "https://as.example/.well-known/oauth-authorization-server",
                "https://as.example/.well-known/openid-configuration",
            ),
            (
                "https://as.example:8443/a/b/",
                "https://as.example:8443/.well-known/oauth-authorization-server/a/b",
                "https://as.example:8443/a/b/.well-known/openid-configuration",
            ),
        ];
        for (issuer, inserted, appended) in cases {
            assert_eq!(locations(&issuer.parse().unwrap()), [inserted, appended]);
        }
    }
}
