//! `countersign-conformance`: runs the checks from the command line.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is what it is for"
)]

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use countersign_conformance::{
    Check, NewKey, Profile, Report, Selection, Target, checks, find_check, run,
};

/// Judges an OAuth 2 server from outside, over HTTP.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  countersign-conformance run --target my-server.toml
  countersign-conformance run --target my-server.toml --profile revocation --profile introspection
  countersign-conformance run --target my-server.toml --only RFC7009-06 --json
  countersign-conformance list
  countersign-conformance explain RFC7009-06
  countersign-conformance key judge-key.pem > judge-jwks.json

A target description says where the server is and which clients may be used there:
  issuer = \"https://as.example\"
  [clients.primary]
  client_id = \"judge\"
  client_secret = \"...\"
  scopes = [\"read\", \"write\"]
All of its keys are in the documentation of the crate.

Exit status: 0 all is well; 1 a MUST is broken, a declared deviation is none, or something
was skipped under --fail-on-skip; 2 nothing could be judged.";

#[derive(Subcommand)]
enum Command {
    /// Run checks against a server.
    #[command(after_help = EXAMPLES)]
    Run(RunArguments),
    /// List every check.
    List {
        /// Print one JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Say what one check demands, and where to read on.
    Explain {
        /// For example RFC7009-06.
        id: String,
    },
    /// Make a key for the client that has one, and print what the server has to know of it: a JWK set.
    Key {
        /// Where the private part goes, in PEM; it must not exist yet.
        file: PathBuf,
    },
}

#[derive(clap::Args)]
struct RunArguments {
    /// The description of the server, in TOML.
    #[arg(long, value_name = "FILE")]
    target: PathBuf,
    /// Only checks of this profile (may be repeated).
    #[arg(long = "profile", value_name = "PROFILE")]
    profiles: Vec<ProfileName>,
    /// Only the check with this id (may be repeated).
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// Print one JSON document in place of the table.
    #[arg(long)]
    json: bool,
    /// Exit with 1 if anything was skipped.
    #[arg(long)]
    fail_on_skip: bool,
}

#[derive(Clone, Copy)]
struct ProfileName(Profile);

impl ValueEnum for ProfileName {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [ProfileName; Profile::ALL.len()] = {
            let mut all = [ProfileName(Profile::ALL[0]); Profile::ALL.len()];
            let mut at = 0;
            while at < all.len() {
                all[at] = ProfileName(Profile::ALL[at]);
                at += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.name()))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Run(arguments) => judge(arguments).await,
        Command::List { json } => {
            list(json);
            ExitCode::SUCCESS
        }
        Command::Explain { id } => match find_check(&id) {
            Some(check) => {
                explain(check);
                ExitCode::SUCCESS
            }
            None => refuse(&format!("there is no check '{id}'")),
        },
        Command::Key { file } => match make_key(&file) {
            Ok(jwk_set) => {
                println!("{jwk_set:#}");
                ExitCode::SUCCESS
            }
            Err(error) => refuse(&format!("cannot write {}: {error}", file.display())),
        },
    }
}

fn refuse(reason: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("error: {reason}");
    ExitCode::from(2)
}

async fn judge(arguments: RunArguments) -> ExitCode {
    let target = match Target::from_file(&arguments.target) {
        Ok(target) => target,
        Err(error) => return refuse(&error),
    };
    let selection = Selection {
        profiles: arguments.profiles.iter().map(|profile| profile.0).collect(),
        only: arguments.only,
    };
    let report = match run(&target, &selection).await {
        Ok(report) => report,
        Err(error) => return refuse(&error),
    };
    if arguments.json {
        println!("{:#}", serde_json::json!(report));
    } else {
        print!("{report}");
    }
    exit_code(&report, arguments.fail_on_skip)
}

fn exit_code(report: &Report, fail_on_skip: bool) -> ExitCode {
    if report.failed() || (fail_on_skip && report.skipped().next().is_some()) {
        return ExitCode::from(1);
    }
    if report.skipped().count() == report.results.len() {
        return refuse(&"every check was skipped: nothing was judged");
    }
    ExitCode::SUCCESS
}

/// Writes the private part of a new key for nobody else to read; the public part is returned.
fn make_key(file: &Path) -> io::Result<serde_json::Value> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let key = NewKey::generate();
    options.open(file)?.write_all(key.pem().as_bytes())?;
    Ok(key.jwk_set())
}

fn list(json: bool) {
    if json {
        println!("{:#}", serde_json::json!(checks().collect::<Vec<_>>()));
        return;
    }
    for check in checks() {
        println!(
            "{:<17} {:<6} {}",
            check.id(),
            check.level(),
            check.requirement()
        );
    }
}

fn explain(check: &Check) {
    let profiles: Vec<_> = check
        .profiles()
        .iter()
        .map(|profile| profile.name())
        .collect();
    println!("{} ({})", check.id(), check.level());
    println!("  {}", check.requirement());
    match check.reference() {
        Some(reference) => println!(
            "  {} section {}: {reference}",
            check.spec(),
            check.section()
        ),
        None => println!("  a check of this suite; see {}", check.section()),
    }
    println!("  profiles: {}", profiles.join(", "));
}
