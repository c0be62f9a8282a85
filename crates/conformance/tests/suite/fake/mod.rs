//! A tiny authorization server that does everything right except for one switchable sin.
//!
//! It is a test of the judge. It stores everything in memory, serves one test and is gone.

mod assertion;
mod authentication;
pub(crate) mod authorize;
pub(crate) mod bearer;
pub(crate) mod browser;
pub(crate) mod clients;
pub(crate) mod code;
mod description;
pub(crate) mod grant;
pub(crate) mod hint;
pub(crate) mod id_token;
pub(crate) mod introspect;
pub(crate) mod keys;
pub(crate) mod logout;
pub(crate) mod metadata;
pub(crate) mod pages;
pub(crate) mod password;
pub(crate) mod people;
pub(crate) mod pkce;
pub(crate) mod refresh;
pub(crate) mod requested;
pub(crate) mod revoke;
pub(crate) mod sin;
pub(crate) mod subject;
pub(crate) mod token;
pub(crate) mod userinfo;
pub(crate) mod wire;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value};

pub(crate) use self::sin::Sin;
use self::wire::{Reply, Request};

/// What the server remembers.
#[derive(Default)]
pub(crate) struct Memory {
    /// `jti` of JWTs, and opaque tokens.
    pub(crate) revoked: HashSet<String>,
    pub(crate) opaque: HashMap<String, Map<String, Value>>,
    /// What introspection has once said, for the sin of saying it again.
    pub(crate) cached: HashMap<String, Value>,
    /// `jti` of the assertions that were taken.
    pub(crate) assertions: HashSet<String>,
    pub(crate) failures: HashMap<String, u32>,
    /// Wrong passwords in a row, by username.
    pub(crate) guesses: HashMap<String, u32>,
    pub(crate) grants: Vec<grant::Grant>,
    pub(crate) codes: HashMap<String, code::Code>,
    /// By what their cookies say.
    pub(crate) sessions: HashMap<String, browser::Session>,
    pub(crate) tickets: HashMap<String, browser::Ticket>,
    /// The scopes that were allowed, by the `sub` of the user and the id of the client.
    pub(crate) consents: HashMap<(&'static str, &'static str), BTreeSet<String>>,
    pub(crate) issued: Vec<String>,
    pub(crate) misses: u32,
    pub(crate) requests: u32,
}

/// A running server.
pub(crate) struct Fake {
    pub(crate) sin: Sin,
    /// Where it is, without the path of the issuer.
    pub(crate) base: String,
    pub(crate) issuer: String,
    pub(crate) memory: Mutex<Memory>,
    /// The protected resource wants POST and the form of its description.
    pub(crate) form: bool,
    pub(crate) make: Make,
    pub(crate) names: pages::Names,
    pub(crate) rotation: Rotation,
    /// How long a code may be redeemed.
    pub(crate) code_lifetime: Duration,
    /// The certificate to be trusted, if it speaks TLS.
    pub(crate) certificate: Option<String>,
}

/// What kind of server it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Make {
    #[default]
    Usual,
    /// Its codes live for two seconds, as the description says.
    Brief,
    /// It has the password grant and the implicit flow, which no server should offer (RFC 9700 §2.1.2, §2.4).
    Legacy,
    /// Its pages lie behind redirects and have fields of other names, and where the standards leave room it does
    /// otherwise.
    Foreign,
}

/// What a refresh does to the refresh token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rotation {
    /// A new one is given, and the old one is dead.
    #[default]
    Strict,
    /// The same, but the one before the newest gets the newest again.
    Retried,
    /// The same as the first, but confidential clients keep theirs.
    OfPublicClients,
}

/// How to start it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) tls: bool,
    pub(crate) issuer_path: &'static str,
    /// The protected resource is asked by POST.
    pub(crate) form: bool,
    pub(crate) make: Make,
    pub(crate) rotation: Rotation,
}

impl Fake {
    /// Serves until the runtime of the test ends.
    pub(crate) async fn start(sin: Sin, setting: Setting) -> Arc<Self> {
        wire::start(sin, setting).await
    }

    pub(crate) fn is(&self, sin: Sin) -> bool {
        self.sin == sin
    }

    pub(crate) fn is_of(&self, make: Make) -> bool {
        self.make == make
    }

    pub(crate) fn handle(&self, request: &Request) -> Reply {
        if request.plain && self.certificate.is_some() && !self.is(Sin::TakesPlainHttp) {
            // What nginx says.
            return Reply::text(400, "The plain HTTP request was sent to HTTPS port");
        }
        let path = request.path.as_str();
        let metadata = metadata::path(self);
        let discovery = metadata::discovery_path(self);
        match path {
            "/token" => token::handle(self, request),
            "/introspect" => introspect::handle(self, request),
            "/revoke" => revoke::handle(self, request),
            "/jwks" => metadata::jwks(self),
            "/authorize" => authorize::handle(self, request),
            "/interaction" => authorize::interaction(self, request),
            "/sign-in" => authorize::sign_in(self, request),
            "/select-account" => authorize::select_account(self, request),
            "/consent" => authorize::consent(self, request),
            "/userinfo" => userinfo::handle(self, request),
            "/logout" => logout::handle(self, request),
            "/logout/confirm" => logout::confirm(self, request),
            "/resource" => bearer::handle(self, request),
            _ if path == metadata || path == discovery => metadata::handle(self, request),
            _ if path.starts_with(&metadata) && self.is(Sin::ServesAnyIssuer) => {
                metadata::handle(self, request)
            }
            _ => Reply::text(404, "nothing here"),
        }
    }

    /// No secret of a client, and no token or assertion that was ever seen.
    pub(crate) fn assert_nothing_shown_in(&self, text: &str) {
        let memory = self.memory.lock().unwrap();
        let passwords = people::USERS.iter().map(|user| user.password);
        let secrets = clients::secrets().chain(passwords).map(str::to_owned);
        for confidential in secrets.chain(memory.issued.iter().cloned()) {
            assert!(
                !text.contains(&confidential),
                "{:?} shows {confidential}:\n{text}",
                self.sin
            );
        }
    }

    /// The claims of a live token.
    pub(crate) fn claims_of(&self, token: &str) -> Option<Map<String, Value>> {
        let memory = self.memory.lock().unwrap();
        let claims = memory
            .opaque
            .get(token)
            .cloned()
            .or_else(|| keys::verify(token).filter(|claims| is_access_token(self, claims)))
            .or_else(|| {
                self.is(Sin::IgnoresSignature)
                    .then(|| keys::unverified(token))
                    .flatten()
            })?;
        let id = identity(token, &claims);
        let expired = claims["exp"].as_u64()? < jsonwebtoken::get_current_timestamp();
        let ended = claims
            .get("grant")
            .and_then(Value::as_u64)
            .and_then(|id| memory.grants.get(usize::try_from(id).ok()?))
            .is_some_and(|grant| grant.ended && !self.is(Sin::AccessTokensOutliveGrant));
        let dead =
            ended || memory.revoked.contains(&id) || (expired && !self.is(Sin::IgnoresExpiry));
        (!dead).then_some(claims)
    }
}

/// ID tokens name no client but in their audience.
fn is_access_token(fake: &Fake, claims: &Map<String, Value>) -> bool {
    claims.contains_key("client_id") || fake.is(Sin::TakesIdTokens)
}

/// What a token is remembered by.
pub(crate) fn identity(token: &str, claims: &Map<String, Value>) -> String {
    claims
        .get("jti")
        .and_then(Value::as_str)
        .unwrap_or(token)
        .to_owned()
}
