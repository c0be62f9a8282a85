//! What users allow clients at the fake server, and the tokens that stand for it.

use std::time::Instant;

use jsonwebtoken::get_current_timestamp;
use serde_json::{Map, Value, json};

use super::clients::Client;
use super::id_token::{self, Occasion};
use super::people::User;
use super::requested::Requested;
use super::wire::Reply;
use super::{Fake, Make, Sin, keys, subject, token};

/// A grant. It is never forgotten, and its place in the memory is its id.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) client: &'static Client,
    pub(crate) user: &'static User,
    pub(crate) scope: String,
    pub(crate) audience: Vec<String>,
    pub(crate) auth_time: u64,
    pub(crate) used_at: Instant,
    /// Whether it has refresh tokens.
    pub(crate) refreshes: bool,
    /// In the order of their making.
    pub(crate) refresh_tokens: Vec<String>,
    pub(crate) ended: bool,
    /// What was asked for at the authorization endpoint, if it came from there.
    pub(crate) login: Option<Login>,
}

/// What ID tokens and userinfo need to know of the authorization request.
#[derive(Clone)]
pub(crate) struct Login {
    /// The `sid` of the session.
    pub(crate) sid: String,
    pub(crate) nonce: Option<String>,
    /// The authentication context class was asked for.
    pub(crate) acr: bool,
    pub(crate) claims: Requested,
}

impl Grant {
    /// By the password grant; it has refresh tokens if the client may use them.
    pub(crate) fn of_password(
        client: &'static Client,
        user: &'static User,
        scope: String,
        audience: Vec<String>,
    ) -> Self {
        Self {
            client,
            user,
            scope,
            audience,
            auth_time: get_current_timestamp(),
            used_at: Instant::now(),
            refreshes: client.grants.contains(&"refresh_token"),
            refresh_tokens: Vec::new(),
            ended: false,
            login: None,
        }
    }
}

/// What is asked for of a grant; nothing means all of it.
#[derive(Default)]
pub(crate) struct Wanted {
    pub(crate) scope: Option<String>,
    pub(crate) audience: Option<Vec<String>>,
    pub(crate) refreshed: bool,
}

/// Remembers a grant, with its first refresh token.
pub(crate) fn open(fake: &Fake, mut grant: Grant) -> usize {
    if grant.refreshes {
        grant.refresh_tokens.push(draw(fake));
    }
    let mut memory = fake.memory.lock().unwrap();
    memory.issued.extend(grant.refresh_tokens.iter().cloned());
    memory.grants.push(grant);
    memory.grants.len() - 1
}

pub(crate) fn draw(fake: &Fake) -> String {
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

/// A token response, with the newest refresh token.
pub(crate) fn respond(fake: &Fake, client: &Client, id: usize, wanted: &Wanted) -> Reply {
    let grant = fake.memory.lock().unwrap().grants[id].clone();
    let scope = wanted.scope.as_ref().unwrap_or(&grant.scope);
    let access_token = access_token(fake, id, wanted);
    let mut body = json!({
        "access_token": access_token, "token_type": "Bearer", "expires_in": client.lifetime, "scope": scope,
    });
    let members = body.as_object_mut().unwrap();
    if let Some(newest) = grant.refresh_tokens.last() {
        members.insert("refresh_token".to_owned(), newest.as_str().into());
    }
    let openid = match fake.sin {
        // OpenID Connect Core §12.2: it need not come again.
        _ if fake.is_of(Make::Foreign) && wanted.refreshed => false,
        Sin::LeavesOutIdToken => false,
        Sin::AlwaysGivesIdToken => true,
        _ => scope.split(' ').any(|one| one == "openid"),
    };
    if let Some(login) = grant.login.as_ref().filter(|_| openid) {
        let nonce = login.nonce.as_deref().filter(|_| !wanted.refreshed);
        let occasion = Occasion {
            nonce,
            // OpenID Connect Core §3.1.3.6: at_hash need not be there.
            access_token: Some(access_token.as_str()).filter(|_| !fake.is_of(Make::Foreign)),
            refreshed: wanted.refreshed,
            ..Occasion::default()
        };
        let id_token = id_token::mint(fake, &grant, login, &occasion);
        members.insert("id_token".to_owned(), id_token.into());
    }
    let untyped = fake.is(if wanted.refreshed {
        Sin::LeavesOutTokenTypeAtRefresh
    } else {
        Sin::LeavesOutTokenTypeForUsers
    });
    if untyped {
        members.remove("token_type");
    }
    Reply::json(200, &body)
}

/// An access token of a grant.
pub(crate) fn access_token(fake: &Fake, id: usize, wanted: &Wanted) -> String {
    let grant = fake.memory.lock().unwrap().grants[id].clone();
    let client = grant.client;
    let scope = wanted.scope.as_ref().unwrap_or(&grant.scope);
    let audience = wanted.audience.as_ref().unwrap_or(&grant.audience);
    let auth_time = match fake.sin {
        Sin::MistakesAuthTime => 1,
        Sin::AuthTimeIsNow => get_current_timestamp(),
        _ => grant.auth_time,
    };
    let of_client =
        fake.is(Sin::UserIsClient) || (wanted.refreshed && fake.is(Sin::RefreshForgetsUser));
    let sub = if of_client {
        client.id.to_owned()
    } else {
        subject::of(fake, client, grant.user)
    };
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
    fake.memory.lock().unwrap().issued.push(token.clone());
    token
}
