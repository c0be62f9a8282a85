//! What checks ask in a user's name: a login, and refreshes of what it gave.
//!
//! Where there is no client for the password grant, the user signs in on the pages to another client in its place.

use std::collections::BTreeSet;

use crate::client::Client;
use crate::finding::{Finding, Verdict};
use crate::http::Answer;
use crate::judge::{Endpoint, Issued, Judge, SAMPLE, Sample, with_scope};
use crate::jwt::Jwt;
use crate::role::Role;
use crate::user::User;

/// After how many refreshes the user logs in again while tokens are collected.
const CHAIN: usize = 20;

/// What a user allowed a client, as the last login or refresh left it.
pub(crate) struct Grant {
    pub(crate) issued: Issued,
    pub(crate) refresh_token: String,
}

impl Grant {
    /// The grant after this answer to a refresh. Without a new refresh token the old one goes on (RFC 6749 §6).
    pub(crate) fn after(&self, answer: Answer) -> Result<Self, Finding> {
        let issued = Issued::of(answer)?;
        let refresh_token = issued.answer.refresh_token();
        Ok(Self {
            issued,
            refresh_token: refresh_token.unwrap_or_else(|| self.refresh_token.clone()),
        })
    }
}

impl Judge {
    /// The user who logs in, or the reason to skip.
    pub(crate) fn user(&self) -> Result<&User, Finding> {
        let missing = || Finding::skipped("the target description has no [users.primary]");
        self.target.users.primary.as_ref().ok_or_else(missing)
    }

    /// A client that takes the user's password, or the reason to skip.
    pub(crate) fn password_client(&self, role: Role) -> Result<&Client, Finding> {
        self.supports("password")?;
        self.user()?;
        self.client(role)
    }

    /// A client that users log in to: with the password grant, or else with the code flow.
    pub(crate) fn user_client(&self, role: Role) -> Result<&Client, Finding> {
        let by_password = self.password_client(role);
        match stand_in(role) {
            Some(other) if by_password.is_err() => self.code_client(other).or(by_password),
            _ => by_password,
        }
    }

    /// Such a client with the grant type `refresh_token`, or without it for [`Role::NoRefreshToken`].
    pub(crate) fn refreshing_client(&self, role: Role) -> Result<&Client, Finding> {
        self.supports("refresh_token")?;
        let client = self.user_client(role)?;
        let wanted = role != Role::NoRefreshToken;
        if client.has_grant("refresh_token") == wanted {
            return Ok(client);
        }
        let id = client.client_id();
        let has = if wanted { "does not have" } else { "has" };
        let why = format!("the client '{id}' {has} the grant type refresh_token");
        Err(Finding::skipped(why))
    }

    /// A password request (RFC 6749 §4.3.2) for all scopes of the client, unless `more` names others.
    pub(crate) async fn password(
        &self,
        client: &Client,
        (username, password): (&str, &str),
        more: &[(&str, &str)],
    ) -> Result<Answer, Finding> {
        let scope = client.plain_scope();
        let mut form = vec![
            ("grant_type", "password"),
            ("username", username),
            ("password", password),
        ];
        form.extend(with_scope(&scope, more));
        self.ask(Endpoint::Token, client, &form).await
    }

    /// The user's access token for all scopes of the client, unless `more` names others.
    pub(crate) async fn log_in(
        &self,
        client: &Client,
        more: &[(&str, &str)],
    ) -> Result<Issued, Finding> {
        if client.has_grant("password") && self.supports("password").is_ok() {
            let credentials = self.user()?.credentials();
            return Issued::of(self.password(client, credentials, more).await?);
        }
        let scope = client.plain_scope();
        let mut request = Self::request(client).with("scope", &scope);
        if scope.is_empty() {
            // Refresh tokens go with `offline_access` then (OpenID Connect Core §11).
            let scope = client.scopes.join(" ");
            request = request.with("scope", &scope).with("prompt", "consent");
        }
        let request = more.iter().fold(request, |request, (name, value)| {
            if *name == "scope" {
                request.with(name, value)
            } else {
                request.also(name, value)
            }
        });
        self.sign_in(client, &request).await
    }

