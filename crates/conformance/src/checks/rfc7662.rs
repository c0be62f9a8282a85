//! RFC 7662: token introspection.

use std::time::Duration;

use reqwest::header::AUTHORIZATION;
use serde_json::Value;

use crate::check::checks;
use crate::client::AuthMethod;
use crate::finding::{Finding, Verdict};
use crate::http::{Call, encode};
use crate::judge::{Endpoint, Judge, WRONG_SECRET};
use crate::jwt::{Jwt, SKEW, now, prolonged, unsigned, with_broken_signature};
use crate::plain::refuses_plain_http;
use crate::role::Role;

checks! {
    "RFC7662-01" "2.1" Must [Introspection]
        "Whoever asks has to be authorised" => caller_is_authorised;
    "RFC7662-02" "2.1" Must [Introspection]
        "An introspection request is a POSTed form with a token" => post_form_with_token;
    "RFC7662-03" "2.1" Must [Introspection]
        "A wrong token_type_hint does not keep a token from being found" => wrong_hint;
    "RFC7662-04" "2.2" Must [Introspection]
        "A live token gets 200 with active true, and what else is said of it is true" => live_token;
    "RFC7662-05" "2.2" Must [Introspection]
        "Unknown, forged and revoked tokens get 200 with active false" => dead_tokens;
    "RFC7662-06" "2.2" Should [Introspection]
        "Nothing else is said of a token that is not active" => nothing_else;
    "RFC7662-07" "2.2" Should [Introspection]
        "A token that is not meant for the caller looks inactive" => not_for_the_caller;
    "RFC7662-08" "2.3" Must [Introspection]
        "A caller with bad credentials gets 401" => bad_credentials;
    "RFC7662-09" "2.3" Must [Introspection]
        "A caller with a bad bearer token gets 401 invalid_token" => bad_bearer;
    "RFC7662-10" "4" Must [Introspection]
        "The answer takes signature and expiry into account" => signature_and_expiry;
    "RFC7662-11" "4" Must [Introspection]
        "Introspection is not done over plain http" => plain_http;
}

async fn caller_is_authorised(judge: &Judge) -> Verdict {
    let (_, issued) = judge.issue_visible().await?;
    let bare = Call::post(&judge.url(Endpoint::Introspection)?).form(&[("token", &issued.token)]);
    let answer = judge.send(&bare).await?;
    answer.demand(answer.status == 401, "no credentials: 401")?;
    let named = judge.client(Role::ResourceServer)?.via(AuthMethod::None);
    let answer = judge
        .ask(Endpoint::Introspection, &named, &[("token", &issued.token)])
        .await?;
    let holds = matches!(answer.status, 400 | 401)
        && answer.object().is_none_or(|o| !o.contains_key("active"));
    answer.demand(holds, "a client_id without its secret: 401")
}

async fn post_form_with_token(judge: &Judge) -> Verdict {
    let (_, issued) = judge.issue_visible().await?;
    let server = judge.client(Role::ResourceServer)?;
    let query = [("token", issued.token.as_str())];
    let call = Call::get(&judge.url(Endpoint::Introspection)?).query(&query);
    let answer = judge.send(&call.basic(&server.basic_pair())).await?;
    answer.demand(answer.is_client_error(), "GET: refused with 4xx")?;
    let answer = judge.ask(Endpoint::Introspection, server, &[]).await?;
    answer.refused(&[400], &["invalid_request"], "no token")
}

async fn wrong_hint(judge: &Judge) -> Verdict {
    let (_, issued) = judge.issue_visible().await?;
    let server = judge.client(Role::ResourceServer)?;
    for hint in ["refresh_token", "no-such-kind-of-token"] {
        let form = [("token", issued.token.as_str()), ("token_type_hint", hint)];
        let answer = judge.ask(Endpoint::Introspection, server, &form).await?;
        let active = answer
            .object()
            .is_some_and(|body| body.get("active") == Some(&true.into()));
        answer.demand(active, format!("with the hint {hint}: the token is active"))?;
    }
    Ok(())
}

async fn live_token(judge: &Judge) -> Verdict {
    let (client, issued) = judge.issue_visible().await?;
    let answer = judge.introspect(&issued.token).await?;
    answer.demand(
        answer.status == 200 && answer.is_json(),
        "200 with application/json",
    )?;
    let body = answer.json()?;
    let active = body.get("active") == Some(&true.into());
    answer.demand_or(
        active,
        "\"active\": true",
        format!("{:?}", body.get("active")),
    )?;
    let truth =
        |member: &str, holds: &dyn Fn(&Value) -> bool, expected: &str| match body.get(member) {
            Some(value) if !holds(value) => Err(answer.fails(
                format!("{member}: {expected}, if it is there"),
                value.to_string(),
            )),
            _ => Ok(()),
        };
    let in_future = |value: &Value| {
        value
            .as_u64()
            .is_some_and(|exp| exp > now().saturating_sub(SKEW))
    };
    let in_past = |value: &Value| value.as_u64().is_some_and(|iat| iat < now() + SKEW);
    let list = |value: &Value| {
        value.is_string()
            || value
                .as_array()
                .is_some_and(|many| many.iter().all(Value::is_string))
    };
    let granted = issued
        .answer
        .text("scope")
        .unwrap_or_else(|| client.scopes.join(" "));
    truth(
        "client_id",
        &|v| v == client.client_id(),
        "the client that the token was issued to",
    )?;
    truth("iss", &|v| v == judge.target.issuer(), "the issuer")?;
    truth(
        "scope",
        &|v| v.as_str().is_some_and(|scope| same_scopes(scope, &granted)),
        "the scope",
    )?;
    truth("exp", &in_future, "seconds since 1970, not past")?;
    truth("iat", &in_past, "seconds since 1970, not to come")?;
    truth("nbf", &in_past, "seconds since 1970, not to come")?;
    truth("aud", &list, "a string or an array of strings")?;
    for member in ["sub", "jti", "username", "token_type"] {
        truth(member, &Value::is_string, "a string")?;
    }
    Ok(())
}

