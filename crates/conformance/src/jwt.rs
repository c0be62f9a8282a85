//! JWTs, access tokens and ID tokens, read and verified with a foreign library.

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, get_current_timestamp};
use serde_json::{Map, Value};

use crate::client::Client;
use crate::finding::{Finding, Verdict};
use crate::http::Answer;
use crate::judge::{Issued, Judge};

/// How far two clocks may be apart, in seconds.
pub(crate) const SKEW: u64 = 30;

/// A JWT that has been taken apart, but not verified.
pub(crate) struct Jwt {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    pub(crate) signature: String,
}

impl Jwt {
    /// Three parts, of which two are JSON objects. `None` for opaque tokens.
    pub(crate) fn read(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
        let object = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        if parts.next().is_some() {
            return None;
        }
        Some(Self {
            header: object(header)?,
            claims: object(claims)?,
            signature: signature.to_owned(),
        })
    }

    pub(crate) fn alg(&self) -> &str {
        self.header
            .get("alg")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(crate) fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// The audience as a list (RFC 7519 §4.1.3: a string or an array of them).
    pub(crate) fn audience(&self) -> Vec<&str> {
        strings(self.claims.get("aud"))
    }
}

/// A string, or an array of strings, as a list.
pub(crate) fn strings(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The system's time in seconds since 1970, as the foreign library reads it.
pub(crate) fn now() -> u64 {
    get_current_timestamp()
}

/// A JWT access token of a client, or the reason to skip: its tokens are opaque.
pub(crate) async fn issue(
    judge: &Judge,
    client: &Client,
    more: &[(&str, &str)],
) -> Result<(Issued, Jwt), Finding> {
    let issued = judge.issue(client, more).await?;
    let jwt = read(&issued)?;
    Ok((issued, jwt))
}

/// The JWT that an access token is, or the reason to skip: it is opaque.
pub(crate) fn read(issued: &Issued) -> Result<Jwt, Finding> {
    let opaque = || Finding::skipped("the access tokens of this client are no JWTs");
    Jwt::read(&issued.token).ok_or_else(opaque)
}

/// The published keys.
pub(crate) async fn keys(judge: &Judge) -> Result<(&Answer, JwkSet), Finding> {
    let answer = judge.jwks().await?;
    match serde_json::from_slice(&answer.body) {
        Ok(set) if answer.status == 200 => Ok((answer, set)),
        _ => Err(answer.fails("a JWK set (RFC 7517 §5)", answer.summary())),
    }
}

/// Verifies the signature of an access token with the published key that it names.
pub(crate) async fn verify(judge: &Judge, issued: &Issued, jwt: &Jwt) -> Verdict {
    verify_signature(judge, &issued.answer, (&issued.token, jwt), None).await
}

/// The ID token that an answer brought to `client`, verified as the client has to (OpenID Connect Core §3.1.3.7):
/// signature, issuer, audience and times. What else stands in it is for checks.
pub(crate) async fn id_token(
    judge: &Judge,
    client: &Client,
    answer: &Answer,
    token: &str,
) -> Result<Jwt, Finding> {
    let unreadable = || answer.fails("an ID token, which is a JWT", "something else");
    let jwt = Jwt::read(token).ok_or_else(unreadable)?;
    verify_signature(judge, answer, (token, &jwt), client.secret()).await?;
    let issuer = jwt.claim("iss").unwrap_or_default();
    let expected = judge.target.issuer();
    answer.demand_or(issuer == expected, format!("iss '{expected}'"), issuer)?;
    let id = client.client_id();
    let audience = jwt.audience();
    let saw = format!("aud {audience:?}");
    answer.demand_or(audience.contains(&id), format!("'{id}' in aud"), saw)?;
    for claim in ["exp", "iat"] {
        let there = jwt.claims.get(claim).is_some_and(Value::is_number);
        answer.demand_or(there, format!("{claim}, a number"), "none")?;
    }
    let subject = jwt.claim("sub").unwrap_or_default();
    answer.demand_or(!subject.is_empty(), "sub, a string", "none")?;
    Ok(jwt)
}

/// The left half of the hash of a token or code, by the algorithm of the ID token that holds it as `at_hash` or
/// `c_hash` (OpenID Connect Core §3.1.3.6, §3.3.2.11).
pub(crate) fn half_hash(alg: &str, text: &str) -> String {
    let algorithm = match alg {
        _ if alg.ends_with("256") => &SHA256,
        _ if alg.ends_with("384") => &SHA384,
        // Ed25519 hashes with SHA-512 as well.
        _ => &SHA512,
    };
    let hash = digest(algorithm, text.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}

/// Verifies a signature with the published key that the token names, or a MAC with the secret of its client.
async fn verify_signature(
    judge: &Judge,
    answer: &Answer,
    (token, jwt): (&str, &Jwt),
    secret: Option<&str>,
) -> Verdict {
    let fails = |saw: &str| Err(answer.fails("a signature that a published key verifies", saw));
    let alg = jwt.alg();
    if alg.eq_ignore_ascii_case("none") || jwt.signature.is_empty() {
        return fails("an unsigned token");
    }
    let Ok(algorithm) = alg.parse::<Algorithm>() else {
        return Err(Finding::skipped(format!(
            "this program cannot verify {alg}"
        )));
    };
    if alg.starts_with("HS") {
        let Some(secret) = secret else {
            let why = format!("{alg} cannot be verified without the secret of a client");
            return Err(Finding::skipped(why));
        };
        let key = DecodingKey::from_secret(secret.as_bytes());
        let expected = "a MAC that the secret of the client verifies";
        return decode(token, &key, algorithm)
            .map_err(|error| answer.fails(expected, error.to_string()));
    }
    let (_, set) = keys(judge).await?;
    let kid = jwt.header.get("kid").and_then(Value::as_str);
    let candidates = set
        .keys
        .iter()
        .filter(|key| kid.is_none() || key.common.key_id.as_deref() == kid);
    let mut saw = "no published key with the token's kid".to_owned();
    for key in candidates {
        match DecodingKey::from_jwk(key).and_then(|key| decode(token, &key, algorithm)) {
            Ok(()) => return Ok(()),
            Err(error) => saw = error.to_string(),
        }
    }
    fails(&saw)
}

/// Other crates may have compiled in a second backend, and then the library wants to be told. Whichever is set
/// already is as good.
#[expect(
    clippy::disallowed_methods,
    reason = "a second opinion, in a program of its own (RULES T4)"
)]
pub(crate) fn install_provider() {
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
}

#[expect(
    clippy::disallowed_methods,
    reason = "a second opinion, in a program of its own (RULES T4)"
)]
pub(crate) fn decode(
    token: &str,
    key: &DecodingKey,
    algorithm: Algorithm,
) -> jsonwebtoken::errors::Result<()> {
    install_provider();
    let mut validation = Validation::new(algorithm);
    // Presence and values of the claims are checks of their own.
    validation.required_spec_claims.clear();
    validation.validate_aud = false;
    validation.leeway = SKEW;
    jsonwebtoken::decode::<Map<String, Value>>(token, key, &validation).map(|_| ())
}

