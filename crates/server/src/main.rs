//! `countersign`: the token service as one program. HTTP, configuration and the command line; no rule about who may
//! have a token lives here.
#![forbid(unsafe_code)]

mod cli;
mod config;
mod data_dir;
mod demo;
mod host;
mod http;
mod key_sets;
mod network;
mod output;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
