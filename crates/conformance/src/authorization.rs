//! The authorization code flow, as a client and its user go through it (RFC 6749 §4.1, RFC 7636).

use crate::browser::{Browser, Kind, Page, Policy, Stop, Visit};
use crate::client::Client;
use crate::finding::Finding;
use crate::http::Answer;
use crate::judge::{Endpoint, Issued, Judge, SAMPLE, Sample};
use crate::random::{fresh, s256};
use crate::response::Response;
use crate::role::Role;
use crate::user::User;

/// The parameters of a request, in their order, to be changed at will.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// With this value in place of any other.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        match self.0.iter_mut().find(|(one, _)| one == name) {
            Some((_, old)) => value.clone_into(old),
            None => return self.also(name, value),
        }
        self
    }

    /// With one more, whether it is there or not.
    pub(crate) fn also(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(one, _)| one != name);
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().filter(|(one, _)| one == name);
        named.next().map(|(_, value)| value.as_str())
    }

    pub(crate) fn pairs(&self) -> Vec<(&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }
}

/// An authorization request, and the verifier that its client keeps for the code.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    parameters: Parameters,
    pub(crate) verifier: Option<String>,
}

impl Request {
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        Self {
            parameters: self.parameters.with(name, value),
            ..self
        }
    }

    pub(crate) fn with_all(self, more: &[(&str, &str)]) -> Self {
        more.iter()
            .fold(self, |request, (name, value)| request.with(name, value))
    }

    pub(crate) fn also(self, name: &str, value: &str) -> Self {
        Self {
            parameters: self.parameters.also(name, value),
            ..self
        }
    }

    pub(crate) fn without(self, name: &str) -> Self {
        Self {
            parameters: self.parameters.without(name),
            ..self
        }
    }

    /// With the S256 challenge of this verifier.
    pub(crate) fn with_verifier(self, verifier: &str) -> Self {
        let challenge = s256(verifier);
        let request = self.with("code_challenge", &challenge);
        Self {
            verifier: Some(verifier.to_owned()),
            ..request.with("code_challenge_method", "S256")
        }
    }

    /// For this response type; without PKCE if no code comes of it.
    pub(crate) fn of_type(self, response_type: &str) -> Self {
        let request = self.with("response_type", response_type);
        if response_type.split(' ').any(|word| word == "code") {
            request
        } else {
            request.without_pkce()
        }
    }

    /// Without PKCE.
    pub(crate) fn without_pkce(self) -> Self {
        let request = self.without("code_challenge");
        Self {
            verifier: None,
            ..request.without("code_challenge_method")
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }

    pub(crate) fn pairs(&self) -> Vec<(&str, &str)> {
        self.parameters.pairs()
    }

    /// The token request for a code that this request brought (RFC 6749 §4.1.3, RFC 7636 §4.5).
    pub(crate) fn redemption(&self, code: &str) -> Parameters {
        let mut form = Parameters::default()
            .also("grant_type", "authorization_code")
            .also("code", code);
        if let Some(redirect_uri) = self.get("redirect_uri") {
            form = form.also("redirect_uri", redirect_uri);
        }
        match &self.verifier {
            Some(verifier) => form.also("code_verifier", verifier),
            None => form,
        }
    }
}

/// A code that nobody has redeemed yet, and what it came from.
#[expect(
    clippy::struct_field_names,
    reason = "what is sent, among what it came from"
)]
pub(crate) struct Code {
    pub(crate) request: Request,
    pub(crate) response: Response,
    pub(crate) code: String,
}

/// A browser that has come to a page that asks for consent, and by which request.
pub(crate) struct AtConsent<'a> {
    pub(crate) browser: Browser<'a>,
    pub(crate) request: Request,
    pub(crate) page: Page,
}

impl Code {
    /// The token request for it.
    pub(crate) fn redemption(&self) -> Parameters {
        self.request.redemption(&self.code)
    }
}

impl Judge {
    /// A client of the code flow, or the reason to skip.
    pub(crate) fn code_client(&self, role: Role) -> Result<&Client, Finding> {
        self.supports("authorization_code")?;
        let client = self.authorized_client(role)?;
        if !client.has_grant("authorization_code") {
            let why = format!("[clients.{role}] has no grant type authorization_code");
            return Err(Finding::skipped(why));
        }
        Ok(client)
    }

    /// A client that sends users to the authorization endpoint, or the reason to skip.
    pub(crate) fn authorized_client(&self, role: Role) -> Result<&Client, Finding> {
        self.url(Endpoint::Authorization)?;
        self.user()?;
        let client = self.client(role)?;
        if client.redirect_uris.is_empty() {
            let why = format!("[clients.{role}] has no redirect_uris");
            return Err(Finding::skipped(why));
        }
        Ok(client)
    }

