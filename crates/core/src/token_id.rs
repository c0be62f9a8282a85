//! Identifiers that the service draws itself.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::{Random, Timestamp};

/// The internal id of a stored thing: a `UUIDv7`, so rows lie in the order in which they came (DESIGN §3).
///
/// Never reused: a client that is removed and added again under its old name is another entity (RULES R10).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntityId(Uuid);

impl EntityId {
    /// A new id, ordered by `now` and unique by 74 random bits (RFC 9562 §5.7). Ids of one second have no order among
    /// themselves; [`EntityIds`] gives ids that have.
    #[must_use]
    pub fn generate(now: Timestamp, random: &dyn Random) -> Self {
        let milliseconds = milliseconds(now);
        Self(uuid::Builder::from_unix_timestamp_millis(milliseconds, &random.bytes()).into_uuid())
    }

    /// The id whose 16 bytes are `bytes`.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The 16 bytes of the id.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

fn milliseconds(now: Timestamp) -> u64 {
    u64::try_from(now.as_seconds())
        .unwrap_or(0)
        .saturating_mul(1_000)
}

/// A source of ids that are ordered as they were made, within one second too (RFC 9562 §6.2, method 1): new rows lie
/// behind all older ones, where writing them costs least.
///
/// ```
/// # use countersign_core::{EntityIds, Random, Timestamp};
/// # struct Ones;
/// # impl Random for Ones { fn fill(&self, buffer: &mut [u8]) { buffer.fill(1); } }
/// let ids = EntityIds::new();
/// let now = Timestamp::from_seconds(1_800_000_000);
/// assert!(ids.next(now, &Ones) < ids.next(now, &Ones));
/// ```
#[derive(Debug, Default)]
pub struct EntityIds {
    /// The milliseconds and the 12 bits behind them of the latest id. There are four million places in a second.
    latest: AtomicU64,
}

/// How many bits of an id count the ids of one millisecond.
const COUNTER_BITS: u32 = 12;

impl EntityIds {
    /// A source that has given no id yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            latest: AtomicU64::new(0),
        }
    }

    /// The next id: not before `now`, behind all that this source gave before, and unique by 62 random bits.
    #[must_use]
    pub fn next(&self, now: Timestamp, random: &dyn Random) -> EntityId {
        let earliest = milliseconds(now) << COUNTER_BITS;
        let mut latest = self.latest.load(Ordering::Relaxed);
        let place = loop {
            let place = earliest.max(latest + 1);
            let taken = self.latest.compare_exchange_weak(
                latest,
                place,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            match taken {
                Ok(_) => break place,
                Err(newer) => latest = newer,
            }
        };
        let mut rest: [u8; 10] = random.bytes();
        let counter = place & ((1 << COUNTER_BITS) - 1);
        rest[..2].copy_from_slice(&counter.to_be_bytes()[6..]);
        let id = uuid::Builder::from_unix_timestamp_millis(place >> COUNTER_BITS, &rest);
        EntityId(id.into_uuid())
    }
}

/// Why a text is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an id has 36 characters, such as 0197a3c2-5d6e-7f80-9a1b-2c3d4e5f6071")]
pub struct EntityIdError;

impl FromStr for EntityId {
    type Err = EntityIdError;

    /// Takes the one spelling that `Display` writes: hyphens, lower case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = Uuid::try_parse(text).map(Self).map_err(|_| EntityIdError)?;
        if id.to_string() == text {
            Ok(id)
        } else {
            Err(EntityIdError)
        }
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The id of a grant: one authorization of one client by one user, or by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrantId(EntityId);

impl GrantId {
    /// What tokens carry that stand on no stored grant: those of the client credentials grant (RULES A1).
    pub const NONE: Self = Self(EntityId::from_bytes([0; 16]));

    /// The id whose 16 bytes are `bytes`.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(EntityId::from_bytes(bytes))
    }

    /// The 16 bytes of the id.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl From<EntityId> for GrantId {
    fn from(id: EntityId) -> Self {
        Self(id)
    }
}

impl FromStr for GrantId {
    type Err = EntityIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A number that grows whenever everything issued to an entity so far is to end (RULES A1).
///
/// The store draws epochs from one sequence for all entities, so no two clients ever share one: a token that
/// carries the epoch of a removed client never comes back to life with a new client of the same name (RULES R10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(u64);

impl Epoch {
    /// The epoch with this number.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The number of the epoch.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// The `jti` of an access token (RULES A1): which grant it stands on, under which epoch of its client it was
/// minted, and 96 random bits that tell it from all others.
///
/// One indexed read on these three answers whether the token is live. On the wire it is 48 base64url characters.
///
/// ```
/// use countersign_core::TokenId;
///
/// let text = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHAQIDBAUGBwgJCgsM";
/// let id: TokenId = text.parse()?;
/// assert_eq!(id.client_epoch().number(), 7);
/// assert_eq!(id.to_string(), text);
/// # Ok::<(), countersign_core::TokenIdError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId([u8; TokenId::LEN]);

/// Why a text is no token id of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a token id of this service")]
pub struct TokenIdError;

impl TokenId {
    /// Bytes in a token id: 16 of the grant, 8 of the epoch, 12 random.
    pub const LEN: usize = 36;

