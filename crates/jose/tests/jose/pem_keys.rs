//! Keys that OpenSSL made, taken as PEM and given back as PEM.
#![expect(
    clippy::disallowed_methods,
    reason = "a test program is where the foreign judge belongs (RULES T4)"
)]

use countersign_core::SigningAlgorithm;
use countersign_jose::{KeyError, PemError, SigningKey, access_token, private_key_pem};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use pem_rfc7468::LineEnding;
use serde_json::Value;

use crate::fixtures::{NOW, RSA_1024, claims, claims_json, keys, signing_key, validator};

const P256: &str = include_str!("../fixtures/test-only-ec-p-256.pem");
const P384: &str = include_str!("../fixtures/test-only-ec-p-384.pem");
const ED25519: &str = include_str!("../fixtures/test-only-ed25519.pem");
const RSA_2048: &str = include_str!("../fixtures/test-only-rsa-2048.pem");
const P256_PUBLIC: &str = include_str!("../fixtures/test-only-ec-p-256.public.pem");
const P384_PUBLIC: &str = include_str!("../fixtures/test-only-ec-p-384.public.pem");
const ED25519_PUBLIC: &str = include_str!("../fixtures/test-only-ed25519.public.pem");
const RSA_2048_PUBLIC: &str = include_str!("../fixtures/test-only-rsa-2048.public.pem");
const P256_SEC1: &str = include_str!("../fixtures/test-only-ec-p-256.sec1.pem");
const P256_ENCRYPTED: &str = include_str!("../fixtures/test-only-ec-p-256.encrypted.pem");
const RSA_2048_PKCS1: &str = include_str!("../fixtures/test-only-rsa-2048.pkcs1.pem");

/// The private and the public half for `algorithm`, as OpenSSL wrote them.
fn halves(algorithm: SigningAlgorithm) -> (&'static str, &'static str) {
    match algorithm {
        SigningAlgorithm::Es256 => (P256, P256_PUBLIC),
        SigningAlgorithm::Es384 => (P384, P384_PUBLIC),
        SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => (RSA_2048, RSA_2048_PUBLIC),
        SigningAlgorithm::EdDsa => (ED25519, ED25519_PUBLIC),
    }
}

fn refusal(algorithm: SigningAlgorithm, pem: &str) -> Option<KeyError> {
    SigningKey::from_pem(algorithm, pem).err()
}

/// `pem` without the line that says what it is.
fn bare(pem: &str) -> &str {
    &pem[pem.find("-----").expect("a block")..]
}

#[test]
fn private_halves_are_written_as_openssl_does() {
    for algorithm in SigningAlgorithm::ALL {
        let (private, _) = halves(algorithm);
        let (_, pkcs8) = SigningKey::from_pem(algorithm, private).expect("a key");
        assert_eq!(
            private_key_pem(&pkcs8).expose(),
            bare(private),
            "{algorithm}"
        );
    }
    // Whatever form the backend has made it in: OpenSSL 3 reads the first version of PKCS#8 only (RFC 8410 §10.3).
    let (key, pkcs8) = SigningKey::generate(SigningAlgorithm::EdDsa).expect("a key");
    let pem = private_key_pem(&pkcs8);
    assert_eq!(pem.expose().lines().count(), 3, "48 bytes are one line");
    assert!(pem.expose().contains("\nMC4CAQAwBQYDK2VwBCIEI"));
    let (read, _) = SigningKey::from_pem(SigningAlgorithm::EdDsa, pem.expose()).expect("a key");
    assert_eq!(read.id(), key.id());
}

#[test]
fn keys_of_openssl_are_taken_and_their_public_halves_are_those_of_openssl() {
    for algorithm in SigningAlgorithm::ALL {
        let (private, public) = halves(algorithm);
        let (key, pkcs8) = SigningKey::from_pem(algorithm, private)
            .unwrap_or_else(|error| panic!("{algorithm}: {error}"));
        assert_eq!(key.public_pem(), public, "{algorithm}");
        // What is kept is the same key.
        let kept = SigningKey::from_pkcs8(algorithm, pkcs8.expose()).expect("what was taken");
        assert_eq!(kept.id(), key.id(), "{algorithm}");
        assert_eq!(kept.public_pem(), public, "{algorithm}");
    }
}

#[test]
fn the_judge_verifies_what_an_imported_key_signs_with_the_exported_half() {
    for by in SigningAlgorithm::ALL {
        let (key, _) = SigningKey::from_pem(by, halves(by).0).expect("a test key");
        let public = key.public_pem();
        let decoding = match by {
            SigningAlgorithm::Es256 | SigningAlgorithm::Es384 => {
                DecodingKey::from_ec_pem(public.as_bytes())
            }
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => {
                DecodingKey::from_rsa_pem(public.as_bytes())
            }
            SigningAlgorithm::EdDsa => DecodingKey::from_ed_pem(public.as_bytes()),
        };
        let decoding = decoding.unwrap_or_else(|error| panic!("{by}: {error}"));
        let algorithm: Algorithm = by.name().parse().expect("the same names");
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false;
        validation.validate_aud = false;
        let token = access_token::sign(&key, &claims()).expect("signing");
        let seen = jsonwebtoken::decode::<Value>(&token, &decoding, &validation)
            .unwrap_or_else(|error| panic!("{by}: {error}"));
        assert_eq!(seen.claims, claims_json(), "{by}");
        assert!(
            validator().verify(&token, &keys([&key]), NOW).is_ok(),
            "{by}"
        );
        // And it can refuse: another key of the same kind.
        let stranger = access_token::sign(&signing_key(by), &claims()).expect("signing");
        jsonwebtoken::decode::<Value>(&stranger, &decoding, &validation)
            .expect_err("a token of another key");
    }
}

