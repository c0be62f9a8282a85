//! RFC 9068: the JWT profile of access tokens.

use std::time::Duration;

use serde_json::Value;

use crate::browser::Browser;
use crate::check::checks;
use crate::checks::rfc6750;
use crate::finding::{Finding, Verdict, together};
use crate::http::Call;
use crate::judge::{Endpoint, Issued, Judge, bearer};
use crate::jwt::{self, Jwt, SKEW, keys, now, prolonged, unsigned, verify, with_broken_signature};
use crate::role::Role;

checks! {
    "RFC9068-01" "2.1" Must [JwtAccessToken]
        "Access tokens are signed, and a published key verifies the signature" => signed;
    "RFC9068-02" "2.1" Must [JwtAccessToken]
        "RS256 is among the algorithms that the server can sign with" => rs256;
    "RFC9068-03" "2.1" Must [JwtAccessToken]
        "The type of an access token is at+jwt" => typ;
    "RFC9068-04" "2.2" Must [JwtAccessToken]
        "An access token holds iss, exp, aud, sub, client_id, iat and jti" => claims;
    "RFC9068-05" "2.2.1" Should [JwtAccessToken, Password, RefreshToken]
        "auth_time, acr and amr tell of the user's login, and stay as they are at refresh" => login_is_told;
    "RFC9068-06" "2.2.3" Should [JwtAccessToken]
        "An access token holds the scope that was granted" => scope;
    "RFC9068-07" "3" Must [JwtAccessToken, ResourceIndicators]
        "The aud of an access token is the resource that was asked for" => audience_is_resource;
    "RFC9068-08" "3" Should [JwtAccessToken]
        "An access token has a default aud if no resource was asked for" => default_audience;
    "RFC9068-09" "3" Must [JwtAccessToken]
        "The sub of a client credentials token identifies the client" => sub_is_client;
    "RFC9068-10" "4" Must [JwtAccessToken, Bearer]
        "A resource refuses tokens that are unsigned or forged" => resource_side;
    "RFC9068-11" "4" Should [JwtAccessToken]
        "The key that signed an access token is found in jwks_uri by its kid" => kid_is_published;
    "RFC9068-12" "5" Must [JwtAccessToken, OidcBasic]
        "An ID token is no access token, and an access token is no ID token" => not_confused;
    "RFC9068-13" "5" Should [JwtAccessToken, Password]
        "The sub of a user's token is the user's, at refresh too, and that of no client" => sub_is_user;
}

async fn not_confused(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let mut browser = judge.browser();
    let code = browser.code(&Judge::openid_request(client)).await?;
    let issued = Issued::of(judge.redeem(client, &code.redemption()).await?)?;
    let Some(id_token) = issued.answer.text("id_token") else {
        return Err(Finding::skipped("[clients.web] gets no ID token"));
    };
    together([
        id_token_opens_nothing(judge, &issued.token, &id_token).await,
        access_token_is_no_hint(judge, &mut browser, &issued.token, &id_token).await,
    ])
}

async fn id_token_opens_nothing(judge: &Judge, access_token: &str, id_token: &str) -> Verdict {
    let call = Call::get(&judge.url(Endpoint::Userinfo)?);
    let answer = judge.send(&bearer(call.clone(), access_token)).await?;
    answer.demand(answer.status == 200, "the access token at userinfo: 200")?;
    let answer = judge.send(&bearer(call, id_token)).await?;
    answer.demand(answer.status == 401, "an ID token at userinfo: 401")
}

async fn access_token_is_no_hint(
    judge: &Judge,
    browser: &mut Browser<'_>,
    access_token: &str,
    id_token: &str,
) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let silent = Judge::openid_request(client).with("prompt", "none");
    let hinted = silent.clone().with("id_token_hint", id_token);
    browser.code(&hinted).await?;
    let mistaken = silent.with("id_token_hint", access_token);
    let response = browser.allow(&mistaken).await?.response;
    let refused = response.error().is_some() && !response.gives_anything();
    response.demand(refused, "an access token as id_token_hint: an error")
}

async fn signed(judge: &Judge) -> Verdict {
    let (issued, jwt) = jwt::issue(judge, judge.client(Role::Primary)?, &[]).await?;
    verify(judge, &issued, &jwt).await
}

