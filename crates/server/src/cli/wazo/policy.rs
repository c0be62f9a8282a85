//! `countersign wazo policy`.

use clap::{Args, Subcommand};
use countersign_core::Username;
use countersign_core::wazo::{AccessPattern, Policy, PolicyName, PolicySlug};
use countersign_provider::wazo::{Absent, Caller, PolicyText, Refusal};
use serde_json::{Map, Value, json};

use super::{dialect, opened};
use crate::cli::{Global, pages};
use crate::output::{Failure, members_table, print, table};

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Add a policy; nobody has it yet
    Add(Add),
    /// List all policies, the oldest first
    #[command(after_help = "Examples:\n  countersign wazo policy list")]
    List,
    /// Show one policy with all of its patterns
    #[command(after_help = "Examples:\n  countersign wazo policy show agents")]
    Show {
        /// The policy, by its slug or id
        policy: String,
    },
    /// Remove a policy from all of its users
    #[command(after_help = "Examples:\n  countersign wazo policy remove agents\n\n\
        Tokens that are there stay as they are; to end them: countersign revoke --user NAME")]
    Remove {
        /// The policy, by its slug or id
        policy: String,
    },
    /// Give a policy to a user
    #[command(
        after_help = "Examples:\n  countersign wazo policy assign agents alice\n\n\
        What the user signs in for from now on has it; tokens that are there stay as they are."
    )]
    Assign(Assignment),
    /// Take a policy from a user
    #[command(
        after_help = "Examples:\n  countersign wazo policy withdraw agents alice\n\n\
        Tokens that are there stay as they are; to end them: countersign revoke --user NAME"
    )]
    Withdraw(Assignment),
    /// List the policies of a user
    #[command(after_help = "Examples:\n  countersign wazo policy of alice")]
    Of {
        /// The user
        username: Username,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign wazo policy add administrators --acl 'auth.#'\n  \
    countersign wazo policy add 'Call center agents' --slug agents \\\n      \
        --acl 'calld.users.me.#' --acl 'confd.#.read' --acl '!confd.infos.read'\n\n\
    In a pattern, * stands for what is between two dots, and # for anything; a pattern that begins with ! takes away \
    what others give. Three words mean more than themselves: me, the user; my_session, the session; edit, also update.")]
pub(crate) struct Add {
    /// Its name: 1 to 80 characters
    name: PolicyName,
    /// Its short name, for URLs [default: what of the name may stand in one]
    #[arg(long, value_name = "SLUG")]
    slug: Option<PolicySlug>,
    /// What it is for, in words for people
    #[arg(long, value_name = "D")]
    description: Option<String>,
    /// What it gives access to; several may be given
    #[arg(long, value_name = "PATTERN", required = true, num_args = 1..)]
    acl: Vec<AccessPattern>,
}

/// Which policy is given to whom, or taken from whom.
#[derive(Debug, Args)]
pub(crate) struct Assignment {
    /// The policy, by its slug or id
    policy: String,
    /// The user
    username: Username,
}

impl PolicyCommand {
    pub(super) async fn run(self, global: &Global) -> Result<(), Failure> {
        match self {
            Self::Add(add) => add.run(global).await,
            Self::List => list(global).await,
            Self::Show { policy } => show(global, &policy).await,
            Self::Remove { policy } => remove(global, &policy).await,
            Self::Assign(it) => it.assign(global).await,
            Self::Withdraw(it) => it.withdraw(global).await,
            Self::Of { username } => of(global, &username).await,
        }
    }
}

impl Add {
    async fn run(self, global: &Global) -> Result<(), Failure> {
        let opened = opened(global).await?;
        let text = PolicyText {
            name: self.name,
            slug: self.slug,
            description: self.description,
            acl: self
                .acl
                .try_into()
                .map_err(|error| Failure::new("invalid_policy", error))?,
        };
        let (wazo, operator) = (dialect(&opened), Caller::operator());
        let policy = wazo.add_policy(&operator, text).await?;
        let text = format!(
            "Policy {0} added. To give it to a user: countersign wazo policy assign {0} USER",
            policy.slug
        );
        print(global.format(), &text, &describe(&policy))
    }
}

async fn list(global: &Global) -> Result<(), Failure> {
    let opened = opened(global).await?;
    let (wazo, operator) = (dialect(&opened), Caller::operator());
    let policies = pages::all(
        |policy: &Policy| policy.id,
        async |after, limit| wazo.list_policies(&operator, after, limit).await,
    )
    .await?;
    let none =
        "There are no policies; add one with: countersign wazo policy add NAME --acl PATTERN";
    print_all(global, none, &policies)
}

async fn show(global: &Global, policy: &str) -> Result<(), Failure> {
    let opened = opened(global).await?;
    let (wazo, operator) = (dialect(&opened), Caller::operator());
    let found = wazo.find_policy(&operator, policy).await;
    let members = describe(&found.map_err(|refusal| about(policy, refusal))?);
    print(global.format(), &members_table(&members), &members)
}

async fn remove(global: &Global, policy: &str) -> Result<(), Failure> {
    let opened = opened(global).await?;
    let (wazo, operator) = (dialect(&opened), Caller::operator());
    let removed = wazo.remove_policy(&operator, policy).await;
    removed.map_err(|refusal| about(policy, refusal))?;
    print(
        global.format(),
        &format!("Policy {policy} removed; tokens that are there stay as they are."),
        &json!({ "policy": policy, "removed": true }),
    )
}

impl Assignment {
    async fn assign(self, global: &Global) -> Result<(), Failure> {
        let Self { policy, username } = self;
        let opened = opened(global).await?;
        let (wazo, operator) = (dialect(&opened), Caller::operator());
        let user = opened.provider.find_user(&username).await?;
        let assigned = wazo.assign_policy(&operator, &policy, user.id).await;
        assigned.map_err(|refusal| about(&policy, refusal))?;
        print(
            global.format(),
            &format!("The user {username} has the policy {policy} from the next sign-in on."),
            &json!({ "policy": policy, "username": user.username, "assigned": true }),
        )
    }

    async fn withdraw(self, global: &Global) -> Result<(), Failure> {
        let Self { policy, username } = self;
        let opened = opened(global).await?;
        let (wazo, operator) = (dialect(&opened), Caller::operator());
        let user = opened.provider.find_user(&username).await?;
        let withdrawn = wazo.withdraw_policy(&operator, &policy, user.id).await;
        withdrawn.map_err(|refusal| match refusal {
            Refusal::Absent(Absent::Entry) => Failure::new(
                "not_assigned",
                format!(
                    "the user '{username}' does not have the policy '{policy}'; see: countersign wazo policy of \
                     {username}"
                ),
            ),
            refusal => about(&policy, refusal),
        })?;
        print(
            global.format(),
            &format!(
                "The user {username} does not have the policy {policy} from the next sign-in on; tokens that are there \
                 stay as they are."
            ),
            &json!({ "policy": policy, "username": user.username, "assigned": false }),
        )
    }
}

async fn of(global: &Global, username: &Username) -> Result<(), Failure> {
    let opened = opened(global).await?;
    let (wazo, operator) = (dialect(&opened), Caller::operator());
    let user = opened.provider.find_user(username).await?;
    let policies = wazo.policies_of(&operator, user.id).await?;
    let none = format!(
        "The user {username} has no policy; give one with: countersign wazo policy assign POLICY {username}"
    );
    print_all(global, &none, &policies)
}

/// What was refused about the policy of this name.
fn about(policy: &str, refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Absent(Absent::Policy) => Failure::new(
            "unknown_policy",
            format!(
                "there is no policy with the slug or id '{policy}'; see: countersign wazo policy list"
            ),
        ),
        refusal => refusal.into(),
    }
}