    /// Another user than the first one, or the reason to skip.
    pub(crate) fn second_user(&self) -> Result<&User, Finding> {
        let missing = || Finding::skipped("the target description has no [users.second]");
        self.target.users.second.as_ref().ok_or_else(missing)
    }

    /// A plain OAuth request for a code: the client's first redirect URI, its first scope that OpenID Connect does not
    /// speak of (or `openid`), a fresh state and a challenge.
    pub(crate) fn request(client: &Client) -> Request {
        let scope = client.plain_scopes().next();
        let scope = scope.or_else(|| client.scopes.first().map(String::as_str));
        let redirect_uri = client.redirect_uris.first().map_or("", String::as_str);
        let mut parameters = Parameters::default()
            .also("response_type", "code")
            .also("client_id", client.client_id())
            .also("redirect_uri", redirect_uri)
            .also("state", &fresh());
        if let Some(scope) = scope {
            parameters = parameters.also("scope", scope);
        }
        let verifier = None;
        let request = Request {
            parameters,
            verifier,
        };
        request.with_verifier(&fresh())
    }

    /// The same with OpenID Connect: the scope `openid`, and a fresh nonce.
    pub(crate) fn openid_request(client: &Client) -> Request {
        let request = Self::request(client).with("scope", "openid");
        request.with("nonce", &fresh())
    }

    /// A token request of the client with exactly these parameters.
    pub(crate) async fn redeem(
        &self,
        client: &Client,
        form: &Parameters,
    ) -> Result<Answer, Finding> {
        for confidential in ["code", "code_verifier"] {
            if let Some(value) = form.get(confidential) {
                self.redactor.learn(value);
            }
        }
        self.ask(Endpoint::Token, client, &form.pairs()).await
    }

    /// What a fresh code of the client brings: the user signs in in a new browser and allows.
    pub(crate) async fn sign_in(
        &self,
        client: &Client,
        request: &Request,
    ) -> Result<Issued, Finding> {
        let code = self.browser().code(request).await?;
        Issued::of(self.redeem(client, &code.redemption()).await?)
    }

    /// Brings a new browser to the page that asks for consent to the client of a role. A target that asks for no consent
    /// is the reason to skip.
    pub(crate) async fn at_consent(&self, role: Role) -> Result<AtConsent<'_>, Finding> {
        let client = self.code_client(role)?;
        let plain = Self::request(client).with("prompt", "consent");
        let openid = Self::openid_request(client).with("prompt", "consent");
        for request in [plain, openid] {
            let mut browser = self.browser();
            let mut stop = browser.ask(&request).await?;
            if let Stop::Page(page) = &stop
                && page.kind == Kind::SignIn
            {
                stop = browser.sign_in(page, self.user()?).await?;
            }
            if let Stop::Page(page) = stop
                && page.kind == Kind::Consent
            {
                let page = *page;
                return Ok(AtConsent {
                    browser,
                    request,
                    page,
                });
            }
        }
        let why = format!("the target does not ask for consent to [clients.{role}]");
        Err(Finding::skipped(why))
    }

    /// Hundred codes, of one session.
    pub(crate) async fn sample_of_codes(&self, client: &Client) -> Result<Sample, Finding> {
        let mut browser = self.browser();
        let mut tokens = Vec::with_capacity(SAMPLE);
        for _ in 0..SAMPLE {
            tokens.push(browser.code(&Self::request(client)).await?.code);
        }
        let kind = "codes";
        Ok(Sample { kind, tokens })
    }

    /// Fails unless the code gets `invalid_grant`.
    pub(crate) async fn code_is_refused(
        &self,
        client: &Client,
        form: &Parameters,
        when: &str,
    ) -> Result<Answer, Finding> {
        let answer = self.redeem(client, form).await?;
        answer.refused(&[400], &["invalid_grant"], when)?;
        Ok(answer)
    }
}

impl Browser<'_> {
    /// Drives a request to its end; the first user signs in where asked, and allows.
    pub(crate) async fn allow(&mut self, request: &Request) -> Result<Visit, Finding> {
        let user = self.judge().user()?;
        self.visit(request, &Policy::allow(user)).await
    }

    /// The code that this brings.
    pub(crate) async fn code(&mut self, request: &Request) -> Result<Code, Finding> {
        let Visit { response, .. } = self.allow(request).await?;
        let code = response.code()?.to_owned();
        Ok(Code {
            request: request.clone(),
            response,
            code,
        })
    }
}
