//! `countersign client add`.

use std::io;

use clap::Args;
use countersign_core::{AuthMethod, ClientId, ClientSettings};
use countersign_provider::{MAX_SECRET_BYTES, SecretSource};

use super::kind::{Kind, Said};
use super::settings::SettingsArgs;
use super::sign_in::default_grant_types;
use super::{add_failed, describe, keys, warn_if_weak, with_secret};
use crate::cli::{Global, secret_input};
use crate::output::{Failure, Format, print, warn};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign client add shop --kind web --redirect-uri https://shop.example.com/callback\n      \
        An application on a server, whose users sign in here.\n  \
    countersign client add board --kind spa --redirect-uri https://board.example.com/\n  \
    countersign client add tv --kind native --redirect-uri com.example.tv:/callback\n  \
    countersign client add billing --kind service --scope 'invoices.read invoices.write' \\\n      \
        --default-scope invoices.read\n  \
    countersign client add reports --resource https://api.example.com\n  \
    countersign client add old-app --grant-type password --grant-type refresh_token --token-profile classic\n  \
    pass show billing | countersign client add billing --secret-stdin\n  \
    countersign client add billing --kind service --jwks public.jwks.json\n      \
        It has no secret: it signs a JWT with its private key, and only the public one is known here (private_key_jwt).\n  \
    countersign client add billing --kind service --jwks-uri https://billing.example.com/jwks.json\n      \
        The same, and it changes its keys without telling anybody.\n\n\
    A client of the kinds web, spa and native may ask for the scopes openid, profile, email and offline_access (which \
    lets it keep refresh tokens when its users are gone), unless --scope says otherwise.")]
pub(crate) struct Add {
    /// The identifier: 1 to 255 printable ASCII characters
    client_id: ClientId,
    /// What kind of application it is: what is not said follows from that
    #[arg(long)]
    kind: Option<Kind>,
    /// A public client: it runs where no secret can be kept [--kind spa and native are]
    #[arg(long, conflicts_with_all = ["auth_method", "secret_stdin", "jwks", "jwks_uri"])]
    public: bool,
    /// Read the secret from standard input instead of drawing one
    #[arg(long, conflicts_with_all = ["jwks", "jwks_uri"])]
    secret_stdin: bool,
    #[command(flatten)]
    settings: SettingsArgs,
}

impl Add {
    /// What the client is to be.
    fn new_settings(&self) -> Result<ClientSettings, Failure> {
        let args = &self.settings;
        let by_key = args.auth_method == Some(AuthMethod::PrivateKeyJwt);
        if by_key && args.keys.flag().is_none() {
            return Err(Failure::usage(
                "--auth-method private_key_jwt needs the public keys of the client: add --jwks FILE or --jwks-uri URL",
            ));
        }
        if let Some(kind) = self.kind {
            return kind.settings(&Said {
                settings: args,
                public: self.public,
                given_secret: self.secret_stdin,
            });
        }
        let sign_in = &args.sign_in;
        let grant_types = default_grant_types(&sign_in.redirect_uris, &sign_in.response_types);
        let mut settings = ClientSettings::new(grant_types);
        args.apply_to(&mut settings);
        if settings.is_public() {
            return Err(Failure::usage(
                "a client that does not authenticate is a public client: use --public",
            ));
        }
        if self.public {
            settings.token_endpoint_auth_method = Some(AuthMethod::None);
        }
        Ok(settings)
    }

    pub(super) async fn run(mut self, global: &Global) -> Result<(), Failure> {
        self.settings.read_files()?;
        let settings = self.new_settings()?;
        let source = secret_source(self.secret_stdin)?;
        let opened = global.new_provider().await?;
        let added = opened
            .provider
            .add_client(self.client_id, settings, source)
            .await
            .map_err(add_failed)?;
        warn_if_weak(global.format(), &added.client);
        warn_without_scope(global.format(), &added.client.settings);
        keys::warn_if_never_asked(global.format(), &opened, &added.client.settings);
        let mut members = describe(&added.client);
        let text = format!("Client {} added.", added.client.client_id);
        let text = with_secret(text, &mut members, added.secret.as_ref());
        print(global.format(), &text, &members)
    }
}

/// A client whose users sign in, and which then learns nothing about them, is rarely meant.
fn warn_without_scope(format: Format, settings: &ClientSettings) {
    if settings.scope.is_empty() && !settings.redirect_uris.is_empty() {
        warn(
            format,
            "the client may ask for no scope, so it cannot learn who signs in; to let it: \
             countersign client update CLIENT --scope 'openid profile email'",
        );
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
