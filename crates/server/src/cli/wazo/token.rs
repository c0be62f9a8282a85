//! `countersign wazo token`: refresh tokens, which on that wire do not expire.

use clap::{Args, Subcommand};
use countersign_core::Username;
use countersign_core::wazo::{AppId, RefreshToken};
use countersign_provider::wazo::{Absent, Caller, Refusal};
use serde_json::{Map, Value, json};

use super::{dialect, opened};
use crate::cli::{Global, pages};
use crate::output::{Failure, date, print, table};

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// List the programs of a user that sign in again by themselves; never their refresh tokens
    #[command(after_help = "Examples:\n  countersign wazo token list alice")]
    List {
        /// The user
        username: Username,
    },
    /// End the refresh token of a program, and every session that was made with it
    End(End),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  countersign wazo token end alice my-phone")]
pub(crate) struct End {
    /// The user
    username: Username,
    /// The program, as `wazo token list` names it
    client_id: AppId,
}

impl TokenCommand {
    pub(super) async fn run(self, global: &Global) -> Result<(), Failure> {
        match self {
            Self::List { username } => list(global, &username).await,
            Self::End(end) => end.run(global).await,
        }
    }
}

async fn list(global: &Global, username: &Username) -> Result<(), Failure> {
    let opened = opened(global).await?;
    let (wazo, operator) = (dialect(&opened), Caller::operator());
    let user = opened.provider.find_user(username).await?;
    let tokens = pages::all(
        |token: &RefreshToken| token.id,
        async |after, limit| {
            wazo.list_refresh_tokens(&operator, Some(user.id), after, limit)
                .await
        },
    )
    .await?;
    let rows: Vec<Vec<String>> = tokens.iter().map(row).collect();
    let text = if rows.is_empty() {
        format!("The user {username} has no refresh token of the wazo dialect.")
    } else {
        table(&["PROGRAM", "MOBILE", "ISSUED"], &rows)
    };
    let documents: Vec<Map<String, Value>> = tokens.iter().map(describe).collect();
    print(global.format(), &text, &documents)
}

fn row(token: &RefreshToken) -> Vec<String> {
    vec![
        token.app.to_string(),
        if token.mobile { "yes" } else { "no" }.to_owned(),
        date(token.created_at),
    ]
}

/// A refresh token under the member names of that wire, but for the time; without anything secret.
fn describe(token: &RefreshToken) -> Map<String, Value> {
    let mut members = Map::new();
    let mut tell = |name: &str, value: Value| members.insert(name.to_owned(), value);
    tell("client_id", token.app.as_str().into());
    tell("user_uuid", token.user.to_string().into());
    tell("mobile", token.mobile.into());
    tell("created_at", token.created_at.as_seconds().into());
    members
}

impl End {
    async fn run(self, global: &Global) -> Result<(), Failure> {
        let Self {
            username,
            client_id,
        } = self;
        let opened = opened(global).await?;
        let (wazo, operator) = (dialect(&opened), Caller::operator());
        let user = opened.provider.find_user(&username).await?;
        let ended = wazo.end_refresh_token(&operator, user.id, &client_id).await;
        ended.map_err(|refusal| match refusal {
            Refusal::Absent(Absent::RefreshToken) => Failure::new(
                "unknown_token",
                format!(
                    "the user '{username}' has no refresh token for '{client_id}'; see: countersign wazo token list \
                     {username}"
                ),
            ),
            refusal => refusal.into(),
        })?;
        print(
            global.format(),
            &format!(
                "The refresh token of {username} for {client_id} has ended, with its sessions."
            ),
            &json!({ "username": user.username, "client_id": client_id, "ended": true }),
        )
    }
}
