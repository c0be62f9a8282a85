//! `countersign client`.

mod add;
mod apply;
mod keys;
mod kind;
mod new_key;
mod rotate;
mod settings;
mod sign_in;
mod tokens;
mod update;
mod wanted;

use std::time::Duration;

use clap::Subcommand;
use countersign_core::{Client, ClientId, Secret, SettingsError};
use countersign_provider::{AddClientError, ChangeClientError, WEAK_SECRET_BYTES};
use serde_json::{Map, Value, json};

use super::{Global, pages};
use crate::output::{Failure, Format, members_table, object_with_lists, print, table, warn};

/// Within which time every running server has heard of a change (RULES A2).
const HEARD_WITHIN: Duration = Duration::from_secs(1);

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Add a client and show its secret, once
    Add(Box<add::Add>),
    /// List all clients
    #[command(
        after_help = "Examples:\n  countersign client list\n  countersign client list --json | jq '.[].client_id'"
    )]
    List,
    /// Show one client, under the member names of RFC 7591
    #[command(after_help = "Examples:\n  countersign client show billing")]
    Show {
        /// The client
        client_id: ClientId,
    },
    /// Change what a client may do
    Update(Box<update::Update>),
    /// Make clients be as a file says: those that are missing are added
    Apply(apply::Apply),
    /// Give a client a new secret and show it, once
    RotateSecret(rotate::RotateSecret),
    /// Make a key pair for a client that authenticates by key
    NewKey(new_key::NewKey),
    /// Show the public half of a client's private key, as a JWK Set
    PublicKey(new_key::PublicKey),
    /// Remove a client; everything that was issued to it ends within a second
    #[command(after_help = "Examples:\n  countersign client remove billing")]
    Remove {
        /// The client
        client_id: ClientId,
    },
}

impl ClientCommand {
    pub(crate) async fn run(self, global: &Global) -> Result<(), Failure> {
        match self {
            Self::Add(add) => add.run(global).await,
            Self::List => list(global).await,
            Self::Show { client_id } => show(global, client_id).await,
            Self::Update(update) => update.run(global).await,
            Self::Apply(apply) => apply.run(global).await,
            Self::RotateSecret(rotate) => rotate.run(global).await,
            Self::NewKey(new_key) => new_key.run(),
            Self::PublicKey(public_key) => public_key.run(),
            Self::Remove { client_id } => remove(global, client_id).await,
        }
    }
}

async fn list(global: &Global) -> Result<(), Failure> {
    let opened = global.provider().await?;
    let clients = pages::all(
        |client: &Client| client.client_id.clone(),
        async |after, limit| opened.store.list_clients(after.as_ref(), limit).await,
    )
    .await?;
    let rows: Vec<Vec<String>> = clients.iter().map(row).collect();
    let text = if rows.is_empty() {
        String::from("There are no clients; add one with: countersign client add CLIENT_ID")
    } else {
        table(&["CLIENT", "GRANT TYPES", "SCOPE"], &rows)
    };
    let clients: Vec<Map<String, Value>> = clients.iter().map(describe).collect();
    print(global.format(), &text, &clients)
}

fn row(client: &Client) -> Vec<String> {
    let settings = &client.settings;
    let grants: Vec<&str> = settings
        .grant_types
        .iter()
        .map(|grant| grant.name())
        .collect();
    vec![
        client.client_id.to_string(),
        grants.join(","),
        settings.scope.to_string(),
    ]
}

async fn show(global: &Global, client_id: ClientId) -> Result<(), Failure> {
    let opened = global.provider().await?;
    let found = opened.store.find_client(&client_id).await?;
    let members = describe(&found.ok_or_else(|| unknown(&client_id))?);
    print(global.format(), &members_table(&members), &members)
}

async fn remove(global: &Global, client_id: ClientId) -> Result<(), Failure> {
    let opened = global.provider().await?;
    if !opened.provider.remove_client(&client_id).await? {
        return Err(unknown(&client_id));
    }
    // When this returns, every server has heard of it, so that one of the same name can be added anew.
    tokio::time::sleep(HEARD_WITHIN).await;
    print(
        global.format(),
        &format!("Client {client_id} removed; its tokens have ended."),
        &json!({ "client_id": client_id, "removed": true }),
    )
}

pub(super) fn unknown(client_id: &ClientId) -> Failure {
    Failure::new(
        "unknown_client",
        format!("there is no client '{client_id}'; see: countersign client list"),
    )
}

/// Why a client was not added.
fn add_failed(error: AddClientError) -> Failure {
    let code = match error {
        AddClientError::Store(error) => return error.into(),
        AddClientError::Settings(error) => {
            let told = format!("{error}{}", hint(&error));
            return Failure::new("invalid_client_metadata", told);
        }
        AddClientError::Taken(_) | AddClientError::Subject(_) => "client_id_taken",
        _ => "invalid_client_metadata",
    };
    Failure::new(code, error)
}

