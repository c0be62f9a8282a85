//! The users at the target.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The users at the target in whose name the judge may act.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Users {
    /// Gives the password to each client that may take it. A few wrong ones are tried, never many in a row.
    pub(crate) primary: Option<User>,
    /// Another one, who signs in where the first one did, and never agrees to what the client `second` asks for: so
    /// that each run finds a client that nobody has agreed to.
    pub(crate) second: Option<User>,
    /// May be locked out: the password is guessed at.
    pub(crate) guessed: Option<User>,
}

/// A user, as the password grant (RFC 6749 §4.3.2) and the sign-in page know one.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    pub(crate) username: String,
    pub(crate) password: String,
    /// What the target knows of the user (OpenID Connect Core §5.1), as far as it shall be compared.
    #[serde(default)]
    pub(crate) claims: Map<String, Value>,
}

impl Users {
    /// Those that are there.
    pub(crate) fn all(&self) -> impl Iterator<Item = &User> {
        let Self {
            primary,
            second,
            guessed,
        } = self;
        [primary, second, guessed].into_iter().flatten()
    }
}

impl User {
    /// Username and password.
    pub(crate) fn credentials(&self) -> (&str, &str) {
        (&self.username, &self.password)
    }
}

/// The password stays out of every log.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}
