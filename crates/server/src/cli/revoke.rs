//! `countersign revoke`.

use clap::Args;
use countersign_core::{ClientId, GrantId, Username};
use countersign_provider::UserChange;
use serde_json::json;

use super::{Global, client, grant};
use crate::output::{Failure, print};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign revoke --user alice\n      \
    Signs the user out everywhere; the user may sign in again.\n  \
    countersign revoke --client billing\n  \
    countersign revoke --all --yes\n      \
    After a leak of which nobody knows how far it goes.\n\n\
    What has ended is refused at once where the server is asked: introspection and refresh. An API that checks tokens \
    itself accepts them until they expire. Nobody is kept from getting new tokens; for that: countersign user disable, \
    client rotate-secret or remove, key revoke")]
pub(crate) struct Revoke {
    #[command(flatten)]
    what: What,
    /// Say that --all is meant
    #[arg(long)]
    yes: bool,
}

/// What is to end: exactly one of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// Everything that was ever issued; needs --yes
    #[arg(long, requires = "yes")]
    all: bool,
    /// What was issued for this user
    #[arg(long, value_name = "NAME")]
    user: Option<Username>,
    /// What was issued to this client
    #[arg(long, value_name = "ID")]
    client: Option<ClientId>,
    /// One grant, as `grant list` names it
    #[arg(long, value_name = "ID")]
    grant: Option<GrantId>,
}

impl Revoke {
    pub(crate) async fn run(self, global: &Global) -> Result<(), Failure> {
        match self.what {
            What {
                user: Some(username),
                ..
            } => end_user(global, &username).await,
            What {
                client: Some(client_id),
                ..
            } => end_client(global, &client_id).await,
            What {
                grant: Some(id), ..
            } => grant::revoke(global, id).await,
            What { .. } => end_everything(global).await,
        }
    }
}

async fn end_user(global: &Global, username: &Username) -> Result<(), Failure> {
    let opened = global.provider().await?;
    let changed = opened
        .provider
        .change_user(username, UserChange::EndIssued)
        .await;
    let ended = changed?;
    let text = format!(
        "Everything that was issued for the user {} has ended.",
        ended.username
    );
    let document = json!({
        "sub": ended.id.to_string(),
        "username": ended.username,
        "revoked": true,
    });
    print(global.format(), &text, &document)
}

async fn end_client(global: &Global, client_id: &ClientId) -> Result<(), Failure> {
    let opened = global.provider().await?;
    let ended = opened.provider.end_client(client_id).await;
    ended.map_err(|error| client::change_failed(client_id, error))?;
    let text = format!(
        "Everything that was issued to the client {client_id} has ended; it gets new tokens within a second."
    );
    let document = json!({ "client_id": client_id, "revoked": true });
    print(global.format(), &text, &document)
}

async fn end_everything(global: &Global) -> Result<(), Failure> {
    let opened = global.provider().await?;
    let clients = opened.provider.end_everything().await?;
    let text = format!(
        "Everything that was issued has ended, for all clients ({clients}); they get new tokens within a second."
    );
    let document = json!({ "all": true, "clients": clients, "revoked": true });
    print(global.format(), &text, &document)
}
