//! What somebody sends who wants a token.

use axum::http::{HeaderMap, header};
use countersign_core::Secret;
use countersign_core::wazo::AppId;
use countersign_protocol::{AuthorizationHeader, JsonObject, WrongType};
use countersign_provider::wazo::{Expiration, Proof, Refusal, SignIn};

use super::refusal::Fault;
use super::service::BACKEND;

/// Reads who wants a token, and for how long. A body that cannot be meant is told (400) before a password that is not there
/// (401).
pub(super) fn read(headers: &HeaderMap, body: &JsonObject) -> Result<SignIn, Fault> {
    let members = Members::read(body)?;
    if members.backend.is_some_and(|backend| backend != BACKEND) {
        return Err(Refusal::AuthenticationFailed.into());
    }
    let Members {
        expiration,
        offline,
        app,
        refresh_token,
        ..
    } = members;
    let proof = match (refresh_token, app) {
        // Whatever the `Authorization` header says.
        (Some(token), Some(app)) => Proof::RefreshToken { token, app },
        (_, app) => {
            let (username, password) = credentials(headers).ok_or(Refusal::AuthenticationFailed)?;
            let offline = app.filter(|_| offline);
            Proof::Password {
                username,
                password,
                offline,
            }
        }
    };
    Ok(SignIn {
        proof,
        expiration,
        mobile: is_mobile(headers),
        user_agent: user_agent(headers),
    })
}

/// The members of the body, each checked, and all of them together.
struct Members<'body> {
    backend: Option<&'body str>,
    expiration: Option<Expiration>,
    offline: bool,
    app: Option<AppId>,
    refresh_token: Option<Secret<String>>,
}

impl<'body> Members<'body> {
    fn read(body: &'body JsonObject) -> Result<Self, Fault> {
        let members = Self {
            backend: body.text("backend")?,
            expiration: expiration(body)?,
            offline: is_offline(body)?,
            app: app(body)?,
            refresh_token: given(body, "refresh_token")?.map(|text| Secret::new(text.to_owned())),
        };
        let (tenant, domain) = (given(body, "tenant_id")?, given(body, "domain_name")?);
        let has_refresh_token = members.refresh_token.is_some();
        let refused = if body.has("saml_session_id") {
            Some((
                "saml_session_id",
                "'saml_session_id' is not known here: there is no SAML",
            ))
        } else if has_refresh_token && members.app.is_none() {
            Some(("client_id", "'refresh_token' needs a 'client_id'"))
        } else if members.offline && members.app.is_none() {
            Some(("client_id", "'access_type' = 'offline' needs a 'client_id'"))
        } else if members.offline && has_refresh_token {
            Some((
                "access_type",
                "'access_type' = 'offline' and 'refresh_token' exclude each other",
            ))
        } else if tenant.is_some() && domain.is_some() {
            Some((
                "domain_name",
                "'tenant_id' and 'domain_name' exclude each other",
            ))
        } else {
            None
        };
        match refused {
            Some((name, message)) => Err(Fault::field(name, message)),
            None => Ok(members),
        }
    }
}

/// A member that is a string, if it is there and not empty.
fn given<'body>(
    body: &'body JsonObject,
    name: &'static str,
) -> Result<Option<&'body str>, WrongType> {
    Ok(body.text(name)?.filter(|text| !text.is_empty()))
}

fn expiration(body: &JsonObject) -> Result<Option<Expiration>, Fault> {
    let Some(seconds) = body.integer("expiration")? else {
        return Ok(None);
    };
    match Expiration::new(seconds) {
        Some(expiration) => Ok(Some(expiration)),
        None => Err(Fault::field(
            "expiration",
            format!("'expiration' must be 1 to {} seconds", Expiration::MAX),
        )),
    }
}

fn is_offline(body: &JsonObject) -> Result<bool, Fault> {
    match body.text("access_type")? {
        None | Some("online") => Ok(false),
        Some("offline") => Ok(true),
        Some(_) => Err(Fault::field(
            "access_type",
            "'access_type' must be 'online' or 'offline'",
        )),
    }
}

fn app(body: &JsonObject) -> Result<Option<AppId>, Fault> {
    let app = body.text("client_id")?.map(str::parse).transpose();
    app.map_err(|_| {
        let message = format!("'client_id' must have 1 to {} characters", AppId::MAX_CHARS);
        Fault::field("client_id", message)
    })
}

/// The name and the password of HTTP Basic as they stand there: nobody sends them form-encoded to this dialect. An empty one
/// of the two is none at all; programs with a refresh token send `Basic Og==`.
fn credentials(headers: &HeaderMap) -> Option<(String, Secret<String>)> {
    let values = headers.get_all(header::AUTHORIZATION).iter();
    let values: Vec<&str> = values
        .map(|value| value.to_str())
        .collect::<Result<_, _>>()
        .ok()?;
    let AuthorizationHeader::Basic(basic) = AuthorizationHeader::read(&values).ok()? else {
        return None;
    };
    let literal = basic.readings.into_iter().next()?;
    let is_whole = !literal.user.is_empty() && !literal.password.expose().is_empty();
    is_whole.then_some((literal.user, literal.password))
}

/// `Wazo-Session-Type: mobile`, in whatever letter case; everything else is no phone.
fn is_mobile(headers: &HeaderMap) -> bool {
    let named = headers.get("wazo-session-type");
    named.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"mobile"))
}

fn user_agent(headers: &HeaderMap) -> String {
    let value = headers.get(header::USER_AGENT);
    value.map_or_else(String::new, |value| {
        String::from_utf8_lossy(value.as_bytes()).into_owned()
    })
}
