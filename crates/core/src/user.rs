//! Users: the resource owners of RFC 6749 §1.1.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::{EntityId, Epoch, Revision, Timestamp, Username};

/// A password as it is kept: an argon2id hash in PHC notation, never the password itself.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The hash with this PHC string.
    #[must_use]
    pub const fn from_phc(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string, for whoever stores or checks it.
    #[must_use]
    pub fn as_phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// What is known about a user, under the claim names of OpenID Connect Core §5.1 and RFC 9068 §2.2.3.1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserProfile {
    /// The full name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether somebody has made sure that the address is the user's.
    #[serde(default)]
    pub email_verified: bool,
    /// The groups to which the user belongs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The roles that the user has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Further claims by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, Value>,
}

/// Why a user cannot be as described.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// An entry is empty, too long or holds control characters.
    #[error("'{0}' is empty, has more than {max} bytes or holds control characters", max = UserProfile::MAX_TEXT_LEN)]
    Text(&'static str),
    /// Without an `@` between two texts it is no address.
    #[error("the e-mail address needs an @ with something before and behind it")]
    Email,
    /// There are more than [`UserProfile::MAX_ENTRIES`] of them.
    #[error("a user has at most {max} {0}", max = UserProfile::MAX_ENTRIES)]
    TooMany(&'static str),
    /// The claims take more than [`UserProfile::MAX_CLAIMS_BYTES`].
    #[error("the claims of a user have at most {max} bytes of JSON together", max = UserProfile::MAX_CLAIMS_BYTES)]
    ClaimsTooLong,
}

impl UserProfile {
    /// The most bytes of one text.
    pub const MAX_TEXT_LEN: usize = 255;
    /// The most groups, roles or claims.
    pub const MAX_ENTRIES: usize = 256;
    /// The most bytes of all claims together, as JSON: they travel in every token that releases them.
    pub const MAX_CLAIMS_BYTES: usize = 8 * 1024;

    /// The value of the claim `name`, if the user has one.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<Value> {
        let list =
            |entries: &[String]| (!entries.is_empty()).then(|| Value::from(entries.to_vec()));
        match name {
            "name" => self.name.clone().map(Value::from),
            "email" => self.email.clone().map(Value::from),
            "email_verified" => self.email.as_ref().map(|_| self.email_verified.into()),
            "groups" => list(&self.groups),
            "roles" => list(&self.roles),
            further => self.claims.get(further).cloned(),
        }
    }

    /// The names that have a place of their own and are no further claims.
    pub const OWN_NAMES: [&str; 5] = ["name", "email", "email_verified", "groups", "roles"];

    /// Checks that the parts are well-formed.
    pub fn check(&self) -> Result<(), ProfileError> {
        let text = |what, text: &str| {
            let fits = (1..=Self::MAX_TEXT_LEN).contains(&text.len());
            if fits && !text.chars().any(char::is_control) {
                Ok(())
            } else {
                Err(ProfileError::Text(what))
            }
        };
        if let Some(name) = &self.name {
            text("name", name)?;
        }
        if let Some(email) = &self.email {
            text("email", email)?;
            match email.rsplit_once('@') {
                Some((local, domain)) if !local.is_empty() && !domain.is_empty() => {}
                _ => return Err(ProfileError::Email),
            }
        }
        for (what, entries) in [("groups", &self.groups), ("roles", &self.roles)] {
            if entries.len() > Self::MAX_ENTRIES {
                return Err(ProfileError::TooMany(what));
            }
            for entry in entries {
                text(what, entry)?;
            }
        }
        if self.claims.len() > Self::MAX_ENTRIES {
            return Err(ProfileError::TooMany("claims"));
        }
        let mut bytes = 0;
        for (name, value) in &self.claims {
            text("claim", name)?;
            bytes += name.len() + value.to_string().len();
        }
        if bytes > Self::MAX_CLAIMS_BYTES {
            return Err(ProfileError::ClaimsTooLong);
        }
        Ok(())
    }
}

/// A user that is to be stored; the store adds [`Epoch`] and [`Revision`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// The internal id, which is also the subject.
    pub id: EntityId,
    /// The name for signing in.
    pub username: Username,
    /// What proves who it is; without, nobody can sign in as this user.
    pub password: Option<PasswordHash>,
    /// What is known about the user.
    pub profile: UserProfile,
    /// When the user was added.
    pub created_at: Timestamp,
}

impl NewUser {
    /// The user as it is first stored, under `epoch`.
    #[must_use]
    pub fn with_epoch(self, epoch: Epoch) -> User {
        let Self {
            id,
            username,
            password,
            profile,
            created_at,
        } = self;
        User {
            id,
            username,
            epoch,
            revision: Revision::FIRST,
            enabled: true,
            password,
            profile,
            created_at,
        }
    }
}

/// A user as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The internal id, never used twice. As text it is the subject (`sub`) of the user's tokens.
    pub id: EntityId,
    /// The name for signing in.
    pub username: Username,
    /// What the grants of this user carry; those of an earlier epoch are dead.
    pub epoch: Epoch,
    /// Which state of the user this is.
    pub revision: Revision,
    /// Whether the user may sign in and use what was granted.
    pub enabled: bool,
    /// What proves who it is; without, nobody can sign in as this user.
    pub password: Option<PasswordHash>,
    /// What is known about the user.
    pub profile: UserProfile,
    /// When the user was added.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_come_from_where_they_are_kept() {
        let profile = UserProfile {
            name: Some("Zoë".into()),
            email: Some("z@example.com".into()),
            roles: vec!["admin".into()],
            claims: BTreeMap::from([("tenant".into(), Value::from(7))]),
            ..UserProfile::default()
        };
        for (name, expected) in [
            ("name", Some(Value::from("Zoë"))),
            ("email", Some(Value::from("z@example.com"))),
            ("email_verified", Some(Value::from(false))),
            ("roles", Some(Value::from(vec!["admin"]))),
            ("groups", None),
            ("tenant", Some(Value::from(7))),
            ("other", None),
        ] {
            assert_eq!(profile.claim(name), expected, "{name}");
        }
        assert_eq!(UserProfile::default().claim("email_verified"), None);
    }

    #[test]
    fn profiles_that_cannot_be_are_refused() {
        let with = |change: fn(&mut UserProfile)| {
            let mut profile = UserProfile::default();
            change(&mut profile);
            profile.check()
        };
        assert_eq!(with(|_| ()), Ok(()));
        assert_eq!(
            with(|it| it.name = Some(String::new())),
            Err(ProfileError::Text("name"))
        );
        for email in ["nobody", "@example.com", "zoe@"] {
            let profile = UserProfile {
                email: Some(email.into()),
                ..UserProfile::default()
            };
            assert_eq!(profile.check(), Err(ProfileError::Email), "{email}");
        }
        assert_eq!(
            with(|it| it.roles = vec!["a\nb".into()]),
            Err(ProfileError::Text("roles"))
        );
        assert_eq!(
            with(|it| it.groups = vec!["x".into(); 257]),
            Err(ProfileError::TooMany("groups"))
        );
        assert_eq!(
            with(|it| {
                let long = Value::from("x".repeat(UserProfile::MAX_CLAIMS_BYTES));
                it.claims.insert("long".into(), long);
            }),
            Err(ProfileError::ClaimsTooLong)
        );
    }

    #[test]
    fn debug_of_a_password_shows_no_hash() {
        let hash = PasswordHash::from_phc("$argon2id$v=19$x".into());
        assert!(!format!("{hash:?}").contains("argon2id"));
    }
}
