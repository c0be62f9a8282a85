//! The rules of the provider, seen from outside: typed requests in, typed responses out, no socket.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod assertions;
mod authorize;
mod browser;
mod classic;
mod clients;
mod codes;
mod common;
mod id_tokens;
mod keys;
mod nodes;
mod openid;
mod password;
mod protected_api;
mod published_keys;
mod refresh;
mod sign_in;
mod sign_out;
mod stale_pages;
mod standing;
mod storage_down;
mod throttle;
mod wazo;
