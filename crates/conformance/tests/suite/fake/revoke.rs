//! The revocation endpoint of the fake server.

use super::wire::{Reply, Request};
use super::{Fake, Sin, grant, identity};

pub(crate) fn handle(fake: &Fake, request: &Request) -> Reply {
    respond(fake, request).unwrap_or_else(|reply| reply)
}

fn respond(fake: &Fake, request: &Request) -> Result<Reply, Reply> {
    let form = match request.method.as_str() {
        "POST" => request.form(),
        "GET" if fake.is(Sin::RevokesOnGet) => request.query_form(),
        _ => return Err(Reply::text(405, "POST it")),
    };
    let done = Reply::text(200, "");
    let claims = form.get("token").and_then(|token| fake.claims_of(token));
    let revoke = |token: &str| {
        let Some(claims) = &claims else { return };
        fake.memory
            .lock()
            .unwrap()
            .revoked
            .insert(identity(token, claims));
    };
    if fake.is(Sin::RevokesBeforeAuthentication)
        && let Some(token) = form.get("token")
    {
        revoke(token);
    }
    let client = fake.authenticate(request, &form)?;
    if client.is_public() && fake.is(Sin::RevocationRefusesPublic) {
        return Err(Reply::error(401, "invalid_client"));
    }
    let Some(token) = form.get("token") else {
        return Err(if fake.is(Sin::RevokesWithoutToken) {
            done
        } else {
            Reply::error(400, "invalid_request")
        });
    };
    if form.get("token_type_hint").is_some() && fake.is(Sin::RevocationBelievesHint) {
        return Ok(done);
    }
    if fake.is(Sin::RevocationMisnamesRefusal) {
        return Err(Reply::error(400, "invalid_request"));
    }
    if let Some(id) = grant::find(fake, token) {
        let granted = &mut fake.memory.lock().unwrap().grants[id];
        if granted.client.id != client.id && !fake.is(Sin::RevokesRefreshTokensForAnyone) {
            return Err(Reply::error(400, "invalid_grant"));
        }
        let kept = match fake.sin {
            Sin::KeepsRevokedRefreshTokens => true,
            Sin::RevocationBelievesHintForRefreshTokens => form.get("token_type_hint").is_some(),
            Sin::RevocationIgnoresPublic => client.is_public(),
            _ => false,
        };
        granted.ended |= !kept;
        return Ok(done);
    }
    let Some(owner) = claims
        .as_ref()
        .and_then(|claims| claims.get("client_id")?.as_str())
    else {
        let known = super::keys::verify(token).is_some();
        let minds = fake.is(if known {
            Sin::RevocationMindsTwice
        } else {
            Sin::RevocationMindsUnknown
        });
        return if minds {
            Err(Reply::error(400, "invalid_request"))
        } else {
            Ok(done)
        };
    };
    if owner != client.id && !fake.is(Sin::RevokesForAnyone) {
        return Err(Reply::error(400, "invalid_grant"));
    }
    if !fake.is(Sin::RevokesNothing) {
        revoke(token);
    }
    Ok(done)
}
