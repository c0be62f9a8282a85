//! How an API proves to the issuer that it may ask.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign_core::{Random, Secret, Timestamp};
use countersign_jose::SigningKey;
use countersign_jose::client_assertion::{self, AssertionClaims, SignAssertionError};
use http::HeaderValue;

/// Seconds for which an assertion is good: it is made for one request.
const ASSERTION_LIFETIME: u32 = 60;

/// How an API proves to the introspection endpoint that it may ask (RFC 7662 §2.1). `Debug` shows the client only.
#[derive(Clone)]
pub struct IntrospectionCredentials {
    client_id: String,
    proof: Proof,
}

#[derive(Clone)]
enum Proof {
    Secret(Secret<String>),
    /// A key, and its name.
    Key(Arc<SigningKey>, String),
}

/// What goes into one request.
pub(super) enum Presented {
    /// The value of `Authorization`.
    Header(HeaderValue),
    /// The parameter `client_assertion`.
    Assertion(String),
}

impl IntrospectionCredentials {
    /// HTTP Basic with the client's id and secret, `client_secret_basic` (RFC 6749 §2.3.1).
    pub fn secret_basic(client_id: impl Into<String>, secret: Secret<String>) -> Self {
        Self {
            client_id: client_id.into(),
            proof: Proof::Secret(secret),
        }
    }

    /// An assertion signed with the client's key, `private_key_jwt` (RFC 7523 §2.2): a fresh one for every request, good
    /// for the issuer alone. No secret leaves the program.
    ///
    /// `kid` names the RFC 7638 thumbprint of the key, as Countersign does when it makes one.
    ///
    /// ```no_run
    /// use countersign_resource::{IntrospectionCredentials, SigningAlgorithm, SigningKey};
    ///
    /// let (key, _) = SigningKey::from_pem(SigningAlgorithm::Es256, &std::fs::read_to_string("api.pem")?)?;
    /// let credentials = IntrospectionCredentials::private_key_jwt("api", key);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn private_key_jwt(client_id: impl Into<String>, key: SigningKey) -> Self {
        let kid = key.id().as_str().to_owned();
        Self::private_key_jwt_with_kid(client_id, key, kid)
    }

    /// As [`private_key_jwt`](Self::private_key_jwt), with the name that the issuer has for the key as `kid`: for issuers
    /// that give names of their own.
    pub fn private_key_jwt_with_kid(
        client_id: impl Into<String>,
        key: SigningKey,
        kid: impl Into<String>,
    ) -> Self {
        Self {
            client_id: client_id.into(),
            proof: Proof::Key(Arc::new(key), kid.into()),
        }
    }

    /// The client.
    pub(super) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The secret, if there is one.
    pub(super) fn secret(&self) -> Option<&str> {
        match &self.proof {
            Proof::Secret(secret) => Some(secret.expose()),
            Proof::Key(..) => None,
        }
    }

    /// What to present to `issuer` now.
    pub(super) fn present(
        &self,
        issuer: &str,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Presented, SignAssertionError> {
        match &self.proof {
            Proof::Secret(secret) => Ok(Presented::Header(basic(&self.client_id, secret))),
            Proof::Key(key, kid) => client_assertion::sign_as(
                key,
                kid,
                &AssertionClaims {
                    client_id: self.client_id.clone(),
                    issuer: issuer.to_owned(),
                    jti: URL_SAFE_NO_PAD.encode(random.bytes::<16>()),
                    iat: now,
                    lifetime_seconds: ASSERTION_LIFETIME,
                },
            )
            .map(Presented::Assertion),
        }
    }
}

impl Presented {
    /// The assertion, if it is one.
    pub(super) fn assertion(&self) -> Option<&str> {
        match self {
            Self::Header(_) => None,
            Self::Assertion(assertion) => Some(assertion),
        }
    }
}

/// RFC 6749 §2.3.1: both halves form-encoded (appendix B), then HTTP Basic.
fn basic(client_id: &str, secret: &Secret<String>) -> HeaderValue {
    // Each buffer is large enough from the start: one that grows leaves copies behind. The header is the only other one.
    let longest = 3 * (client_id.len() + secret.expose().len()) + 1;
    let mut pair = Secret::new(String::with_capacity(longest));
    let text = pair.expose_mut();
    text.extend(form_urlencoded::byte_serialize(client_id.as_bytes()));
    text.push(':');
    text.extend(form_urlencoded::byte_serialize(secret.expose().as_bytes()));
    let mut encoded = Secret::new(String::with_capacity(6 + 4 * longest.div_ceil(3)));
    encoded.expose_mut().push_str("Basic ");
    STANDARD.encode_string(pair.expose(), encoded.expose_mut());
    let mut value =
        HeaderValue::from_str(encoded.expose()).expect("base64 is made of visible ASCII");
    value.set_sensitive(true);
    value
}

impl fmt::Debug for IntrospectionCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionCredentials")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc6749_2_3_1_both_halves_are_form_encoded() {
        let cases = [
            ("s6BhdRkqt3", "gX1fBat3bV", "s6BhdRkqt3:gX1fBat3bV"),
            ("cl:i d", "s:e c+\u{e9}%", "cl%3Ai+d:s%3Ae+c%2B%C3%A9%25"),
            (
                "https://api.example",
                "a\nb",
                "https%3A%2F%2Fapi.example:a%0Ab",
            ),
        ];
        for (client_id, secret, pair) in cases {
            let value = basic(client_id, &Secret::new(secret.into()));
            assert!(value.is_sensitive());
            let encoded = value.to_str().unwrap().strip_prefix("Basic ").unwrap();
            assert_eq!(STANDARD.decode(encoded).unwrap(), pair.as_bytes());
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let credentials =
            IntrospectionCredentials::secret_basic("api", Secret::new("hunter2".into()));
        let shown = format!("{credentials:?}");
        assert!(shown.contains("api") && !shown.contains("hunter2"));
    }
}
