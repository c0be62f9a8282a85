//! When a key set that is published elsewhere has to be fetched: the rules, without the fetching.
//!
//! Whoever checks tokens by keys that others publish asks [`RemoteKeySet::need`] before each of them, and fetches only if
//! that says so: never for a token whose key is at hand and fresh, once in a while for a `kid` that nobody knows, and never
//! at the pace at which strangers send tokens. A failed fetch takes away no keys, until they are older than anybody
//! answers for.
//!
//! Nothing here waits or locks: to fetch once for all who need it, hold a [`RemoteKeySet`] behind a lock and call
//! [`begin`](RemoteKeySet::begin) under it.
//!
//! ```
//! use countersign_core::Timestamp;
//! use countersign_jose::VerifyingKeys;
//! use countersign_jose::remote_key_set::{FetchRules, Need, RemoteKeySet};
//!
//! let now = Timestamp::from_seconds(1_800_000_000);
//! let mut set = RemoteKeySet::new(FetchRules::default());
//! assert_eq!(set.need(Some("1"), now), Need::Now);
//!
//! set.begin(now);
//! let (keys, _) = VerifyingKeys::from_json(br#"{"keys": [
//!     {"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
//! ]}"#, None)?;
//! set.took(keys, Some(600), now);
//! assert_eq!(set.need(Some("1"), now.plus(599)), Need::None);
//! assert!(set.keys(now.plus(599)).is_some_and(|keys| keys.get("1").is_some()));
//!
//! // A key that nobody knows is asked for, but not at any pace.
//! assert_eq!(set.need(Some("2"), now.plus(29)), Need::None);
//! assert_eq!(set.need(Some("2"), now.plus(30)), Need::Now);
//! // When the answer is old, the keys still serve while the next one is on its way.
//! assert_eq!(set.need(Some("1"), now.plus(600)), Need::Behind);
//! # Ok::<(), countersign_jose::JwkSetError>(())
//! ```

use std::sync::Arc;

use countersign_core::Timestamp;

use crate::VerifyingKeys;

/// How long fetched keys are good, and how often they are asked for. All in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchRules {
    /// How long an answer is fresh that does not say so.
    pub default_max_age: u32,
    /// How long an answer is fresh at least, whatever it says.
    pub min_max_age: u32,
    /// How long an answer is fresh at most, whatever it says.
    pub max_max_age: u32,
    /// The least time between two attempts. While there are no keys at all, the first failures wait for less: 1 second,
    /// then 2, 4 and so on.
    pub cool_down: u32,
    /// How long keys are used after the answer that they came with, if none follows. If half of that is over, they are asked
    /// for again though they be fresh, so that an outage does not begin on its last second.
    pub keep_stale: u32,
}

impl Default for FetchRules {
    fn default() -> Self {
        Self {
            default_max_age: 300,
            min_max_age: 30,
            max_max_age: 86_400,
            cool_down: 30,
            keep_stale: 86_400,
        }
    }
}

/// What has to be done before a token can be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: judge it by the keys at hand.
    None,
    /// Judge it by the keys at hand, and fetch them anew meanwhile.
    Behind,
    /// Fetch, and judge it by what comes.
    Now,
    /// There are no keys to judge it by, and it is too early to ask again.
    Wait,
}

/// What is known of a key set that is published elsewhere, and when it was asked for.
#[derive(Clone, Debug)]
pub struct RemoteKeySet {
    rules: FetchRules,
    held: Option<Held>,
    pause: Option<Pause>,
    /// How many attempts have failed since the last good one.
    failures: u32,
}

/// The keys of the last good answer.
#[derive(Clone, Debug)]
struct Held {
    keys: Arc<VerifyingKeys>,
    since: Timestamp,
    fresh_for: u32,
    used_for: u32,
}

/// The time in which there is no further attempt.
#[derive(Clone, Copy, Debug)]
struct Pause {
    since: Timestamp,
    seconds: u32,
}

/// By how many seconds two readers of one clock may overtake each other. What goes back further is a clock that was set.
const OVERTAKING: i64 = 5;

