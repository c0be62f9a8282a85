//! Answers to clients, by way of the browser.

use std::time::Instant;

use super::asked::{Asked, Fault};
use super::place::{Mode, Place};
use crate::fake::browser::Session;
use crate::fake::code::Code;
use crate::fake::grant::{self, Grant, Login, Wanted};
use crate::fake::id_token::{self, Occasion};
use crate::fake::wire::{Form, Reply};
use crate::fake::{Fake, Sin, code, keys, pages};

/// Of the page that brings the answer by a form, and what its script does.
const TITLE: &str = "Back to the application";
const SUBMIT: &str = "document.forms[0].submit();";

pub(super) fn fault(fake: &Fake, place: &Place, form: &Form, fault: Fault) -> Reply {
    if fake.is(Sin::ErrorsOnPages) {
        return pages::error(fake, 400, fault);
    }
    let echoed = form
        .get("scope")
        .filter(|_| fake.is(Sin::EchoesIntoAnswers));
    let parameters = vec![
        ("error", fault.to_owned()),
        (
            "error_description",
            echoed.unwrap_or("as it says").to_owned(),
        ),
    ];
    send(fake, place, parameters)
}

pub(super) fn success(fake: &Fake, asked: &Asked, session: &Session) -> Reply {
    let Asked {
        place,
        response_type,
        ..
    } = asked;
    let login = Login {
        sid: session.sid.clone(),
        nonce: asked.nonce.clone(),
        acr: asked.acr,
        claims: asked.claims.clone(),
    };
    let may_refresh = response_type.code && place.client.grants.contains(&"refresh_token");
    let grant = Grant {
        client: place.client,
        user: session.user,
        scope: asked.scope.join(" "),
        audience: asked.audience.clone(),
        auth_time: session.auth_time,
        used_at: Instant::now(),
        // OpenID Connect Core §11.
        refreshes: may_refresh && (!asked.has("openid") || asked.has("offline_access")),
        refresh_tokens: Vec::new(),
        ended: false,
        login: Some(login.clone()),
    };
    let id = grant::open(fake, grant.clone());
    let mut parameters = Vec::new();
    let code = response_type.code.then(|| {
        let code = Code::new(id, asked.redirect_uri.clone(), asked.challenge.clone());
        code::remember(fake, code)
    });
    let token = response_type
        .token
        .then(|| grant::access_token(fake, id, &Wanted::default()));
    let id_token = response_type.id_token.then(|| {
        let occasion = Occasion {
            nonce: login.nonce.as_deref(),
            code: code.as_deref(),
            access_token: token.as_deref(),
            alone: code.is_none() && token.is_none(),
            refreshed: false,
        };
        id_token::mint(fake, &grant, &login, &occasion)
    });
    parameters.extend(code.map(|code| ("code", code)));
    let bare = fake.is(Sin::IdTokenBringsToken) && response_type.id_token;
    let token = token.or_else(|| bare.then(|| grant::access_token(fake, id, &Wanted::default())));
    if let Some(token) = token {
        parameters.push(("access_token", token));
        parameters.push(("token_type", "Bearer".to_owned()));
        parameters.push(("expires_in", place.client.lifetime.to_string()));
        parameters.push(("scope", grant.scope));
        if fake.is(Sin::ImplicitGivesRefreshToken) {
            parameters.push(("refresh_token", "made-up".to_owned()));
        }
    }
    parameters.extend(id_token.map(|id_token| ("id_token", id_token)));
    send(fake, place, parameters)
}

/// With `state` (RFC 6749 §4.1.2) and `iss` (RFC 9207 §2), in the way that was asked for.
fn send(fake: &Fake, place: &Place, mut parameters: Vec<(&'static str, String)>) -> Reply {
    let failed = parameters.iter().any(|(name, _)| *name == "error");
    parameters.extend(state(fake, place, failed).map(|state| ("state", state)));
    parameters.extend(issuer(fake, place, failed).map(|iss| ("iss", iss)));
    if fake.is(Sin::RepeatsIss) {
        parameters.push(("iss", fake.issuer.clone()));
    }
    let encoded = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&parameters)
        .finish();
    let uri = match fake.sin {
        Sin::DropsQueryOfRedirectUri => place.uri.split('?').next().unwrap_or_default(),
        _ => &place.uri,
    };
    let queried = match fake.sin {
        Sin::IgnoresFormPost => true,
        Sin::ErrorsByRedirectOnly => failed,
        _ => false,
    };
    let reply = match place.mode {
        Mode::Query => {
            let separator = if uri.contains('?') { '&' } else { '?' };
            Reply::see_other(&format!("{uri}{separator}{encoded}"))
        }
        Mode::FormPost if !queried => form_post(fake, uri, &parameters),
        Mode::Fragment | Mode::FormPost => Reply::see_other(&format!("{uri}#{encoded}")),
    };
    let cached = match fake.sin {
        Sin::CachesAnswers => "max-age=600",
        _ => "no-store",
    };
    reply
        .with("cache-control", cached)
        .with("referrer-policy", "no-referrer")
}

fn state(fake: &Fake, place: &Place, failed: bool) -> Option<String> {
    let state = place.state.clone()?;
    match fake.sin {
        Sin::LosesStateOfErrors if failed => None,
        // As if it were still encoded.
        Sin::DecodesStateTwice => {
            let pair = format!("={state}");
            let mut pairs = form_urlencoded::parse(pair.as_bytes()).into_owned();
            pairs.next().map(|(_, value)| value)
        }
        _ => Some(state),
    }
}

fn issuer(fake: &Fake, place: &Place, failed: bool) -> Option<String> {
    let issuer = fake.issuer.clone();
    match fake.sin {
        Sin::LeavesOutIss if !failed => None,
        Sin::LeavesOutIssOfErrors if failed => None,
        Sin::IssInQueriesOnly if place.mode != Mode::Query => None,
        Sin::IssWithSlash => Some(issuer + "/"),
        _ => Some(issuer),
    }
}

/// A page with a form that a script would send at once (Form Post Response Mode §2).
fn form_post(fake: &Fake, uri: &str, parameters: &[(&'static str, String)]) -> Reply {
    let hidden: Vec<_> = parameters
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let button = "<button type=\"submit\">Go on</button>\n";
    let form = pages::form(fake, uri, &hidden, button);
    if fake.is(Sin::FormPostWaits) {
        return pages::page(fake, 200, TITLE, &form);
    }
    let script = format!("{form}\n<script>{SUBMIT}</script>");
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}='; base-uri 'none'; frame-ancestors 'none'",
        keys::sha256(SUBMIT)
    );
    pages::page(fake, 200, TITLE, &script).with("content-security-policy", policy)
}
