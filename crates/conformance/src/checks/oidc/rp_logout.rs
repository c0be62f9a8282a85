//! OpenID Connect RP-Initiated Logout 1.0.

use serde_json::Value;
use url::Url;

use crate::browser::{Browser, Kind, Page, Policy, Stop};
use crate::check::checks;
use crate::checks::oidc::flow::{self, ORIGIN, Session};
use crate::finding::{Finding, Verdict, together};
use crate::http::Call;
use crate::judge::{Endpoint, Judge, header};
use crate::jwt::{prolonged, unsigned, with_broken_signature};
use crate::random::fresh;
use crate::response::Response;
use crate::role::Role;

checks! {
    "OIDC-RPLogout-01" "2" Must [OidcRpLogout]
        "A logout may be asked for by GET and by POST" => get_and_post;
    "OIDC-RPLogout-02" "2" Must [OidcRpLogout]
        "An id_token_hint whose signature is wrong or missing leads to no redirect" => forged_hint;
    "OIDC-RPLogout-04" "2" Must [OidcRpLogout]
        "A client_id that is not the one of the id_token_hint leads to no redirect" => other_client_id;
    "OIDC-RPLogout-05" "2" Must [OidcRpLogout]
        "Without a hint of the user's own session the user is asked, and signed out only then" => asks_the_user;
    "OIDC-RPLogout-06" "2" Should [OidcRpLogout]
        "With a good hint the user is signed out, with a redirect or with a page" => ends_the_session;
    "OIDC-RPLogout-07" "2.1" Must [OidcRpLogout]
        "The metadata names the end_session_endpoint, which is https" => metadata;
    "OIDC-RPLogout-08" "3" Must [OidcRpLogout]
        "A post_logout_redirect_uri that is not registered exactly leads to no redirect" => exact_uri;
    "OIDC-RPLogout-09" "3" Must [OidcRpLogout]
        "Without id_token_hint and client_id there is no redirect" => nobody_to_return_to;
    "OIDC-RPLogout-10" "3" Must [OidcRpLogout]
        "The state comes back as it was sent, and only if it was sent" => state;
    "OIDC-RPLogout-12" "4" Must [OidcRpLogout]
        "A request that is faulty ends at a page of the server, not at the URI of another client" => faulty;
    "OIDC-RPLogout-13" "6" Should [OidcRpLogout]
        "A foreign site cannot sign the user out unasked" => forced;
}

/// A user who is signed in at [clients.web], and where that client wants the user back.
struct SignedIn<'a> {
    session: Session<'a>,
    uri: &'a str,
}

impl<'a> SignedIn<'a> {
    async fn open(judge: &'a Judge) -> Result<Self, Finding> {
        judge.url(Endpoint::EndSession)?;
        let uri = uri_of(judge, Role::Web)?;
        let session = Session::open(judge, Role::Web, &[]).await?;
        Ok(Self { session, uri })
    }

    fn hint(&self) -> String {
        self.session.tokens.id_token.text.clone()
    }

    /// Asks for a logout, by GET.
    async fn log_out(&mut self, parameters: &[(&str, &str)]) -> Result<Stop, Finding> {
        let call = Call::get(&self.browser().judge().url(Endpoint::EndSession)?);
        self.browser().open(call.query(parameters)).await
    }

    /// Where a logout with a good hint leads. The server may ask the user all the same (§2), who confirms it then.
    async fn leave(&mut self, call: Call) -> Result<Stop, Finding> {
        match self.browser().open(call).await? {
            Stop::Page(page) if page.kind == Kind::SignOut => {
                self.browser().sign_out(&page, true).await
            }
            stop => Ok(stop),
        }
    }

    /// The same, by GET.
    async fn leave_with(&mut self, parameters: &[(&str, &str)]) -> Result<Stop, Finding> {
        let call = Call::get(&self.browser().judge().url(Endpoint::EndSession)?);
        self.leave(call.query(parameters)).await
    }

    const fn browser(&mut self) -> &mut Browser<'a> {
        &mut self.session.browser
    }

    /// Fails if this logout leads to a client, even after the user has confirmed it.
    async fn leads_nowhere(&mut self, parameters: &[(&str, &str)], when: &str) -> Verdict {
        let stop = self.log_out(parameters).await?;
        let page = stays(stop, when)?;
        let holds = page.answer.status < 500;
        page.answer
            .demand(holds, format!("{when}: a page, and no failure"))?;
        if page.kind == Kind::SignOut {
            let stop = self.browser().sign_out(&page, true).await?;
            stays(stop, when)?;
        }
        Ok(())
    }
}

