//! `cargo xtask ci`.

use crate::run::{ChoreError, cargo, command, run};
use crate::test;

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
    for backend in ["ring", "aws-lc-rs"] {
        let jose = [
            "-p",
            "countersign-jose",
            "--no-default-features",
            "--features",
            backend,
        ];
        cargo(
            &[
                &["clippy"],
                &jose[..],
                &["--all-targets", "--", "-D", "warnings"],
            ]
            .concat(),
        )?;
        cargo(&[&["test"], &jose[..]].concat())?;
    }
    Ok(())
}
