//! Tokens that an introspection endpoint is asked about, over real HTTP.

mod answers;
mod building;
mod cache;
mod credentials;
mod deadlines;
mod discovery;
mod scripted;
mod server;
mod turns;
