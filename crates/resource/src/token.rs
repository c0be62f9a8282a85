//! A token that was checked, whoever judged it.

use std::fmt;
use std::sync::Arc;

use countersign_core::{Scope, Timestamp};
use countersign_jose::access_token::AccessTokenClaims;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::Refusal;

/// An access token that was found good: what it says, without its text. Cheap to clone.
///
/// Of a JWT all of RFC 9068 §2.2 is there; an introspection endpoint may leave out almost everything (RFC 7662 §2.2),
/// so most answers are optional.
#[derive(Clone)]
pub struct AccessToken(Arc<TokenParts>);

/// What an [`AccessToken`] is made of.
pub(crate) struct TokenParts {
    /// `iss`.
    pub(crate) issuer: Option<String>,
    /// `sub`.
    pub(crate) subject: Option<String>,
    /// `client_id`.
    pub(crate) client_id: Option<String>,
    /// `aud`.
    pub(crate) audience: Vec<String>,
    /// `scope`; empty if there is none.
    pub(crate) scope: Scope,
    /// `exp`.
    pub(crate) expires_at: Option<Timestamp>,
    /// `iat`.
    pub(crate) issued_at: Option<Timestamp>,
    /// `nbf`.
    pub(crate) not_before: Option<Timestamp>,
    /// `jti`.
    pub(crate) id: Option<String>,
    /// All claims that have no field here.
    pub(crate) further: Map<String, Value>,
}

impl AccessToken {
    /// A token that was judged elsewhere in this crate.
    pub(crate) fn from_parts(parts: TokenParts) -> Self {
        Self(Arc::new(parts))
    }

    /// The token that has these claims, which were judged before.
    pub(crate) fn from_claims(claims: AccessTokenClaims) -> Self {
        Self::from_parts(TokenParts {
            issuer: Some(claims.iss),
            subject: Some(claims.sub),
            client_id: Some(claims.client_id),
            audience: claims.aud,
            scope: claims.scope.unwrap_or_default(),
            expires_at: Some(claims.exp),
            issued_at: Some(claims.iat),
            not_before: claims.nbf,
            id: Some(claims.jti),
            further: claims.further,
        })
    }

    /// `iss`: who issued the token.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.0.issuer.as_deref()
    }

    /// `sub`: the user, or the client if there is none.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }

    /// `client_id`: the client that obtained the token.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.0.client_id.as_deref()
    }

    /// `aud`: the resources that may accept the token. One of them is this one.
    #[must_use]
    pub fn audience(&self) -> &[String] {
        &self.0.audience
    }

    /// `scope`: what the token allows; empty if it does not say.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.0.scope
    }

    /// `exp`: from then on the token is not accepted.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.0.expires_at
    }

    /// `iat`: when the token was issued.
    #[must_use]
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.0.issued_at
    }

    /// `nbf`: before then the token is not accepted.
    #[must_use]
    pub fn not_before(&self) -> Option<Timestamp> {
        self.0.not_before
    }

    /// `jti`: the id of the token.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.0.id.as_deref()
    }

    /// A claim that has no method of its own here, such as `groups`.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.0.further.get(name)
    }

    /// All claims as a type of yours, under the names that they have in the token. An audience that is alone is a
    /// string, several are an array.
    ///
    /// ```no_run
    /// # fn handler(token: &countersign_resource::AccessToken) -> Result<(), serde_json::Error> {
    /// #[derive(serde::Deserialize)]
    /// struct Claims {
    ///     sub: String,
    ///     #[serde(default)]
    ///     groups: Vec<String>,
    /// }
    ///
    /// let claims: Claims = token.claims_as()?;
    /// # let _ = (claims.sub, claims.groups);
    /// # Ok(())
    /// # }
    /// ```
    pub fn claims_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(Value::Object(self.0.all_claims()))
    }

    /// Refuses the token unless it has every scope token of `required` (RFC 6750 §3.1: `insufficient_scope`).
    pub fn require_scope(&self, required: &Scope) -> Result<(), Refusal> {
        if self.0.scope.contains_all(required) {
            Ok(())
        } else {
            Err(Refusal::InsufficientScope {
                required: required.clone(),
            })
        }
    }
}

impl TokenParts {
    /// The claims under their names, as one object.
    fn all_claims(&self) -> Map<String, Value> {
        let text = |text: &Option<String>| text.clone().map(Value::from);
        let time = |time: Option<Timestamp>| time.map(|time| time.as_seconds().into());
        let audience = match &self.audience[..] {
            [] => None,
            [single] => Some(Value::from(single.as_str())),
            several => Some(Value::from(several)),
        };
        let scope = (!self.scope.is_empty()).then(|| Value::from(self.scope.to_string()));
        let named = [
            ("iss", text(&self.issuer)),
            ("sub", text(&self.subject)),
            ("client_id", text(&self.client_id)),
            ("aud", audience),
            ("scope", scope),
            ("exp", time(self.expires_at)),
            ("iat", time(self.issued_at)),
            ("nbf", time(self.not_before)),
            ("jti", text(&self.id)),
        ];
        let mut claims = self.further.clone();
        for (name, value) in named {
            if let Some(value) = value {
                claims.insert(name.to_owned(), value);
            }
        }
        claims
    }
}

impl fmt::Debug for AccessToken {
    /// Who and what; the further claims, which may be about a person, by their names only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("issuer", &self.0.issuer)
            .field("subject", &self.0.subject)
            .field("client_id", &self.0.client_id)
            .field("audience", &self.0.audience)
            .field("scope", &self.0.scope)
            .field("expires_at", &self.0.expires_at)
            .field("id", &self.0.id)
            .field("further", &self.0.further.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