async fn rs256(judge: &Judge) -> Verdict {
    if let Ok(client) = judge.client(Role::Rs256) {
        let (issued, jwt) = jwt::issue(judge, client, &[]).await?;
        let alg = jwt.alg();
        issued
            .answer
            .demand_or(alg == "RS256", "a token signed with RS256", alg)?;
        return verify(judge, &issued, &jwt).await;
    }
    let (issued, jwt) = jwt::issue(judge, judge.client(Role::Primary)?, &[]).await?;
    if jwt.alg() == "RS256" {
        return verify(judge, &issued, &jwt).await;
    }
    Err(Finding::skipped(
        "the target description has no [clients.rs256], whose tokens would show it",
    ))
}

async fn typ(judge: &Judge) -> Verdict {
    let (issued, jwt) = jwt::issue(judge, judge.client(Role::Primary)?, &[]).await?;
    let typ = jwt
        .header
        .get("typ")
        .and_then(Value::as_str)
        .unwrap_or_default();
    // RFC 7515 §4.1.9: a media type, of which `application/` may be left out.
    let lower = typ.to_ascii_lowercase();
    let holds = matches!(lower.as_str(), "at+jwt" | "application/at+jwt");
    issued
        .answer
        .demand_or(holds, "typ at+jwt", format!("'{typ}'"))
}

async fn claims(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let (issued, jwt) = jwt::issue(judge, client, &[]).await?;
    let demand = |holds: bool, expected: &str, claim: &str| {
        let saw = jwt
            .claims
            .get(claim)
            .map_or_else(|| "none".to_owned(), Value::to_string);
        issued
            .answer
            .demand_or(holds, format!("{claim}: {expected}"), saw)
    };
    let number = |claim: &str| jwt.claims.get(claim).and_then(Value::as_f64);
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds since 1970 are far below 2^53"
    )]
    let (now, skew) = (now() as f64, SKEW as f64);
    demand(
        jwt.claim("iss") == Some(judge.target.issuer()),
        "the issuer, byte for byte",
        "iss",
    )?;
    demand(
        number("exp").is_some_and(|exp| exp > now - skew),
        "a time that is not past",
        "exp",
    )?;
    demand(!jwt.audience().is_empty(), "a string or strings", "aud")?;
    demand(
        jwt.claim("sub").is_some_and(|sub| !sub.is_empty()),
        "a string",
        "sub",
    )?;
    demand(
        jwt.claim("client_id") == Some(client.client_id()),
        "the client",
        "client_id",
    )?;
    let recent = |iat: f64| (iat - now).abs() < skew;
    demand(number("iat").is_some_and(recent), "the time of now", "iat")?;
    demand(
        jwt.claim("jti").is_some_and(|jti| !jti.is_empty()),
        "a string",
        "jti",
    )?;
    let (other, other_jwt) = jwt::issue(judge, client, &[]).await?;
    let differs = jwt.claim("jti") != other_jwt.claim("jti");
    other
        .answer
        .demand_or(differs, "another jti in the next token", "the same")
}

async fn scope(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let Some(scope) = client.scopes.first() else {
        return Err(Finding::skipped("[clients.primary] has no scopes"));
    };
    let (issued, jwt) = jwt::issue(judge, client, &[("scope", scope)]).await?;
    let claim = jwt.claim("scope").unwrap_or_default();
    let holds = claim.split(' ').any(|one| one == scope);
    issued
        .answer
        .demand_or(holds, format!("'{scope}' in scope"), format!("'{claim}'"))
}

async fn audience_is_resource(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    if client.resources.is_empty() {
        return Err(Finding::skipped("[clients.primary] has no resources"));
    }
    for resource in &client.resources {
        let (issued, jwt) = jwt::issue(judge, client, &[("resource", resource)]).await?;
        let audience = jwt.audience();
        let holds = audience.contains(&resource.as_str());
        issued.answer.demand_or(
            holds,
            format!("{resource} in aud"),
            format!("aud {audience:?}"),
        )?;
    }
    Ok(())
}

async fn default_audience(judge: &Judge) -> Verdict {
    let (issued, jwt) = jwt::issue(judge, judge.client(Role::Primary)?, &[]).await?;
    let audience = jwt.audience();
    let holds = audience.iter().any(|one| !one.is_empty());
    issued
        .answer
        .demand_or(holds, "an aud", format!("{audience:?}"))
}

