//! The program, run for a chore: on a port of its own, with data of its own, ended with its owner.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::run::{ChoreError, cargo, target};

/// Builds the program.
pub(crate) fn build() -> Result<(), ChoreError> {
    cargo(&["build", "-p", "countersign-server"])
}

/// A program that cargo has built.
fn built(name: &str) -> PathBuf {
    target()
        .join("debug")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// A data folder on which commands can be run.
pub(crate) struct Data {
    folder: tempfile::TempDir,
}

impl Data {
    /// An empty folder.
    pub(crate) fn new() -> Result<Self, ChoreError> {
        let folder = tempfile::tempdir().map_err(ChoreError::io("a temporary folder"))?;
        Ok(Self { folder })
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(built("countersign"));
        command
            .arg("--json")
            .arg("--data-dir")
            .arg(self.path().join("data"))
            .args(arguments);
        command
    }

    /// Runs a command of the program to its end; `input` is what it reads.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Result<Value, ChoreError> {
        let shown = || format!("countersign {}", arguments.join(" "));
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(ChoreError::io(shown()))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin
                .write_all(input.as_bytes())
                .map_err(ChoreError::io(shown()))?;
        }
        let output = child.wait_with_output().map_err(ChoreError::io(shown()))?;
        if !output.status.success() {
            return Err(ChoreError::Failed(shown()));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|error| ChoreError::Answer(format!("{}: {error}", shown())))
    }

    /// Starts the server, configured by these variables, and waits until it says that it listens.
    pub(crate) fn serve(
        &self,
        address: &str,
        issuer: &str,
        variables: &[(&str, &str)],
    ) -> Result<Running, ChoreError> {
        let mut child = self
            .command(&["serve", "--listen", address, "--issuer", issuer])
            // What the suite does is told to operators, again and again.
            .env("COUNTERSIGN_LOG", "warn,countersign::audit=error")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(ChoreError::io("countersign serve"))?;
        let stdout = child.stdout.take();
        let server = Running(child);
        let stdout = stdout.ok_or_else(|| ChoreError::Answer("serve has no output".into()))?;
        first_document(stdout)?;
        Ok(server)
    }
}

/// An address on loopback that nobody listens on.
pub(crate) fn free_address() -> Result<String, ChoreError> {
    let tried = || ChoreError::io("a free port");
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(tried())?;
    Ok(listener.local_addr().map_err(tried())?.to_string())
}

/// The first JSON document that comes, without waiting for the end.
fn first_document(output: impl Read) -> Result<Value, ChoreError> {
    let mut documents = serde_json::Deserializer::from_reader(output).into_iter();
    let first = documents.next();
    let first = first.ok_or_else(|| ChoreError::Answer("serve printed nothing".into()))?;
    first.map_err(|error| ChoreError::Answer(format!("serve: {error}")))
}

/// Puts TLS before the program, as a proxy does in production; waits until it listens.
pub(crate) fn tls_front(
    listen: &str,
    backend: &str,
    certificate: &Path,
) -> Result<Running, ChoreError> {
    let example = ["-p", "countersign-conformance", "--example", "tls_front"];
    cargo(&[&["build"], &example[..]].concat())?;
    let mut child = Command::new(built("examples/tls_front"))
        .args([listen, backend])
        .arg(certificate)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(ChoreError::io("tls_front"))?;
    let stdout = child.stdout.take();
    let front = Running(child);
    let stdout = stdout.ok_or_else(|| ChoreError::Answer("tls_front has no output".into()))?;
    let mut line = String::new();
    let read = BufReader::new(stdout).read_line(&mut line);
    match read.map_err(ChoreError::io("tls_front"))? {
        0 => Err(ChoreError::Failed("tls_front".into())),
        _ => Ok(front),
    }
}

/// A running program; it is ended when this is dropped.
pub(crate) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, which the chore has noticed by then.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
