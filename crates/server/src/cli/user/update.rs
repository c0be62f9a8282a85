//! `countersign user update`.

use clap::Args;
use countersign_core::{User, UserProfile, Username};
use countersign_provider::{ChangeUserError, UserChange};

use super::describe;
use super::profile::ProfileArgs;
use crate::cli::{Global, Opened};
use crate::output::{Failure, print};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign user update alice --email alice@example.com --email-verified true\n  \
    countersign user update alice --role auditor --remove-role admin\n  \
    countersign user update alice --claim 'given_name=\"Alice\"' --remove-claim nickname\n  \
    countersign user update alice --username alice.smith\n\n\
    What is not named stays as it is. What was issued for the user lives on; the next tokens say what is new.")]
pub(crate) struct Update {
    /// The name with which the user signs in
    username: Username,
    #[command(flatten)]
    change: Change,
}

/// What is to change.
#[derive(Clone, Debug, Default, PartialEq, Args)]
struct Change {
    /// The name with which the user signs in from now on
    #[arg(long = "username", value_name = "NEW", id = "new_username")]
    username: Option<Username>,
    #[command(flatten)]
    profile: ProfileArgs,
    /// Whether somebody has made sure that the e-mail address is the user's
    #[arg(long, value_name = "true|false")]
    email_verified: Option<bool>,
    /// Forget the full name
    #[arg(long, conflicts_with = "name")]
    no_name: bool,
    /// Forget the e-mail address
    #[arg(long, conflicts_with_all = ["email", "email_verified"])]
    no_email: bool,
    /// A group to which the user no longer belongs
    #[arg(long = "remove-group", value_name = "G")]
    removed_groups: Vec<String>,
    /// A role that the user no longer has
    #[arg(long = "remove-role", value_name = "R")]
    removed_roles: Vec<String>,
    /// A further claim that the user no longer has
    #[arg(long = "remove-claim", value_name = "KEY")]
    removed_claims: Vec<String>,
}

impl Update {
    pub(super) async fn run(self, global: &Global) -> Result<(), Failure> {
        if self.change == Change::default() {
            return Err(Failure::usage(
                "say what is to change; see: countersign user update --help",
            ));
        }
        if let Some(contradiction) = self.change.contradiction() {
            return Err(Failure::usage(contradiction));
        }
        let opened = global.provider().await?;
        let found = opened.provider.find_user(&self.username).await;
        let mut user = found?;
        let new_name = self.change.username.clone();
        if let Some(name) = &new_name {
            // First, so that a name that is taken is told before anything is changed.
            refuse_taken(&opened, &user, name).await?;
        }
        let mut profile = user.profile.clone();
        self.change.clone().apply_to(&mut profile)?;
        if profile != user.profile {
            user = opened
                .provider
                .change_profile(&self.username, |profile| {
                    self.change.clone().apply_to(profile)
                })
                .await?;
        }
        if let Some(name) = new_name {
            let change = UserChange::Username(name);
            let changed = opened.provider.change_user(&self.username, change).await;
            user = changed?;
        }
        print(
            global.format(),
            &format!("User {} updated.", user.username),
            &describe(&user),
        )
    }
}

async fn refuse_taken(opened: &Opened, user: &User, name: &Username) -> Result<(), Failure> {
    match opened.store.find_user_by_name(&name.key()).await? {
        Some(other) if other.id != user.id => Err(ChangeUserError::Taken(name.clone()).into()),
        _ => Ok(()),
    }
}

impl Change {
    /// What is to be there and to be gone at once.
    fn contradiction(&self) -> Option<String> {
        let claims = self.profile.claims.iter().map(|claim| claim.name.clone());
        let claims: Vec<String> = claims.collect();
        let mut pairs = [
            ("group", &self.profile.groups, &self.removed_groups),
            ("role", &self.profile.roles, &self.removed_roles),
            ("claim", &claims, &self.removed_claims),
        ]
        .into_iter();
        pairs.find_map(|(flag, set, removed)| {
            let both = set.iter().find(|one| removed.contains(one))?;
            Some(format!(
                "the {flag} '{both}' cannot be set and removed at once: --{flag}, --remove-{flag}"
            ))
        })
    }

    fn apply_to(self, profile: &mut UserProfile) -> Result<(), Failure> {
        if self.no_name {
            profile.name = None;
        }
        if self.no_email {
            profile.email = None;
            profile.email_verified = false;
        }
        profile
            .groups
            .retain(|group| !self.removed_groups.contains(group));
        profile
            .roles
            .retain(|role| !self.removed_roles.contains(role));
        profile
            .claims
            .retain(|name, _| !self.removed_claims.contains(name));
        self.profile.apply_to(profile);
        if let Some(verified) = self.email_verified {
            profile.email_verified = verified;
        }
        if profile.email_verified && profile.email.is_none() {
            return Err(Failure::new(
                "invalid_profile",
                "the user has no e-mail address that could be verified; give one with --email",
            ));
        }
        Ok(())
    }
}
