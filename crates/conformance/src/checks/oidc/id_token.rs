//! OpenID Connect Core §2: ID tokens of the code flow.

use serde_json::Value;

use crate::check::checks;
use crate::checks::oidc::flow;
use crate::finding::{Finding, Verdict};
use crate::judge::Judge;
use crate::jwt::{self, SKEW, half_hash, now};
use crate::role::Role;

checks! {
    "OIDC-Core-01" "2" Must [OidcBasic]
        "An ID token holds iss, sub, aud, exp and iat, and they are right" => required_claims;
    "OIDC-Core-02" "2" Must [OidcBasic]
        "sub is at most 255 ASCII characters, and the same at each sign-in" => stable_subject;
    "OIDC-Core-03" "2" Must [OidcBasic]
        "aud holds the client_id" => audience;
    "OIDC-Core-04" "2" Must [OidcBasic]
        "The nonce comes back as it was sent; without one the code flow works as well" => nonce;
    "OIDC-Core-05" "2" Must [OidcBasic]
        "auth_time says when the user signed in, if max_age was asked for" => auth_time;
    "OIDC-Core-06" "2" Must [OidcBasic]
        "An ID token is signed, and a published key verifies the signature" => signed;
    "OIDC-Core-24" "3.1.3.6" Should [OidcBasic]
        "at_hash, if it is there, is the left half of the hash of the access token" => at_hash;
    "OIDC-Core-51" "10.1" Must [OidcBasic]
        "ID tokens are signed by the algorithm that the client registered" => registered_algorithm;
    "OIDC-Core-52" "10.1.1" Should [OidcBasic]
        "An ID token names by kid the published key that signed it" => names_its_key;
    "OIDC-Core-57" "15.1" Must [OidcBasic]
        "ID tokens are signed with RS256 where the client registered nothing else" => rs256_by_default;
}

#[expect(
    clippy::cast_precision_loss,
    reason = "seconds since 1970 are far below 2^53"
)]
fn clock() -> (f64, f64) {
    (now() as f64, SKEW as f64)
}

async fn required_claims(judge: &Judge) -> Verdict {
    let tokens = flow::sign_in(judge, Role::Web, &[]).await?;
    let id_token = &tokens.id_token;
    let (now, skew) = clock();
    let right = id_token.claim("iss") == Some(judge.target.issuer());
    tokens.demand(right, "iss", "the issuer, byte for byte")?;
    let filled = id_token.claim("sub").is_some_and(|sub| !sub.is_empty());
    tokens.demand(filled, "sub", "a string")?;
    let filled = !id_token.jwt.audience().is_empty();
    tokens.demand(filled, "aud", "a string or strings")?;
    let future = id_token.time("exp").is_some_and(|exp| exp > now - skew);
    tokens.demand(future, "exp", "a time that is not past")?;
    let recent = id_token
        .time("iat")
        .is_some_and(|iat| (iat - now).abs() < skew);
    tokens.demand(recent, "iat", "the time of now")
}

async fn stable_subject(judge: &Judge) -> Verdict {
    let first = flow::sign_in(judge, Role::Web, &[]).await?;
    let sub = first.id_token.claim("sub").unwrap_or_default();
    let fits = (1..=255).contains(&sub.len()) && sub.is_ascii();
    first.demand(fits, "sub", "1 to 255 ASCII characters")?;
    let second = flow::sign_in(judge, Role::Web, &[]).await?;
    second.agree(&first, "sub")
}

async fn audience(judge: &Judge) -> Verdict {
    let client = flow::openid_client(judge, Role::Web)?;
    let tokens = flow::sign_in(judge, Role::Web, &[]).await?;
    let id = client.client_id();
    let holds = tokens.id_token.jwt.audience().contains(&id);
    tokens.demand(holds, "aud", &format!("'{id}' in it"))?;
    let azp = tokens.id_token.claim("azp");
    let holds = azp.is_none_or(|azp| azp == id);
    tokens.demand(holds, "azp", "the client, if it is there")
}

