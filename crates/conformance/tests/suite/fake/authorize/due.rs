//! What has to happen before an authorization request can be answered.

use jsonwebtoken::get_current_timestamp;

use super::asked::{Asked, Fault};
use crate::fake::browser::Session;
use crate::fake::id_token::ACR;
use crate::fake::{Fake, Make, Sin};

/// What the user has done so far for this very request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    pub(crate) signed_in: bool,
    pub(crate) selected: bool,
    pub(crate) consented: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    SignIn,
    SelectAccount,
    Consent,
}

pub(crate) enum Due {
    Page(Page),
    Fault(Fault),
    Answer(Session),
}

pub(crate) fn next(
    fake: &Fake,
    asked: &Asked,
    session: Option<&Session>,
    progress: Progress,
) -> Due {
    if let Some(values) = &asked.claims.essential_acr
        && !values.iter().any(|one| one == ACR)
        && !fake.is(Sin::IgnoresEssentialAcr)
    {
        return Due::Fault("unmet_authentication_requirements");
    }
    let silent = asked.prompts("none") && !fake.is(Sin::AsksDespiteNone);
    let page = |page, fault| match silent {
        true if fake.is(Sin::MisnamesSilentFaults) => Due::Fault("access_denied"),
        true => Due::Fault(fault),
        false => Due::Page(page),
    };
    let Some(session) = session else {
        return page(Page::SignIn, "login_required");
    };
    let asks = |prompt: &str, sin: Sin| asked.prompts(prompt) && !fake.is(sin);
    if asks("select_account", Sin::IgnoresSelectAccount)
        && !progress.selected
        && !progress.signed_in
    {
        if fake.is_of(Make::Foreign) {
            return Due::Fault("account_selection_required");
        }
        return Due::Page(Page::SelectAccount);
    }
    if !asked.is_for(fake, session.user) {
        // Who has just signed in is not asked again.
        if progress.signed_in {
            return Due::Fault("login_required");
        }
        return page(Page::SignIn, "login_required");
    }
    let stale = asks("login", Sin::IgnoresPromptLogin) || is_too_old(fake, asked, session);
    if stale && !progress.signed_in {
        return page(Page::SignIn, "login_required");
    }
    if !progress.consented && needs_consent(fake, asked, session) {
        return page(Page::Consent, "consent_required");
    }
    Due::Answer(session.clone())
}

/// OpenID Connect Core §3.1.2.1: `max_age=0` is as good as `prompt=login`.
fn is_too_old(fake: &Fake, asked: &Asked, session: &Session) -> bool {
    let age = get_current_timestamp().saturating_sub(session.auth_time);
    asked
        .max_age
        .filter(|_| !fake.is(Sin::IgnoresMaxAge))
        .is_some_and(|max_age| age > max_age || max_age == 0)
}

/// OpenID Connect Core §3.1.2.4: what was once allowed is remembered.
fn needs_consent(fake: &Fake, asked: &Asked, session: &Session) -> bool {
    let memory = fake.memory.lock().unwrap();
    let client = asked.place.client;
    let allowed = memory.consents.get(&(session.user.sub, client.id));
    let known = |scope: &String| allowed.is_some_and(|allowed| allowed.contains(scope));
    let remembered = client.trusted || asked.scope.iter().all(known) && allowed.is_some();
    let again = asked.prompts("consent") && !fake.is(Sin::IgnoresPromptConsent);
    match fake.sin {
        Sin::NeedsNoConsent => again,
        Sin::OfflineWithoutConsent => !asked.has("offline_access") && (again || !remembered),
        Sin::ForgetsConsent => true,
        _ => again || !remembered,
    }
}
