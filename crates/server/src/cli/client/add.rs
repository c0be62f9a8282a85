//! `countersign client add`.

use std::io;

use clap::Args;
use countersign_core::{AuthMethod, ClientId};
use countersign_provider::{MAX_SECRET_BYTES, SecretSource};

use super::settings::SettingsArgs;
use super::{add_failed, describe, warn_if_weak, with_secret};
use crate::cli::{Global, secret_input};
use crate::output::{Failure, print};

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
    #[command(flatten)]
    settings: SettingsArgs,
    /// A public client: it runs where no secret can be kept
    #[arg(long, conflicts_with_all = ["auth_method", "secret_stdin"])]
    public: bool,
    /// Read the secret from standard input instead of drawing one
    #[arg(long)]
    secret_stdin: bool,
}

impl Add {
    pub(super) async fn run(self, global: &Global) -> Result<(), Failure> {
        let mut settings = self.settings.for_new_client();
        if settings.is_public() {
            return Err(Failure::usage(
                "a client that does not authenticate is a public client: use --public",
            ));
        }
        if self.public {
            settings.token_endpoint_auth_method = Some(AuthMethod::None);
        }
        let source = secret_source(self.secret_stdin)?;
        let opened = global.new_provider().await?;
        let added = opened
            .provider
            .add_client(self.client_id, settings, source)
            .await
            .map_err(add_failed)?;
        warn_if_weak(global.format(), &added.client);
        let mut members = describe(&added.client);
        let text = format!("Client {} added.", added.client.client_id);
        let text = with_secret(text, &mut members, added.secret.as_ref());
        print(global.format(), &text, &members)
    }
}

/// A secret from standard input if so asked, else one that is drawn.
pub(super) fn secret_source(from_stdin: bool) -> Result<SecretSource, Failure> {
    if !from_stdin {
        return Ok(SecretSource::Generated);
    }
    let secret = secret_input::read("secret", io::stdin().lock(), MAX_SECRET_BYTES)?;
    Ok(SecretSource::Given(secret))
}
