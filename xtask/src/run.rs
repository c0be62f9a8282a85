//! Running other programs.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use thiserror::Error;

/// Why a chore was not done.
#[derive(Debug, Error)]
pub(crate) enum ChoreError {
    /// A program ran and failed.
    #[error("failed: {0}")]
    Failed(String),
    /// A program could not be run, or a file not be written.
    #[error("{what}: {error}")]
    Io {
        /// What was tried.
        what: String,
        /// What went wrong.
        error: io::Error,
    },
    /// A program answered something that cannot be understood.
    #[error("not understood: {0}")]
    Answer(String),
}

impl ChoreError {
    /// For `map_err`.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// The folder in which cargo builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A command in the root of the repository.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Runs cargo and shows what it prints.
pub(crate) fn cargo(arguments: &[&str]) -> Result<(), ChoreError> {
    run(&mut command(env!("CARGO"), arguments))
}

/// Runs a command and shows what it prints.
pub(crate) fn run(command: &mut Command) -> Result<(), ChoreError> {
    let shown = show(command);
    println!("\n$ {shown}");
    let status = command.status().map_err(ChoreError::io(&shown))?;
    if status.success() {
        Ok(())
    } else {
        Err(ChoreError::Failed(shown))
    }
}

/// Runs a command, and gives what it prints.
pub(crate) fn output(command: &mut Command) -> Result<String, ChoreError> {
    let shown = show(command);
    let output = command.output().map_err(ChoreError::io(&shown))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(ChoreError::Failed(format!("{shown}\n{said}")))
    }
}

/// A command as somebody would type it.
pub(crate) fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program());
    let mut words = vec![name.to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}