    /// The same, with the refresh token that came with it.
    pub(crate) async fn open_grant(
        &self,
        client: &Client,
        more: &[(&str, &str)],
    ) -> Result<Grant, Finding> {
        let issued = self.log_in(client, more).await?;
        let Some(refresh_token) = issued.answer.refresh_token() else {
            let expected = "a refresh token (needed to begin this check)";
            return Err(issued.answer.fails(expected, "none"));
        };
        Ok(Grant {
            issued,
            refresh_token,
        })
    }

    /// The same, once refreshed: its refresh token is known to be of a kind that works.
    pub(crate) async fn live_grant(&self, client: &Client) -> Result<Grant, Finding> {
        let grant = self.open_grant(client, &[]).await?;
        self.renew(client, &grant, &[]).await
    }

    /// A refresh request (RFC 6749 §6) with these further parameters.
    pub(crate) async fn refresh(
        &self,
        client: &Client,
        token: &str,
        more: &[(&str, &str)],
    ) -> Result<Answer, Finding> {
        // It may be one that the target never issued, but like one that it did.
        self.redactor.learn(token);
        let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
        form.extend_from_slice(more);
        self.ask(Endpoint::Token, client, &form).await
    }

    /// The grant after a refresh, which has to succeed.
    pub(crate) async fn renew(
        &self,
        client: &Client,
        grant: &Grant,
        more: &[(&str, &str)],
    ) -> Result<Grant, Finding> {
        let answer = self.refresh(client, &grant.refresh_token, more).await?;
        grant.after(answer)
    }

    /// Fails unless the refresh token gets `invalid_grant`.
    pub(crate) async fn is_refused(&self, client: &Client, token: &str, when: &str) -> Verdict {
        let answer = self.refresh(client, token, &[]).await?;
        answer.refused(&[400], &["invalid_grant"], when)
    }

    /// Hundred refresh tokens, and the access tokens that came with them. They are of a few logins, since a login is
    /// made to be slow; where refresh tokens do not change, they are of a login each.
    pub(crate) async fn samples_of_grants(&self, client: &Client) -> Result<[Sample; 2], Finding> {
        let sample = |kind| Sample {
            kind,
            tokens: Vec::with_capacity(SAMPLE),
        };
        let mut access = sample("access tokens of users");
        let mut refresh = sample("refresh tokens");
        let mut next = None;
        while refresh.tokens.len() < SAMPLE {
            let grant = match next.take() {
                Some(grant) => grant,
                None => self.open_grant(client, &[]).await?,
            };
            if !refresh.tokens.len().is_multiple_of(CHAIN) {
                let renewed = self.renew(client, &grant, &[]).await?;
                next = (renewed.refresh_token != grant.refresh_token).then_some(renewed);
            }
            access.tokens.push(grant.issued.token);
            refresh.tokens.push(grant.refresh_token);
        }
        Ok([access, refresh])
    }
}

/// The client of the code flow that stands for one of the password grant.
const fn stand_in(role: Role) -> Option<Role> {
    Some(match role {
        Role::Password => Role::Web,
        Role::OtherPassword => Role::Second,
        Role::PublicPassword => Role::Spa,
        Role::NoRefreshToken => Role::Native,
        Role::ShortIdle => Role::ShortIdle,
        _ => return None,
    })
}

/// The scopes of a token: as it says itself, or as the response says, or else those that were asked for, which is
/// what silence means (RFC 6749 §5.1).
pub(crate) fn scopes(issued: &Issued, asked: &str) -> BTreeSet<String> {
    let claimed = Jwt::read(&issued.token).and_then(|jwt| jwt.claim("scope").map(str::to_owned));
    let told = claimed.or_else(|| issued.answer.text("scope"));
    let words = told.unwrap_or_else(|| asked.to_owned());
    words.split(' ').map(str::to_owned).collect()
}
