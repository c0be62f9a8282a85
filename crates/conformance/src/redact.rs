//! Keeps secrets and tokens out of reports.
//!
//! Two nets, since a wrong server may put a secret anywhere: every secret and token that the run has met is
//! replaced wherever it stands, and so is everything that stands where secrets and tokens stand.

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::client::Client;

const HIDDEN: &str = "[redacted]";

/// Parameters and members whose value is never shown.
const CONFIDENTIAL: [&str; 19] = [
    "access_token",
    "refresh_token",
    "id_token",
    "token",
    "client_secret",
    "client_assertion",
    "assertion",
    "subject_token",
    "actor_token",
    "code",
    "code_verifier",
    "password",
    // The private members of a JWK (RFC 7518 §6).
    "d",
    "p",
    "q",
    "dp",
    "dq",
    "qi",
    "k",
];

/// Headers whose value is not shown; of an authorization header the scheme is.
const CONFIDENTIAL_HEADERS: [&str; 3] = ["authorization:", "cookie:", "set-cookie:"];

/// The secrets and tokens that a run has met.
#[derive(Default)]
pub(crate) struct Redactor {
    known: Mutex<Vec<String>>,
}

impl Redactor {
    /// Learns a secret or token in each spelling that it has on the wire.
    pub(crate) fn learn(&self, confidential: &str) {
        // Shorter strings are words of the protocol as well; they are caught by where they stand.
        if confidential.len() < 4 {
            return;
        }
        let form: String = form_urlencoded::byte_serialize(confidential.as_bytes()).collect();
        let percent = form.replace('+', "%20");
        let json = serde_json::Value::from(confidential).to_string();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for spelling in [confidential, &form, &percent, json.trim_matches('"')] {
            if !known.iter().any(|one| one == spelling) {
                known.push(spelling.to_owned());
            }
        }
    }

    /// Learns the secret of a client, alone and as it goes into a Basic header.
    pub(crate) fn learn_client(&self, client: &Client) {
        let Some(secret) = client.secret() else {
            return;
        };
        self.learn(secret);
        for pair in [
            client.basic_pair(),
            format!("{}:{secret}", client.client_id()),
        ] {
            self.learn(&STANDARD.encode(pair));
        }
    }

    /// What came over the wire, without secrets and tokens.
    pub(crate) fn hide(&self, text: &str) -> String {
        let text = self.hide_known(text);
        let lines: Vec<String> = text.split('\n').map(hide_header).collect();
        hide_members(&lines.join("\n"))
    }

    /// Our own words, without the secrets and tokens that may stand in them.
    pub(crate) fn hide_known(&self, text: &str) -> String {
        let mut known = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        known.sort_by_key(|one| std::cmp::Reverse(one.len()));
        let mut text = text.to_owned();
        for one in known {
            text = text.replace(&one, HIDDEN);
        }
        hide_jwts(&text)
    }
}

fn hide_header(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    let Some(name) = CONFIDENTIAL_HEADERS
        .iter()
        .find(|name| lower.starts_with(**name))
    else {
        return line.to_owned();
    };
    let scheme = line[name.len()..]
        .trim_start()
        .split_once(' ')
        .map_or("", |(scheme, _)| scheme);
    let scheme = if scheme.chars().all(|c| c.is_ascii_alphanumeric()) {
        scheme
    } else {
        ""
    };
    let space = if scheme.is_empty() { "" } else { " " };
    format!("{name} {scheme}{space}{HIDDEN}")
}

/// Replaces the values of `CONFIDENTIAL` in forms, queries and JSON, however broken.
fn hide_members(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut inside_word = false;
    while let Some(first) = rest.chars().next() {
        if !inside_word && let Some((before, after)) = split_member(rest) {
            out.push_str(before);
            out.push_str(HIDDEN);
            rest = after;
            inside_word = true;
            continue;
        }
        inside_word = first.is_ascii_alphanumeric() || first == '_';
        out.push(first);
        rest = &rest[first.len_utf8()..];
    }
    out
}