    /// A new id for a token that stands on `grant`, minted under `client_epoch`.
    #[must_use]
    pub fn generate(grant: GrantId, client_epoch: Epoch, random: &dyn Random) -> Self {
        Self::from_parts(grant, client_epoch, random.bytes())
    }

    /// The id with these parts, for whoever has drawn its randomness before.
    #[must_use]
    pub fn from_parts(grant: GrantId, client_epoch: Epoch, drawn: [u8; 12]) -> Self {
        let mut bytes = [0; Self::LEN];
        bytes[..16].copy_from_slice(grant.as_bytes());
        bytes[16..24].copy_from_slice(&client_epoch.number().to_be_bytes());
        bytes[24..].copy_from_slice(&drawn);
        Self(bytes)
    }

    /// The bytes of the id.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The grant on which the token stands; [`GrantId::NONE`] for client credentials.
    #[must_use]
    pub fn grant(&self) -> GrantId {
        let mut grant = [0; 16];
        grant.copy_from_slice(&self.0[..16]);
        GrantId(EntityId::from_bytes(grant))
    }

    /// The epoch of the client under which the token was minted.
    #[must_use]
    pub fn client_epoch(&self) -> Epoch {
        let mut epoch = [0; 8];
        epoch.copy_from_slice(&self.0[16..24]);
        Epoch(u64::from_be_bytes(epoch))
    }
}

impl FromStr for TokenId {
    type Err = TokenIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; Self::LEN];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(Self::LEN) => Ok(Self(bytes)),
            _ => Err(TokenIdError),
        }
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Ones;

    impl Random for Ones {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(1);
        }
    }

    #[test]
    fn rule_a1_token_id_carries_grant_epoch_and_96_random_bits() {
        let id = TokenId::generate(GrantId::NONE, Epoch::from_number(258), &Ones);
        assert_eq!(id.grant(), GrantId::NONE);
        assert_eq!(id.client_epoch(), Epoch::from_number(258));
        assert_eq!(id.as_bytes()[24..], [1; 12]);
        assert_eq!(id.to_string().len(), 48);
    }

    #[test]
    fn rule_a6_an_entity_id_has_one_spelling() {
        let text = "0197a3c2-5d6e-7f80-9a1b-2c3d4e5f6071";
        assert_eq!(
            text.parse::<EntityId>().map(|id| id.to_string()),
            Ok(text.into())
        );
        for other in [
            "0197A3C2-5D6E-7F80-9A1B-2C3D4E5F6071",
            "0197a3c25d6e7f809a1b2c3d4e5f6071",
            "{0197a3c2-5d6e-7f80-9a1b-2c3d4e5f6071}",
            "urn:uuid:0197a3c2-5d6e-7f80-9a1b-2c3d4e5f6071",
            "",
        ] {
            assert_eq!(other.parse::<EntityId>(), Err(EntityIdError), "{other}");
        }
    }

    #[test]
    fn entity_ids_are_version_7_and_ordered_by_time() {
        let id = |seconds| EntityId::generate(Timestamp::from_seconds(seconds), &Ones);
        assert!(id(1_000) < id(1_001));
        assert_eq!(id(1_000).as_bytes()[6] >> 4, 7);
    }

    #[test]
    fn ids_of_one_source_are_ordered_as_they_were_made() {
        let ids = EntityIds::new();
        // Ten thousand in a second, then a clock that goes back, then on.
        let mut all = Vec::new();
        for (seconds, count) in [(1_000, 10_000), (999, 10), (1_001, 10)] {
            let now = Timestamp::from_seconds(seconds);
            all.extend((0..count).map(|_| (now, ids.next(now, &Ones))));
        }
        assert!(all.windows(2).all(|pair| pair[0].1 < pair[1].1));
        let (now, last) = all[all.len() - 1];
        assert!(
            last > EntityId::generate(now.plus(-1), &Ones),
            "not before its time"
        );
        assert!(
            last < EntityId::generate(now.plus(1), &Ones),
            "and not ahead of it"
        );
        assert_eq!(last.as_bytes()[6] >> 4, 7);
    }

    #[test]
    fn no_two_threads_get_the_same_place() {
        let ids = EntityIds::new();
        let now = Timestamp::from_seconds(1_000);
        let mut all: Vec<EntityId> = std::thread::scope(|scope| {
            let make = || (0..1_000).map(|_| ids.next(now, &Ones)).collect::<Vec<_>>();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
            let joined = threads.into_iter().map(|thread| thread.join().unwrap());
            joined.flatten().collect()
        });
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 4_000, "with the same randomness for all");
    }

    proptest! {
        #[test]
        fn one_spelling_per_token_id(text in "[A-Za-z0-9_=+/-]{40,52}") {
            if let Ok(id) = text.parse::<TokenId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
