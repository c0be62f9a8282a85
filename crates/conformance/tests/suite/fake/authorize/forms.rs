//! The pages on which users sign in, choose and agree, and what becomes of their forms.

use super::asked::Asked;
use super::due::Page;
use super::place::Place;
use super::{Progress, answer, go_on};
use crate::fake::browser::{self, Session, Ticket, Visit};
use crate::fake::pages::{self, Names, button, escape};
use crate::fake::people::{self, Refusal};
use crate::fake::wire::{Reply, Request};
use crate::fake::{Fake, Sin};

pub(super) fn show(
    fake: &Fake,
    page: Page,
    asked: &Asked,
    session: Option<&Session>,
    ticket: &str,
) -> Reply {
    let names = fake.names;
    match page {
        Page::SignIn => sign_in_page(fake, 200, &asked.login_hint, ticket, ""),
        Page::SelectAccount => {
            let name = session.map_or("", |session| session.user.username);
            let inputs = button(names.account, names.current, name)
                + &button(names.account, names.other, "Another");
            let form = pages::form(fake, "/select-account", &[("ticket", ticket)], &inputs);
            pages::page(fake, 200, "Choose an account", &form)
        }
        Page::Consent => {
            let inputs = button(names.consent, names.allow, "Allow")
                + &button(names.consent, names.deny, "Deny");
            let form = pages::form(fake, "/consent", &[("ticket", ticket)], &inputs);
            let client = escape(fake, asked.place.client.id);
            let scope = escape(fake, &asked.scope.join(" "));
            let body = format!("<p>{client} asks for {scope}.</p>\n{form}");
            pages::page(fake, 200, "Allow access", &body)
        }
    }
}

fn sign_in_page(fake: &Fake, status: u16, value: &str, ticket: &str, words: &str) -> Reply {
    let Names {
        username, password, ..
    } = fake.names;
    let value = escape(fake, value);
    let inputs = format!(
        "<label>Username <input name=\"{username}\" autocomplete=\"username\" value=\"{value}\"></label>\n\
         <label>Password <input type=\"password\" name=\"{password}\" autocomplete=\"current-password\"></label>\n\
         <button type=\"submit\">Sign in</button>\n"
    );
    let form = pages::form(fake, "/sign-in", &[("ticket", ticket)], &inputs);
    pages::page(fake, status, "Sign in", &format!("<p>{words}</p>\n{form}"))
}

/// The form of a page, with the cookies that its answer sets.
fn answered(
    fake: &Fake,
    request: &Request,
    answer: impl FnOnce(&mut Visit, Ticket) -> Reply,
) -> Reply {
    let mut visit = Visit::of(fake, request);
    let ticket = match browser::ticket(fake, request, &visit) {
        Ok(ticket) => ticket,
        Err(page) => return page,
    };
    let reply = answer(&mut visit, ticket);
    browser::with_cookies(fake, request, &visit, reply)
}

pub(crate) fn sign_in(fake: &Fake, request: &Request) -> Reply {
    answered(fake, request, |visit, ticket| {
        let form = request.form();
        let username = form.get(fake.names.username).unwrap_or_default();
        let password = form.get(fake.names.password).unwrap_or_default();
        match people::prove(fake, username, password) {
            Ok(user) => {
                browser::begin_session(fake, visit, user);
                let progress = Progress {
                    signed_in: true,
                    ..ticket.progress
                };
                let onward = form.get("return_to");
                match (onward, fake.sin) {
                    (_, Sin::RepeatsCredentials) => Reply {
                        status: 307,
                        ..Reply::see_other("/authorize")
                    },
                    (Some(onward), Sin::SignInLeadsAnywhere) => Reply::see_other(onward),
                    _ => go_on(fake, visit, &ticket.form, progress),
                }
            }
            Err(why) => {
                let again = browser::issue_ticket(fake, visit, &ticket.form, ticket.progress);
                let words = "That is not right.";
                match why {
                    Refusal::TooManyGuesses => {
                        let words = "Too many attempts: wait a little.";
                        sign_in_page(fake, 429, username, &again, words).with("retry-after", "9")
                    }
                    Refusal::UnknownUser | Refusal::WrongPassword => {
                        sign_in_page(fake, 400, username, &again, words)
                    }
                }
            }
        }
    })
}

pub(crate) fn select_account(fake: &Fake, request: &Request) -> Reply {
    answered(fake, request, |visit, ticket| {
        let progress = Progress {
            selected: true,
            ..ticket.progress
        };
        match request.form().get(fake.names.account) {
            Some(value) if value == fake.names.current => {}
            Some(value) if value == fake.names.other => browser::end_session(fake, visit),
            _ => return pages::error(fake, 400, "No account was chosen."),
        }
        go_on(fake, visit, &ticket.form, progress)
    })
}

pub(crate) fn consent(fake: &Fake, request: &Request) -> Reply {
    answered(fake, request, |visit, ticket| {
        let place = match Place::read(fake, &ticket.form) {
            Ok(place) => place,
            Err(page) => return page,
        };
        let Some(session) = visit.session.clone() else {
            return go_on(fake, visit, &ticket.form, Progress::default());
        };
        match request.form().get(fake.names.consent) {
            Some(value) if value == fake.names.allow => {}
            Some(value) if value == fake.names.deny => match fake.sin {
                Sin::MisnamesDenial => {
                    return answer::fault(fake, &place, &ticket.form, "invalid_request");
                }
                Sin::DenialAllows => {}
                _ => return answer::fault(fake, &place, &ticket.form, "access_denied"),
            },
            _ => return pages::error(fake, 400, "Nothing was decided."),
        }
        let client = place.client.id;
        if let Ok(asked) = Asked::read(fake, place, &ticket.form) {
            let mut memory = fake.memory.lock().unwrap();
            let allowed = memory.consents.entry((session.user.sub, client));
            allowed.or_default().extend(asked.scope);
        }
        let progress = Progress {
            consented: true,
            ..ticket.progress
        };
        go_on(fake, visit, &ticket.form, progress)
    })
}
