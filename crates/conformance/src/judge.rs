//! What checks ask the target through: its endpoints, its clients, and the requests that most checks share.

use reqwest::header::{AUTHORIZATION, HeaderName, LOCATION};
use tokio::sync::OnceCell;
use url::Url;

use crate::assertion::{ASSERTION_TYPE, Signer};
use crate::client::{AuthMethod, Client};
use crate::finding::{Finding, Verdict};
use crate::http::{Answer, Call, Http};
use crate::metadata::{Metadata, discovery_url, well_known_url};
use crate::redact::Redactor;
use crate::role::Role;
use crate::run::RunError;
use crate::target::Target;

/// Not the secret of anybody.
pub(crate) const WRONG_SECRET: &str = "not-the-secret-of-anybody-0123456789";

/// Members and parameters that hold tokens.
const TOKENS: [&str; 3] = ["access_token", "refresh_token", "id_token"];

/// How many tokens are compared with each other.
pub(crate) const SAMPLE: usize = 100;

/// An endpoint that checks speak to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Authorization,
    Token,
    Introspection,
    Revocation,
    Jwks,
    Userinfo,
    EndSession,
}

impl Endpoint {
    /// The member of the metadata that names it (RFC 8414 §2, OpenID Connect Discovery §3, RP-Initiated Logout §2.1).
    pub(crate) const fn member(self) -> &'static str {
        match self {
            Self::Authorization => "authorization_endpoint",
            Self::Token => "token_endpoint",
            Self::Introspection => "introspection_endpoint",
            Self::Revocation => "revocation_endpoint",
            Self::Jwks => "jwks_uri",
            Self::Userinfo => "userinfo_endpoint",
            Self::EndSession => "end_session_endpoint",
        }
    }
}

/// An access token and the answer that brought it.
pub(crate) struct Issued {
    pub(crate) token: String,
    pub(crate) answer: Answer,
}

impl Issued {
    /// The access token of a success, without which a check cannot begin.
    pub(crate) fn of(answer: Answer) -> Result<Self, Finding> {
        match answer.access_token() {
            Some(token) if answer.status == 200 => Ok(Self { token, answer }),
            _ => Err(answer.fails(
                "an access token (needed to begin this check)",
                answer.summary(),
            )),
        }
    }
}

/// Tokens of one kind that are compared with each other.
pub(crate) struct Sample {
    /// What they are, for reports.
    pub(crate) kind: &'static str,
    pub(crate) tokens: Vec<String>,
}

/// One run against one target.
pub(crate) struct Judge {
    pub(crate) target: Target,
    http: Http,
    pub(crate) redactor: Redactor,
    metadata_url: Url,
    metadata: Option<Metadata>,
    metadata_status: u16,
    /// Signs for the client `private_key`.
    signer: Option<Signer>,
    jwks: OnceCell<Answer>,
    samples: OnceCell<Vec<Sample>>,
}

impl Judge {
    /// Asks for the metadata. A target that does not answer at all cannot be judged.
    pub(crate) async fn new(target: &Target) -> Result<Self, RunError> {
        let http = Http::new(target)?;
        let redactor = Redactor::default();
        target
            .clients()
            .for_each(|client| redactor.learn_client(client));
        for user in target.users.all() {
            redactor.learn(&user.password);
        }
        redactor.learn(WRONG_SECRET);
        let signer = Signer::of(target).map_err(RunError::Key)?;
        let issuer = target.issuer_url()?;
        let explicit = target.endpoints.metadata.clone();
        let metadata_url = explicit.unwrap_or_else(|| well_known_url(&issuer));
        let fetch = async |url: &Url| {
            http.try_send(&Call::get(url))
                .await
                .map_err(|unanswered| RunError::Unreachable {
                    url: url.to_string(),
                    reason: unanswered.reason,
                })
        };
        let answer = fetch(&metadata_url).await?;
        let metadata_status = answer.status;
        let mut metadata = Metadata::read(answer);
        if metadata.is_none() {
            // A server that is older than RFC 8414 may tell its endpoints here.
            metadata = Metadata::read(fetch(&discovery_url(&issuer)).await?);
        }
        let target = target.clone();
        let (jwks, samples) = (OnceCell::new(), OnceCell::new());
        Ok(Self {
            target,
            http,
            redactor,
            metadata_url,
            metadata,
            metadata_status,
            signer,
            jwks,
            samples,
        })
    }

    /// The client of a role, or the reason to skip.
    pub(crate) fn client(&self, role: Role) -> Result<&Client, Finding> {
        let missing = || no_client(role);
        self.target.client(role).ok_or_else(missing)
    }

    /// What signs the assertions of the client `private_key`, or the reason to skip.
    pub(crate) fn signer(&self) -> Result<&Signer, Finding> {
        let missing = || no_client(Role::PrivateKey);
        self.signer.as_ref().ok_or_else(missing)
    }