/// `access_token":"x",...` is split into `access_token":"` and `",...`.
fn split_member(text: &str) -> Option<(&str, &str)> {
    let name = CONFIDENTIAL.iter().find(|name| {
        text.strip_prefix(**name)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    })?;
    let mut at = name.len();
    at += text[at..].strip_prefix('"').map_or(0, |_| 1);
    at += leading_blanks(&text[at..]);
    text[at..].strip_prefix([':', '='])?;
    at += 1;
    at += leading_blanks(&text[at..]);
    let quoted = text[at..].starts_with('"');
    at += usize::from(quoted);
    let value = &text[at..];
    let end = if quoted {
        closing_quote(value)
    } else {
        value
            .find(|c: char| "&<,}".contains(c) || c.is_whitespace())
            .unwrap_or(value.len())
    };
    (end > 0).then(|| (&text[..at], &value[end..]))
}

fn leading_blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

fn closing_quote(value: &str) -> usize {
    let mut escaped = false;
    for (at, c) in value.char_indices() {
        match c {
            '"' if !escaped => return at,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    value.len()
}

/// Replaces what looks like a JWT: `eyJ...` with a dot in it.
fn hide_jwts(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("eyJ") {
        let (before, found) = rest.split_at(at);
        let end = found
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
            .unwrap_or(found.len());
        out.push_str(before);
        out.push_str(if found[..end].contains('.') {
            HIDDEN
        } else {
            &found[..end]
        });
        rest = &found[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_stands_where_secrets_stand_is_hidden() {
        let table = [
            (
                "grant_type=x&client_secret=hush",
                "grant_type=x&client_secret=[redacted]",
            ),
            (
                "POST https://a/t?token=hush&b=1",
                "POST https://a/t?token=[redacted]&b=1",
            ),
            (
                r#"{"access_token": "hush", "n":1}"#,
                r#"{"access_token": "[redacted]", "n":1}"#,
            ),
            (r#"{"token":"hu\"sh"}"#, r#"{"token":"[redacted]"}"#),
            (r#"{"access_token":"hush"#, r#"{"access_token":"[redacted]"#),
            (
                "Authorization: Basic aHVzaA==\nx: 1",
                "authorization: Basic [redacted]\nx: 1",
            ),
            ("authorization: hush", "authorization: [redacted]"),
            ("set-cookie: sid=hush", "set-cookie: [redacted]"),
            (
                r#"{"kid":"1","d":"hush"}"#,
                r#"{"kid":"1","d":"[redacted]"}"#,
            ),
            ("see eyJhbGciOi.eyJpc3Mi.c2ln.", "see [redacted]"),
            // These are no secrets.
            (r#"{"token_type":"Bearer"}"#, r#"{"token_type":"Bearer"}"#),
            ("token_endpoint=x", "token_endpoint=x"),
            (
                "grant_type=authorization_code",
                "grant_type=authorization_code",
            ),
            ("a bad token here", "a bad token here"),
        ];
        for (text, hidden) in table {
            assert_eq!(Redactor::default().hide(text), hidden);
        }
    }

    proptest! {
        #[test]
        fn a_learnt_secret_is_hidden_wherever_it_stands(
            secret in "[ -~é]{8,40}", before in "[ -~\n]{0,40}", after in "[ -~\n]{0,40}",
        ) {
            let redactor = Redactor::default();
            redactor.learn(&secret);
            let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            let json = serde_json::json!({ "echo": secret }).to_string();
            for spelling in [&secret, &form, &json] {
                let shown = redactor.hide(&format!("{before}{spelling}{after}"));
                // What is left must not hold the secret; a secret that is part of the marker itself cannot leak.
                prop_assert!(!shown.replace(HIDDEN, "\u{1}").contains(&secret), "{shown}");
            }
        }

        #[test]
        fn hiding_never_panics(text in "(?s).{0,200}") {
            let _ = Redactor::default().hide(&text);
        }
    }
}
