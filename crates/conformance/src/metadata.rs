//! Authorization server metadata (RFC 8414): where it lies, and what checks ask of it.

use serde_json::{Map, Value};
use url::Url;

use crate::http::Answer;

/// RFC 8414 §3.1: the well-known part goes between host and path of the issuer.
pub(crate) fn well_known_url(issuer: &Url) -> Url {
    let mut url = issuer.clone();
    let path = issuer.path().trim_end_matches('/');
    url.set_path(&format!("/.well-known/oauth-authorization-server{path}"));
    url.set_query(None);
    url.set_fragment(None);
    url
}

/// OpenID Connect Discovery 1.0 §4: the well-known part goes behind the issuer.
pub(crate) fn discovery_url(issuer: &Url) -> Url {
    let mut url = issuer.clone();
    let path = issuer.path().trim_end_matches('/');
    url.set_path(&format!("{path}/.well-known/openid-configuration"));
    url.set_query(None);
    url.set_fragment(None);
    url
}

/// A metadata document and the answer that brought it.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) answer: Answer,
    members: Map<String, Value>,
}

impl Metadata {
    /// The document, if the answer holds one.
    pub(crate) fn read(answer: Answer) -> Option<Self> {
        let members = answer.object()?;
        answer.is_success().then_some(Self { answer, members })
    }

    pub(crate) fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    pub(crate) fn text(&self, member: &str) -> Option<&str> {
        self.members.get(member)?.as_str()
    }

    pub(crate) fn url(&self, member: &str) -> Option<Url> {
        Url::parse(self.text(member)?).ok()
    }

    /// A list of strings; `None` if it is not there.
    pub(crate) fn list(&self, member: &str) -> Option<Vec<&str>> {
        Some(
            self.members
                .get(member)?
                .as_array()?
                .iter()
                .filter_map(Value::as_str)
                .collect(),
        )
    }

    /// Whether a list is there and holds `value`.
    pub(crate) fn lists(&self, member: &str, value: &str) -> bool {
        self.list(member).is_some_and(|list| list.contains(&value))
    }

    /// Members that hold one URL: `jwks_uri` and every `..._endpoint`.
    pub(crate) fn urls(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members.iter().filter_map(|(name, value)| {
            let is_url = name == "jwks_uri" || name.ends_with("_endpoint");
            Some((name.as_str(), value.as_str().filter(|_| is_url)?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_part_goes_between_host_and_path() {
        let table = [
            (
                "https://as.example",
                "https://as.example/.well-known/oauth-authorization-server",
            ),
            (
                "https://as.example/",
                "https://as.example/.well-known/oauth-authorization-server",
            ),
            (
                "https://as.example/a/b",
                "https://as.example/.well-known/oauth-authorization-server/a/b",
            ),
            (
                "https://as.example/a/",
                "https://as.example/.well-known/oauth-authorization-server/a",
            ),
        ];
        for (issuer, expected) in table {
            let issuer = Url::parse(issuer).expect("it is a URL");
            assert_eq!(well_known_url(&issuer).as_str(), expected);
        }
        let issuer = Url::parse("https://as.example/a").expect("it is a URL");
        let expected = "https://as.example/a/.well-known/openid-configuration";
        assert_eq!(discovery_url(&issuer).as_str(), expected);
    }
}
