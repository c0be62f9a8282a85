//! What a development set-up shows at its start: a client to try, and commands that can be pasted.

use std::net::SocketAddr;

use countersign_core::{AccessTokenFormat, ClientId, ClientSettings, GrantType, Random, Secret};
use countersign_jose::base64url;
use countersign_provider::{AddClientError, SecretSource, paths};

use crate::cli::Opened;
use crate::host::SystemRandom;
use crate::output::Failure;

const CLIENT: &str = "demo";
const SCOPE: &str = "demo.read demo.write";
/// The file that holds the secret of the demo client, readable by its owner only.
const SECRET_FILE: &str = "demo-client.secret";

/// The demo client of a development set-up.
pub(crate) struct Demo {
    secret_file: String,
    /// This program as a shell finds it, with the argument that leads to the data.
    program: String,
}

impl Demo {
    /// Makes sure that there is a demo client whose secret lies in its file.
    pub(crate) async fn prepare(opened: &Opened) -> Result<Self, Failure> {
        let client_id: ClientId = CLIENT
            .parse()
            .map_err(|error| Failure::new("demo", error))?;
        // The file first: whatever else happens, what it says is what the client is given.
        let lost = opened.data_dir.read_secret(SECRET_FILE)?.is_none();
        let drawn = base64url::encode(&(&SystemRandom as &dyn Random).bytes::<32>());
        let secret = Secret::new(format!("cs_sec_{drawn}"));
        let secret = opened
            .data_dir
            .keep_secret(SECRET_FILE, &secret, &SystemRandom)?;
        if lost {
            let removed = opened.provider.remove_client(&client_id).await;
            removed.map_err(|error| Failure::new("storage", error))?;
        }
        let known = opened.store.find_client(&client_id).await;
        if known
            .map_err(|error| Failure::new("storage", error))?
            .is_none()
        {
            let source = SecretSource::Given(secret);
            match opened
                .provider
                .add_client(client_id, settings()?, source)
                .await
            {
                // Two servers start at once on one folder: they agree on the secret, and one of them is faster.
                Ok(_) | Err(AddClientError::Taken(_)) => {}
                Err(error) => return Err(Failure::new("demo", error)),
            }
        }
        let path = opened.data_dir.path().join(SECRET_FILE);
        let program = format!(
            "{} --data-dir {}",
            this_program(),
            shell_quoted(&opened.data_dir.path().display().to_string())
        );
        Ok(Self {
            secret_file: path.display().to_string(),
            program,
        })
    }

    /// The text that greets a newcomer. The same at every start.
    pub(crate) fn welcome(&self, issuer: &str, address: SocketAddr) -> String {
        let program = &self.program;
        let secret_file = shell_quoted(&self.secret_file);
        let credentials = format!("{CLIENT}:$(cat {secret_file})");
        let (token, introspect, revoke) = (paths::TOKEN, paths::INTROSPECT, paths::REVOKE);
        let url = |path| shell_quoted(&format!("{}{path}", issuer.trim_end_matches('/')));
        let (token, introspect, revoke) = (url(token), url(introspect), url(revoke));
        format!(
            r#"Countersign is listening on {address} as {issuer}

This is a DEVELOPMENT set-up: plain http, loopback only, with a demo client whose random
secret lies in {secret_file}. Never put it on a network.

Get a token, ask about it, revoke it, and ask again:

  TOKEN=$(curl -sS -u "{credentials}" -d grant_type=client_credentials {token} | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  curl -sS -u "{credentials}" -d "token=$TOKEN" {introspect}; echo
  curl -sS -u "{credentials}" -d "token=$TOKEN" {revoke}; echo
  curl -sS -u "{credentials}" -d "token=$TOKEN" {introspect}; echo

Look into the token, and see the clients:

  echo "$TOKEN" | {program} token inspect
  {program} client list

Stop with Ctrl-C."#
        )
    }
}

fn settings() -> Result<ClientSettings, Failure> {
    Ok(ClientSettings {
        scope: SCOPE.parse().map_err(|error| Failure::new("demo", error))?,
        // The printed commands take a JWT apart, whatever the server makes by default.
        access_token_format: Some(AccessTokenFormat::Jwt),
        ..ClientSettings::new(vec![GrantType::ClientCredentials])
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
