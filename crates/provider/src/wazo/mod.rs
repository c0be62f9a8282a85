//! The wazo dialect (RULES D2): sign-in for a token that is a UUID, refresh tokens that do not expire, and an administration
//! of users, sessions and policies behind access patterns.
//!
//! The adapter in the host program translates; who may have or do something is decided here. Everything that needs access
//! takes a [`Caller`], which only [`Wazo::admit`] makes.

mod policies;
mod refusal;
mod session_list;
mod sign_in;
mod token;
mod users;

use countersign_core::wazo::{AccessList, Bearer};
use countersign_core::{EntityId, User};
use countersign_jose::digest::sha256;

use crate::Provider;
use crate::settings::WazoSettings;

pub use policies::PolicyText;
pub use refusal::{Absent, Denied, Refusal, Taken};
pub use sign_in::{Expiration, Proof, SignIn};
pub use token::TokenInfo;
pub use users::{NewPerson, Person, Purpose};

/// The client that stands for the mount (RULES D2): whatever is issued at the dialect is issued to it, and ends with it.
pub const CLIENT_ID: &str = "countersign:wazo";

/// Whose affairs are nobody's own: to this bearer `me` is a word like any other.
const NOBODY: Bearer<'static> = Bearer {
    user: "",
    session: "",
};

/// The wazo dialect of a [`Provider`].
#[derive(Clone, Copy)]
pub struct Wazo<'a> {
    provider: &'a Provider,
    settings: &'a WazoSettings,
}

impl Provider {
    /// The wazo dialect, if it is switched on. Never where only what RFC 9700 recommends is offered: it takes passwords.
    #[must_use]
    pub fn wazo(&self) -> Option<Wazo<'_>> {
        let settings = self.settings.wazo.as_ref();
        settings
            .filter(|_| !self.settings.strict)
            .map(|settings| Wazo {
                provider: self,
                settings,
            })
    }
}

impl Wazo<'_> {
    /// The one tenant that there is (`tenant_uuid`).
    #[must_use]
    pub fn tenant(&self) -> EntityId {
        self.derived("tenant")
    }

    /// The id of this service (`xivo_uuid`).
    #[must_use]
    pub fn server(&self) -> EntityId {
        self.derived("server")
    }

    /// An id that belongs to `what` for as long as the issuer is named so. It has the form of a version 8 UUID (RFC 9562
    /// §5.8).
    #[must_use]
    pub fn derived(&self, what: &str) -> EntityId {
        let text = format!("{}\n{what}", self.provider.settings.issuer);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&sha256(text.as_bytes())[..16]);
        let id = uuid::Builder::from_custom_bytes(bytes).into_uuid();
        EntityId::from_bytes(id.into_bytes())
    }
}

/// Somebody who was let in. Only this module can make one.
#[derive(Debug)]
pub struct Caller {
    user: Option<Box<User>>,
    session: Option<EntityId>,
    acl: AccessList,
}

impl Caller {
    /// The operator at the command line, who may do everything.
    #[must_use]
    pub fn operator() -> Self {
        Self {
            user: None,
            session: None,
            acl: "#".parse().ok().into_iter().collect(),
        }
    }

    /// The user; none for the operator.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        self.user.as_deref()
    }

    /// Who it is, for those who look at it afterwards; none for the operator.
    fn actor(&self) -> Option<EntityId> {
        self.user().map(|user| user.id)
    }

    /// That the caller has the access `required` to the affairs of the user `id`, and not only because they are the caller's
    /// own: nobody gives himself what others are to decide.
    fn require_more_than_own(&self, id: EntityId, required: &str) -> Result<(), Refusal> {
        if self.actor() == Some(id) && !self.acl.allows(required, NOBODY) {
            return Err(Refusal::Denied {
                reason: Denied::MissingPermission,
                required: required.to_owned(),
            });
        }
        Ok(())
    }

    /// Calls `ask` with the access list and whose it is.
    fn with_bearer<T>(&self, ask: impl FnOnce(&AccessList, Bearer<'_>) -> T) -> T {
        let user = self
            .user
            .as_ref()
            .map_or_else(String::new, |user| user.id.to_string());
        let session = self.session.map_or_else(String::new, |id| id.to_string());
        ask(
            &self.acl,
            Bearer {
                user: &user,
                session: &session,
            },
        )
    }
}
