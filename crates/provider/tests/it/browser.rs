//! A browser without a window: it keeps its cookies, and does on each page what a test wants.

use std::collections::BTreeMap;

use countersign_core::{ClientSettings, GrantType, Secret, UserProfile};
use countersign_jose::jws::UnverifiedClaims;
use countersign_jose::{base64url, digest};
use countersign_protocol::{Delivery, ErrorResponse, Form, TokenResponse, UserinfoRequest};
use countersign_provider::pages::{ConsentPage, ErrorPage, SelectAccountPage, SignInPage};
use countersign_provider::{Answer, Browser, Origin, Provider, SessionCookie, Show, Userinfo};
use serde_json::{Map, Value};

use crate::common::{PASSWORD, Service, TestClient, USER, add_user};

pub(crate) const REDIRECT_URI: &str = "https://app.example/cb";

/// A code verifier, and the challenge that is its hash.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What a client may do that sends its users to the authorization endpoint.
pub(crate) fn web_settings() -> ClientSettings {
    ClientSettings {
        scope: "openid profile email address phone offline_access read write"
            .parse()
            .unwrap(),
        redirect_uris: vec![REDIRECT_URI.parse().unwrap()],
        ..ClientSettings::new(vec![GrantType::AuthorizationCode, GrantType::RefreshToken])
    }
}

/// A browser.
#[derive(Clone, Default)]
pub(crate) struct TestBrowser {
    session: Option<String>,
    id: Option<String>,
    was_told_to_forget: bool,
}

/// What a client is told at its redirect URI, or by whom the way there was barred.
#[derive(Debug)]
pub(crate) enum End {
    Response(BTreeMap<String, String>),
    Page(ErrorPage),
}

impl End {
    /// What the client is told.
    pub(crate) fn response(self) -> BTreeMap<String, String> {
        match self {
            Self::Response(parameters) => parameters,
            Self::Page(page) => panic!("{page:?}"),
        }
    }

    /// The code.
    pub(crate) fn code(self) -> String {
        self.response().remove("code").expect("there is a code")
    }

    /// The error code, wherever it is told.
    pub(crate) fn error(self) -> String {
        match self {
            Self::Response(parameters) => parameters["error"].clone(),
            Self::Page(page) => page.error.error.name().to_owned(),
        }
    }
}

/// An authorization request of the client `client_id`, with PKCE, for a code; `more` is appended.
pub(crate) fn request(client_id: &str, more: &str) -> String {
    format!(
        "client_id={client_id}&redirect_uri={REDIRECT_URI}&response_type=code&code_challenge={CHALLENGE}&\
         code_challenge_method=S256{more}"
    )
}

impl TestBrowser {
    fn cookies(&self) -> Browser {
        let secret = |value: &Option<String>| value.clone().map(Secret::new);
        Browser {
            session: secret(&self.session),
            id: secret(&self.id),
        }
    }

