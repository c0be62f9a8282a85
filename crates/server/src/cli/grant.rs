//! `countersign grant`.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, Subcommand};
use countersign_core::{
    Client, ClientId, Clock as _, EntityId, Grant, GrantId, Timestamp, User, Username,
};
use countersign_storage::GrantFilter;
use serde_json::{Map, Value, json};

use super::{Global, Opened, client, pages, parties};
use crate::host::SystemClock;
use crate::output::{Failure, date, print, table};

#[derive(Debug, Subcommand)]
pub(crate) enum GrantCommand {
    /// List grants, the oldest first; one that has ended is listed until it is swept
    List(List),
    /// End a grant, with every token of it
    #[command(
        after_help = "Examples:\n  countersign grant list --user alice\n  countersign grant revoke 0197a3c2-5d6e-7f80-9a1b-2c3d4e5f6071"
    )]
    Revoke {
        /// The grant, as `grant list` names it
        grant_id: GrantId,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign grant list\n  \
    countersign grant list --user alice --client web --json | jq '.[] | select(.live)'")]
pub(crate) struct List {
    /// Only those of this user
    #[arg(long, value_name = "NAME")]
    user: Option<Username>,
    /// Only those of this client
    #[arg(long, value_name = "ID")]
    client: Option<ClientId>,
}

impl GrantCommand {
    pub(crate) async fn run(self, global: &Global) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.run(global).await,
            Self::Revoke { grant_id } => revoke(global, grant_id).await,
        }
    }
}

/// Ends one grant.
pub(super) async fn revoke(global: &Global, id: GrantId) -> Result<(), Failure> {
    let opened = global.provider().await?;
    if !opened.provider.end_grant(id).await? {
        return Err(Failure::new(
            "unknown_grant",
            format!("there is no grant '{id}'; see: countersign grant list"),
        ));
    }
    let text = format!("The grant {id} has ended, with every token of it.");
    let document = json!({ "grant_id": id.to_string(), "revoked": true });
    print(global.format(), &text, &document)
}

impl List {
    async fn run(self, global: &Global) -> Result<(), Failure> {
        let opened = global.provider().await?;
        let mut filter = GrantFilter::default();
        if let Some(username) = &self.user {
            let found = opened.provider.find_user(username).await;
            filter.user = Some(found?.id);
        }
        if let Some(client_id) = &self.client {
            let found = opened.store.find_client(client_id).await?;
            filter.client = Some(found.ok_or_else(|| client::unknown(client_id))?.id);
        }
        let grants = pages::all(
            |grant: &Grant| grant.id,
            async |after, limit| opened.provider.list_grants(filter, after, limit).await,
        )
        .await?;
        let parties = Parties::of(&opened, &grants).await?;
        let now = SystemClock.now();
        let shown: Vec<Shown<'_>> = grants
            .iter()
            .map(|grant| parties.shown(grant, now))
            .collect();
        let rows: Vec<Vec<String>> = shown.iter().map(Shown::row).collect();
        let text = if rows.is_empty() {
            String::from("There are no grants; a grant is made when a user signs in with a client.")
        } else {
            table(
                &["GRANT", "USER", "CLIENT", "SCOPE", "EXPIRES", "STATE"],
                &rows,
            )
        };
        let documents: Vec<Map<String, Value>> = shown.iter().map(Shown::describe).collect();
        print(global.format(), &text, &documents)
    }
}

/// What some grants stand on, as far as it is there.
struct Parties {
    clients: BTreeMap<EntityId, Client>,
    users: BTreeMap<EntityId, User>,
    sessions: BTreeSet<EntityId>,
}

impl Parties {
    async fn of(opened: &Opened, grants: &[Grant]) -> Result<Self, Failure> {
        let wanted: BTreeSet<EntityId> = grants.iter().filter_map(bound_to).collect();
        let mut sessions = BTreeSet::new();
        for id in wanted {
            if opened.store.find_session(id).await?.is_some() {
                sessions.insert(id);
            }
        }
        let users = grants.iter().filter_map(|grant| grant.user);
        Ok(Self {
            clients: parties::clients(opened).await?,
            users: parties::users(opened, users.map(|user| user.id)).await?,
            sessions,
        })
    }

    fn shown<'all>(&'all self, grant: &'all Grant, now: Timestamp) -> Shown<'all> {
        let client = self.clients.get(&grant.client);
        let user = grant.user.and_then(|user| self.users.get(&user.id));
        let user_stands = grant.user.is_none_or(|granted| {
            user.is_some_and(|user| user.enabled && user.epoch == granted.epoch)
        });
        let used_at = grant.refresh.as_ref().map(|refresh| refresh.used_at);
        let expires_at = grant.lifetime.end(used_at.unwrap_or(grant.created_at));
        let live = client.is_some_and(|client| client.epoch == grant.client_epoch)
            && user_stands
            && bound_to(grant).is_none_or(|session| self.sessions.contains(&session))
            && now < expires_at;
        Shown {
            grant,
            client: client.map(|client| &client.client_id),
            user: user.map(|user| &user.username),
            expires_at,
            live,
        }
    }
}

/// The session with which the grant ends, if it does (RULES R11).
fn bound_to(grant: &Grant) -> Option<EntityId> {
    let authorization = grant.authorization.as_ref()?;
    authorization
        .ends_with_session
        .then_some(authorization.session)
}

/// A grant as it is told, without anything secret.
struct Shown<'all> {
    grant: &'all Grant,
    client: Option<&'all ClientId>,
    user: Option<&'all Username>,
    expires_at: Timestamp,
    live: bool,
}

impl Shown<'_> {
    fn row(&self) -> Vec<String> {
        // A standing grant has no user: it is the client's own.
        let sub = self.grant.user.map(|user| user.id.to_string());
        let user = self.user.map(Username::to_string).or(sub);
        let client = self.client.map(ClientId::to_string);
        vec![
            self.grant.id.to_string(),
            user.unwrap_or_else(|| "-".to_owned()),
            client.unwrap_or_else(|| "(removed)".to_owned()),
            self.grant.scope.to_string(),
            date(self.expires_at),
            if self.live { "live" } else { "ended" }.to_owned(),
        ]
    }

    fn describe(&self) -> Map<String, Value> {
        let grant = self.grant;
        let mut members = Map::new();
        let mut tell = |name: &str, value: Value| members.insert(name.to_owned(), value);
        tell("grant_id", grant.id.to_string().into());
        if let Some(user) = grant.user {
            tell("sub", user.id.to_string().into());
        }
        if let Some(username) = self.user {
            tell("username", username.as_str().into());
        }
        if let Some(client_id) = self.client {
            tell("client_id", client_id.as_str().into());
        }
        tell("scope", grant.scope.to_string().into());
        tell("resources", json!(grant.resources));
        if let Some(session) = bound_to(grant) {
            tell("session_id", session.to_string().into());
        }
        tell("created_at", grant.created_at.as_seconds().into());
        tell("expires_at", self.expires_at.as_seconds().into());
        if let Some(refresh) = &grant.refresh {
            tell("last_used_at", refresh.used_at.as_seconds().into());
            tell("generation", refresh.generation.number().into());
        }
        tell("live", self.live.into());
        members
    }
}
