//! The contract, on one handle, and over reopening.

use std::path::Path;
use std::sync::Arc;

use countersign_storage::Store;

use crate::{file, folder, open};

fn shared(path: &Path) -> Arc<dyn Store> {
    Arc::new(open(path))
}

countersign_storage::contract_tests!({
    let folder = folder();
    (shared(&file(&folder)), folder)
});

countersign_storage::reopen_tests!({
    let folder = folder();
    let path = file(&folder);
    (async move || shared(&path), folder)
});
