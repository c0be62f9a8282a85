//! What the wazo dialect keeps (RULES D2): sessions with their tokens, refresh tokens, and policies.
//!
//! On that wire a token is a UUID that says nothing, so unlike every other token of this service it is a row.

mod access_list;
mod policy;
mod session;

pub use access_list::{AccessList, AccessListError, AccessPattern, AccessPatternError, Bearer};
pub use policy::{Policy, PolicyError, PolicyName, PolicySlug};
pub use session::{AppId, AppIdError, RefreshToken, Session};
