//! By which `sub` a client knows a user (OpenID Connect Core §8).

use super::clients::Client;
use super::people::User;
use super::{Fake, Sin, keys};

pub(crate) fn of(fake: &Fake, client: &Client, user: &User) -> String {
    match fake.sin {
        Sin::SubjectChanges => keys::random(22),
        Sin::LongSubject => user.sub.repeat(50),
        _ if !client.pairwise || fake.is(Sin::PairwiseIsPublic) => user.sub.to_owned(),
        _ => keys::sha256(&format!("{} {} salt", sector(client), user.sub)),
    }
}

/// The host of its redirect URIs.
fn sector(client: &Client) -> &str {
    let uri = client.redirect_uris.first().copied().unwrap_or_default();
    uri.split('/').nth(2).unwrap_or_default()
}
