//! Browsers at the fake server: their cookies, sessions, and the tickets of their forms.

use jsonwebtoken::get_current_timestamp;

use super::authorize::Progress;
use super::people::User;
use super::wire::{Form, Reply, Request};
use super::{Fake, Sin, keys};

/// A user who is signed in.
#[derive(Clone)]
pub(crate) struct Session {
    /// What the cookie says.
    pub(crate) key: String,
    /// What ID tokens say.
    pub(crate) sid: String,
    pub(crate) user: &'static User,
    pub(crate) auth_time: u64,
}

/// Who asks.
pub(crate) struct Visit {
    pub(crate) browser: Option<String>,
    pub(crate) session: Option<Session>,
}

/// What a form was shown for, and to which browser.
#[derive(Clone)]
pub(crate) struct Ticket {
    browser: String,
    /// The request as it came.
    pub(crate) form: Form,
    pub(crate) progress: Progress,
}

impl Visit {
    pub(crate) fn of(fake: &Fake, request: &Request) -> Self {
        let session = request.cookie(&name(fake, "session"));
        let memory = fake.memory.lock().unwrap();
        Self {
            browser: request.cookie(&name(fake, "browser")),
            session: session.and_then(|key| memory.sessions.get(&key).cloned()),
        }
    }
}

/// A prefix keeps neighbours from setting it, where there is TLS (RFC 6265bis §4.1.3.2).
fn name(fake: &Fake, what: &str) -> String {
    let prefix = if fake.certificate.is_some() {
        "__Host-"
    } else {
        ""
    };
    format!("{prefix}fake_{what}")
}

fn cookie(fake: &Fake, what: &str, value: &str) -> String {
    let secure = if fake.certificate.is_some() {
        "; Secure"
    } else {
        ""
    };
    let name = name(fake, what);
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}")
}

/// Signs in: whatever session there was is over.
pub(crate) fn begin_session(fake: &Fake, visit: &mut Visit, user: &'static User) {
    end_session(fake, visit);
    let session = Session {
        key: keys::random(43),
        sid: keys::random(22),
        user,
        auth_time: get_current_timestamp(),
    };
    let mut memory = fake.memory.lock().unwrap();
    memory.issued.push(session.key.clone());
    memory.sessions.insert(session.key.clone(), session.clone());
    visit.session = Some(session);
}

pub(crate) fn end_session(fake: &Fake, visit: &mut Visit) {
    if let Some(session) = visit.session.take() {
        fake.memory.lock().unwrap().sessions.remove(&session.key);
    }
}

/// The ticket of a form, for this browser.
pub(crate) fn issue_ticket(
    fake: &Fake,
    visit: &mut Visit,
    form: &Form,
    progress: Progress,
) -> String {
    let browser = visit.browser.get_or_insert_with(|| keys::random(22));
    let ticket = Ticket {
        browser: browser.clone(),
        form: form.clone(),
        progress,
    };
    let key = keys::random(22);
    fake.memory
        .lock()
        .unwrap()
        .tickets
        .insert(key.clone(), ticket);
    key
}

/// What the form was shown for, if it comes from where it was shown.
pub(crate) fn ticket(fake: &Fake, request: &Request, visit: &Visit) -> Result<Ticket, Reply> {
    if request.method != "POST" {
        return Err(Reply::text(405, "POST it").with("allow", "POST"));
    }
    let form = request.form();
    let Some(key) = form.get("ticket") else {
        return Err(super::pages::error(fake, 400, "The form is incomplete."));
    };
    find_ticket(fake, key, request, visit).ok_or_else(|| {
        let words = "The form was not shown to this browser.";
        super::pages::error(fake, 403, words)
    })
}

/// What the ticket was issued for, if this is the browser, and its own page asks.
pub(crate) fn find_ticket(
    fake: &Fake,
    key: &str,
    request: &Request,
    visit: &Visit,
) -> Option<Ticket> {
    let ticket = fake.memory.lock().unwrap().tickets.get(key).cloned()?;
    let origin = request.header("origin");
    let foreign = origin.is_some_and(|origin| origin != fake.base);
    let here = visit.browser.as_ref() == Some(&ticket.browser) && !foreign;
    let lax = match fake.sin {
        Sin::TakesForeignForms => true,
        Sin::TakesForeignConsents => request.path == "/consent",
        _ => false,
    };
    (here || lax).then_some(ticket)
}

/// The cookies that the visitor has to have after this.
pub(crate) fn with_cookies(fake: &Fake, request: &Request, visit: &Visit, reply: Reply) -> Reply {
    let before = Visit::of(fake, request);
    let mut reply = reply;
    if let Some(browser) = &visit.browser
        && before.browser.as_ref() != Some(browser)
    {
        reply = reply.and("set-cookie", cookie(fake, "browser", browser));
    }
    let had = request.cookie(&name(fake, "session"));
    let has = visit.session.as_ref().map(|session| &session.key);
    match has {
        Some(key) if had.as_ref() != Some(key) => {
            reply.and("set-cookie", cookie(fake, "session", key))
        }
        None if had.is_some() => {
            let gone = cookie(fake, "session", "") + "; Max-Age=0";
            reply.and("set-cookie", gone)
        }
        _ => reply,
    }
}
