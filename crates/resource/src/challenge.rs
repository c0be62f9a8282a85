//! The `WWW-Authenticate` header: RFC 6750 §3, RFC 9728 §5.1.

use countersign_core::Scope;
use http::HeaderValue;

use crate::Refusal;

/// What an API tells about itself to those whom it does not let in.
///
/// Every attribute stands once at most and is quoted, so whatever text is given cannot become another attribute.
///
/// ```
/// use countersign_resource::{Challenge, Refusal};
///
/// let challenge = Challenge::new()
///     .realm("accounts")
///     .scope("accounts.read".parse()?)
///     .resource_metadata("https://api.example.com/.well-known/oauth-protected-resource");
/// assert_eq!(
///     challenge.header_value(&Refusal::Missing).as_ref().and_then(|value| value.to_str().ok()),
///     Some(
///         "Bearer realm=\"accounts\", scope=\"accounts.read\", \
///          resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\"",
///     ),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    realm: Option<String>,
    scope: Scope,
    resource_metadata: Option<String>,
}

/// RFC 6750 §3: the scheme "MUST be followed by one or more auth-param values", and this one is always there.
const DEFAULT_REALM: &str = "api";

impl Challenge {
    /// A challenge that says nothing but that a bearer token is asked for, in the realm `api`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The name of what is protected (RFC 9110 §11.5). What is not printable ASCII becomes `?`.
    #[must_use]
    pub fn realm(self, realm: impl Into<String>) -> Self {
        Self {
            realm: Some(realm.into()),
            ..self
        }
    }

    /// The scope that a token needs here (RFC 6750 §3).
    #[must_use]
    pub fn scope(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    /// Where the metadata of the API is published, [`ResourceMetadata::well_known_url`] (RFC 9728 §5.1).
    ///
    /// [`ResourceMetadata::well_known_url`]: crate::ResourceMetadata::well_known_url
    #[must_use]
    pub fn resource_metadata(self, url: impl Into<String>) -> Self {
        Self {
            resource_metadata: Some(url.into()),
            ..self
        }
    }

    /// The value of `WWW-Authenticate` for `refusal`; none if a token could not help.
    #[must_use]
    pub fn header_value(&self, refusal: &Refusal) -> Option<HeaderValue> {
        let scope = match refusal {
            Refusal::Unavailable { .. } => return None,
            Refusal::InsufficientScope { required } => required,
            Refusal::Missing | Refusal::Malformed(_) | Refusal::InvalidToken(_) => &self.scope,
        };
        let mut value = String::from("Bearer ");
        push_quoted(
            &mut value,
            "realm",
            self.realm.as_deref().unwrap_or(DEFAULT_REALM),
        );
        if let Some(code) = refusal.code() {
            value.push_str(", ");
            push_quoted(&mut value, "error", code);
            value.push_str(", ");
            push_quoted(&mut value, "error_description", refusal.description());
        }
        if !scope.is_empty() {
            value.push_str(", ");
            push_quoted(&mut value, "scope", &scope.to_string());
        }
        if let Some(url) = &self.resource_metadata {
            value.push_str(", ");
            push_quoted(&mut value, "resource_metadata", url);
        }
        HeaderValue::try_from(value).ok()
    }
}

/// Appends `name="text"` with `text` as a quoted-string (RFC 9110 §5.6.4).
fn push_quoted(value: &mut String, name: &str, text: &str) {
    value.push_str(name);
    value.push_str("=\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => value.extend(['\\', char]),
            ' '..='~' => value.push(char),
            _ => value.push('?'),
        }
    }
    value.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{InvalidToken, MalformedReason};

    const METADATA: &str = "https://api.example/.well-known/oauth-protected-resource";

    fn value(challenge: &Challenge, refusal: &Refusal) -> Option<String> {
        let value = challenge.header_value(refusal)?;
        Some(value.to_str().unwrap().to_owned())
    }

