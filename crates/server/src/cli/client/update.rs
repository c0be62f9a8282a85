//! `countersign client update`.

use clap::Args;
use clap::builder::PossibleValuesParser;
use countersign_core::{AuthMethod, ClientId};

use super::settings::{GRANT_TYPES, SettingsArgs, member_names, unset};
use super::{change_failed, describe, keys};
use crate::cli::Global;
use crate::output::{Failure, print};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign client update billing --scope 'invoices.read invoices.write'\n      \
    These scopes take the place of all that the client had.\n  \
    countersign client update billing --access-token-lifetime 5m --refresh-rotation off\n  \
    countersign client update shop --name 'The Shop' --skip-consent on\n  \
    countersign client update billing --unset default_scope --unset access_token_lifetime\n  \
    countersign client update billing --jwks public.jwks.json\n      \
    From now on it proves who it is by key; keys that it had before are forgotten.\n  \
    countersign client update billing --auth-method client_secret_basic\n      \
    And back; a client that has no secret is given one first, with: countersign client rotate-secret billing\n\n\
    What is not named stays as it is. A list that is named replaces the whole list. What was issued to the client \
    lives on, as far as the client may still have it; to end it: countersign revoke --client ID")]
pub(crate) struct Update {
    /// The client
    client_id: ClientId,
    #[command(flatten)]
    settings: SettingsArgs,
    /// A member, as `client show` names it, that goes back to what it is where nothing is said; may be given several times
    #[arg(long, value_name = "MEMBER", value_parser = unsettable())]
    unset: Vec<String>,
}

/// The members about which nothing need be said.
fn unsettable() -> PossibleValuesParser {
    PossibleValuesParser::new(member_names().filter(|name| *name != GRANT_TYPES))
}

impl Update {
    pub(super) async fn run(mut self, global: &Global) -> Result<(), Failure> {
        if self.settings == SettingsArgs::default() && self.unset.is_empty() {
            return Err(Failure::usage(
                "say what is to change; see: countersign client update --help",
            ));
        }
        let mut given = self.settings.members().into_iter().filter(|it| it.given);
        if let Some(member) = given.find(|it| self.unset.iter().any(|name| name == it.name)) {
            return Err(Failure::usage(format!(
                "{0} cannot be set and unset at once; leave out '--unset {0}', or {1}",
                member.name, member.flag
            )));
        }
        self.settings.read_files()?;
        let opened = global.provider().await?;
        let changed = opened
            .provider
            .change_client(&self.client_id, |settings| {
                for member in &self.unset {
                    unset(settings, member);
                }
                self.settings.apply_to(settings);
            })
            .await;
        let client = changed.map_err(|error| change_failed(&self.client_id, error))?;
        let settings = &client.settings;
        keys::warn_if_never_asked(global.format(), &opened, settings);
        let by_key = settings.token_endpoint_auth_method == Some(AuthMethod::PrivateKeyJwt);
        let secrets = if by_key && !settings.has_secret() {
            " It proves who it is by its keys (private_key_jwt); secrets that it had are gone."
        } else {
            ""
        };
        let text = format!(
            "Client {} updated; a running server knows within a second.{secrets}",
            client.client_id
        );
        print(global.format(), &text, &describe(&client))
    }
}
