//! The authorization endpoint of the fake server, and the pages that it sends users through.

mod answer;
mod asked;
mod due;
mod forms;
mod parameters;
mod place;

pub(crate) use self::due::Progress;
pub(crate) use self::forms::{consent, select_account, sign_in};

use self::asked::Asked;
use self::due::Due;
use self::place::Place;
use super::browser::{self, Visit};
use super::wire::{Form, Reply, Request};
use super::{Fake, Make, Sin, pages, people};

/// RFC 6749 §3.1: by GET and by POST.
pub(crate) fn handle(fake: &Fake, request: &Request) -> Reply {
    let form = match (request.method.as_str(), fake.sin) {
        ("GET", sin) if sin != Sin::AuthorizesByPostOnly => request.query_form(),
        ("POST", sin) if sin != Sin::AuthorizesByGetOnly => request.form(),
        _ => return Reply::text(405, "GET or POST it").with("allow", "GET, POST"),
    };
    let mut visit = Visit::of(fake, request);
    if fake.is(Sin::SignsEverybodyIn) && visit.session.is_none() {
        browser::begin_session(fake, &mut visit, &people::USERS[0]);
    }
    let reply = go_on(fake, &mut visit, &form, Progress::default());
    let reply = browser::with_cookies(fake, request, &visit, reply);
    match fake.sin {
        Sin::AuthorizesScripts => reply.with("access-control-allow-origin", "*"),
        _ => reply,
    }
}

/// The next page, or the answer to the client.
fn go_on(fake: &Fake, visit: &mut Visit, form: &Form, progress: Progress) -> Reply {
    let place = match Place::read(fake, form) {
        Ok(place) => place,
        Err(page) => return page,
    };
    let asked = match Asked::read(fake, place.clone(), form) {
        Ok(asked) => asked,
        Err(fault) => return answer::fault(fake, &place, form, fault),
    };
    match due::next(fake, &asked, visit.session.as_ref(), progress) {
        Due::Fault(fault) => answer::fault(fake, &asked.place, form, fault),
        Due::Answer(session) => answer::success(fake, &asked, &session),
        Due::Page(page) => {
            let ticket = browser::issue_ticket(fake, visit, form, progress);
            if fake.is_of(Make::Foreign) {
                return Reply::found(&format!("/interaction?ticket={ticket}"));
            }
            forms::show(fake, page, &asked, visit.session.as_ref(), &ticket)
        }
    }
}

/// The page that is due, behind a redirect.
pub(crate) fn interaction(fake: &Fake, request: &Request) -> Reply {
    let visit = Visit::of(fake, request);
    let key = request.query_form();
    let key = key.get("ticket").unwrap_or_default();
    let found = browser::find_ticket(fake, key, request, &visit);
    let asked = found.and_then(|ticket| {
        let place = Place::read(fake, &ticket.form).ok()?;
        let asked = Asked::read(fake, place, &ticket.form).ok()?;
        Some((asked, ticket.progress))
    });
    let Some((asked, progress)) = asked else {
        return pages::error(fake, 403, "There is nothing to do for this browser.");
    };
    match due::next(fake, &asked, visit.session.as_ref(), progress) {
        Due::Page(page) => forms::show(fake, page, &asked, visit.session.as_ref(), key),
        _ => pages::error(fake, 400, "There is nothing left to do here."),
    }
}
