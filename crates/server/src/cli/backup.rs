//! `countersign backup`.

use std::path::{Path, PathBuf};

use clap::Args;
use countersign_core::Clock as _;
use countersign_storage_sqlite::{BackupError, SqliteStore};
use serde_json::json;

use super::Global;
use crate::host::SystemClock;
use crate::output::{Failure, date, print};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign backup /backups/countersign-2026-11-21.db\n\n\
    What was answered before the command is in the copy. The keys in it are sealed under the master key, which is \
    not in it: keep that apart from the copies.\n\n\
    To restore: stop the server, remove countersign.db-wal and countersign.db-shm, put the copy in the place of \
    countersign.db, and declare it, with the time that this command tells: countersign recover --help")]
pub(crate) struct Backup {
    /// The file to make; one that is there already is never overwritten
    file: PathBuf,
}

impl Backup {
    pub(crate) fn run(&self, global: &Global) -> Result<(), Failure> {
        let data = global.existing_data()?;
        if let Some(folder) = self.missing_folder() {
            return Err(Failure::new(
                "backup",
                format!(
                    "there is no folder {}; make it first, or give another name",
                    folder.display()
                ),
            ));
        }
        // What is changed while the copy is made may be missing in it.
        let taken_at = SystemClock.now();
        let made = SqliteStore::backup(&data.database(), &self.file).map_err(|error| {
            let code = match error {
                BackupError::Exists { .. } => "file_exists",
                BackupError::Database(_) => "storage",
                _ => "backup",
            };
            Failure::new(code, error)
        })?;
        let text = format!(
            "The database was copied to {} ({} bytes).\n\
            To declare a restore of it: countersign recover --restored-to {}\n\n\
            The master key is not in the copy, and without it nobody can use the copy: keep it too, in another place.",
            made.path.display(),
            made.bytes,
            date(taken_at)
        );
        let document = json!({
            "file": made.path,
            "bytes": made.bytes,
            "taken_at": taken_at,
            "master_key_included": false,
        });
        print(global.format(), &text, &document)
    }

    /// The folder of the file, if it is not there.
    fn missing_folder(&self) -> Option<&Path> {
        let folder = self.file.parent()?;
        (folder != Path::new("") && !folder.exists()).then_some(folder)
    }
}
