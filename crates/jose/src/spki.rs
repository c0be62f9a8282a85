//! `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7): a public key in the form that other tools take.

use crate::crypto::{Curve, PublicMaterial};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/// `rsaEncryption` with the parameters NULL (RFC 3279 §2.3.1), as DER.
const RSA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
/// `id-ecPublicKey` on `secp256r1` (RFC 5480 §2.1.1).
const EC_P256: &[u8] =
    b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
/// `id-ecPublicKey` on `secp384r1`.
const EC_P384: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22";
/// `id-Ed25519`, without parameters (RFC 8410 §3).
const ED25519: &[u8] = b"\x06\x03\x2b\x65\x70";

/// The key as DER. Of an RSA key it does not say for which algorithm it is.
pub(crate) fn encode(material: &PublicMaterial) -> Vec<u8> {
    match material {
        PublicMaterial::Ec(Curve::P256, point) => info(EC_P256, point),
        PublicMaterial::Ec(Curve::P384, point) => info(EC_P384, point),
        PublicMaterial::Ed25519(bytes) => info(ED25519, bytes),
        PublicMaterial::Rsa { n, e } => {
            let numbers = [unsigned(n), unsigned(e)].concat();
            info(RSA, &element(SEQUENCE, &numbers))
        }
    }
}

fn info(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    // The first byte of a BIT STRING counts the bits that are not used.
    let key = element(BIT_STRING, &[&[0], key].concat());
    element(SEQUENCE, &[element(SEQUENCE, algorithm), key].concat())
}

/// A positive number: a leading bit that is set would be its sign, so a zero stands before it.
fn unsigned(number: &[u8]) -> Vec<u8> {
    match number.first() {
        Some(0x80..) => element(INTEGER, &[&[0], number].concat()),
        _ => element(INTEGER, number),
    }
}

/// X.690 §8.1: tag, length, content. A length over 127 is written as its bytes behind their count.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    if let Ok(length @ 0..=127) = u8::try_from(content.len()) {
        bytes.push(length);
    } else {
        let length = content.len().to_be_bytes();
        let length = length.iter().skip_while(|byte| **byte == 0);
        bytes.push(length.clone().fold(0x80, |count, _| count + 1));
        bytes.extend(length);
    }
    bytes.extend(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_signs_are_those_of_x_690() {
        let lengths: [(usize, &[u8]); 6] = [
            (0, &[0]),
            (127, &[127]),
            (128, &[0x81, 128]),
            (255, &[0x81, 255]),
            (256, &[0x82, 1, 0]),
            (65_536, &[0x83, 1, 0, 0]),
        ];
        for (length, written) in lengths {
            let content = vec![7; length];
            let expected = [&[SEQUENCE], written, &content].concat();
            assert_eq!(element(SEQUENCE, &content), expected, "{length}");
        }
        assert_eq!(unsigned(&[0x7f]), [INTEGER, 1, 0x7f]);
        assert_eq!(unsigned(&[0x80, 1]), [INTEGER, 3, 0, 0x80, 1]);
    }
}
