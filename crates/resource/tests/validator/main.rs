//! `Validator` from outside: real tokens, keys that come over real HTTP from a host that may be of any kind, and the
//! JOSE attack classes by their numbers.

mod attacks_on_claims;
mod attacks_on_keys;
mod attacks_on_shape;
mod builder;
mod discovery;
mod fetching;
mod files;
mod fixtures;
mod host;
mod outages;
mod transport;
mod verified_tokens;
