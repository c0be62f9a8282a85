//! Rows that say half of something are kept out by the schema itself.

use countersign_storage::contract::run;
use rusqlite::ErrorCode;

use crate::scene::Scene;
use crate::{file, folder, open};

/// What no grant with an unredeemed code may become.
const CODED: [&str; 8] = [
    "session = NULL",
    "session = x'00'",
    "ends_with_session = NULL",
    "ends_with_session = 2",
    "code_nonce = NULL",
    "code_nonce = x'00'",
    "code_expires_at = NULL",
    "facts = NULL",
];

/// What no grant without an authorization may become.
const PLAIN: [&str; 6] = [
    "session = id",
    "ends_with_session = 0",
    "code_nonce = nonce",
    "code_expires_at = 0",
    "code_redeemed_at = 0",
    "facts = '{}'",
];

/// What no standing grant may become.
const STANDING: [&str; 3] = ["standing_for = NULL", "user = client", "user_epoch = 1"];

/// What no grant with a user may become.
const OF_A_USER: [&str; 2] = ["standing_for = scope", "user = zeroblob(16)"];

/// What is redeemed without a code, or has the wrong length.
const OTHERS: [&str; 13] = [
    "UPDATE grants SET code_nonce = NULL, code_expires_at = NULL, code_redeemed_at = 0 WHERE facts IS NOT NULL",
    "UPDATE sessions SET secret_hash = x'00'",
    "UPDATE sessions SET user = x'00'",
    "UPDATE consents SET client = x'00'",
    "UPDATE seen_jtis SET id = x'00'",
    "UPDATE wazo_sessions SET token_hash = x'00'",
    "UPDATE wazo_sessions SET client = x'00'",
    "UPDATE wazo_sessions SET user = x'00'",
    "UPDATE wazo_sessions SET mobile = 2",
    "UPDATE wazo_refresh_tokens SET token_hash = x'00'",
    "UPDATE wazo_refresh_tokens SET user = x'00'",
    "UPDATE wazo_policies SET id = x'00'",
    "UPDATE wazo_policies_of_users SET policy = x'00'",
];

#[test]
fn rows_that_say_half_of_something_are_refused() {
    let folder = folder();
    let store = open(&file(&folder));
    run(Scene::set(&store));
    let coded = CODED.map(|set| format!("UPDATE grants SET {set} WHERE facts IS NOT NULL"));
    let plain = PLAIN.map(|set| format!("UPDATE grants SET {set} WHERE facts IS NULL"));
    let standing = STANDING.map(|set| format!("UPDATE grants SET {set} WHERE user_epoch = 0"));
    let of_a_user = OF_A_USER.map(|set| format!("UPDATE grants SET {set} WHERE user_epoch > 0"));
    let connection = rusqlite::Connection::open(file(&folder)).unwrap();
    let of_grants = coded
        .into_iter()
        .chain(plain)
        .chain(standing)
        .chain(of_a_user);
    for sql in of_grants.chain(OTHERS.map(Into::into)) {
        let refused = connection.execute(&sql, []).unwrap_err();
        let code = refused.sqlite_error_code();
        assert_eq!(code, Some(ErrorCode::ConstraintViolation), "{sql}");
    }
    // What goes together comes together.
    let redeemed = "UPDATE grants SET code_redeemed_at = 0 WHERE facts IS NOT NULL";
    assert_eq!(connection.execute(redeemed, []), Ok(1));
}
