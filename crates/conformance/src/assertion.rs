//! Assertions: how a client proves with a key who it is (RFC 7523 §2.2, OpenID Connect Core §9).

use std::path::PathBuf;

use jsonwebtoken::errors::Result as SigningResult;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey, Header};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::jwt::{install_provider, now};
use crate::new_key::p256;
use crate::random::fresh;
use crate::role::Role;
use crate::target::Target;

/// The parameter that says what `client_assertion` is (RFC 7523 §2.2).
pub(crate) const ASSERTION_TYPE: (&str, &str) = (
    "client_assertion_type",
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
);

/// Seconds for which an assertion can be used.
const LIFETIME: u64 = 60;

/// The key of a client, as the description tells of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyFile {
    /// A private key in PEM (PKCS#8).
    pub(crate) file: PathBuf,
    /// What the target calls the key; without it, assertions do not name it.
    #[serde(default)]
    kid: Option<String>,
    #[serde(default = "es256")]
    alg: Algorithm,
    /// Whom the target takes assertions for; the issuer, unless it says otherwise.
    #[serde(default)]
    audience: Option<String>,
}

const fn es256() -> Algorithm {
    Algorithm::ES256
}

impl KeyFile {
    /// Reads the key. The error says which file it is, and what is wrong with it.
    fn read(&self, client_id: &str, issuer: &str) -> Result<Signer, String> {
        let told = |problem: String| format!("{}: {problem}", self.file.display());
        let pem = std::fs::read(&self.file).map_err(|error| told(error.to_string()))?;
        let key = match self.alg.family() {
            AlgorithmFamily::Ec => EncodingKey::from_ec_pem(&pem),
            AlgorithmFamily::Rsa => EncodingKey::from_rsa_pem(&pem),
            AlgorithmFamily::Ed => EncodingKey::from_ed_pem(&pem),
            AlgorithmFamily::Hmac => {
                let alg = self.alg;
                return Err(told(format!("{alg:?} signs with a secret, not with a key")));
            }
        };
        let unusable = |error| told(format!("no private key for {:?}: {error}", self.alg));
        let mut header = Header::new(self.alg);
        header.kid.clone_from(&self.kid);
        let signer = Signer {
            header,
            key: key.map_err(unusable)?,
            client_id: client_id.to_owned(),
            audience: self.audience.as_deref().unwrap_or(issuer).to_owned(),
        };
        // Only signing shows whether the key is one of this algorithm.
        signer.try_sign(&Map::new()).map_err(unusable)?;
        Ok(signer)
    }
}

/// Makes the assertions of a client.
pub(crate) struct Signer {
    header: Header,
    key: EncodingKey,
    client_id: String,
    audience: String,
}

impl Signer {
    /// That of the client `private_key`, if the target has one. The error says what is wrong with its key.
    pub(crate) fn of(target: &Target) -> Result<Option<Self>, String> {
        let Some(client) = target.client(Role::PrivateKey) else {
            return Ok(None);
        };
        let key = client.key.as_ref();
        key.map(|key| key.read(client.client_id(), target.issuer()))
            .transpose()
    }

    /// What a right assertion says that was not used yet (RFC 7523 §3).
    pub(crate) fn claims(&self) -> Map<String, Value> {
        let now = now();
        let claims = [
            ("iss", json!(self.client_id)),
            ("sub", json!(self.client_id)),
            ("aud", json!(self.audience)),
            ("jti", json!(fresh())),
            ("iat", json!(now)),
            ("exp", json!(now + LIFETIME)),
        ];
        claims
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect()
    }

    /// A right assertion that was not used yet.
    pub(crate) fn assertion(&self) -> String {
        self.sign(&self.claims())
    }