/// Prints policies; for people, what to do if there are `none`.
fn print_all(global: &Global, none: &str, policies: &[Policy]) -> Result<(), Failure> {
    let rows: Vec<Vec<String>> = policies.iter().map(row).collect();
    let text = if rows.is_empty() {
        none.to_owned()
    } else {
        table(&["SLUG", "NAME", "ACCESS"], &rows)
    };
    let documents: Vec<Map<String, Value>> = policies.iter().map(describe).collect();
    print(global.format(), &text, &documents)
}

fn row(policy: &Policy) -> Vec<String> {
    let patterns: Vec<&str> = policy.acl.iter().map(AccessPattern::as_str).collect();
    vec![
        policy.slug.to_string(),
        policy.name.to_string(),
        patterns.join(" "),
    ]
}

/// A policy under the member names of that wire, but for the time.
fn describe(policy: &Policy) -> Map<String, Value> {
    let mut members = Map::new();
    let mut tell = |name: &str, value: Value| members.insert(name.to_owned(), value);
    tell("uuid", policy.id.to_string().into());
    tell("slug", policy.slug.as_str().into());
    tell("name", policy.name.as_str().into());
    if let Some(description) = &policy.description {
        tell("description", description.as_str().into());
    }
    tell("acl", json!(policy.acl));
    tell("created_at", policy.created_at.as_seconds().into());
    members
}
