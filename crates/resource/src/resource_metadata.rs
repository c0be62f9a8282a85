//! What an API publishes about itself: RFC 9728.

use countersign_core::{ResourceUri, ResourceUriError, Scope};
use http::{HeaderValue, Response, header};
use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::EndpointError;
use crate::endpoint::Endpoint;

/// RFC 9728 §3: what is put between the host and the path of the resource.
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The metadata of a protected resource: from it, clients learn which issuer to ask for a token, and for which scopes.
///
/// What is not set is left out of the document.
///
/// ```
/// use countersign_resource::ResourceMetadata;
///
/// let metadata = ResourceMetadata::new("https://api.example.com/accounts")?
///     .authorization_server("https://login.example.com")
///     .scopes("accounts.read accounts.write".parse()?);
/// assert_eq!(
///     metadata.well_known_url(),
///     "https://api.example.com/.well-known/oauth-protected-resource/accounts",
/// );
/// let document: serde_json::Value = serde_json::from_str(metadata.response().body())?;
/// assert_eq!(document["scopes_supported"], serde_json::json!(["accounts.read", "accounts.write"]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResourceMetadata {
    resource: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorization_servers: Vec<String>,
    #[serde(skip_serializing_if = "Scope::is_empty", serialize_with = "as_list")]
    scopes_supported: Scope,
    bearer_methods_supported: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_documentation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_policy_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_tos_uri: Option<String>,
}

/// Why a text is no identifier of a resource that can publish metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ResourceMetadataError {
    /// It is no absolute URI, too long, or has a fragment.
    #[error(transparent)]
    Uri(#[from] ResourceUriError),
    /// It is no `https` URL with a host, nor `http` on the loopback interface, or has a user name or password.
    #[error(transparent)]
    Url(#[from] EndpointError),
    /// A URL parser would change it, so clients would ask somewhere else.
    #[error(
        "the resource must be in its normal form: lower case host, no default port, no dot segments"
    )]
    NotNormal,
}

impl ResourceMetadata {
    /// The metadata of `resource`, the URL that tokens have as their audience: `https`, or `http` on loopback for
    /// development; without a fragment (RFC 9728 §1.2).
    pub fn new(resource: &str) -> Result<Self, ResourceMetadataError> {
        let uri: ResourceUri = resource.parse()?;
        let url: Endpoint = uri.as_str().parse()?;
        let root_without_slash = url.as_str().strip_suffix('/') == Some(resource);
        if url.as_str() != resource && !root_without_slash {
            return Err(ResourceMetadataError::NotNormal);
        }
        Ok(Self {
            resource: resource.to_owned(),
            authorization_servers: Vec::new(),
            scopes_supported: Scope::empty(),
            bearer_methods_supported: ["header"],
            resource_name: None,
            resource_documentation: None,
            resource_policy_uri: None,
            resource_tos_uri: None,
        })
    }

    /// Adds an issuer whose tokens are accepted here.
    #[must_use]
    pub fn authorization_server(mut self, issuer: impl Into<String>) -> Self {
        self.authorization_servers.push(issuer.into());
        self
    }

    /// The scopes that clients may have a use for here.
    #[must_use]
    pub fn scopes(self, scopes: Scope) -> Self {
        Self {
            scopes_supported: scopes,
            ..self
        }
    }

    /// The name of the API, for people.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        Self {
            resource_name: Some(name.into()),
            ..self
        }
    }

    /// The URL of a page for developers.
    #[must_use]
    pub fn documentation(self, url: impl Into<String>) -> Self {
        Self {
            resource_documentation: Some(url.into()),
            ..self
        }
    }

    /// The URL of a page that says how clients may use the data.
    #[must_use]
    pub fn policy_uri(self, url: impl Into<String>) -> Self {
        Self {
            resource_policy_uri: Some(url.into()),
            ..self
        }
    }

    /// The URL of the terms of service.
    #[must_use]
    pub fn tos_uri(self, url: impl Into<String>) -> Self {
        Self {
            resource_tos_uri: Some(url.into()),
            ..self
        }
    }

    /// The resource, as it was given.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The path at which the host of the resource serves the document.
    #[must_use]
    pub fn well_known_path(&self) -> String {
        let (_, rest) = self.split();
        let path = rest.split_once('?').map_or(rest, |(path, _)| path);
        format!("{WELL_KNOWN}{path}")
    }

    /// The URL of the document, for [`Challenge::resource_metadata`](crate::Challenge::resource_metadata).
    #[must_use]
    pub fn well_known_url(&self) -> String {
        let (host, rest) = self.split();
        format!("{host}{WELL_KNOWN}{rest}")
    }

    /// The document, as it is served at [`ResourceMetadata::well_known_path`].
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "texts and lists of texts are always representable in JSON"
    )]
    pub fn response(&self) -> Response<String> {
        let body = serde_json::to_string(self)
            .expect("texts and lists of texts are always representable in JSON");
        let mut response = Response::new(body);
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        response
    }

    /// Scheme and host, and what the document's URL has after the well-known part: RFC 9728 §3.1, "any terminating
    /// slash (/) following the host component MUST be removed before inserting".
    fn split(&self) -> (&str, &str) {
        let host = self.resource.find("://").map_or(0, |colon| colon + 3);
        let end = self.resource[host..]
            .find('/')
            .map_or(self.resource.len(), |at| host + at);
        let (host, rest) = self.resource.split_at(end);
        match rest.strip_prefix('/') {
            Some(after) if after.is_empty() || after.starts_with('?') => (host, after),
            _ => (host, rest),
        }
    }
}

