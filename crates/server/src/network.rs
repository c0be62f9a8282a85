//! Networks of IP addresses, as a configuration names them.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::Serialize;
use thiserror::Error;

/// One address, or a network of them such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub(crate) struct Network(IpNet);

/// Why a text is no [`Network`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("'{0}' is no address and no network such as 10.0.0.0/8")]
pub(crate) struct NetworkError(String);

impl Network {
    /// Whether the address lies in it. An IPv6 address that stands for one of IPv4 is one of IPv6.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.0.to_string()
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<IpAddr>()
            .map(IpNet::from)
            .or_else(|_| text.parse())
            .map(Self)
            .map_err(|_| NetworkError(text.to_owned()))
    }
}
