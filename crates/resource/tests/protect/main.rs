//! Requests that come to a protected API.

mod api;
mod checker;
mod fixtures;
mod layer;
