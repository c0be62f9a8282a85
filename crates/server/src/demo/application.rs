//! A small application that sends its users to this service and shows what it gets, so that the whole flow can be tried
//! with a browser and nothing else. Development set-ups only (RULES O3).
//!
//! It does what an application of your own would do: PKCE, `state`, `nonce`, the check of `iss`, the code for tokens, the
//! access token for userinfo. It only saves itself the way over the network, and with that the checks of the ID token that
//! guard it (signature, `iss`, `aud`, `exp`), since it runs in the same process; leave those to a library in yours.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use cookie::{Cookie, SameSite};
use countersign_core::{Random, Secret};
use countersign_jose::jws::UnverifiedClaims;
use countersign_jose::{base64url, digest};
use countersign_protocol::{ErrorResponse, Form, TokenRequest, UserinfoRequest};
use countersign_provider::{Origin, Provider, Userinfo, paths};
use serde_json::{Map, Value};

use super::pages::{self, Tokens};
use crate::host::SystemRandom;
use crate::http::see_other;

/// Its id at this service.
pub(super) const CLIENT: &str = "demo-app";

/// What it asks for.
pub(super) const SCOPE: &str = "openid profile email offline_access";

/// Where it is, below the issuer.
pub(crate) const HOME: &str = "/demo";
const START: &str = "/demo/start";
const CALLBACK: &str = "/demo/callback";

/// What it wants to know again when its user comes back.
const COOKIE: &str = "countersign_demo";

/// Where its users come back to.
pub(super) fn redirect_uri(provider: &Provider) -> String {
    provider.settings().issuer.endpoint(CALLBACK)
}

/// Where its users come back to after signing out.
pub(super) fn home(provider: &Provider) -> String {
    provider.settings().issuer.endpoint(HOME)
}

/// The application: what it knows of the service, and what it proves itself by.
struct Application {
    provider: Arc<Provider>,
    secret: Secret<String>,
}

/// Its routes. They guard nothing: whoever asks is a newcomer on this very machine.
pub(crate) fn router(provider: Arc<Provider>, secret: Secret<String>) -> Router {
    Router::new()
        .route("/", get(lead_home))
        .route(HOME, get(welcome))
        .route(START, get(start))
        .route(CALLBACK, get(callback))
        .with_state(Arc::new(Application { provider, secret }))
}

/// The cookie is for this application, and not for the service beside it.
fn cookie_path(provider: &Provider) -> String {
    format!("{}{HOME}", provider.settings().issuer.path())
}

/// What it keeps of an authorization request until the answer comes.
struct Pending {
    state: String,
    nonce: String,
    code_verifier: String,
}

impl Pending {
    fn draw() -> Self {
        let random: &dyn Random = &SystemRandom;
        let text = || base64url::encode(&random.bytes::<32>());
        Self {
            state: text(),
            nonce: text(),
            code_verifier: text(),
        }
    }

    fn to_cookie(&self, path: String) -> Cookie<'static> {
        let value = [&*self.state, &self.nonce, &self.code_verifier].join(".");
        Cookie::build((COOKIE, value))
            .path(path)
            .http_only(true)
            .same_site(SameSite::Lax)
            .build()
    }

    fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let header = headers.get(axum::http::header::COOKIE)?.to_str().ok()?;
        let mut cookies = Cookie::split_parse(header.to_owned()).flatten();
        let cookie = cookies.find(|cookie| cookie.name() == COOKIE)?;
        let mut parts = cookie.value().splitn(3, '.').map(str::to_owned);
        Some(Self {
            state: parts.next()?,
            nonce: parts.next()?,
            code_verifier: parts.next()?,
        })
    }
}

/// Where a newcomer looks first.
async fn lead_home(State(application): State<Arc<Application>>) -> Response {
    see_other(&home(&application.provider))
}

async fn welcome(State(application): State<Arc<Application>>) -> Response {
    pages::welcome(&application.provider.settings().issuer.endpoint(START))
}

/// RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1. The page offers `prompt=login` and the like.
async fn start(
    State(application): State<Arc<Application>>,
    RawQuery(wishes): RawQuery,
) -> Response {
    let provider = &application.provider;
    let issuer = &provider.settings().issuer;
    let pending = Pending::draw();
    let challenge = base64url::encode(&digest::sha256(pending.code_verifier.as_bytes()));
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs([
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", &redirect_uri(provider)),
        ("scope", SCOPE),
        ("state", &pending.state),
        ("nonce", &pending.nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    let wishes = Form::parse(wishes.unwrap_or_default().as_bytes(), &[]);
    if let Some(prompt) = wishes.as_ref().ok().and_then(|wishes| wishes.get("prompt")) {
        query.append_pair("prompt", prompt);
    }
    let location = format!("{}?{}", issuer.endpoint(paths::AUTHORIZE), query.finish());
    pages::redirect(&location, &pending.to_cookie(cookie_path(provider)))
}

/// What comes back (RFC 6749 §4.1.2, RFC 9207 §2).
async fn callback(
    State(application): State<Arc<Application>>,
    RawQuery(answer): RawQuery,
    headers: HeaderMap,
) -> Response {
    let start = application.provider.settings().issuer.endpoint(START);
    let exchanged = async {
        let answer = Form::parse(answer.unwrap_or_default().as_bytes(), &[]);
        let answer = answer.map_err(|error| error.to_string())?;
        exchange(&application, &answer, Pending::from_headers(&headers)).await
    };
    let mut response = match exchanged.await {
        Ok(tokens) => pages::tokens(&tokens),
        Err(problem) => pages::problem(&problem, &start),
    };
    // What came back is used once: loading the page again must not redeem the code again.
    let mut used = Cookie::build(COOKIE)
        .path(cookie_path(&application.provider))
        .build();
    used.make_removal();
    pages::set_cookie(&mut response, &used);
    response
}

async fn exchange(
    application: &Application,
    answer: &Form,
    pending: Option<Pending>,
) -> Result<Tokens, String> {
    let provider = &application.provider;
    let pending = pending.ok_or("This browser has not begun here, or its cookies are off.")?;
    // RFC 6749 §10.12, RFC 9207 §2.4: an answer that this browser has not asked for, or of somebody else, is none.
    if answer.get("state") != Some(&*pending.state) {
        return Err("The state is not the one that was sent.".into());
    }
    let issuer = provider.settings().issuer.as_str();
    if answer.get("iss") != Some(issuer) {
        return Err("The answer does not name this issuer.".into());
    }
    if let Some(error) = answer.get("error") {
        let description = answer.get("error_description").unwrap_or_default();
        return Err(format!("{error}: {description}"));
    }
    let code = answer
        .get("code")
        .ok_or("The answer has neither a code nor an error.")?;
    let form = form(&[
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT),
        ("client_secret", application.secret.expose()),
        ("code", code),
        ("redirect_uri", &redirect_uri(provider)),
        ("code_verifier", &pending.code_verifier),
    ])?;
    let told = |error: ErrorResponse| error.to_string();
    let request = TokenRequest::read(&[], &form).map_err(told)?;
    let tokens = provider
        .token(request, Origin::default())
        .await
        .map_err(told)?;
    let id_token = tokens.id_token.ok_or("There is no ID token.")?;
    let id_claims = claims_of(&id_token);
    // OpenID Connect Core §3.1.3.7.
    if id_claims.get("nonce").and_then(Value::as_str) != Some(&*pending.nonce) {
        return Err("The nonce of the ID token is not the one that was sent.".into());
    }
    let header = format!("Bearer {}", tokens.access_token);
    let request = UserinfoRequest::read(&[&header], None).map_err(told)?;
    let userinfo = match provider.userinfo(&request).await.map_err(told)? {
        Userinfo::Json(claims) => claims,
        Userinfo::Jwt(jwt) => claims_of(&jwt),
    };
    Ok(Tokens {
        start: provider.settings().issuer.endpoint(START),
        sign_out: sign_out(provider, &id_token),
        id_token,
        id_claims,
        access_claims: claims_of(&tokens.access_token),
        access_token: tokens.access_token,
        refresh_token: tokens.refresh_token,
        scope: tokens.scope.to_string(),
        userinfo,
    })
}

/// OpenID Connect RP-Initiated Logout §2.
fn sign_out(provider: &Provider, id_token: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("id_token_hint", id_token),
            ("post_logout_redirect_uri", &home(provider)),
        ])
        .finish();
    format!(
        "{}?{query}",
        provider.settings().issuer.endpoint(paths::LOGOUT)
    )
}

/// What a JWT says; nothing if it is none. It came from the issuer itself, so its signature need not be judged.
fn claims_of(token: &str) -> Map<String, Value> {
    UnverifiedClaims::peek(token).map_or_else(|_| Map::new(), |claims| claims.members().clone())
}

fn form(fields: &[(&str, &str)]) -> Result<Form, String> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    Form::parse(body.as_bytes(), &[]).map_err(|error| error.to_string())
}
