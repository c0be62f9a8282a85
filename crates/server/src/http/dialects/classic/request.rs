//! What is asked for: a form or a JSON object; and who says to ask, by the header, the body, or both.

use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use countersign_core::{ResourceUri, Secret};
use countersign_protocol::{
    AuthorizationHeader, BasicPair, ErrorCode, ErrorResponse, Form, GrantRequest,
    IntrospectionCaller, IntrospectionRequest, JsonObject, PresentedClient, RevocationRequest,
    TokenRequest, WrongType,
};
use countersign_provider::{Door, Origin};

use super::Endpoint;
use super::refusal::{Seen, SeenRequest};
use crate::http::endpoints::{Head, borrow};
use crate::http::{Service, body};

/// The members of a JSON object that are read; others do not count, as in forms.
const MEMBERS: [&str; 17] = [
    "grant_type",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "scope",
    "username",
    "password",
    "refresh_token",
    "code",
    "redirect_uri",
    "code_verifier",
    "resource",
    "audience",
    "aud",
    "token",
    "token_type_hint",
];

/// A request that could be read.
pub(super) struct Asked {
    head: Head,
    header: AuthorizationHeader,
    /// The parameters of the body.
    form: Form,
}

/// What a caller says that it asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// A token, or nothing. The shape of a token tells its kind.
    Token,
    /// An authorization code.
    Code,
    /// Nothing that there is.
    Unknown,
}

impl Asked {
    /// Reads a request.
    pub(super) async fn read(service: &Service, request: Request) -> Result<Self, ErrorResponse> {
        let head = service.read_head(&request)?;
        let header = AuthorizationHeader::read(&borrow(&head.authorization))?;
        let form = read_body(request).await?;
        Ok(Self { head, header, form })
    }

    /// Where it comes from.
    pub(super) const fn origin(&self) -> Origin {
        self.head.origin.at(Door::Classic)
    }

    /// What a refusal can be worded by.
    pub(super) fn seen(&self, endpoint: Endpoint) -> Seen {
        let text = |name| self.form.get(name).map(str::to_owned);
        let (in_header, has_secret) = match &self.header {
            AuthorizationHeader::Basic(basic) => {
                let has = |read: fn(&BasicPair) -> &str| {
                    basic
                        .readings
                        .iter()
                        .any(|reading| !read(reading).is_empty())
                };
                (has(|it| &it.user), has(|it| it.password.expose()))
            }
            AuthorizationHeader::Bearer(_) => (endpoint == Endpoint::Introspection, false),
            AuthorizationHeader::Absent => (false, false),
        };
        let grant_type = text("grant_type");
        let required: &[&str] = match (endpoint, grant_type.as_deref()) {
            (Endpoint::Token, Some("password")) => &["username", "password"],
            (Endpoint::Token, Some("refresh_token")) => &["refresh_token"],
            (Endpoint::Token, Some("authorization_code")) => &["code"],
            (Endpoint::Token, _) => &[],
            (Endpoint::Revocation | Endpoint::Introspection, _) => &["token"],
        };
        // It names the client, and proves it.
        let has_assertion = self.form.get("client_assertion").is_some();
        let mut missing = required.iter().filter(|name| self.form.get(name).is_none());
        Seen::Request(SeenRequest {
            endpoint,
            has_client: in_header || has_assertion || self.form.get("client_id").is_some(),
            has_secret: has_secret || has_assertion || self.form.get("client_secret").is_some(),
            missing: missing.next().copied(),
            scope: text("scope"),
            grant_type,
        })
    }

    /// What it says that it asks about.
    pub(super) fn hint(&self) -> Hint {
        match self.form.get("token_type_hint") {
            None | Some("access_token" | "refresh_token") => Hint::Token,
            Some("auth_code") => Hint::Code,
            Some(_) => Hint::Unknown,
        }
    }

    /// What it asks of the token endpoint.
    pub(super) fn token_request(self) -> Result<TokenRequest, ErrorResponse> {
        let Self { header, form, .. } = self;
        let mut request = TokenRequest {
            client: client(header, &form)?,
            grant: GrantRequest::read(&form)?,
        };
        if let Some(audience) = audience(&form)? {
            let resources = resources(&mut request.grant);
            if resources.iter().any(|resource| *resource != audience) {
                return Err(several_audiences());
            }
            *resources = vec![audience];
        }
        Ok(request)
    }

    /// What it asks of the revocation endpoint. A request without a token is one with a token that is none.
    pub(super) fn revocation_request(self) -> Result<RevocationRequest, ErrorResponse> {
        let token = self.form.secret("token");
        Ok(RevocationRequest {
            client: client(self.header, &self.form)?,
            token: token.unwrap_or_else(|| Secret::new(String::new())),
        })
    }

