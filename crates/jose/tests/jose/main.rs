//! The crate from outside: attacks by their ids, a foreign judge, keys of both backends, and properties.

mod access_tokens;
mod attacks;
mod backends;
mod fixtures;
mod foreign;
mod keys;
mod opaque_tokens;
mod properties;
