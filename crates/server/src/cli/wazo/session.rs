//! `countersign wazo session`.

use clap::{Args, Subcommand};
use countersign_core::wazo::{AppId, Session};
use countersign_core::{EntityId, User, Username};
use countersign_provider::wazo::Caller;
use serde_json::{Map, Value, json};

use super::{dialect, id_of, name_of, opened};
use crate::cli::{Global, pages, parties};
use crate::output::{Failure, date, print, table};

#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// List live sessions, the oldest first
    List(List),
    /// End a session with its token
    #[command(
        after_help = "Examples:\n  countersign wazo session end 0197a3c2-5d6e-7f80-9a1b-2c3d4e5f6071\n\n\
        A program that has a refresh token signs in again: countersign wazo token --help"
    )]
    End {
        /// The session, as `wazo session list` names it
        session_id: EntityId,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign wazo session list\n  \
    countersign wazo session list --user alice")]
pub(crate) struct List {
    /// Only those of this user
    #[arg(long, value_name = "NAME")]
    user: Option<Username>,
}

impl SessionCommand {
    pub(super) async fn run(self, global: &Global) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.run(global).await,
            Self::End { session_id } => end(global, session_id).await,
        }
    }
}

impl List {
    async fn run(self, global: &Global) -> Result<(), Failure> {
        let opened = opened(global).await?;
        let (wazo, operator) = (dialect(&opened), Caller::operator());
        let user = id_of(&opened, self.user.as_ref()).await?;
        let sessions = pages::all(
            |session: &Session| session.id,
            async |after, limit| wazo.list_sessions(&operator, user, after, limit).await,
        )
        .await?;
        let users = parties::users(&opened, sessions.iter().map(|it| it.user)).await?;
        let with_user = || sessions.iter().map(|it| (it, users.get(&it.user)));
        let rows: Vec<Vec<String>> = with_user().map(|(it, user)| row(it, user)).collect();
        let text = if rows.is_empty() {
            self.user.as_ref().map_or_else(
                || String::from("Nobody is signed in with the wazo dialect."),
                |user| format!("{user} is not signed in with the wazo dialect."),
            )
        } else {
            table(&["SESSION", "USER", "PROGRAM", "SIGNED IN", "ENDS"], &rows)
        };
        let documents: Vec<Map<String, Value>> =
            with_user().map(|(it, user)| describe(it, user)).collect();
        print(global.format(), &text, &documents)
    }
}

fn row(session: &Session, user: Option<&User>) -> Vec<String> {
    vec![
        session.id.to_string(),
        name_of(user, session.user),
        session
            .app
            .as_ref()
            .map_or_else(|| "-".to_owned(), AppId::to_string),
        date(session.issued_at),
        date(session.expires_at),
    ]
}

/// A session under the member names of that wire, but for the times; without anything secret.
fn describe(session: &Session, user: Option<&User>) -> Map<String, Value> {
    let mut members = Map::new();
    let mut tell = |name: &str, value: Value| members.insert(name.to_owned(), value);
    tell("uuid", session.id.to_string().into());
    tell("user_uuid", session.user.to_string().into());
    if let Some(user) = user {
        tell("username", user.username.as_str().into());
    }
    if let Some(app) = &session.app {
        tell("client_id", app.as_str().into());
    }
    tell("mobile", session.mobile.into());
    tell("acl", json!(session.acl));
    tell("remote_addr", session.remote_addr.as_str().into());
    tell("user_agent", session.user_agent.as_str().into());
    tell("issued_at", session.issued_at.as_seconds().into());
    tell("expires_at", session.expires_at.as_seconds().into());
    members
}

async fn end(global: &Global, id: EntityId) -> Result<(), Failure> {
    let opened = opened(global).await?;
    let (wazo, operator) = (dialect(&opened), Caller::operator());
    if !wazo.end_session(&operator, id, None).await? {
        return Err(Failure::new(
            "unknown_session",
            format!("there is no session '{id}'; see: countersign wazo session list"),
        ));
    }
    print(
        global.format(),
        &format!("The session {id} has ended, with its token."),
        &json!({ "uuid": id.to_string(), "ended": true }),
    )
}
