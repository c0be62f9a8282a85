//! `countersign config`.

use clap::Subcommand;

use super::{Global, parse_issuer};
use crate::output::{Failure, print};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every key with the value in effect, as a configuration file
    #[command(after_help = "Examples:\n  \
        countersign config show\n  \
        countersign --config new.toml config show\n      \
        Fails if the server would not start with it, and says why.\n  \
        countersign --json config show | jq -r '.dialects[]'\n\n\
        What is printed is what a server would take if it were started here and now: from the variables of this \
        environment, the file and the defaults. There is no secret in it.")]
    Show,
}

impl ConfigCommand {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let Self::Show = self;
        let config = global.configuration()?;
        if let Some(issuer) = &config.issuer {
            parse_issuer(issuer)?;
        }
        print(global.format(), &config.to_toml(), &config)
    }
}
