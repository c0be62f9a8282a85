//! A folder in which commands run.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Finished, Input, REDIRECT_URI, Server, TestClient, TestUser, WEB_SCOPE, binary};

/// A temporary folder, the current one of every command that runs in it. The data folder is `data` in it.
#[derive(Debug)]
pub struct Home(TempDir);

/// The files of a data folder that has its keys and no client yet. Drawing RSA keys takes longer than most tests, so
/// they are drawn once per test program.
static PREPARED: OnceLock<Vec<(OsString, Vec<u8>)>> = OnceLock::new();

impl Home {
    /// A folder with nothing in it.
    #[must_use]
    pub fn empty() -> Self {
        Self::empty_in(&env::temp_dir())
    }

    /// The same, in a folder of its own: a [`Disk`](crate::Disk).
    #[must_use]
    pub fn empty_in(folder: &Path) -> Self {
        Self(tempfile::tempdir_in(folder).expect("a test machine has a temporary folder"))
    }

    /// A folder whose data folder has its keys, the same ones in every home, and no client.
    #[must_use]
    pub fn with_keys() -> Self {
        Self::with_keys_in(&env::temp_dir())
    }

    /// The same, in a folder of its own.
    #[must_use]
    pub fn with_keys_in(folder: &Path) -> Self {
        let home = Self::empty_in(folder);
        let files = PREPARED.get_or_init(|| {
            let first = Self::empty();
            // The first command that adds something makes the keys.
            let _ = first.json(&["client", "add", "first"]);
            let _ = first.json(&["client", "remove", "first"]);
            let entries = fs::read_dir(first.data_dir()).expect("it was made");
            entries
                .map(|entry| {
                    let entry = entry.expect("an entry of a folder");
                    let content = fs::read(entry.path()).expect("an own file");
                    (entry.file_name(), content)
                })
                .collect()
        });
        make_private_folder(&home.data_dir());
        for (name, content) in files {
            write_private(&home.data_dir().join(name), content);
        }
        home
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The data folder.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.path().join("data")
    }

    /// The program with these arguments and no others, in an environment that configures nothing.
    #[must_use]
    pub fn bare(&self, arguments: &[&str]) -> Command {
        let mut command = self.unconfigured(Command::new(binary()));
        command.args(arguments);
        command
    }

    /// Runs a script in this folder, as a person would paste it; the first command that fails ends it.
    #[must_use]
    pub fn shell(&self, script: &str) -> Finished {
        let mut command = self.unconfigured(Command::new("sh"));
        Finished::of(command.args(["-e", "-c", script]), None)
    }

    fn unconfigured(&self, mut command: Command) -> Command {
        for (name, _) in env::vars_os() {
            // Also the variable that names the binary: the program would take it for a misspelt key.
            if name.to_string_lossy().starts_with("COUNTERSIGN_") {
                command.env_remove(name);
            }
        }
        command.current_dir(self.path());
        command
    }

