//! What stands in the rows of standing grants in the place of a user is told to nobody.

use countersign_core::{EntityId, Epoch};
use countersign_storage::contract::run;
use countersign_storage::contract::samples::NOW;
use countersign_storage::{GrantFilter, GrantStore, RefreshOutcome, SeenRefresh};

use crate::scene::Scene;
use crate::{file, folder, open};

#[test]
fn nobody_is_no_user_and_has_no_epoch() {
    let folder = folder();
    let store = open(&file(&folder));
    run(async {
        let scene = Scene::set(&store).await;
        let nobody = Some(EntityId::from_bytes([0; 16]));
        for client in [None, Some(scene.client.id)] {
            let filter = GrantFilter {
                user: nobody,
                client,
            };
            let listed = store.list_grants(filter, None, 10).await;
            assert_eq!(listed, Ok(Vec::new()), "{client:?}");
        }
        let seen = SeenRefresh::of(&scene.standing).unwrap();
        let of_a_user = SeenRefresh {
            user_epoch: Some(Epoch::from_number(0)),
            ..seen.clone()
        };
        for (seen, expected) in [
            (of_a_user, RefreshOutcome::Ended),
            (seen, RefreshOutcome::Done),
        ] {
            assert_eq!(store.use_refresh(seen, NOW.plus(1)).await, Ok(expected));
        }
    });
}
