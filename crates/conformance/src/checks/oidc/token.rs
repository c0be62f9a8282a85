//! OpenID Connect Core §3.1.3, §9 and §12: the token endpoint of an OpenID provider.

use std::time::Duration;

use reqwest::header::CACHE_CONTROL;

use crate::check::checks;
use crate::checks::oidc::flow::{self, IdToken, Tokens};
use crate::client::{AuthMethod, Client};
use crate::finding::{Finding, Verdict, together};
use crate::judge::{Endpoint, Judge};
use crate::role::Role;

checks! {
    "OIDC-Core-22" "3.1.3.2" Must [OidcBasic]
        "A code is taken from its own client only, with its own redirect_uri, and only if it is one"
        => validates_the_code;
    "OIDC-Core-23" "3.1.3.3" Must [OidcBasic]
        "A token response with an ID token says token_type Bearer, and must not be stored" => token_response;
    "OIDC-Core-50" "9" Must [OidcBasic]
        "A client that registered one way of authenticating cannot use another at the token endpoint"
        => registered_method;
    "OIDC-Core-55" "12.2" Must [OidcBasic, RefreshToken]
        "An ID token that comes with a refresh keeps iss, sub, aud and auth_time, and has a new iat"
        => refreshed_id_token;
    "OIDC-Core-56" "12.2" Should [OidcBasic, RefreshToken]
        "An ID token that comes with a refresh has no nonce, or the old one" => refreshed_nonce;
}

async fn validates_the_code(judge: &Judge) -> Verdict {
    together([
        of_another_client(judge).await,
        with_another_redirect_uri(judge).await,
        that_is_none(judge).await,
    ])
}

async fn of_another_client(judge: &Judge) -> Verdict {
    let client = flow::openid_client(judge, Role::Web)?;
    let other = flow::openid_client(judge, Role::Second)?;
    let code = judge.browser().code(&flow::request(client, &[])).await?;
    let when = "the code of another client";
    judge
        .code_is_refused(other, &code.redemption(), when)
        .await
        .map(|_| ())
}

async fn with_another_redirect_uri(judge: &Judge) -> Verdict {
    let client = flow::openid_client(judge, Role::Web)?;
    let code = judge.browser().code(&flow::request(client, &[])).await?;
    let form = code
        .redemption()
        .with("redirect_uri", "https://client.example/elsewhere");
    let when = "another redirect_uri than in the request";
    judge.code_is_refused(client, &form, when).await.map(|_| ())
}

async fn that_is_none(judge: &Judge) -> Verdict {
    let client = flow::openid_client(judge, Role::Web)?;
    let form = flow::request(client, &[]).redemption("no-such-code-4711");
    judge
        .code_is_refused(client, &form, "a code that is none")
        .await
        .map(|_| ())
}

async fn token_response(judge: &Judge) -> Verdict {
    let client = flow::openid_client(judge, Role::Web)?;
    let code = judge.browser().code(&flow::request(client, &[])).await?;
    let answer = judge.redeem(client, &code.redemption()).await?;
    answer.demand(
        answer.status == 200 && answer.is_json(),
        "HTTP 200 with JSON",
    )?;
    let there = answer.text("id_token").is_some() && answer.access_token().is_some();
    answer.demand(there, "an ID token and an access token")?;
    let kind = answer.text("token_type").unwrap_or_default();
    let holds = kind.eq_ignore_ascii_case("Bearer");
    answer.demand_or(holds, "token_type Bearer", kind)?;
    let kept = answer.header(&CACHE_CONTROL);
    let holds = answer.header_has(&CACHE_CONTROL, "no-store");
    answer.demand_or(holds, "Cache-Control: no-store", kept)
}

/// Whether a code request gets as far as the code, by this way of authenticating.
async fn is_let_in(judge: &Judge, client: &Client, method: AuthMethod) -> Result<bool, Finding> {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", "no-such-code-4711"),
    ];
    let answer = judge
        .ask(Endpoint::Token, &client.via(method), &form)
        .await?;
    answer.gives_nothing("a code that is none")?;
    Ok(answer.error().as_deref() != Some("invalid_client"))
}

async fn registered_method(judge: &Judge) -> Verdict {
    let (basic, post) = (AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost);
    let one = async |role, registered, other| {
        let client = judge.client(role)?;
        let as_registered = is_let_in(judge, client, registered).await?;
        let otherwise = is_let_in(judge, client, other).await?;
        if as_registered && !otherwise {
            return Ok(());
        }
        let expected = format!("[clients.{role}] authenticates as registered, and not otherwise");
        let saw = format!("let in as registered: {as_registered}, otherwise: {otherwise}");
        Err(Finding::failed(expected, saw))
    };
    together([
        one(Role::BasicOnly, basic, post).await,
        one(Role::PostOnly, post, basic).await,
    ])
}

/// The tokens of a grant that goes on without the user, and the ID token of its first refresh.
struct Refreshed {
    first: Tokens,
    second: Tokens,
}

async fn refreshed(judge: &Judge) -> Result<Refreshed, Finding> {
    let client = flow::openid_client(judge, Role::Web)?;
    let first = flow::with_offline_access(judge).await?;
    let refresh_token = first.refresh_token()?;
    // So that the times differ.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let answer = judge.refresh(client, &refresh_token, &[]).await?;
    answer.demand(answer.status == 200, "a refresh that succeeds")?;
    let Some(text) = answer.text("id_token") else {
        return Err(Finding::skipped("a refresh brings no ID token"));
    };
    let second = Tokens {
        access_token: answer.access_token().unwrap_or_default(),
        id_token: IdToken::read(&answer, Some(&text))?,
        answer,
    };
    Ok(Refreshed { first, second })
}

async fn refreshed_id_token(judge: &Judge) -> Verdict {
    let Refreshed { first, second } = refreshed(judge).await?;
    for claim in ["iss", "sub", "aud"] {
        second.agree(&first, claim)?;
    }
    if second.id_token.value("auth_time").is_some() {
        second.agree(&first, "auth_time")?;
    }
    let times = [&second, &first].map(|tokens| tokens.id_token.time("iat").unwrap_or_default());
    second.demand(
        times[0] > times[1],
        "iat",
        "later than that of the first ID token",
    )
}

async fn refreshed_nonce(judge: &Judge) -> Verdict {
    let Refreshed { first, second } = refreshed(judge).await?;
    if second.id_token.value("nonce").is_none() {
        return Ok(());
    }
    second.agree(&first, "nonce")
}
