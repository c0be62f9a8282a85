//! Which addresses belong to the public internet, and to nobody's inside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// Whether anybody on the internet reaches the same machine at this address as this server does: a global unicast address,
/// as the registries of RFC 6890 have it, of no special purpose.
///
/// An address of IPv6 that stands for one of IPv4 is not public, whichever that is: a machine with a public address of IPv4
/// has a name that leads to it as such.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|it| it.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_UNICAST_V6.contains(&address)
                && !NOT_PUBLIC_V6.iter().any(|it| it.contains(&address))
        }
    }
}

const fn v4(a: u8, b: u8, c: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), length)
}

const fn v6(a: u16, b: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), length)
}

/// The IANA IPv4 Special-Purpose Address Registry, multicast, and what else leads inside.
#[rustfmt::skip]
const NOT_PUBLIC_V4: [Ipv4Net; 16] = [
    v4(0, 0, 0, 8),        // this network; 0.0.0.0 is this machine
    v4(10, 0, 0, 8),       // private
    v4(100, 64, 0, 10),    // behind the NAT of a carrier
    v4(127, 0, 0, 8),      // loopback
    // Not in the registry: where the host of a virtual machine of Azure answers it, and nobody else.
    Ipv4Net::new_assert(Ipv4Addr::new(168, 63, 129, 16), 32),
    v4(169, 254, 0, 16),   // link local, with the metadata of cloud providers
    v4(172, 16, 0, 12),    // private
    v4(192, 0, 0, 24),     // protocol assignments
    v4(192, 0, 2, 24),     // documentation
    v4(192, 88, 99, 24),   // relays of 6to4
    v4(192, 168, 0, 16),   // private
    v4(198, 18, 0, 15),    // benchmarks
    v4(198, 51, 100, 24),  // documentation
    v4(203, 0, 113, 24),   // documentation
    v4(224, 0, 0, 4),      // multicast
    v4(240, 0, 0, 4),      // reserved, broadcast among them
];

/// All that is given out as global unicast (RFC 4291 §2.4). Outside of it are `::`, `::1`, the addresses that stand for ones
/// of IPv4 (`::/96`, `::ffff:0:0/96`, `64:ff9b::/96`, `64:ff9b:1::/48`), unique local, link local and site local ones, and
/// multicast.
const GLOBAL_UNICAST_V6: Ipv6Net = v6(0x2000, 0, 3);

/// What of it has a special purpose: the IANA IPv6 Special-Purpose Address Registry.
#[rustfmt::skip]
const NOT_PUBLIC_V6: [Ipv6Net; 4] = [
    v6(0x2001, 0, 23),      // protocol assignments, Teredo among them
    v6(0x2001, 0x0db8, 32), // documentation
    v6(0x2002, 0, 16),      // 6to4
    v6(0x3fff, 0, 20),      // documentation
];

#[cfg(test)]
mod tests {
    use super::*;

    fn public(address: &str) -> bool {
        is_public(address.parse().unwrap())
    }

    /// The address before a range, its first, its last, and the one behind it; "" where that is forbidden, too.
    type Range = [&'static str; 4];

    fn none_is_public(ranges: &[Range]) {
        for [before, first, last, behind] in ranges {
            assert!(!public(first), "{first}");
            assert!(!public(last), "{last}");
            for edge in [before, behind].into_iter().filter(|it| !it.is_empty()) {
                assert!(public(edge), "{edge}");
            }
        }
    }

    #[test]
    fn attack_40_41_no_range_of_ipv4_that_leads_inside_is_public() {
        none_is_public(&[
            ["", "0.0.0.0", "0.255.255.255", "1.0.0.0"],
            ["9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"],
            [
                "100.63.255.255",
                "100.64.0.0",
                "100.127.255.255",
                "100.128.0.0",
            ],
            [
                "126.255.255.255",
                "127.0.0.0",
                "127.255.255.255",
                "128.0.0.0",
            ],
            [
                "168.63.129.15",
                "168.63.129.16",
                "168.63.129.16",
                "168.63.129.17",
            ],
            [
                "169.253.255.255",
                "169.254.0.0",
                "169.254.255.255",
                "169.255.0.0",
            ],
            [
                "172.15.255.255",
                "172.16.0.0",
                "172.31.255.255",
                "172.32.0.0",
            ],
            ["191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"],
            ["192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"],
            [
                "192.88.98.255",
                "192.88.99.0",
                "192.88.99.255",
                "192.88.100.0",
            ],
            [
                "192.167.255.255",
                "192.168.0.0",
                "192.168.255.255",
                "192.169.0.0",
            ],
            [
                "198.17.255.255",
                "198.18.0.0",
                "198.19.255.255",
                "198.20.0.0",
            ],
            [
                "198.51.99.255",
                "198.51.100.0",
                "198.51.100.255",
                "198.51.101.0",
            ],
            [
                "203.0.112.255",
                "203.0.113.0",
                "203.0.113.255",
                "203.0.114.0",
            ],
            ["223.255.255.255", "224.0.0.0", "239.255.255.255", ""],
            ["", "240.0.0.0", "255.255.255.255", ""],
        ]);
    }

    #[test]
    fn attack_40_41_no_range_of_ipv6_that_leads_inside_is_public() {
        none_is_public(&[
            // Unspecified, loopback, IPv4-compatible.
            ["", "::", "::ffff:ffff", ""],
            // IPv4-mapped.
            ["", "::ffff:0:0", "::ffff:255.255.255.255", ""],
            // NAT64: of everybody, and of one network.
            ["", "64:ff9b::", "64:ff9b::255.255.255.255", ""],
            ["", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", ""],
            // To be thrown away.
            ["", "100::", "100::ffff:ffff:ffff:ffff", ""],
            // Whatever is below what is given out.
            [
                "",
                "::1:0:0:0",
                "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "2000::",
            ],
            // Protocol assignments: Teredo, benchmarks, ORCHID.
            [
                "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "2001::",
                "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
                "2001:200::",
            ],
            [
                "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
                "2001:db8::",
                "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
                "2001:db9::",
            ],
            [
                "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "2002::",
                "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "2003::",
            ],
            [
                "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "3fff::",
                "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
                "3fff:1000::",
            ],
            // Whatever is above what is given out: unique local, link local, site local, multicast.
            [
                "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "4000::",
                "fbff:ffff::",
                "",
            ],
            ["", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""],
            ["", "fe80::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""],
            ["", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""],
        ]);
    }

    #[test]
    fn attack_40_41_what_is_known_of_attacks_is_not_public() {
        for address in [
            "169.254.169.254",
            "100.100.100.200",
            "fd00:ec2::254",
            "::1",
            "::127.0.0.1",
            "::ffff:169.254.169.254",
            // A public one, in a dress.
            "::ffff:1.1.1.1",
            "64:ff9b::10.0.0.1",
            "2002:7f00:1::",
            "2001:0:7f00:1::",
            "fe80::1",
        ] {
            assert!(!public(address), "{address}");
        }
    }

    #[test]
    fn addresses_of_the_internet_are_public() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "93.184.215.14",
            "2606:4700:4700::1111",
            "2a00:1450:4001:827::200e",
        ] {
            assert!(public(address), "{address}");
        }
    }
}
