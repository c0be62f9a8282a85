//! What a development set-up shows at its start: a client, an application and a user to try, and commands that can be
//! pasted.

pub(crate) mod application;
mod pages;

use std::net::SocketAddr;

use countersign_core::{
    AccessTokenFormat, ClientId, ClientSettings, GrantType, Random, RedirectUriError, Secret,
    UserProfile, Username,
};
use countersign_jose::base64url;
use countersign_provider::{
    AddClientError, ChangeUserError, Provider, SecretSource, UserChange, paths,
};

use crate::cli::Opened;
use crate::host::SystemRandom;
use crate::output::Failure;

const CLIENT: &str = "demo";
const SCOPE: &str = "demo.read demo.write";
const GRANT_TYPES: [GrantType; 3] = [
    GrantType::ClientCredentials,
    GrantType::Password,
    GrantType::RefreshToken,
];
/// The file that holds the secret of the demo client, readable by its owner only.
const SECRET_FILE: &str = "demo-client.secret";
/// The file that holds the secret of the demo application.
const APPLICATION_SECRET_FILE: &str = "demo-app.secret";
/// The name of the demo user, and the file that holds the password, readable by its owner only.
const USER: &str = "demo";
const PASSWORD_FILE: &str = "demo-user.password";

/// The demo client of a development set-up.
pub(crate) struct Demo {
    secret_file: String,
    password_file: String,
    /// This program as a shell finds it, with the argument that leads to the data.
    program: String,
    /// Whether there is no password grant.
    strict: bool,
    /// What the demo application proves itself by.
    pub(crate) application_secret: Secret<String>,
}

impl Demo {
    /// Makes sure that there are a demo client and a demo user whose secrets lie in their files.
    pub(crate) async fn prepare(opened: &Opened) -> Result<Self, Failure> {
        let kept = secret_in(opened, SECRET_FILE, "cs_sec_")?;
        prepare_client(opened, CLIENT, settings()?, kept).await?;
        let kept = secret_in(opened, APPLICATION_SECRET_FILE, "cs_sec_")?;
        let application_secret = kept.0.clone();
        let wanted =
            application_settings(&opened.provider).map_err(|error| Failure::new("demo", error))?;
        prepare_client(opened, application::CLIENT, wanted, kept).await?;
        prepare_user(opened).await?;
        let file = |name| opened.data_dir.path().join(name).display().to_string();
        let program = format!(
            "{} --data-dir {}",
            this_program(),
            shell_quoted(&opened.data_dir.path().display().to_string())
        );
        Ok(Self {
            secret_file: file(SECRET_FILE),
            password_file: file(PASSWORD_FILE),
            program,
            strict: opened.provider.settings().strict,
            application_secret,
        })
    }

