//! `cargo xtask test`.

use crate::conformance;
use crate::run::{ChoreError, cargo};
use crate::server;

/// All tests, then the conformance checks.
pub(crate) fn all() -> Result<(), ChoreError> {
    // The tests of the whole process need the program.
    server::build()?;
    cargo(&["test", "--workspace", "--all-features"])?;
    conformance::judge_both()
}
