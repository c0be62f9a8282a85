//! `countersign client`.
#![expect(
    clippy::doc_markdown,
    reason = "clap shows these comments as they stand"
)]

use std::io::{self, Read};
use std::time::Duration;

use clap::{Args, Subcommand};
use countersign_core::{
    AccessTokenFormat, AuthMethod, Client, ClientId, ClientSettings, GrantType, IntrospectionReach,
    RedirectUri, ResourceUri, Scope, Secret, SigningAlgorithm,
};
use countersign_provider::{AddClientError, MAX_SECRET_BYTES, SecretSource, WEAK_SECRET_BYTES};
use serde_json::{Map, Value, json};

use super::Global;
use crate::output::{Failure, object, print, table, warn};

/// Within which time every running server has heard of a change (RULES A2).
const HEARD_WITHIN: Duration = Duration::from_secs(1);

/// How many clients are read at a time.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Add a client and show its secret, once
    Add(Box<Add>),
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
    /// Remove a client; everything that was issued to it ends within a second
    #[command(after_help = "Examples:\n  countersign client remove billing")]
    Remove {
        /// The client
        client_id: ClientId,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign client add billing --scope 'invoices.read invoices.write' \\\n      \
        --default-scope invoices.read\n  \
    countersign client add reports --resource https://api.example.com\n  \
    pass show billing | countersign client add billing --secret-stdin\n  \
    countersign client add tv --public --redirect-uri com.example.tv:/callback")]
pub(crate) struct Add {
    /// The identifier: 1 to 255 printable ASCII characters
    client_id: ClientId,
    /// A grant type that the client may use [default: client_credentials; with redirect URIs, authorization_code and
    /// refresh_token]
    #[arg(long = "grant-type", value_name = "G")]
    grant_types: Vec<GrantType>,
    /// A scope that the client may ask for; several may be given at once, separated by spaces
    #[arg(long = "scope", value_name = "S")]
    scopes: Vec<Scope>,
    /// A scope that it gets when it asks for none [default: all of its scopes that need no user]
    #[arg(long = "default-scope", value_name = "S")]
    default_scopes: Vec<Scope>,
    /// A resource that it may ask tokens for, and for which it may introspect them; the first is the default audience
    #[arg(long = "resource", value_name = "URI")]
    resources: Vec<ResourceUri>,
    /// Where users may be sent back to after signing in
    #[arg(long = "redirect-uri", value_name = "U")]
    redirect_uris: Vec<RedirectUri>,
    /// Where users may be sent back to after signing out
    #[arg(long = "post-logout-redirect-uri", value_name = "U")]
    post_logout_redirect_uris: Vec<RedirectUri>,
    /// The only way in which it may authenticate: client_secret_basic or client_secret_post [default: either]
    #[arg(long, value_name = "M")]
    auth_method: Option<AuthMethod>,
    /// A public client: it runs where no secret can be kept
    #[arg(long, conflicts_with_all = ["auth_method", "secret_stdin"])]
    public: bool,
    /// Read the secret from standard input instead of drawing one
    #[arg(long)]
    secret_stdin: bool,
    /// Which tokens it may introspect: own, audience or any
    #[arg(long, value_name = "REACH", default_value_t)]
    introspect: IntrospectionReach,
    /// What its access tokens look like: jwt or opaque [default: as the server says]
    #[arg(long, value_name = "FORMAT")]
    access_token_format: Option<AccessTokenFormat>,
    /// How its access tokens are signed: ES256, ES384, RS256, PS256 or EdDSA [default: as the server says]
    #[arg(long, value_name = "ALG")]
    access_token_alg: Option<SigningAlgorithm>,
    /// Seconds for which its access tokens are good, up to a day [default: as the server says]
    #[arg(long, value_name = "SECONDS")]
    access_token_lifetime: Option<u32>,
}

impl ClientCommand {
    pub(crate) async fn run(self, global: &Global) -> Result<(), Failure> {
        match self {
            Self::Add(add) => add.run(global).await,
            Self::List => list(global).await,
            Self::Show { client_id } => show(global, client_id).await,
            Self::Remove { client_id } => remove(global, client_id).await,
        }
    }
}

impl Add {
    async fn run(self, global: &Global) -> Result<(), Failure> {
        let source = if self.secret_stdin {
            SecretSource::Given(read_secret(io::stdin().lock())?)
        } else {
            SecretSource::Generated
        };
        let client_id = self.client_id.clone();
        let opened = global.new_provider().await?;
        let added = opened
            .provider
            .add_client(client_id, self.settings(), source)
            .await;
        let added = added.map_err(|error| {
            let code = match error {
                AddClientError::Taken(_) => "client_id_taken",
                AddClientError::Store(_) => "storage",
                _ => "invalid_client_metadata",
            };
            Failure::new(code, error)
        })?;
        let mut members = describe(&added.client);
        let mut text = format!("Client {} added.\n", added.client.client_id);
        if let Some(secret) = &added.secret {
            members.insert("client_secret".into(), secret.expose().as_str().into());
            text = format!(
                "{text}\n  client_id      {}\n  client_secret  {}\n\nThe secret is not shown again.\n",
                added.client.client_id,
                secret.expose()
            );
        }
        if added.client.secrets.iter().any(|secret| secret.weak) {
            warn(&format!(
                "the given secret has fewer than {WEAK_SECRET_BYTES} bytes and is marked as weak"
            ));
        }
        print(global.format(), &text, &members)
    }

    fn settings(self) -> ClientSettings {
        let union = |scopes: &[Scope]| -> Scope {
            scopes
                .iter()
                .flat_map(Scope::iter)
                .cloned()
                .collect::<Scope>()
        };
        let grant_types = if self.grant_types.is_empty() {
            ClientSettings::default_grant_types(&self.redirect_uris)
        } else {
            self.grant_types
        };
        ClientSettings {
            grant_types,
            scope: union(&self.scopes),
            default_scope: (!self.default_scopes.is_empty()).then(|| union(&self.default_scopes)),
            resources: self.resources,
            redirect_uris: self.redirect_uris,
            post_logout_redirect_uris: self.post_logout_redirect_uris,
            token_endpoint_auth_method: if self.public {
                Some(AuthMethod::None)
            } else {
                self.auth_method
            },
            introspect: self.introspect,
            access_token_format: self.access_token_format,
            access_token_signed_response_alg: self.access_token_alg,
            access_token_lifetime: self.access_token_lifetime,
        }
    }
}

/// Reads a secret up to the end of the input; one line end there is not part of it.
fn read_secret(input: impl Read) -> Result<Secret<String>, Failure> {
    let limit = u64::try_from(MAX_SECRET_BYTES)
        .unwrap_or(u64::MAX)
        .saturating_add(3);
    let mut read = Secret::new(String::new());
    input
        .take(limit)
        .read_to_string(read.expose_mut())
        .map_err(|error| Failure::new("secret", format!("cannot read the secret: {error}")))?;
    let text = read.expose();
    let line = text.strip_suffix('\n').unwrap_or(text);
    Ok(Secret::new(
        line.strip_suffix('\r').unwrap_or(line).to_owned(),
    ))
}

async fn list(global: &Global) -> Result<(), Failure> {
    let opened = global.provider().await?;
    let mut clients: Vec<Client> = Vec::new();
    loop {
        let after = clients.last().map(|client| client.client_id.clone());
        let page = opened.store.list_clients(after.as_ref(), PAGE).await;
        let page = page.map_err(|error| Failure::new("storage", error))?;
        if page.is_empty() {
            break;
        }
        clients.extend(page);
    }
    let rows: Vec<Vec<String>> = clients
        .iter()
        .map(|client| {
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
        })
        .collect();
    let text = if rows.is_empty() {
        String::from("There are no clients; add one with: countersign client add CLIENT_ID")
    } else {
        table(&["CLIENT", "GRANT TYPES", "SCOPE"], &rows)
    };
    print(
        global.format(),
        &text,
        &clients.iter().map(describe).collect::<Vec<_>>(),
    )
}

async fn show(global: &Global, client_id: ClientId) -> Result<(), Failure> {
    let opened = global.provider().await?;
    let found = opened.store.find_client(&client_id).await;
    let found = found.map_err(|error| Failure::new("storage", error))?;
    let members = describe(&found.ok_or_else(|| unknown(&client_id))?);
    let rows: Vec<Vec<String>> = members
        .iter()
        .map(|(name, value)| {
            let shown = match value {
                Value::String(text) => text.clone(),
                Value::Array(list) => list
                    .iter()
                    .map(|one| one.as_str().unwrap_or_default())
                    .collect::<Vec<_>>()
                    .join(" "),
                other => other.to_string(),
            };
            vec![name.clone(), shown]
        })
        .collect();
    print(
        global.format(),
        &table(&["MEMBER", "VALUE"], &rows),
        &members,
    )
}

async fn remove(global: &Global, client_id: ClientId) -> Result<(), Failure> {
    let opened = global.provider().await?;
    let removed = opened.provider.remove_client(&client_id).await;
    if !removed.map_err(|error| Failure::new("storage", error))? {
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

fn unknown(client_id: &ClientId) -> Failure {
    Failure::new(
        "unknown_client",
        format!("there is no client '{client_id}'; see: countersign client list"),
    )
}

/// A client under the member names of RFC 7591 §2 and §3.2.1, without anything secret.
fn describe(client: &Client) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("client_id".into(), client.client_id.as_str().into());
    members.insert(
        "client_id_issued_at".into(),
        client.created_at.as_seconds().into(),
    );
    members.append(&mut object(&client.settings));
    members
}