async fn nonce(judge: &Judge) -> Verdict {
    for nonce in ["n-0S6_WzA2Mj", "a nonce: 100% + \"more\" & more?"] {
        let tokens = flow::sign_in(judge, Role::Web, &[("nonce", nonce)]).await?;
        let same = tokens.id_token.claim("nonce") == Some(nonce);
        tokens.demand(same, "nonce", &format!("'{nonce}'"))?;
    }
    let client = flow::openid_client(judge, Role::Web)?;
    let request = flow::request(client, &[]).without("nonce");
    let code = judge.browser().code(&request).await?;
    let tokens = flow::redeem(judge, client, &code).await?;
    let none = tokens.id_token.value("nonce").is_none();
    tokens.demand(none, "nonce", "none, since none was sent")
}

async fn auth_time(judge: &Judge) -> Verdict {
    let (before, skew) = clock();
    let tokens = flow::sign_in(judge, Role::Web, &[("max_age", "10000")]).await?;
    let (after, _) = clock();
    let told = tokens.id_token.time("auth_time");
    let right = told.is_some_and(|time| time > before - skew && time < after + skew);
    tokens.demand(right, "auth_time", "the time of the sign-in, with max_age")
}

async fn signed(judge: &Judge) -> Verdict {
    let client = flow::openid_client(judge, Role::Web)?;
    let tokens = flow::sign_in(judge, Role::Web, &[]).await?;
    let verified = jwt::id_token(judge, client, &tokens.answer, &tokens.id_token.text).await;
    verified.map(|_| ())
}

async fn at_hash(judge: &Judge) -> Verdict {
    let tokens = flow::sign_in(judge, Role::Web, &[]).await?;
    let Some(at_hash) = tokens.id_token.value("at_hash") else {
        let why = "the ID tokens of the token endpoint hold no at_hash";
        return Err(Finding::skipped(why));
    };
    let expected = half_hash(tokens.id_token.jwt.alg(), &tokens.access_token);
    let right = at_hash.as_str() == Some(&expected);
    tokens.demand(
        right,
        "at_hash",
        "the left half of the hash of the access token",
    )
}

async fn registered_algorithm(judge: &Judge) -> Verdict {
    let client = flow::openid_client(judge, Role::Es256IdToken)?;
    let tokens = flow::sign_in(judge, Role::Es256IdToken, &[]).await?;
    let registered = client.id_token_signed_response_alg.as_deref();
    let registered = registered.unwrap_or("ES256");
    let alg = tokens.id_token.jwt.alg();
    let expected = format!("an ID token signed with {registered}");
    tokens.answer.demand_or(alg == registered, expected, alg)?;
    let verified = jwt::id_token(judge, client, &tokens.answer, &tokens.id_token.text).await;
    verified.map(|_| ())
}

async fn names_its_key(judge: &Judge) -> Verdict {
    let tokens = flow::sign_in(judge, Role::Web, &[]).await?;
    let header = &tokens.id_token.jwt.header;
    let kid = header
        .get("kid")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let (_, set) = jwt::keys(judge).await?;
    let mut keys = set.keys.iter();
    let published = keys.any(|key| key.common.key_id.as_deref() == Some(kid));
    let expected = "a kid of the published keys";
    tokens
        .answer
        .demand_or(published, expected, format!("'{kid}'"))
}

async fn rs256_by_default(judge: &Judge) -> Verdict {
    let client = flow::openid_client(judge, Role::Web)?;
    if client
        .id_token_signed_response_alg
        .as_deref()
        .is_some_and(|alg| alg != "RS256")
    {
        return Err(Finding::skipped(
            "[clients.web] has registered another algorithm",
        ));
    }
    let tokens = flow::sign_in(judge, Role::Web, &[]).await?;
    let alg = tokens.id_token.jwt.alg();
    let expected = "an ID token signed with RS256";
    tokens.answer.demand_or(alg == "RS256", expected, alg)
}
