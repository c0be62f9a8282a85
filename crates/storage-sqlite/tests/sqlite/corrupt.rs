//! Rows that cannot be read are told by name, without what lies in them, and end nothing.

use countersign_storage::contract::run;
use countersign_storage::contract::samples::{NOW, client, create, key, secrets};
use countersign_storage::{
    ChangeCursor, ChangeFeed, ClientStore, CreateClient, Deployment, KeyStore, Maintenance,
    StoreError,
};
use countersign_storage_sqlite::SqliteStore;

use crate::{file, folder, open, tamper};

#[derive(Clone, Copy, Debug)]
enum Ask {
    Find,
    List,
    Remove,
    Create,
    Ring,
    Announce,
    Changes,
    Mark,
    EndAll,
    Gap,
}

async fn ask(store: &SqliteStore, question: Ask) -> Option<StoreError> {
    let a = client("a").client_id;
    match question {
        Ask::Find => store.find_client(&a).await.err(),
        Ask::List => store.list_clients(None, 10).await.err(),
        Ask::Remove => store.remove_client(&a, NOW).await.err(),
        Ask::Create => store.create_client(client("b")).await.err(),
        Ask::Ring => store.key_ring().await.err(),
        Ask::Announce => store.announce_keys(1, vec![key("l")]).await.err(),
        Ask::Changes => {
            // From the beginning: the cursor of an empty feed of this database.
            let head = store.change_head().await.expect("the head is readable");
            let start = [&head.as_bytes()[..16], &[0; 8]].concat();
            store
                .changes_since(&ChangeCursor::from_bytes(start))
                .await
                .err()
        }
        Ask::Mark => store.mark_deployment(Deployment::Production).await.err(),
        Ask::EndAll => store.end_everything(NOW).await.err(),
        Ask::Gap => store.restore_gap().await.err(),
    }
}

const A_SECRETS: &str = "table clients, row \"a\", column secrets";
const A_SETTINGS: &str = "table clients, row \"a\", column settings";

/// The damage, the question, and the place that the answer names.
const CASES: &[(&str, Ask, &str)] = &[
    (
        "UPDATE clients SET secrets = '[{\"hunter2'",
        Ask::Find,
        A_SECRETS,
    ),
    (
        "UPDATE clients SET secrets = '[{\"hunter2'",
        Ask::List,
        A_SECRETS,
    ),
    (
        "UPDATE clients SET secrets = '[{\"hunter2'",
        Ask::Remove,
        A_SECRETS,
    ),
    ("UPDATE clients SET secrets = ''", Ask::Find, A_SECRETS),
    (
        "UPDATE clients SET secrets = '[\"hunter2\"]'",
        Ask::Find,
        A_SECRETS,
    ),
    (
        "UPDATE clients SET secrets = replace(secrets, 'keyed', 'hunter2')",
        Ask::Find,
        A_SECRETS,
    ),
    (
        "UPDATE clients SET secrets = replace(secrets, '240,', '')",
        Ask::Find,
        A_SECRETS,
    ),
    (
        "UPDATE clients SET settings = 'null'",
        Ask::Find,
        A_SETTINGS,
    ),
    ("UPDATE clients SET settings = '{}'", Ask::Find, A_SETTINGS),
    (
        "UPDATE clients SET settings = json_set(settings, '$.scope', 'hunter2  \"')",
        Ask::Find,
        A_SETTINGS,
    ),
    (
        "UPDATE clients SET epoch = -1",
        Ask::Find,
        "table clients, row \"a\", column epoch",
    ),
    (
        "UPDATE clients SET id = x'00'",
        Ask::Find,
        "table clients, row \"a\", column id",
    ),
    (
        "UPDATE clients SET client_id = char(7)",
        Ask::List,
        "table clients, row \"\\u{7}\", column client_id",
    ),
    (
        "UPDATE keys SET purpose = 'hunter2'",
        Ask::Ring,
        "table keys, row \"k\", column purpose",
    ),
    (
        "UPDATE keys SET id = 'a b'",
        Ask::Ring,
        "table keys, row \"a b\", column id",
    ),
    (
        "UPDATE change_log SET entity = ''",
        Ask::Changes,
        "table change_log, row 1",
    ),
    (
        "UPDATE change_log SET kind = 'hunter2'",
        Ask::Changes,
        "table change_log, row 1",
    ),
    (
        "UPDATE change_log SET kind = 'user', entity = 'hunter2'",
        Ask::Changes,
        "table change_log, row 1",
    ),
    (
        "UPDATE meta SET value = -2 WHERE name = 'epoch'",
        Ask::EndAll,
        "table meta, row \"epoch\"",
    ),
    (
        "INSERT INTO meta (name, value) VALUES ('restored_to', 1)",
        Ask::Gap,
        "table meta, row \"restore_declared_at\"",
    ),
    (
        "INSERT INTO meta (name, value) VALUES ('restore_declared_at', 1)",
        Ask::Gap,
        "table meta, row \"restored_to\"",
    ),
    (
        "INSERT INTO meta (name, value) VALUES ('restored_to', 'hunter2')",
        Ask::Gap,
        "index: 0",
    ),
    (
        "UPDATE meta SET value = -2 WHERE name = 'epoch'",
        Ask::Create,
        "table meta, row \"epoch\"",
    ),
    (
        "UPDATE meta SET value = 9223372036854775807 WHERE name = 'epoch'",
        Ask::Create,
        "index: 0",
    ),
    (
        "UPDATE meta SET value = -1 WHERE name = 'key_ring_version'",
        Ask::Announce,
        "table meta, row \"key_ring_version\"",
    ),
    (
        "UPDATE meta SET value = 'hunter2' WHERE name = 'key_ring_version'",
        Ask::Ring,
        "index: 0",
    ),
    (
        "DELETE FROM meta WHERE name = 'key_ring_version'",
        Ask::Ring,
        "no rows",
    ),
    (
        "INSERT INTO meta (name, value) VALUES ('deployment', 'hunter2')",
        Ask::Mark,
        "table meta, row \"deployment\"",
    ),
];

#[test]
fn corrupt_rows_are_named_and_not_shown() {
    for &(damage, question, place) in CASES {
        let folder = folder();
        let store = open(&file(&folder));
        run(async {
            let new = countersign_core::NewClient {
                secrets: secrets(),
                ..client("a")
            };
            let created = store.create_client(new).await;
            assert!(
                matches!(created, Ok(CreateClient::Created(_))),
                "{created:?}"
            );
            assert!(store.announce_keys(0, vec![key("k")]).await.is_ok());
            tamper(&file(&folder), damage);
            let error = ask(&store, question).await;
            let Some(StoreError::Corrupt(message)) = error else {
                unreachable!("{damage}, then {question:?}: {error:?}");
            };
            assert!(message.contains(place), "{damage}: {message}");
            assert!(!message.contains("hunter2"), "{damage}: {message}");
            // The store goes on with what is whole.
            assert_eq!(store.ping().await, Ok(()));
            tamper(
                &file(&folder),
                "UPDATE meta SET value = 1000 WHERE name = 'epoch'",
            );
            create(&store, "c").await;
        });
    }
}