/// Whether less than `seconds` have passed since `start`. A clock that was set back ends whatever lasts, since nobody knows
/// how long it has been.
fn lasts(start: Timestamp, seconds: u32, now: Timestamp) -> bool {
    (-OVERTAKING..i64::from(seconds)).contains(&now.since(start))
}

impl RemoteKeySet {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(rules: FetchRules) -> Self {
        Self {
            rules,
            held: None,
            pause: None,
            failures: 0,
        }
    }

    /// What has to be done before a token can be judged that names the key `kid`, or none.
    #[must_use]
    pub fn need(&self, kid: Option<&str>, now: Timestamp) -> Need {
        let may_ask = self.may_ask(now);
        let Some(held) = self.usable(now) else {
            return if may_ask { Need::Now } else { Need::Wait };
        };
        if !may_ask {
            return Need::None;
        }
        if kid.is_some_and(|kid| held.keys.get(kid).is_none()) {
            return Need::Now;
        }
        if lasts(held.since, held.fresh_for, now) {
            Need::None
        } else {
            Need::Behind
        }
    }

    /// Whether it is not too early for another attempt: for whoever doubts the keys at hand for a reason of his own, such as a
    /// signature that none of them has made.
    #[must_use]
    pub fn may_ask(&self, now: Timestamp) -> bool {
        self.pause
            .is_none_or(|pause| !lasts(pause.since, pause.seconds, now))
    }

    /// The keys at hand, unless they are too old to be used.
    #[must_use]
    pub fn keys(&self, now: Timestamp) -> Option<Arc<VerifyingKeys>> {
        self.usable(now).map(|held| Arc::clone(&held.keys))
    }

    /// An attempt to fetch begins: from now on it is too early for another one.
    pub fn begin(&mut self, now: Timestamp) {
        self.pause = Some(Pause {
            since: now,
            seconds: self.rules.cool_down,
        });
        // The clock was set back: these keys are as old as those that are asked for again.
        if let Some(held) = &mut self.held
            && now.since(held.since) < -OVERTAKING
        {
            held.since = now.plus(-i64::from(held.fresh_for));
        }
    }

    /// The attempt brought `keys`, which say that they are fresh for `max_age` seconds. They replace those at hand, and an
    /// empty set does, too: who publishes no key any more has revoked them all.
    pub fn took(&mut self, keys: VerifyingKeys, max_age: Option<u32>, now: Timestamp) {
        self.hold(Arc::new(keys), max_age, now);
    }

    /// The attempt brought the answer that nothing has changed (RFC 9110 §15.4.5). If there is nothing that could have
    /// changed, it has failed.
    pub fn unchanged(&mut self, max_age: Option<u32>, now: Timestamp) {
        match &self.held {
            Some(held) => self.hold(Arc::clone(&held.keys), max_age, now),
            None => self.failed(now),
        }
    }

    /// The attempt brought no key set.
    pub fn failed(&mut self, now: Timestamp) {
        // 1, 2, 4 and so on; what does not fit is longer than any pause.
        let seconds = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        self.failures = self.failures.saturating_add(1);
        if self.usable(now).is_none() {
            self.pause = Some(Pause {
                since: now,
                seconds: seconds.min(self.rules.cool_down),
            });
        }
    }

    fn hold(&mut self, keys: Arc<VerifyingKeys>, max_age: Option<u32>, now: Timestamp) {
        let rules = &self.rules;
        let max_age = max_age.map_or(rules.default_max_age, |max_age| {
            max_age.min(rules.max_max_age).max(rules.min_max_age)
        });
        let used_for = rules.keep_stale.max(max_age);
        self.held = Some(Held {
            keys,
            since: now,
            fresh_for: max_age.min(used_for / 2),
            used_for,
        });
        self.failures = 0;
    }

    fn usable(&self, now: Timestamp) -> Option<&Held> {
        self.held
            .as_ref()
            .filter(|held| now.since(held.since) < i64::from(held.used_for))
    }
}
