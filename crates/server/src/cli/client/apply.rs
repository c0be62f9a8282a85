//! `countersign client apply`.

use std::fs;
use std::io::{self, Read as _};
use std::path::PathBuf;

use clap::Args;
use countersign_core::{Client, Clock as _, EntityId, Secret};
use countersign_provider::{AddClientError, MAX_SECRET_BYTES, MIN_KEY_BYTES, SecretSource};
use serde_json::{Map, Value};

use super::wanted::{Wanted, invalid};
use super::{add_failed, change_failed, describe, public_or_not, warn_if_weak, without_secret};
use crate::cli::outcome::Outcome;
use crate::cli::{Global, Opened};
use crate::host::SystemClock;
use crate::output::{Failure, Format, print, table, warn};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign client apply -f clients.json\n  \
    countersign client list --json > clients.json\n      \
    The file that changes nothing, to begin with.\n\n\
    The file holds one JSON object or an array of them, with the members that client show --json prints. Each client is \
    made to be as the file says: it is added if it is missing, and a member that is left out is as for a new client. \
    Clients that are not in the file stay as they are. All is checked before anything is changed.\n\n\
    A new client that authenticates by a secret is given that in its member client_secret; without it, one is drawn and \
    shown, once. One that authenticates by key (private_key_jwt) has jwks or jwks_uri instead. The secret of a client that \
    exists stays as it is: countersign client rotate-secret --help")]
pub(crate) struct Apply {
    /// The file; - for standard input
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
}

/// What has to be done about a client.
enum Step {
    Create(Wanted),
    Update(Wanted),
    Leave(Box<Client>),
}

/// A client as it is now.
struct Applied {
    client: Client,
    outcome: Outcome,
    /// The secret that was drawn for a new client.
    secret: Option<Secret<String>>,
}

impl Apply {
    pub(super) async fn run(self, global: &Global) -> Result<(), Failure> {
        let wanted = Wanted::read_all(self.read()?.expose())?;
        let opened = global.new_provider().await?;
        let mut steps = Vec::new();
        for wanted in wanted {
            steps.push(plan(global.format(), &opened, wanted).await?);
        }
        let mut applied = Vec::new();
        let mut failed = Ok(());
        for step in steps {
            match carry_out(&opened, step).await {
                Ok(done) => applied.push(done),
                Err(failure) => {
                    failed = Err(failure);
                    break;
                }
            }
        }
        for done in &applied {
            if done.outcome == Outcome::Added {
                warn_if_weak(global.format(), &done.client);
            }
        }
        // What was done is told even if not all was: its secrets are not shown again.
        if failed.is_ok() || !applied.is_empty() {
            report(global.format(), &applied)?;
        }
        failed
    }

    fn read(&self) -> Result<Secret<String>, Failure> {
        let read = if self.file.as_os_str() == "-" {
            let mut text = String::new();
            io::stdin().lock().read_to_string(&mut text).map(|_| text)
        } else {
            fs::read_to_string(&self.file)
        };
        let failed = |error| Failure::new("file", format!("{}: {error}", self.file.display()));
        read.map(Secret::new).map_err(failed)
    }
}

