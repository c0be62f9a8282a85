//! Every chore of this repository. `cargo xtask --help` lists them.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a command line tool"
)]

mod ci;
mod conformance;
mod fixtures;
mod run;
mod server;
mod small;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::conformance::Instance;

/// Every chore of this repository
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Run all tests, then the conformance checks against the program
    Test,
    /// Run the conformance checks against the program, on a port of its own with data of its own; with no arguments, also
    /// those of the profile bcp against a strict instance
    Conformance {
        /// Judge an instance that offers what RFC 9700 recommends and nothing else (strict = true)
        #[arg(long)]
        strict: bool,
        /// Arguments for `countersign-conformance run`, such as --only RFC7009-06 or --json
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run the benchmarks and print each cost as a ratio to its floor of the same run
    Bench,
    /// Everything that must pass before a change lands: tests, formatting, lints, docs, each crypto backend alone
    Ci,
}

fn main() -> ExitCode {
    let done = match Cli::parse().chore {
        Chore::Test => test::all(),
        Chore::Conformance {
            strict: true,
            arguments,
        } => Instance::Strict.judge(&arguments),
        Chore::Conformance { arguments, .. } if arguments.is_empty() => conformance::judge_both(),
        Chore::Conformance { arguments, .. } => Instance::Full.judge(&arguments),
        Chore::Bench => run::cargo(&["bench", "-p", "countersign-benches"]),
        Chore::Ci => ci::everything(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
