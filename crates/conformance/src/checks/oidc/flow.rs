//! What most checks of OpenID Connect begin with: a user who signs in, and what the client gets for it.

use serde_json::Value;

use crate::authorization::{Code, Request};
use crate::browser::{Browser, Stop};
use crate::client::Client;
use crate::finding::{Finding, Verdict};
use crate::http::{Answer, Call};
use crate::judge::{Endpoint, Issued, Judge, bearer};
use crate::jwt::Jwt;
use crate::response::Response;
use crate::role::Role;

/// Where a script could come from.
pub(super) const ORIGIN: &str = "https://script.example";

/// What is said where the user would have to be asked (OpenID Connect Core §3.1.2.6).
pub(super) const MUST_ASK: [&str; 4] = [
    "login_required",
    "consent_required",
    "interaction_required",
    "account_selection_required",
];

/// Whether the target says that it is an OpenID provider, or is described as one.
pub(super) fn is_provider(judge: &Judge) -> bool {
    let says = judge.metadata().is_ok_and(|metadata| {
        metadata.text("userinfo_endpoint").is_some()
            || metadata.lists("scopes_supported", "openid")
            || metadata
                .list("id_token_signing_alg_values_supported")
                .is_some()
    });
    says || judge
        .target
        .clients()
        .any(|client| has_scope(client, "openid"))
}

fn has_scope(client: &Client, scope: &str) -> bool {
    client.scopes.iter().any(|one| one == scope)
}

/// Skips unless the client may ask for the scope.
pub(super) fn may_ask(client: &Client, scope: &str) -> Verdict {
    if has_scope(client, scope) {
        return Ok(());
    }
    let id = client.client_id();
    let why = format!("the client '{id}' has no scope {scope}");
    Err(Finding::skipped(why))
}

/// A client of the code flow that may ask for ID tokens, or the reason to skip.
pub(super) fn openid_client(judge: &Judge, role: Role) -> Result<&Client, Finding> {
    let client = judge.code_client(role)?;
    may_ask(client, "openid")?;
    Ok(client)
}

/// A request with the scope `openid`, or as `more` says.
pub(super) fn request(client: &Client, more: &[(&str, &str)]) -> Request {
    Judge::openid_request(client).with_all(more)
}

/// The words of a response type, whose order does not matter (RFC 6749 §3.1.1).
fn words(response_type: &str) -> Vec<&str> {
    let mut words: Vec<_> = response_type.split(' ').collect();
    words.sort_unstable();
    words
}

/// The client of the role and its request for this response type, or the reason to skip.
pub(super) fn front_channel<'a>(
    judge: &'a Judge,
    role: Role,
    response_type: &str,
) -> Result<(&'a Client, Request), Finding> {
    let client = judge.authorized_client(role)?;
    may_ask(client, "openid")?;
    let wanted = words(response_type);
    if !client.response_types.iter().any(|one| words(one) == wanted) {
        let why = format!("[clients.{role}] has no response type {response_type}");
        return Err(Finding::skipped(why));
    }
    let request = request(client, &[("response_type", response_type)]);
    let redeems = wanted.contains(&"code");
    Ok((
        client,
        if redeems {
            request
        } else {
            request.without_pkce()
        },
    ))
}

/// Where the parameter `claims` is supported (OpenID Connect Core §5.5, Discovery §3), else the reason to skip.
pub(super) fn takes_claims(judge: &Judge) -> Verdict {
    let members = judge.metadata()?.members();
    if members.get("claims_parameter_supported") == Some(&true.into()) {
        return Ok(());
    }
    let why = "the target does not advertise claims_parameter_supported";
    Err(Finding::skipped(why))
}

/// An ID token that has been taken apart, but not verified.
pub(super) struct IdToken {
    pub(super) text: String,
    pub(super) jwt: Jwt,
}

impl IdToken {
    /// The ID token that an answer has brought.
    pub(super) fn read(answer: &Answer, text: Option<&str>) -> Result<Self, Finding> {
        let missing = || answer.fails("an ID token (needed to begin this check)", answer.summary());
        let text = text.ok_or_else(missing)?;
        let jwt =
            Jwt::read(text).ok_or_else(|| answer.fails("an ID token that is a JWT", "none"))?;
        Ok(Self {
            text: text.to_owned(),
            jwt,
        })
    }

    pub(super) fn claim(&self, name: &str) -> Option<&str> {
        self.jwt.claim(name)
    }

    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.jwt.claims.get(name)
    }

    /// A claim in seconds since 1970.
    pub(super) fn time(&self, name: &str) -> Option<f64> {
        self.value(name)?.as_f64()
    }

    /// What stands in a claim, for reports.
    pub(super) fn shown(&self, name: &str) -> String {
        let value = self.value(name);
        value.map_or_else(|| "none".to_owned(), Value::to_string)
    }
}

/// What the token endpoint gave for a code.
pub(super) struct Tokens {
    pub(super) answer: Answer,
    pub(super) access_token: String,
    pub(super) id_token: IdToken,
}

