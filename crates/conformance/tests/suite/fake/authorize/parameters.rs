//! What the parameters of an authorization request may say, one by one.

use super::asked::{Fault, ResponseType};
use super::place::{Mode, Place};
use crate::fake::clients::{OF_USERS, Pkce, SCOPES};
use crate::fake::pkce::Challenge;
use crate::fake::requested::Requested;
use crate::fake::wire::{Form, Reply};
use crate::fake::{Fake, Make, Sin, token};

/// Every parameter that means something here.
const KNOWN: [&str; 22] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "resource",
    "code_challenge",
    "code_challenge_method",
    "response_mode",
    "nonce",
    "display",
    "prompt",
    "max_age",
    "ui_locales",
    "claims_locales",
    "id_token_hint",
    "login_hint",
    "acr_values",
    "claims",
    "request",
    "request_uri",
    "registration",
];

/// The claims that are asked for one by one the most.
const USUAL_CLAIMS: [&str; 7] = [
    "sub",
    "acr",
    "auth_time",
    "name",
    "given_name",
    "email",
    "email_verified",
];

/// Parameters that nobody has to mind.
pub(super) fn strange(fake: &Fake, form: &Form) -> Result<(), Fault> {
    let known = [
        "display",
        "ui_locales",
        "claims_locales",
        "acr_values",
        "login_hint",
    ];
    let optional = known.iter().any(|name| form.get(name).is_some());
    let empty = form.0.iter().any(|(_, value)| value.is_empty());
    let unknown = form
        .0
        .iter()
        .any(|(name, _)| !KNOWN.contains(&name.as_str()));
    match fake.sin {
        Sin::MindsOptionalParameters if optional => Err("invalid_request"),
        Sin::MindsEmptyAtAuthorization if empty => Err("invalid_request"),
        Sin::MindsUnknownAtAuthorization if unknown => Err("invalid_request"),
        _ => Ok(()),
    }
}

/// OpenID Connect Core §5.5.
pub(super) fn requested(fake: &Fake, text: &str) -> Result<Requested, Fault> {
    let requested = Requested::read(text).ok_or("invalid_request")?;
    let known = |name: &String| USUAL_CLAIMS.contains(&name.as_str());
    let mut names = requested.userinfo.iter().chain(&requested.id_token);
    match fake.sin {
        Sin::IgnoresClaims => Ok(Requested::default()),
        Sin::MindsUnknownClaims if !names.all(known) => Err("invalid_request"),
        _ => Ok(requested),
    }
}

/// OpenID Connect Core §3.1.2.6, §6.1.
pub(super) fn request_objects(fake: &Fake, form: &Form) -> Result<(), Fault> {
    let has = |name: &str| form.get(name).is_some() && !fake.is(Sin::IgnoresRequestObjects);
    match (has("request"), has("request_uri"), has("registration")) {
        (true, true, _) if fake.is(Sin::TakesTwoRequestObjects) => Ok(()),
        (true, false, _) | (false, true, _) if fake.is(Sin::MisnamesRequestObjects) => {
            Err("invalid_request")
        }
        (true, true, _) => Err("invalid_request"),
        (true, false, _) => Err("request_not_supported"),
        (false, true, _) => Err("request_uri_not_supported"),
        (false, false, true) => Err("registration_not_supported"),
        (false, false, false) => Ok(()),
    }
}

/// RFC 6749 §3.1.1: in any order.
pub(super) fn response_type(
    fake: &Fake,
    place: &Place,
    form: &Form,
) -> Result<ResponseType, Fault> {
    let default = fake.is(Sin::DefaultsResponseType).then_some("code");
    let asked = form.get("response_type").or(default);
    let asked = asked.ok_or("invalid_request")?;
    let mut words: Vec<_> = asked.split(' ').collect();
    if !fake.is(Sin::MindsOrderOfResponseType) {
        words.sort_unstable();
    }
    let known = [
        "code",
        "id_token",
        "id_token token",
        "token",
        "code id_token",
        "code token",
        "code id_token token",
    ];
    let name = words.join(" ");
    let unknown = name != "code" && fake.is(Sin::KnowsCodesOnly);
    if !known.contains(&name.as_str()) || unknown {
        return Err(match fake.sin {
            Sin::MisnamesUnknownResponseType => "invalid_request",
            _ => "unsupported_response_type",
        });
    }
    match place.client.response_types.contains(&name.as_str()) {
        false if fake.is(Sin::MisnamesForbiddenResponseType) => return Err("invalid_request"),
        false if !fake.is(Sin::TakesAnyResponseType) => return Err("unauthorized_client"),
        _ => {}
    }
    Ok(ResponseType {
        code: words.contains(&"code"),
        id_token: words.contains(&"id_token"),
        token: words.contains(&"token"),
    })
}

