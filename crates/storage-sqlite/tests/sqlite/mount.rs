//! File systems that fill up and that stop taking writes, for tests that may mount: those that run as root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// What a test says that needs a file system and gets none.
pub(crate) const SKIPPED: &str = "SKIPPED: this test must run as root, where it may mount";

/// A mounted file system. It is unmounted when this is dropped.
pub(crate) struct Mount {
    /// The image, if there is one, and the folder where it is mounted.
    _folder: TempDir,
    point: PathBuf,
}

impl Mount {
    /// A file system in memory with room for `kilobytes`, if one can be mounted.
    pub(crate) fn tmpfs(kilobytes: u32) -> Option<Self> {
        let options = format!("size={kilobytes}k");
        Self::at(crate::folder(), &["-t", "tmpfs", "-o", &options, "tmpfs"])
    }

    /// A file system on a disk with room for a few megabytes, if one can be mounted.
    pub(crate) fn ext4() -> Option<Self> {
        let folder = crate::folder();
        let image = folder.path().join("image");
        let file = fs::File::create(&image).expect("a new folder takes a file");
        file.set_len(16 << 20).expect("an empty file can be long");
        let image = image.to_str().expect("temporary names are in ASCII");
        if !run("mkfs.ext4", &["-q", "-F", "-O", "^has_journal", image]) {
            return None;
        }
        Self::at(folder, &["-o", "loop,errors=remount-ro", image])
    }

    pub(crate) fn path(&self) -> &Path {
        &self.point
    }

    /// Makes a file system that nobody writes to one that nobody can write to.
    pub(crate) fn make_read_only(&self) {
        self.remount("remount,ro");
    }

    /// Does what the kernel does when a disk fails: all writes are refused, those to open files as well.
    pub(crate) fn fail(&self) {
        self.remount("remount,abort");
    }

    fn at(folder: TempDir, what: &[&str]) -> Option<Self> {
        let mount = Self {
            point: folder.path().join("mounted"),
            _folder: folder,
        };
        fs::create_dir(&mount.point).expect("a new folder takes another");
        run("mount", &[what, &[mount.name()]].concat()).then_some(mount)
    }

    fn remount(&self, options: &str) {
        assert!(run("mount", &["-o", options, self.name()]), "{options}");
    }

    fn name(&self) -> &str {
        self.point.to_str().expect("temporary names are in ASCII")
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        run("umount", &[self.name()]);
    }
}

/// Whether the program did what it was asked.
fn run(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
