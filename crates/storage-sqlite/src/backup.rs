//! A copy of a database, made while others write to it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use thiserror::Error;

use crate::SqliteStore;
use crate::migrate::Identity;
use crate::open::{self, Checked, OpenError};

/// A backup that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupReport {
    /// Where it lies.
    pub path: PathBuf,
    /// Its size, in bytes.
    pub bytes: u64,
    /// The version of its schema, which is that of the database.
    pub version: i32,
}

/// Why a backup was not made. No file is left behind.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// There is something under the name of the backup. It was not changed.
    #[error("{} is there already and is not overwritten; give another name", path.display())]
    Exists {
        /// The name.
        path: PathBuf,
    },
    /// The name of the backup is none that a file can have, or not in UTF-8.
    #[error("{} cannot be the name of a backup", path.display())]
    Name {
        /// The name.
        path: PathBuf,
    },
    /// The system refuses to write the backup.
    #[error("cannot write the backup {}: {source}", path.display())]
    File {
        /// The name of the backup.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// SQLite cannot read the database, or cannot write the backup.
    #[error("cannot copy the database to {}: {reason}", path.display())]
    Copy {
        /// The name of the backup.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
}

impl SqliteStore {
    /// Copies the database at `from` as it is at one moment to a new file `to`, with mode 0600. Blocks.
    ///
    /// Other handles and processes may have the database open, and go on reading and writing; its log grows for as long
    /// as this takes. What they were answered before the call is in the backup. `to` appears when the backup is whole and
    /// on the disk; it never takes the place of another file. The file system of `to` must know hard links.
    ///
    /// The backup is a database of its own, which [`SqliteStore::open`] takes. It holds nothing that was deleted. An
    /// older database keeps its version.
    pub fn backup(from: &Path, to: &Path) -> Result<BackupReport, BackupError> {
        let Checked {
            path,
            connection,
            identity,
        } = open::check(from)?;
        let Identity::Countersign { version } = identity else {
            return Err(OpenError::NotCountersign { path }.into());
        };
        let target = Target::new(to)?;
        let bytes = target.fill(&connection)?;
        Ok(BackupReport {
            path: target.path,
            bytes,
            version,
        })
    }
}

/// Where a backup is to lie.
struct Target {
    folder: PathBuf,
    path: PathBuf,
}

impl Target {
    fn new(to: &Path) -> Result<Self, BackupError> {
        let name = to.file_name().ok_or_else(|| BackupError::Name {
            path: to.to_owned(),
        })?;
        let folder = match to.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        // Absolute, since SQLite gives some names a meaning of their own.
        let folder = folder.canonicalize().map_err(|source| BackupError::File {
            path: to.to_owned(),
            source,
        })?;
        let path = folder.join(name);
        if path.symlink_metadata().is_ok() {
            return Err(BackupError::Exists { path });
        }
        Ok(Self { folder, path })
    }

    /// Copies what `connection` sees, and gives the copy its name when it is whole and on the disk. Tells its size.
    fn fill(&self, connection: &Connection) -> Result<u64, BackupError> {
        let file = |source| self.file_error(source);
        let partial = Partial::create(&self.path).map_err(file)?;
        let name = partial.0.to_str().ok_or_else(|| BackupError::Name {
            path: self.path.clone(),
        })?;
        // Reads in one transaction, takes no lock that writers need, and writes every page anew: a page that cannot be
        // read is an error, and one that was freed is left out.
        let copied = connection.execute("VACUUM INTO ?1", [name]);
        copied.map_err(|error| BackupError::Copy {
            path: self.path.clone(),
            reason: error.to_string(),
        })?;
        let bytes = partial.sync().map_err(file)?;
        match fs::hard_link(&partial.0, &self.path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(BackupError::Exists {
                    path: self.path.clone(),
                });
            }
            linked => linked.map_err(file)?,
        }
        drop(partial);
        sync_folder(&self.folder).map_err(|error| {
            let _ = fs::remove_file(&self.path);
            file(error)
        })?;
        Ok(bytes)
    }

    fn file_error(&self, source: io::Error) -> BackupError {
        BackupError::File {
            path: self.path.clone(),
            source,
        }
    }
}

/// The file of a backup that is being made, for its owner only (RULES S4). It is removed when this is dropped.
struct Partial(PathBuf);

impl Partial {
    /// How many names are tried: each may be of another backup that is being made, or of one that was killed.
    const NAMES: u32 = 1_000;

    /// A new, empty file beside `target`.
    fn create(target: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut number = 0;
        loop {
            let mut path = target.as_os_str().to_owned();
            path.push(format!(".partial-{number}"));
            match options.open(&path) {
                Ok(_) => return Ok(Self(path.into())),
                Err(error)
                    if error.kind() == io::ErrorKind::AlreadyExists && number < Self::NAMES =>
                {
                    number += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Brings the file to the disk, and tells its size in bytes.
    fn sync(&self) -> io::Result<u64> {
        let file = OpenOptions::new().write(true).open(&self.0)?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Nothing can be done about a name that stays.
        let _ = fs::remove_file(&self.0);
    }
}

/// Brings the names in a folder to the disk.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
