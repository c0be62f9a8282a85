//! What the tokens of a client are like, as `client add` and `client update` name it.
#![expect(
    clippy::doc_markdown,
    reason = "clap shows these comments as they stand"
)]

use clap::Args;
use countersign_core::{AccessTokenFormat, ClientSettings, SigningAlgorithm, TokenProfile};

use super::settings::{Member, Switch, set};
use crate::cli::duration;

/// The settings that are named on the command line; none stands for those that are not.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Tokens")]
pub(super) struct TokenArgs {
    /// Which members its tokens have: standard, or classic for JWTs that are signed with HS256, in the manner of a known
    /// server for Node.js [unless set: as the server says]
    #[arg(long, value_name = "PROFILE")]
    token_profile: Option<TokenProfile>,
    /// What its access tokens look like: jwt or opaque [unless set: as the server says]
    #[arg(long, value_name = "FORMAT")]
    access_token_format: Option<AccessTokenFormat>,
    /// How its access tokens are signed: ES256, ES384, RS256, PS256 or EdDSA [unless set: as the server says]
    #[arg(long, value_name = "ALG")]
    access_token_alg: Option<SigningAlgorithm>,
    /// How long its access tokens are good, up to a day, such as 600, 15m or 1h [unless set: as the server says]
    #[arg(long, value_name = "SECONDS", value_parser = duration::seconds)]
    access_token_lifetime: Option<u32>,
    /// Whether each use of a refresh token gives a new one and ends the old one [unless set: on]
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    refresh_rotation: Option<Switch>,
    /// How long the refresh token before the current one may be tried again, up to 10m; 0 for never [unless set: as the
    /// server says]
    #[arg(long, value_name = "SECONDS", value_parser = duration::seconds)]
    refresh_retry_window: Option<u32>,
    /// How long what a user has granted lasts, whatever happens, such as 90d [unless set: as the server says]
    #[arg(long, value_name = "SECONDS", value_parser = duration::seconds)]
    refresh_lifetime: Option<u32>,
    /// How long a refresh token may lie unused, such as 14d [unless set: as the server says]
    #[arg(long, value_name = "SECONDS", value_parser = duration::seconds)]
    refresh_idle_lifetime: Option<u32>,
}

impl TokenArgs {
    /// Each member with its flag, and whether that is given.
    pub(super) fn members(&self) -> [Member; 8] {
        let of = Member::new;
        [
            of(
                "token_profile",
                "--token-profile",
                self.token_profile.is_some(),
            ),
            of(
                "access_token_format",
                "--access-token-format",
                self.access_token_format.is_some(),
            ),
            of(
                "access_token_signed_response_alg",
                "--access-token-alg",
                self.access_token_alg.is_some(),
            ),
            of(
                "access_token_lifetime",
                "--access-token-lifetime",
                self.access_token_lifetime.is_some(),
            ),
            of(
                "refresh_token_rotation",
                "--refresh-rotation",
                self.refresh_rotation.is_some(),
            ),
            of(
                "refresh_token_retry_window",
                "--refresh-retry-window",
                self.refresh_retry_window.is_some(),
            ),
            of(
                "refresh_token_lifetime",
                "--refresh-lifetime",
                self.refresh_lifetime.is_some(),
            ),
            of(
                "refresh_token_idle_lifetime",
                "--refresh-idle-lifetime",
                self.refresh_idle_lifetime.is_some(),
            ),
        ]
    }

    /// Replaces in `settings` what is named; all else stays as it is.
    pub(super) fn apply_to(&self, settings: &mut ClientSettings) {
        set(&mut settings.token_profile, self.token_profile);
        set(&mut settings.access_token_format, self.access_token_format);
        set(
            &mut settings.access_token_signed_response_alg,
            self.access_token_alg,
        );
        set(
            &mut settings.access_token_lifetime,
            self.access_token_lifetime,
        );
        if let Some(switch) = self.refresh_rotation {
            settings.refresh_token_rotation = switch == Switch::On;
        }
        set(
            &mut settings.refresh_token_retry_window,
            self.refresh_retry_window,
        );
        set(&mut settings.refresh_token_lifetime, self.refresh_lifetime);
        set(
            &mut settings.refresh_token_idle_lifetime,
            self.refresh_idle_lifetime,
        );
    }
}