    /// Whether it has a session cookie, and which.
    pub(crate) fn session_cookie(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// Whether it was told to forget its session.
    pub(crate) fn was_told_to_forget(&self) -> bool {
        self.was_told_to_forget
    }

    /// Another browser that has got hold of this one's session cookie.
    pub(crate) fn with_session(cookie: &str) -> Self {
        Self {
            session: Some(cookie.to_owned()),
            ..Self::default()
        }
    }

    fn take(&mut self, answer: Answer) -> Show {
        match answer.session {
            SessionCookie::Keep => {}
            SessionCookie::Set { value, .. } => self.session = Some(value.expose().clone()),
            SessionCookie::Clear => {
                self.session = None;
                self.was_told_to_forget = true;
            }
        }
        if let Some(id) = answer.browser_id {
            self.id = Some(id.expose().clone());
        }
        answer.show
    }

    /// Goes to the authorization endpoint.
    pub(crate) async fn authorize(&mut self, node: &Provider, request: &str) -> Show {
        let answer = node
            .authorize(request.as_bytes(), &self.cookies(), Origin::default())
            .await;
        self.take(answer)
    }

    /// Types a name and a password into the sign-in page.
    pub(crate) async fn type_in(
        &mut self,
        node: &Provider,
        page: &SignInPage,
        username: &str,
        password: &str,
    ) -> Show {
        let form = form(&[
            ("ticket", page.ticket.as_str()),
            ("username", username),
            ("password", password),
        ]);
        let answer = node
            .submit_sign_in(&form, &self.cookies(), Origin::default())
            .await;
        self.take(answer)
    }

    /// Presses a button of the page for choosing an account.
    pub(crate) async fn choose(
        &mut self,
        node: &Provider,
        page: &SelectAccountPage,
        account: &str,
    ) -> Show {
        let form = form(&[("ticket", page.ticket.as_str()), ("account", account)]);
        let answer = node
            .submit_account(&form, &self.cookies(), Origin::default())
            .await;
        self.take(answer)
    }

    /// Presses a button of the consent page.
    pub(crate) async fn decide(
        &mut self,
        node: &Provider,
        page: &ConsentPage,
        decision: &str,
    ) -> Show {
        let form = form(&[("ticket", page.ticket.as_str()), ("decision", decision)]);
        let answer = node
            .submit_consent(&form, &self.cookies(), Origin::default())
            .await;
        self.take(answer)
    }

    /// Signs out, by this request.
    pub(crate) async fn sign_out(&mut self, node: &Provider, request: &str) -> Show {
        let origin = Origin::default();
        let answer = node
            .sign_out(request.as_bytes(), &self.cookies(), origin)
            .await;
        self.take(answer)
    }

    /// Presses a button of the page that asks before it signs out.
    pub(crate) async fn confirm(&mut self, node: &Provider, ticket: &str, decision: &str) -> Show {
        let form = form(&[("ticket", ticket), ("decision", decision)]);
        let origin = Origin::default();
        let answer = node.submit_sign_out(&form, &self.cookies(), origin).await;
        self.take(answer)
    }

    /// Goes all the way, as the user of the tests who agrees to everything.
    pub(crate) async fn go(&mut self, node: &Provider, request: &str) -> End {
        let mut show = self.authorize(node, request).await;
        for _ in 0..4 {
            show = match show {
                Show::SignIn(page) => self.type_in(node, &page, USER, PASSWORD).await,
                Show::SelectAccount(page) => self.choose(node, &page, "current").await,
                Show::Consent(page) => self.decide(node, &page, "allow").await,
                Show::Response(_) | Show::Error(_) => return end(show),
                other => panic!("{other:?}"),
            };
        }
        panic!("the way does not end")
    }
}

/// What the client is told by what the browser is shown.
pub(crate) fn end(show: Show) -> End {
    let response = match show {
        Show::Response(response) => response,
        Show::Error(page) => return End::Page(page),
        other => panic!("{other:?}"),
    };
    End::Response(match response.delivery() {
        Delivery::Redirect(location) => {
            let (_, parameters) = location.split_once(['?', '#']).unwrap();
            form_urlencoded::parse(parameters.as_bytes())
                .into_owned()
                .collect()
        }
        Delivery::FormPost { fields, .. } => fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
    })
}

pub(crate) fn form(fields: &[(&str, &str)]) -> Form {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    Form::parse(body.as_bytes(), &[]).unwrap()
}

impl TestClient {
    /// Redeems a code.
    pub(crate) async fn redeem(
        &self,
        node: &Provider,
        code: &str,
    ) -> Result<TokenResponse, ErrorResponse> {
        let more = format!("&redirect_uri={REDIRECT_URI}&code_verifier={VERIFIER}");
        self.redeem_with(node, code, &more).await
    }

    /// Redeems a code by a request that says `more`.
    pub(crate) async fn redeem_with(
        &self,
        node: &Provider,
        code: &str,
        more: &str,
    ) -> Result<TokenResponse, ErrorResponse> {
        self.ask(
            node,
            &format!("grant_type=authorization_code&code={code}{more}"),
        )
        .await
    }
}

/// What the userinfo endpoint tells with this access token.
pub(crate) async fn userinfo(
    node: &Provider,
    access_token: &str,
) -> Result<Map<String, Value>, ErrorResponse> {
    let header = format!("Bearer {access_token}");
    match node
        .userinfo(&UserinfoRequest::read(&[&header], None)?)
        .await?
    {
        Userinfo::Json(claims) => Ok(claims),
        Userinfo::Jwt(jwt) => Ok(claims_of(&jwt)),
    }
}

/// What a JWT says. Its signature is judged by others.
pub(crate) fn claims_of(jwt: &str) -> Map<String, Value> {
    UnverifiedClaims::peek(jwt).unwrap().members().clone()
}

/// The left half of a SHA-256 hash.
pub(crate) fn half_sha256(text: &str) -> String {
    base64url::encode(&digest::sha256(text.as_bytes())[..16])
}

/// A node with the user of the tests, and a client `web`.
pub(crate) async fn set_up(service: &Service) -> (Provider, TestClient) {
    let node = service.node().await;
    add_user(&node).await;
    let client = TestClient::add(&node, "web", web_settings()).await;
    (node, client)
}

/// Adds another user, with the same password.
pub(crate) async fn add_bob(node: &Provider) {
    let password = Some(Secret::new(PASSWORD.to_owned()));
    node.add_user("bob".parse().unwrap(), password, UserProfile::default())
        .await
        .unwrap();
}

/// What `show` is.
pub(crate) fn kind(show: &Show) -> &'static str {
    match show {
        Show::Response(_) => "response",
        Show::Redirect(_) => "redirect",
        Show::SignIn(_) => "sign in",
        Show::SelectAccount(_) => "select account",
        Show::Consent(_) => "consent",
        Show::ConfirmSignOut(_) => "confirm",
        Show::SignedOut(_) => "signed out",
        Show::Error(_) => "error",
    }
}
