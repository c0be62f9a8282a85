//! Where a request comes from.

use std::net::IpAddr;

/// Where a request comes from, as far as the host program knows. It guards nothing; it only slows down who guesses
/// (RULES S5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address of the sender; none if the host program cannot tell.
    pub address: Option<IpAddr>,
}

impl Origin {
    /// A request from `address`.
    #[must_use]
    pub const fn from_address(address: IpAddr) -> Self {
        Self {
            address: Some(address),
        }
    }
}
