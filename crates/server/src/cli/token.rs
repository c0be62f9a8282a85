//! `countersign token`.

use std::io::{self, Read};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use countersign_core::{Clock, Secret};
use countersign_jose::access_token::{AccessTokenValidator, ExpectedAudience};
use countersign_jose::jws::{self, UnverifiedClaims, UnverifiedHeader};
use countersign_jose::{JwkSet, VerifyingKeys, classic, opaque};
use countersign_protocol::MAX_TOKEN_LEN;
use serde_json::{Value, json};

use super::Global;
use crate::host::SystemClock;
use crate::output::{Failure, print};

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Decode a JWT and verify it, against the keys of this service or a JWKS file
    Inspect(Inspect),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    echo \"$TOKEN\" | countersign token inspect\n      \
    Verify a token against the keys in the data folder.\n  \
    countersign token inspect --jwks keys.json --json < token.jwt\n      \
    Verify a token of any issuer against its JWK Set.\n\n\
    The exit code is 0 if the signature is right and the claims are good now, and 1 if not.")]
pub(crate) struct Inspect {
    /// The token; without it, or with -, it is read from standard input
    token: Option<String>,
    /// Verify against the JWK Set in this file instead of the keys of this service
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
}

impl TokenCommand {
    pub(crate) async fn run(self, global: &Global) -> Result<(), Failure> {
        match self {
            Self::Inspect(inspect) => inspect.run(global).await,
        }
    }
}

impl Inspect {
    async fn run(&self, global: &Global) -> Result<(), Failure> {
        let token = read_token(self.token.as_deref())?;
        let token = token.expose().trim();
        if opaque::is_opaque(token) {
            return Err(Failure::new(
                "opaque_token",
                "this is an opaque token: only the server can open it; ask its introspection endpoint",
            ));
        }
        if let Some(key) = classic::key_id(token) {
            return Err(Failure::new(
                "classic_token",
                format!(
                    "this is a classic token, signed with a shared secret (HS256, key {key}): whoever has the secret can check it, and \
                     make it; ask the endpoint /token/introspect of the dialect classic"
                ),
            ));
        }
        let malformed = |error| Failure::new("malformed_token", format!("this is no JWT: {error}"));
        let header = UnverifiedHeader::peek(token).map_err(malformed)?;
        let claims = UnverifiedClaims::peek(token).map_err(malformed)?;
        let (keys, refused) = VerifyingKeys::from_jwk_set(&self.key_set(global).await?);

        let signature = jws::verify(token, &keys).map(|_| ());
        // Whose token it is, its issuer says; whether it is an access token that is good now, the profile does.
        let issuer = claims
            .members()
            .get("iss")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let validator = AccessTokenValidator::new(issuer, ExpectedAudience::JudgedByIssuer, 0);
        let profile = validator
            .verify(token, &keys, SystemClock.now())
            .map(|_| ());

        let verdict = |result: Result<(), String>| result.err().unwrap_or_else(|| "ok".into());
        let signature_verdict = verdict(signature.map_err(|error| error.to_string()));
        let profile_verdict = verdict(profile.map_err(|error| error.to_string()));
        let document = json!({
            "header": header.members(),
            "claims": claims.members(),
            "signature": signature_verdict,
            "access_token": profile_verdict,
            "unusable_keys": refused.len(),
        });
        let pretty = |value: &serde_json::Map<String, Value>| {
            serde_json::to_string_pretty(value).unwrap_or_default()
        };
        let text = format!(
            "Header\n{}\n\nClaims\n{}\n\nSignature     {signature_verdict}\nAccess token  {profile_verdict}\n\
            Revocation    not looked at; ask the introspection endpoint",
            pretty(header.members()),
            pretty(claims.members()),
        );
        print(global.format(), &text, &document)?;
        if signature_verdict == "ok" && profile_verdict == "ok" {
            Ok(())
        } else {
            Err(Failure::new(
                "invalid_token",
                "the token is not good; see above",
            ))
        }
    }

    async fn key_set(&self, global: &Global) -> Result<JwkSet, Failure> {
        let Some(file) = &self.jwks else {
            return Ok(global.provider().await?.provider.jwks());
        };
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new("jwks", format!("{}: {error}", file.display()))
        };
        let text = std::fs::read(file).map_err(|error| failed(&error))?;
        serde_json::from_slice(&text).map_err(|error| failed(&error))
    }
}

fn read_token(argument: Option<&str>) -> Result<Secret<String>, Failure> {
    match argument {
        Some(token) if token != "-" => Ok(Secret::new(token.to_owned())),
        _ => {
            let mut token = Secret::new(String::new());
            let limit = u64::try_from(MAX_TOKEN_LEN)
                .unwrap_or(u64::MAX)
                .saturating_add(2);
            io::stdin()
                .lock()
                .take(limit)
                .read_to_string(token.expose_mut())
                .map_err(|error| {
                    Failure::new("token", format!("cannot read the token: {error}"))
                })?;
            Ok(token)
        }
    }
}
