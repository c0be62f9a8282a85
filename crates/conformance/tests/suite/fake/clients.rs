//! The clients of the fake server, and how they authenticate.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::wire::{Form, Reply, Request};
use super::{Fake, Sin};

pub(crate) const ONE: &str = "https://one.example/";
pub(crate) const TWO: &str = "https://two.example/";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Any,
    Basic,
    Post,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Es256,
    Rs256,
    Opaque,
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
};

pub(crate) const SCOPES: [&str; 2] = ["read", "write"];

pub(crate) static CLIENTS: [Client; 18] = [
    Client {
        role: "primary",
        id: "primary",
        secret: "primary-hush-1",
        resources: &[ONE, TWO],
        ..USUAL
    },
    Client {
        role: "secondary",
        id: "secondary",
        secret: "secondary-hush-2",
        ..USUAL
    },
    Client {
        role: "resource_server",
        id: "rs-one",
        secret: "rs-one-hush-3",
        ..USUAL
    },
    Client {
        role: "other_resource_server",
        id: "rs-two",
        secret: "rs-two-hush-4",
        resources: &[TWO],
        ..USUAL
    },
    Client {
        role: "special",
        id: "cl%3A +d",
        secret: "s%e:c+r e%20t\u{e9}",
        ..USUAL
    },
    Client {
        role: "post_only",
        id: "post",
        secret: "post-hush-5",
        method: Method::Post,
        ..USUAL
    },
    Client {
        role: "basic_only",
        id: "basic",
        secret: "basic-hush-6",
        method: Method::Basic,
        ..USUAL
    },
    Client {
        role: "no_client_credentials",
        id: "web",
        secret: "web-hush-7",
        grants: &["refresh_token", "authorization_code"],
        ..USUAL
    },
    Client {
        role: "public",
        id: "public",
        method: Method::None,
        grants: &["authorization_code"],
        ..USUAL
    },
    Client {
        role: "opaque",
        id: "opaque",
        secret: "opaque-hush-8",
        kind: Kind::Opaque,
        ..USUAL
    },
    Client {
        role: "rs256",
        id: "rsa",
        secret: "rsa-hush-9",
        kind: Kind::Rs256,
        ..USUAL
    },
    Client {
        role: "short_lived",
        id: "short",
        secret: "short-hush-10",
        lifetime: 2,
        ..USUAL
    },
    Client {
        role: "guessed",
        id: "guessed",
        secret: "guessed-hush-11",
        ..USUAL
    },
    Client {
        role: "password",
        id: "password",
        secret: "password-hush-12",
        grants: &["password", "refresh_token", "client_credentials"],
        resources: &[ONE, TWO],
        ..USUAL
    },
    Client {
        role: "other_password",
        id: "other-password",
        secret: "other-password-hush-13",
        grants: &["password", "refresh_token"],
        ..USUAL
    },
    Client {
        role: "public_password",
        id: "public-password",
        method: Method::None,
        grants: &["password", "refresh_token"],
        ..USUAL
    },
    Client {
        role: "no_refresh_token",
        id: "no-refresh",
        secret: "no-refresh-hush-14",
        grants: &["password"],
        ..USUAL
    },
    Client {
        role: "short_idle",
        id: "short-idle",
        secret: "short-idle-hush-15",
        grants: &["password", "refresh_token"],
        idle: 2,
        ..USUAL
    },
];

/// Every secret of [`CLIENTS`].
pub(crate) fn secrets() -> impl Iterator<Item = &'static str> {
    CLIENTS
        .iter()
        .map(|client| client.secret)
        .filter(|secret| !secret.is_empty())
}

