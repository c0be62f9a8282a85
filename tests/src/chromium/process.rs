//! The processes of the browser: they are started by the test, and ended by their ids.

use std::env;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Once;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::wire::{Refusal, Wire};
use crate::watch::Watch;
use crate::{PATIENCE, eventually};

/// A running `chromedriver`, with a browser.
#[derive(Debug)]
pub(super) struct Driver {
    child: Child,
    /// None until the browser has started.
    browser: Option<Browser>,
    /// What the two write for themselves: profile, cache, sockets.
    _folder: TempDir,
    _stdout: Watch,
}

#[derive(Debug)]
struct Browser {
    session: Wire,
    process: u64,
}

impl Driver {
    /// Starts both. None, and a line, where they are not installed.
    pub(super) fn start() -> Option<Self> {
        let (Some(chromium), Some(chromedriver)) =
            (installed("chromium"), installed("chromedriver"))
        else {
            skipped();
            return None;
        };
        let folder = tempfile::tempdir().expect("a test machine has a temporary folder");
        let mut command = Command::new(chromedriver);
        command.arg("--port=0");
        for name in ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
            command.env(name, folder.path());
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let stdout = Watch::begin(child.stdout.take().expect("it is piped"));
        let port = eventually(PATIENCE, || port(&stdout.text()));
        let said = stdout.text();
        let mut driver = Self {
            child,
            browser: None,
            _folder: folder,
            _stdout: stdout,
        };
        let port = port.unwrap_or_else(|| panic!("chromedriver does not listen: {said}"));
        let wire = Wire::to_port(port);
        let begun = wire.try_post("/session", &capabilities(&chromium));
        let begun = begun.unwrap_or_else(|refusal| panic!("chromium does not start: {refusal:?}"));
        let session = begun["sessionId"].as_str().expect("a session");
        let process = &begun["capabilities"]["goog:processID"];
        driver.browser = Some(Browser {
            session: wire.below(&format!("/session/{session}")),
            process: process.as_u64().expect("an id of a process"),
        });
        Some(driver)
    }

    /// Where the browser is told what to do.
    pub(super) fn session(&self) -> &Wire {
        let browser = self.browser.as_ref();
        &browser.expect("it has started").session
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(Browser { session, process }) = self.browser.take() {
            // The driver ends the browser. It leaves it alone when it is killed itself.
            let ended: Result<Value, Refusal> = session.try_delete("");
            if ended.is_err() {
                let id = process.to_string();
                let _ = Command::new("kill").args(["-KILL", &id]).status();
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How the browser is to be.
fn capabilities(chromium: &PathBuf) -> Value {
    let mut arguments = vec![
        "--headless=new",
        "--no-proxy-server",
        "--disable-background-networking",
        "--disable-crash-reporter",
        // Nothing but this machine can be reached.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE ::1, EXCLUDE localhost",
    ];
    if runs_as_root() {
        // Chromium refuses to be root in its sandbox.
        arguments.push("--no-sandbox");
    }
    let preferences = json!({ "credentials_enable_service": false });
    json!({ "capabilities": { "alwaysMatch": {
        // For the certificates that tests make.
        "acceptInsecureCerts": true,
        "goog:chromeOptions": { "binary": chromium, "args": arguments, "prefs": preferences },
        "goog:loggingPrefs": { "browser": "ALL" },
        "timeouts": { "pageLoad": PATIENCE.as_millis(), "script": PATIENCE.as_millis() },
    } } })
}

/// The port on which the driver says that it listens.
fn port(said: &str) -> Option<u16> {
    let (_, rest) = said.split_once("was started successfully on port ")?;
    let (digits, _) = rest.split_once('.')?;
    digits.parse().ok()
}

/// Where a program lies, in the folders that are searched for programs.
fn installed(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    let mut files = env::split_paths(&folders).map(|folder| folder.join(name));
    files.find(|file| file.is_file())
}

fn runs_as_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Past the capturing of the test harness: skips are to be seen in every run.
fn skipped() {
    const LINE: &[u8] = b"SKIPPED: real browser tests need chromium and chromium-driver\n";
    static SKIPPED: Once = Once::new();
    SKIPPED.call_once(|| {
        let said = std::io::stderr().write_all(LINE);
        said.expect("standard error is open");
    });
}
