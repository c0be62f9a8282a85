//! Under which name a client gets to know a user and a session: OpenID Connect Core §8.

use countersign_core::{Client, EntityId, Grant, SubjectType};
use countersign_jose::base64url;
use countersign_jose::mac::MacKey;
use countersign_protocol::{ErrorCode, ErrorResponse};

use crate::Provider;

impl Provider {
    /// The `sub` of a user for `client`: the same for all clients, or the same within its sector only (§8.1).
    pub(crate) fn subject(&self, client: &Client, user: EntityId) -> Result<String, ErrorResponse> {
        self.name_for(client, "pairwise-subject", user)
    }

    /// The `sub` of whoever a grant speaks for: its user, or the client itself (RFC 9068 §2.2).
    pub(crate) fn subject_of(
        &self,
        client: &Client,
        grant: &Grant,
    ) -> Result<String, ErrorResponse> {
        match grant.user {
            Some(user) => self.subject(client, user.id),
            None => Ok(client.client_id.to_string()),
        }
    }

    /// The `sid` of a session for `client`. Clients that must not compare users must not compare sessions either.
    pub(crate) fn session_name(
        &self,
        client: &Client,
        session: EntityId,
    ) -> Result<String, ErrorResponse> {
        self.name_for(client, "pairwise-session", session)
    }

    fn name_for(
        &self,
        client: &Client,
        label: &str,
        id: EntityId,
    ) -> Result<String, ErrorResponse> {
        let settings = &client.settings;
        match settings.subject_type {
            SubjectType::Public => Ok(id.to_string()),
            SubjectType::Pairwise => {
                // Settings without a sector are refused when they are made; should there be any, the client is its own.
                let sector = settings
                    .sector()
                    .unwrap_or_else(|| client.client_id.to_string());
                let key = self.pepper_child(label)?;
                Ok(base64url::encode(
                    &key.mac(&[sector.as_bytes(), id.as_bytes()]),
                ))
            }
        }
    }

    /// A key that stays the same for as long as this service is itself: a child of the pepper, which never changes.
    pub(crate) fn pepper_child(&self, label: &str) -> Result<MacKey, ErrorResponse> {
        let ring = self.keys.at(self.clock.now());
        let pepper = ring.any_pepper().ok_or_else(|| {
            ErrorResponse::new(
                ErrorCode::TemporarilyUnavailable,
                "there is no key for names and tokens that never change; try again in a few minutes",
            )
        })?;
        Ok(pepper.derive(label, self.settings.issuer.as_str()))
    }
}