    /// An assertion that says this, right or wrong.
    pub(crate) fn sign(&self, claims: &Map<String, Value>) -> String {
        self.try_sign(claims)
            .expect("the key has signed when it was read")
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a second opinion, in a program of its own (RULES T4)"
    )]
    fn try_sign(&self, claims: &Map<String, Value>) -> SigningResult<String> {
        install_provider();
        jsonwebtoken::encode(&self.header, claims, &self.key)
    }

    /// The same with a key that the target never heard of, and that the assertions bring along (RFC 7515 §4.1.3).
    #[expect(
        clippy::disallowed_methods,
        reason = "a second opinion, in a program of its own (RULES T4)"
    )]
    pub(crate) fn with_a_key_of_nobody(&self) -> Self {
        install_provider();
        let key = EncodingKey::from_ec_der(&p256());
        let public = Jwk::from_encoding_key(&key, Algorithm::ES256);
        let mut header = Header::new(Algorithm::ES256);
        header.kid.clone_from(&self.header.kid);
        header.jwk = Some(public.expect("a key that was just made has a public part"));
        Self {
            header,
            key,
            client_id: self.client_id.clone(),
            audience: self.audience.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::DecodingKey;

    use super::*;
    use crate::jwt::{Jwt, decode};
    use crate::new_key::NewKey;

    /// Reads a key that was just made, described by these lines.
    fn read(described: &str, pem: &str) -> Result<Signer, String> {
        let folder = tempfile::tempdir().expect("there is a temporary folder");
        let file = folder.path().join("judge.pem");
        std::fs::write(&file, pem).expect("it can be written");
        let described = format!("file = '{}'\n{described}", file.display());
        let key: KeyFile = toml::from_str(&described).expect(&described);
        key.read("judge", "https://as.example")
    }

    #[test]
    fn an_assertion_says_what_the_standard_demands() {
        let pem = NewKey::generate().pem().to_owned();
        let table = [
            ("", None, "https://as.example"),
            ("kid = 'k1'", Some("k1"), "https://as.example"),
            (
                "audience = 'https://as.example/token'",
                None,
                "https://as.example/token",
            ),
        ];
        for (described, kid, audience) in table {
            let signer = read(described, &pem).expect(described);
            let (one, other) = (signer.assertion(), signer.assertion());
            let [one, other] = [one, other].map(|text| Jwt::read(&text).expect("it is a JWT"));
            assert_eq!(one.alg(), "ES256");
            assert_eq!(one.header.get("kid").and_then(Value::as_str), kid);
            assert_eq!([one.claim("iss"), one.claim("sub")], [Some("judge"); 2]);
            assert_eq!(one.claim("aud"), Some(audience));
            let seconds = |name: &str| one.claims[name].as_u64().expect(name);
            assert_eq!(seconds("exp") - seconds("iat"), LIFETIME);
            assert_ne!(one.claim("jti"), other.claim("jti"));
        }
    }

    #[test]
    fn the_public_part_of_a_new_key_verifies_what_it_signs() {
        let (key, other) = (NewKey::generate(), NewKey::generate());
        let assertion = read("", key.pem()).expect("it is a key").assertion();
        let verifies = |key: &NewKey| {
            let public: Jwk =
                serde_json::from_value(key.jwk_set()["keys"][0].clone()).expect("it is a JWK");
            let public = DecodingKey::from_jwk(&public).expect("it is a public key");
            decode(&assertion, &public, Algorithm::ES256).is_ok()
        };
        assert!(verifies(&key));
        assert!(!verifies(&other));
    }

    #[test]
    fn a_key_that_cannot_sign_is_refused_when_it_is_read() {
        let pem = NewKey::generate().pem().to_owned();
        let table = [
            ("", "hush-hush", "no private key for ES256"),
            ("alg = 'ES384'", &*pem, "no private key for ES384"),
            ("alg = 'RS256'", &*pem, "no private key for RS256"),
            ("alg = 'HS256'", &*pem, "HS256 signs with a secret"),
        ];
        for (described, pem, told) in table {
            let error = read(described, pem).err().expect(described);
            assert!(
                error.contains(told) && error.contains("judge.pem"),
                "{error}"
            );
            assert!(!error.contains("hush-hush"), "{error}");
        }
    }
}
