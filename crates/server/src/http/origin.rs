//! Where a request comes from: the peer of the connection, or what a trusted proxy says about it.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use axum::http::{Extensions, HeaderMap};
use countersign_provider::Origin;

use crate::network::Network;

/// The other end of the connection on which a request came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Where a request comes from. `X-Forwarded-For` is believed as far as trusted proxies have written it: from the right,
/// up to the first address that is none of theirs (attack class 70).
pub(super) fn origin(extensions: &Extensions, headers: &HeaderMap, proxies: &[Network]) -> Origin {
    let Some(Peer(peer)) = extensions.get::<Peer>() else {
        return Origin::default();
    };
    let peer = peer.ip().to_canonical();
    let is_trusted = |address: &IpAddr| proxies.iter().any(|proxy| proxy.contains(*address));
    if !is_trusted(&peer) {
        return Origin::from_address(peer);
    }
    let mut nearest = peer;
    let values: Vec<Cow<'_, str>> = headers
        .get_all("x-forwarded-for")
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    let hops: Vec<&str> = values.iter().flat_map(|value| value.split(',')).collect();
    for hop in hops.iter().rev() {
        // What is no address was not written by a proxy that we know.
        let Some(address) = read_address(hop.trim()) else {
            break;
        };
        nearest = address;
        if !is_trusted(&address) {
            break;
        }
    }
    Origin::from_address(nearest)
}

/// An address as proxies write it: alone, or with the port.
fn read_address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(text)
        .parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn what_a_client_wrote_before_the_proxy_does_not_hide_what_the_proxy_wrote() {
        let mut extensions = Extensions::new();
        extensions.insert(Peer(SocketAddr::from(([10, 0, 0, 1], 4_000))));
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_bytes(b"\xff, 203.0.113.2").unwrap();
        headers.append("x-forwarded-for", value);
        let proxies = ["10.0.0.1".parse().unwrap()];
        let seen = origin(&extensions, &headers, &proxies);
        assert_eq!(seen, Origin::from_address("203.0.113.2".parse().unwrap()));
    }

    fn seen(peer: &str, forwarded: &[&'static str], proxies: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(Peer(SocketAddr::new(peer.parse().unwrap(), 4_000)));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_static(value));
        }
        let proxies: Vec<Network> = proxies.iter().map(|text| text.parse().unwrap()).collect();
        origin(&extensions, &headers, &proxies)
            .address
            .unwrap()
            .to_string()
    }

    #[test]
    fn cve_2017_6413_forwarded_addresses_are_believed_from_trusted_proxies_only() {
        let proxy = &["10.0.0.0/8", "::1"][..];
        for (peer, forwarded, proxies, expected) in [
            ("192.0.2.1", &[][..], &[][..], "192.0.2.1"),
            ("192.0.2.1", &["203.0.113.9"], &[], "192.0.2.1"),
            ("192.0.2.1", &["203.0.113.9"], proxy, "192.0.2.1"),
            ("10.0.0.1", &["203.0.113.9"], proxy, "203.0.113.9"),
            ("::ffff:10.0.0.1", &["203.0.113.9"], proxy, "203.0.113.9"),
            // What the client wrote itself stands on the left.
            (
                "10.0.0.1",
                &["1.2.3.4, 203.0.113.9, 10.0.0.2"],
                proxy,
                "203.0.113.9",
            ),
            (
                "10.0.0.1",
                &["1.2.3.4", "203.0.113.9"],
                proxy,
                "203.0.113.9",
            ),
            ("10.0.0.1", &["203.0.113.9:5000"], proxy, "203.0.113.9"),
            ("10.0.0.1", &["[2001:db8::1]:5000"], proxy, "2001:db8::1"),
            ("10.0.0.1", &["[2001:db8::1]"], proxy, "2001:db8::1"),
            ("10.0.0.1", &["nonsense"], proxy, "10.0.0.1"),
            ("10.0.0.1", &["1.2.3.4, nonsense"], proxy, "10.0.0.1"),
            ("10.0.0.1", &[], proxy, "10.0.0.1"),
        ] {
            assert_eq!(
                seen(peer, forwarded, proxies),
                expected,
                "{peer} {forwarded:?}"
            );
        }
    }
}
