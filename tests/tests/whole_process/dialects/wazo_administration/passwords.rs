//! `/users/{uuid}/password`.

use countersign_tests::TestUser;
use serde_json::json;

use super::{PASSWORD, Scene, api_refusal, done, legacy_refusal, sign_in};

const NEW: &str = "an entirely different one";

#[test]
fn row_4_4_a_new_password_ends_all_sessions_of_the_user() {
    let scene = Scene::new();
    let alice = scene.add("alice");
    let (offline, refresh) = scene.sign_in_offline("alice", "app");
    let bob = scene.add("bob");
    let body = json!({ "old_password": PASSWORD, "new_password": NEW });
    done(&scene.send_as(&alice, "PUT", "/users/me/password", &body));
    assert!(!scene.is_live(&alice) && !scene.is_live(&offline));
    assert!(!scene.refreshes(&refresh, "app"));
    assert!(scene.is_live(&bob) && scene.is_live(&scene.root));
    let alice = sign_in(&scene.server, &TestUser::new("alice", NEW), &json!({}));

    // Also by others who may, and who know the old one.
    let body = json!({ "old_password": NEW, "new_password": PASSWORD });
    let path = format!("/users/{}/password", alice.user);
    done(&scene.send("PUT", &path, &body));
    assert!(!scene.is_live(&alice) && scene.is_live(&scene.root));
    assert!(scene.is_live(&scene.sign_in("alice")));
}

#[test]
fn row_4_4_a_wrong_old_password_is_401_in_the_older_body() {
    let scene = Scene::new();
    let alice = scene.add("alice");
    let body = json!({ "old_password": "wrong", "new_password": NEW });
    let answer = scene.send_as(&alice, "PUT", "/users/me/password", &body);
    assert_eq!(
        legacy_refusal(&answer),
        (401, "Authentication Failed".into())
    );
    assert!(scene.is_live(&alice));
    // Neither does the password of who asks open what is another's.
    let root = json!({ "username": "carol" });
    let carol = scene.ok("POST", "/users", &root);
    let path = format!("/users/{}/password", super::uuid(&carol));
    let body = json!({ "old_password": PASSWORD, "new_password": NEW });
    assert_eq!(legacy_refusal(&scene.send("PUT", &path, &body)).0, 401);
}

#[test]
fn row_4_4_guessing_at_the_old_password_is_slowed_down() {
    let scene = Scene::new();
    let alice = scene.add("alice");
    let body = json!({ "old_password": "wrong", "new_password": NEW });
    let slowed = (0..30).find_map(|_| {
        let answer = scene.send_as(&alice, "PUT", "/users/me/password", &body);
        (answer.status == 429).then_some(answer)
    });
    let slowed = slowed.expect("somebody slows the guesser down");
    assert_eq!(legacy_refusal(&slowed).0, 429);
    assert!(slowed.header("retry-after").parse::<u32>().is_ok());
}

#[test]
fn row_4_4_missing_members_are_named_one_by_one() {
    let scene = Scene::new();
    let alice = scene.add("alice");
    for (body, field) in [
        (json!({}), "old_password"),
        (json!({ "new_password": NEW }), "old_password"),
        (
            json!({ "old_password": "", "new_password": NEW }),
            "old_password",
        ),
        (
            json!({ "old_password": null, "new_password": NEW }),
            "old_password",
        ),
        (
            json!({ "old_password": 5, "new_password": NEW }),
            "old_password",
        ),
        (json!({ "old_password": PASSWORD }), "new_password"),
        (
            json!({ "old_password": PASSWORD, "new_password": true }),
            "new_password",
        ),
        (
            json!({ "old_password": PASSWORD, "new_password": "" }),
            "new_password",
        ),
        (
            json!({ "old_password": PASSWORD, "new_password": "x".repeat(1_025) }),
            "new_password",
        ),
    ] {
        let answer = scene.send_as(&alice, "PUT", "/users/me/password", &body);
        let (status, error_id, details) = api_refusal(&answer);
        assert_eq!((status, &*error_id), (400, "invalid-data"), "{body}");
        let names: Vec<&String> = details.as_object().expect("an object").keys().collect();
        assert_eq!(names, [field], "{body}");
    }
    assert!(scene.is_live(&alice));
}
