//! `countersign client rotate-secret`.
#![expect(
    clippy::doc_markdown,
    reason = "clap shows these comments as they stand"
)]

use clap::Args;
use countersign_core::{ClientId, Clock as _};
use countersign_provider::KeepSecret;

use super::add::secret_source;
use super::{change_failed, describe, warn_if_weak, with_secret};
use crate::cli::{Global, duration};
use crate::host::SystemClock;
use crate::output::{Failure, date, print, warn};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign client rotate-secret billing --overlap 24h\n      \
    For a day, both secrets are accepted: time to give the new one to every instance.\n  \
    countersign client rotate-secret billing\n      \
    The secret has leaked: the old one is refused within a second.\n  \
    pass show billing | countersign client rotate-secret billing --secret-stdin\n  \
    countersign client rotate-secret classic --sealed\n      \
        Then: countersign client update classic --id-token-alg HS256\n  \
    countersign client rotate-secret billing\n      \
        For a client that proves who it is by key: it has a secret then, and uses it after\n      \
        countersign client update billing --auth-method client_secret_basic\n\n\
    Only the last secret and the one before it are ever accepted: to rotate again while an overlap runs ends the older \
    secret.")]
pub(crate) struct RotateSecret {
    /// The client
    client_id: ClientId,
    /// How long the secret that the client has is accepted beside the new one: 90, 90s, 15m, 24h or 7d
    #[arg(long, value_name = "DURATION", default_value = "0", hide_default_value = true, value_parser = duration::seconds)]
    overlap: u32,
    /// Read the secret from standard input instead of drawing one
    #[arg(long)]
    secret_stdin: bool,
    /// Keep the secret itself as well, sealed under the master key, and not only a hash of it: for ID tokens that are
    /// signed with it (HS256), and for client_secret_jwt; it is kept so at any rate while the client has one of these
    #[arg(long)]
    sealed: bool,
}

impl RotateSecret {
    pub(super) async fn run(self, global: &Global) -> Result<(), Failure> {
        let source = secret_source(self.secret_stdin)?;
        let opened = global.provider().await?;
        let found = opened.store.find_client(&self.client_id).await?;
        let now = SystemClock.now();
        let older = found.and_then(|client| {
            let mut ends = client.secrets.iter().filter_map(|secret| secret.expires_at);
            ends.find(|end| now < *end)
        });
        let keep = if self.sealed {
            KeepSecret::Sealed
        } else {
            KeepSecret::AsNeeded
        };
        let rotated = opened
            .provider
            .rotate_client_secret(&self.client_id, source, self.overlap, keep)
            .await
            .map_err(|error| change_failed(&self.client_id, error))?;
        let client = rotated.client;
        warn_if_weak(global.format(), &client);
        if let Some(end) = older {
            let text = format!(
                "a still older secret, which was accepted until {}, ends now: only the last one and the one before it \
                are ever accepted",
                date(end)
            );
            warn(global.format(), &text);
        }
        let mut members = describe(&client);
        let previous = client.secrets.iter().find_map(|secret| secret.expires_at);
        let old = match previous {
            Some(end) => format!("the one before is accepted until {}", date(end)),
            None => "the one before is refused within a second".to_owned(),
        };
        if let Some(end) = previous {
            members.insert("previous_secret_expires_at".into(), end.as_seconds().into());
        }
        let client_id = &client.client_id;
        let text = if client.settings.has_secret() {
            format!("Client {client_id} has a new secret; {old}.")
        } else {
            format!(
                "Client {client_id} has a new secret, which it does not use as long as it proves who it is by key, and which \
                 goes with the next change unless that makes it useful: countersign client update {client_id} --auth-method client_secret_basic"
            )
        };
        let text = with_secret(text, &mut members, rotated.secret.as_ref());
        print(global.format(), &text, &members)
    }
}
