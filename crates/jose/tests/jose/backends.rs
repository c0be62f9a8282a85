//! Keys written by either backend load in both (RULES T5), whichever of them this build uses.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use countersign_core::SigningAlgorithm;
use countersign_jose::{KeyError, SigningKey, digest, jws};

use crate::fixtures::keys;

/// What each backend writes on its own, without this crate.
fn foreign_keys() -> Vec<(&'static str, SigningAlgorithm, Vec<u8>)> {
    use aws_lc_rs::signature as aws;
    use ring::signature as ring_;
    let aws_random = aws_lc_rs::rand::SystemRandom::new();
    let ring_random = ring::rand::SystemRandom::new();
    let aws_ec = |algorithm| {
        aws::EcdsaKeyPair::generate_pkcs8(algorithm, &aws_random)
            .expect("a key")
            .as_ref()
            .to_vec()
    };
    let ring_ec = |algorithm| {
        ring_::EcdsaKeyPair::generate_pkcs8(algorithm, &ring_random)
            .expect("a key")
            .as_ref()
            .to_vec()
    };
    let aws_edwards = aws::Ed25519KeyPair::generate_pkcs8(&aws_random)
        .expect("a key")
        .as_ref()
        .to_vec();
    let aws_edwards_v1 = aws::Ed25519KeyPair::generate_pkcs8v1(&aws_random)
        .expect("a key")
        .as_ref()
        .to_vec();
    let ring_edwards = ring_::Ed25519KeyPair::generate_pkcs8(&ring_random)
        .expect("a key")
        .as_ref()
        .to_vec();
    let aws_rsa =
        aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).expect("a key");
    let aws_rsa: Pkcs8V1Der<'_> = aws_rsa.as_der().expect("PKCS#8");
    vec![
        (
            "aws",
            SigningAlgorithm::Es256,
            aws_ec(&aws::ECDSA_P256_SHA256_FIXED_SIGNING),
        ),
        (
            "ring",
            SigningAlgorithm::Es256,
            ring_ec(&ring_::ECDSA_P256_SHA256_FIXED_SIGNING),
        ),
        (
            "aws",
            SigningAlgorithm::Es384,
            aws_ec(&aws::ECDSA_P384_SHA384_FIXED_SIGNING),
        ),
        (
            "ring",
            SigningAlgorithm::Es384,
            ring_ec(&ring_::ECDSA_P384_SHA384_FIXED_SIGNING),
        ),
        ("aws v2", SigningAlgorithm::EdDsa, aws_edwards),
        ("aws v1", SigningAlgorithm::EdDsa, aws_edwards_v1),
        ("ring", SigningAlgorithm::EdDsa, ring_edwards),
        ("aws", SigningAlgorithm::Rs256, aws_rsa.as_ref().to_vec()),
        ("aws", SigningAlgorithm::Ps256, aws_rsa.as_ref().to_vec()),
    ]
}

#[test]
fn rule_t5_keys_of_either_backend_load_here() {
    for (origin, algorithm, pkcs8) in foreign_keys() {
        let key = SigningKey::from_pkcs8(algorithm, &pkcs8)
            .unwrap_or_else(|error| panic!("{origin} {algorithm}: {error}"));
        let token = jws::sign(&key, None, b"{}").expect("signing");
        assert!(
            jws::verify(&token, &keys([&key])).is_ok(),
            "{origin} {algorithm}"
        );
    }
}

#[test]
fn rule_t5_keys_of_this_crate_load_in_either_backend() {
    let random = ring::rand::SystemRandom::new();
    for algorithm in SigningAlgorithm::ALL {
        let pkcs8 = match SigningKey::generate(algorithm) {
            Ok((_, pkcs8)) => pkcs8,
            Err(KeyError::GenerationUnsupported(unsupported)) => {
                assert_eq!(unsupported, algorithm);
                assert!(matches!(
                    algorithm,
                    SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256
                ));
                continue;
            }
            Err(error) => panic!("{algorithm}: {error}"),
        };
        let pkcs8 = pkcs8.expose();
        let (in_aws, in_ring) = match algorithm {
            SigningAlgorithm::Es256 => (
                aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(
                    &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
                    pkcs8,
                )
                .is_ok(),
                ring::signature::EcdsaKeyPair::from_pkcs8(
                    &ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
                    pkcs8,
                    &random,
                )
                .is_ok(),
            ),
            SigningAlgorithm::Es384 => (
                aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(
                    &aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING,
                    pkcs8,
                )
                .is_ok(),
                ring::signature::EcdsaKeyPair::from_pkcs8(
                    &ring::signature::ECDSA_P384_SHA384_FIXED_SIGNING,
                    pkcs8,
                    &random,
                )
                .is_ok(),
            ),
            SigningAlgorithm::EdDsa => (
                aws_lc_rs::signature::Ed25519KeyPair::from_pkcs8(pkcs8).is_ok(),
                ring::signature::Ed25519KeyPair::from_pkcs8(pkcs8).is_ok(),
            ),
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => (
                aws_lc_rs::signature::RsaKeyPair::from_pkcs8(pkcs8).is_ok(),
                ring::signature::RsaKeyPair::from_pkcs8(pkcs8).is_ok(),
            ),
        };
        assert!(in_aws, "{algorithm} in aws-lc-rs");
        assert!(in_ring, "{algorithm} in ring");
    }
}

#[test]
fn rule_t5_which_backend_generates_rsa_keys() {
    let generated = SigningKey::generate(SigningAlgorithm::Rs256).map(|_| ());
    // With both features on, aws-lc-rs is used.
    let expected = if cfg!(feature = "aws-lc-rs") {
        Ok(())
    } else {
        Err(KeyError::GenerationUnsupported(SigningAlgorithm::Rs256))
    };
    assert_eq!(generated, expected);
}

#[test]
fn both_backends_hash_alike() {
    use aws_lc_rs::digest as aws;
    use ring::digest as ring_;
    for len in [0, 1, 63, 64, 111, 112, 127, 128, 1_000] {
        let bytes = vec![0xa5; len];
        for (ours, in_aws, in_ring) in [
            (&digest::sha256(&bytes)[..], &aws::SHA256, &ring_::SHA256),
            (&digest::sha384(&bytes)[..], &aws::SHA384, &ring_::SHA384),
            (&digest::sha512(&bytes)[..], &aws::SHA512, &ring_::SHA512),
        ] {
            assert_eq!(ours, aws::digest(in_aws, &bytes).as_ref(), "{len}");
            assert_eq!(ours, ring_::digest(in_ring, &bytes).as_ref(), "{len}");
        }
    }
}
