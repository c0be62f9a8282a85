//! Who judges the token of a request.

use http::HeaderMap;

use crate::{AccessToken, Introspector, Refusal, Validator, bearer_token};

/// Judges the bearer tokens of requests: by keys, by asking the issuer, or each token in its own way. Cheap to clone.
///
/// ```no_run
/// # async fn example(headers: &http::HeaderMap) -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_resource::{Checker, Validator};
///
/// let validator = Validator::from_issuer("https://login.example.com", "https://api.example.com").build()?;
/// let checker = Checker::from(validator);
/// let token = checker.check(headers).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Checker(Judges);

#[derive(Clone, Debug)]
enum Judges {
    Keys(Validator),
    Issuer(Introspector),
    Both(Validator, Introspector),
}

impl Checker {
    /// A token of the shape of a compact JWS, three parts between two dots, goes to `validator`; everything else to
    /// `introspector`. The shape alone decides, and what one refuses is not shown to the other (RULES T1).
    #[must_use]
    pub fn both(validator: Validator, introspector: Introspector) -> Self {
        Self(Judges::Both(validator, introspector))
    }

    /// Judges the [bearer token](bearer_token) of a request.
    pub async fn check(&self, headers: &HeaderMap) -> Result<AccessToken, Refusal> {
        self.check_token(bearer_token(headers)?).await
    }

    /// Judges `token`: the text behind `Bearer`.
    pub async fn check_token(&self, token: &str) -> Result<AccessToken, Refusal> {
        match &self.0 {
            Judges::Both(validator, _) if has_jws_shape(token) => validator.validate(token).await,
            Judges::Keys(validator) => validator.validate(token).await,
            Judges::Issuer(introspector) | Judges::Both(_, introspector) => {
                introspector.introspect(token).await
            }
        }
    }
}

/// RFC 7515 §3.1: three parts. Five would be a JWE, which only the issuer can open.
fn has_jws_shape(token: &str) -> bool {
    token.bytes().filter(|byte| *byte == b'.').count() == 2
}

impl From<Validator> for Checker {
    fn from(validator: Validator) -> Self {
        Self(Judges::Keys(validator))
    }
}

impl From<Introspector> for Checker {
    fn from(introspector: Introspector) -> Self {
        Self(Judges::Issuer(introspector))
    }
}
