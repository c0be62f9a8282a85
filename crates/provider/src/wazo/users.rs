//! Users as the dialect sees them. They are the users of this service; what that wire calls otherwise is kept as claims.

use countersign_core::{EntityId, Secret, User, UserProfile, Username, UsernameKey};
use countersign_protocol::{ErrorCode, ErrorResponse};
use countersign_storage::{Issued, RemoveUser};
use serde_json::Value;

use super::sign_in::refused;
use super::{Absent, Caller, Denied, Refusal, Taken, Wazo};
use crate::authenticate::SignInName;
use crate::users::{ChangeUserError, check_profile};
use crate::{Origin, audit};

/// OpenID Connect Core §5.1.
const GIVEN_NAME: &str = "given_name";
const FAMILY_NAME: &str = "family_name";

/// What this dialect knows beside.
const PURPOSE: &str = "purpose";

/// The access of those who may add users.
const MAY_ADD_USERS: &str = "auth.users.create";

/// What a user is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// A person.
    #[default]
    User,
    /// A part of the platform; its sessions are not limited.
    Internal,
    /// A program of somebody else.
    ExternalApi,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::User, Self::Internal, Self::ExternalApi];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Internal => "internal",
            Self::ExternalApi => "external_api",
        }
    }

    /// The purpose of `user`.
    pub(super) fn of(user: &User) -> Self {
        let named = user.profile.claims.get(PURPOSE).and_then(Value::as_str);
        let mut known = Self::ALL.into_iter();
        known
            .find(|purpose| Some(purpose.name()) == named)
            .unwrap_or_default()
    }
}

/// What the wire tells of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name for signing in.
    pub username: Username,
    /// The given name.
    pub firstname: Option<String>,
    /// The family name.
    pub lastname: Option<String>,
    /// What the user is for.
    pub purpose: Purpose,
    /// Whether the user may sign in.
    pub enabled: bool,
}

impl Person {
    /// What the wire tells of `user`.
    #[must_use]
    pub fn of(user: &User) -> Self {
        let text = |name| {
            user.profile
                .claims
                .get(name)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        Self {
            username: user.username.clone(),
            firstname: text(GIVEN_NAME),
            lastname: text(FAMILY_NAME),
            purpose: Purpose::of(user),
            enabled: user.enabled,
        }
    }

    /// Writes it into `user`.
    fn onto(&self, user: &mut User) {
        user.username = self.username.clone();
        user.enabled = self.enabled;
        self.onto_profile(&mut user.profile);
    }

    fn onto_profile(&self, profile: &mut UserProfile) {
        let purpose = (self.purpose != Purpose::User).then(|| self.purpose.name().to_owned());
        for (name, value) in [
            (GIVEN_NAME, self.firstname.clone()),
            (FAMILY_NAME, self.lastname.clone()),
            (PURPOSE, purpose),
        ] {
            match value {
                Some(value) => profile.claims.insert(name.to_owned(), value.into()),
                None => profile.claims.remove(name),
            };
        }
        let names =
            [&self.firstname, &self.lastname].map(|name| name.as_deref().unwrap_or_default());
        let whole = names.join(" ");
        let whole = &whole[..whole.floor_char_boundary(UserProfile::MAX_TEXT_LEN)];
        profile.name = Some(whole.trim().to_owned()).filter(|whole| !whole.is_empty());
    }
}

/// A user that is to be added.
#[derive(Debug)]
pub struct NewPerson {
    /// What the wire tells of the user.
    pub person: Person,
    /// The e-mail address, which counts as verified.
    pub email: Option<String>,
    /// The password; without, nobody can sign in as this user.
    pub password: Option<Secret<String>>,
}

impl Wazo<'_> {
    /// The user with this id.
    pub async fn find_user(&self, _: &Caller, id: EntityId) -> Result<User, Refusal> {
        let user = self.provider.store.find_user(id).await?;
        user.ok_or(Refusal::Absent(Absent::User))
    }

    /// At most `limit` users, ordered by the keys of their names, beginning behind `after`.
    pub async fn list_users(
        &self,
        _: &Caller,
        after: Option<&UsernameKey>,
        limit: u32,
    ) -> Result<Vec<User>, Refusal> {
        Ok(self.provider.store.list_users(after, limit).await?)
    }

    /// Adds a user.
    pub async fn add_user(&self, caller: &Caller, new: NewPerson) -> Result<User, Refusal> {
        let provider = self.provider;
        self.require_free_name(&new.person.username, None).await?;
        if let Some(email) = &new.email {
            self.require_free_email(email).await?;
        }
        let mut profile = UserProfile {
            email_verified: new.email.is_some(),
            email: new.email,
            ..UserProfile::default()
        };
        new.person.onto_profile(&mut profile);
        let username = new.person.username.clone();
        let mut user = provider.add_user(username, new.password, profile).await?;
        if !new.person.enabled {
            let disable = |user: &mut User| {
                user.enabled = false;
                Ok(())
            };
            user = self.update(user.id, Issued::Ends, disable).await?;
        }
        audit::user_changed(user.id, caller.actor(), "user_added");
        Ok(user)
    }

