//! OpenID Connect Core §3.1.2.2, §5.5.1 and §8: whose code it is, and by which name the client knows the user.

use serde_json::json;

use crate::browser::{Browser, Policy, Stop};
use crate::check::checks;
use crate::checks::oidc::flow::{self, MUST_ASK, Session, Tokens};
use crate::finding::{Finding, Verdict};
use crate::judge::Judge;
use crate::role::Role;

checks! {
    "OIDC-Core-16" "3.1.2.2" Must [OidcBasic]
        "With an id_token_hint the client gets the user whom it names, or nobody" => id_token_hint;
    "OIDC-Core-17" "3.1.2.2" Must [OidcBasic]
        "With a sub asked for in claims the client gets the user of that sub, or nobody" => claims_sub;
    "OIDC-Core-46" "8.1" Must [OidcBasic]
        "A pairwise sub stays the same within a sector, and differs between sectors" => pairwise;
}

/// What another user's sign-in brings to [clients.web].
async fn second_user(judge: &Judge) -> Result<Tokens, Finding> {
    let client = flow::openid_client(judge, Role::Web)?;
    let policy = Policy::allow(judge.second_user()?);
    let request = flow::request(client, &[]);
    let visit = judge.browser().visit(&request, &policy).await?;
    flow::redeem(judge, client, &flow::code(request, visit.response)?).await
}

/// Fails if the request comes back with a code at once, for the user who happens to be signed in.
fn is_asked_or_refused(stop: &Stop, when: &str) -> Verdict {
    match stop {
        Stop::Response(response) => {
            let refused = response.error().is_some() && !response.gives_anything();
            response.demand(
                refused,
                format!("{when}: the user is asked, or the client refused"),
            )
        }
        Stop::Page(_) => Ok(()),
    }
}

/// Fails if the first user, who signs in where asked, ends up with a code.
async fn never_for_the_first(browser: &mut Browser<'_>, stop: Stop, when: &str) -> Verdict {
    let policy = Policy::allow(browser.judge().user()?);
    // A page that is shown again and again lets nobody through.
    let Ok(visit) = browser.finish(stop, &policy).await else {
        return Ok(());
    };
    let refused = !visit.response.gives_anything();
    visit
        .response
        .demand(refused, format!("{when}: no code for the first user"))
}

async fn id_token_hint(judge: &Judge) -> Verdict {
    let mut session = Session::open(judge, Role::Web, &[]).await?;
    let own = session.tokens.id_token.text.clone();
    let again = [("prompt", "none"), ("id_token_hint", own.as_str())];
    session
        .silently(&again)
        .await?
        .agree(&session.tokens, "sub")?;
    let other = second_user(judge).await?;
    let hint = ("id_token_hint", other.id_token.text.as_str());
    let response = session.ask(&[("prompt", "none"), hint]).await?.response()?;
    response.refused(&MUST_ASK, "prompt=none with the hint of another user")?;
    let stop = session.ask(&[hint]).await?;
    is_asked_or_refused(&stop, "the hint of another user")
}

async fn claims_sub(judge: &Judge) -> Verdict {
    flow::takes_claims(judge)?;
    let mut session = Session::open(judge, Role::Web, &[]).await?;
    let other = second_user(judge).await?;
    let sub = other.id_token.claim("sub").unwrap_or_default();
    let claims = json!({ "id_token": { "sub": { "value": sub } } }).to_string();
    let when = "the sub of another user in claims";
    let response = session
        .ask(&[("prompt", "none"), ("claims", &claims)])
        .await?
        .response()?;
    let refused = response.error().is_some() && !response.gives_anything();
    response.demand(
        refused,
        format!("{when}, with prompt=none: the client is refused"),
    )?;
    let stop = session.ask(&[("claims", &claims)]).await?;
    is_asked_or_refused(&stop, when)?;
    never_for_the_first(&mut session.browser, stop, when).await
}

async fn pairwise(judge: &Judge) -> Verdict {
    let first = flow::sign_in(judge, Role::Pairwise, &[]).await?;
    let again = flow::sign_in(judge, Role::Pairwise, &[]).await?;
    again.agree(&first, "sub")?;
    let elsewhere = flow::sign_in(judge, Role::PairwiseOtherSector, &[]).await?;
    let differs = elsewhere.id_token.value("sub") != first.id_token.value("sub");
    elsewhere.demand(differs, "sub", "another one than that of the other sector")
}
