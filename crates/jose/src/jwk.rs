//! Public keys between their JSON form (RFC 7517, RFC 7518 §6, RFC 8037 §2) and their numbers.

use countersign_core::KeyId;
use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters,
    EllipticCurveKeyType, Jwk, KeyOperations, OctetKeyPairParameters, OctetKeyPairType,
    PublicKeyUse, RSAKeyParameters, RSAKeyType,
};
use serde::Deserialize as _;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::crypto::{Curve, PublicMaterial};
use crate::{base64url, digest, roca};

/// Why a JWK is no key that verifies signatures here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JwkError {
    /// `kty` is `oct`: a symmetric key has no place among public keys (RULES T1).
    #[error("a symmetric key is no public key")]
    Symmetric,
    /// A member is there that only private keys have (RFC 7518 §6.2.2, §6.3.2; RFC 8037 §2): whoever read it can sign.
    #[error("this is a private key; only its public half belongs here")]
    Private,
    /// `kty` is unknown, or the members are not those of its kind.
    #[error("neither an EC nor an RSA nor an OKP key with all its members")]
    KeyType,
    /// `crv` is not one of those that the algorithms here use.
    #[error("the curve is not P-256, P-384 or Ed25519")]
    Curve,
    /// `alg` names no signature algorithm that is verified here.
    #[error("the key is for an algorithm that is not supported")]
    UnsupportedAlgorithm,
    /// Without `alg`, an RSA key could be used with six algorithms; it must name one.
    #[error("the key does not say which algorithm it is for")]
    AlgorithmMissing,
    /// `alg` does not go with `kty` and `crv`, or is not the algorithm asked for.
    #[error("the key is not for this algorithm")]
    AlgorithmMismatch,
    /// `use` is present and not `sig`.
    #[error("the key is not for signatures")]
    Use,
    /// `key_ops` is present without `verify`.
    #[error("the key is not for verifying")]
    KeyOperations,
    /// The named member is not base64url in its one spelling and exact length.
    #[error("the member {0:?} is not well-formed")]
    Member(&'static str),
    /// The RSA modulus is even or does not have 2048 to 8192 bits (RFC 7518 §3.3).
    #[error("the RSA modulus is not an odd number of 2048 to 8192 bits")]
    RsaModulus,
    /// The RSA exponent is even, less than 3 or has more than 33 bits.
    #[error("the RSA exponent is not an odd number from 3 to 2^33")]
    RsaExponent,
    /// The RSA modulus carries the fingerprint of CVE-2017-15361: its factors can be computed.
    #[error("the RSA key comes from a faulty generator (CVE-2017-15361)")]
    RsaRoca,
    /// The backend refuses the numbers, for instance a point that is not on its curve.
    #[error("the numbers of the key do not fit together")]
    Rejected,
    /// Another key of the same set has this `kid`.
    #[error("another key of the set has the same kid")]
    DuplicateKeyId,
}

/// What RFC 7518 §6.3.1.1 asks of a number: big-endian, without leading zeros.
fn number(text: &str, member: &'static str) -> Result<Vec<u8>, JwkError> {
    let bytes = base64url::decode(text).map_err(|_| JwkError::Member(member))?;
    // "Base64urlUInt ... MUST utilize the minimum number of octets needed to represent the value" (RFC 7518 §2).
    if bytes.first().is_none_or(|first| *first == 0) {
        return Err(JwkError::Member(member));
    }
    Ok(bytes)
}

/// RFC 7518 §6.2.1.2: "The length of this octet string MUST be the full size of a coordinate".
fn coordinate(text: &str, member: &'static str, len: usize) -> Result<Vec<u8>, JwkError> {
    match base64url::decode(text) {
        Ok(bytes) if bytes.len() == len => Ok(bytes),
        _ => Err(JwkError::Member(member)),
    }
}

fn check_rsa(n: &[u8], e: &[u8]) -> Result<(), JwkError> {
    let leading_zeros = n.first().map_or(0, |first| first.leading_zeros() as usize);
    let bits = n.len() * 8 - leading_zeros;
    // RFC 7518 §3.3: "A key of size 2048 bits or larger MUST be used".
    if !(2048..=8192).contains(&bits) || n.last().is_none_or(|last| last % 2 == 0) {
        return Err(JwkError::RsaModulus);
    }
    // Exponent 1 makes every message its own signature. Both backends end at 33 bits.
    let exponent = e
        .iter()
        .take(8)
        .fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
    if e.len() > 5 || exponent < 3 || exponent % 2 == 0 || exponent >= 1 << 33 {
        return Err(JwkError::RsaExponent);
    }
    if roca::has_fingerprint(n) {
        return Err(JwkError::RsaRoca);
    }
    Ok(())
}

