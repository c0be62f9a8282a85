//! Where a request comes from, and through which door.

use std::net::IpAddr;

/// Where a request comes from, as far as the host program knows: its address guards nothing, it only slows down who guesses
/// (RULES S5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address of the sender; none if the host program cannot tell.
    pub address: Option<IpAddr>,
    /// The door that it came to.
    pub door: Door,
}

/// The doors of the token, introspection and revocation endpoints: what else is accepted or answered than at the endpoints of
/// the standards (RULES A5, D1, D3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Door {
    /// The endpoints of the standards.
    #[default]
    Standard,
    /// The endpoints of the classic dialect: here, and only here, classic access tokens may be asked about and revoked.
    Classic,
    /// The token endpoint as the moov dialect speaks it: with its own access token a client gets a refresh token.
    Moov,
}

impl Origin {
    /// A request from `address`, to the endpoints of the standards.
    #[must_use]
    pub const fn from_address(address: IpAddr) -> Self {
        Self {
            address: Some(address),
            door: Door::Standard,
        }
    }

    /// The same request, to `door`.
    #[must_use]
    pub const fn at(self, door: Door) -> Self {
        Self { door, ..self }
    }
}
