//! Clients, users, sessions, consents, grants, tokens, assertions, keys, definitions and what the wazo dialect keeps, of
//! every kind, for the rules.

mod assertions;
mod authorizations;
mod clients;
mod definitions;
mod grants;
mod keys;
mod sessions;
mod users;
mod wazo;

use std::sync::atomic::{AtomicU64, Ordering};

use countersign_core::{Random, Timestamp};

pub use assertions::{assertion_id, assertion_ids};
pub use authorizations::{authorization, coded_grant, grant_in, varied_authorizations};
pub use clients::{client, create, plain_settings, secrets, varied_clients};
pub use definitions::{resource_definition, scope_definition, varied_resources, varied_scopes};
pub use grants::{
    create_grant, create_standing_grant, first_refresh, grant, grant_at, limits, next_refresh,
    standing_grant, standing_grant_at, token, token_of, varied_grants, varied_standing_grants,
};
pub use keys::{key, key_id, varied_keys};
pub use sessions::{consent, create_session, renewed, session, session_at, varied_sessions};
pub use users::{create_user, user, username, varied_users};
pub use wazo::{
    NO_ROOM, UNLIMITED, acl, app, at_most, create_policy, log_in, log_in_offline, policy, slug,
    varied_policies, varied_wazo_refresh_tokens, varied_wazo_sessions, wazo_refresh_token,
    wazo_session, wazo_session_at, wazo_session_with,
};

/// When the samples were made.
pub const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// Bytes that are different at every call, and the same in every run.
#[derive(Debug)]
pub struct Counting;

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let count = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (byte, count) in buffer.iter_mut().rev().zip(count.iter().rev().cycle()) {
            *byte = *count;
        }
    }
}