fn uri_of(judge: &Judge, role: Role) -> Result<&str, Finding> {
    let uris = &judge.client(role)?.post_logout_redirect_uris;
    let missing = || Finding::skipped(format!("[clients.{role}] has no post_logout_redirect_uris"));
    uris.first().map(String::as_str).ok_or_else(missing)
}

/// The page of the server; fails if the user was sent to a client.
fn stays(stop: Stop, when: &str) -> Result<Page, Finding> {
    match stop {
        Stop::Page(page) => Ok(*page),
        Stop::Response(response) => {
            Err(response.fails(format!("{when}: a page, and no redirect to a client")))
        }
    }
}

/// The redirect to the URI, with or without the state; other parameters have no business there.
fn returns(stop: Stop, uri: &str, state: Option<&str>) -> Result<Response, Finding> {
    let response = stop.response()?;
    let there = response.is_at(uri);
    let saw = response.url.as_str().to_owned();
    response
        .answer
        .demand_or(there, format!("a redirect to {uri}"), saw)?;
    let same = response.get("state") == state && response.count("state") <= 1;
    response.demand(same, format!("the state {}", state.unwrap_or("left out")))?;
    Ok(response)
}

async fn get_and_post(judge: &Judge) -> Verdict {
    for by_post in [false, true] {
        let mut user = SignedIn::open(judge).await?;
        let (hint, uri) = (user.hint(), user.uri);
        let parameters = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", uri),
        ];
        let url = judge.url(Endpoint::EndSession)?;
        let call = if by_post {
            Call::post(&url).form(&parameters)
        } else {
            Call::get(&url).query(&parameters)
        };
        returns(user.leave(call).await?, uri, None)?;
    }
    Ok(())
}

async fn forged_hint(judge: &Judge) -> Verdict {
    let mut user = SignedIn::open(judge).await?;
    let (hint, uri) = (user.hint(), user.uri);
    let jwt = &user.session.tokens.id_token.jwt;
    let forged = [
        ("another signature", with_broken_signature(&hint)),
        ("alg none", unsigned(&hint, jwt)),
        (
            "other claims under the old signature",
            prolonged(&hint, jwt),
        ),
        ("no JWT", "no-such-token-4711".to_owned()),
    ];
    for (how, forged) in &forged {
        judge.redactor.learn(forged);
        let parameters = [
            ("id_token_hint", forged.as_str()),
            ("post_logout_redirect_uri", uri),
        ];
        let when = format!("an id_token_hint with {how}");
        user.leads_nowhere(&parameters, &when).await?;
    }
    Ok(())
}

async fn other_client_id(judge: &Judge) -> Verdict {
    let mut user = SignedIn::open(judge).await?;
    let (hint, uri) = (user.hint(), user.uri);
    for other in [
        judge.client(Role::Second)?.client_id(),
        "no-such-client-4711",
    ] {
        let parameters = [
            ("id_token_hint", hint.as_str()),
            ("client_id", other),
            ("post_logout_redirect_uri", uri),
        ];
        let when = format!("the client_id '{other}' with the hint of another client");
        user.leads_nowhere(&parameters, &when).await?;
    }
    Ok(())
}

async fn asks_the_user(judge: &Judge) -> Verdict {
    together([
        asks_without_hint(judge).await,
        asks_with_the_hint_of_another_session(judge).await,
    ])
}

async fn asks_without_hint(judge: &Judge) -> Verdict {
    for (parameters, when) in [
        (&[][..], "no parameters"),
        (&[("state", "s")], "only a state"),
    ] {
        let mut user = SignedIn::open(judge).await?;
        let page = stays(user.log_out(parameters).await?, when)?.of(Kind::SignOut)?;
        user.session
            .lasts(&format!("{when}, before the user confirms"))
            .await?;
        let end = user.browser().sign_out(&page, true).await?;
        let end = stays(end, when)?;
        end.answer.demand(
            end.answer.status == 200,
            format!("{when}, confirmed: a page with 200"),
        )?;
        user.session
            .has_ended(&format!("{when}, confirmed"))
            .await?;
    }
    Ok(())
}

async fn asks_with_the_hint_of_another_session(judge: &Judge) -> Verdict {
    let policy = Policy::allow(judge.second_user()?);
    let mut user = SignedIn::open(judge).await?;
    let client = user.session.client;
    let request = flow::request(client, &[]);
    let visit = judge.browser().visit(&request, &policy).await?;
    let other = flow::redeem(judge, client, &flow::code(request, visit.response)?).await?;
    let hint = [("id_token_hint", other.id_token.text.as_str())];
    let when = "the hint of another user's session";
    stays(user.log_out(&hint).await?, when)?;
    user.session.lasts(when).await
}

