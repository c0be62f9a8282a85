//! Who judges the token of a request.

use countersign_core::Scope;
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
pub struct Checker {
    judges: Judges,
    /// What every token must be allowed, whoever judges it.
    required_scope: Scope,
}

#[derive(Clone, Debug)]
enum Judges {
    Keys(Validator),
    Issuer(Introspector),
    Both(Validator, Introspector),
}

impl Checker {
    /// A token of the shape of a compact JWS, three parts between two dots, goes to `validator`; everything else to
    /// `introspector`. The shape alone decides, and what one refuses is not shown to the other (RULES T1). What
    /// one of them requires of a token is required of every token.
    #[must_use]
    pub fn both(validator: Validator, introspector: Introspector) -> Self {
        let scopes = [validator.required_scope(), introspector.required_scope()];
        let required_scope = scopes.into_iter().flat_map(Scope::iter).cloned().collect();
        Self {
            judges: Judges::Both(validator, introspector),
            required_scope,
        }
    }

    /// The same, and every token must be allowed `required`, too.
    #[cfg(feature = "tower")]
    pub(crate) fn requiring(self, required: &Scope) -> Self {
        let both = self.required_scope.iter().chain(required);
        Self {
            required_scope: both.cloned().collect(),
            ..self
        }
    }

    /// What every token must be allowed.
    #[cfg(feature = "tower")]
    pub(crate) fn required_scope(&self) -> &Scope {
        &self.required_scope
    }

    /// Judges the [bearer token](bearer_token) of a request.
    pub async fn check(&self, headers: &HeaderMap) -> Result<AccessToken, Refusal> {
        self.check_token(bearer_token(headers)?).await
    }

    /// Judges `token`: the text behind `Bearer`.
    pub async fn check_token(&self, token: &str) -> Result<AccessToken, Refusal> {
        let judged = match &self.judges {
            Judges::Both(validator, _) if has_jws_shape(token) => validator.validate(token).await,
            Judges::Keys(validator) => validator.validate(token).await,
            Judges::Issuer(introspector) | Judges::Both(_, introspector) => {
                introspector.introspect(token).await
            }
        };
        // Whoever asks for a better token is told all that it needs.
        let token = judged.map_err(|refusal| refusal.requiring(&self.required_scope))?;
        token.require_scope(&self.required_scope)?;
        Ok(token)
    }
}

/// RFC 7515 §3.1: three parts. Five would be a JWE, which only the issuer can open.
fn has_jws_shape(token: &str) -> bool {
    token.bytes().filter(|byte| *byte == b'.').count() == 2
}

impl From<Validator> for Checker {
    fn from(validator: Validator) -> Self {
        Self {
            required_scope: validator.required_scope().clone(),
            judges: Judges::Keys(validator),
        }
    }
}

impl From<Introspector> for Checker {
    fn from(introspector: Introspector) -> Self {
        Self {
            required_scope: introspector.required_scope().clone(),
            judges: Judges::Issuer(introspector),
        }
    }
}
