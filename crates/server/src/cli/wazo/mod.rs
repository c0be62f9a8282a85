//! `countersign wazo`: what the wire of that dialect cannot do before somebody may do it.

mod policy;
mod session;
mod token;

use clap::Subcommand;
use countersign_core::wazo::PolicyError;
use countersign_core::{EntityId, User, Username};
use countersign_provider::wazo::{Absent, Refusal, Taken, Wazo};

use super::{Global, Opened};
use crate::config::Dialect;
use crate::output::Failure;

/// What to do where no slug can be made of the name, or another policy has it.
const ANOTHER_SLUG: &str = "; give another one with --slug";

#[derive(Debug, Subcommand)]
pub(crate) enum WazoCommand {
    /// Policies: what users may do there, beside what everybody may
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Sessions: who is signed in there, each with one token
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// Refresh tokens: which programs of a user sign in again by themselves
    #[command(subcommand)]
    Token(token::TokenCommand),
}

impl WazoCommand {
    pub(crate) async fn run(self, global: &Global) -> Result<(), Failure> {
        match self {
            Self::Policy(command) => command.run(global).await,
            Self::Session(command) => command.run(global).await,
            Self::Token(command) => command.run(global).await,
        }
    }
}

/// The service on the data of this command, with the dialect, be it switched on for the server or not: what it keeps can be
/// looked at and changed at any time.
async fn opened(global: &Global) -> Result<Opened, Failure> {
    let mut config = global.configuration()?;
    global.existing_data()?;
    config.strict = false;
    config.dialects.push(Dialect::Wazo);
    global.open(&config).await
}

/// The dialect.
fn dialect(opened: &Opened) -> Wazo<'_> {
    let dialect = opened.provider.wazo();
    dialect.expect("these commands switch it on for themselves")
}

/// The id of a user who may be named, or not.
async fn id_of(opened: &Opened, username: Option<&Username>) -> Result<Option<EntityId>, Failure> {
    Ok(match username {
        Some(username) => Some(opened.provider.find_user(username).await?.id),
        None => None,
    })
}

/// A user for people: by name, as long as there is one.
fn name_of(user: Option<&User>, id: EntityId) -> String {
    user.map_or_else(|| id.to_string(), |user| user.username.to_string())
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let (code, hint) = match &refusal {
            Refusal::Absent(Absent::User) => ("unknown_user", "; see: countersign user list"),
            Refusal::Absent(Absent::Policy) => {
                ("unknown_policy", "; see: countersign wazo policy list")
            }
            Refusal::Absent(Absent::RefreshToken) => {
                ("unknown_token", "; see: countersign wazo token list USER")
            }
            Refusal::Absent(Absent::Entry) => ("not_assigned", ""),
            Refusal::Taken(Taken::PolicySlug) => ("policy_taken", ANOTHER_SLUG),
            Refusal::Taken(_) => ("policy_taken", ""),
            Refusal::Policy(PolicyError::Slug) => ("invalid_policy", ANOTHER_SLUG),
            Refusal::Policy(_) | Refusal::TooManyPatterns => ("invalid_policy", ""),
            Refusal::Contended => ("contended", ""),
            Refusal::Unavailable(_) => ("storage", ""),
            // The operator needs no leave of anybody.
            _ => ("refused", ""),
        };
        Self::new(code, format!("{refusal}{hint}"))
    }
}
