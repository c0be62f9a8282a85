//! Several byte strings as one, so that no two lists look the same.

/// Each part behind its length (8 bytes, big-endian).
pub(crate) fn framed(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| 8 + part.len()).sum());
    for part in parts {
        bytes.extend(length(part));
        bytes.extend(*part);
    }
    bytes
}

/// The length of `part` as it stands before it.
pub(crate) fn length(part: &[u8]) -> [u8; 8] {
    // `usize` has at most 64 bits on every platform that Rust knows.
    (part.len() as u64).to_be_bytes()
}
