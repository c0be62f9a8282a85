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
//! # Backups
//!
//! [`SqliteStore::backup`] copies a database as it is at one moment, from any process and while others write. The copy
//! is checked on the way, since every page is written anew, and appears under its name only when it is whole.
//!
//! ```
//! # use countersign_storage_sqlite::SqliteStore;
//! # struct SystemRandom;
//! # impl countersign_core::Random for SystemRandom {
//! #     fn fill(&self, buffer: &mut [u8]) { buffer.fill(7); }
//! # }
//! let folder = tempfile::tempdir()?;
//! let (path, copy) = (folder.path().join("countersign.db"), folder.path().join("monday.db"));
//! let store = SqliteStore::open(&path, &SystemRandom)?;
//! let report = SqliteStore::backup(&path, &copy)?;
//! assert!(report.bytes > 0);
//! assert!(SqliteStore::backup(&path, &copy).is_err(), "no file is overwritten");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is refused
//!
//! [`SqliteStore::open`] takes a file that is empty or a Countersign database of a known version, and that nobody
//! but its owner can read (RULES S4). It changes nothing in any other file. A database of an older version is brought
//! to the one of this program, in one transaction; programs of that older version are to be stopped before.
//!
//! # When the disk fails
//!
//! A write that the system refuses, since the disk is full or takes no writes any more, is
//! [`Unavailable`](countersign_storage::StoreError::Unavailable) and changes nothing; reads go on, and so do writes as
//! soon as they are possible again. If a `COMMIT` fails in any other way, nobody can say whether it would hold after a
//! crash: that is [`OutcomeUnknown`](countersign_storage::StoreError::OutcomeUnknown), and until a crash a read tells
//! the truth. What cannot be read is [`Corrupt`](countersign_storage::StoreError::Corrupt); the message names the
//! table, the row and the column, and never shows what lies there.
#![forbid(unsafe_code)]

mod assertions;
mod backup;
mod changes;
mod clients;
mod consents;
mod epochs;
mod failure;
mod grants;
mod keys;
mod maintenance;
mod migrate;
mod oldest;
mod open;
mod registry;
mod rows;
mod sessions;
mod sql;
mod store;
mod sweep;
mod throttle;
mod tokens;
mod users;
mod wazo;
mod workers;

pub use backup::{BackupError, BackupReport};
pub use open::OpenError;
pub use store::SqliteStore;