fn same_scopes(left: &str, right: &str) -> bool {
    let sorted = |scope: &str| {
        let mut scopes: Vec<_> = scope.split(' ').map(str::to_owned).collect();
        scopes.sort();
        scopes
    };
    sorted(left) == sorted(right)
}

async fn dead_tokens(judge: &Judge) -> Verdict {
    let (client, issued) = judge.issue_visible().await?;
    for garbage in [
        "no-such-token-4711",
        "a.b.c",
        "eyJhbGciOiJub25lIn0.e30.",
        "\"\\<%2e>",
    ] {
        judge
            .is_inactive(garbage, "a token that was never issued")
            .await?;
    }
    judge
        .is_inactive(
            &format!("{}x", issued.token),
            "a token with one character more",
        )
        .await?;
    let mut shortened = issued.token.clone();
    shortened.pop();
    judge
        .is_inactive(&shortened, "a token with one character less")
        .await?;
    if let Ok(answer) = judge.revoke(client, &issued.token).await
        && answer.status == 200
    {
        let dead = judge.is_inactive(&issued.token, "a revoked token").await;
        return dead.map_err(|finding| finding.after(&answer.exchange));
    }
    Ok(())
}

async fn nothing_else(judge: &Judge) -> Verdict {
    let mut dead = vec!["no-such-token-4711".to_owned()];
    let (client, issued) = judge.issue_visible().await?;
    if judge
        .revoke(client, &issued.token)
        .await
        .is_ok_and(|answer| answer.status == 200)
    {
        dead.push(issued.token);
    }
    for token in dead {
        let answer = judge.introspect(&token).await?;
        let body = Value::from(answer.json()?);
        let holds = body == serde_json::json!({ "active": false });
        answer.demand_or(
            holds,
            r#"{"active":false} and nothing else"#,
            body.to_string(),
        )?;
    }
    Ok(())
}

async fn not_for_the_caller(judge: &Judge) -> Verdict {
    let other = judge.client(Role::OtherResourceServer)?;
    let (_, issued) = judge.issue_visible().await?;
    judge
        .is_active(
            &issued.token,
            "for the resource server that it is meant for",
        )
        .await?;
    let answer = judge
        .ask(Endpoint::Introspection, other, &[("token", &issued.token)])
        .await?;
    let active = answer.object().and_then(|body| body.get("active").cloned());
    let holds = answer.is_client_error() || active == Some(false.into());
    answer.demand(
        holds,
        "for a resource server that it is not meant for: inactive",
    )
}

async fn bad_credentials(judge: &Judge) -> Verdict {
    let (_, issued) = judge.issue_visible().await?;
    let wrong = judge
        .client(Role::ResourceServer)?
        .with_secret(WRONG_SECRET);
    let answer = judge
        .ask(Endpoint::Introspection, &wrong, &[("token", &issued.token)])
        .await?;
    answer.demand(answer.status == 401, "a wrong secret: 401")?;
    if wrong.may_use(AuthMethod::ClientSecretBasic) {
        answer.demand(
            answer.challenges("basic"),
            "a WWW-Authenticate header with Basic",
        )?;
    }
    Ok(())
}

async fn bad_bearer(judge: &Judge) -> Verdict {
    let (_, issued) = judge.issue_visible().await?;
    let call = Call::post(&judge.url(Endpoint::Introspection)?)
        .form(&[("token", &issued.token)])
        .header(AUTHORIZATION, "Bearer no-such-token-4711");
    let answer = judge.send(&call).await?;
    let told = answer
        .object()
        .is_some_and(|body| body.contains_key("active"));
    answer.demand(!answer.is_success() && !told, "a bad bearer token: refused")?;
    if !answer.challenges("bearer") {
        return Err(Finding::skipped(
            "the target does not authorise callers by bearer tokens",
        ));
    }
    let challenge = answer.header(&reqwest::header::WWW_AUTHENTICATE);
    let holds = answer.status == 401 && challenge.contains("invalid_token");
    answer.demand(
        holds,
        "a bad bearer token: 401 with invalid_token in the challenge",
    )
}

async fn signature_and_expiry(judge: &Judge) -> Verdict {
    let (_, issued) = judge.issue_visible().await?;
    judge.is_active(&issued.token, "just issued").await?;
    judge
        .is_inactive(&with_broken_signature(&issued.token), "a broken signature")
        .await?;
    if let Some(jwt) = Jwt::read(&issued.token) {
        judge
            .is_inactive(&unsigned(&issued.token, &jwt), "alg none")
            .await?;
        judge
            .is_inactive(&prolonged(&issued.token, &jwt), "a later exp")
            .await?;
    }
    let client = judge.client(Role::ShortLived)?;
    let Some(seconds) = client.lifetime_seconds else {
        return Err(Finding::skipped(
            "[clients.short_lived] has no lifetime_seconds",
        ));
    };
    let issued = judge.issue_visible_to(client).await?;
    judge
        .is_active(&issued.token, "within its lifetime")
        .await?;
    tokio::time::sleep(Duration::from_millis(seconds * 1000 + 1100)).await;
    judge.is_inactive(&issued.token, "after its lifetime").await
}

async fn plain_http(judge: &Judge) -> Verdict {
    judge.expects_tls()?;
    let server = judge
        .client(Role::ResourceServer)?
        .with_secret(WRONG_SECRET);
    let body = encode(&[("token", "no-such-token-4711")]);
    refuses_plain_http(judge, Endpoint::Introspection, &server, &body).await
}