    /// The URL of an endpoint: the description's, else the metadata's, else the reason to skip.
    pub(crate) fn url(&self, endpoint: Endpoint) -> Result<Url, Finding> {
        let explicit = match endpoint {
            Endpoint::Authorization => &self.target.endpoints.authorization,
            Endpoint::Token => &self.target.endpoints.token,
            Endpoint::Introspection => &self.target.endpoints.introspection,
            Endpoint::Revocation => &self.target.endpoints.revocation,
            Endpoint::Jwks => &self.target.endpoints.jwks,
            Endpoint::Userinfo => &self.target.endpoints.userinfo,
            Endpoint::EndSession => &self.target.endpoints.end_session,
        };
        let member = endpoint.member();
        explicit
            .clone()
            .or_else(|| self.metadata.as_ref()?.url(member))
            .ok_or_else(|| Finding::skipped(format!("the target has no {member}")))
    }

    pub(crate) fn metadata_url(&self) -> &Url {
        &self.metadata_url
    }

    /// The metadata, whichever document holds it, or the reason to skip.
    pub(crate) fn metadata(&self) -> Result<&Metadata, Finding> {
        self.metadata
            .as_ref()
            .ok_or_else(|| Finding::skipped("the target publishes no metadata"))
    }

    /// Skips where the metadata says that there is no such grant.
    pub(crate) fn supports(&self, grant_type: &str) -> Verdict {
        // RFC 8414 §2: the default where the list is left out.
        let default = || vec!["authorization_code", "implicit"];
        let offers = self.metadata.as_ref().is_none_or(|metadata| {
            let list = metadata.list("grant_types_supported");
            list.unwrap_or_else(default).contains(&grant_type)
        });
        if offers {
            return Ok(());
        }
        let why = format!("the target does not advertise {grant_type}");
        Err(Finding::skipped(why))
    }

    /// Skips where the target does not publish metadata at the place of RFC 8414.
    pub(crate) fn publishes_metadata(&self) -> Verdict {
        match self.metadata_status {
            404 => Err(Finding::skipped(format!(
                "nothing is published at {}",
                self.metadata_url
            ))),
            _ => Ok(()),
        }
    }

    /// Skips where TLS is not to be expected: a target on this machine over plain http.
    pub(crate) fn expects_tls(&self) -> Verdict {
        if self.target.is_loopback() && self.target.issuer().starts_with("http:") {
            return Err(Finding::skipped("plain http on loopback"));
        }
        Ok(())
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer, Finding> {
        let answer = self.http.try_send(call).await?;
        for member in TOKENS {
            if let Some(token) = answer.text(member) {
                self.redactor.learn(&token);
            }
        }
        let location = answer.header(&LOCATION);
        for part in location.split(['?', '#']).skip(1) {
            for (name, value) in form_urlencoded::parse(part.as_bytes()) {
                self.learn(&name, &value);
            }
        }
        Ok(answer)
    }

    /// Keeps a code or token that came as a parameter out of reports.
    pub(crate) fn learn(&self, name: &str, value: &str) {
        if name == "code" || TOKENS.contains(&name) {
            self.redactor.learn(value);
        }
    }

    /// Sends a request that may well get no answer: then `None`.
    pub(crate) async fn send_if_answered(&self, call: &Call) -> Option<Answer> {
        self.http.try_send(call).await.ok()
    }

    /// A form request to an endpoint, authenticated as the client is registered.
    pub(crate) fn call(
        &self,
        endpoint: Endpoint,
        client: &Client,
        form: &[(&str, &str)],
    ) -> Result<Call, Finding> {
        let call = Call::post(&self.url(endpoint)?);
        let mut form = form.to_vec();
        Ok(match client.auth_method {
            AuthMethod::ClientSecretBasic | AuthMethod::Any => {
                call.form(&form).basic(&client.basic_pair())
            }
            AuthMethod::ClientSecretPost => {
                form.push(("client_id", client.client_id()));
                form.push(("client_secret", client.secret().unwrap_or_default()));
                call.form(&form)
            }
            AuthMethod::PrivateKeyJwt => {
                let assertion = match client.assertion() {
                    Some(one) => one.to_owned(),
                    None => self.signer()?.assertion(),
                };
                form.extend([ASSERTION_TYPE, ("client_assertion", &assertion)]);
                call.form(&form)
            }
            AuthMethod::None => {
                form.push(("client_id", client.client_id()));
                call.form(&form)
            }
        })
    }

    /// Sends such a request.
    pub(crate) async fn ask(
        &self,
        endpoint: Endpoint,
        client: &Client,
        form: &[(&str, &str)],
    ) -> Result<Answer, Finding> {
        self.send(&self.call(endpoint, client, form)?).await
    }

    /// A client credentials request with these further parameters.
    pub(crate) async fn token(
        &self,
        client: &Client,
        more: &[(&str, &str)],
    ) -> Result<Answer, Finding> {
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend_from_slice(more);
        self.ask(Endpoint::Token, client, &form).await
    }

    /// A token for all scopes of the client, unless `more` names others.
    pub(crate) async fn issue(
        &self,
        client: &Client,
        more: &[(&str, &str)],
    ) -> Result<Issued, Finding> {
        let scope = client.plain_scope();
        Issued::of(self.token(client, &with_scope(&scope, more)).await?)
    }

    /// The primary client and a token of it that `resource_server` may see.
    pub(crate) async fn issue_visible(&self) -> Result<(&Client, Issued), Finding> {
        let client = self.client(Role::Primary)?;
        Ok((client, self.issue_visible_to(client).await?))
    }

    /// A token of `client` that `resource_server` may see.
    pub(crate) async fn issue_visible_to(&self, client: &Client) -> Result<Issued, Finding> {
        self.issue(client, &self.visibly(client)?).await
    }

    /// The parameters of a token of `client` that `resource_server` may see: a resource that it speaks for, if it has
    /// any.
    pub(crate) fn visibly<'a>(
        &self,
        client: &'a Client,
    ) -> Result<Vec<(&'static str, &'a str)>, Finding> {
        self.url(Endpoint::Introspection)?;
        let server = self.client(Role::ResourceServer)?;
        let common = client
            .resources
            .iter()
            .find(|one| server.resources.contains(*one));
        match common {
            Some(resource) => Ok(vec![("resource", resource)]),
            None if server.resources.is_empty() => Ok(Vec::new()),
            None => {
                let id = client.client_id();
                let why = format!("the client '{id}' has no resource of [clients.resource_server]");
                Err(Finding::skipped(why))
            }
        }
    }