/// The members that a key pair has beside its public half, and `k`, the secret itself.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Reads one key of a JWK set. What chooses nothing here, such as a certificate chain, is not looked at.
pub(crate) fn from_members(members: &Map<String, Value>) -> Result<Jwk, JwkError> {
    let kty = members.get("kty").and_then(Value::as_str);
    if kty == Some("oct") {
        return Err(JwkError::Symmetric);
    }
    if PRIVATE.iter().any(|name| members.contains_key(*name)) {
        return Err(JwkError::Private);
    }
    let mut common = texts(members, &["use", "alg", "kid"])?;
    // RFC 9864 §2.2: the newer of two names of one algorithm.
    if let Some(alg) = common.get_mut("alg").filter(|alg| *alg == "Ed25519") {
        *alg = "EdDSA".into();
    }
    if let Some(operations) = members.get("key_ops") {
        let are_texts = |values: &Vec<Value>| values.iter().all(Value::is_string);
        if !operations.as_array().is_some_and(are_texts) {
            return Err(JwkError::Member("key_ops"));
        }
        common.insert("key_ops".into(), operations.clone());
    }
    let common: CommonParameters =
        serde_json::from_value(common.into()).map_err(|_| JwkError::KeyType)?;
    // Before the kind of key: one for encryption may well be of a kind that is not known here.
    check_purpose(&common)?;
    let parameters = texts(members, &["kty", "crv", "x", "y", "n", "e"])?;
    if let (Some("EC" | "OKP"), Some(curve)) = (kty, parameters.get("crv")) {
        EllipticCurve::deserialize(curve).map_err(|_| JwkError::Curve)?;
    }
    let algorithm = serde_json::from_value(parameters.into()).map_err(|_| JwkError::KeyType)?;
    Ok(Jwk { common, algorithm })
}

/// Those of the members `names` that are there; all of them are strings.
fn texts(
    members: &Map<String, Value>,
    names: &[&'static str],
) -> Result<Map<String, Value>, JwkError> {
    let mut texts = Map::new();
    for name in names {
        match members.get(*name) {
            None => {}
            Some(Value::String(text)) => {
                texts.insert((*name).into(), text.as_str().into());
            }
            Some(_) => return Err(JwkError::Member(name)),
        }
    }
    Ok(texts)
}

/// The numbers of `jwk`, if its members agree with each other and allow verification.
pub(crate) fn material_of(jwk: &Jwk) -> Result<PublicMaterial, JwkError> {
    check_purpose(&jwk.common)?;
    match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(parameters) => {
            let (curve, len) = match parameters.curve {
                EllipticCurve::P256 => (Curve::P256, 32),
                EllipticCurve::P384 => (Curve::P384, 48),
                _ => return Err(JwkError::Curve),
            };
            let mut point = vec![4];
            point.extend(coordinate(&parameters.x, "x", len)?);
            point.extend(coordinate(&parameters.y, "y", len)?);
            Ok(PublicMaterial::Ec(curve, point))
        }
        AlgorithmParameters::OctetKeyPair(parameters) => {
            // RFC 8037 §2; X25519 is for key agreement, Ed448 is in neither backend.
            if parameters.curve != EllipticCurve::Ed25519 {
                return Err(JwkError::Curve);
            }
            Ok(PublicMaterial::Ed25519(coordinate(&parameters.x, "x", 32)?))
        }
        AlgorithmParameters::RSA(parameters) => {
            let n = number(&parameters.n, "n")?;
            let e = number(&parameters.e, "e")?;
            check_rsa(&n, &e)?;
            Ok(PublicMaterial::Rsa { n, e })
        }
        AlgorithmParameters::OctetKey(_) => Err(JwkError::Symmetric),
        _ => Err(JwkError::KeyType),
    }
}

fn check_purpose(common: &CommonParameters) -> Result<(), JwkError> {
    // RFC 7517 §4.2 and §4.3: "use" and "key_ops" say what a key may be used for.
    if common
        .public_key_use
        .as_ref()
        .is_some_and(|purpose| *purpose != PublicKeyUse::Signature)
    {
        return Err(JwkError::Use);
    }
    match &common.key_operations {
        Some(operations) if !operations.contains(&KeyOperations::Verify) => {
            Err(JwkError::KeyOperations)
        }
        _ => Ok(()),
    }
}

