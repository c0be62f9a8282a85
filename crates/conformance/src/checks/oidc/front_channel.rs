//! OpenID Connect Core §3.2 and §3.3: ID tokens from the authorization endpoint, by the implicit and hybrid flows.

use crate::authorization::Request;
use crate::check::checks;
use crate::checks::oidc::flow::{self, IdToken};
use crate::finding::{Finding, Verdict, together};
use crate::judge::Judge;
use crate::jwt::{self, half_hash};
use crate::response::{Mode, Response};
use crate::role::Role;

checks! {
    "OIDC-Core-25" "3.2.2.1" Must [OidcImplicit]
        "The implicit flow needs a nonce" => nonce_is_needed;
    "OIDC-Core-26" "3.2.2.5" Must [OidcImplicit]
        "The implicit flow answers in the fragment, with an ID token that can be verified and, for the response type \
         id_token, no access token" => answers_in_the_fragment;
    "OIDC-Core-27" "3.2.2.10" Must [OidcImplicit]
        "An ID token that comes with an access token from the authorization endpoint holds its at_hash" => at_hash;
    "OIDC-Core-28" "3.3.2.11" Must [OidcHybrid]
        "An ID token that comes with a code holds its c_hash, and at_hash if there is an access token as well"
        => c_hash;
    "OIDC-Core-29" "3.3.3.6" Must [OidcHybrid]
        "The ID tokens of the authorization and of the token endpoint agree on iss and sub" => both_agree;
    "OIDC-Core-53" "11" Must [OidcImplicit]
        "offline_access brings no refresh token where there is no code" => no_refresh_token;
}

const IMPLICIT: [&str; 2] = ["id_token", "id_token token"];

/// What the client gets, after the user has signed in and agreed.
async fn answer_to(judge: &Judge, request: &Request) -> Result<Response, Finding> {
    Ok(judge.browser().allow(request).await?.response)
}

/// An answer to the client of the role, and the ID token in it.
async fn id_token_of(
    judge: &Judge,
    role: Role,
    response_type: &str,
) -> Result<(Response, IdToken), Finding> {
    let (_, request) = flow::front_channel(judge, role, response_type)?;
    let response = answer_to(judge, &request).await?;
    let id_token = IdToken::read(&response.answer, response.get("id_token"))?;
    Ok((response, id_token))
}

async fn nonce_is_needed(judge: &Judge) -> Verdict {
    let mut parts = Vec::new();
    for response_type in IMPLICIT {
        parts.push(without_nonce(judge, response_type).await);
    }
    together(parts)
}

async fn without_nonce(judge: &Judge, response_type: &str) -> Verdict {
    let (_, request) = flow::front_channel(judge, Role::Implicit, response_type)?;
    let response = answer_to(judge, &request.without("nonce")).await?;
    response.refused(
        &["invalid_request"],
        &format!("{response_type} without a nonce"),
    )
}

async fn answers_in_the_fragment(judge: &Judge) -> Verdict {
    let mut parts = Vec::new();
    for response_type in IMPLICIT {
        parts.push(in_the_fragment(judge, response_type).await);
    }
    together(parts)
}

async fn in_the_fragment(judge: &Judge, response_type: &str) -> Verdict {
    let (client, request) = flow::front_channel(judge, Role::Implicit, response_type)?;
    let response = answer_to(judge, &request).await?;
    response.demand(
        response.mode == Mode::Fragment,
        "parameters in the fragment",
    )?;
    let query = response.url.query().unwrap_or_default();
    let clean = !["id_token=", "access_token=", "state="]
        .iter()
        .any(|one| query.contains(one));
    response.demand(clean, "no parameters of the answer in the query")?;
    let same = response.get("state") == request.get("state");
    response.demand(same, "the state as it was sent")?;
    let access_token = response.get("access_token").is_some();
    let wanted = response_type.split(' ').any(|word| word == "token");
    let expected = if wanted {
        "an access token"
    } else {
        "no access token"
    };
    response.demand(
        access_token == wanted,
        format!("{response_type}: {expected}"),
    )?;
    let id_token = IdToken::read(&response.answer, response.get("id_token"))?;
    let jwt = jwt::id_token(judge, client, &response.answer, &id_token.text).await?;
    let same = jwt.claim("nonce") == request.get("nonce");
    response.demand(same, "an ID token with the nonce as it was sent")
}

/// Fails unless the claim is the left half of the hash of this parameter.
fn hashes(response: &Response, id_token: &IdToken, claim: &str, parameter: &str) -> Verdict {
    let value = response.get(parameter).unwrap_or_default();
    let right = id_token.claim(claim) == Some(&half_hash(id_token.jwt.alg(), value));
    let expected = format!("{claim}, the left half of the hash of the {parameter}");
    response
        .answer
        .demand_or(right, expected, id_token.shown(claim))
}

async fn at_hash(judge: &Judge) -> Verdict {
    let (response, id_token) = id_token_of(judge, Role::Implicit, "id_token token").await?;
    hashes(&response, &id_token, "at_hash", "access_token")
}

async fn c_hash(judge: &Judge) -> Verdict {
    let with_code = async {
        let (response, id_token) = id_token_of(judge, Role::Hybrid, "code id_token").await?;
        hashes(&response, &id_token, "c_hash", "code")
    };
    let with_both = async {
        let (response, id_token) = id_token_of(judge, Role::Hybrid, "code id_token token").await?;
        hashes(&response, &id_token, "c_hash", "code")?;
        hashes(&response, &id_token, "at_hash", "access_token")
    };
    together([with_code.await, with_both.await])
}

async fn both_agree(judge: &Judge) -> Verdict {
    let (client, request) = flow::front_channel(judge, Role::Hybrid, "code id_token")?;
    let response = answer_to(judge, &request).await?;
    let front = IdToken::read(&response.answer, response.get("id_token"))?;
    let tokens = flow::redeem(judge, client, &flow::code(request, response)?).await?;
    for claim in ["iss", "sub"] {
        let same = tokens.id_token.value(claim) == front.value(claim);
        let expected = format!("as from the authorization endpoint, {}", front.shown(claim));
        tokens.demand(same, claim, &expected)?;
    }
    Ok(())
}

async fn no_refresh_token(judge: &Judge) -> Verdict {
    let (client, request) = flow::front_channel(judge, Role::Implicit, "id_token token")?;
    flow::may_ask(client, "offline_access")?;
    let request = request.with("scope", "openid offline_access");
    let response = answer_to(judge, &request.with("prompt", "consent")).await?;
    response.demand(
        response.get("id_token").is_some(),
        "an answer without offline access",
    )?;
    let none = response.get("refresh_token").is_none();
    response.demand(none, "no refresh token, since there is no code")
}
