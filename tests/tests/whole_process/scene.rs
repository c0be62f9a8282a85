//! What most tests of users and grants begin with, and what they ask again and again.

use countersign_tests::{Answer, Home, Server, TestClient, TestUser, Tokens, jwt};

/// A name that does not change with the port: refresh tokens are good for one issuer only.
pub(crate) const ISSUER: [&str; 2] = ["--issuer", "http://localhost"];

/// What the client may ask for, unless a test says something else.
pub(crate) const SCOPE: &str = "read write";

/// A server, with a client that signs users in and a user.
pub(crate) struct Scene {
    pub(crate) home: Home,
    pub(crate) server: Server,
    pub(crate) client: TestClient,
    pub(crate) user: TestUser,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(&["--scope", SCOPE], &[])
    }

    /// With arguments for the client and variables for the server.
    pub(crate) fn with(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let home = Home::with_keys();
        let client = home.add_password_client("app", arguments);
        let user = home.add_user("alice");
        let server = home.serve_with(&ISSUER, variables);
        Self {
            home,
            server,
            client,
            user,
        }
    }

    /// Ends the server with `end`, and starts another one.
    pub(crate) fn restart(
        self,
        end: impl FnOnce(&Home, Server),
        variables: &[(&str, &str)],
    ) -> Self {
        end(&self.home, self.server);
        let server = self.home.serve_with(&ISSUER, variables);
        Self { server, ..self }
    }

    pub(crate) fn sign_in(&self) -> Tokens {
        self.server.sign_in(&self.client, &self.user, &[]).tokens()
    }

    /// The answer to somebody who signs in.
    pub(crate) fn sign_in_as(&self, user: &TestUser) -> Answer {
        self.server.sign_in(&self.client, user, &[])
    }

    pub(crate) fn refresh(&self, token: &str) -> Tokens {
        self.server.refresh(&self.client, token).tokens()
    }

    pub(crate) fn is_active(&self, token: &str) -> bool {
        self.server.is_active(&self.client, token)
    }

    /// The generation of the grant of these tokens; none if it has ended.
    pub(crate) fn generation(&self, tokens: &Tokens) -> Option<u64> {
        let id = jwt::grant(&tokens.access);
        self.home.generations().get(&id).copied()
    }

    /// The refresh token is refused as every other that is not good.
    pub(crate) fn assert_refused(&self, token: &str, what: &str) {
        let answer = self.server.refresh(&self.client, token);
        assert_eq!(answer.refusal(), invalid_grant(), "{what}");
    }

    /// Nothing of these tokens is left: none is active, and no new ones come of them.
    pub(crate) fn assert_ended(&self, all: &[&Tokens], what: &str) {
        for tokens in all {
            assert!(!self.is_active(&tokens.access), "{what}");
            assert!(!self.is_active(&tokens.refresh), "{what}");
            self.assert_refused(&tokens.refresh, what);
        }
    }
}

/// How a token or a password that is not good is refused.
pub(crate) fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".into())
}

/// The answer is this error response (RFC 6749 §5.2).
pub(crate) fn assert_error(answer: &Answer, status: u16, error: &str, what: &str) {
    assert_eq!(answer.refusal(), (status, error.to_owned()), "{what}");
}
