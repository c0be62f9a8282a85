//! What no verb leaves behind: sessions that are dead beside those of a user who is live.

use countersign_storage::contract::run;
use countersign_storage::contract::samples::{NOW, at_most, wazo_session};
use countersign_storage::{LogIn, LoginBasis, WazoStore};

use crate::scene::Scene;
use crate::{file, folder, open, tamper};

#[test]
fn dead_sessions_neither_count_nor_are_listed() {
    for dead in [
        "user_epoch = user_epoch + 1",
        "client_epoch = client_epoch + 1",
        "client = user",
    ] {
        let folder = folder();
        let store = open(&file(&folder));
        run(async {
            let scene = Scene::set(&store).await;
            let log_in = || wazo_session(&scene.client, &scene.user);
            let refused = store
                .log_in(log_in(), LoginBasis::Password, at_most(1))
                .await;
            assert_eq!(refused, Ok(LogIn::TooMany), "{dead}");
            tamper(&file(&folder), &format!("UPDATE wazo_sessions SET {dead}"));
            let session = log_in();
            let done = store.log_in(session.clone(), LoginBasis::Password, at_most(1));
            assert_eq!(done.await, Ok(LogIn::Done { refresh: None }), "{dead}");
            for user in [None, Some(scene.user.id)] {
                let listed = store.list_wazo_sessions(user, NOW, None, 10).await;
                assert_eq!(listed, Ok(vec![session.clone()]), "{dead}");
            }
        });
    }
}
