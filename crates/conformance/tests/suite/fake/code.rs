//! The authorization codes of the fake server (RFC 6749 §4.1.3).

use std::time::Instant;

use super::clients::Client;
use super::grant::{self, Wanted};
use super::pkce::{self, Challenge};
use super::wire::{Form, Reply};
use super::{Fake, Sin, keys, refresh};

#[derive(Clone)]
pub(crate) struct Code {
    grant: usize,
    /// The redirect URI, if the request named it.
    redirect_uri: Option<String>,
    challenge: Option<Challenge>,
    made_at: Instant,
    redeemed: bool,
}

impl Code {
    pub(crate) fn new(
        grant: usize,
        redirect_uri: Option<String>,
        challenge: Option<Challenge>,
    ) -> Self {
        Self {
            grant,
            redirect_uri,
            challenge,
            made_at: Instant::now(),
            redeemed: false,
        }
    }
}

/// Keeps it under a text that nobody can foresee.
pub(crate) fn remember(fake: &Fake, code: Code) -> String {
    let text = match fake.sin {
        Sin::ShortCodes => format!(
            "a-constant-prefix-of-forty-characters---{}",
            keys::random(12)
        ),
        _ => keys::random(43),
    };
    let mut memory = fake.memory.lock().unwrap();
    memory.issued.push(text.clone());
    memory.codes.insert(text.clone(), code);
    text
}

/// The client that the code was given to.
pub(crate) fn client_of(fake: &Fake, form: &Form) -> Option<&'static Client> {
    let memory = fake.memory.lock().unwrap();
    let code = memory.codes.get(form.get("code")?)?;
    Some(memory.grants[code.grant].client)
}

pub(crate) fn redeem(fake: &Fake, client: &'static Client, form: &Form) -> Result<Reply, Reply> {
    let refused = || Reply::error(400, "invalid_grant");
    let allowed = client.grants.contains(&"authorization_code");
    if !allowed && !fake.is(Sin::RedeemsWithoutGrantType) {
        return Err(Reply::error(400, "unauthorized_client"));
    }
    let Some(presented) = form.get("code") else {
        return Err(Reply::error(400, "invalid_request"));
    };
    let code = fake.memory.lock().unwrap().codes.get(presented).cloned();
    let Some(code) = code else {
        return Err(match fake.sin {
            Sin::MisnamesGarbageGrant => Reply::error(400, "invalid_request"),
            _ => refused(),
        });
    };
    let grant = fake.memory.lock().unwrap().grants[code.grant].clone();
    let expired = code.made_at.elapsed() >= fake.code_lifetime && !fake.is(Sin::CodesNeverExpire);
    let same_uri = code.redirect_uri.as_deref() == form.get("redirect_uri")
        || fake.is(Sin::IgnoresRedirectUriAtToken);
    let same_client = grant.client.id == client.id || fake.is(Sin::RedeemsForOthers);
    let verifier = form.get("code_verifier");
    let proven = pkce::is_proven(fake, code.challenge.as_ref(), verifier);
    if !same_client || !same_uri || !proven || expired || grant.ended {
        return Err(refused());
    }
    if code.redeemed && !fake.is(Sin::CodesWorkTwice) {
        let ends = !fake.is(Sin::CodeReplayEndsNothing);
        fake.memory.lock().unwrap().grants[code.grant].ended |= ends;
        return Err(refused());
    }
    let wanted = Wanted {
        audience: refresh::audience(fake, &grant, form)?,
        ..Wanted::default()
    };
    if let Some(code) = fake.memory.lock().unwrap().codes.get_mut(presented) {
        code.redeemed = true;
    }
    Ok(grant::respond(fake, client, code.grant, &wanted))
}
