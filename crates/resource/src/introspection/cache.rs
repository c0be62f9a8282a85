//! Answers that are believed again for a few seconds.

use countersign_core::Timestamp;
use countersign_jose::digest;
use quick_cache::sync::Cache;

use crate::AccessToken;

/// What an answer depends on beside the token (attack class 32).
#[derive(Clone, Copy)]
pub(super) struct Asked<'config> {
    pub(super) endpoint: &'config str,
    pub(super) client_id: &'config str,
    pub(super) issuer: &'config str,
    pub(super) audience: &'config [String],
    pub(super) accept_missing_audience: bool,
}

/// Which answer it is: a SHA-256 over the whole token and all that influences the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

impl Key {
    /// The key of the answer for `token`. Each part stands behind its length, so that none runs into the next.
    pub(super) fn of(token: &str, asked: Asked<'_>) -> Self {
        let mut bytes = Vec::with_capacity(256);
        let mut push = |text: &str| {
            bytes.extend((text.len() as u64).to_be_bytes());
            bytes.extend(text.as_bytes());
        };
        push(asked.endpoint);
        push(asked.client_id);
        push(asked.issuer);
        push(if asked.accept_missing_audience {
            "1"
        } else {
            "0"
        });
        for audience in asked.audience {
            push(audience);
        }
        bytes.extend(digest::sha256(token.as_bytes()));
        Self(digest::sha256(&bytes))
    }
}

/// Tokens that were found good a moment ago. Bounded: the least useful make room. What was refused is not kept.
pub(super) struct Answers {
    tokens: Cache<Key, Entry>,
    max_age: i64,
}

#[derive(Clone)]
struct Entry {
    token: AccessToken,
    since: Timestamp,
    until: Timestamp,
}

impl Answers {
    /// At most `capacity` answers, each for at most `max_age` seconds.
    pub(super) fn new(capacity: usize, max_age: u32) -> Self {
        Self {
            tokens: Cache::new(capacity),
            max_age: max_age.into(),
        }
    }

    /// The token, if the answer is young enough. A clock that was set back makes it no younger.
    pub(super) fn get(&self, key: &Key, now: Timestamp) -> Option<AccessToken> {
        let entry = self.tokens.get(key)?;
        if entry.since <= now && now < entry.until {
            return Some(entry.token);
        }
        self.tokens.remove(key);
        None
    }

    /// Whether an answer to a question of `since` may still be believed at `now`.
    pub(super) fn is_young(&self, since: Timestamp, now: Timestamp) -> bool {
        (0..self.max_age).contains(&now.since(since))
    }

    /// Keeps `token`, which was asked about at `now`; never beyond its `exp`, which gets no leeway here.
    pub(super) fn remember(&self, key: Key, token: &AccessToken, now: Timestamp) {
        let oldest = now.plus(self.max_age);
        let until = token.expires_at().map_or(oldest, |exp| exp.min(oldest));
        // What is good by the leeway alone makes nothing else go.
        if now < until {
            let entry = Entry {
                token: token.clone(),
                since: now,
                until,
            };
            self.tokens.insert(key, entry);
        }
    }

    /// Forgets what was not good any more.
    pub(super) fn forget(&self, key: &Key) {
        self.tokens.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::Scope;
    use serde_json::Map;

    use super::*;
    use crate::token::TokenParts;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn what_could_not_be_got_is_not_kept() {
        let token = |expires_at| {
            AccessToken::from_parts(TokenParts {
                issuer: None,
                subject: None,
                client_id: None,
                audience: vec![],
                scope: Scope::empty(),
                expires_at,
                issued_at: None,
                not_before: None,
                id: None,
                further: Map::new(),
            })
        };
        // Seconds that the token has left: those below 1 are good by the leeway alone.
        for (left, kept) in [(None, 1), (Some(1), 1), (Some(0), 0), (Some(-5), 0)] {
            let answers = Answers::new(10, 60);
            let expires_at = left.map(|left| NOW.plus(left));
            answers.remember(Key([0; 32]), &token(expires_at), NOW);
            assert_eq!(answers.tokens.len(), kept, "{left:?}");
        }
    }

    #[test]
    fn f32_the_key_is_of_everything_that_the_answer_depends_on() {
        let audience = ["urn:a".to_owned(), "urn:b".to_owned()];
        let joined = ["urn:aurn:b".to_owned()];
        let asked = Asked {
            endpoint: "https://as.example/introspect",
            client_id: "api",
            issuer: "https://as.example",
            audience: &audience,
            accept_missing_audience: false,
        };
        let keys = [
            Key::of("token", asked),
            Key::of("toke", asked),
            Key::of("tokeN", asked),
            Key::of(
                "token",
                Asked {
                    endpoint: "https://as.example/other",
                    ..asked
                },
            ),
            Key::of(
                "token",
                Asked {
                    client_id: "other",
                    ..asked
                },
            ),
            Key::of(
                "token",
                Asked {
                    client_id: "apih",
                    issuer: "ttps://as.example",
                    ..asked
                },
            ),
            Key::of(
                "token",
                Asked {
                    issuer: "https://other.example",
                    ..asked
                },
            ),
            Key::of(
                "token",
                Asked {
                    audience: &audience[..1],
                    ..asked
                },
            ),
            Key::of(
                "token",
                Asked {
                    audience: &joined,
                    ..asked
                },
            ),
            Key::of(
                "token",
                Asked {
                    accept_missing_audience: true,
                    ..asked
                },
            ),
        ];
        for (index, key) in keys.iter().enumerate() {
            let same = keys.iter().filter(|other| *other == key).count();
            assert_eq!(same, 1, "key {index} is that of another question");
        }
        assert_eq!(Key::of("token", asked), keys[0]);
    }
}