async fn sub_is_client(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let (issued, jwt) = jwt::issue(judge, client, &[]).await?;
    let sub = jwt.claim("sub").unwrap_or_default();
    let (_, again) = jwt::issue(judge, client, &[]).await?;
    let steady = !sub.is_empty() && again.claim("sub") == Some(sub);
    issued
        .answer
        .demand_or(steady, "the same sub in each token of a client", sub)?;
    if sub == client.client_id() {
        return Ok(());
    }
    // Another name for the client will do, as long as it is its own.
    let (other, theirs) = jwt::issue(judge, judge.client(Role::Secondary)?, &[]).await?;
    let own = theirs.claim("sub") != Some(sub);
    other
        .answer
        .demand_or(own, "another sub for another client", "the same")
}

async fn resource_side(judge: &Judge) -> Verdict {
    let (endpoint, issued) = rfc6750::taken(judge).await?;
    let Some(jwt) = Jwt::read(&issued.token) else {
        return Err(Finding::skipped(
            "the access tokens of this client are no JWTs",
        ));
    };
    let bad = [
        (unsigned(&issued.token, &jwt), "alg none"),
        (with_broken_signature(&issued.token), "a broken signature"),
        (
            prolonged(&issued.token, &jwt),
            "a later exp under the old signature",
        ),
    ];
    for (token, what) in bad {
        let answer = judge
            .send(&bearer(rfc6750::ask(endpoint, &[]), &token))
            .await?;
        answer.demand(answer.status == 401, format!("a token with {what}: 401"))?;
    }
    Ok(())
}

async fn kid_is_published(judge: &Judge) -> Verdict {
    let (issued, jwt) = jwt::issue(judge, judge.client(Role::Primary)?, &[]).await?;
    if jwt.alg().starts_with("HS") {
        return Err(Finding::skipped(
            "the key of an HMAC is no one else's to know",
        ));
    }
    let kid = jwt.header.get("kid").and_then(Value::as_str);
    issued
        .answer
        .demand_or(kid.is_some(), "a kid in the header", "none")?;
    let (answer, set) = keys(judge).await?;
    let found = kid.is_some_and(|kid| set.find(kid).is_some());
    answer.demand_or(
        found,
        format!("the key {}", kid.unwrap_or_default()),
        "other keys",
    )
}

async fn login_is_told(judge: &Judge) -> Verdict {
    let client = judge.refreshing_client(Role::Password)?;
    let grant = judge.open_grant(client, &[]).await?;
    let login = jwt::read(&grant.issued)?;
    let claims = ["auth_time", "acr", "amr"];
    if !claims.iter().any(|claim| login.claims.contains_key(*claim)) {
        let why = "the access tokens of users hold neither auth_time nor acr nor amr";
        return Err(Finding::skipped(why));
    }
    if let Some(auth_time) = login.claims.get("auth_time") {
        let holds = auth_time
            .as_u64()
            .is_some_and(|at| at.abs_diff(now()) < SKEW);
        let expected = "auth_time: the time of the login, which is now";
        let answer = &grant.issued.answer;
        answer.demand_or(holds, expected, auth_time.to_string())?;
    }
    // Within one second the time of a refresh would look like that of the login.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let renewed = judge.renew(client, &grant, &[]).await?;
    let refreshed = jwt::read(&renewed.issued)?;
    for claim in claims {
        let (before, after) = (login.claims.get(claim), refreshed.claims.get(claim));
        let shown =
            |value: Option<&Value>| value.map_or_else(|| "none".to_owned(), Value::to_string);
        let expected = format!("{claim} as before the refresh: {}", shown(before));
        let answer = &renewed.issued.answer;
        answer.demand_or(before == after, expected, shown(after))?;
    }
    Ok(())
}

async fn sub_is_user(judge: &Judge) -> Verdict {
    let client = judge.user_client(Role::Password)?;
    let issued = judge.log_in(client, &[]).await?;
    let login = jwt::read(&issued)?;
    let sub = login.claim("sub").unwrap_or_default();
    let is_client = judge.target.clients().any(|one| one.client_id() == sub);
    issued
        .answer
        .demand_or(!sub.is_empty() && !is_client, "the sub of a user", sub)?;
    if client.has_grant("client_credentials") {
        let (own, jwt) = jwt::issue(judge, client, &[]).await?;
        let differs = jwt.claim("sub") != Some(sub);
        own.answer
            .demand_or(differs, "another sub in a token of the client itself", sub)?;
    }
    if judge.refreshing_client(Role::Password).is_ok() {
        let renewed = judge.live_grant(client).await?.issued;
        let refreshed = jwt::read(&renewed)?;
        let after = refreshed.claim("sub").unwrap_or_default();
        renewed
            .answer
            .demand_or(after == sub, format!("sub '{sub}' after a refresh"), after)?;
    }
    Ok(())
}