    /// Makes a user be as described. One who may not sign in any more loses all that was issued.
    ///
    /// By right of `me` alone users change their first and last names. What a user is for is said by those only who may add
    /// users: it lifts the limit of sessions.
    pub async fn replace_user(
        &self,
        caller: &Caller,
        id: EntityId,
        person: &Person,
    ) -> Result<User, Refusal> {
        let may = |user: &User| {
            let before = Person::of(user);
            if before.purpose != person.purpose && !caller.has(MAY_ADD_USERS) {
                return Err(Refusal::Denied {
                    reason: Denied::MissingPermission,
                    required: MAY_ADD_USERS.to_owned(),
                });
            }
            if before.username == person.username && before.enabled == person.enabled {
                return Ok(());
            }
            caller.require_more_than_own(id, &format!("auth.users.{id}.update"))
        };
        // Before anything is told about the names of others.
        may(&self.find_user(caller, id).await?)?;
        self.require_free_name(&person.username, Some(id)).await?;
        let issued = if person.enabled {
            Issued::Lives
        } else {
            Issued::Ends
        };
        let replace = |user: &mut User| {
            may(user)?;
            person.onto(user);
            Ok(())
        };
        let user = self.update(id, issued, replace).await?;
        audit::user_changed(id, caller.actor(), "user_changed");
        Ok(user)
    }

    /// At this door an e-mail address is a name as well, so nobody takes that of somebody else for a username, in whatever
    /// spelling that is the same name.
    async fn require_free_name(
        &self,
        username: &Username,
        own: Option<EntityId>,
    ) -> Result<(), Refusal> {
        let key = username.key();
        for spelling in [username.as_str(), key.as_str()] {
            let users = self.provider.store.find_users_by_email(spelling, 2).await?;
            if users.iter().any(|user| Some(user.id) != own) {
                return Err(Refusal::Taken(Taken::Username));
            }
        }
        Ok(())
    }

    /// Nor the name of somebody else for an e-mail address.
    async fn require_free_email(&self, email: &str) -> Result<(), Refusal> {
        let store = &self.provider.store;
        let named = match email.parse::<Username>() {
            Ok(name) => store.find_user_by_name(&name.key()).await?,
            Err(_) => None,
        };
        if named.is_some() || !store.find_users_by_email(email, 1).await?.is_empty() {
            return Err(Refusal::Taken(Taken::Email));
        }
        Ok(())
    }

    /// Removes a user, with all that was issued; never oneself by right of `me` alone.
    pub async fn remove_user(&self, caller: &Caller, id: EntityId) -> Result<(), Refusal> {
        caller.require_more_than_own(id, &format!("auth.users.{id}.delete"))?;
        let now = self.provider.clock.now();
        match self.provider.store.remove_user(id, now).await? {
            RemoveUser::Removed(_) => {
                audit::user_changed(id, caller.actor(), "user_removed");
                Ok(())
            }
            RemoveUser::NotFound => Err(Refusal::Absent(Absent::User)),
        }
    }

    /// Changes a password, for whoever knows the old one. All that was issued to the user ends.
    pub async fn change_password(
        &self,
        caller: &Caller,
        id: EntityId,
        old: &Secret<String>,
        new: &Secret<String>,
        origin: Origin,
    ) -> Result<(), Refusal> {
        let user = self.find_user(caller, id).await?;
        let client = self.client().await?;
        let name = SignInName::UserAtWazo(user.username.as_str());
        let proven = self.provider.sign_in(name, old, &client.client, origin);
        let proven = proven.await.map_err(refused)?.into_user();
        let hash = self.provider.hash_password(new).await?;
        let change = |user: &mut User| {
            // Somebody else may have given the user a new one, or taken the name away, while this one was hashed.
            if proven.id != id || user.password != proven.password || !user.enabled {
                return Err(Refusal::AuthenticationFailed);
            }
            user.password = Some(hash.clone());
            Ok(())
        };
        self.update(id, Issued::Ends, change).await?;
        audit::user_changed(id, caller.actor(), "password_changed");
        Ok(())
    }

    async fn update(
        &self,
        id: EntityId,
        issued: Issued,
        change: impl Fn(&mut User) -> Result<(), Refusal>,
    ) -> Result<User, Refusal> {
        let user = self.provider.store.find_user(id).await?;
        let user = user.ok_or(Refusal::Absent(Absent::User))?;
        self.provider
            .update_user(&user.username, issued, |user| {
                // The name may be that of another user by now.
                if user.id != id {
                    return Err(ChangeUserError::Contended.into());
                }
                change(user)?;
                Ok(check_profile(&user.profile)?)
            })
            .await
    }
}

impl From<ChangeUserError> for Refusal {
    fn from(error: ChangeUserError) -> Self {
        match error {
            ChangeUserError::Taken(_) => Self::Taken(Taken::Username),
            ChangeUserError::Unknown(_) => Self::Absent(Absent::User),
            ChangeUserError::Profile(error) => Self::Profile(error),
            ChangeUserError::Password(error) => Self::Password(error),
            ChangeUserError::Store(error) => error.into(),
            error @ (ChangeUserError::ReservedClaim(_)
            | ChangeUserError::ClaimType { .. }
            | ChangeUserError::Hashing
            | ChangeUserError::Contended
            | ChangeUserError::SubjectIsClientId) => Self::Unavailable(ErrorResponse::new(
                ErrorCode::TemporarilyUnavailable,
                &error.to_string(),
            )),
        }
    }
}
