//! Keys in a file that something else writes.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use countersign_core::FixedClock;
use countersign_jose::jws::JwsError;
use countersign_jose::{JwkSetError, VerifyingKeys};
use countersign_resource::{KeysFailure, Validator};

use crate::fixtures::{
    API, ISSUER, TestKey, clock, ended, error, is_unavailable, jwks, long_lived, padded,
};

fn validator(path: &Path, clock: &Arc<FixedClock>) -> Validator {
    let validator = Validator::from_jwks_file(ISSUER, path, API).clock(clock.clone());
    validator.build().expect("a validator")
}

#[tokio::test]
async fn a_file_that_was_changed_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let (old, new) = (TestKey::new(), TestKey::new());
    let (old_token, new_token) = (long_lived(&old), long_lived(&new));
    let clock = clock();
    let validator = validator(&path, &clock);
    // It need not be there at the start.
    assert!(is_unavailable(&validator.validate(&old_token).await));
    fs::write(&path, jwks([&old])).unwrap();
    clock.advance(1);
    validator.validate(&old_token).await.unwrap();
    // A key is added: known as soon as somebody asks for it, after the cool-down.
    fs::write(&path, jwks([&old, &new])).unwrap();
    let unknown = Some(JwsError::UnknownKey.into());
    assert_eq!(error(validator.validate(&new_token).await), unknown);
    clock.advance(30);
    validator.validate(&new_token).await.unwrap();
    validator.validate(&old_token).await.unwrap();
    // A key is removed: gone when the file is read again because it is old.
    fs::write(&path, jwks([&new])).unwrap();
    clock.advance(299);
    validator.validate(&old_token).await.unwrap();
    clock.advance(1);
    validator.validate(&new_token).await.unwrap();
    assert_eq!(Some(ended(&validator, &old_token).await), unknown);
    validator.validate(&new_token).await.unwrap();
    // A file that is gone takes no keys with it for a while.
    fs::remove_file(&path).unwrap();
    clock.advance(300);
    validator.validate(&new_token).await.unwrap();
}

#[tokio::test]
async fn files_that_are_no_key_set() {
    const MAX: usize = VerifyingKeys::MAX_JWK_SET_LEN;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let longest = padded(&jwks([&TestKey::new()]), MAX);
    let rows = [
        (file("longest", &longest), None),
        (
            file("too long", &format!("{longest} ")),
            Some(KeysFailure::NotAFile(MAX)),
        ),
        (folder.path().to_owned(), Some(KeysFailure::NotAFile(MAX))),
        ("/dev/zero".into(), Some(KeysFailure::NotAFile(MAX))),
        (
            folder.path().join("none"),
            Some(KeysFailure::File(ErrorKind::NotFound)),
        ),
        (
            file("empty", "{}"),
            Some(KeysFailure::KeySet(JwkSetError::NotASet)),
        ),
    ];
    for (path, expected) in rows {
        let error = validator(&path, &clock()).ready().await.err();
        let place = error.as_ref().map(|error| error.place.clone());
        assert_eq!(place, expected.as_ref().map(|_| path.display().to_string()));
        assert_eq!(
            error.map(|error| error.reason),
            expected,
            "{}",
            path.display()
        );
    }
}