    /// The text that greets a newcomer. The same at every start.
    pub(crate) fn welcome(&self, issuer: &str, address: SocketAddr, dialects: &str) -> String {
        let program = &self.program;
        let secret_file = shell_quoted(&self.secret_file);
        let password_file = shell_quoted(&self.password_file);
        let credentials = format!("{CLIENT}:$(cat {secret_file})");
        let refresh_token = r#"sed 's/.*"refresh_token":"\([^"]*\)".*/\1/'"#;
        let (token, introspect, revoke) = (paths::TOKEN, paths::INTROSPECT, paths::REVOKE);
        let demo = format!("{}{}", issuer.trim_end_matches('/'), application::HOME);
        let url = |path| shell_quoted(&format!("{}{path}", issuer.trim_end_matches('/')));
        let (token, introspect, revoke) = (url(token), url(introspect), url(revoke));
        let with_password = if self.strict {
            String::from(
                "The password grant is off, since only what RFC 9700 recommends is offered (strict).",
            )
        } else {
            format!(
                r#"Sign the user in, refresh, try again as if the answer was lost, revoke, and try once more:

  OLD=$(curl -sS -u "{credentials}" -d grant_type=password -d username={USER} -d "password=$(cat {password_file})" {token} | {refresh_token})
  NEW=$(curl -sS -u "{credentials}" -d grant_type=refresh_token -d "refresh_token=$OLD" {token} | {refresh_token})
  curl -sS -u "{credentials}" -d grant_type=refresh_token -d "refresh_token=$OLD" {token}; echo
  curl -sS -u "{credentials}" -d "token=$NEW" {revoke}; echo
  curl -sS -u "{credentials}" -d grant_type=refresh_token -d "refresh_token=$NEW" {token}; echo"#
            )
        };
        format!(
            r#"Countersign is listening on {address} as {issuer}{dialects}

This is a DEVELOPMENT set-up: plain http, loopback only, with a demo client and a demo user
whose random secrets lie in files of the data folder. Never put it on a network.

Open this link in a browser on this machine, sign in as {USER}, and see what an application gets:

  {demo}
  cat {password_file}; echo

Get a token for the client itself, ask about it, revoke it, and ask again:

  TOKEN=$(curl -sS -u "{credentials}" -d grant_type=client_credentials {token} | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  curl -sS -u "{credentials}" -d "token=$TOKEN" {introspect}; echo
  curl -sS -u "{credentials}" -d "token=$TOKEN" {revoke}; echo
  curl -sS -u "{credentials}" -d "token=$TOKEN" {introspect}; echo

{with_password}

Look into the first token, and see the clients and the users:

  echo "$TOKEN" | {program} token inspect
  {program} client list
  {program} user list

Stop with Ctrl-C."#
        )
    }
}

/// The secret in the file `name`; if there is none, a random one is written to it. Also, whether there was none.
///
/// The file comes first: whatever else happens, what it says is what the client or user is given.
fn secret_in(opened: &Opened, name: &str, prefix: &str) -> Result<(Secret<String>, bool), Failure> {
    let lost = opened.data_dir.read_secret(name)?.is_none();
    let drawn = base64url::encode(&(&SystemRandom as &dyn Random).bytes::<32>());
    let secret = Secret::new(format!("{prefix}{drawn}"));
    let secret = opened.data_dir.keep_secret(name, &secret, &SystemRandom)?;
    Ok((secret, lost))
}

/// Makes sure that there is a client with these settings and this secret; a `lost` secret is a new one.
async fn prepare_client(
    opened: &Opened,
    client_id: &str,
    settings: ClientSettings,
    (secret, lost): (Secret<String>, bool),
) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new("demo", error);
    let client_id: ClientId = client_id.parse().map_err(|error| failed(&error))?;
    let provider = &opened.provider;
    if lost {
        provider.remove_client(&client_id).await?;
    }
    match opened.store.find_client(&client_id).await? {
        None => {
            let source = SecretSource::Given(secret);
            match provider.add_client(client_id, settings, source).await {
                Ok(_) | Err(AddClientError::Taken(_)) => Ok(()),
                Err(error) => Err(failed(&error)),
            }
        }
        // That of an earlier version could do less, or another address was listened on. Where nothing has changed, nothing is
        // written: a full disk must not keep the server from its start.
        Some(known) if known.settings != settings => {
            let changed = provider.change_client(&client_id, |known| known.clone_from(&settings));
            changed.await.map(drop).map_err(|error| failed(&error))
        }
        Some(_) => Ok(()),
    }
}

fn application_settings(provider: &Provider) -> Result<ClientSettings, RedirectUriError> {
    let scope = application::SCOPE.parse().unwrap_or_default();
    Ok(ClientSettings {
        client_name: Some(String::from("Demo application")),
        scope,
        redirect_uris: vec![application::redirect_uri(provider).parse()?],
        post_logout_redirect_uris: vec![application::home(provider).parse()?],
        // It shows what is in the token.
        access_token_format: Some(AccessTokenFormat::Jwt),
        ..ClientSettings::new(vec![GrantType::AuthorizationCode, GrantType::RefreshToken])
    })
}

async fn prepare_user(opened: &Opened) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new("demo", error);
    let username: Username = USER.parse().map_err(|error| failed(&error))?;
    let (password, lost) = secret_in(opened, PASSWORD_FILE, "")?;
    let provider = &opened.provider;
    let profile = UserProfile {
        name: Some(String::from("Demo User")),
        email: Some(String::from("demo@example.com")),
        ..UserProfile::default()
    };
    let done = match provider.find_user(&username).await {
        Ok(_) if lost => provider
            .change_user(&username, UserChange::Password(password))
            .await
            .map(drop),
        Err(ChangeUserError::Unknown(_)) => {
            match provider.add_user(username, Some(password), profile).await {
                Ok(_) | Err(ChangeUserError::Taken(_)) => Ok(()),
                Err(error) => Err(error),
            }
        }
        found => found.map(drop),
    };
    done.map_err(Failure::from)
}

fn settings() -> Result<ClientSettings, Failure> {
    Ok(ClientSettings {
        scope: SCOPE.parse().map_err(|error| Failure::new("demo", error))?,
        // The printed commands take a JWT apart, whatever the server makes by default.
        access_token_format: Some(AccessTokenFormat::Jwt),
        ..ClientSettings::new(GRANT_TYPES.to_vec())
    })
}

/// The path of this program, below the current folder if it lies there.
fn this_program() -> String {
    let Ok(program) = std::env::current_exe() else {
        return String::from("countersign");
    };
    let below = std::env::current_dir().ok().and_then(|here| {
        program
            .strip_prefix(here)
            .ok()
            .map(|path| format!("./{}", path.display()))
    });
    shell_quoted(&below.unwrap_or_else(|| program.display().to_string()))
}

/// `text` as one word of a POSIX shell.
fn shell_quoted(text: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./:@%+=,".contains(char);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_shell_are_quoted_where_they_must_be() {
        for (text, expected) in [
            ("./countersign-data/x", "./countersign-data/x"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("", "''"),
        ] {
            assert_eq!(shell_quoted(text), expected);
        }
    }
}
