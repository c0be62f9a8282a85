//! `countersign resource`.

use clap::{Args, Subcommand};
use countersign_core::{Clock as _, ResourceDefinition, ResourceUri, Scope};
use serde_json::json;

use super::Global;
use super::outcome::Outcome;
use super::scope::failed;
use crate::host::SystemClock;
use crate::output::{Failure, object, print, table};

#[derive(Debug, Subcommand)]
pub(crate) enum ResourceCommand {
    /// Define a resource, or define it anew
    Add(Add),
    /// List what is defined
    #[command(after_help = "Examples:\n  countersign resource list")]
    List,
    /// Forget a resource; clients may still ask for tokens for it
    #[command(after_help = "Examples:\n  countersign resource remove https://api.example.com")]
    Remove {
        /// Its indicator
        resource: ResourceUri,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign resource add https://api.example.com --description 'Invoices' \\\n      \
        --scope 'invoices.read invoices.write'\n\n\
    A resource need not be defined to be used. A scope that some resource knows is left out of tokens for other \
    resources. Defining a resource again replaces all of its definition.")]
pub(crate) struct Add {
    /// Its indicator (RFC 8707): an absolute URI, the audience of its tokens
    resource: ResourceUri,
    /// What it is, in words for people
    #[arg(long, value_name = "D", default_value = "", hide_default_value = true)]
    description: String,
    /// A scope that it knows; several may be given at once, separated by spaces
    #[arg(long = "scope", value_name = "S")]
    scopes: Vec<Scope>,
}

impl ResourceCommand {
    pub(crate) async fn run(self, global: &Global) -> Result<(), Failure> {
        match self {
            Self::Add(add) => add.run(global).await,
            Self::List => list(global).await,
            Self::Remove { resource } => remove(global, &resource).await,
        }
    }
}

impl Add {
    async fn run(self, global: &Global) -> Result<(), Failure> {
        let definition = ResourceDefinition {
            resource: self.resource,
            description: self.description,
            scope: self.scopes.iter().flat_map(Scope::iter).cloned().collect(),
            created_at: SystemClock.now(),
        };
        let opened = global.new_provider().await?;
        let defined = opened.provider.define_resource(definition.clone()).await;
        let outcome = Outcome::from(defined.map_err(failed)?).name();
        let mut members = object(&definition);
        members.insert("outcome".into(), outcome.into());
        let text = format!(
            "Resource {} {outcome}; a running server knows within a second.",
            definition.resource
        );
        print(global.format(), &text, &members)
    }
}

async fn list(global: &Global) -> Result<(), Failure> {
    let opened = global.provider().await?;
    let resources = opened.provider.definitions().await?.resources;
    let rows: Vec<Vec<String>> = resources
        .iter()
        .map(|resource| {
            vec![
                resource.resource.to_string(),
                resource.scope.to_string(),
                resource.description.clone(),
            ]
        })
        .collect();
    let text = if rows.is_empty() {
        String::from("No resource is defined; define one with: countersign resource add URI")
    } else {
        table(&["RESOURCE", "SCOPE", "DESCRIPTION"], &rows)
    };
    print(global.format(), &text, &resources)
}

async fn remove(global: &Global, resource: &ResourceUri) -> Result<(), Failure> {
    let opened = global.provider().await?;
    if !opened.provider.forget_resource(resource).await? {
        return Err(Failure::new(
            "unknown_resource",
            format!("the resource '{resource}' is not defined; see: countersign resource list"),
        ));
    }
    print(
        global.format(),
        &format!("Resource {resource} removed; a running server knows within a second."),
        &json!({ "resource": resource, "removed": true }),
    )
}
