//! Assertions that clients made.

use crate::AssertionId;

/// The assertion whose id begins with this name.
#[must_use]
pub fn assertion_id(name: &str) -> AssertionId {
    let mut id = [0; 32];
    for (byte, of_name) in id.iter_mut().zip(name.bytes()) {
        *byte = of_name;
    }
    AssertionId::from_bytes(id)
}

/// Assertions that have much in common, and are not the same: each byte is once the only one that is not 0.
#[must_use]
pub fn assertion_ids() -> Vec<AssertionId> {
    let of_one_byte = (0..32).map(|place| {
        let mut id = [0; 32];
        id[place] = 1;
        AssertionId::from_bytes(id)
    });
    let others = [
        AssertionId::from_bytes([0; 32]),
        AssertionId::from_bytes([0xff; 32]),
        assertion_id("'; DROP TABLE --"),
    ];
    of_one_byte.chain(others).collect()
}
