//! The pages of the fake server.

use super::wire::Reply;
use super::{Fake, Sin};

/// The names and values of the fields and buttons.
#[derive(Clone, Copy)]
pub(crate) struct Names {
    pub(crate) username: &'static str,
    pub(crate) password: &'static str,
    pub(crate) consent: &'static str,
    pub(crate) allow: &'static str,
    pub(crate) deny: &'static str,
    pub(crate) account: &'static str,
    pub(crate) current: &'static str,
    pub(crate) other: &'static str,
    pub(crate) leave: &'static str,
    pub(crate) sign_out: &'static str,
    pub(crate) stay: &'static str,
}

/// Those that the judge expects where nothing is described.
pub(crate) const USUAL: Names = Names {
    username: "username",
    password: "password",
    consent: "decision",
    allow: "allow",
    deny: "deny",
    account: "account",
    current: "current",
    other: "other",
    leave: "decision",
    sign_out: "sign_out",
    stay: "stay",
};

/// Those of a server of another make.
pub(crate) const FOREIGN: Names = Names {
    username: "login",
    password: "secret word",
    consent: "answer",
    allow: "1",
    deny: "0",
    account: "who",
    current: "me",
    other: "somebody",
    leave: "leave?",
    sign_out: "1",
    stay: "0",
};

/// HTML that nobody can frame and nothing can be brought into.
pub(crate) fn page(fake: &Fake, status: u16, title: &str, body: &str) -> Reply {
    let text = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body><main><h1>{title}</h1>\n{body}\n</main></body></html>\n"
    );
    let reply = Reply::text(status, &text)
        .with("content-type", "text/html; charset=utf-8")
        .with("cache-control", "no-store");
    let reply = match fake.sin {
        Sin::CanBeFramed => reply.with("content-security-policy", "default-src 'none'"),
        _ => reply
            .with(
                "content-security-policy",
                "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
            )
            .with("x-frame-options", "DENY"),
    };
    match fake.sin {
        Sin::LeaksReferrer => reply.with("referrer-policy", "unsafe-url"),
        _ => reply.with("referrer-policy", "no-referrer"),
    }
}

pub(crate) fn error(fake: &Fake, status: u16, words: &str) -> Reply {
    page(
        fake,
        status,
        "That did not work",
        &format!("<p>{words}</p>"),
    )
}

/// A form that is sent to `action`.
pub(crate) fn form(fake: &Fake, action: &str, hidden: &[(&str, &str)], inputs: &str) -> String {
    let hidden: Vec<_> = hidden
        .iter()
        .map(|(name, value)| {
            let (name, value) = (escape(fake, name), escape(fake, value));
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">\n")
        })
        .collect();
    let hidden = hidden.concat();
    let action = escape(fake, action);
    format!("<form method=\"post\" action=\"{action}\">\n{hidden}{inputs}</form>")
}

pub(crate) fn button(name: &str, value: &str, words: &str) -> String {
    format!("<button type=\"submit\" name=\"{name}\" value=\"{value}\">{words}</button>\n")
}

/// Text as it has to stand in HTML.
pub(crate) fn escape(fake: &Fake, text: &str) -> String {
    if fake.is(Sin::EscapesNothing) {
        return text.to_owned();
    }
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
