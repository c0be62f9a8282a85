//! `countersign session`.

use clap::{Args, Subcommand};
use countersign_core::{EntityId, Session, User, Username};
use serde_json::{Map, Value, json};

use super::{Global, pages, parties};
use crate::output::{Failure, date, print, table};

#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// List sessions, the oldest first; one that is over is listed until it is swept
    List(List),
    /// Sign a user out, of one browser or of all
    Revoke(Revoke),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign session list\n  \
    countersign session list --user alice --json | jq '.[] | select(.live)'")]
pub(crate) struct List {
    /// Only those of this user
    #[arg(long, value_name = "NAME")]
    user: Option<Username>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign session revoke 0197a3c2-5d6e-7f80-9a1b-2c3d4e5f6071\n  \
    countersign session revoke --user alice\n      \
        Signs the user out of every browser; the user may sign in again.\n\n\
    What was granted in a session ends with it, but for what the user granted with offline_access. To end that, too: \
    countersign grant list --user NAME, and countersign grant revoke GRANT_ID; or all of it at once, with: countersign \
    revoke --user NAME")]
pub(crate) struct Revoke {
    #[command(flatten)]
    what: What,
}

/// What is to end: exactly one of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// The session, as `session list` names it
    session_id: Option<EntityId>,
    /// Every session of this user
    #[arg(long, value_name = "NAME")]
    user: Option<Username>,
}

impl SessionCommand {
    pub(crate) async fn run(self, global: &Global) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.run(global).await,
            Self::Revoke(revoke) => revoke.run(global).await,
        }
    }
}

impl List {
    async fn run(self, global: &Global) -> Result<(), Failure> {
        let opened = global.provider().await?;
        let provider = &opened.provider;
        let user = match &self.user {
            Some(username) => Some(provider.find_user(username).await?.id),
            None => None,
        };
        let sessions = pages::all(
            |session: &Session| session.id,
            async |after, limit| provider.list_sessions(user, after, limit).await,
        )
        .await?;
        let users = parties::users(&opened, sessions.iter().map(|session| session.user)).await?;
        let shown: Vec<Shown<'_>> = sessions
            .iter()
            .map(|session| {
                let goes_on = provider.session_goes_on(session);
                Shown::new(session, users.get(&session.user), goes_on)
            })
            .collect();
        let rows: Vec<Vec<String>> = shown.iter().map(Shown::row).collect();
        let text = if rows.is_empty() {
            let whose = self.user.as_ref().map_or_else(
                || String::from("Nobody is signed in"),
                |user| format!("The user {user} is not signed in"),
            );
            format!("{whose}; a session begins when a user signs in with a browser.")
        } else {
            let headings = ["SESSION", "USER", "SIGNED IN", "LAST USED", "ENDS", "STATE"];
            table(&headings, &rows)
        };
        let documents: Vec<Map<String, Value>> = shown.iter().map(Shown::describe).collect();
        print(global.format(), &text, &documents)
    }
}

/// A session as it is told, without anything secret.
struct Shown<'all> {
    session: &'all Session,
    username: Option<&'all Username>,
    live: bool,
}

impl<'all> Shown<'all> {
    /// `goes_on`: neither too old nor idle for too long.
    fn new(session: &'all Session, user: Option<&'all User>, goes_on: bool) -> Self {
        let user_is_live = user.is_some_and(|it| it.enabled && it.epoch == session.user_epoch);
        Self {
            session,
            username: user.map(|user| &user.username),
            live: goes_on && user_is_live,
        }
    }

    fn row(&self) -> Vec<String> {
        let session = self.session;
        let username = self.username.map(Username::to_string);
        vec![
            session.id.to_string(),
            username.unwrap_or_else(|| session.user.to_string()),
            date(session.auth_time),
            date(session.used_at),
            date(session.ends_at),
            if self.live { "live" } else { "over" }.to_owned(),
        ]
    }

    fn describe(&self) -> Map<String, Value> {
        let session = self.session;
        let mut members = Map::new();
        let mut tell = |name: &str, value: Value| members.insert(name.to_owned(), value);
        tell("session_id", session.id.to_string().into());
        tell("sub", session.user.to_string().into());
        if let Some(username) = self.username {
            tell("username", username.as_str().into());
        }
        tell("amr", json!(session.amr));
        tell("created_at", session.created_at.as_seconds().into());
        tell("auth_time", session.auth_time.as_seconds().into());
        tell("last_used_at", session.used_at.as_seconds().into());
        tell("expires_at", session.ends_at.as_seconds().into());
        tell("live", self.live.into());
        members
    }
}

impl Revoke {
    async fn run(self, global: &Global) -> Result<(), Failure> {
        match self.what {
            What {
                session_id: Some(id),
                ..
            } => end_session(global, id).await,
            What {
                user: Some(username),
                ..
            } => end_sessions_of(global, &username).await,
            What { .. } => Err(Failure::usage("give a SESSION_ID, or --user NAME")),
        }
    }
}

async fn end_session(global: &Global, id: EntityId) -> Result<(), Failure> {
    let opened = global.provider().await?;
    if !opened.provider.end_session(id).await? {
        return Err(Failure::new(
            "unknown_session",
            format!("there is no session '{id}'; see: countersign session list"),
        ));
    }
    let text = format!(
        "The session {id} has ended, with what was granted in it; what was granted with offline_access goes on."
    );
    let document = json!({ "session_id": id.to_string(), "revoked": true });
    print(global.format(), &text, &document)
}

async fn end_sessions_of(global: &Global, username: &Username) -> Result<(), Failure> {
    let opened = global.provider().await?;
    let provider = &opened.provider;
    let user = provider.find_user(username).await?;
    let sessions = pages::all(
        |session: &Session| session.id,
        async |after, limit| provider.list_sessions(Some(user.id), after, limit).await,
    )
    .await?;
    let mut ended = 0_u64;
    for session in sessions {
        ended += u64::from(provider.end_session(session.id).await?);
    }
    let text = format!(
        "The user {0} is signed out of every browser ({ended}); what was granted with offline_access goes on, see: \
         countersign grant list --user {0}",
        user.username
    );
    let document = json!({
        "sub": user.id.to_string(),
        "username": user.username,
        "sessions": ended,
        "revoked": true,
    });
    print(global.format(), &text, &document)
}
