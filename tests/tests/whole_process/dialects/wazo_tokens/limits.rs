//! How many sessions a user may have.

use std::thread;

use serde_json::{Value, json};

use super::{Wazo, assert_failed, data, legacy, text};

#[test]
fn row_4_1_the_101st_session_is_a_legacy_429_until_one_ends() {
    let wazo = Wazo::new();
    let refresh_token = wazo.refresh_token();
    let rest: Vec<Value> = (1..100)
        .map(|_| data(&wazo.refresh(&refresh_token, "example")))
        .collect();
    for answer in [
        wazo.refresh(&refresh_token, "example"),
        wazo.sign_in(&json!({})),
    ] {
        let (status, message) = legacy(&answer);
        assert_eq!(status, 429, "{message}");
        assert!(message.contains("100"), "{message}");
    }
    let token = text(&rest[0], "token");
    assert_eq!(wazo.ask("DELETE", &token).status, 200);
    assert_eq!(wazo.refresh(&refresh_token, "example").status, 200);
    assert_eq!(wazo.refresh(&refresh_token, "example").status, 429);
    // Whose password is wrong does not learn how many sessions there are.
    let wrong = wazo.user.with_password("wrong");
    assert_failed(&wazo.sign_in_as(&wrong, &json!({})), "a wrong password");
}

#[test]
fn row_4_1_purpose_internal_has_no_limit() {
    let wazo = Wazo::with(&[("COUNTERSIGN_WAZO__MAX_SESSIONS", "2")]);
    for (purpose, expected) in [("user", 429), ("external_api", 429), ("internal", 200)] {
        let user = wazo.add(purpose, &["--claim", &format!("purpose=\"{purpose}\"")]);
        let statuses = [(); 3].map(|()| wazo.sign_in_as(&user, &json!({})).status);
        assert_eq!(statuses, [200, 200, expected], "{purpose}");
    }
}

#[test]
fn row_4_1_parallel_logins_stay_within_the_limit() {
    let wazo = Wazo::with(&[("COUNTERSIGN_WAZO__MAX_SESSIONS", "5")]);
    let refresh_token = wazo.refresh_token();
    let statuses: Vec<u16> = thread::scope(|scope| {
        let all: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| wazo.refresh(&refresh_token, "example").status))
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let count = |status| statuses.iter().filter(|it| **it == status).count();
    assert_eq!((count(200), count(429)), (4, 12), "{statuses:?}");
}
