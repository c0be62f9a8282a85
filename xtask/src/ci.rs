//! `cargo xtask ci`.

use crate::run::{ChoreError, cargo, command, run};
use crate::{small, test};

/// Everything that must pass before a change lands.
pub(crate) fn everything() -> Result<(), ChoreError> {
    test::all()?;
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ])?;
    let mut docs = command(
        env!("CARGO"),
        &["doc", "--workspace", "--no-deps", "--all-features"],
    );
    run(docs.env("RUSTDOCFLAGS", "-D warnings"))?;
    // RULES T5: the backends are additive, and each one works without the other.
    for (package, features) in [
        ("countersign-jose", "ring"),
        ("countersign-jose", "aws-lc-rs"),
        ("countersign-resource", "ring,http-client,axum"),
    ] {
        let alone = [
            "--package",
            package,
            "--no-default-features",
            "--features",
            features,
        ];
        let strictly = ["--all-targets", "--", "-D", "warnings"];
        cargo(&[&["clippy"], &alone[..], &strictly].concat())?;
        cargo(&[&["test"], &alone[..]].concat())?;
    }
    small::check()
}
