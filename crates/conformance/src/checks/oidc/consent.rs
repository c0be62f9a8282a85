//! OpenID Connect Core §3.1.2.3, §3.1.2.4 and §11: pages that are the user's own, and nothing without consent.
//!
//! The second user never agrees to anything that the client `second` asks for, so that each run finds it not agreed to.

use reqwest::header::{CONTENT_SECURITY_POLICY, ORIGIN, X_FRAME_OPTIONS};

use crate::authorization::Request;
use crate::browser::{Browser, Kind, Page, Policy, Stop};
use crate::check::checks;
use crate::checks::oidc::flow::{self, MUST_ASK};
use crate::client::Client;
use crate::finding::{Finding, Verdict};
use crate::judge::Judge;
use crate::role::Role;

checks! {
    "OIDC-Core-18" "3.1.2.3" Must [OidcBasic]
        "The page to sign in cannot be framed, and another browser's page signs nobody in"
        => guarded_sign_in;
    "OIDC-Core-19" "3.1.2.4" Must [OidcBasic]
        "The user is asked for consent before a client gets anything for the first time" => asks_for_consent;
    "OIDC-Core-20" "3.1.2.6" Must [OidcBasic]
        "Where prompt=none cannot do without the user, the error is one of those of OpenID Connect"
        => errors_of_silence;
    "OIDC-Core-54" "11" Must [OidcBasic]
        "offline_access brings a refresh token only with the user's consent" => offline_access;
}

fn cannot_be_framed(page: &Page) -> Verdict {
    let answer = &page.answer;
    let options = answer.header(&X_FRAME_OPTIONS).to_ascii_uppercase();
    let policy = answer.header(&CONTENT_SECURITY_POLICY);
    let holds =
        ["DENY", "SAMEORIGIN"].contains(&options.as_str()) || policy.contains("frame-ancestors");
    let expected = "X-Frame-Options, or frame-ancestors in the Content-Security-Policy";
    answer.demand_or(holds, expected, "neither")
}

/// Fails if the page of one browser, sent by another one, signs the user in there.
async fn signs_nobody_in(page: &Page, browser: &mut Browser<'_>, request: &Request) -> Verdict {
    let judge = browser.judge();
    let call = browser.credentials(page, judge.user()?)?;
    let call = call.header(ORIGIN, flow::ORIGIN);
    let stop = browser.open(call).await?;
    let silent = request.clone().with("prompt", "none");
    let response = browser.ask(&silent).await?.response()?;
    let refused = !response.gives_anything();
    let expected = "a page of another browser and origin signs nobody in";
    let verdict = response.demand(refused, expected);
    verdict.map_err(|finding| finding.after(&stop.answer().exchange))
}

async fn guarded_sign_in(judge: &Judge) -> Verdict {
    let client = flow::openid_client(judge, Role::Web)?;
    // Once agreed to, so that a session would be enough for a code.
    judge.browser().code(&flow::request(client, &[])).await?;
    let request = flow::request(client, &[]);
    let page = judge
        .browser()
        .ask(&request)
        .await?
        .page()?
        .of(Kind::SignIn)?;
    cannot_be_framed(&page)?;
    signs_nobody_in(&page, &mut judge.browser(), &request).await?;
    let mut visited = judge.browser();
    visited.ask(&request).await?.page()?;
    signs_nobody_in(&page, &mut visited, &request).await
}

/// The client that the second user never agrees to.
fn unwanted(judge: &Judge) -> Result<(&Client, Policy<'_>), Finding> {
    let client = flow::openid_client(judge, Role::Second)?;
    Ok((client, Policy::deny(judge.second_user()?)))
}

async fn asks_for_consent(judge: &Judge) -> Verdict {
    let (client, denies) = unwanted(judge)?;
    let request = flow::request(client, &[]);
    let visit = judge.browser().visit(&request, &denies).await?;
    visit.response.demand(
        visit.saw(Kind::Consent),
        "a page that asks for consent, before anything is given",
    )?;
    visit
        .response
        .refused(&["access_denied"], "the user denies")
}

async fn errors_of_silence(judge: &Judge) -> Verdict {
    let (client, denies) = unwanted(judge)?;
    let mut browser = judge.browser();
    let silent = flow::request(client, &[("prompt", "none")]);
    let response = browser.ask(&silent).await?.response()?;
    response.refused(
        &["login_required", "interaction_required"],
        "nobody is signed in",
    )?;
    browser.visit(&flow::request(client, &[]), &denies).await?;
    let silent = flow::request(client, &[("prompt", "none")]);
    let response = browser.ask(&silent).await?.response()?;
    response.refused(&MUST_ASK, "signed in, but not agreed to")
}

async fn offline_access(judge: &Judge) -> Verdict {
    let (client, denies) = unwanted(judge)?;
    flow::may_ask(client, "offline_access")?;
    let mut browser = judge.browser();
    browser.visit(&flow::request(client, &[]), &denies).await?;
    let request = flow::request(client, &[("scope", "openid offline_access")]);
    let response = match browser.ask(&request).await? {
        Stop::Page(page) => return page.of(Kind::Consent).map(|_| ()),
        Stop::Response(response) => response,
    };
    if response.get("code").is_none() {
        return response.demand(response.error().is_some(), "a page that asks, or an error");
    }
    // Without a page there may be a code, but nothing that outlives the session.
    let code = flow::code(request, *response)?;
    let tokens = flow::redeem(judge, client, &code).await?;
    let none = tokens.answer.refresh_token().is_none();
    let expected = "no refresh token, since the user was not asked";
    tokens.answer.demand_or(none, expected, "one")
}
