//! Form bodies: `application/x-www-form-urlencoded`, read strictly.

use std::fmt;

use countersign_core::Secret;
use percent_encoding::percent_decode_str;
use thiserror::Error;

use crate::{AuthorizationParameters, ErrorResponse};

/// The parameters of a request body, each at most once.
///
/// Parameters without a value count as absent (RFC 6749 §3.2). Values are wiped from memory when dropped, since any of
/// them may be a secret; `Debug` shows names only.
pub struct Form {
    parameters: Vec<(String, Secret<String>)>,
}

/// Why a body is no form.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormError {
    /// It has more than [`Form::MAX_PARAMETERS`] parameters.
    #[error("the request has more than {max} parameters", max = Form::MAX_PARAMETERS)]
    TooManyParameters,
    /// It has more than [`AuthorizationParameters::MAX_LEN`] bytes, and is a request that a page carries.
    #[error("the request has more than {max} bytes", max = AuthorizationParameters::MAX_LEN)]
    TooLong,
    /// A parameter is given more than once (RFC 6749 §3.2).
    #[error("the parameter '{0}' is given more than once")]
    Repeated(String),
    /// It has control characters as they are, which a form never has, and is a request that a page carries.
    #[error("the request has control characters that are not encoded")]
    ControlCharacters,
    /// A name or value is not UTF-8 once it is decoded.
    #[error("the request is not UTF-8")]
    NotUtf8,
}

impl Form {
    /// The most parameters that a form may have.
    pub const MAX_PARAMETERS: usize = 64;

    /// Reads a body; only parameters in `repeatable` may be given more than once.
    pub fn parse(body: &[u8], repeatable: &[&str]) -> Result<Self, FormError> {
        let (form, repeated) = Self::parse_apart(body, repeatable)?;
        match repeated.into_iter().next() {
            Some(name) => Err(FormError::Repeated(name)),
            None => Ok(form),
        }
    }

    /// Reads a body of which the rest has to be known even where a parameter is repeated against the rule: such a
    /// parameter counts as absent altogether, and its name is told beside the form.
    pub(crate) fn parse_apart(
        body: &[u8],
        repeatable: &[&str],
    ) -> Result<(Self, Vec<String>), FormError> {
        let body = std::str::from_utf8(body).map_err(|_| FormError::NotUtf8)?;
        let pairs = || body.split('&').filter(|pair| !pair.is_empty());
        if pairs().count() > Self::MAX_PARAMETERS {
            return Err(FormError::TooManyParameters);
        }
        let mut parameters: Vec<(String, Secret<String>)> = Vec::new();
        let mut repeated = Vec::new();
        for pair in pairs() {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name)?;
            // RFC 6749 §3.2: "Request and response parameters MUST NOT be included more than once." Also those that
            // we do not know, and those without a value: a proxy might read them differently.
            if !repeatable.contains(&name.as_str())
                && !repeated.contains(&name)
                && parameters.iter().any(|(known, _)| *known == name)
            {
                repeated.push(name.clone());
            }
            parameters.push((name, Secret::new(decode(value)?)));
        }
        parameters.retain(|(name, _)| !repeated.contains(name));
        Ok((Self { parameters }, repeated))
    }

    /// The form with these parameters, for a request that came in another shape. A name stands once.
    pub fn from_parameters(
        parameters: impl IntoIterator<Item = (String, Secret<String>)>,
    ) -> Result<Self, FormError> {
        let mut form = Self {
            parameters: Vec::new(),
        };
        for (name, value) in parameters {
            if form.parameters.iter().any(|(known, _)| *known == name) {
                return Err(FormError::Repeated(name));
            }
            form.parameters.push((name, value));
        }
        Ok(form)
    }

    /// Every value of the parameter `name`, in their order, without the empty ones.
    pub fn all<'form>(&'form self, name: &str) -> impl Iterator<Item = &'form str> {
        // RFC 6749 §3.2: "Parameters sent without a value MUST be treated as if they were omitted".
        self.parameters
            .iter()
            .filter(move |(known, value)| known == name && !value.expose().is_empty())
            .map(|(_, value)| value.expose().as_str())
    }

    /// The value of the parameter `name`, if it is there and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The value of the parameter `name` as a secret, if it is there and not empty.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<Secret<String>> {
        self.get(name).map(|value| Secret::new(value.to_owned()))
    }

    /// The value of the parameter `name`, or the error that says that it is missing.
    pub fn require(&self, name: &'static str) -> Result<&str, ErrorResponse> {
        self.get(name)
            .ok_or_else(|| ErrorResponse::missing_parameter(name))
    }

    /// The value of the parameter `name` as a secret, or the error that says that it is missing.
    pub fn require_secret(&self, name: &'static str) -> Result<Secret<String>, ErrorResponse> {
        self.secret(name)
            .ok_or_else(|| ErrorResponse::missing_parameter(name))
    }
}

