//! `countersign key classic-secret`.

use clap::Args;
use countersign_core::{KeyId, KeyPurpose, ResourceUri};
use countersign_provider::{KeyError, KeyPhase, KeyStatus, Provider};
use serde_json::json;

use super::failed;
use crate::cli::Global;
use crate::output::{Failure, print, warn};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign key classic-secret\n      \
    For those who check classic tokens that name no resource.\n  \
    countersign key classic-secret --resource https://api.example.com\n  \
    countersign key classic-secret --key px3LQ_j_X2L_QZu1\n      \
    The secret to come, between key rotate and the time at which the new key takes over.\n\n\
    The text is itself the key of HS256 and is not to be decoded: jwt.verify(token, text). Whoever has it can make such \
    tokens, for this audience and no other. So the server believes no classic token by its signature: whoever is to act \
    on what a token allows asks at the introspection endpoint.")]
pub(crate) struct ClassicSecret {
    /// The resource whose tokens are to be checked [default: tokens that name none]
    #[arg(long, value_name = "URI")]
    resource: Option<ResourceUri>,
    /// The key, as `key list` names it [default: the active one]
    // One key id in 64 begins with a dash.
    #[arg(long, value_name = "KID", allow_hyphen_values = true)]
    key: Option<KeyId>,
    /// The issuer [default: that of the last server on these data]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
}

impl ClassicSecret {
    pub(super) async fn run(self, global: &Global) -> Result<(), Failure> {
        let (opened, issuer) = global.provider_as_served(self.issuer).await?;
        let provider = &opened.provider;
        let kid = match self.key {
            Some(kid) => kid,
            None => active(provider)?,
        };
        let secret = provider.classic_secret(Some(&kid), self.resource.as_ref());
        let secret = secret.ok_or_else(|| no_secret(provider, &kid))?;
        let what = self.resource.as_ref().map_or_else(
            || String::from("that name no resource"),
            |resource| format!("for {resource}"),
        );
        warn(
            global.format(),
            &format!("whoever has this secret can make classic tokens of {issuer} {what}"),
        );
        let mut document = json!({
            "kid": kid,
            "alg": "HS256",
            "iss": issuer.as_str(),
            "secret": secret.expose(),
        });
        if let Some(resource) = &self.resource {
            document["resource"] = resource.as_str().into();
        }
        // For people, too, nothing else: this is made to be handed on.
        print(global.format(), secret.expose(), &document)
    }
}

fn active(provider: &Provider) -> Result<KeyId, Failure> {
    let is_active =
        |key: &KeyStatus| key.purpose == KeyPurpose::ClassicTokens && key.phase == KeyPhase::Active;
    let active = provider.key_status().into_iter().find(is_active);
    active.map(|key| key.id).ok_or_else(|| {
        Failure::new(
            "keys",
            "no key of classic tokens is in use yet; see: countersign key list",
        )
    })
}

/// Why a key gives no secret.
fn no_secret(provider: &Provider, kid: &KeyId) -> Failure {
    let keys = provider.key_status();
    let why = match keys.iter().find(|key| key.id == *kid) {
        None => return failed(KeyError::Unknown(kid.clone())),
        Some(key) if key.purpose != KeyPurpose::ClassicTokens => format!(
            "is for {}: only keys for {} have such a secret",
            key.purpose,
            KeyPurpose::ClassicTokens
        ),
        Some(key) => format!(
            "is {}, and nothing that it made is accepted",
            key.phase.name()
        ),
    };
    Failure::new(
        "no_secret",
        format!("the key {kid} {why}; see: countersign key list"),
    )
}
