//! The refresh token grant of the fake server.

use std::time::{Duration, Instant};

use super::clients::{Client, SCOPES};
use super::grant::{self, Grant, Wanted, draw, find};
use super::wire::{Form, Reply};
use super::{Fake, Rotation, Sin};

/// The refresh request (RFC 6749 §6).
pub(crate) fn handle(fake: &Fake, client: &'static Client, form: &Form) -> Result<Reply, Reply> {
    let refused = || Reply::error(400, "invalid_grant");
    if !client.grants.contains(&"refresh_token") && !fake.is(Sin::RefreshesForAnyClient) {
        return Err(Reply::error(400, "unauthorized_client"));
    }
    let Some(presented) = form.get("refresh_token") else {
        let misnamed = fake.is(Sin::MisnamesMissingRefreshToken);
        return Err(Reply::error(
            400,
            if misnamed {
                "invalid_grant"
            } else {
                "invalid_request"
            },
        ));
    };
    let by_access_token = || {
        let takes = fake.is(Sin::TakesAccessTokenAsRefreshToken);
        let claims = takes.then(|| fake.claims_of(presented)).flatten()?;
        usize::try_from(claims.get("grant")?.as_u64()?).ok()
    };
    let Some(id) = find(fake, presented).or_else(by_access_token) else {
        return Err(match fake.sin {
            Sin::MisnamesGarbageGrant => Reply::error(400, "invalid_request"),
            // Long enough to be nearly one that was issued, and as confidential.
            Sin::EchoesRefreshToken if presented.len() > 20 => {
                let mut memory = fake.memory.lock().unwrap();
                memory.issued.push(presented.to_owned());
                Reply::text(400, presented)
            }
            _ => refused(),
        });
    };
    let grant = fake.memory.lock().unwrap().grants[id].clone();
    let foreign = grant.client.id != client.id && !fake.is(Sin::RefreshesForOthers);
    let idle = grant.used_at.elapsed() >= Duration::from_secs(client.idle);
    if foreign || grant.ended || (idle && !fake.is(Sin::NeverIdle)) {
        return Err(refused());
    }
    let mut tokens = grant.refresh_tokens.iter();
    let place = tokens.rposition(|one| one == presented);
    let newer = place.map_or(0, |place| grant.refresh_tokens.len() - 1 - place);
    let retried = newer == 1 && fake.rotation == Rotation::Retried;
    if newer > 0 && !retried && !fake.is(Sin::OldRefreshTokensLive) {
        let ends = !fake.is(Sin::ReplayEndsNothing);
        fake.memory.lock().unwrap().grants[id].ended |= ends;
        return Err(refused());
    }
    let wanted = Wanted {
        scope: scope(fake, &grant, form)?,
        audience: audience(fake, &grant, form)?,
        refreshed: true,
    };
    let mut rotates = match fake.rotation {
        Rotation::OfPublicClients => client.is_public(),
        Rotation::Strict | Rotation::Retried => !retried,
    };
    rotates &= !fake.is(Sin::NeverRotates);
    let mut memory = fake.memory.lock().unwrap();
    if rotates {
        let next = draw(fake);
        memory.issued.push(next.clone());
        memory.grants[id].refresh_tokens.push(next);
    }
    memory.grants[id].used_at = Instant::now();
    if let (Some(scope), Sin::NarrowsForGood) = (&wanted.scope, fake.sin) {
        memory.grants[id].scope.clone_from(scope);
    }
    drop(memory);
    let reply = grant::respond(fake, client, id, &wanted);
    Ok(if fake.is(Sin::CachesRefresh) {
        reply.with("cache-control", "max-age=600")
    } else {
        reply
    })
}

fn scope(fake: &Fake, grant: &Grant, form: &Form) -> Result<Option<String>, Reply> {
    let Some(asked) = form.get("scope") else {
        let all = fake.is(Sin::RefreshGivesAllScopes);
        return Ok(all.then(|| SCOPES.join(" ")));
    };
    let granted = |one: &str| grant.scope.split(' ').any(|scope| scope == one);
    if asked.split(' ').all(granted) || fake.is(Sin::WidensScope) {
        Ok(Some(asked.to_owned()))
    } else {
        Err(Reply::error(400, "invalid_scope"))
    }
}

pub(crate) fn audience(
    fake: &Fake,
    grant: &Grant,
    form: &Form,
) -> Result<Option<Vec<String>>, Reply> {
    let owned = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
    let asked = form.all("resource");
    let of_grant = |one: &&str| grant.audience.iter().any(|resource| resource == one);
    let of_client =
        |one: &&str| grant.client.resources.contains(one) && fake.is(Sin::TakesUngrantedResource);
    if !asked.iter().all(|one| of_grant(one) || of_client(one)) {
        return Err(Reply::error(400, "invalid_target"));
    }
    Ok(match fake.sin {
        Sin::IgnoresResourceAtRefresh => None,
        Sin::RefreshGivesAllResources if asked.is_empty() => Some(owned(grant.client.resources)),
        _ if asked.is_empty() => None,
        _ => Some(owned(&asked)),
    })
}
