//! Users of the service under test.

/// A user who was added, with the password that the user knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestUser {
    /// The name with which the user signs in.
    pub name: String,
    /// The password.
    pub password: String,
}

impl TestUser {
    /// The user with this name and password.
    #[must_use]
    pub fn new(name: &str, password: &str) -> Self {
        Self {
            name: name.to_owned(),
            password: password.to_owned(),
        }
    }

    /// The same user, who believes in another password.
    #[must_use]
    pub fn with_password(&self, password: &str) -> Self {
        Self::new(&self.name, password)
    }

    /// What a client sends to sign the user in (RFC 6749 §4.3.2).
    #[must_use]
    pub fn form(&self) -> [(&str, &str); 3] {
        [
            ("grant_type", "password"),
            ("username", &self.name),
            ("password", &self.password),
        ]
    }
}
