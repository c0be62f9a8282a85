//! The crate from outside: attacks by their ids, a foreign judge, keys of both backends, and properties.

mod access_tokens;
mod attacks_on_assertions;
mod attacks_on_claims;
mod attacks_on_keys;
mod attacks_on_shape;
mod authorization_codes;
mod backends;
mod classic_access_tokens;
mod classic_attacks;
mod classic_claims;
mod classic_refresh_tokens;
mod client_assertions;
mod fixtures;
mod foreign;
mod hints;
mod id_tokens;
mod jwk_sets;
mod keys;
mod kinds;
mod opaque_tokens;
mod pem_keys;
mod properties;
mod refresh_tokens;
mod remote_key_sets;
mod tickets;
