//! What users have agreed to, and the words in which they are asked.

use countersign_core::{Client, Consent, EntityId, Scope};
use countersign_protocol::ErrorResponse;
use countersign_storage::StoreError;

use crate::error::unavailable;
use crate::pages::{ShownClient, ShownScope};
use crate::{Provider, audit};

/// What the scopes of OpenID Connect Core §5.4 and §11 allow, in words.
const WORDS: [(&str, &str); 6] = [
    ("openid", "Know who you are each time you sign in"),
    ("profile", "See your name and the rest of your profile"),
    ("email", "See your e-mail address"),
    ("address", "See your postal address"),
    ("phone", "See your telephone number"),
    (
        "offline_access",
        "Keep its access when you are not there, until it is taken away",
    ),
];

impl Provider {
    /// Whether the user has agreed to all of `scope` before.
    pub(crate) async fn has_consented(
        &self,
        user: EntityId,
        client: &Client,
        scope: &Scope,
    ) -> Result<bool, ErrorResponse> {
        let consent = self.store.find_consent(user, client.id).await;
        let consent = consent.map_err(|error| unavailable(&error))?;
        Ok(consent.is_some_and(|consent| consent.scope.contains_all(scope)))
    }

    /// Remembers what the user has just agreed to.
    pub(crate) async fn remember_consent(
        &self,
        user: EntityId,
        client: &Client,
        scope: Scope,
    ) -> Result<(), ErrorResponse> {
        let consent = Consent {
            user,
            client: client.id,
            scope,
            given_at: self.clock.now(),
        };
        let remembered = self.store.remember_consent(consent).await;
        remembered.map_err(|error| unavailable(&error))
    }

    /// At most `limit` consents of a user, beginning behind the one for the client `after`.
    pub async fn list_consents(
        &self,
        user: EntityId,
        after: Option<EntityId>,
        limit: u32,
    ) -> Result<Vec<Consent>, StoreError> {
        self.store.list_consents(user, after, limit).await
    }

    /// Forgets what a user has agreed to let a client have: it is asked again the next time. What was granted goes on.
    /// Returns whether there was anything.
    pub async fn forget_consent(
        &self,
        user: EntityId,
        client: EntityId,
    ) -> Result<bool, StoreError> {
        let forgotten = self.store.forget_consent(user, client).await?;
        if forgotten {
            audit::consent_forgotten(user, client);
        }
        Ok(forgotten)
    }

    /// The scopes in words: those of an operator before our own.
    pub(crate) fn in_words(&self, scope: &Scope) -> Vec<ShownScope> {
        let registry = self.registry.load();
        let words = |name: &str| {
            let defined = registry
                .scopes
                .iter()
                .find(|definition| definition.name.as_str() == name)
                .map(|definition| definition.description.as_str())
                .filter(|words| !words.is_empty());
            let standard = WORDS.into_iter().find(|(standard, _)| *standard == name);
            defined
                .or(standard.map(|(_, words)| words))
                .unwrap_or_default()
                .to_owned()
        };
        scope
            .iter()
            .map(|token| ShownScope {
                name: token.to_string(),
                words: words(token.as_str()),
            })
            .collect()
    }
}

impl ShownClient {
    /// The client, whose users go back to `redirect_uri`.
    pub(crate) fn new(client: &Client, redirect_uri: &countersign_core::RedirectUri) -> Self {
        let name = client.settings.client_name.as_deref();
        Self {
            name: name.unwrap_or(client.client_id.as_str()).to_owned(),
            host: redirect_uri.host(),
        }
    }
}
