//! `countersign scope`.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use countersign_core::{Clock as _, ScopeDefinition, ScopeToken};
use countersign_provider::DefineError;
use serde_json::{Map, Value, json};

use super::Global;
use super::outcome::Outcome;
use crate::host::SystemClock;
use crate::output::{Failure, object_with_lists, print, table};

#[derive(Debug, Subcommand)]
pub(crate) enum ScopeCommand {
    /// Define a scope, or define it anew
    Add(Add),
    /// List what is defined
    #[command(after_help = "Examples:\n  countersign scope list")]
    List,
    /// Forget what a scope means; clients may still use it, and it releases no claims
    #[command(after_help = "Examples:\n  countersign scope remove tenant.read")]
    Remove {
        /// The scope
        name: ScopeToken,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign scope add tenant.read --description 'See the tenant' --claim tenant --claim plan\n\n\
    A scope need not be defined to be used. A definition tells people what it allows when they are asked to agree, and \
    releases claims about the user into access tokens and at the userinfo endpoint. Defining a scope again replaces all \
    of its definition.")]
pub(crate) struct Add {
    /// The scope
    name: ScopeToken,
    /// What it allows, in words for the people who are asked to agree
    #[arg(long, value_name = "D", default_value = "", hide_default_value = true)]
    description: String,
    /// A claim about the user that it releases into access tokens and at the userinfo endpoint: name, email, groups, roles
    /// or one of `user add --claim`; may be given several times
    #[arg(long = "claim", value_name = "CLAIM")]
    claims: Vec<String>,
}

impl ScopeCommand {
    pub(crate) async fn run(self, global: &Global) -> Result<(), Failure> {
        match self {
            Self::Add(add) => add.run(global).await,
            Self::List => list(global).await,
            Self::Remove { name } => remove(global, &name).await,
        }
    }
}

impl Add {
    async fn run(self, global: &Global) -> Result<(), Failure> {
        let mut claims = self.claims;
        let mut seen = BTreeSet::new();
        claims.retain(|claim| seen.insert(claim.clone()));
        let definition = ScopeDefinition {
            name: self.name,
            description: self.description,
            claims,
            created_at: SystemClock.now(),
        };
        let opened = global.new_provider().await?;
        let defined = opened.provider.define_scope(definition.clone()).await;
        let outcome = Outcome::from(defined.map_err(failed)?).name();
        let mut members = describe(&definition);
        members.insert("outcome".into(), outcome.into());
        let text = format!(
            "Scope {} {outcome}; a running server knows within a second.",
            definition.name
        );
        print(global.format(), &text, &members)
    }
}

fn describe(scope: &ScopeDefinition) -> Map<String, Value> {
    object_with_lists(scope, &["claims"])
}

pub(super) fn failed(error: DefineError) -> Failure {
    match error {
        DefineError::Store(error) => error.into(),
        error => Failure::new("invalid_definition", error),
    }
}

async fn list(global: &Global) -> Result<(), Failure> {
    let scopes = global
        .provider()
        .await?
        .provider
        .definitions()
        .await?
        .scopes;
    let rows: Vec<Vec<String>> = scopes
        .iter()
        .map(|scope| {
            vec![
                scope.name.to_string(),
                scope.claims.join(","),
                scope.description.clone(),
            ]
        })
        .collect();
    let text = if rows.is_empty() {
        String::from("No scope is defined; define one with: countersign scope add NAME")
    } else {
        table(&["SCOPE", "CLAIMS", "DESCRIPTION"], &rows)
    };
    let scopes: Vec<Map<String, Value>> = scopes.iter().map(describe).collect();
    print(global.format(), &text, &scopes)
}

async fn remove(global: &Global, name: &ScopeToken) -> Result<(), Failure> {
    let opened = global.provider().await?;
    if !opened.provider.forget_scope(name).await? {
        return Err(Failure::new(
            "unknown_scope",
            format!("the scope '{name}' is not defined; see: countersign scope list"),
        ));
    }
    print(
        global.format(),
        &format!("Scope {name} removed; a running server knows within a second."),
        &json!({ "name": name, "removed": true }),
    )
}
