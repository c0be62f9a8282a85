//! OpenID Connect Core §3.1.2.1 and §3.1.2.3: when the user is asked again, and when not.

use std::time::Duration;

use crate::browser::{Kind, Policy, Stop};
use crate::check::checks;
use crate::checks::oidc::flow::{self, MUST_ASK, Session, Tokens};
use crate::finding::{Finding, Verdict};
use crate::judge::Judge;
use crate::role::Role;

checks! {
    "OIDC-Core-10" "3.1.2.1" Must [OidcBasic]
        "With prompt=none no page is shown: without a session the client gets login_required"
        => none_without_session;
    "OIDC-Core-11" "3.1.2.1" Must [OidcBasic]
        "prompt=none together with another value is an error" => none_with_others;
    "OIDC-Core-12" "3.1.2.1" Should [OidcBasic]
        "With prompt=login the user signs in again, and auth_time says so" => login;
    "OIDC-Core-13" "3.1.2.1" Should [OidcBasic]
        "With prompt=consent the user is asked for consent again" => consent;
    "OIDC-Core-14" "3.1.2.1" Should [OidcBasic]
        "With prompt=select_account the user may choose an account, or the client gets an error"
        => select_account;
    "OIDC-Core-15" "3.1.2.1" Must [OidcBasic]
        "A sign-in that is older than max_age is asked for again, and max_age=0 always asks" => max_age;
    "OIDC-Core-59" "15.1" Must [OidcBasic]
        "With a session that suffices, prompt=none and max_age bring a code without a page, for the same sub and \
         auth_time" => single_sign_on;
}

async fn none_without_session(judge: &Judge) -> Verdict {
    let client = flow::openid_client(judge, Role::Web)?;
    let request = flow::request(client, &[("prompt", "none")]);
    let response = judge.browser().ask(&request).await?.response()?;
    response.refused(&MUST_ASK, "prompt=none without a session")?;
    let same = response.get("state") == request.get("state");
    response.demand(same, "the state as it was sent")
}

async fn none_with_others(judge: &Judge) -> Verdict {
    // In a session, so that the missing one is not what is complained of.
    let mut session = Session::open(judge, Role::Web, &[]).await?;
    for prompt in ["none login", "login none", "none consent"] {
        let response = session.ask(&[("prompt", prompt)]).await?.response()?;
        let refused = response.error().is_some() && !response.gives_anything();
        response.demand(
            refused,
            format!("prompt='{prompt}': the error invalid_request"),
        )?;
    }
    Ok(())
}

/// Fails unless the user is asked to sign in; then does so, and gives what it brings.
async fn signs_in_again(
    session: &mut Session<'_>,
    more: &[(&str, &str)],
) -> Result<Tokens, Finding> {
    let request = flow::request(session.client, more);
    let page = session
        .browser
        .ask(&request)
        .await?
        .page()?
        .of(Kind::SignIn)?;
    let judge = session.browser.judge();
    let policy = Policy::allow(judge.user()?);
    let visit = session
        .browser
        .finish(Stop::Page(Box::new(page)), &policy)
        .await?;
    let code = flow::code(request, visit.response)?;
    flow::redeem(judge, session.client, &code).await
}

fn is_later(second: &Tokens, first: &Tokens) -> Verdict {
    let times = [second, first].map(|tokens| tokens.id_token.time("auth_time"));
    let [Some(second_time), Some(first_time)] = times else {
        return Ok(());
    };
    let expected = "later than at the first sign-in";
    second.demand(second_time > first_time, "auth_time", expected)
}

async fn login(judge: &Judge) -> Verdict {
    let mut session = Session::open(judge, Role::Web, &[]).await?;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let second = signs_in_again(&mut session, &[("prompt", "login")]).await?;
    is_later(&second, &session.tokens)
}

async fn consent(judge: &Judge) -> Verdict {
    let mut session = Session::open(judge, Role::Web, &[]).await?;
    let page = session.ask(&[("prompt", "consent")]).await?.page()?;
    page.of(Kind::Consent).map(|_| ())
}

async fn select_account(judge: &Judge) -> Verdict {
    let mut session = Session::open(judge, Role::Web, &[]).await?;
    match session.ask(&[("prompt", "select_account")]).await? {
        Stop::Response(response) => {
            let expected = ["account_selection_required", "interaction_required"];
            response.refused(&expected, "no choice for prompt=select_account")
        }
        // Who can sign in as somebody else has a choice.
        Stop::Page(page) if page.kind == Kind::SignIn => Ok(()),
        Stop::Page(page) => page.of(Kind::SelectAccount).map(|_| ()),
    }
}

async fn max_age(judge: &Judge) -> Verdict {
    let mut session = Session::open(judge, Role::Web, &[]).await?;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let second = signs_in_again(&mut session, &[("max_age", "1")]).await?;
    let there = second.id_token.time("auth_time").is_some();
    second.demand(there, "auth_time", "a number, since max_age was asked for")?;
    is_later(&second, &session.tokens)?;
    let page = session.ask(&[("max_age", "0")]).await?.page()?;
    page.of(Kind::SignIn).map(|_| ())
}

async fn single_sign_on(judge: &Judge) -> Verdict {
    let mut session = Session::open(judge, Role::Web, &[("max_age", "15000")]).await?;
    let silent = session.silently(&[("prompt", "none")]).await?;
    let aged = session.silently(&[("max_age", "10000")]).await?;
    for tokens in [&silent, &aged] {
        tokens.agree(&session.tokens, "sub")?;
        // Only max_age makes it a duty to tell.
        if tokens.id_token.value("auth_time").is_some() {
            tokens.agree(&session.tokens, "auth_time")?;
        }
    }
    let there = aged.id_token.time("auth_time").is_some();
    aged.demand(there, "auth_time", "a number, since max_age was asked for")
}
