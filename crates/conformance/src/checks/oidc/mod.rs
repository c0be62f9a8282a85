//! OpenID Connect: Core, Discovery, RP-Initiated Logout and the form post response mode.
//!
//! Core has a file for each idea, with a table of its own; the tables follow each other as the standard does.

pub(in crate::checks) mod accounts;
pub(in crate::checks) mod certification;
pub(in crate::checks) mod claims;
pub(in crate::checks) mod client_assertion;
pub(in crate::checks) mod consent;
pub(in crate::checks) mod discovery;
mod flow;
pub(in crate::checks) mod form_post;
pub(in crate::checks) mod front_channel;
pub(in crate::checks) mod id_token;
pub(in crate::checks) mod prompt;
pub(in crate::checks) mod request;
pub(in crate::checks) mod rp_logout;
pub(in crate::checks) mod token;
pub(in crate::checks) mod userinfo;