impl Tokens {
    fn of(answer: Answer) -> Result<Self, Finding> {
        let Issued { token, answer } = Issued::of(answer)?;
        let id_token = IdToken::read(&answer, answer.text("id_token").as_deref())?;
        Ok(Self {
            answer,
            access_token: token,
            id_token,
        })
    }

    /// The refresh token, without which a check cannot go on.
    pub(super) fn refresh_token(&self) -> Result<String, Finding> {
        let expected = "a refresh token for offline_access (needed to begin this check)";
        let missing = || self.answer.fails(expected, "none");
        self.answer.refresh_token().ok_or_else(missing)
    }

    /// Fails unless a claim of the ID token is as expected; what was seen is told.
    pub(super) fn demand(&self, holds: bool, claim: &str, expected: &str) -> Verdict {
        let expected = format!("{claim}: {expected}");
        self.answer
            .demand_or(holds, expected, self.id_token.shown(claim))
    }

    /// Fails unless the claim is the same in another ID token.
    pub(super) fn agree(&self, other: &Self, claim: &str) -> Verdict {
        let same = self.id_token.value(claim) == other.id_token.value(claim);
        let expected = format!("the same as before, {}", other.id_token.shown(claim));
        self.demand(same, claim, &expected)
    }
}

/// The code that a request has brought.
pub(super) fn code(request: Request, response: Response) -> Result<Code, Finding> {
    let code = response.code()?.to_owned();
    Ok(Code {
        request,
        response,
        code,
    })
}

/// Redeems a code, which has to bring an ID token.
pub(super) async fn redeem(judge: &Judge, client: &Client, code: &Code) -> Result<Tokens, Finding> {
    Tokens::of(judge.redeem(client, &code.redemption()).await?)
}

/// What a sign-in in a new browser brings to the client of the role.
pub(super) async fn sign_in(
    judge: &Judge,
    role: Role,
    more: &[(&str, &str)],
) -> Result<Tokens, Finding> {
    Ok(Session::open(judge, role, more).await?.tokens)
}

/// The same for [clients.web] with a refresh token, to which the user agrees (OpenID Connect Core §11).
pub(super) async fn with_offline_access(judge: &Judge) -> Result<Tokens, Finding> {
    judge.supports("refresh_token")?;
    may_ask(openid_client(judge, Role::Web)?, "offline_access")?;
    let more = [("scope", "openid offline_access"), ("prompt", "consent")];
    sign_in(judge, Role::Web, &more).await
}

/// What userinfo says to the holder of an access token.
pub(super) async fn userinfo(judge: &Judge, access_token: &str) -> Result<Answer, Finding> {
    let call = Call::get(&judge.url(Endpoint::Userinfo)?);
    judge.send(&bearer(call, access_token)).await
}

/// A browser in which the first user is signed in, and what the sign-in brought.
pub(super) struct Session<'a> {
    pub(super) client: &'a Client,
    pub(super) browser: Browser<'a>,
    pub(super) tokens: Tokens,
}

impl<'a> Session<'a> {
    /// Signs in with a request of the client of the role, and allows what it asks for.
    pub(super) async fn open(
        judge: &'a Judge,
        role: Role,
        more: &[(&str, &str)],
    ) -> Result<Self, Finding> {
        let client = openid_client(judge, role)?;
        let mut browser = judge.browser();
        let code = browser.code(&request(client, more)).await?;
        let tokens = redeem(judge, client, &code).await?;
        Ok(Self {
            client,
            browser,
            tokens,
        })
    }

    /// Where another request of the client comes to rest.
    pub(super) async fn ask(&mut self, more: &[(&str, &str)]) -> Result<Stop, Finding> {
        self.browser.ask(&request(self.client, more)).await
    }

    /// What another request brings; the user does what is asked for.
    pub(super) async fn allow(&mut self, more: &[(&str, &str)]) -> Result<Tokens, Finding> {
        let code = self.browser.code(&request(self.client, more)).await?;
        redeem(self.browser.judge(), self.client, &code).await
    }

    /// What another request brings, about which the user must not be asked.
    pub(super) async fn silently(&mut self, more: &[(&str, &str)]) -> Result<Tokens, Finding> {
        let request = request(self.client, more);
        let response = self.browser.ask(&request).await?.response()?;
        let code = code(request, response)?;
        redeem(self.browser.judge(), self.client, &code).await
    }

    /// Fails unless the user is still signed in.
    pub(super) async fn lasts(&mut self, when: &str) -> Verdict {
        let stop = self.ask(&[("prompt", "none")]).await?;
        let response = stop.response()?;
        let there = response.get("code").is_some();
        response.demand(there, format!("{when}: the user is still signed in"))
    }

    /// Fails unless the user is signed out.
    pub(super) async fn has_ended(&mut self, when: &str) -> Verdict {
        let stop = self.ask(&[("prompt", "none")]).await?;
        stop.response()?.refused(&MUST_ASK, when)
    }
}
