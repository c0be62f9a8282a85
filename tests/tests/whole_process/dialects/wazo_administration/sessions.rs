//! `/sessions`, and those of one user.

use serde_json::{Value, json};

use super::{NOBODY, Scene, column, done, ok};

#[test]
fn row_4_4_sessions_are_listed_without_their_tokens() {
    let scene = Scene::new();
    let alice = scene.add("alice");
    let (offline, _) = scene.sign_in_offline("alice", "app");
    let all = scene.get("/sessions");
    assert_eq!(
        column(&all, "uuid"),
        [&*scene.root.session, &alice.session, &offline.session]
    );
    assert_eq!((&all["total"], &all["filtered"]), (&json!(3), &json!(3)));
    let tenant = &scene.get("/users/me")["tenant_uuid"];
    let expected = json!({ "uuid": alice.session, "user_uuid": alice.user, "tenant_uuid": tenant, "mobile": false });
    assert_eq!(all["items"][1], expected);
    assert!(!all.to_string().contains(&alice.text));

    let own = ok(&scene.send_as(&alice, "GET", "/users/me/sessions", &Value::Null));
    assert_eq!(column(&own, "uuid"), [&*alice.session, &offline.session]);
    assert_eq!(own, scene.get(&format!("/users/{}/sessions", alice.user)));
}

#[test]
fn row_4_4_a_session_ends_with_its_token_and_there_is_no_other_answer_than_204() {
    let scene = Scene::new();
    let alice = scene.add("alice");
    let other = scene.sign_in("alice");
    for session in [&*alice.session, &alice.session, NOBODY, "nothing"] {
        scene.done("DELETE", &format!("/sessions/{session}"));
    }
    assert!(!scene.is_live(&alice) && scene.is_live(&other));
    assert_eq!(scene.get("/sessions")["total"], 2);
}

#[test]
fn row_4_4_a_session_of_one_user_is_no_session_of_another() {
    let scene = Scene::new();
    let (alice, bob) = (scene.add("alice"), scene.add("bob"));
    for user in [&*bob.user, NOBODY, "nobody"] {
        scene.done(
            "DELETE",
            &format!("/users/{user}/sessions/{}", alice.session),
        );
        assert!(scene.is_live(&alice), "{user}");
    }
    let path = format!("/users/me/sessions/{}", alice.session);
    done(&scene.send_as(&bob, "DELETE", &path, &Value::Null));
    assert!(scene.is_live(&alice));
    done(&scene.send_as(&alice, "DELETE", &path, &Value::Null));
    assert!(!scene.is_live(&alice) && scene.is_live(&bob));
}