    /// What it asks of the introspection endpoint.
    pub(super) fn introspection_request(self) -> Result<IntrospectionRequest, ErrorResponse> {
        if let AuthorizationHeader::Bearer(_) = self.header {
            return IntrospectionRequest::read(&borrow(&self.head.authorization), &self.form);
        }
        let caller = client(self.header, &self.form)?;
        Ok(IntrospectionRequest {
            caller: IntrospectionCaller::Client(caller),
            token: self.form.require_secret("token")?,
        })
    }
}

/// Reads a body in either of its shapes.
async fn read_body(request: Request) -> Result<Form, ErrorResponse> {
    let headers = request.headers();
    let is_json = body::is_json(headers);
    // The documentation of that server prints a request that does not say what its body is, which is a form.
    let is_form = !headers.contains_key(CONTENT_TYPE) || body::require_form(headers).is_ok();
    if !is_json && !is_form {
        return Err(invalid(
            "the Content-Type must be application/x-www-form-urlencoded or application/json",
        ));
    }
    let bytes = body::read(request.into_body()).await?;
    if is_json {
        of_json(bytes.expose())
    } else {
        Ok(Form::parse(bytes.expose(), TokenRequest::REPEATABLE)?)
    }
}

fn of_json(body: &[u8]) -> Result<Form, ErrorResponse> {
    let object = JsonObject::parse(body).map_err(|error| invalid(&error.to_string()))?;
    let members = members(&object).map_err(|error| invalid(&error.to_string()))?;
    Ok(Form::from_parameters(members)?)
}

/// The members of an object as parameters: texts, or `null`, which is none.
fn members(object: &JsonObject) -> Result<Vec<(String, Secret<String>)>, WrongType> {
    let mut members = Vec::new();
    for name in MEMBERS {
        if object.is_null(name) {
            continue;
        }
        if let Some(text) = object.text(name)? {
            members.push((name.to_owned(), Secret::new(text.to_owned())));
        }
    }
    Ok(members)
}

/// The client as the body names it and, where the body lacks something, the header of HTTP Basic: that server takes each of
/// the two for itself. It knows no assertions, and a request with one is read as everywhere else.
fn client(header: AuthorizationHeader, form: &Form) -> Result<PresentedClient, ErrorResponse> {
    let assertion = ["client_assertion", "client_assertion_type"];
    let is_asserted = assertion.iter().any(|name| form.get(name).is_some());
    let mut basic = match header {
        AuthorizationHeader::Basic(basic) if !is_asserted => basic,
        header => return PresentedClient::read(header, form),
    };
    let (id, secret) = (form.get("client_id"), form.secret("client_secret"));
    let literal = basic.readings.first().map(|reading| reading.user.clone());
    let client_id = id
        .map(str::to_owned)
        .or(literal)
        .filter(|id| !id.is_empty());
    // An empty secret is none (RFC 6749 §2.3.1), and its client a public one, or none.
    basic
        .readings
        .retain(|reading| !reading.password.expose().is_empty());
    Ok(match (client_id, secret) {
        (Some(client_id), Some(client_secret)) => PresentedClient::Post {
            client_id,
            client_secret,
        },
        (None, Some(_)) => return Err(ErrorResponse::missing_parameter("client_id")),
        (Some(client_id), None) if basic.readings.is_empty() => {
            PresentedClient::Named { client_id }
        }
        (None, None) if basic.readings.is_empty() => PresentedClient::Nobody,
        (_, None) => {
            if let Some(id) = id {
                for reading in &mut basic.readings {
                    id.clone_into(&mut reading.user);
                }
            }
            PresentedClient::Basic(basic)
        }
    })
}

/// The resource under the names that it has on that wire.
fn audience(form: &Form) -> Result<Option<ResourceUri>, ErrorResponse> {
    let mut found: Option<ResourceUri> = None;
    for name in ["audience", "aud"] {
        let Some(text) = form.get(name) else { continue };
        let audience: ResourceUri = text
            .parse()
            .map_err(|error: countersign_core::ResourceUriError| target(&error.to_string()))?;
        if found.as_ref().is_some_and(|found| *found != audience) {
            return Err(several_audiences());
        }
        found = Some(audience);
    }
    Ok(found)
}

const fn resources(grant: &mut GrantRequest) -> &mut Vec<ResourceUri> {
    match grant {
        GrantRequest::ClientCredentials(asked) => &mut asked.resources,
        GrantRequest::Password(grant) => &mut grant.asked.resources,
        GrantRequest::RefreshToken(grant) => &mut grant.asked.resources,
        GrantRequest::AuthorizationCode(grant) => &mut grant.resources,
    }
}

fn several_audiences() -> ErrorResponse {
    target("audience, aud and resource are names of one resource; name one")
}

fn target(text: &str) -> ErrorResponse {
    ErrorResponse::new(ErrorCode::InvalidTarget, text)
}

fn invalid(text: &str) -> ErrorResponse {
    ErrorResponse::new(ErrorCode::InvalidRequest, text)
}

#[cfg(test)]
mod tests;
