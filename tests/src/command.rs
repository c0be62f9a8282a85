//! Commands that run to their end.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::watch::Watch;
use crate::{PATIENCE, eventually};

/// What a command is given besides its arguments.
#[derive(Clone, Copy, Debug, Default)]
pub struct Input<'input> {
    /// Its standard input; closed at once if there is none.
    pub stdin: Option<&'input [u8]>,
    /// Variables of its environment.
    pub variables: &'input [(&'input str, &'input str)],
}

/// A command that has ended.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Finished {
    /// Runs `command` to its end, which must come within [`PATIENCE`].
    #[must_use]
    pub fn of(command: &mut Command, stdin: Option<&[u8]>) -> Self {
        command
            .stdin(stdin.map_or_else(Stdio::null, |_| Stdio::piped()))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        if let (Some(text), Some(mut pipe)) = (stdin.map(<[u8]>::to_vec), child.stdin.take()) {
            // A command that has read enough closes its end, which is its right.
            thread::spawn(move || drop(pipe.write_all(&text)));
        }
        let mut stdout = Watch::begin(child.stdout.take().expect("it is piped"));
        let mut stderr = Watch::begin(child.stderr.take().expect("it is piped"));
        let ended = eventually(PATIENCE, || {
            child.try_wait().expect("an own child can be waited for")
        });
        if ended.is_none() {
            // It may be about to end by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
        let (stdout, stderr) = (stdout.whole(), stderr.whole());
        let Some(status) = ended else {
            panic!("{command:?} does not end\n{stdout}\n{stderr}");
        };
        Self {
            code: status.code(),
            stdout,
            stderr,
        }
    }

    /// Standard output, of a command that has succeeded.
    #[must_use]
    pub fn succeeded(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:#?}");
        &self.stdout
    }

    /// The one JSON document on standard output, of a command that has succeeded.
    #[must_use]
    pub fn json(&self) -> Value {
        let stdout = self.succeeded();
        serde_json::from_str(stdout)
            .unwrap_or_else(|error| panic!("not one JSON document: {error}: {self:#?}"))
    }

    /// The word and the sentence of a failed `--json` command: one JSON object on standard error, nothing on standard
    /// output.
    #[must_use]
    pub fn refusal(&self, code: i32) -> (String, String) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.stdout, "", "{self:#?}");
        let told: Value = serde_json::from_str(&self.stderr)
            .unwrap_or_else(|error| panic!("not one JSON document: {error}: {self:#?}"));
        let word = |name: &str| {
            told[name]
                .as_str()
                .filter(|text| !text.is_empty())
                .unwrap_or_else(|| panic!("no {name}: {self:#?}"))
                .to_owned()
        };
        (word("error"), word("message"))
    }
}
