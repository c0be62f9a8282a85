//! ID tokens that come back as a hint: OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2.

use countersign_core::{Client, ClientId, Secret};
use countersign_jose::id_token::{self, HintClaims};
use countersign_jose::jws::{UnverifiedClaims, UnverifiedHeader};
use countersign_protocol::{ErrorCode, ErrorResponse, MAX_TOKEN_LEN};
use serde_json::Value;

use crate::Provider;
use crate::settings::CLOCK_SKEW;

/// An ID token of ours that may have expired, and the client for which it was made. Only this module can make one.
pub(crate) struct Hint {
    claims: HintClaims,
    client: Client,
}

impl Hint {
    /// What it says.
    pub(crate) const fn claims(&self) -> &HintClaims {
        &self.claims
    }

    /// The client for which it was made.
    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }
}

fn not_good() -> ErrorResponse {
    ErrorResponse::new(
        ErrorCode::InvalidRequest,
        "the id_token_hint is not an ID token of this issuer for this client",
    )
}

impl Provider {
    /// The subject of an ID token that `client` gives as a hint.
    pub(crate) async fn subject_of_hint(
        &self,
        client: &Client,
        token: &Secret<String>,
    ) -> Result<String, ErrorResponse> {
        let hint = self.read_hint(token).await?;
        if hint.client.id != client.id {
            return Err(not_good());
        }
        Ok(hint.claims.sub)
    }

    /// Reads an ID token that comes back as a hint: signature, issuer and type are judged, its age is not.
    pub(crate) async fn read_hint(&self, token: &Secret<String>) -> Result<Hint, ErrorResponse> {
        let text = token.expose();
        if text.len() > MAX_TOKEN_LEN {
            return Err(not_good());
        }
        // Which client it claims to be for is believed only once the token has been verified.
        let claimed = UnverifiedClaims::peek(text).map_err(|_| not_good())?;
        let audience = claimed.members().get("aud").and_then(Value::as_str);
        let id: ClientId = audience
            .unwrap_or_default()
            .parse()
            .map_err(|_| not_good())?;
        let known = self.known_client(id.as_str()).await?.ok_or_else(not_good)?;
        let client = known.client.clone();
        let header = UnverifiedHeader::peek(text).map_err(|_| not_good())?;
        let claims = if header.alg() == Some("HS256") {
            self.read_hs256_hint(text, &client)
        } else {
            self.read_signed_hint(text)
        };
        let claims = claims.ok_or_else(not_good)?;
        if claims.aud != [id.as_str()] {
            return Err(not_good());
        }
        Ok(Hint { claims, client })
    }

    fn read_signed_hint(&self, text: &str) -> Option<HintClaims> {
        let now = self.clock.now();
        let ring = self.keys.at(now);
        let issuer = self.settings.issuer.as_str();
        id_token::read_hint(text, &ring.view().verifying, issuer, now, CLOCK_SKEW).ok()
    }

    fn read_hs256_hint(&self, text: &str, client: &Client) -> Option<HintClaims> {
        let now = self.clock.now();
        let issuer = self.settings.issuer.as_str();
        self.sealed_secrets(client).iter().find_map(|secret| {
            id_token::read_hint_hs256(text, secret, issuer, now, CLOCK_SKEW).ok()
        })
    }
}
