//! ID tokens that come back as hints (OpenID Connect Core §3.1.2.1).

use serde_json::{Map, Value};

use super::clients::{self, Client, Signing};
use super::{Fake, Sin, keys};

#[derive(Clone)]
pub(crate) struct Hint {
    pub(crate) client: &'static Client,
    pub(crate) sub: String,
    pub(crate) sid: String,
}

/// An ID token of ours, whatever its age.
pub(crate) fn read(fake: &Fake, token: &str) -> Option<Hint> {
    let claims = keys::unverified(token)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let client = clients::find(text("azp").or(text("aud"))?)?;
    let verified: Option<Map<String, Value>> = match client.id_tokens {
        Signing::Hs256 => keys::verify_with_secret(client.secret, token),
        Signing::Rs256 | Signing::Es256 => keys::verify(token),
    };
    let forged = fake.is(Sin::TakesForgedHints).then(|| claims.clone());
    let verified = verified.or(forged);
    verified.filter(|_| text("iss") == Some(fake.issuer.as_str()))?;
    Some(Hint {
        client,
        sub: text("sub")?.to_owned(),
        sid: text("sid")?.to_owned(),
    })
}
