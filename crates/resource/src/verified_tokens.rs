//! Tokens whose signature was found right, so that it need not be computed again.

use countersign_core::Timestamp;
use countersign_jose::{VerifyingKey, VerifyingKeys, digest};
use quick_cache::sync::Cache;

use crate::AccessToken;

/// The tokens that one validator found good. Bounded: the least useful make room.
///
/// It belongs to one issuer, one set of audiences and one leeway, all of which the validator fixes, so the whole token is
/// all that the answer depends on (attack class 32). What was refused is not kept: who sends rubbish fills nothing.
pub(crate) struct VerifiedTokens(Cache<[u8; 32], Entry>);

#[derive(Clone)]
struct Entry {
    token: AccessToken,
    key: VerifyingKey,
    /// From when until when the token was good, as seen from the validator, which knows about its leeway.
    from: Timestamp,
    until: Timestamp,
}

/// Which token it is, all of it. The text itself is not kept.
#[derive(Clone, Copy)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) fn of(token: &str) -> Self {
        Self(digest::sha256(token.as_bytes()))
    }
}

impl VerifiedTokens {
    /// Keeps at most `capacity` tokens.
    pub(crate) fn new(capacity: usize) -> Self {
        Self(Cache::new(capacity))
    }

    /// The token, if it was found good before, its time has not passed, and its key is still the one under its `kid`.
    pub(crate) fn get(
        &self,
        fingerprint: &Fingerprint,
        keys: &VerifyingKeys,
        now: Timestamp,
    ) -> Option<AccessToken> {
        let entry = self.0.get(&fingerprint.0)?;
        // CVE-2025-31123: a key that was removed or replaced ends what it has signed, at once.
        let still_there = keys.get(entry.key.kid()).is_some_and(|key| {
            key.thumbprint() == entry.key.thumbprint() && key.algorithm() == entry.key.algorithm()
        });
        if still_there && entry.from <= now && now < entry.until {
            return Some(entry.token);
        }
        self.0.remove(&fingerprint.0);
        None
    }

    /// Keeps `token`, which `key` has just verified.
    pub(crate) fn remember(
        &self,
        fingerprint: Fingerprint,
        token: &AccessToken,
        key: &VerifyingKey,
        leeway_seconds: u32,
    ) {
        let leeway = i64::from(leeway_seconds);
        let begins = token.not_before().max(token.issued_at());
        let (Some(begins), Some(expires)) = (begins, token.expires_at()) else {
            return;
        };
        let entry = Entry {
            token: token.clone(),
            key: key.clone(),
            from: begins.plus(-leeway),
            until: expires.plus(leeway),
        };
        self.0.insert(fingerprint.0, entry);
    }
}

#[cfg(test)]
mod tests {
    use countersign_jose::{SigningAlgorithm, SigningKey};
    use serde_json::Map;

    use super::*;
    use crate::token::TokenParts;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn token(expires_at: Option<Timestamp>) -> AccessToken {
        AccessToken::from_parts(TokenParts {
            issuer: None,
            subject: None,
            client_id: None,
            audience: vec![],
            scope: countersign_core::Scope::empty(),
            expires_at,
            issued_at: Some(NOW),
            not_before: None,
            id: None,
            further: Map::new(),
        })
    }

    #[test]
    fn strangers_and_friends_fill_no_memory() {
        let (key, _) = SigningKey::generate(SigningAlgorithm::EdDsa).unwrap();
        let keys = VerifyingKeys::new([key.verifying_key()]).unwrap();
        let good = token(Some(NOW.plus(600)));
        for capacity in [1, 10, 100] {
            let verified = VerifiedTokens::new(capacity);
            for index in 0..1000 {
                let fingerprint = Fingerprint::of(&index.to_string());
                verified.remember(fingerprint, &good, &key.verifying_key(), 0);
            }
            assert!((1..=capacity).contains(&verified.0.len()), "{capacity}");
            // What has ended leaves when it is asked for.
            for index in 0..1000 {
                let fingerprint = Fingerprint::of(&index.to_string());
                assert!(verified.get(&fingerprint, &keys, NOW.plus(600)).is_none());
            }
            assert_eq!(verified.0.len(), 0);
        }
    }

    #[test]
    fn what_never_ends_is_not_kept() {
        let (key, _) = SigningKey::generate(SigningAlgorithm::EdDsa).unwrap();
        let verified = VerifiedTokens::new(10);
        verified.remember(Fingerprint::of("a"), &token(None), &key.verifying_key(), 0);
        assert!(verified.0.is_empty());
    }
}
