//! How much of a set of tokens varies from one to the next.

use std::collections::HashSet;

use crate::jwt::Jwt;

/// A lower estimate of the bits that vary within tokens of one kind: of each position, the logarithm of how many
/// characters were seen there.
///
/// It shows constant prefixes, counters, timestamps and short tokens. It cannot show a bad generator.
/// Of JWTs the signature is measured: it is what an attacker would have to guess.
pub(crate) fn varying_bits(tokens: &[String]) -> u32 {
    let parts: Vec<Vec<u8>> = tokens
        .iter()
        .map(|token| guessed_part(token).into_bytes())
        .collect();
    let shortest = parts.iter().map(Vec::len).min().unwrap_or_default();
    let bits = (0..shortest).map(|at| {
        let seen: HashSet<u8> = parts.iter().map(|part| part[at]).collect();
        f64::log2(u8::try_from(seen.len()).map_or(256.0, f64::from))
    });
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few thousand at most"
    )]
    let bits = bits.sum::<f64>() as u32;
    bits
}

fn guessed_part(token: &str) -> String {
    Jwt::read(token).map_or_else(|| token.to_owned(), |jwt| jwt.signature)
}

/// A value that must be there once only: the `jti` of a JWT, else the token.
pub(crate) fn repeated(tokens: &[String]) -> Option<&String> {
    let mut seen = HashSet::new();
    tokens.iter().find(|token| {
        let identity = Jwt::read(token)
            .and_then(|jwt| jwt.claim("jti").map(str::to_owned))
            .unwrap_or_else(|| (*token).clone());
        !seen.insert(identity)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hundred tokens made from 128-bit numbers that look random (a multiplicative sequence).
    fn tokens(spell: impl Fn(u128) -> String) -> Vec<String> {
        let factor = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835_u128;
        let numbers = (1..=100u128).map(|n| {
            let n = n.wrapping_mul(factor);
            (n ^ (n >> 61)).wrapping_mul(factor)
        });
        numbers.map(spell).collect()
    }

    #[test]
    fn variety_is_told_from_length() {
        let long_and_random = tokens(|n| format!("{n:032x}{:032x}", n.rotate_left(17)));
        assert!(
            varying_bits(&long_and_random) >= 200,
            "{}",
            varying_bits(&long_and_random)
        );
        let short = tokens(|n| format!("{:016x}", n >> 64));
        assert!(varying_bits(&short) <= 64);
        let mut count = 0..;
        let counters: Vec<String> = (&mut count)
            .take(100)
            .map(|n: u32| format!("token-of-great-length-and-little-worth-{n:020}"))
            .collect();
        assert!(varying_bits(&counters) < 10);
        assert_eq!(varying_bits(&[]), 0);
    }

    #[test]
    fn a_repeated_token_is_found() {
        let tokens = tokens(|n| format!("{n:x}"));
        assert_eq!(repeated(&tokens), None);
        let twice = [tokens.clone(), vec![tokens[3].clone()]].concat();
        assert_eq!(repeated(&twice), Some(&tokens[3]));
    }
}
