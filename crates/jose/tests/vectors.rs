//! Every vector of the folder `JOSE_VECTORS_DIR` (Wycheproof, the JOSE cookbook, RFC examples) against this crate.
//!
//! No invalid vector may be accepted. A valid one may be refused only for a [`Reason`]. Without
//! the variable the tests print a line `SKIPPED: ...` and pass.

#![expect(clippy::panic, reason = "helpers of tests fail as tests do")]

#[path = "vectors/cookbook.rs"]
mod cookbook;
#[path = "vectors/rfc.rs"]
mod rfc;
#[path = "vectors/wycheproof.rs"]
mod wycheproof;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Once;

use serde_json::Value;

/// Why a valid vector is not accepted. One that is accepted in spite of its reason is a defect too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// OAuth has compact JWS only.
    JsonSerialization,
    /// There is no JWE here.
    Encrypted,
    /// `alg: ES521` in the key: no such name exists (ES512 is meant).
    MislabelledEs521,
    /// ES512: `ring` has no P-521.
    P521,
    /// RULES T2: labelled valid by mistake, the token has a `?` in it.
    NotBase64Url,
    /// RULES T1, RFC 8725 §3.1: a key for PS256 verifies nothing else.
    KeyOfAnotherAlgorithm,
    /// The payload is not in the token.
    DetachedPayload,
    /// RFC 7797 is not supported.
    UnencodedPayload,
}

/// The verdict over one vector.
enum Verdict {
    Accepted,
    Refused(String),
}

impl<T, E: std::fmt::Debug> From<Result<T, E>> for Verdict {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(_) => Self::Accepted,
            Err(error) => Self::Refused(format!("{error:?}")),
        }
    }
}

/// What the source says of a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Valid,
    Invalid,
    /// Both verdicts are right.
    Acceptable,
}

/// Counts and defects of one file.
#[derive(Default)]
struct Tally {
    accepted: usize,
    refused: usize,
    unsupported: BTreeMap<Reason, usize>,
    defects: Vec<String>,
}

impl Tally {
    fn judge(
        &mut self,
        id: impl std::fmt::Display,
        expected: Expected,
        verdict: Verdict,
        reason: Option<Reason>,
    ) {
        match (expected, verdict) {
            (Expected::Valid | Expected::Acceptable, Verdict::Accepted) => {
                self.accepted += 1;
                if let Some(reason) = reason {
                    self.defects
                        .push(format!("{id}: accepted in spite of {reason:?}"));
                }
            }
            (Expected::Invalid | Expected::Acceptable, Verdict::Refused(_)) => self.refused += 1,
            (Expected::Invalid, Verdict::Accepted) => {
                self.defects.push(format!("{id}: invalid, but accepted"));
            }
            (Expected::Valid, Verdict::Refused(error)) => match reason {
                Some(reason) => *self.unsupported.entry(reason).or_default() += 1,
                None => self
                    .defects
                    .push(format!("{id}: valid, but refused: {error}")),
            },
        }
    }

    fn total(&self) -> usize {
        self.accepted + self.refused + self.unsupported.values().sum::<usize>()
    }

    /// Prints the counts and fails if there is a defect or if the file does not hold `count` vectors.
    fn finish(self, file: &str, count: usize) {
        let unsupported: usize = self.unsupported.values().sum();
        say(&format!(
            "{file}: {} accepted, {} refused, {unsupported} unsupported {:?}",
            self.accepted, self.refused, self.unsupported
        ));
        assert!(
            self.defects.is_empty(),
            "{file}:\n{}",
            self.defects.join("\n")
        );
        assert_eq!(self.total(), count, "{file}: vectors judged");
    }
}

/// Past the capturing of the test harness, in one piece: counts and skips are to be seen in every run.
fn say(line: &str) {
    std::io::stderr()
        .write_all(format!("{line}\n").as_bytes())
        .expect("standard error is open");
}

/// The folder with the vectors; without one, a line says once that nothing is judged.
fn folder() -> Option<PathBuf> {
    static SKIPPED: Once = Once::new();
    let folder = std::env::var_os("JOSE_VECTORS_DIR").map(PathBuf::from);
    if folder.is_none() {
        SKIPPED.call_once(|| say("SKIPPED: JOSE_VECTORS_DIR is not set, so no vector is judged"));
    }
    folder
}

fn read(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The member `name`, which is there.
fn text<'json>(json: &'json Value, name: &str) -> &'json str {
    json[name]
        .as_str()
        .unwrap_or_else(|| panic!("no text {name:?} in {json}"))
}

fn array<'json>(json: &'json Value, name: &str) -> &'json [Value] {
    json[name]
        .as_array()
        .unwrap_or_else(|| panic!("no array {name:?} in {json}"))
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| {
            let pair = std::str::from_utf8(pair).expect("hex is ASCII");
            u8::from_str_radix(pair, 16).expect("two digits of hex")
        })
        .collect()
}
