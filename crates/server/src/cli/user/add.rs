//! `countersign user add`.

use clap::Args;
use countersign_core::{UserProfile, Username};

use super::describe;
use super::profile::ProfileArgs;
use crate::cli::{Global, secret_input};
use crate::output::{Failure, print};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign user add alice --email alice@example.com --role admin\n      \
    The password is asked for.\n  \
    pass show alice | countersign user add alice --password-stdin\n  \
    countersign user add alice --no-password --claim 'plan=\"gold\"' --claim level=3\n  \
    countersign user add alice --name 'Alice Doe' --claim 'given_name=\"Alice\"' \\\n      \
        --claim 'phone_number=\"+41 31 555 01 23\"' --claim 'address={\"locality\":\"Bern\"}'\n      \
        What applications learn with the scopes profile, phone and address.")]
pub(crate) struct Add {
    /// The name with which the user signs in; upper and lower case are the same
    username: Username,
    /// Read the password from standard input instead of asking for it
    #[arg(long, conflicts_with = "no_password")]
    password_stdin: bool,
    /// Without a password: nobody can sign in as this user until one is set
    #[arg(long)]
    no_password: bool,
    #[command(flatten)]
    profile: ProfileArgs,
    /// Somebody has made sure that the e-mail address is the user's
    #[arg(long, requires = "email")]
    email_verified: bool,
}

impl Add {
    pub(super) async fn run(self, global: &Global) -> Result<(), Failure> {
        let mut profile = UserProfile::default();
        self.profile.apply_to(&mut profile);
        profile.email_verified = self.email_verified;
        let password = if self.no_password {
            None
        } else {
            let instead = "give it on standard input, with --password-stdin, or --no-password";
            Some(secret_input::new_password(self.password_stdin, instead)?)
        };
        let opened = global.new_provider().await?;
        let added = opened
            .provider
            .add_user(self.username, password.clone(), profile)
            .await;
        let user = added?;
        if let Some(password) = &password {
            secret_input::warn_if_weak(global.format(), password);
        }
        let text = format!("User {} added.\n\n  sub  {}", user.username, user.id);
        print(global.format(), &text, &describe(&user))
    }
}
