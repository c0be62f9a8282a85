//! Which program is tested.

use std::env::{self, consts::EXE_SUFFIX};
use std::path::PathBuf;

/// The variable that names the program.
const VARIABLE: &str = "COUNTERSIGN_BIN";

/// The path of the program under test.
#[must_use]
pub fn binary() -> PathBuf {
    let path = env::var_os(VARIABLE).map_or_else(beside_this_test, PathBuf::from);
    assert!(
        path.is_file(),
        "there is no program at {}: run `cargo build -p countersign-server` or `cargo xtask test`, or name one in {VARIABLE}",
        path.display()
    );
    path
}

/// The path of an example program of `countersign-resource`, which `cargo test --workspace --all-features` builds beside this
/// test.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    let path = profile()
        .join("examples")
        .join(format!("{name}{EXE_SUFFIX}"));
    assert!(
        path.is_file(),
        "there is no example at {}: run `cargo build -p countersign-resource --examples --all-features` or `cargo xtask test`",
        path.display()
    );
    path
}

/// `target/<profile>/countersign`.
fn beside_this_test() -> PathBuf {
    profile().join(format!("countersign{EXE_SUFFIX}"))
}

/// `target/<profile>`, from `target/<profile>/deps/<this test>`.
fn profile() -> PathBuf {
    let test = env::current_exe().expect("a test knows where it lies");
    let profile = test.ancestors().nth(2);
    profile.expect("a test lies two folders deep").to_owned()
}
