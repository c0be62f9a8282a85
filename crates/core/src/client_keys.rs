//! The public keys by which a client proves who it is: RFC 7591 §2, `jwks` and `jwks_uri`.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;
use url::Url;

use crate::loopback::is_loopback;
use crate::resource::has_uri_characters_only;
use crate::text::checked_text;

/// Where a client publishes its JWK Set (RFC 7517): `https`, or `http` on the loopback interface, where nobody listens in.
///
/// Whether it may be asked is not said by its text: a name can lead anywhere. Who fetches judges the address.
///
/// ```
/// use countersign_core::JwksUri;
///
/// assert!("https://client.example.com/jwks.json".parse::<JwksUri>().is_ok());
/// assert!("http://client.example.com/jwks.json".parse::<JwksUri>().is_err());
/// assert!("https://user@client.example.com/".parse::<JwksUri>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JwksUri(Box<str>);

checked_text!(JwksUri, JwksUriError);

/// Why a text is no URI of a JWK Set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JwksUriError {
    /// It has more than [`JwksUri::MAX_LEN`] characters.
    #[error("a jwks_uri has at most {max} characters", max = JwksUri::MAX_LEN)]
    TooLong,
    /// It is not an absolute URL with a host.
    #[error("a jwks_uri is a URL such as https://client.example.com/jwks.json")]
    NotAUrl,
    /// It is neither `https`, nor `http` to the loopback interface.
    #[error("a jwks_uri must be https: who can change it on the way is the client")]
    NotHttps,
    /// It carries a user name or password.
    #[error("a jwks_uri has no user name and no password")]
    UserInfo,
    /// It has a fragment.
    #[error("a jwks_uri has no fragment")]
    Fragment,
}

impl JwksUri {
    /// The most characters that it may have.
    pub const MAX_LEN: usize = 2048;
}

impl FromStr for JwksUri {
    type Err = JwksUriError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > Self::MAX_LEN {
            return Err(JwksUriError::TooLong);
        }
        if !has_uri_characters_only(text) {
            return Err(JwksUriError::NotAUrl);
        }
        if text.contains('#') {
            return Err(JwksUriError::Fragment);
        }
        let url = Url::parse(text).map_err(|_| JwksUriError::NotAUrl)?;
        let host = url.host().ok_or(JwksUriError::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&host) => {}
            _ => return Err(JwksUriError::NotHttps),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(JwksUriError::UserInfo);
        }
        Ok(Self(text.into()))
    }
}

/// A JWK Set (RFC 7517 §5) as JSON: its keys, and none of the members that others may have put beside them. Which of the
/// keys are good for anything is for those to judge who verify with them.
///
/// ```
/// use countersign_core::JwkSetDocument;
///
/// assert!(r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "..."}]}"#.parse::<JwkSetDocument>().is_ok());
/// assert!(r#"{"kty": "OKP", "crv": "Ed25519", "x": "..."}"#.parse::<JwkSetDocument>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
pub struct JwkSetDocument(Map<String, Value>);

/// Why JSON is no JWK Set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JwkSetDocumentError {
    /// It is not JSON.
    #[error("this is no JSON")]
    Syntax,
    /// It is not an object whose member `keys` is a list of objects.
    #[error("a JWK Set is a JSON object whose member keys is a list of JWKs")]
    NotASet,
    /// The list of keys is empty.
    #[error("the JWK Set has no key")]
    Empty,
    /// It has more than [`JwkSetDocument::MAX_KEYS`] keys.
    #[error("a JWK Set has at most {max} keys", max = JwkSetDocument::MAX_KEYS)]
    TooManyKeys,
    /// It has more than [`JwkSetDocument::MAX_LEN`] bytes.
    #[error("a JWK Set has at most {max} bytes", max = JwkSetDocument::MAX_LEN)]
    TooLong,
}

impl JwkSetDocument {
    /// The most keys that it may have.
    pub const MAX_KEYS: usize = 32;

    /// The most bytes that it may have.
    pub const MAX_LEN: usize = 64 * 1024;

    /// The document as JSON, in which every member stands once.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        Value::Object(self.0.clone()).to_string().into_bytes()
    }
}

impl TryFrom<Map<String, Value>> for JwkSetDocument {
    type Error = JwkSetDocumentError;

