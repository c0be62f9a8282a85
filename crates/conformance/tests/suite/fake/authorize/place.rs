//! Where the answer to an authorization request goes.

use crate::fake::clients::{self, Client};
use crate::fake::wire::{Form, Reply};
use crate::fake::{Fake, Make, Sin, pages};

/// How the parameters of the answer are brought (OAuth 2.0 Multiple Response Types §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Query,
    Fragment,
    FormPost,
}

/// A client, and the one of its redirect URIs that is meant.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) client: &'static Client,
    pub(crate) uri: String,
    pub(crate) mode: Mode,
    pub(crate) state: Option<String>,
}

impl Place {
    /// RFC 6749 §4.1.2.1: without a client and a redirect URI of its own there is a page.
    pub(crate) fn read(fake: &Fake, form: &Form) -> Result<Self, Reply> {
        let bad = |words: &str| match fake.sin {
            Sin::ErrorsInJson => Reply::error(400, "invalid_request"),
            _ => pages::error(fake, 400, words),
        };
        let single = |name: &str| match form.all(name).as_slice() {
            [] => Ok(None),
            [one] => Ok(Some((*one).to_owned())),
            [one, ..] if fake.is(Sin::TakesRepeatedAtAuthorization) => Ok(Some((*one).to_owned())),
            _ => Err(bad("A parameter is repeated.")),
        };
        if form.repeats() && fake.is_of(Make::Foreign) {
            return Err(bad("A parameter is repeated."));
        }
        let uri = single("redirect_uri")?;
        let Some(client) = single("client_id")?.and_then(|id| clients::find(&id)) else {
            return Err(
                match uri.filter(|_| fake.is(Sin::RedirectsUnknownClients)) {
                    Some(uri) => Reply::see_other(&format!("{uri}?error=unauthorized_client")),
                    None => bad("The application is not known."),
                },
            );
        };
        let alone = client.redirect_uris.len() == 1 && !is_openid(form);
        let guessed = alone || fake.is(Sin::GuessesRedirectUri);
        let uri = match (uri, client.redirect_uris.first()) {
            (Some(uri), _) if is_registered(fake, client, &uri) => uri,
            (Some(uri), _) if fake.is(Sin::RedirectsErrorsAnywhere) => {
                return Err(Reply::see_other(&format!("{uri}?error=invalid_request")));
            }
            (None, Some(first)) if guessed => (*first).to_owned(),
            _ => return Err(bad("The application has no such redirect URI.")),
        };
        let state = match form.all("state").as_slice() {
            [state] => Some((*state).to_owned()),
            [first, _, ..] if fake.is(Sin::TakesRepeatedAtAuthorization) => {
                Some((*first).to_owned())
            }
            [] if fake.is(Sin::EchoesEmptyState) && form.has("state") => Some(String::new()),
            _ => None,
        };
        let mode = mode(fake, form);
        Ok(Self {
            client,
            uri,
            mode,
            state,
        })
    }
}

fn is_openid(form: &Form) -> bool {
    let scope = form.get("scope").unwrap_or_default();
    scope.split(' ').any(|one| one == "openid")
}

/// RFC 9700 §2.1: byte for byte, but for the port of a native client's loopback address.
fn is_registered(fake: &Fake, client: &Client, uri: &str) -> bool {
    let any_port = client.native && !fake.is(Sin::MindsLoopbackPort);
    let known = |registered: &&str| {
        *registered == uri || (any_port && without_port(uri).as_deref() == Some(registered))
    };
    let alike = |registered: &&str| match fake.sin {
        Sin::TakesAnyRedirectUri => true,
        Sin::ComparesRedirectUrisByStart => uri.starts_with(registered),
        Sin::ComparesRedirectUrisInAnyCase => uri.eq_ignore_ascii_case(registered),
        Sin::ComparesRedirectUrisByHost => uri.split('/').nth(2) == registered.split('/').nth(2),
        _ => false,
    };
    client
        .redirect_uris
        .iter()
        .any(|one| known(one) || alike(one))
}

/// `http://127.0.0.1:5000/callback` without `:5000`.
fn without_port(uri: &str) -> Option<String> {
    let host = "http://127.0.0.1";
    let rest = uri.strip_prefix(host)?.strip_prefix(':')?;
    let (port, path) = rest.split_once('/')?;
    port.parse::<u16>().ok()?;
    Some(format!("{host}/{path}"))
}

fn mode(fake: &Fake, form: &Form) -> Mode {
    match fake.sin {
        Sin::CodesInFragment => return Mode::Fragment,
        Sin::ImplicitInQuery => return Mode::Query,
        _ => {}
    }
    let mut words = form.get("response_type").unwrap_or_default().split(' ');
    match form.get("response_mode") {
        Some("query") => Mode::Query,
        Some("fragment") => Mode::Fragment,
        Some("form_post") => Mode::FormPost,
        _ if words.any(|word| matches!(word, "token" | "id_token")) => Mode::Fragment,
        _ => Mode::Query,
    }
}
