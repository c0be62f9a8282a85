//! The clients of the fake server.

mod services;
mod web;

pub(crate) const ONE: &str = "https://one.example/";
pub(crate) const TWO: &str = "https://two.example/";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Any,
    Basic,
    Post,
    /// Assertions, signed with the one key that the clients of this kind share.
    PrivateKey,
    None,
}

/// What its access tokens are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Es256,
    Rs256,
    Opaque,
}

/// How what is said to it of users is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signing {
    Rs256,
    Es256,
    /// By its own secret.
    Hs256,
}

/// Whether it has to send a code challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pkce {
    Required,
    Optional,
}

#[derive(Debug)]
pub(crate) struct Client {
    /// The role in the description, which is its id as well.
    pub(crate) role: &'static str,
    pub(crate) id: &'static str,
    pub(crate) secret: &'static str,
    pub(crate) method: Method,
    pub(crate) grants: &'static [&'static str],
    pub(crate) resources: &'static [&'static str],
    pub(crate) kind: Kind,
    pub(crate) lifetime: u64,
    /// Seconds for which its refresh tokens may lie unused.
    pub(crate) idle: u64,
    /// Where users are sent back to.
    pub(crate) redirect_uris: &'static [&'static str],
    pub(crate) response_types: &'static [&'static str],
    pub(crate) post_logout_redirect_uris: &'static [&'static str],
    pub(crate) pkce: Pkce,
    /// It runs on the user's machine, and takes any port of it.
    pub(crate) native: bool,
    pub(crate) id_tokens: Signing,
    /// How userinfo is signed, if it is.
    pub(crate) userinfo: Option<Signing>,
    /// Its users have a `sub` for its sector alone.
    pub(crate) pairwise: bool,
    /// Users are not asked for consent.
    pub(crate) trusted: bool,
}

const USUAL: Client = Client {
    role: "",
    id: "",
    secret: "",
    method: Method::Any,
    grants: &["client_credentials"],
    resources: &[ONE],
    kind: Kind::Es256,
    lifetime: 600,
    idle: 600,
    redirect_uris: &[],
    response_types: &[],
    post_logout_redirect_uris: &[],
    pkce: Pkce::Required,
    native: false,
    id_tokens: Signing::Rs256,
    userinfo: None,
    pairwise: false,
    trusted: false,
};

impl Client {
    /// It proves nothing.
    pub(crate) fn is_public(&self) -> bool {
        self.method == Method::None
    }
}

/// What a client may ask for.
pub(crate) const SCOPES: [&str; 2] = ["read", "write"];

/// What a client may ask users for besides.
pub(crate) const OF_USERS: [&str; 6] = [
    "openid",
    "profile",
    "email",
    "address",
    "phone",
    "offline_access",
];

pub(crate) fn all() -> impl Iterator<Item = &'static Client> {
    services::SERVICES.iter().chain(&web::WEB)
}

pub(crate) fn find(id: &str) -> Option<&'static Client> {
    all().find(|client| client.id == id)
}

/// The client of this role.
pub(crate) fn of_role(role: &str) -> &'static Client {
    all().find(|client| client.role == role).unwrap()
}

/// Every secret of the clients.
pub(crate) fn secrets() -> impl Iterator<Item = &'static str> {
    all()
        .map(|client| client.secret)
        .filter(|secret| !secret.is_empty())
}
