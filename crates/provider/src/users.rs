//! Adding, changing and removing users.

use countersign_core::{
    NewUser, Password, PasswordError, PasswordHash, ProfileError, Secret, User, UserProfile,
    Username, UsernameKey,
};
use countersign_jose::access_token::is_reserved_claim;
use countersign_storage::{CreateUser, Issued, RemoveUser, StoreError, UpdateUser};
use thiserror::Error;

use crate::Provider;
use crate::claims::expected_type;

/// One change of a user.
#[derive(Debug)]
pub enum UserChange {
    /// The user signs in under this name from now on.
    Username(Username),
    /// The user has this password from now on; everything that was issued for the user ends (RFC 9700 §4.14.2).
    Password(Secret<String>),
    /// The user may sign in, or may not; if not, everything that was issued for the user ends.
    Enabled(bool),
    /// Everything that was issued for the user ends.
    EndIssued,
}

/// Why a user was not added or changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChangeUserError {
    /// There is a user of this name, or of one that differs in case only.
    #[error(
        "there is a user '{0}' already; to change it: countersign user update {0}; or choose another name"
    )]
    Taken(Username),
    /// There is no such user.
    #[error("there is no user '{0}'; see: countersign user list")]
    Unknown(Username),
    /// The profile is not well-formed.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The claim says something to those who check tokens, or has a place of its own in the profile.
    #[error("the claim '{0}' cannot be set: it has a meaning or a place of its own")]
    ReservedClaim(String),
    /// OpenID Connect says of which type the claim is, and it is of another.
    #[error("the claim '{name}' must be {expected} (OpenID Connect Core, section 5.1)")]
    ClaimType {
        /// The claim.
        name: String,
        /// What it has to be.
        expected: &'static str,
    },
    /// The password cannot be one.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The password could not be hashed.
    #[error("the password could not be hashed")]
    Hashing,
    /// The user was changed by others again and again while this change was tried.
    #[error("the user is being changed by somebody else; try again")]
    Contended,
    /// The drawn subject is the id of a client (RULES A6), which is too unlikely to be chance.
    #[error("the new subject is the id of a client; try again")]
    SubjectIsClientId,
    /// Storage did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How often a change is tried again after somebody else was faster.
const ATTEMPTS: usize = 5;

impl Provider {
    /// Adds a user. Without a password, nobody can sign in as this user.
    pub async fn add_user(
        &self,
        username: Username,
        password: Option<Secret<String>>,
        profile: UserProfile,
    ) -> Result<User, ChangeUserError> {
        check_profile(&profile)?;
        let password = match password {
            Some(password) => Some(self.hash_password(&password).await?),
            None => None,
        };
        let now = self.clock.now();
        let new = NewUser {
            id: self.ids.next(now, &*self.random),
            username: username.clone(),
            password,
            profile,
            created_at: now,
        };
        match self.store.create_user(new).await? {
            CreateUser::Created(user) => Ok(user),
            CreateUser::UsernameTaken => Err(ChangeUserError::Taken(username)),
            CreateUser::SubjectIsClientId => Err(ChangeUserError::SubjectIsClientId),
        }
    }

    /// The user of this name.
    pub async fn find_user(&self, username: &Username) -> Result<User, ChangeUserError> {
        let user = self.store.find_user_by_name(&username.key()).await?;
        user.ok_or_else(|| ChangeUserError::Unknown(username.clone()))
    }

    /// At most `limit` users, ordered by the keys of their names, beginning behind `after`.
    pub async fn list_users(
        &self,
        after: Option<&UsernameKey>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        self.store.list_users(after, limit).await
    }

    /// Changes what is known about a user; `change` is applied to what is stored, and again if that was changed in
    /// between.
    pub async fn change_profile<E: From<ChangeUserError>>(
        &self,
        username: &Username,
        change: impl Fn(&mut UserProfile) -> Result<(), E>,
    ) -> Result<User, E> {
        self.update_user(username, Issued::Lives, |user| {
            change(&mut user.profile)?;
            Ok(check_profile(&user.profile)?)
        })
        .await
    }

    /// Changes a user.
    pub async fn change_user(
        &self,
        username: &Username,
        change: UserChange,
    ) -> Result<User, ChangeUserError> {
        let hash = match &change {
            UserChange::Password(password) => Some(self.hash_password(password).await?),
            UserChange::Username(_) | UserChange::Enabled(_) | UserChange::EndIssued => None,
        };
        let issued = match &change {
            UserChange::Username(_) | UserChange::Enabled(true) => Issued::Lives,
            UserChange::Password(_) | UserChange::Enabled(false) | UserChange::EndIssued => {
                Issued::Ends
            }
        };
        self.update_user(username, issued, |user| {
            match &change {
                UserChange::Username(name) => user.username = name.clone(),
                UserChange::Password(_) => user.password.clone_from(&hash),
                UserChange::Enabled(enabled) => user.enabled = *enabled,
                UserChange::EndIssued => {}
            }
            Ok(())
        })
        .await
    }

    /// Changes a user as it is in storage; again, if it was changed in between.
    pub(crate) async fn update_user<E: From<ChangeUserError>>(
        &self,
        username: &Username,
        issued: Issued,
        change: impl Fn(&mut User) -> Result<(), E>,
    ) -> Result<User, E> {
        for _ in 0..ATTEMPTS {
            let mut user = self.find_user(username).await?;
            change(&mut user)?;
            let name = user.username.clone();
            let updated = self.store.update_user(user, issued, self.clock.now()).await;
            match updated.map_err(ChangeUserError::from)? {
                UpdateUser::Updated(user) => return Ok(user),
                UpdateUser::Stale => {}
                UpdateUser::UsernameTaken => return Err(ChangeUserError::Taken(name).into()),
                UpdateUser::NotFound => {
                    return Err(ChangeUserError::Unknown(username.clone()).into());
                }
            }
        }
        Err(ChangeUserError::Contended.into())
    }

    /// Removes a user, with everything that was issued for the user.
    pub async fn remove_user(&self, username: &Username) -> Result<User, ChangeUserError> {
        let user = self.find_user(username).await?;
        match self.store.remove_user(user.id, self.clock.now()).await? {
            RemoveUser::Removed(user) => Ok(user),
            RemoveUser::NotFound => Err(ChangeUserError::Unknown(username.clone())),
        }
    }

    pub(crate) async fn hash_password(
        &self,
        password: &Secret<String>,
    ) -> Result<PasswordHash, ChangeUserError> {
        let password = Password::new(password)?;
        self.hasher
            .hash(password.text().clone(), &*self.random)
            .await
            .map(PasswordHash::from_phc)
            .map_err(|_| ChangeUserError::Hashing)
    }
}

pub(crate) fn check_profile(profile: &UserProfile) -> Result<(), ChangeUserError> {
    profile.check()?;
    let misplaced =
        |name: &&String| is_reserved_claim(name) || UserProfile::OWN_NAMES.contains(&name.as_str());
    if let Some(name) = profile.claims.keys().find(misplaced) {
        return Err(ChangeUserError::ReservedClaim(name.clone()));
    }
    // OpenID Connect Core §5.1: a claim of another type would never be told.
    for (name, value) in &profile.claims {
        if let Some(expected) = expected_type(name, value) {
            return Err(ChangeUserError::ClaimType {
                name: name.clone(),
                expected,
            });
        }
    }
    Ok(())
}
