//! Files of which some bytes are not what was written: told as an error at the latest when they are needed, never a
//! panic, and never overwritten unless by a change of something that is whole.

use std::fs;
use std::path::Path;

use countersign_storage::StoreError;
use countersign_storage::contract::run;
use countersign_storage::contract::samples::Counting;
use countersign_storage_sqlite::{OpenError, SqliteStore};

use crate::scene::{Scene, Write};
use crate::{file, folder, open};

const PAGE: usize = 4_096;

/// A file with something of everything, and what is in it.
fn whole(path: &Path) -> (Scene, Vec<u8>) {
    let store = open(path);
    let scene = run(async {
        let scene = Scene::set(&store).await;
        for write in [Write::RevokeToken, Write::DeclareRestore] {
            assert_eq!(scene.write(&store, write).await, Ok(()));
        }
        scene
    });
    drop(store);
    (scene, fs::read(path).expect("it is there"))
}

/// What became of a damaged file.
#[derive(Debug, Default)]
struct Told {
    at_opening: usize,
    to_readers: usize,
    to_nobody: usize,
}

impl Told {
    /// Opens the damaged file, reads all of it, and then tries every verb that writes.
    async fn count(&mut self, path: &Path, scene: &Scene, damaged: &[u8], what: &str) {
        fs::write(path, damaged).expect("the folder takes files");
        let store = match SqliteStore::open(path, &Counting) {
            Ok(store) => store,
            Err(error) => {
                let told = matches!(
                    &error,
                    OpenError::Sqlite { .. }
                        | OpenError::NotCountersign { .. }
                        | OpenError::NewerVersion { .. }
                        | OpenError::ReadOnly { .. }
                );
                assert!(told, "{what}: {error:?}");
                assert!(
                    error.to_string().contains("countersign.db"),
                    "{what}: {error}"
                );
                assert!(
                    fs::read(path).expect("it is there") == damaged,
                    "{what} was overwritten"
                );
                self.at_opening += 1;
                return;
            }
        };
        match scene.snapshot(&store).await {
            Ok(_) => self.to_nobody += 1,
            Err(error) => {
                assert!(matches!(error, StoreError::Corrupt(_)), "{what}: {error:?}");
                self.to_readers += 1;
            }
        }
        assert!(
            fs::read(path).expect("it is there") == damaged,
            "{what} was overwritten"
        );
        for (write, _) in Write::ALL {
            if let Err(error) = scene.write(&store, write).await {
                let panicked = error.to_string().contains("panicked");
                assert!(!panicked, "{what}, {write:?}: {error:?}");
            }
        }
    }
}

#[test]
fn damaged_page_is_told_and_ends_nothing() {
    let folder = folder();
    let (scene, whole) = whole(&file(&folder));
    let mut told = Told::default();
    run(async {
        for (page, start) in (0..whole.len()).step_by(PAGE).enumerate() {
            for byte in [0, 0xa5, 0xff] {
                let mut damaged = whole.clone();
                damaged[start..start + PAGE].fill(byte);
                let what = format!("page {page} full of {byte:#x}");
                told.count(&file(&folder), &scene, &damaged, &what).await;
            }
        }
    });
    // A third of the pages is of what only writers use: indexes, and assertions that were taken.
    assert!(
        told.at_opening + told.to_readers > told.to_nobody,
        "{told:?}"
    );
}

#[test]
fn damaged_header_is_told_and_ends_nothing() {
    let folder = folder();
    let (scene, whole) = whole(&file(&folder));
    let mut told = Told::default();
    run(async {
        for place in 0..100 {
            let mut damaged = whole.clone();
            damaged[place] ^= 0xff;
            let what = format!("byte {place}");
            told.count(&file(&folder), &scene, &damaged, &what).await;
        }
    });
    // The words "SQLite format 3", among others.
    assert!(told.at_opening >= 16, "{told:?}");
}

#[test]
fn truncated_file_is_told_and_ends_nothing() {
    let folder = folder();
    let (scene, whole) = whole(&file(&folder));
    let mut told = Told::default();
    run(async {
        let pages = (PAGE..whole.len()).step_by(PAGE);
        for length in pages.chain([2, 99, 100, 512, PAGE - 1, PAGE + 1]) {
            let what = format!("the first {length} bytes");
            told.count(&file(&folder), &scene, &whole[..length], &what)
                .await;
        }
    });
    assert_eq!(told.to_nobody, 0, "{told:?}");
}
