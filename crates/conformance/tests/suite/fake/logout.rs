//! Logout at the fake server (OpenID Connect RP-Initiated Logout 1.0).

use super::authorize::Progress;
use super::browser::{self, Visit};
use super::clients::{self, Client};
use super::hint::{self, Hint};
use super::pages::{self, button};
use super::wire::{Form, Reply, Request};
use super::{Fake, Make, Sin};

/// What is asked for.
struct Asked {
    hint: Option<Hint>,
    /// Where to go afterwards, with the state.
    after: Option<String>,
}

pub(crate) fn handle(fake: &Fake, request: &Request) -> Reply {
    let form = match (request.method.as_str(), fake.sin) {
        ("GET", sin) if sin != Sin::LogoutByPostOnly => request.query_form(),
        ("POST", sin) if sin != Sin::LogoutByGetOnly => request.form(),
        _ => return Reply::text(405, "GET or POST it").with("allow", "GET, POST"),
    };
    let asked = match read(fake, &form) {
        Ok(asked) => asked,
        Err(words) => return pages::error(fake, 400, words),
    };
    let mut visit = Visit::of(fake, request);
    let session = visit.session.as_ref();
    let hinted = asked.hint.as_ref().map(|hint| &hint.sid);
    let sure = session.is_none_or(|session| hinted == Some(&session.sid));
    let sure = match fake.sin {
        Sin::LogoutNeverAsks => true,
        Sin::LogoutTrustsEveryHint => sure || hinted.is_some(),
        // §2 leaves it to the server to ask with a hint as well.
        _ => sure && !(fake.is_of(Make::Foreign) && session.is_some()),
    };
    if !sure {
        // Anybody could have sent the browser here.
        let ticket = browser::issue_ticket(fake, &mut visit, &form, Progress::default());
        let reply = confirmation(fake, &ticket);
        return browser::with_cookies(fake, request, &visit, reply);
    }
    leave(fake, &mut visit);
    browser::with_cookies(fake, request, &visit, done(fake, &asked))
}

fn leave(fake: &Fake, visit: &mut Visit) {
    if !fake.is(Sin::LogoutKeepsSession) {
        end_grants(fake, visit);
        browser::end_session(fake, visit);
    }
}

/// What is not for offline use ends with the session (RFC 9700 §4.14.2).
fn end_grants(fake: &Fake, visit: &Visit) {
    let Some(session) = visit.session.as_ref() else {
        return;
    };
    let mut memory = fake.memory.lock().unwrap();
    for grant in &mut memory.grants {
        let login = grant.login.as_ref();
        let here = login.is_some_and(|login| login.sid == session.sid);
        let stays = grant.scope.split(' ').any(|one| one == "offline_access");
        grant.ended |= here && !stays && !fake.is(Sin::LogoutKeepsGrants);
    }
}

/// The form of the confirmation page.
pub(crate) fn confirm(fake: &Fake, request: &Request) -> Reply {
    let mut visit = Visit::of(fake, request);
    let ticket = match browser::ticket(fake, request, &visit) {
        Ok(ticket) => ticket,
        Err(page) => return page,
    };
    if request.form().get(fake.names.leave) != Some(fake.names.sign_out) {
        return pages::page(fake, 200, "Still signed in", "<p>Nothing was changed.</p>");
    }
    match read(fake, &ticket.form) {
        Ok(asked) => {
            leave(fake, &mut visit);
            browser::with_cookies(fake, request, &visit, done(fake, &asked))
        }
        Err(words) => pages::error(fake, 400, words),
    }
}

fn read(fake: &Fake, form: &Form) -> Result<Asked, &'static str> {
    let hint = form
        .get("id_token_hint")
        .map(|token| hint::read(fake, token));
    let hint = match hint {
        Some(None) => return Err("The ID token is none of ours."),
        Some(hint) => hint,
        None => None,
    };
    let named = form.get("client_id").map(clients::find);
    let client = match (&hint, named) {
        (_, Some(None)) => return Err("The application is not known."),
        (Some(hint), Some(Some(client)))
            if hint.client.id != client.id && !fake.is(Sin::LogoutIgnoresClient) =>
        {
            return Err("The ID token is of another application.");
        }
        (Some(hint), _) => Some(hint.client),
        (None, Some(client)) => client,
        (None, None) => None,
    };
    let after = match form.get("post_logout_redirect_uri") {
        None => None,
        Some(uri) => Some(after(fake, client, uri, form.get("state"))?),
    };
    Ok(Asked { hint, after })
}

/// §3: only where the client has said so before.
fn after(
    fake: &Fake,
    client: Option<&Client>,
    uri: &str,
    state: Option<&str>,
) -> Result<String, &'static str> {
    let known = |registered: &&str| match fake.sin {
        Sin::ComparesLogoutUrisByStart => uri.starts_with(registered),
        _ => uri == *registered,
    };
    let of = |client: &Client| client.post_logout_redirect_uris.iter().any(known);
    let known = match fake.sin {
        Sin::LogoutRedirectsAnywhere => true,
        Sin::LogoutRedirectsForNobody => client.map_or_else(|| clients::all().any(of), of),
        _ => client.is_some_and(of),
    };
    if !known {
        return Err("The application has no such place to go to.");
    }
    let Some(state) = state.filter(|_| !fake.is(Sin::LogoutLosesState)) else {
        return Ok(uri.to_owned());
    };
    let separator = if uri.contains('?') { '&' } else { '?' };
    let state: String = form_urlencoded::byte_serialize(state.as_bytes()).collect();
    Ok(format!("{uri}{separator}state={state}"))
}

fn confirmation(fake: &Fake, ticket: &str) -> Reply {
    let names = fake.names;
    let inputs =
        button(names.leave, names.sign_out, "Sign out") + &button(names.leave, names.stay, "Stay");
    let form = pages::form(fake, "/logout/confirm", &[("ticket", ticket)], &inputs);
    pages::page(fake, 200, "Sign out?", &form)
}

fn done(fake: &Fake, asked: &Asked) -> Reply {
    match &asked.after {
        Some(uri) => Reply::see_other(uri).with("cache-control", "no-store"),
        None => pages::page(fake, 200, "Signed out", "<p>You are signed out.</p>"),
    }
}
