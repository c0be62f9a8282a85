//! Assertions that clients made.

use countersign_core::EntityId;

use crate::AssertionId;

/// What a client made with a `jti` whose hash begins with this name.
#[must_use]
pub fn assertion_id(name: &str) -> AssertionId {
    let mut jti_hash = [0; 32];
    for (byte, of_name) in jti_hash.iter_mut().zip(name.bytes()) {
        *byte = of_name;
    }
    AssertionId {
        client: EntityId::from_bytes([1; 16]),
        jti_hash,
    }
}

/// Assertions that have much in common, and are not the same.
#[must_use]
pub fn assertion_ids() -> Vec<AssertionId> {
    let hashes = [(0, 0), (0, 1), (31, 1), (31, 0xff)].map(|(place, byte)| {
        let mut hash = [0; 32];
        hash[place] = byte;
        hash
    });
    let id = |client| move |jti_hash| AssertionId { client, jti_hash };
    let clients = [[0; 16], [0xff; 16], *b"'; DROP TABLE --"].map(EntityId::from_bytes);
    let ids = clients.into_iter().flat_map(|it| hashes.map(id(it)));
    ids.collect()
}