#[test]
fn a_pem_that_is_not_one_unencrypted_pkcs8_key_is_refused_with_a_way_out() {
    use SigningAlgorithm::{Es256, Rs256};
    let cut = P256.replacen("MIGH", "MIG", 1);
    let unwrapped = bare(P256).lines().collect::<Vec<_>>();
    let unwrapped = format!(
        "{}\n{}\n{}",
        unwrapped[0],
        unwrapped[1..4].concat(),
        unwrapped[4]
    );
    let headed = P256.replacen("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n", 1);
    let mislabelled = P256.replacen("END PRIVATE", "END PUBLIC", 1);
    let certificate = P256.replace("PRIVATE KEY", "CERTIFICATE");
    let openssh = P256.replace("PRIVATE KEY", "OPENSSH PRIVATE KEY");
    let cases = [
        (Es256, "", PemError::NoBlock),
        (Es256, "not a key", PemError::NoBlock),
        (
            Es256,
            "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEH",
            PemError::NoBlock,
        ),
        (Es256, &[P256, P256].concat(), PemError::SeveralBlocks),
        (
            Es256,
            &[P256, P256_PUBLIC].concat(),
            PemError::SeveralBlocks,
        ),
        (Es256, &[P256, P256_SEC1].concat(), PemError::SeveralBlocks),
        (Es256, P256_SEC1, PemError::Traditional("EC PRIVATE KEY")),
        (
            Rs256,
            RSA_2048_PKCS1,
            PemError::Traditional("RSA PRIVATE KEY"),
        ),
        (Es256, P256_ENCRYPTED, PemError::Encrypted),
        (Es256, P256_PUBLIC, PemError::NoPrivateKey),
        (Es256, &certificate, PemError::NoPrivateKey),
        (Es256, &openssh, PemError::NoPrivateKey),
        (Es256, &cut, PemError::Malformed),
        (Es256, &unwrapped, PemError::Malformed),
        (Es256, &headed, PemError::Malformed),
        (Es256, &mislabelled, PemError::Malformed),
        (Es256, &format!("{P256}and more"), PemError::Malformed),
        (Es256, "-----BEGIN PRIVATE KEY-----", PemError::Malformed),
    ];
    for (algorithm, pem, expected) in cases {
        assert_eq!(refusal(algorithm, pem), Some(expected.into()), "{pem}");
    }
    let command = "openssl pkcs8 -topk8 -nocrypt -in OLD.pem -out NEW.pem";
    let forms = [
        PemError::Traditional("EC PRIVATE KEY"),
        PemError::Encrypted,
        PemError::Malformed,
    ];
    for error in forms {
        assert!(error.to_string().ends_with(command), "{error}");
    }
}

#[test]
fn white_space_around_a_pem_and_its_line_ends_do_not_matter() {
    let (key, _) = SigningKey::from_pem(SigningAlgorithm::Es256, P256).expect("a test key");
    let windows = P256.replace('\n', "\r\n");
    for pem in [
        bare(P256),
        bare(P256).trim_end(),
        &windows,
        &format!("\n\n{P256}\n\n  "),
    ] {
        let (same, _) = SigningKey::from_pem(SigningAlgorithm::Es256, pem).expect("the same key");
        assert_eq!(same.id(), key.id());
    }
}

#[test]
fn a_key_of_another_algorithm_is_called_by_its_name() {
    use SigningAlgorithm::{EdDsa, Es256, Es384, Ps256, Rs256};
    let kinds = [
        (P256, &[Es256][..]),
        (P384, &[Es384]),
        (ED25519, &[EdDsa]),
        (RSA_2048, &[Rs256, Ps256]),
    ];
    for (pem, fitting) in kinds {
        for wanted in SigningAlgorithm::ALL {
            let found = fitting[0];
            let another = KeyError::AnotherAlgorithm { wanted, found };
            let expected = (!fitting.contains(&wanted)).then_some(another);
            assert_eq!(refusal(wanted, pem), expected, "{found} for {wanted}");
        }
    }
}

#[test]
fn an_rsa_key_under_2048_bits_is_called_too_small() {
    use SigningAlgorithm::{Es256, Ps256, Rs256};
    let pem = pem_rfc7468::encode_string("PRIVATE KEY", LineEnding::LF, RSA_1024).expect("PEM");
    for algorithm in [Rs256, Ps256] {
        assert_eq!(refusal(algorithm, &pem), Some(KeyError::RsaTooSmall));
    }
    let another = KeyError::AnotherAlgorithm {
        wanted: Es256,
        found: Rs256,
    };
    assert_eq!(refusal(Es256, &pem), Some(another));
}
