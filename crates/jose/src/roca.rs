//! RSA moduli of the Infineon library, whose factors can be found (ROCA, CVE-2017-15361).

/// The odd primes below 168, whose product the faulty generator used for keys of every size.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether `modulus` (big-endian) carries the fingerprint of the faulty generator.
///
/// Its primes are powers of 65537 modulo the product of [`PRIMES`], so its moduli are too, modulo each of them. A
/// modulus of another origin looks like that once in more than 2^27 times.
pub(crate) fn has_fingerprint(modulus: &[u8]) -> bool {
    PRIMES.into_iter().all(|prime| {
        let residue = modulus
            .iter()
            .fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
        is_power_of_65537(residue, prime)
    })
}

fn is_power_of_65537(residue: u32, prime: u32) -> bool {
    let generator = 65_537 % prime;
    let mut power = 1;
    loop {
        if power == residue {
            return true;
        }
        power = power * generator % prime;
        if power == 1 {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_65537_are_recognised_and_others_are_not() {
        // 65537^2 and 65537 * 65537^3 are powers modulo every prime; 65537 + 2 is not.
        assert!(has_fingerprint(&(65_537_u64 * 65_537).to_be_bytes()));
        assert!(has_fingerprint(&(65_537_u128.pow(4)).to_be_bytes()));
        assert!(!has_fingerprint(&65_539_u64.to_be_bytes()));
        assert!(!has_fingerprint(&(3_u64 * 65_537).to_be_bytes()));
    }
}
