//! `Validator` from outside: real tokens, keys that come over real HTTP from a host that may be of any kind, and the
//! JOSE attack classes by their numbers.

mod attacks_on_claims;
mod attacks_on_keys;
mod attacks_on_shape;
mod attempts;
mod builder;
mod discovery;
mod fetching;
mod files;
mod fixtures;
mod host;
mod missing_keys;
mod outages;
mod transport;
mod verified_tokens;