/// Checks what a file says against what is there. Nothing is changed.
async fn plan(format: Format, opened: &Opened, wanted: Wanted) -> Result<Step, Failure> {
    let client_id = &wanted.client_id;
    opened
        .provider
        .check_settings(&wanted.settings)
        .map_err(|error| invalid(client_id, &error.to_string()))?;
    let is_key = wanted.settings.needs_secret_itself();
    let Some(found) = opened.store.find_client(client_id).await? else {
        let public = wanted.settings.is_public();
        let refused = match wanted.secret.as_ref().map(|secret| secret.expose().len()) {
            Some(_) if public => Some(AddClientError::PublicWithSecret),
            Some(_) if !wanted.settings.has_secret() => Some(AddClientError::KeyWithSecret),
            Some(0) => Some(AddClientError::EmptySecret),
            Some(..MIN_KEY_BYTES) if is_key => Some(AddClientError::SecretTooShort),
            Some(length) if length > MAX_SECRET_BYTES => Some(AddClientError::SecretTooLong),
            _ if is_subject(opened, &wanted).await? => {
                Some(AddClientError::Subject(client_id.clone()))
            }
            _ => None,
        };
        return match refused {
            Some(error) => Err(invalid(client_id, &error.to_string())),
            None => Ok(Step::Create(wanted)),
        };
    };
    if wanted.settings.is_public() && !found.secrets.is_empty() {
        return Err(public_or_not(client_id));
    }
    if wanted.settings.uses_secret() && found.secrets.is_empty() {
        return Err(without_secret(client_id));
    }
    if is_key && !has_sealed_secret(&found) {
        return Err(invalid(
            client_id,
            &AddClientError::SecretNotKept.to_string(),
        ));
    }
    if wanted.secret.is_some() {
        let text = format!(
            "the client_secret of '{client_id}' is for a new client and was not looked at; to change it: countersign client rotate-secret"
        );
        warn(format, &text);
    }
    if found.settings == wanted.settings {
        Ok(Step::Leave(Box::new(found)))
    } else {
        Ok(Step::Update(wanted))
    }
}

fn has_sealed_secret(client: &Client) -> bool {
    let now = SystemClock.now();
    let mut secrets = client.secrets.iter();
    secrets.any(|secret| secret.sealed.is_some() && secret.is_accepted(now))
}

/// RULES A6.
async fn is_subject(opened: &Opened, wanted: &Wanted) -> Result<bool, Failure> {
    let Ok(id) = wanted.client_id.as_str().parse::<EntityId>() else {
        return Ok(false);
    };
    Ok(opened.store.find_user(id).await?.is_some())
}

async fn carry_out(opened: &Opened, step: Step) -> Result<Applied, Failure> {
    match step {
        Step::Create(wanted) => {
            let source = wanted
                .secret
                .map_or(SecretSource::Generated, SecretSource::Given);
            let added = opened
                .provider
                .add_client(wanted.client_id, wanted.settings, source)
                .await
                .map_err(add_failed)?;
            Ok(Applied {
                client: added.client,
                outcome: Outcome::Added,
                secret: added.secret,
            })
        }
        Step::Update(wanted) => {
            let changed = opened
                .provider
                .change_client(&wanted.client_id, |settings| {
                    settings.clone_from(&wanted.settings);
                })
                .await;
            Ok(Applied {
                client: changed.map_err(|error| change_failed(&wanted.client_id, error))?,
                outcome: Outcome::Updated,
                secret: None,
            })
        }
        Step::Leave(client) => Ok(Applied {
            client: *client,
            outcome: Outcome::Unchanged,
            secret: None,
        }),
    }
}

fn report(format: Format, applied: &[Applied]) -> Result<(), Failure> {
    let secret = |done: &Applied| done.secret.as_ref().map(|it| it.expose().clone());
    let rows: Vec<Vec<String>> = applied
        .iter()
        .map(|done| {
            vec![
                done.client.client_id.to_string(),
                done.outcome.name().to_owned(),
                secret(done).unwrap_or_default(),
            ]
        })
        .collect();
    let mut text = if applied.is_empty() {
        String::from("The file describes no client.")
    } else if applied.iter().any(|done| done.secret.is_some()) {
        let table = table(&["CLIENT", "OUTCOME", "CLIENT SECRET"], &rows);
        format!("{table}\n\nThe secrets are not shown again.")
    } else {
        table(&["CLIENT", "OUTCOME"], &rows)
    };
    if applied.iter().any(|done| done.outcome == Outcome::Updated) {
        text.push_str("\n\nA running server knows within a second.");
    }
    let document: Vec<Map<String, Value>> = applied
        .iter()
        .map(|done| {
            let mut members = describe(&done.client);
            members.insert("outcome".into(), done.outcome.name().into());
            if let Some(secret) = secret(done) {
                members.insert("client_secret".into(), secret.into());
            }
            members
        })
        .collect();
    print(format, &text, &document)
}
