//! File systems that fill up, for tests that may mount: those that run as root.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A mounted file system in memory. It is unmounted when this is dropped.
#[derive(Debug)]
pub struct Disk(TempDir);

impl Disk {
    /// A file system with room for `kilobytes`, if one can be mounted. If not, the test says so and has nothing to
    /// look at.
    #[must_use]
    pub fn with_room_for(kilobytes: u32) -> Option<Self> {
        let point = tempfile::tempdir().expect("a test machine has a temporary folder");
        let options = format!("size={kilobytes}k,mode=0700");
        let mounted = mount(&["-t", "tmpfs", "-o", &options, "tmpfs"], point.path());
        if !mounted {
            skipped();
        }
        mounted.then_some(Self(point))
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes the room that is left.
    pub fn fill(&self) {
        use std::io::Write as _;

        let mut file = fs::File::create(self.ballast()).expect("there is room for a name");
        // In ever smaller pieces, so that nothing is left.
        for size in [64 * 1024, 4 * 1024, 1] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
    }

    /// Gives back what [`Disk::fill`] has taken.
    pub fn make_room(&self) {
        fs::remove_file(self.ballast()).expect("it was filled");
    }

    /// Makes it a file system that nobody can write to. Nobody may have a file open for writing.
    pub fn make_read_only(&self) {
        assert!(mount(&["-o", "remount,ro"], self.path()));
    }

    /// Makes it one that can be written to again.
    pub fn make_writable(&self) {
        assert!(mount(&["-o", "remount,rw"], self.path()));
    }

    fn ballast(&self) -> std::path::PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a server that was killed may still be on its way out.
        let _ = run("umount", &["--lazy"], self.path());
    }
}

fn mount(options: &[&str], point: &Path) -> bool {
    run("mount", options, point)
}

/// Whether the program did what it was asked.
fn run(program: &str, arguments: &[&str], point: &Path) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).arg(point);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[expect(clippy::print_stdout, reason = "a test that looks at nothing says so")]
fn skipped() {
    println!("SKIPPED: this test must run as root, where it may mount");
}
