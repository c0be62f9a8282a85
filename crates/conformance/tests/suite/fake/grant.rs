//! What users allow clients at the fake server, and the refresh tokens that stand for it.

use std::time::{Duration, Instant};

use jsonwebtoken::get_current_timestamp;
use serde_json::{Map, Value, json};

use super::clients::{Client, SCOPES};
use super::wire::{Form, Reply};
use super::{Fake, Rotation, Sin, keys, token};

/// A grant. It is never forgotten, and its place in the memory is its id.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) client: &'static Client,
    sub: &'static str,
    scope: String,
    audience: Vec<String>,
    auth_time: u64,
    used_at: Instant,
    /// In the order of their making.
    refresh_tokens: Vec<String>,
    pub(crate) ended: bool,
}

/// What is asked for of a grant; nothing means all of it.
#[derive(Default)]
pub(crate) struct Wanted {
    scope: Option<String>,
    audience: Option<Vec<String>>,
    refreshed: bool,
}

/// Opens a grant, and gives it a refresh token if the client may use one.
pub(crate) fn open(
    fake: &Fake,
    client: &'static Client,
    sub: &'static str,
    scope: String,
    audience: Vec<String>,
) -> usize {
    let refreshes = client.grants.contains(&"refresh_token");
    let grant = Grant {
        client,
        sub,
        scope,
        audience,
        auth_time: get_current_timestamp(),
        used_at: Instant::now(),
        refresh_tokens: refreshes.then(|| draw(fake)).into_iter().collect(),
        ended: false,
    };
    let mut memory = fake.memory.lock().unwrap();
    memory.issued.extend(grant.refresh_tokens.iter().cloned());
    memory.grants.push(grant);
    memory.grants.len() - 1
}

fn draw(fake: &Fake) -> String {
    match fake.sin {
        Sin::RepeatsRefreshTokens => "always-the-same-refresh-token".to_owned(),
        Sin::ShortRefreshTokens => format!(
            "a-constant-prefix-of-forty-characters---{}",
            keys::random(12)
        ),
        Sin::MiddlingRefreshTokens => keys::random(24),
        _ => keys::random(43),
    }
}

/// The grant of a refresh token, current or not.
pub(crate) fn find(fake: &Fake, presented: &str) -> Option<usize> {
    let alike = |token: &str| {
        let (shorter, longer) = if token.len() < presented.len() {
            (token, presented)
        } else {
            (presented, token)
        };
        let differences = token.bytes().zip(presented.bytes()).filter(|(a, b)| a != b);
        match fake.sin {
            Sin::TakesCutRefreshToken => shorter.len() >= 20 && longer.starts_with(shorter),
            Sin::TakesLongerRefreshToken => presented.starts_with(token),
            Sin::TakesChangedRefreshToken => {
                token.len() == presented.len() && differences.count() < 2
            }
            _ => token == presented,
        }
    };
    let memory = fake.memory.lock().unwrap();
    // Of two that are the same, for the sin of repeating them, the newer one counts.
    let mut grants = memory.grants.iter();
    grants.rposition(|grant| grant.refresh_tokens.iter().any(|token| alike(token)))
}

/// The refresh request (RFC 6749 §6).
pub(crate) fn refresh(fake: &Fake, client: &'static Client, form: &Form) -> Result<Reply, Reply> {
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
        Rotation::OfPublicClients => client.secret.is_empty(),
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
    let reply = respond(fake, client, id, &wanted);
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

fn audience(fake: &Fake, grant: &Grant, form: &Form) -> Result<Option<Vec<String>>, Reply> {
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

/// A token response, with the newest refresh token.
pub(crate) fn respond(fake: &Fake, client: &Client, id: usize, wanted: &Wanted) -> Reply {
    let grant = fake.memory.lock().unwrap().grants[id].clone();
    let scope = wanted.scope.as_ref().unwrap_or(&grant.scope);
    let audience = wanted.audience.as_ref().unwrap_or(&grant.audience);
    let auth_time = match fake.sin {
        Sin::MistakesAuthTime => 1,
        Sin::AuthTimeIsNow => get_current_timestamp(),
        _ => grant.auth_time,
    };
    let of_client =
        fake.is(Sin::UserIsClient) || (wanted.refreshed && fake.is(Sin::RefreshForgetsUser));
    let sub = if of_client { client.id } else { grant.sub };
    let about_user = [
        ("sub", json!(sub)),
        ("grant", json!(id)),
        ("auth_time", json!(auth_time)),
        ("amr", json!(["pwd"])),
    ];
    let about_user: Map<String, Value> = about_user
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let token = token::mint(fake, client, scope, audience, about_user);
    let mut body = json!({
        "access_token": token, "token_type": "Bearer", "expires_in": client.lifetime, "scope": scope,
    });
    let members = body.as_object_mut().unwrap();
    if let Some(newest) = grant.refresh_tokens.last() {
        members.insert("refresh_token".to_owned(), newest.as_str().into());
    }
    let untyped = fake.is(if wanted.refreshed {
        Sin::LeavesOutTokenTypeAtRefresh
    } else {
        Sin::LeavesOutTokenTypeForUsers
    });
    if untyped {
        members.remove("token_type");
    }
    fake.memory.lock().unwrap().issued.push(token);
    Reply::json(200, &body)
}
