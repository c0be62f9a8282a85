//! What an authorization request asks for.

use super::parameters;
use super::place::Place;
use crate::fake::hint::{self, Hint};
use crate::fake::id_token::ACR;
use crate::fake::people::User;
use crate::fake::pkce::Challenge;
use crate::fake::requested::Requested;
use crate::fake::wire::Form;
use crate::fake::{Fake, Sin, subject};

/// What the answer is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResponseType {
    pub(crate) code: bool,
    pub(crate) id_token: bool,
    pub(crate) token: bool,
}

#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) place: Place,
    pub(crate) response_type: ResponseType,
    /// The redirect URI, if the request names it.
    pub(crate) redirect_uri: Option<String>,
    pub(crate) scope: Vec<String>,
    pub(crate) audience: Vec<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) prompt: Vec<String>,
    pub(crate) max_age: Option<u64>,
    /// Only the user of this ID token will do.
    pub(crate) hint: Option<Hint>,
    pub(crate) login_hint: String,
    /// The authentication context class is asked for.
    pub(crate) acr: bool,
    pub(crate) claims: Requested,
    pub(crate) challenge: Option<Challenge>,
}

/// What is wrong, by its code.
pub(crate) type Fault = &'static str;

impl Asked {
    pub(crate) fn has(&self, scope: &str) -> bool {
        self.scope.iter().any(|one| one == scope)
    }

    pub(crate) fn prompts(&self, value: &str) -> bool {
        self.prompt.iter().any(|one| one == value)
    }

    /// Whether this user will do (OpenID Connect Core §3.1.2.2).
    pub(crate) fn is_for(&self, fake: &Fake, user: &User) -> bool {
        let by_hint = self.hint.as_ref().filter(|_| !fake.is(Sin::IgnoresHint));
        let by_claim = self.claims.sub.as_ref();
        let by_claim = by_claim.filter(|_| !fake.is(Sin::IgnoresRequestedSub));
        by_hint.is_none_or(|hint| subject::of(fake, hint.client, user) == hint.sub)
            && by_claim.is_none_or(|sub| subject::of(fake, self.place.client, user) == *sub)
    }

    /// All but where the answer goes.
    pub(crate) fn read(fake: &Fake, place: Place, form: &Form) -> Result<Self, Fault> {
        if form.repeats() && !fake.is(Sin::TakesRepeatedAtAuthorization) {
            return Err("invalid_request");
        }
        parameters::strange(fake, form)?;
        parameters::request_objects(fake, form)?;
        let response_type = parameters::response_type(fake, &place, form)?;
        parameters::response_mode(fake, &place, response_type, form)?;
        let scope = parameters::scope(fake, &place, response_type, form)?;
        let openid = scope.iter().any(|one| one == "openid");
        let nonce = form.get("nonce").map(str::to_owned);
        let needs_nonce = response_type.id_token && !fake.is(Sin::ImplicitNeedsNoNonce);
        let lacks_nonce = needs_nonce && nonce.is_none();
        if lacks_nonce || (response_type.id_token && !openid) {
            return Err("invalid_request");
        }
        let claims = match form.get("claims") {
            Some(text) => parameters::requested(fake, text)?,
            None => Requested::default(),
        };
        let max_age = form.get("max_age").map(str::parse).transpose();
        let hint = form.get("id_token_hint");
        let hint = hint.map(|token| hint::read(fake, token).ok_or("invalid_request"));
        let by_value = form.get("acr_values").unwrap_or_default().split(' ');
        let challenge = parameters::challenge(fake, &place, response_type, form)?;
        Ok(Self {
            response_type,
            redirect_uri: form.get("redirect_uri").map(str::to_owned),
            scope,
            audience: parameters::audience(fake, &place, form)?,
            nonce,
            prompt: parameters::prompt(fake, form)?,
            max_age: max_age.map_err(|_| "invalid_request")?,
            hint: hint.transpose()?,
            login_hint: form.get("login_hint").unwrap_or_default().to_owned(),
            acr: claims.acr || by_value.into_iter().any(|one| one == ACR),
            claims,
            challenge,
            place,
        })
    }
}