    /// The attributes of a challenge, as RFC 9110 §11.6.1 has them; `None` if it is anything else.
    fn attributes(challenge: &str) -> Option<Vec<(String, String)>> {
        let mut rest = challenge.strip_prefix("Bearer ")?;
        let mut attributes = Vec::new();
        loop {
            let (name, after) = rest.split_once("=\"")?;
            let mut text = String::new();
            let mut chars = after.chars();
            loop {
                match chars.next()? {
                    '"' => break,
                    '\\' => text.push(chars.next()?),
                    char => text.push(char),
                }
            }
            attributes.push((name.to_owned(), text));
            rest = chars.as_str();
            if rest.is_empty() {
                return Some(attributes);
            }
            rest = rest.strip_prefix(", ")?;
        }
    }

    #[test]
    fn rfc6750_05_to_10_and_rfc9728_5_1_the_challenge_of_each_refusal() {
        let plain = Challenge::new();
        let full = Challenge::new()
            .realm("accounts")
            .scope("read write".parse().unwrap())
            .resource_metadata(METADATA);
        let tail = format!(r#", scope="read write", resource_metadata="{METADATA}""#);
        let cases = [
            (&plain, Refusal::Missing, Some(r#"Bearer realm="api""#.to_owned())),
            (&full, Refusal::Missing, Some(format!(r#"Bearer realm="accounts"{tail}"#))),
            (
                &plain,
                InvalidToken::Inactive.into(),
                Some(
                    r#"Bearer realm="api", error="invalid_token", error_description="the access token is not valid here""#
                        .to_owned(),
                ),
            ),
            (
                &full,
                InvalidToken::Expired.into(),
                Some(format!(
                    r#"Bearer realm="accounts", error="invalid_token", error_description="the access token has expired"{tail}"#
                )),
            ),
            (
                &full,
                MalformedReason::SeveralHeaders.into(),
                Some(format!(
                    r#"Bearer realm="accounts", error="invalid_request", error_description="there is more than one Authorization header"{tail}"#
                )),
            ),
            (
                &full,
                Refusal::InsufficientScope { required: "admin".parse().unwrap() },
                Some(format!(
                    r#"Bearer realm="accounts", error="insufficient_scope", error_description="the access token lacks a scope that is needed here", scope="admin", resource_metadata="{METADATA}""#
                )),
            ),
            (&full, Refusal::Unavailable { retry_after: 1 }, None),
        ];
        for (challenge, refusal, expected) in cases {
            assert_eq!(value(challenge, &refusal), expected, "{refusal:?}");
        }
    }

    #[test]
    fn nothing_breaks_out_of_its_quotes() {
        let cases = [
            (r#"a", error="x"#, r#"Bearer realm="a\", error=\"x""#),
            (r"a\", r#"Bearer realm="a\\""#),
            (r#"a\""#, r#"Bearer realm="a\\\"""#),
            ("a\r\nSet-Cookie: b", r#"Bearer realm="a??Set-Cookie: b""#),
            ("caf\u{e9}\u{0}\u{7f}", r#"Bearer realm="caf???""#),
            ("", r#"Bearer realm="""#),
        ];
        for (realm, expected) in cases {
            let challenge = Challenge::new().realm(realm);
            assert_eq!(
                value(&challenge, &Refusal::Missing).as_deref(),
                Some(expected),
                "{realm:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn rfc6750_06_attributes_stand_once_whatever_is_configured(realm in ".{0,40}", url in ".{0,40}") {
            let challenge = Challenge::new()
                .realm(realm)
                .scope("read".parse().unwrap())
                .resource_metadata(url);
            for refusal in [Refusal::Missing, InvalidToken::Inactive.into()] {
                let value = value(&challenge, &refusal).unwrap();
                let names: Vec<_> = attributes(&value).unwrap().into_iter().map(|(name, _)| name).collect();
                let expected: &[&str] = match refusal {
                    Refusal::Missing => &["realm", "scope", "resource_metadata"],
                    _ => &["realm", "error", "error_description", "scope", "resource_metadata"],
                };
                prop_assert_eq!(names, expected);
            }
        }

        #[test]
        fn printable_text_arrives_as_it_was_given(realm in "[ -~]{0,40}") {
            let value = value(&Challenge::new().realm(realm.clone()), &Refusal::Missing).unwrap();
            prop_assert_eq!(attributes(&value), Some(vec![("realm".to_owned(), realm)]));
        }
    }
}
