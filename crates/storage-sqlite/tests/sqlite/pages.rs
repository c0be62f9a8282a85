//! How many pages a verb writes: one of each table and index that it changes, which is what it costs.

use std::fs;
use std::path::Path;

use countersign_core::Grant;
use countersign_storage::contract::run;
use countersign_storage::contract::samples::{NOW, coded_grant, grant, limits, standing_grant};
use countersign_storage::{
    CreateGrant, CreateStandingGrant, GrantStore, RefreshOutcome, SeenRefresh,
};
use countersign_storage_sqlite::SqliteStore;

use crate::scene::{Scene, WazoWrite, Write};
use crate::{file, folder, open, tamper};

/// Empties the write-ahead log.
fn forget(path: &Path) {
    tamper(path, "PRAGMA wal_checkpoint(TRUNCATE)");
}

/// How many pages lie in the write-ahead log.
fn logged(path: &Path) -> u64 {
    let log = fs::metadata(path.with_extension("db-wal")).expect("the store is open");
    log.len().saturating_sub(32) / (24 + 4_096)
}

#[test]
fn use_of_a_credential_changes_as_few_indexes_as_can_be() {
    let cases = [
        (Write::RotateRefresh, 1),
        (Write::RetryRefresh, 1),
        (Write::UseRefresh, 1),
        (Write::UseSession, 1),
        // That of the unredeemed codes, too.
        (Write::RedeemCode, 2),
        // That by which the sweep finds it, too.
        (Write::RenewSession, 2),
        (Write::RememberConsent, 1),
        // The row, and the index by which the sweep finds it.
        (Write::RememberJti, 2),
        (Write::RememberJtiAnew, 2),
        // The row, and the indexes by token, client and user and for the sweep; that by program for some only.
        (Write::Wazo(WazoWrite::LogIn), 5),
        (Write::Wazo(WazoWrite::LogInOfflineAgain), 7),
        (Write::Wazo(WazoWrite::AssignPolicy), 2),
    ];
    for (write, expected) in cases {
        let folder = folder();
        let path = file(&folder);
        let store = open(&path);
        run(async {
            let scene = Scene::set(&store).await;
            forget(&path);
            assert_eq!(scene.write(&store, write).await, Ok(()), "{write:?}");
            assert_eq!(logged(&path), expected, "{write:?}");
        });
    }
}

/// Only a standing grant stands in the index of those, and its refresh token is used like any other.
#[test]
fn standing_grant_changes_one_index_more() {
    let folder = folder();
    let path = file(&folder);
    let store = open(&path);
    run(async {
        let scene = Scene::set(&store).await;
        forget(&path);
        let another = standing_grant(&scene.client, "c");
        let created = store.create_standing_grant(another, None, 100).await;
        assert!(matches!(created, Ok(CreateStandingGrant::Created { .. })));
        assert_eq!(logged(&path), 4);
        forget(&path);
        let seen = SeenRefresh::of(&scene.standing).unwrap();
        let used = store.use_refresh(seen, NOW.plus(1)).await;
        assert_eq!(used, Ok(RefreshOutcome::Done));
        assert_eq!(logged(&path), 1);
    });
}

/// Only a grant with an unredeemed code stands in the index of those.
#[test]
fn grant_without_a_code_changes_no_index_of_codes() {
    let folder = folder();
    let path = file(&folder);
    let store = open(&path);
    run(async {
        let scene = Scene::set(&store).await;
        let (client, user) = (&scene.client, &scene.user);
        // The row, and the indexes by user and for the sweep.
        assert_eq!(pages_of(&store, &path, grant(client, user)).await, 3);
        let coded = coded_grant(client, user, &scene.session);
        assert_eq!(pages_of(&store, &path, coded).await, 4);
    });
}

async fn pages_of(store: &SqliteStore, path: &Path, grant: Grant) -> u64 {
    forget(path);
    let created = store.create_grant(grant, limits(100)).await;
    assert!(matches!(created, Ok(CreateGrant::Created { .. })));
    logged(path)
}