    fn try_from(mut object: Map<String, Value>) -> Result<Self, Self::Error> {
        let Some(Value::Array(keys)) = object.remove("keys") else {
            return Err(JwkSetDocumentError::NotASet);
        };
        if keys.is_empty() {
            return Err(JwkSetDocumentError::Empty);
        }
        if keys.len() > Self::MAX_KEYS {
            return Err(JwkSetDocumentError::TooManyKeys);
        }
        if !keys.iter().all(Value::is_object) {
            return Err(JwkSetDocumentError::NotASet);
        }
        let document = Self(Map::from_iter([("keys".to_owned(), keys.into())]));
        if document.to_json().len() > Self::MAX_LEN {
            return Err(JwkSetDocumentError::TooLong);
        }
        Ok(document)
    }
}

impl From<JwkSetDocument> for Map<String, Value> {
    fn from(document: JwkSetDocument) -> Self {
        document.0
    }
}

impl FromStr for JwkSetDocument {
    type Err = JwkSetDocumentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > Self::MAX_LEN {
            return Err(JwkSetDocumentError::TooLong);
        }
        let value: Value = serde_json::from_str(text).map_err(|_| JwkSetDocumentError::Syntax)?;
        match value {
            Value::Object(object) => object.try_into(),
            _ => Err(JwkSetDocumentError::NotASet),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jwks_uri_is_https_or_never_leaves_the_machine() {
        let cases = [
            ("https://client.example/jwks.json", Ok(())),
            ("https://client.example:8443/a?b=c", Ok(())),
            // Whether it may be asked is for the fetch to judge.
            ("https://10.0.0.1/jwks", Ok(())),
            ("http://127.0.0.1:7000/jwks", Ok(())),
            ("http://[::1]/jwks", Ok(())),
            ("http://localhost/jwks", Ok(())),
            ("http://client.example/jwks", Err(JwksUriError::NotHttps)),
            ("ftp://client.example/jwks", Err(JwksUriError::NotHttps)),
            ("file:///etc/passwd", Err(JwksUriError::NotAUrl)),
            ("data:,%7B%7D", Err(JwksUriError::NotAUrl)),
            ("https://a:b@client.example/", Err(JwksUriError::UserInfo)),
            ("https://client.example/#x", Err(JwksUriError::Fragment)),
            ("client.example/jwks", Err(JwksUriError::NotAUrl)),
            ("https://client.example/a b", Err(JwksUriError::NotAUrl)),
            ("", Err(JwksUriError::NotAUrl)),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<JwksUri>().map(|_| ()), expected, "{text}");
        }
        let long = format!("https://client.example/{}", "x".repeat(JwksUri::MAX_LEN));
        assert_eq!(long.parse::<JwksUri>(), Err(JwksUriError::TooLong));
    }

    #[test]
    fn a_set_has_keys() {
        let parse = |text: &str| text.parse::<JwkSetDocument>().map(|_| ());
        assert_eq!(parse(r#"{"keys":[{}]}"#), Ok(()));
        assert_eq!(parse(r#"{"keys":[]}"#), Err(JwkSetDocumentError::Empty));
        for no_set in [
            "[]",
            "7",
            "{}",
            r#"{"kty":"EC"}"#,
            r#"{"keys":{}}"#,
            r#"{"keys":[1]}"#,
        ] {
            assert_eq!(parse(no_set), Err(JwkSetDocumentError::NotASet), "{no_set}");
        }
        assert_eq!(parse("{"), Err(JwkSetDocumentError::Syntax));
        let many = format!(r#"{{"keys":[{}]}}"#, vec!["{}"; 33].join(","));
        assert_eq!(parse(&many), Err(JwkSetDocumentError::TooManyKeys));
        let long = format!(r#"{{"keys":[{{"x5c":"{}"}}]}}"#, "x".repeat(65_536));
        assert_eq!(parse(&long), Err(JwkSetDocumentError::TooLong));
    }

    #[test]
    fn a_set_is_written_as_it_was_read() {
        let text = r#"{"keys":[{"crv":"Ed25519","kty":"OKP","x":"a"}]}"#;
        let set: JwkSetDocument = text.parse().unwrap();
        assert_eq!(set.to_json(), text.as_bytes());
        assert_eq!(serde_json::to_string(&set).unwrap(), text);
        // A single key with a set in it, private half and all.
        let more = text.replacen('{', r#"{"d":"secret","#, 1);
        assert_eq!(more.parse(), Ok(set));
    }
}