/// OAuth 2.0 Multiple Response Types §5: what is no code never comes in a query.
pub(super) fn response_mode(
    fake: &Fake,
    place: &Place,
    response_type: ResponseType,
    form: &Form,
) -> Result<(), Fault> {
    let known = matches!(
        form.get("response_mode"),
        None | Some("query" | "fragment" | "form_post")
    );
    let tokens = response_type.id_token || response_type.token;
    let exposed = tokens && place.mode == Mode::Query && !fake.is(Sin::ImplicitInQuery);
    if known && !exposed {
        return Ok(());
    }
    Err("invalid_request")
}

/// OpenID Connect Core §11: `offline_access` is ignored where there can be no refresh token.
pub(super) fn scope(
    fake: &Fake,
    place: &Place,
    response_type: ResponseType,
    form: &Form,
) -> Result<Vec<String>, Fault> {
    let asked = form.get("scope").unwrap_or("read write");
    let mut scope = Vec::new();
    for one in asked.split(' ').filter(|one| !one.is_empty()) {
        if !SCOPES.contains(&one) && !OF_USERS.contains(&one) {
            // RFC 6749 §3.3: it may be left out as well.
            if fake.is_of(Make::Foreign) {
                continue;
            }
            return Err("invalid_scope");
        }
        let refreshes = (response_type.code && place.client.grants.contains(&"refresh_token"))
            || fake.is(Sin::ImplicitGivesRefreshToken);
        // OpenID Connect Core §11: without prompt=consent it may be ignored as well.
        let prompts = form.get("prompt").unwrap_or_default().contains("consent");
        let refreshes = refreshes && (prompts || !fake.is_of(Make::Foreign));
        if (one != "offline_access" || refreshes) && !scope.iter().any(|known| known == one) {
            scope.push(one.to_owned());
        }
    }
    Ok(scope)
}

pub(super) fn audience(fake: &Fake, place: &Place, form: &Form) -> Result<Vec<String>, Fault> {
    let wrong = |_: Reply| "invalid_target";
    token::audience(fake, place.client, form).map_err(wrong)
}

/// OpenID Connect Core §3.1.2.1.
pub(super) fn prompt(fake: &Fake, form: &Form) -> Result<Vec<String>, Fault> {
    let asked = form.get("prompt").unwrap_or_default();
    let prompt: Vec<_> = asked.split(' ').filter(|one| !one.is_empty()).collect();
    let known = ["none", "login", "consent", "select_account"];
    if prompt.contains(&"none") && fake.is(Sin::TakesNoneWithOthers) {
        return Ok(vec!["none".to_owned()]);
    }
    if prompt.contains(&"consent") && fake.is(Sin::KnowsNoPromptConsent) {
        return Err("invalid_request");
    }
    let alone = !prompt.contains(&"none") || prompt.len() == 1;
    if !alone || prompt.iter().any(|one| !known.contains(one)) {
        return Err("invalid_request");
    }
    Ok(prompt.into_iter().map(str::to_owned).collect())
}

pub(super) fn challenge(
    fake: &Fake,
    place: &Place,
    response_type: ResponseType,
    form: &Form,
) -> Result<Option<Challenge>, Fault> {
    let challenge = Challenge::read(fake, form)?;
    let required = match fake.sin {
        Sin::PkceIsOptional => false,
        Sin::PkceIsForAll => true,
        _ => place.client.pkce == Pkce::Required && response_type.code,
    };
    if challenge.is_none() && required {
        return Err("invalid_request");
    }
    Ok(challenge)
}