/// RFC 6749 appendix B, for text that is UTF-8 throughout.
pub(crate) fn decode(text: &str) -> Result<String, FormError> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| FormError::NotUtf8)
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.parameters.iter().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(body: &str) -> Result<Form, FormError> {
        Form::parse(body.as_bytes(), &["resource"])
    }

    #[test]
    fn values_are_decoded_once() {
        let form = parse("scope=read+write&client_id=a%2Bb&x=%2541&eq=a=b&raw=%zz&flag").unwrap();
        for (name, expected) in [
            ("scope", Some("read write")),
            ("client_id", Some("a+b")),
            ("x", Some("%41")),
            ("eq", Some("a=b")),
            ("raw", Some("%zz")),
            ("flag", None),
            ("absent", None),
        ] {
            assert_eq!(form.get(name), expected, "{name}");
        }
    }

    #[test]
    fn rfc6749_25_empty_is_absent_and_repeated_is_refused() {
        assert_eq!(parse("scope=&a=1").unwrap().get("scope"), None);
        for (body, name) in [
            ("scope=a&scope=a", "scope"),
            ("scope=&scope=a", "scope"),
            ("extra=1&extra=2", "extra"),
            ("sc%6fpe=a&scope=b", "scope"),
        ] {
            assert_eq!(
                parse(body).unwrap_err(),
                FormError::Repeated(name.into()),
                "{body}"
            );
        }
    }

    #[test]
    fn rfc8707_02_resource_may_be_repeated() {
        let form = parse("resource=urn:a&resource=&resource=urn:b").unwrap();
        assert_eq!(form.all("resource").collect::<Vec<_>>(), ["urn:a", "urn:b"]);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused() {
        assert_eq!(parse("a=%ff").unwrap_err(), FormError::NotUtf8);
        assert_eq!(Form::parse(b"a=\xff", &[]).unwrap_err(), FormError::NotUtf8);
    }

    #[test]
    fn the_number_of_parameters_is_bounded() {
        let body = |count: usize| {
            (0..count)
                .map(|n| format!("p{n}=1"))
                .collect::<Vec<_>>()
                .join("&")
        };
        assert!(parse(&body(Form::MAX_PARAMETERS)).is_ok());
        assert_eq!(
            parse(&body(Form::MAX_PARAMETERS + 1)).unwrap_err(),
            FormError::TooManyParameters
        );
    }

    #[test]
    fn debug_shows_names_only() {
        let form = parse("client_secret=hunter2").unwrap();
        assert_eq!(format!("{form:?}"), r#"["client_secret"]"#);
    }

    proptest! {
        #[test]
        fn any_bytes_parse_or_are_refused(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Form::parse(&body, &[]);
        }

        #[test]
        fn what_is_encoded_comes_back(value in "\\PC{1,40}") {
            let encoded = percent_encoding::utf8_percent_encode(
                &value,
                percent_encoding::NON_ALPHANUMERIC,
            );
            let body = format!("v={encoded}");
            let form = Form::parse(body.as_bytes(), &[]).unwrap();
            prop_assert_eq!(form.get("v"), Some(value.as_str()));
        }
    }
}