/// Which option is behind a setting that was refused.
const fn hint(error: &SettingsError) -> &'static str {
    match error {
        SettingsError::PublicClientCredentials => {
            "; give other ones with --grant-type, or --redirect-uri"
        }
        SettingsError::NoRedirectUri => "; give --redirect-uri",
        SettingsError::SchemeOfNativeClient(_) => "; give --application-type native",
        SettingsError::ResponseTypeWithoutGrantType { .. } => {
            "; see --grant-type and --response-type"
        }
        SettingsError::PublicWithoutPkce => "; see --pkce",
        SettingsError::PublicHs256 => "; see --id-token-alg",
        SettingsError::PairwiseWithoutSector => "; give --sector-identifier-uri",
        SettingsError::SectorNotHttps => "; see --sector-identifier-uri",
        SettingsError::ClientName => "; see --name",
        SettingsError::DefaultScopeNotAllowed(_) => "; see --scope and --default-scope",
        SettingsError::TooManyScopes => "; see --scope",
        SettingsError::AccessTokenLifetime => "; see --access-token-lifetime",
        SettingsError::ClassicFormat => {
            "; see --token-profile; to take back what a client has: countersign client update CLIENT --unset access_token_format --unset \
             access_token_signed_response_alg"
        }
        SettingsError::RefreshTokenLifetime => {
            "; see --refresh-lifetime and --refresh-idle-lifetime"
        }
        SettingsError::RetryWindow => "; see --refresh-retry-window",
        SettingsError::PublicWithoutRotation => "; see --refresh-rotation",
        SettingsError::JwksAndUri | SettingsError::PrivateKeyJwtWithoutKeys => {
            "; see --jwks and --jwks-uri"
        }
        _ => "",
    }
}

/// Why a client was not changed.
pub(super) fn change_failed(client_id: &ClientId, error: ChangeClientError) -> Failure {
    match error {
        ChangeClientError::Unknown(_) => unknown(client_id),
        ChangeClientError::Refused(AddClientError::PublicWithSecret) => public_or_not(client_id),
        ChangeClientError::Refused(AddClientError::ConfidentialWithoutSecret) => {
            without_secret(client_id)
        }
        ChangeClientError::Refused(error) => add_failed(error),
        ChangeClientError::Store(error) => error.into(),
        error => Failure::new("contended", error),
    }
}

/// Whether a client is public is for its whole life.
fn public_or_not(client_id: &ClientId) -> Failure {
    Failure::new(
        "invalid_client_metadata",
        format!(
            "a public client has no secret, and a client that has one does not become public; to change that, remove \
            '{client_id}' and add it anew"
        ),
    )
}

/// A client is to prove who it is by a secret, and has none.
fn without_secret(client_id: &ClientId) -> Failure {
    Failure::new(
        "invalid_client_metadata",
        format!(
            "'{client_id}' has no secret; one that proves who it is by key is given one with: countersign client \
             rotate-secret {client_id}; a public one has none for its whole life: to change that, remove '{client_id}' \
             and add it anew"
        ),
    )
}

/// The lists among the settings that may be empty.
const LISTS: [&str; 3] = ["resources", "redirect_uris", "post_logout_redirect_uris"];

/// A client under the member names of RFC 7591 §2 and §3.2.1, without anything secret.
fn describe(client: &Client) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("client_id".into(), client.client_id.as_str().into());
    members.insert(
        "client_id_issued_at".into(),
        client.created_at.as_seconds().into(),
    );
    members.append(&mut object_with_lists(&client.settings, &LISTS));
    members
}

/// Adds a secret that was drawn to what is told about its client: for people and for programs.
fn with_secret(
    text: String,
    members: &mut Map<String, Value>,
    secret: Option<&Secret<String>>,
) -> String {
    let Some(secret) = secret else {
        return text;
    };
    let client_id = members["client_id"].as_str().unwrap_or_default();
    let text = format!(
        "{text}\n\n  client_id      {client_id}\n  client_secret  {}\n\nThe secret is not shown again.\n",
        secret.expose()
    );
    members.insert("client_secret".into(), secret.expose().as_str().into());
    text
}

/// RULES S1: "under 16 bytes warns and is marked weak".
fn warn_if_weak(format: Format, client: &Client) {
    if client.secrets.last().is_some_and(|secret| secret.weak) {
        warn(
            format,
            &format!(
                "the given secret of '{}' has fewer than {WEAK_SECRET_BYTES} bytes and is marked as weak",
                client.client_id
            ),
        );
    }
}
