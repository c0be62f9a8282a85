//! The published crates `openidconnect` and `oauth2` as relying parties: what they do goes over TLS, as in production.

mod with_oauth2;
mod with_openidconnect;

use countersign_tests::{Home, Response, Server, TestClient, TestUser, TlsFront};
use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType};
use oauth2::{AuthorizationCode, CsrfToken, HttpRequest, HttpResponse, RequestTokenError, Scope};
use reqwest::blocking::{Client, Response as Answer};
use reqwest::redirect::Policy;
use serde_json::{Value, json};

/// Where the users of the clients go back to.
const CALLBACK: &str = "https://app.example/cb";
/// The same after signing out.
const BYE: &str = "https://app.example/bye";

/// The program with an https issuer that has a path, a TLS front before it, and a user.
struct Production {
    home: Home,
    server: Server,
    user: TestUser,
    http: Client,
    _front: TlsFront,
}

impl Production {
    fn new() -> Self {
        let home = Home::with_keys();
        let user = home.add_user("alice");
        let email = ["--email", "alice@example.com", "--email-verified", "true"];
        let _ = home.json(&[&["user", "update", "alice"], &email[..]].concat());
        let front = TlsFront::listen();
        let issuer = format!("{}/tenant", front.origin());
        let server = home.serve_with(&["--issuer", &issuer], &[]);
        front.stand_before(server.address);
        let certificate = reqwest::Certificate::from_pem(front.certificate().as_bytes());
        let http = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .tls_certs_only([certificate.expect("a certificate")])
            .build();
        Self {
            home,
            server,
            user,
            http: http.expect("an HTTP client"),
            _front: front,
        }
    }

    /// Adds a client whose ID tokens are signed with `algorithm`, with these members besides the usual ones.
    fn add_client(&self, client_id: &str, algorithm: &str, more: &Value) -> TestClient {
        let mut members = json!({
            "id_token_signed_response_alg": algorithm,
            "grant_types": ["authorization_code", "refresh_token"],
            "redirect_uris": [CALLBACK],
            "post_logout_redirect_uris": [BYE],
            "scope": "openid email offline_access read",
        });
        let more = more.as_object().expect("an object").clone();
        members.as_object_mut().expect("an object").extend(more);
        self.home.add_described_client(client_id, members)
    }

    /// The HTTP client of a relying party.
    fn http(&self) -> impl Fn(HttpRequest) -> Result<HttpResponse, reqwest::Error> {
        |request| {
            let answer = self.http.execute(request.try_into()?)?;
            let mut response = HttpResponse::default();
            *response.status_mut() = answer.status();
            *response.headers_mut() = answer.headers().clone();
            *response.body_mut() = answer.bytes()?.to_vec();
            Ok(response)
        }
    }

    /// A metadata document, which lies at this place below the origin.
    fn metadata(&self, place: &str) -> Value {
        let url = format!("{}{place}", self.server.origin());
        let answer = self.http.get(url).send();
        answer.and_then(Answer::json).expect("a document")
    }

    /// What becomes of a user who is sent to `url`, signs in and agrees. The pages are looked at from behind the front; a
    /// real browser looks at them through one (`real_browser::cookies`).
    fn send_user(&self, url: &str) -> Response {
        let path = url.strip_prefix(&self.server.issuer);
        let mut browser = self.server.browser();
        let answer = browser.get(path.expect("a URL below the issuer"));
        browser.finish(answer, &self.user)
    }
}

/// The code of a response that belongs to the request and comes from the issuer (RFC 6749 §10.12, RFC 9207 §2.4).
fn code_of(response: &Response, state: &CsrfToken, issuer: &str) -> AuthorizationCode {
    assert_eq!(response.redirect_uri, CALLBACK);
    assert_eq!(response.get("state"), state.secret(), "{response:?}");
    assert_eq!(response.get("iss"), issuer, "{response:?}");
    AuthorizationCode::new(response.code())
}

fn scope(name: &str) -> Scope {
    Scope::new(name.to_owned())
}

/// The error code with which the token endpoint refused; none if it did not.
fn refusal<E: std::error::Error>(
    outcome: Result<impl Sized, RequestTokenError<E, BasicErrorResponse>>,
) -> Option<BasicErrorResponseType> {
    match outcome {
        Err(RequestTokenError::ServerResponse(response)) => Some(response.error().clone()),
        _ => None,
    }
}
