//! The rules of the provider, seen from outside: typed requests in, typed responses out, no socket.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod clients;
mod common;
mod keys;
mod nodes;
mod password;
mod refresh;

mod storage_down;
mod throttle;
