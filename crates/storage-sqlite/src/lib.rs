//! The embedded SQLite backend of Countersign: one file, no server, durable before it answers.
//!
//! [`SqliteStore`] implements every verb of [`countersign_storage::Store`] and passes its contract.
//!
//! ```
//! use std::sync::Arc;
//!
//! use countersign_core::Random;
//! use countersign_storage::Store;
//! use countersign_storage_sqlite::SqliteStore;
//! # struct SystemRandom;
//! # impl Random for SystemRandom {
//! #     fn fill(&self, buffer: &mut [u8]) { buffer.fill(7); }
//! # }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let folder = tempfile::tempdir()?;
//! let store = SqliteStore::open(&folder.path().join("countersign.db"), &SystemRandom)?;
//! let store: Arc<dyn Store> = Arc::new(store);
//! assert_eq!(store.list_clients(None, 100).await?, []);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it works
//!
//! One thread writes. It takes commands from a queue and commits as many as are waiting in one transaction, each in
//! a savepoint of its own, so a command that fails spoils no other. A command is answered only after its `COMMIT` is
//! on the disk (WAL, `synchronous = FULL`). A few threads read, each from its own connection, in parallel with the
//! writer and with each other. No call blocks the thread of the async caller; a full queue is
//! [`Unavailable`](countersign_storage::StoreError::Unavailable).
//!
//! A command that was queued is carried out even if its future is dropped: a revocation does not depend on whether
//! the one who asked for it still listens. Dropping the store finishes what is queued, then closes the file; it
//! blocks for that long.
//!
//! # Several processes
//!
//! Any number of processes of one machine may have the file open at once, such as the server and a command that is
//! run beside it. What one of them was answered the others see at their next call. A file on a network share is
//! refused where SQLite cannot share memory over it.
//!
//! # What is refused
//!
//! [`SqliteStore::open`] takes a file that is empty or a Countersign database of a known version, and that nobody
//! but its owner can read (RULES S4). It changes nothing in any other file.
#![forbid(unsafe_code)]

mod changes;
mod clients;
mod failure;
mod keys;
mod maintenance;
mod migrate;
mod open;
mod rows;
mod sql;
mod store;
mod tokens;
mod workers;

pub use open::OpenError;
pub use store::SqliteStore;