impl Fake {
    /// The client, or the refusal.
    pub(crate) fn authenticate(
        &self,
        request: &Request,
        form: &Form,
    ) -> Result<&'static Client, Reply> {
        let given = request.authorizations();
        if given.len() > 1 && !self.is(Sin::TakesFirstAuthorization) {
            return Err(Reply::error(400, "invalid_request"));
        }
        let basic = given
            .first()
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| {
                let same = if self.is(Sin::MindsCaseOfBasic) {
                    *scheme == "Basic"
                } else {
                    scheme.eq_ignore_ascii_case("basic")
                };
                same && !self.is(Sin::RefusesBasic)
            });
        let secret_in_body = form.get("client_secret").is_some();
        if basic.is_some() && secret_in_body && !self.is(Sin::TakesTwoMethods) {
            return Err(Reply::error(400, "invalid_request"));
        }
        if let Some(first) = given.first() {
            let bearer = first.starts_with("Bearer");
            let challenge = if bearer {
                "Bearer error=\"invalid_token\""
            } else {
                "Basic"
            };
            let pair = basic
                .and_then(|(_, pair)| split_basic(pair))
                .unwrap_or_default();
            return self
                .by_basic(&pair)
                .ok_or_else(|| self.refusal(challenge, &pair.0));
        }
        let id = form.get("client_id").unwrap_or_default();
        self.by_body(id, form.get("client_secret"), request)
            .ok_or_else(|| self.refusal("Basic", id))
    }

    fn refusal(&self, challenge: &str, id: &str) -> Reply {
        let known = CLIENTS.iter().any(|client| client.id == id);
        if self.is(Sin::TellsUnknownClient) && !known {
            let body = serde_json::json!({"error": "invalid_client", "error_description": "who?"});
            return Reply::json(401, &body).with("www-authenticate", challenge);
        }
        let reply = Reply::error(401, "invalid_client");
        if self.is(Sin::ChallengesNobody) {
            reply
        } else {
            reply.with("www-authenticate", challenge)
        }
    }

    fn by_basic(&self, (id, secret): &(String, String)) -> Option<&'static Client> {
        CLIENTS.iter().find(|client| {
            let decoded = form_decode(id) == client.id && form_decode(secret) == client.secret;
            let raw = (form_decode(id) == client.id || id == client.id) && secret == client.secret;
            let matches = match self.sin {
                Sin::TakesRawBasic => decoded || raw,
                Sin::DecodesNothing => id == client.id && secret == client.secret,
                _ => decoded,
            };
            matches && self.may_use(client, Method::Basic)
        })
    }

    fn by_body(
        &self,
        id: &str,
        secret: Option<&str>,
        request: &Request,
    ) -> Option<&'static Client> {
        if self.is(Sin::RefusesPost) && secret.is_some() {
            return None;
        }
        let refuses = match request.path.as_str() {
            "/introspect" => self.is(Sin::IntrospectionRefusesPost),
            "/revoke" => self.is(Sin::RevocationRefusesPost),
            _ => false,
        };
        let client = CLIENTS.iter().find(|client| client.id == id)?;
        let authentic = if let Some(secret) = secret {
            secret == client.secret && !refuses && self.may_use(client, Method::Post)
        } else {
            client.method == Method::None
                || match self.sin {
                    Sin::ClientIdSuffices => request.path == "/token",
                    Sin::RefreshesWithoutSecret => {
                        request.form().get("grant_type") == Some("refresh_token")
                    }
                    Sin::IntrospectsForBareClientId => request.path == "/introspect",
                    Sin::BelievesCertificateHeader => request.header("x-client-cert").is_some(),
                    _ => false,
                }
        };
        authentic.then_some(client)
    }

    fn may_use(&self, client: &Client, method: Method) -> bool {
        client.method == method || client.method == Method::Any || self.is(Sin::TakesAnyMethod)
    }
}

/// At the first colon (RFC 7617 §2).
fn split_basic(pair: &str) -> Option<(String, String)> {
    let pair = String::from_utf8(STANDARD.decode(pair).ok()?).ok()?;
    pair.split_once(':')
        .map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

fn form_decode(text: &str) -> String {
    let form = format!("x={}", text.replace('&', "%26"));
    let mut pairs = form_urlencoded::parse(form.as_bytes()).into_owned();
    pairs.next().map(|(_, value)| value).unwrap_or_default()
}
