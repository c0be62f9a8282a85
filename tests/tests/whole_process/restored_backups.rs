//! Backups that are put in the place of the database: RULES R4, storage that goes back in time.

use std::fs;
use std::thread;

use countersign_tests::{Home, SECOND, Server, jwt};

use crate::scene::Scene;

/// What time it is, in seconds since 1970.
fn time(scene: &Scene) -> String {
    let token = scene.server.issue(&scene.client, &[]);
    jwt::claims(&token)["iat"].to_string()
}

/// Makes a backup while the server runs; tells when.
fn backup(scene: &Scene) -> String {
    let made_at = time(scene);
    let _ = scene.home.json(&["backup", "backup.db"]);
    made_at
}

/// Stops the server, and puts the backup in the place of the database.
fn put_back(home: &Home, server: Server) {
    server.stop();
    let data = home.data_dir();
    // What was in the log of the other database must not come into this one.
    assert!(!data.join("countersign.db-wal").exists());
    let copied = fs::copy(home.path().join("backup.db"), data.join("countersign.db"));
    copied.expect("both are files");
}

#[test]
fn rule_r4_what_is_newer_than_a_restored_backup_is_refused_until_the_restore_is_declared() {
    let scene = Scene::new();
    let old = scene.sign_in();
    let made_at = backup(&scene);
    let second = scene.refresh(&old.refresh);
    let newest = scene.refresh(&second.refresh);
    let lost = scene.sign_in();

    let scene = scene.restart(put_back, &[]);
    scene.assert_refused(&newest.refresh, "storage went back in time");
    assert_eq!(scene.generation(&old), Some(0), "and nothing was revoked");
    let log = scene.server.stderr();
    let told = log
        .lines()
        .find(|line| line.contains("refresh_token_newer_than_stored"));
    assert!(told.is_some_and(|line| line.contains("ERROR")), "{log}");

    let _ = scene.home.json(&["recover", "--restored-to", &made_at]);
    let next = scene.refresh(&newest.refresh);
    assert_eq!(scene.generation(&old), Some(3), "presented + 1");
    let next = scene.refresh(&next.refresh);
    assert!(scene.is_active(&next.access));
    scene.assert_refused(&lost.refresh, "its grant is not in the backup");
    assert_eq!(scene.generation(&old), Some(4));
    // From here on a token that is used again is one that is used again.
    scene.assert_refused(&old.refresh, "older than stored");
    scene.assert_ended(&[&next], "by reuse");
}

#[test]
fn rule_r4_the_same_generation_with_another_nonce_is_reuse_even_after_a_restore() {
    let scene = Scene::new();
    let old = scene.sign_in();
    let made_at = backup(&scene);
    let before = scene.refresh(&old.refresh);
    let scene = scene.restart(put_back, &[]);
    let _ = scene.home.json(&["recover", "--restored-to", &made_at]);
    let after = scene.refresh(&old.refresh);
    assert_ne!(before.refresh, after.refresh, "the winner draws its nonce");
    assert_eq!(scene.generation(&old), Some(1));
    scene.assert_refused(&before.refresh, "generation 1 of the time that was lost");
    scene.assert_ended(&[&after], "by reuse");
}

#[test]
fn rule_r4_a_restore_that_is_declared_for_another_time_brings_nothing_back() {
    let scene = Scene::new();
    let old = scene.sign_in();
    let _ = backup(&scene);
    let newest = scene.refresh(&old.refresh);
    let newest = scene.refresh(&newest.refresh);
    let scene = scene.restart(put_back, &[]);
    // What was issued is of an earlier second.
    thread::sleep(SECOND);
    let _ = scene
        .home
        .json(&["recover", "--restored-to", &time(&scene)]);
    scene.assert_refused(&newest.refresh, "not from the declared gap");
    assert_eq!(scene.generation(&old), Some(0));
}
