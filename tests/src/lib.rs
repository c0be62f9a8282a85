//! Whole-process tests of the `countersign` binary: the real program, real sockets, real signals.
//!
//! This library is the harness; the tests lie in `tests/`. It knows no crate of the workspace, so it sees the program as
//! its users do: by its command line, its files and its wire.
//!
//! | type | what it is |
//! | --- | --- |
//! | [`Home`] | a temporary folder in which commands run |
//! | [`Server`] | a running `countersign serve`, stopped when dropped |
//! | [`Call`], [`Answer`] | one HTTP exchange with it |
//! | [`Browser`], [`Page`] | a browser without a window, and what it is shown |
//! | [`Request`], [`Response`] | what a client sends a user away with, and gets back |
//! | [`Chromium`], [`Callback`] | a real browser, and the client that it comes back to |
//! | [`Example`] | a running example program |
//! | [`TlsFront`] | the proxy that speaks TLS |
//! | [`TestClient`], [`TestUser`] | who takes part in it |
//! | [`Disk`] | a file system that fills up |
//! | [`Finished`] | a command that has ended |
//!
//! Which binary is tested: the file that the variable `COUNTERSIGN_BIN` names, else `countersign` in the folder of the
//! profile that this package was built with. Nothing here sleeps to wait for something; [`eventually`] looks again until
//! a deadline.
#![forbid(unsafe_code)]
#![expect(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a harness tells by panicking what went wrong"
)]

mod authorization;
mod binary;
mod browser;
mod call;
mod callback;
mod chromium;
mod client;
mod command;
mod disk;
mod example;
mod home;
mod html;
pub mod jwt;
mod server;
mod tls_front;
mod user;
mod wait;
mod watch;

pub use authorization::{
    CHALLENGE, Kind, Mode, REDIRECT_URI, Request, Response, VERIFIER, WEB_SCOPE,
};
pub use binary::{binary, example};
pub use browser::{Browser, Cookies};
pub use call::{Answer, Call, Tokens};
pub use callback::{Arrival, Callback};
pub use chromium::{Chromium, Key, View};
pub use client::TestClient;
pub use command::{Finished, Input};
pub use disk::Disk;
pub use example::Example;
pub use home::Home;
pub use html::{Element, Form, Page};
pub use server::Server;
pub use tls_front::TlsFront;
pub use user::TestUser;
pub use wait::{PATIENCE, SECOND, eventually};
