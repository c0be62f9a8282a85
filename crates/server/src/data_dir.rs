//! The data folder: the database, and the master key that never lies in it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use countersign_core::{Random, Secret};
use countersign_jose::base64url;
use countersign_provider::MasterKey;

use crate::output::Failure;

/// The variable that may hold the master key instead of the file.
const MASTER_KEY_VARIABLE: &str = "COUNTERSIGN_MASTER_KEY";

/// The file that holds it.
const MASTER_KEY_FILE: &str = "master.key";

/// The file that the one server of a folder holds locked.
const SERVER_LOCK: &str = "server.lock";

/// The file with the issuer of the last server.
const SERVED_ISSUER: &str = "issuer";

/// A folder that exists. What is secret in it is protected by the modes of the files.
#[derive(Clone, Debug)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    /// Opens the folder, or creates it, readable by its owner only.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(path)
            .map_err(|error| failed("create the data folder", path, &error))?;
        Ok(Self(path.to_owned()))
    }

    /// The folder as it was named.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The folder, if there is data in it.
    pub(crate) fn open_existing(path: &Path) -> Result<Self, Failure> {
        let folder = Self(path.to_owned());
        if folder.database().exists() {
            return Ok(folder);
        }
        Err(Failure::new(
            "no_data",
            format!(
                "there is no data in {}; start the server, add a client, or name another --data-dir",
                path.display()
            ),
        ))
    }

    /// Makes sure that no other server works on this folder, until the lock is dropped or the process ends. Commands may
    /// run beside it.
    ///
    /// Two servers on one file would each count failed attempts and wait for each other's writes; many servers share
    /// PostgreSQL.
    pub(crate) fn lock_for_server(&self) -> Result<File, Failure> {
        let path = self.0.join(SERVER_LOCK);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(&path)
            .map_err(|error| failed("open", &path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(Failure::new(
                "in_use",
                format!(
                    "another server is running on {}; stop it first, or give this one another --data-dir",
                    self.0.display()
                ),
            )),
            Err(TryLockError::Error(error)) => Err(failed("lock", &path, &error)),
        }
    }

    /// Notes under which name a server runs on this folder, for commands to which that matters.
    pub(crate) fn note_served_issuer(
        &self,
        issuer: &Secret<String>,
        random: &dyn Random,
    ) -> Result<(), Failure> {
        if self.served_issuer()?.as_ref() == Some(issuer.expose()) {
            return Ok(());
        }
        let path = self.0.join(SERVED_ISSUER);
        let draft = self.draft(SERVED_ISSUER, issuer, random)?;
        fs::rename(&draft, &path).map_err(|error| failed("write", &path, &error))
    }

    /// The name of the last server on this folder, if there was one.
    pub(crate) fn served_issuer(&self) -> Result<Option<String>, Failure> {
        let issuer = self.read_secret(SERVED_ISSUER)?;
        Ok(issuer.map(|issuer| issuer.expose().clone()))
    }

    /// A new file beside the file `name`, with what is to be there.
    fn draft(
        &self,
        name: &str,
        text: &Secret<String>,
        random: &dyn Random,
    ) -> Result<PathBuf, Failure> {
        let draft = format!("{name}.{}", base64url::encode(&random.bytes::<12>()));
        let draft = self.0.join(draft);
        match write_private(&draft, text.expose()) {
            Ok(()) => Ok(draft),
            Err(error) => {
                // Half a file is of no use; there may be none.
                let _ = fs::remove_file(&draft);
                Err(failed("write", &draft, &error))
            }
        }
    }

    /// The database file.
    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("countersign.db")
    }

    /// The master key: from the environment, else from its file, which is made if there is none.
    pub(crate) fn master_key(&self, random: &dyn Random) -> Result<MasterKey, Failure> {
        let text = match std::env::var_os(MASTER_KEY_VARIABLE) {
            Some(text) => Secret::new(text.to_string_lossy().into_owned()),
            None => self.master_key_file(random)?,
        };
        let bytes = base64url::decode(text.expose().trim())
            .ok()
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes.map(|bytes| MasterKey::new(Secret::new(bytes))).ok_or_else(|| {
            Failure::new(
                "master_key",
                format!(
                    "the master key is not 32 bytes in base64url (43 characters): {MASTER_KEY_VARIABLE} or {}",
                    self.0.join(MASTER_KEY_FILE).display()
                ),
            )
        })
    }

    /// The master key in its file. A new one is drawn only where there is no database that needs the old one.
    fn master_key_file(&self, random: &dyn Random) -> Result<Secret<String>, Failure> {
        // The key is always made before the database, so whoever sees a database looks for its key once more.
        for _ in 0..2 {
            if let Some(secret) = self.read_secret(MASTER_KEY_FILE)? {
                return Ok(secret);
            }
            if !self.database().exists() {
                let drawn = Secret::new(base64url::encode(&random.bytes::<32>()));
                return self.keep_secret(MASTER_KEY_FILE, &drawn, random);
            }
        }
        Err(Failure::new(
            "master_key",
            format!(
                "{} has a database and no {MASTER_KEY_FILE}: bring back the one that belongs to it, or set {MASTER_KEY_VARIABLE}",
                self.0.display()
            ),
        ))
    }

    /// The secret in the file `name`; if there is no such file, `new` is written to it.
    ///
    /// Two programs that do this at once agree on one secret: the file appears with its content, or not at all.
    pub(crate) fn keep_secret(
        &self,
        name: &str,
        new: &Secret<String>,
        random: &dyn Random,
    ) -> Result<Secret<String>, Failure> {
        let path = self.0.join(name);
        if let Some(secret) = self.read_secret(name)? {
            return Ok(secret);
        }
        let draft = self.draft(name, new, random)?;
        let linked = fs::hard_link(&draft, &path);
        fs::remove_file(&draft).map_err(|error| failed("remove", &draft, &error))?;
        match linked {
            // What the folder says is to outlive a power cut, too.
            Ok(()) => File::open(&self.0)
                .and_then(|folder| folder.sync_all())
                .map_err(|error| failed("sync", &self.0, &error))?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed("write", &path, &error)),
        }
        self.read_secret(name)?
            .ok_or_else(|| Failure::new("data_dir", format!("{} has vanished", path.display())))
    }

    /// The secret in the file `name`, if there is such a file.
    pub(crate) fn read_secret(&self, name: &str) -> Result<Option<Secret<String>>, Failure> {
        let path = self.0.join(name);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("read", &path, &error)),
        };
        refuse_if_others_can_read(&file, &path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)
            .map_err(|error| failed("read", &path, &error))?;
        Ok(Some(Secret::new(text)))
    }
}

/// Writes a file that was not there, for its owner only.
pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// RULES S4: "Files 0600 or the server refuses to start".
#[cfg(unix)]
fn refuse_if_others_can_read(file: &File, path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;

    let mode = file
        .metadata()
        .map_err(|error| failed("read", path, &error))?
        .permissions()
        .mode();
    let others = mode & 0o077;
    if others == 0 {
        return Ok(());
    }
    Err(Failure::new(
        "file_mode",
        format!(
            "{path} can be read by others (mode {mode:03o}); take that away with: chmod 600 {path}",
            path = path.display(),
            mode = mode & 0o777,
        ),
    ))
}

#[cfg(not(unix))]
fn refuse_if_others_can_read(_: &File, _: &Path) -> Result<(), Failure> {
    Ok(())
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        "data_dir",
        format!("cannot {what} {}: {error}", path.display()),
    )
}
