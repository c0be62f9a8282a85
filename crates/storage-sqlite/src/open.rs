//! Opening a file: which are taken, and how a connection is set up.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use countersign_core::Random;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags};
use thiserror::Error;

use crate::migrate::{self, Identity};

/// Why a file cannot be opened as a store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder of the file, or the file itself, cannot be reached.
    #[error("cannot open {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others than the owner may read or write the file (RULES S4).
    #[error(
        "{} can be reached by others than its owner (mode {mode:04o}); run: chmod 600 {}",
        path.display(),
        path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file can be read only, and a store needs more.
    #[error(
        "{} can be read only; mount its file system for writing, and run this program as the owner of the file",
        path.display()
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The file holds something else. It was not changed.
    #[error("{} is not a Countersign database", path.display())]
    NotCountersign {
        /// The file.
        path: PathBuf,
    },
    /// A newer program wrote the file. It was not changed.
    #[error(
        "{} has schema version {found}, but this program knows no version after {supported}; \
         use the program that wrote it, or a newer one",
        path.display()
    )]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// The version of its schema.
        found: i32,
        /// The latest version that this program knows.
        supported: i32,
    },
    /// SQLite cannot work with the file.
    #[error("cannot open {}: {reason}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
    /// The threads of the store cannot be started.
    #[error("cannot start a thread for the database: {0}")]
    Thread(#[from] io::Error),
}

impl OpenError {
    fn file(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            _ => Self::File { path, source },
        }
    }

    pub(crate) fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotCountersign { path },
            _ => Self::Sqlite {
                path,
                reason: error.to_string(),
            },
        }
    }
}

/// How long one process waits for the write lock of another; write transactions are limited to as much (RULES N1).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How often it asks. SQLite's own handler asks ten times a second in the end, and misses most pauses of a writer that
/// is always busy: measured, one write beside it took up to 1.4 s so, and 0.05 s with this.
const BUSY_PAUSE: Duration = Duration::from_millis(1);

/// More than there are.
pub(crate) const STATEMENTS: usize = 192;

/// After how many pages of 4 KiB the log is brought home into the file: a page that is written again and again is
/// brought home once. SQLite says 1,000 by itself.
const CHECKPOINT_PAGES: i32 = 16_384;
/// How many KiB of pages the writer keeps in memory, and how many each reader; SQLite wants that below zero.
const WRITER_CACHE_KIB: i32 = -65_536;
const READER_CACHE_KIB: i32 = -8_192;

/// A file that was checked, created and migrated as needed, with the connection that did so.
pub(crate) struct Opened {
    pub(crate) path: PathBuf,
    pub(crate) connection: Connection,
    pub(crate) store_id: [u8; 16],
}

/// A file that was checked, and was not changed.
pub(crate) struct Checked {
    pub(crate) path: PathBuf,
    pub(crate) connection: Connection,
    pub(crate) identity: Identity,
}

/// Checks the file, creates and migrates it as needed.
pub(crate) fn open(path: &Path, random: &dyn Random) -> Result<Opened, OpenError> {
    create(path).map_err(|source| OpenError::file(path, source))?;
    let Checked {
        path,
        mut connection,
        identity,
    } = check(path)?;
    let sqlite = |error| OpenError::sqlite(&path, &error);
    switch_to_wal(&connection).map_err(sqlite)?;
    if identity
        != (Identity::Countersign {
            version: migrate::LATEST,
        })
    {
        let found = migrate::migrate(&mut connection, random).map_err(sqlite)?;
        refuse_unknown(&path, found)?;
    }
    let store_id = "SELECT value FROM meta WHERE name = 'store_id'";
    let store_id = connection
        .query_row(store_id, [], |row| row.get(0))
        .map_err(sqlite)?;
    Ok(Opened {
        path,
        connection,
        store_id,
    })
}

/// Opens a file that is there, and changes nothing in it.
pub(crate) fn check(path: &Path) -> Result<Checked, OpenError> {
    // Absolute, since SQLite gives some names, such as `:memory:`, a meaning of their own.
    let path = path
        .canonicalize()
        .map_err(|source| OpenError::file(path, source))?;
    refuse_exposed(&path)?;
    let sqlite = |error| OpenError::sqlite(&path, &error);
    let mut connection = reach(&path).map_err(sqlite)?;
    // SQLite opens a file for reading if it cannot open it for writing.
    if connection.is_readonly(MAIN_DB).map_err(sqlite)? {
        return Err(OpenError::ReadOnly { path });
    }
    set_up(&mut connection).map_err(sqlite)?;
    // First of all: nothing may be written to a file that is not ours.
    let identity = migrate::identify(&connection).map_err(sqlite)?;
    refuse_unknown(&path, identity)?;
    Ok(Checked {
        path,
        connection,
        identity,
    })
}

fn refuse_unknown(path: &Path, identity: Identity) -> Result<(), OpenError> {
    let path = path.to_owned();
    match identity {
        Identity::Foreign => Err(OpenError::NotCountersign { path }),
        Identity::Countersign { version } if version > migrate::LATEST => {
            Err(OpenError::NewerVersion {
                path,
                found: version,
                supported: migrate::LATEST,
            })
        }
        Identity::Countersign { .. } | Identity::Fresh => Ok(()),
    }
}

/// A connection to a file that [`check`] has let through.
pub(crate) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let mut connection = reach(path)?;
    set_up(&mut connection)?;
    Ok(connection)
}

fn reach(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
}

fn set_up(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_handler(Some(wait_for_lock))?;
    // FULL: in WAL mode, only this makes every COMMIT wait for the disk.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What a savepoint remembers is for its rollback only, and need not go through a file.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "cache_size", WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// A connection that cannot change anything.
pub(crate) fn connect_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path)?;
    connection.pragma_update(None, "cache_size", READER_CACHE_KIB)?;
    connection.pragma_update(None, "query_only", "ON")?;
    Ok(connection)
}

fn wait_for_lock(times: i32) -> bool {
    thread::sleep(BUSY_PAUSE);
    BUSY_PAUSE * u32::try_from(times).unwrap_or(u32::MAX) < BUSY_TIMEOUT
}

/// Creates the file, for its owner only (RULES S4), unless it is there.
fn create(path: &Path) -> io::Result<()> {
    // Closing a file drops every POSIX lock that the process holds on it, even those that SQLite took through
    // another handle. So a file that exists is never opened here, and none of our own threads opens one that was
    // created a moment ago before its first handle is closed.
    static CREATING: Mutex<()> = Mutex::new(());
    let _alone = CREATING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// RULES S4: "Files 0600 or the server refuses to start".
#[cfg(unix)]
fn refuse_exposed(path: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = fs::metadata(path).map_err(|source| OpenError::file(path, source))?;
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.is_file() && mode & 0o077 != 0 {
        return Err(OpenError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_exposed(_path: &Path) -> Result<(), OpenError> {
    Ok(())
}

/// Makes the write-ahead log the journal of the file. SQLite does not wait for locks here, so we do.
fn switch_to_wal(connection: &Connection) -> rusqlite::Result<()> {
    let mut waited = 0;
    loop {
        let switched: rusqlite::Result<String> =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0));
        match switched {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(_) => {
                let reason = "the file system cannot share memory, which the write-ahead log needs";
                let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
                return Err(rusqlite::Error::SqliteFailure(
                    code,
                    Some(reason.to_owned()),
                ));
            }
            Err(error) => {
                let code = error.sqlite_error_code();
                let busy = matches!(
                    code,
                    Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
                );
                if !busy || !wait_for_lock(waited) {
                    return Err(error);
                }
                waited += 1;
            }
        }
    }
}