    /// The program with these arguments, on the data folder.
    #[must_use]
    pub fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = self.bare(&["--data-dir", "data"]);
        command.args(arguments).envs(variables.iter().copied());
        command
    }

    /// Runs a command to its end.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Finished {
        self.run_with(arguments, Input::default())
    }

    /// Runs a command to its end, with something on its standard input or in its environment.
    #[must_use]
    pub fn run_with(&self, arguments: &[&str], input: Input<'_>) -> Finished {
        Finished::of(&mut self.command(arguments, input.variables), input.stdin)
    }

    /// The JSON document of a command that succeeds.
    #[must_use]
    pub fn json(&self, arguments: &[&str]) -> Value {
        self.run(&[&["--json"], arguments].concat()).json()
    }

    /// Adds a client with a generated secret.
    #[must_use]
    pub fn add_client(&self, client_id: &str, arguments: &[&str]) -> TestClient {
        let added = self.json(&[&["client", "add", client_id], arguments].concat());
        let secret = added["client_secret"].as_str().expect("a client_secret");
        TestClient::new(client_id, secret)
    }

    /// Adds a client with a given secret.
    #[must_use]
    pub fn add_client_with_secret(
        &self,
        client_id: &str,
        secret: &str,
        arguments: &[&str],
    ) -> TestClient {
        let arguments = [
            &["--json", "client", "add", client_id, "--secret-stdin"],
            arguments,
        ]
        .concat();
        let stdin = Some(secret.as_bytes());
        let input = Input {
            stdin,
            ..Input::default()
        };
        let _ = self.run_with(&arguments, input).json();
        TestClient::new(client_id, secret)
    }

    /// Adds a user with a password.
    #[must_use]
    pub fn add_user(&self, name: &str) -> TestUser {
        let user = TestUser::new(name, "correct horse battery staple");
        let arguments = ["--json", "user", "add", name, "--password-stdin"];
        let stdin = Some(user.password.as_bytes());
        let input = Input {
            stdin,
            ..Input::default()
        };
        let _ = self.run_with(&arguments, input).json();
        user
    }

    /// Adds a client that signs users in and refreshes.
    #[must_use]
    pub fn add_password_client(&self, client_id: &str, arguments: &[&str]) -> TestClient {
        let grant_types = [
            "--grant-type",
            "password",
            "--grant-type",
            "refresh_token",
            "--grant-type",
            "client_credentials",
        ];
        self.add_client(client_id, &[&grant_types, arguments].concat())
    }

    /// Adds a client that sends its users to the authorization endpoint, and gets them back at [`REDIRECT_URI`]. It may
    /// ask for [`WEB_SCOPE`] unless the arguments name a scope.
    #[must_use]
    pub fn add_web_client(&self, client_id: &str, arguments: &[&str]) -> TestClient {
        let scope: &[&str] = if arguments.contains(&"--scope") {
            &[]
        } else {
            &["--scope", WEB_SCOPE]
        };
        let fixed = ["--redirect-uri", REDIRECT_URI];
        self.add_client(client_id, &[&fixed, scope, arguments].concat())
    }

    /// The same, without a secret.
    #[must_use]
    pub fn add_public_web_client(&self, client_id: &str, arguments: &[&str]) -> TestClient {
        let scope = ["--scope", WEB_SCOPE, "--redirect-uri", REDIRECT_URI];
        let fixed = ["client", "add", client_id, "--public"];
        let _ = self.json(&[&fixed, &scope[..], arguments].concat());
        TestClient::public(client_id)
    }

    /// Adds a client that is described under the member names of RFC 7591: for what needs many arguments. Its redirect
    /// URI and scope are those of [`Home::add_web_client`], unless they are named.
    #[must_use]
    pub fn add_described_client(&self, client_id: &str, mut members: Value) -> TestClient {
        let described = members.as_object_mut().expect("an object");
        for (name, value) in [
            ("redirect_uris", json!([REDIRECT_URI])),
            ("scope", json!(WEB_SCOPE)),
        ] {
            described.entry(name).or_insert(value);
        }
        described.insert("client_id".to_owned(), client_id.into());
        let document = members.to_string();
        let input = Input {
            stdin: Some(document.as_bytes()),
            ..Input::default()
        };
        let applied = self.run_with(&["--json", "client", "apply", "-f", "-"], input);
        let secret = &applied.json()[0]["client_secret"];
        TestClient::new(client_id, secret.as_str().unwrap_or_default())
    }

    /// The generation of every grant that lives and has a refresh token, by the id of the grant.
    #[must_use]
    pub fn generations(&self) -> BTreeMap<String, u64> {
        let grants = self.json(&["grant", "list"]);
        let grants = grants.as_array().expect("an array").iter();
        let live = grants.filter(|grant| grant["live"].as_bool().expect("a boolean"));
        live.filter_map(|grant| {
            let id = grant["grant_id"].as_str().expect("an id");
            Some((id.to_owned(), grant["generation"].as_u64()?))
        })
        .collect()
    }

    /// Starts a server with nothing but a free port, and waits until it answers.
    #[must_use]
    pub fn serve(&self) -> Server {
        self.serve_with(&[], &[])
    }

    /// Starts a server with further arguments and variables, and waits until it answers.
    #[must_use]
    pub fn serve_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Server {
        Server::start(&mut self.serving(arguments, variables))
    }

    /// The command that [`Home::serve_with`] runs.
    #[must_use]
    pub fn serving(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let listen: &[&str] = if arguments.contains(&"--listen") {
            &[]
        } else {
            &["--listen", "127.0.0.1:0"]
        };
        let arguments = [&["--json", "serve"], listen, arguments].concat();
        self.command(&arguments, variables)
    }
}

fn make_private_folder(path: &Path) {
    use std::os::unix::fs::DirBuilderExt as _;

    let made = fs::DirBuilder::new().mode(0o700).create(path);
    made.expect("a folder can be made");
}

fn write_private(path: &Path, content: &[u8]) {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    let mut options = fs::OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(path);
    let written = opened.and_then(|mut file| file.write_all(content));
    written.expect("a file can be written");
}