/// The one algorithm that `jwk` is for: its `alg`, else the only one that its curve has.
pub(crate) fn algorithm_of(jwk: &Jwk, material: &PublicMaterial) -> Result<Algorithm, JwkError> {
    let named = match jwk.common.key_algorithm {
        Some(name) => Some(Algorithm::try_from(name).map_err(|_| JwkError::UnsupportedAlgorithm)?),
        None => None,
    };
    let only = match material {
        PublicMaterial::Ec(Curve::P256, _) => Some(Algorithm::ES256),
        PublicMaterial::Ec(Curve::P384, _) => Some(Algorithm::ES384),
        PublicMaterial::Ed25519(_) => Some(Algorithm::EdDSA),
        PublicMaterial::Rsa { .. } => None,
    };
    let algorithm = named.or(only).ok_or(JwkError::AlgorithmMissing)?;
    require_fit(algorithm, material)?;
    Ok(algorithm)
}

/// Refuses an algorithm that does not go with the kind of key (CVE-2022-23539, CVE-2022-23541).
pub(crate) fn require_fit(algorithm: Algorithm, material: &PublicMaterial) -> Result<(), JwkError> {
    let fits = match material {
        PublicMaterial::Ec(Curve::P256, _) => algorithm == Algorithm::ES256,
        PublicMaterial::Ec(Curve::P384, _) => algorithm == Algorithm::ES384,
        PublicMaterial::Ed25519(_) => algorithm == Algorithm::EdDSA,
        PublicMaterial::Rsa { .. } => matches!(
            algorithm,
            Algorithm::RS256
                | Algorithm::RS384
                | Algorithm::RS512
                | Algorithm::PS256
                | Algorithm::PS384
                | Algorithm::PS512
        ),
    };
    if fits {
        Ok(())
    } else {
        Err(JwkError::AlgorithmMismatch)
    }
}

/// The JWK of a public key, as it is published.
pub(crate) fn to_jwk(material: &PublicMaterial, algorithm: Algorithm, kid: &KeyId) -> Jwk {
    let parameters = match material {
        PublicMaterial::Ec(curve, point) => {
            let (x, y) = coordinates(point);
            AlgorithmParameters::EllipticCurve(EllipticCurveKeyParameters {
                key_type: EllipticCurveKeyType::EC,
                curve: match curve {
                    Curve::P256 => EllipticCurve::P256,
                    Curve::P384 => EllipticCurve::P384,
                },
                x,
                y,
            })
        }
        PublicMaterial::Ed25519(bytes) => {
            AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
                key_type: OctetKeyPairType::OctetKeyPair,
                curve: EllipticCurve::Ed25519,
                x: base64url::encode(bytes),
            })
        }
        PublicMaterial::Rsa { n, e } => AlgorithmParameters::RSA(RSAKeyParameters {
            key_type: RSAKeyType::RSA,
            n: base64url::encode(n),
            e: base64url::encode(e),
        }),
    };
    Jwk {
        common: CommonParameters {
            public_key_use: Some(PublicKeyUse::Signature),
            key_algorithm: Some(algorithm.into()),
            key_id: Some(kid.as_str().to_owned()),
            ..CommonParameters::default()
        },
        algorithm: parameters,
    }
}

fn coordinates(point: &[u8]) -> (String, String) {
    let (x, y) = point[1..].split_at(point.len() / 2);
    (base64url::encode(x), base64url::encode(y))
}

/// The SHA-256 thumbprint of RFC 7638: the required members in lexicographic order, without white space.
pub(crate) fn thumbprint(material: &PublicMaterial) -> KeyId {
    let members = match material {
        PublicMaterial::Ec(curve, point) => {
            let (x, y) = coordinates(point);
            let crv = match curve {
                Curve::P256 => "P-256",
                Curve::P384 => "P-384",
            };
            format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
        }
        PublicMaterial::Ed25519(bytes) => {
            let x = base64url::encode(bytes);
            format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)
        }
        PublicMaterial::Rsa { n, e } => {
            let (n, e) = (base64url::encode(n), base64url::encode(e));
            format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)
        }
    };
    base64url::encode(&digest::sha256(members.as_bytes()))
        .parse()
        .expect("43 characters of base64url are a key id")
}
