//! How clients authenticate at the fake server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::clients::{self, Client, Method};
use super::wire::{Form, Reply, Request};
use super::{Fake, Sin, assertion};

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
        if form.get("client_assertion").is_some() {
            return assertion::client(self, request, form).ok_or_else(|| match self.sin {
                Sin::MisnamesBadAssertions => Reply::error(400, "invalid_grant"),
                _ => self.refusal("Basic", ""),
            });
        }
        let id = form.get("client_id").unwrap_or_default();
        self.by_body(id, form.get("client_secret"), request)
            .ok_or_else(|| self.refusal("Basic", id))
    }

    fn refusal(&self, challenge: &str, id: &str) -> Reply {
        let known = clients::all().any(|client| client.id == id);
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
        clients::all().find(|client| {
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
        let client = clients::all().find(|client| client.id == id)?;
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
