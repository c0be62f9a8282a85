//! The contract that every backend must pass.
//!
//! [`contract_tests!`](crate::contract_tests) makes one test of each rule and
//! [`reopen_tests!`](crate::reopen_tests) those of a backend that outlives its process. Each rule is also a plain
//! async function, for other harnesses; every one wants a store of its own, fresh and empty.
//!
//! | module | rules about |
//! | --- | --- |
//! | [`clients`], [`users`] | what is stored of them, and who may change it |
//! | [`sessions`], [`renewal`] | how a session begins and ends, and how it goes on |
//! | [`consents`] | what users have agreed to, and for how long it is remembered |
//! | [`identity`] | subjects and client ids (RULES A6), epochs and what ends with them (A1, R4, R10) |
//! | [`grants`] | what is stored of them, how many there may be, and on what they stand (A4, R10) |
//! | [`standing_grants`], [`standing_liveness`] | grants without a user (D1, D3), and on what they stand (A2, R5) |
//! | [`session_grants`] | grants that end with their session, and those that outlive it (R11) |
//! | [`codes`] | redeemed once, and no more of them than there may be (C1 to C3) |
//! | [`refresh`] | the refresh token of a grant: one winner, and none after the end (R2, R5, R9, R11) |
//! | [`tokens`] | revocation and liveness (A1, A2, R10) |
//! | [`assertions`] | each is taken once (N3) |
//! | [`wazo_sessions`], [`wazo_session_ends`] | sessions of the wazo dialect (D2) and how they end (A2, A4) |
//! | [`wazo_refresh_tokens`], [`wazo_refresh_token_ends`] | its refresh tokens (D2), and what ends with them (A2, A4) |
//! | [`policies`] | what users may do in that dialect |
//! | [`keys`], [`registry`] | the key ring (T1, T6) and the definitions |
//! | [`throttle`] | failures and their windows (S5) |
//! | [`changes`], [`log`] | how the change feed is read (N1), and what is in it (N1, N2) |
//! | [`maintenance`], [`sweep`] | the store as a whole (O3), and what is removed when (R11) |
//! | [`reopen`] | what outlives the process |
//!
//! ```
//! use std::sync::Arc;
//!
//! use countersign_storage::MemoryStore;
//!
//! // In the tests of a backend. The second half of the pair is kept until the test is over: a temporary folder, a
//! // container, or nothing.
//! countersign_storage::contract_tests!((Arc::new(MemoryStore::new()), ()));
//! ```
#![expect(
    clippy::missing_panics_doc,
    reason = "a rule panics when it is broken: that is its use"
)]

pub mod assertions;
pub mod changes;
pub mod clients;
pub mod codes;
pub mod consents;
pub mod grants;
pub mod identity;
pub mod keys;
pub mod log;
mod macros;
pub mod maintenance;
pub mod policies;
pub mod refresh;
pub mod registry;
pub mod renewal;
pub mod reopen;
pub mod samples;
mod scene;
pub mod session_grants;
pub mod sessions;
pub mod standing_grants;
pub mod standing_liveness;
pub mod sweep;
pub mod throttle;
pub mod tokens;
pub mod users;
pub mod wazo_refresh_token_ends;
pub mod wazo_refresh_tokens;
pub mod wazo_session_ends;
pub mod wazo_sessions;

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Barrier;

use crate::{Change, ChangeCursor, Changes, Store};

/// How many tasks a race has.
pub const RACERS: usize = 64;

/// Runs a rule on several threads.
pub fn run<T>(rule: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .build()
        .expect("a test machine can start four threads")
        .block_on(rule)
}

/// Lets [`RACERS`] tasks loose at once, each with its number, and collects what they saw.
pub async fn race<T, F>(
    store: &Arc<dyn Store>,
    racer: impl Fn(Arc<dyn Store>, usize) -> F,
) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(RACERS));
    let tasks: Vec<_> = (0..RACERS)
        .map(|number| {
            let (start, run) = (Arc::clone(&start), racer(Arc::clone(store), number));
            tokio::spawn(async move {
                start.wait().await;
                run.await
            })
        })
        .collect();
    let mut seen = Vec::with_capacity(RACERS);
    for task in tasks {
        seen.push(task.await.expect("a racer does not panic"));
    }
    seen
}

/// How many of `items` are as `wanted`.
fn count<T>(items: &[T], wanted: impl Fn(&T) -> bool) -> usize {
    items.iter().filter(|item| wanted(item)).count()
}

/// The entries of an answer that must not be [`Changes::Rebuild`].
fn entries(changes: Changes) -> (ChangeCursor, Vec<Change>) {
    match changes {
        Changes::Entries { cursor, changes } => (cursor, changes),
        Changes::Rebuild { .. } => unreachable!("nothing was swept and few changes were made"),
    }
}

async fn head(store: &Arc<dyn Store>) -> ChangeCursor {
    store.change_head().await.expect("the store is up")
}

async fn since(store: &Arc<dyn Store>, cursor: &ChangeCursor) -> (ChangeCursor, Vec<Change>) {
    entries(store.changes_since(cursor).await.expect("the store is up"))
}