    /// What `resource_server` is told about a token.
    pub(crate) async fn introspect(&self, token: &str) -> Result<Answer, Finding> {
        let server = self.client(Role::ResourceServer)?;
        self.ask(Endpoint::Introspection, server, &[("token", token)])
            .await
    }

    /// Fails unless the token is introspected as active.
    pub(crate) async fn is_active(&self, token: &str, when: &str) -> Verdict {
        let answer = self.introspect(token).await?;
        let active = answer
            .object()
            .is_some_and(|body| body.get("active") == Some(&true.into()));
        answer.demand(
            answer.status == 200 && active,
            format!("{when}: the token is active"),
        )
    }

    /// Fails unless the token is introspected as inactive, with 200.
    pub(crate) async fn is_inactive(&self, token: &str, when: &str) -> Verdict {
        let answer = self.introspect(token).await?;
        let active = answer.object().and_then(|body| body.get("active").cloned());
        let holds = answer.status == 200 && active == Some(false.into());
        answer.demand(holds, format!("{when}: HTTP 200 with \"active\": false"))
    }

    pub(crate) async fn revoke(&self, client: &Client, token: &str) -> Result<Answer, Finding> {
        self.ask(Endpoint::Revocation, client, &[("token", token)])
            .await
    }

    /// The key set as published, fetched once.
    pub(crate) async fn jwks(&self) -> Result<&Answer, Finding> {
        let fetch = async || self.send(&Call::get(&self.url(Endpoint::Jwks)?)).await;
        self.jwks.get_or_try_init(fetch).await
    }

    /// Hundred tokens of each kind that clients of the target get, fetched once.
    pub(crate) async fn samples(&self) -> Result<&[Sample], Finding> {
        let fetch = async || {
            let mut samples = Vec::new();
            let primary = self.client(Role::Primary)?;
            for client in std::iter::once(primary).chain(self.target.client(Role::Opaque)) {
                let mut tokens = Vec::with_capacity(SAMPLE);
                for _ in 0..SAMPLE {
                    tokens.push(self.issue(client, &[]).await?.token);
                }
                let kind = "access tokens";
                samples.push(Sample { kind, tokens });
            }
            if let Ok(client) = self.refreshing_client(Role::Password) {
                samples.extend(self.samples_of_grants(client).await?);
            }
            if let Ok(client) = self.code_client(Role::Web) {
                samples.push(self.sample_of_codes(client).await?);
            }
            Ok(samples)
        };
        self.samples.get_or_try_init(fetch).await.map(Vec::as_slice)
    }
}

/// Why a check is skipped that needs this client.
fn no_client(role: Role) -> Finding {
    Finding::skipped(format!("the target description has no [clients.{role}]"))
}

/// The parameters, with `scope` unless they name another one.
pub(crate) fn with_scope<'a>(
    scope: &'a str,
    more: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut form = more.to_vec();
    if !scope.is_empty() && !more.iter().any(|(name, _)| *name == "scope") {
        form.push(("scope", scope));
    }
    form
}

/// Adds `Authorization: Bearer`.
pub(crate) fn bearer(call: Call, token: &str) -> Call {
    call.header(AUTHORIZATION, &format!("Bearer {token}"))
}

/// A header name that `reqwest` has no constant for.
pub(crate) const fn header(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}
