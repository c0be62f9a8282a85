//! Of what failures are counted, and how that is hidden from storage.

use std::net::IpAddr;

use countersign_jose::mac::MacKey;
use countersign_storage::ThrottleSubject;

use super::ThrottleSettings;

/// The most bytes of a name that tell it from others. No name is longer; a text that is may be that of nobody, and must
/// not be dear to hash.
const MAX_NAME_BYTES: usize = 512;

/// Who somebody claims to be. The text is what was typed, which nobody may have as a name.
#[derive(Clone, Copy)]
pub(crate) enum Account<'a> {
    /// The user of this name.
    User(&'a str),
    /// The client with this id.
    Client(&'a str),
    /// The user of this name, at the door of the wazo dialect. It is open to everybody, so what happens there slows nobody
    /// down elsewhere (RULES D2).
    Wazo(&'a str),
}

impl Account<'_> {
    const fn kind(&self) -> Kind {
        match self {
            Self::User(_) => Kind::User,
            Self::Client(_) => Kind::Client,
            Self::Wazo(_) => Kind::Wazo,
        }
    }

    fn name(&self) -> &[u8] {
        let (Self::User(name) | Self::Client(name) | Self::Wazo(name)) = self;
        &name.as_bytes()[..name.len().min(MAX_NAME_BYTES)]
    }
}

/// What a subject is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Client,
    Wazo,
    /// An account at an address from which it was proven.
    Pair,
    Address,
}

impl Kind {
    /// The name in the log and in the hash.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Client => "client",
            Self::Wazo => "wazo",
            Self::Pair => "pair",
            Self::Address => "address",
        }
    }

    /// How many failures are free.
    pub(super) const fn free(self, settings: &ThrottleSettings) -> u32 {
        match self {
            Self::User | Self::Client | Self::Wazo | Self::Pair => settings.account_failures,
            Self::Address => settings.address_failures,
        }
    }
}

/// Something of which failures are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) kind: Kind,
    pub(super) id: ThrottleSubject,
}

impl Subject {
    fn new(key: &MacKey, kind: Kind, parts: [&[u8]; 3]) -> Self {
        let [one, two, three] = parts;
        let tag = key.mac(&[kind.name().as_bytes(), one, two, three]);
        let mut id = [0; 16];
        id.copy_from_slice(&tag[..16]);
        Self {
            kind,
            id: ThrottleSubject::from_bytes(id),
        }
    }

    pub(super) fn account(key: &MacKey, account: Account<'_>) -> Self {
        Self::new(key, account.kind(), [account.name(), &[], &[]])
    }

    pub(super) fn address(key: &MacKey, address: IpAddr) -> Self {
        Self::new(key, Kind::Address, [&network(address), &[], &[]])
    }

    pub(super) fn pair(key: &MacKey, account: Account<'_>, address: IpAddr) -> Self {
        let kind = account.kind().name().as_bytes();
        Self::new(key, Kind::Pair, [kind, account.name(), &network(address)])
    }
}

/// What of an address belongs to one party: all of an IPv4 address, in whichever notation; of an IPv6 address the /64,
/// in which its owner may take any address.
fn network(address: IpAddr) -> [u8; 16] {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => (address.to_bits() & (u128::MAX << 64)).to_be_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::Secret;

    use super::*;

    fn key() -> MacKey {
        MacKey::new(Secret::new([7; 32]))
    }

    #[test]
    fn rule_s5_an_address_is_all_of_ipv4_and_a_64_of_ipv6() {
        let address = |text: &str| Subject::address(&key(), text.parse().unwrap());
        let same = [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1", "::ffff:192.0.2.1"),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ];
        for (one, other) in same {
            assert_eq!(address(one), address(other), "{one} and {other}");
        }
        let different = [
            ("192.0.2.1", "192.0.2.2"),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2"),
            ("0.0.0.0", "::"),
            ("2001:db8:1:2::1", "2001:db8:1:3::1"),
        ];
        for (one, other) in different {
            assert_ne!(address(one), address(other), "{one} and {other}");
        }
    }

    #[test]
    fn rule_s5_subjects_of_different_kinds_are_different() {
        let home = "192.0.2.1".parse().unwrap();
        let away = "192.0.2.2".parse().unwrap();
        let subjects = [
            Subject::account(&key(), Account::User("x")),
            Subject::account(&key(), Account::Client("x")),
            Subject::account(&key(), Account::User("y")),
            Subject::pair(&key(), Account::User("x"), home),
            Subject::pair(&key(), Account::Client("x"), home),
            Subject::pair(&key(), Account::User("x"), away),
            Subject::address(&key(), home),
            Subject::address(&MacKey::new(Secret::new([8; 32])), home),
        ];
        for (index, subject) in subjects.iter().enumerate() {
            let earlier = &subjects[..index];
            assert!(earlier.iter().all(|it| it.id != subject.id), "{index}");
        }
    }

    #[test]
    fn a_long_text_is_told_apart_by_its_beginning_only() {
        let account = |text: &str| Subject::account(&key(), Account::User(text));
        let long = "é".repeat(40_000);
        assert_eq!(account(&long), account(&(long.clone() + "x")));
        assert_ne!(account(&long), account(&long[..MAX_NAME_BYTES - 2]));
    }
}
