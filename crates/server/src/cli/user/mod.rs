//! `countersign user`.

mod add;
mod profile;
mod update;

use clap::{Args, Subcommand};
use countersign_core::{User, Username};
use countersign_provider::{ChangeUserError, UserChange};
use serde_json::{Map, Value, json};

use super::{Global, pages, secret_input};
use crate::output::{Failure, members_table, object_with_lists, print, table};

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a user
    Add(Box<add::Add>),
    /// List all users
    #[command(
        after_help = "Examples:\n  countersign user list\n  countersign user list --json | jq '.[].username'"
    )]
    List,
    /// Show one user, under the claim names of OpenID Connect
    #[command(after_help = "Examples:\n  countersign user show alice")]
    Show {
        /// The name with which the user signs in
        username: Username,
    },
    /// Change what is known about a user
    Update(Box<update::Update>),
    /// Give a user a new password; everything that was issued for the user ends
    SetPassword(SetPassword),
    /// Let a user sign in no more; everything that was issued for the user ends
    #[command(after_help = "Examples:\n  countersign user disable alice")]
    Disable {
        /// The name with which the user signs in
        username: Username,
    },
    /// Let a disabled user sign in again
    #[command(after_help = "Examples:\n  countersign user enable alice")]
    Enable {
        /// The name with which the user signs in
        username: Username,
    },
    /// Remove a user; everything that was issued for the user ends
    #[command(after_help = "Examples:\n  countersign user remove alice")]
    Remove {
        /// The name with which the user signs in
        username: Username,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign user set-password alice\n      \
    The password is asked for.\n  \
    pass show alice | countersign user set-password alice --password-stdin")]
pub(crate) struct SetPassword {
    /// The name with which the user signs in
    username: Username,
    /// Read the password from standard input instead of asking for it
    #[arg(long)]
    password_stdin: bool,
}

impl UserCommand {
    pub(crate) async fn run(self, global: &Global) -> Result<(), Failure> {
        match self {
            Self::Add(add) => add.run(global).await,
            Self::List => list(global).await,
            Self::Show { username } => show(global, &username).await,
            Self::Update(update) => update.run(global).await,
            Self::SetPassword(set) => set.run(global).await,
            Self::Disable { username } => enable(global, &username, false).await,
            Self::Enable { username } => enable(global, &username, true).await,
            Self::Remove { username } => remove(global, &username).await,
        }
    }
}

impl SetPassword {
    async fn run(self, global: &Global) -> Result<(), Failure> {
        let instead = "give it on standard input, with --password-stdin";
        let password = secret_input::new_password(self.password_stdin, instead)?;
        let opened = global.provider().await?;
        let change = UserChange::Password(password.clone());
        let changed = opened.provider.change_user(&self.username, change).await;
        let user = changed?;
        secret_input::warn_if_weak(global.format(), &password);
        let text = format!(
            "User {} has a new password; everything that was issued for the user has ended.",
            user.username
        );
        print(global.format(), &text, &describe(&user))
    }
}

async fn list(global: &Global) -> Result<(), Failure> {
    let opened = global.provider().await?;
    let users = pages::all(
        |user: &User| user.username.key(),
        async |after, limit| opened.provider.list_users(after.as_ref(), limit).await,
    )
    .await?;
    let rows: Vec<Vec<String>> = users.iter().map(row).collect();
    let text = if rows.is_empty() {
        String::from("There are no users; add one with: countersign user add USERNAME")
    } else {
        table(&["USER", "SUB", "E-MAIL", "STATE"], &rows)
    };
    let users: Vec<Map<String, Value>> = users.iter().map(describe).collect();
    print(global.format(), &text, &users)
}

fn row(user: &User) -> Vec<String> {
    let state = match (user.enabled, &user.password) {
        (false, _) => "disabled",
        (true, None) => "no password",
        (true, Some(_)) => "enabled",
    };
    vec![
        user.username.to_string(),
        user.id.to_string(),
        user.profile.email.clone().unwrap_or_default(),
        state.to_owned(),
    ]
}

async fn show(global: &Global, username: &Username) -> Result<(), Failure> {
    let opened = global.provider().await?;
    let found = opened.provider.find_user(username).await;
    let members = describe(&found?);
    print(global.format(), &members_table(&members), &members)
}

async fn enable(global: &Global, username: &Username, enabled: bool) -> Result<(), Failure> {
    let opened = global.provider().await?;
    let change = UserChange::Enabled(enabled);
    let changed = opened.provider.change_user(username, change).await;
    let user = changed?;
    let text = if enabled {
        format!(
            "User {} may sign in again; what was issued before stays ended.",
            user.username
        )
    } else {
        format!(
            "User {} can no longer sign in; everything that was issued for the user has ended.",
            user.username
        )
    };
    print(global.format(), &text, &describe(&user))
}

async fn remove(global: &Global, username: &Username) -> Result<(), Failure> {
    let opened = global.provider().await?;
    let user = opened.provider.remove_user(username).await?;
    let text = format!(
        "User {} removed; everything that was issued for the user has ended.",
        user.username
    );
    let document = json!({
        "sub": user.id.to_string(),
        "username": user.username,
        "removed": true,
    });
    print(global.format(), &text, &document)
}

impl From<ChangeUserError> for Failure {
    fn from(error: ChangeUserError) -> Self {
        let code = match error {
            ChangeUserError::Store(error) => return error.into(),
            ChangeUserError::ReservedClaim(ref name) => {
                let told = match option_of(name) {
                    Some(option) => format!("{error}; give it with {option}"),
                    None => error.to_string(),
                };
                return Self::new("invalid_profile", told);
            }
            ChangeUserError::Taken(_) => "username_taken",
            ChangeUserError::Unknown(_) => "unknown_user",
            ChangeUserError::Profile(_) => "invalid_profile",
            ChangeUserError::Password(_) => "password",
            ChangeUserError::Contended => "contended",
            _ => "internal",
        };
        Self::new(code, error)
    }
}

/// The option for a claim that has a place of its own.
fn option_of(claim: &str) -> Option<&'static str> {
    match claim {
        "name" => Some("--name"),
        "email" => Some("--email"),
        "email_verified" => Some("--email-verified"),
        "groups" => Some("--group"),
        "roles" => Some("--role"),
        _ => None,
    }
}

/// A user under the claim names of OpenID Connect Core §5.1, without anything secret.
fn describe(user: &User) -> Map<String, Value> {
    let mut members = object_with_lists(&user.profile, &["groups", "roles"]);
    members.entry("claims").or_insert_with(|| json!({}));
    members.insert("sub".into(), user.id.to_string().into());
    members.insert("username".into(), user.username.as_str().into());
    members.insert("enabled".into(), user.enabled.into());
    members.insert("has_password".into(), user.password.is_some().into());
    members.insert("created_at".into(), user.created_at.as_seconds().into());
    members
}