/// RFC 9728 §2 has a list of texts where RFC 6749 has one text.
fn as_list<S: Serializer>(scope: &Scope, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(scope)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn rfc9728_3_1_the_well_known_part_goes_between_host_and_path() {
        const ROOT: &str = "/.well-known/oauth-protected-resource";
        let cases = [
            ("https://a.example", ROOT.to_owned(), String::new()),
            ("https://a.example/", ROOT.to_owned(), String::new()),
            ("https://a.example/v1", format!("{ROOT}/v1"), String::new()),
            (
                "https://a.example/v1/",
                format!("{ROOT}/v1/"),
                String::new(),
            ),
            (
                "https://a.example:8443/v1/x?t=1/2",
                format!("{ROOT}/v1/x"),
                "?t=1/2".into(),
            ),
            ("https://a.example/?t=1", ROOT.to_owned(), "?t=1".into()),
            (
                "http://127.0.0.1:8080/a",
                format!("{ROOT}/a"),
                String::new(),
            ),
            ("http://[::1]:8080", ROOT.to_owned(), String::new()),
            ("http://localhost:8080", ROOT.to_owned(), String::new()),
        ];
        for (resource, path, query) in cases {
            let metadata = ResourceMetadata::new(resource).unwrap();
            assert_eq!(metadata.well_known_path(), path, "{resource}");
            let host = Url::parse(resource).unwrap().origin().ascii_serialization();
            assert_eq!(
                metadata.well_known_url(),
                format!("{host}{path}{query}"),
                "{resource}"
            );
        }
    }

    #[test]
    fn rfc9728_1_2_what_is_no_resource() {
        use ResourceMetadataError::{NotNormal, Uri, Url};
        let cases = [
            ("http://api.example", Url(EndpointError::NotHttps)),
            ("http://localhost.example", Url(EndpointError::NotHttps)),
            ("http://127.0.0.1.example", Url(EndpointError::NotHttps)),
            ("urn:example:api", Url(EndpointError::NotAUrl)),
            ("ftp://a.example", Url(EndpointError::NotHttps)),
            ("https://a.example/#x", Uri(ResourceUriError::Fragment)),
            ("a.example/v1", Uri(ResourceUriError::NotAbsolute)),
            ("", Uri(ResourceUriError::NotAbsolute)),
            ("https://u@a.example", Url(EndpointError::Excess)),
            ("https://u:p@a.example", Url(EndpointError::Excess)),
            ("https://A.example", NotNormal),
            ("HTTPS://a.example", NotNormal),
            ("https://a.example:443", NotNormal),
            ("https://a.example/a/../b", NotNormal),
            ("https:/a.example", NotNormal),
        ];
        for (resource, expected) in cases {
            assert_eq!(
                ResourceMetadata::new(resource).err(),
                Some(expected),
                "{resource}"
            );
        }
    }

    #[test]
    fn rfc9728_2_the_members_of_the_document() {
        let metadata = ResourceMetadata::new("https://a.example")
            .unwrap()
            .authorization_server("https://one.example")
            .authorization_server("https://two.example")
            .name("Accounts")
            .documentation("https://a.example/docs")
            .policy_uri("https://a.example/policy")
            .tos_uri("https://a.example/tos");
        let response = metadata.response();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(response.body()).unwrap(),
            serde_json::json!({
                "resource": "https://a.example",
                "authorization_servers": ["https://one.example", "https://two.example"],
                "bearer_methods_supported": ["header"],
                "resource_name": "Accounts",
                "resource_documentation": "https://a.example/docs",
                "resource_policy_uri": "https://a.example/policy",
                "resource_tos_uri": "https://a.example/tos",
            })
        );
    }

    proptest! {
        #[test]
        fn whatever_is_taken_has_a_well_known_url(rest in "[a-z0-9./?:@%&=#-]{0,30}") {
            if let Ok(metadata) = ResourceMetadata::new(&format!("https://{rest}")) {
                let url = Url::parse(&metadata.well_known_url()).unwrap();
                prop_assert_eq!(url.path(), metadata.well_known_path());
                prop_assert_eq!(url.origin(), Url::parse(metadata.resource()).unwrap().origin());
                prop_assert!(url.path().starts_with(WELL_KNOWN));
            }
        }
    }
}