async fn ends_the_session(judge: &Judge) -> Verdict {
    let mut user = SignedIn::open(judge).await?;
    let (hint, uri) = (user.hint(), user.uri);
    let parameters = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", uri),
    ];
    returns(user.leave_with(&parameters).await?, uri, None)?;
    user.session
        .has_ended("after a logout with a redirect")
        .await?;
    let mut user = SignedIn::open(judge).await?;
    let hint = user.hint();
    let when = "no post_logout_redirect_uri";
    let end = stays(user.leave_with(&[("id_token_hint", &hint)]).await?, when)?;
    let holds = end.kind == Kind::Other && end.answer.status == 200;
    end.answer.demand_or(
        holds,
        format!("{when}: a page that says so, with 200"),
        end.summary(),
    )?;
    user.session.has_ended("after a logout with a page").await
}

async fn metadata(judge: &Judge) -> Verdict {
    if !flow::is_provider(judge) {
        return Err(Finding::skipped("the target is no OpenID provider"));
    }
    let metadata = judge.metadata()?;
    let member = metadata.members().get("end_session_endpoint");
    let url = member
        .and_then(Value::as_str)
        .and_then(|url| Url::parse(url).ok());
    let saw = member.map_or_else(|| "none".to_owned(), Value::to_string);
    let tls = judge.expects_tls().is_ok();
    let holds = url.is_some_and(|url| url.scheme() == "https" || !tls);
    metadata
        .answer
        .demand_or(holds, "end_session_endpoint, an https URL", saw)
}

async fn exact_uri(judge: &Judge) -> Verdict {
    let mut user = SignedIn::open(judge).await?;
    let (hint, uri) = (user.hint(), user.uri);
    let behind = if uri.contains('?') { "&" } else { "?" };
    let mut altered = vec![
        format!("{uri}{behind}foo=bar"),
        format!("{uri}/"),
        format!("{uri}/x/.."),
        format!("{uri}#x"),
        "https://evil.example/".to_owned(),
    ];
    altered.retain(|one| !user.session.client.post_logout_redirect_uris.contains(one));
    for altered in &altered {
        let parameters = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", altered),
        ];
        user.leads_nowhere(&parameters, altered).await?;
    }
    Ok(())
}

async fn nobody_to_return_to(judge: &Judge) -> Verdict {
    let mut user = SignedIn::open(judge).await?;
    let parameters = [("post_logout_redirect_uri", user.uri), ("state", "s")];
    user.leads_nowhere(&parameters, "neither id_token_hint nor client_id")
        .await
}

async fn state(judge: &Judge) -> Verdict {
    let sent = format!("{} a&b=c+d%20\"e\"", fresh());
    for state in [Some(sent.as_str()), None] {
        let mut user = SignedIn::open(judge).await?;
        let (hint, uri) = (user.hint(), user.uri);
        let mut parameters = vec![
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", uri),
        ];
        parameters.extend(state.map(|state| ("state", state)));
        returns(user.leave_with(&parameters).await?, uri, state)?;
    }
    Ok(())
}

async fn faulty(judge: &Judge) -> Verdict {
    let mut user = SignedIn::open(judge).await?;
    let (hint, uri) = (user.hint(), user.uri);
    let of_another = uri_of(judge, Role::Second).unwrap_or("https://evil.example/");
    let table: [(&str, &[(&str, &str)]); 3] = [
        (
            "the URI of another client",
            &[
                ("id_token_hint", &hint),
                ("post_logout_redirect_uri", of_another),
            ],
        ),
        (
            "a client that does not exist",
            &[
                ("client_id", "no-such-client-4711"),
                ("post_logout_redirect_uri", uri),
            ],
        ),
        (
            "a URI that is none",
            &[
                ("id_token_hint", &hint),
                ("post_logout_redirect_uri", "javascript:alert(1)"),
            ],
        ),
    ];
    for (when, parameters) in table {
        user.leads_nowhere(parameters, when).await?;
    }
    Ok(())
}

async fn forced(judge: &Judge) -> Verdict {
    let mut user = SignedIn::open(judge).await?;
    let url = judge.url(Endpoint::EndSession)?;
    for call in [Call::get(&url), Call::post(&url).form(&[])] {
        let call = call
            .header(reqwest::header::ORIGIN, ORIGIN)
            .header(header("sec-fetch-site"), "cross-site");
        user.browser().open(call).await?;
        user.session
            .lasts("a logout that another site asked for")
            .await?;
    }
    // What another browser was shown is worth nothing in this one.
    let mut other = SignedIn::open(judge).await?;
    let page = stays(other.log_out(&[]).await?, "no parameters")?.of(Kind::SignOut)?;
    user.browser().sign_out(&page, true).await?;
    user.session
        .lasts("a confirmation that was shown to another browser")
        .await
}
