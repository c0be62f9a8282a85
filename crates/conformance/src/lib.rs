//! Black-box conformance checks for any OAuth 2 server.
#![forbid(unsafe_code)]

mod answer;
mod check;
mod checks;
mod finding;
mod http;
mod judge;
mod jwt;
mod metadata;
mod plain;
mod redact;
mod report;
mod run;
mod target;
mod variety;

pub use check::{Check, Level, Profile};
pub use checks::{all as checks, find as find_check};
pub use http::Exchange;
pub use report::{CheckResult, Evidence, Outcome, Report, Summary};
pub use run::{RunError, Selection, run};
pub use target::{Role, Target, TargetError};
