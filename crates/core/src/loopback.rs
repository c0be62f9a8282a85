//! Which hosts never leave the machine.

use url::Host;

/// Whether `host` is the loopback interface: 127.0.0.0/8, `::1`, or the name `localhost` (RFC 6761 §6.3).
pub(crate) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => *name == "localhost",
    }
}
