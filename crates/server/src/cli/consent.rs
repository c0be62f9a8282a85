//! `countersign consent`.

use clap::{Args, Subcommand};
use countersign_core::{Client, ClientId, Consent, Username};
use serde_json::{Map, Value, json};

use super::{Global, client, pages, parties};
use crate::output::{Failure, date, print, table};

#[derive(Debug, Subcommand)]
pub(crate) enum ConsentCommand {
    /// List what a user has agreed to let clients have
    List(List),
    /// Forget what a user has agreed to let a client have, so that the user is asked again
    Revoke(Revoke),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  countersign consent list --user alice")]
pub(crate) struct List {
    /// The user
    #[arg(long, value_name = "NAME")]
    user: Username,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign consent revoke --user alice --client shop\n\n\
    What was granted goes on: the client keeps its tokens, and can refresh them. To end that, too: countersign grant list \
    --user NAME --client ID, and countersign grant revoke GRANT_ID")]
pub(crate) struct Revoke {
    /// The user
    #[arg(long, value_name = "NAME")]
    user: Username,
    /// The client
    #[arg(long, value_name = "ID")]
    client: ClientId,
}

impl ConsentCommand {
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
        let user = provider.find_user(&self.user).await?;
        let consents = pages::all(
            |consent: &Consent| consent.client,
            async |after, limit| provider.list_consents(user.id, after, limit).await,
        )
        .await?;
        let clients = parties::clients(&opened).await?;
        // A consent goes with its client, which may have happened between the two looks.
        let mut known: Vec<(&Client, &Consent)> = consents
            .iter()
            .filter_map(|consent| Some((clients.get(&consent.client)?, consent)))
            .collect();
        known.sort_by_key(|(client, _)| &client.client_id);
        let rows: Vec<Vec<String>> = known
            .iter()
            .map(|(client, consent)| {
                vec![
                    client.client_id.to_string(),
                    consent.scope.to_string(),
                    date(consent.given_at),
                ]
            })
            .collect();
        let text = if rows.is_empty() {
            format!(
                "The user {} has agreed to nothing yet; users are asked when they first sign in with a client.",
                user.username
            )
        } else {
            table(&["CLIENT", "SCOPE", "GIVEN"], &rows)
        };
        let documents: Vec<Map<String, Value>> = known
            .iter()
            .map(|(client, consent)| {
                let mut members = Map::new();
                let mut tell = |name: &str, value: Value| members.insert(name.to_owned(), value);
                tell("client_id", client.client_id.as_str().into());
                tell("scope", consent.scope.to_string().into());
                tell("given_at", consent.given_at.as_seconds().into());
                members
            })
            .collect();
        print(global.format(), &text, &documents)
    }
}

impl Revoke {
    async fn run(self, global: &Global) -> Result<(), Failure> {
        let opened = global.provider().await?;
        let user = opened.provider.find_user(&self.user).await?;
        let found = opened.store.find_client(&self.client).await?;
        let found = found.ok_or_else(|| client::unknown(&self.client))?;
        let (username, client_id) = (&user.username, &found.client_id);
        if !opened.provider.forget_consent(user.id, found.id).await? {
            return Err(Failure::new(
                "unknown_consent",
                format!(
                    "the user '{username}' has not agreed to let '{client_id}' have anything; see: countersign consent \
                     list --user {username}"
                ),
            ));
        }
        let text = format!(
            "The user {username} is asked again the next time that {client_id} wants something. What was granted goes \
             on; to end it: countersign grant list --user {username} --client {client_id}, and: countersign grant revoke \
             GRANT_ID"
        );
        let document = json!({
            "sub": user.id.to_string(),
            "username": username,
            "client_id": client_id,
            "forgotten": true,
        });
        print(global.format(), &text, &document)
    }
}
