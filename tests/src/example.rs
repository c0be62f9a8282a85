//! A running example program: an API that checks tokens.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use reqwest::blocking::Client;

use crate::watch::Watch;
use crate::{Call, PATIENCE, eventually, example};

/// A running example of `countersign-resource`. It is killed when this is dropped; a panic in it fails the test.
#[derive(Debug)]
pub struct Example {
    child: Child,
    stderr: Watch,
    http: Client,
    address: SocketAddr,
}

impl Example {
    /// Starts the example `name`, and waits until it listens.
    #[must_use]
    pub fn start(name: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(example(name))
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let stdout = Watch::begin(child.stdout.take().expect("it is piped"));
        let stderr = Watch::begin(child.stderr.take().expect("it is piped"));
        let address = eventually(PATIENCE, || {
            let text = stdout.text();
            let (_, address) = text.split_once("listening on ")?;
            address.split_once('\n')?.0.parse().ok()
        });
        let address = address.unwrap_or_else(|| panic!("{name} says nothing: {}", stderr.text()));
        let http = Client::builder().no_proxy().timeout(PATIENCE).build();
        Self {
            child,
            stderr,
            http: http.expect("a plain HTTP client"),
            address,
        }
    }

    /// A GET request.
    #[must_use]
    pub fn get(&self, path: &str) -> Call {
        Call::new(self.http.get(format!("http://{}{path}", self.address)))
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = self.stderr.whole();
        if !std::thread::panicking() {
            assert!(!log.contains("panicked"), "the example has panicked: {log}");
        }
    }
}
