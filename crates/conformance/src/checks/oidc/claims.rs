//! OpenID Connect Core §5.5: claims that are asked for one by one.

use serde_json::{Value, json};

use crate::check::checks;
use crate::checks::oidc::flow::{self, Session, userinfo};
use crate::finding::{Finding, Verdict};
use crate::judge::Judge;
use crate::role::Role;

checks! {
    "OIDC-Core-38" "5.5" Must [OidcBasic]
        "Claims that are asked for one by one come in userinfo and in the ID token, and what is not known is ignored"
        => asked_one_by_one;
    "OIDC-Core-39" "5.5.1" Must [OidcBasic]
        "An essential claim that is not there is no error" => essential_and_missing;
    "OIDC-Core-40" "5.5.1.1" Must [OidcBasic]
        "An essential acr that cannot be met brings no ID token without it" => essential_acr;
}

/// A claim of the user that can be asked for, and its value.
fn claim_of_user(judge: &Judge) -> Result<(&str, &Value), Finding> {
    let claims = &judge.user()?.claims;
    let asked = ["name", "nickname", "given_name", "email", "locale"];
    let known = asked
        .into_iter()
        .find_map(|claim| Some((claim, claims.get(claim)?)));
    let missing =
        || Finding::skipped("[users.primary] has no claims, such as name, that could be asked for");
    known.ok_or_else(missing)
}

async fn asked_one_by_one(judge: &Judge) -> Verdict {
    flow::takes_claims(judge)?;
    let (claim, expected) = claim_of_user(judge)?;
    let claims = json!({
        "userinfo": { claim: { "essential": true }, "made_up_4711": null },
        "id_token": { claim: null },
        "made_up_member": { "made_up_4711": [1] },
    });
    let tokens = flow::sign_in(judge, Role::Web, &[("claims", &claims.to_string())]).await?;
    let there = tokens.id_token.value(claim) == Some(expected);
    tokens.demand(
        there,
        claim,
        &format!("{expected} in the ID token, as asked"),
    )?;
    let answer = userinfo(judge, &tokens.access_token).await?;
    let there = answer.json()?.get(claim) == Some(expected);
    answer.demand(there, format!("{claim} in userinfo, as asked: {expected}"))
}

async fn essential_and_missing(judge: &Judge) -> Verdict {
    flow::takes_claims(judge)?;
    let made_up = json!({ "made_up_4711": { "essential": true } });
    let claims = json!({ "userinfo": made_up, "id_token": made_up });
    let tokens = flow::sign_in(judge, Role::Web, &[("claims", &claims.to_string())]).await?;
    let answer = userinfo(judge, &tokens.access_token).await?;
    answer.demand(answer.status == 200, "userinfo without what is not known")
}

async fn essential_acr(judge: &Judge) -> Verdict {
    flow::takes_claims(judge)?;
    let acr = "urn:example:nobody-can-meet-this";
    let wanted = json!({ "essential": true, "values": [acr] });
    let claims = json!({ "id_token": { "acr": wanted } }).to_string();
    let mut session = Session::open(judge, Role::Web, &[]).await?;
    let request = flow::request(session.client, &[("claims", &claims)]);
    let response = session.browser.allow(&request).await?.response;
    if !response.gives_anything() {
        return response.demand(response.error().is_some(), "an error");
    }
    let code = flow::code(request, response)?;
    let tokens = flow::redeem(judge, session.client, &code).await?;
    let met = tokens.id_token.claim("acr") == Some(acr);
    tokens.demand(met, "acr", &format!("an error, or '{acr}' as asked"))
}