/// The token with another signature of the same length, or another last part if it is opaque.
pub(crate) fn with_broken_signature(token: &str) -> String {
    let start = token.rfind('.').map_or(token.len() / 2, |dot| dot + 1);
    let middle = start + (token.len() - start) / 2;
    // In the middle of the part every bit counts; in the last character some do not.
    token
        .char_indices()
        .map(|(at, c)| match c {
            'A' if at == middle => 'B',
            _ if at == middle => 'A',
            _ => c,
        })
        .collect()
}

/// The JWT with `alg` none and no signature (RFC 8725 §2.1).
pub(crate) fn unsigned(token: &str, jwt: &Jwt) -> String {
    let mut header = jwt.header.clone();
    header.insert("alg".to_owned(), "none".into());
    format!(
        "{}.{}.",
        encode(&header),
        token.split('.').nth(1).unwrap_or_default()
    )
}

/// The JWT with a later expiry under its old signature.
pub(crate) fn prolonged(token: &str, jwt: &Jwt) -> String {
    let mut claims = jwt.claims.clone();
    claims.insert("exp".to_owned(), (now() + 86_400).into());
    let header = token.split('.').next().unwrap_or_default();
    format!("{header}.{}.{}", encode(&claims), jwt.signature)
}

fn encode(object: &Map<String, Value>) -> String {
    URL_SAFE_NO_PAD.encode(Value::from(object.clone()).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> String {
        format!(
            "{}.{}.c2ln",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        )
    }

    #[test]
    fn only_three_parts_of_json_are_a_jwt() {
        assert!(Jwt::read(&token(r#"{"alg":"ES256"}"#, "{}")).is_some());
        for opaque in [
            "",
            "abc",
            "a.b.c",
            "e30.e30",
            "e30.e30.a.b",
            &token("[]", "{}"),
        ] {
            assert!(Jwt::read(opaque).is_none(), "{opaque}");
        }
    }

    #[test]
    fn half_a_hash_is_that_of_the_standard() {
        // OpenID Connect Core §A.4 and §A.6.
        let table = [
            (
                "at_hash",
                "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
                "77QmUPtjPfzWtF2AnpK9RQ",
            ),
            (
                "c_hash",
                "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk",
                "LDktKdoQak3Pk0cnXxCltA",
            ),
        ];
        for (claim, hashed, half) in table {
            assert_eq!(half_hash("RS256", hashed), half, "{claim}");
        }
        assert_eq!(half_hash("ES384", "x").len(), 32);
        assert_eq!(half_hash("EdDSA", "x").len(), 43);
    }

    #[test]
    fn forgeries_differ_from_the_token_only_where_they_should() {
        let token = token(r#"{"alg":"ES256"}"#, r#"{"exp":1}"#);
        let jwt = Jwt::read(&token).expect("it is a JWT");
        let broken = with_broken_signature(&token);
        assert_ne!(broken, token);
        assert_eq!(
            broken.rsplit_once('.').map(|p| p.0),
            token.rsplit_once('.').map(|p| p.0)
        );
        let unsigned = Jwt::read(&unsigned(&token, &jwt)).expect("it is a JWT");
        assert_eq!((unsigned.alg(), unsigned.signature.as_str()), ("none", ""));
        assert_eq!(unsigned.claims, jwt.claims);
        let prolonged = Jwt::read(&prolonged(&token, &jwt)).expect("it is a JWT");
        assert_eq!(
            (&prolonged.header, &prolonged.signature),
            (&jwt.header, &jwt.signature)
        );
        assert_ne!(prolonged.claims, jwt.claims);
        assert_ne!(with_broken_signature("opaque"), "opaque");
    }
}
