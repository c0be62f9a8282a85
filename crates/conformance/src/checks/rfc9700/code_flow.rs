//! RFC 9700 §2.1.1, §4.5 and §4.8: PKCE cannot be left out, and codes cannot be planted.

use crate::browser::{Kind, Stop};
use crate::checks::rfc7636::pkce_client;
use crate::client::Client;
use crate::finding::{Finding, Verdict, together};
use crate::http::Call;
use crate::judge::{Endpoint, Issued, Judge};
use crate::random::fresh;
use crate::role::Role;

const REFUSALS: [&str; 2] = ["invalid_grant", "invalid_request"];

pub(super) async fn issuer_in_answers(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let response = judge
        .browser()
        .code(&Judge::request(client))
        .await?
        .response;
    response.demand(
        response.get("iss").is_some(),
        "iss in the answer (RFC 9207)",
    )
}

pub(super) async fn pkce_of_public_clients(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Spa)?;
    judge.sign_in(client, &Judge::request(client)).await?;
    let request = Judge::request(client).without_pkce();
    let response = judge.browser().allow(&request).await?.response;
    let holds = response.error().is_some() && !response.gives_anything();
    response.demand(holds, "a public client without PKCE: an error")
}

/// A client that may leave PKCE out, or else the one that may not.
fn freest(judge: &Judge) -> Result<&Client, Finding> {
    judge
        .code_client(Role::OptionalPkce)
        .or_else(|_| judge.code_client(Role::Web))
}

pub(super) async fn challenge_is_enforced(judge: &Judge) -> Verdict {
    let client = freest(judge)?;
    let code = judge.browser().code(&Judge::request(client)).await?;
    let form = code.redemption().without("code_verifier");
    let answer = judge.redeem(client, &form).await?;
    answer.refused(&[400], &REFUSALS, "a challenge, and no verifier")
}

pub(super) async fn no_downgrade(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::OptionalPkce)?;
    let request = Judge::request(client).without_pkce();
    let code = judge.browser().code(&request).await?;
    let form = code.redemption().also("code_verifier", &fresh());
    let answer = judge.redeem(client, &form).await?;
    answer.refused(&[400], &REFUSALS, "a verifier, and no challenge")
}

pub(super) async fn pkce_can_be_detected(judge: &Judge) -> Verdict {
    judge.url(Endpoint::Authorization)?;
    let metadata = judge.metadata()?;
    let holds = metadata.lists("code_challenge_methods_supported", "S256");
    let expected = "S256 in code_challenge_methods_supported";
    metadata.answer.demand_or(holds, expected, "not there")
}

/// Response types that bring an access token from the authorization endpoint.
const TOKEN_TYPES: [&str; 4] = [
    "token",
    "id_token token",
    "code token",
    "code id_token token",
];

pub(super) async fn no_token_from_authorization(judge: &Judge) -> Verdict {
    if let Ok(metadata) = judge.metadata() {
        let listed = metadata
            .list("response_types_supported")
            .unwrap_or_default();
        let mut listed = listed.into_iter();
        let bad = listed.find(|types| types.split(' ').any(|word| word == "token"));
        let expected = "response_types_supported without token";
        metadata
            .answer
            .demand_or(bad.is_none(), expected, bad.unwrap_or_default())?;
    }
    together([
        no_token_for(judge, Role::Implicit).await,
        no_token_for(judge, Role::Hybrid).await,
        no_token_for(judge, Role::Web).await,
    ])
}

async fn no_token_for(judge: &Judge, role: Role) -> Verdict {
    let client = judge.authorized_client(role)?;
    let mut browser = judge.browser();
    for response_type in TOKEN_TYPES {
        let request = Judge::openid_request(client).of_type(response_type);
        let response = browser.allow(&request).await?.response;
        let errors = [
            "unsupported_response_type",
            "unauthorized_client",
            "invalid_request",
        ];
        response.refused(&errors, &format!("response_type={response_type}"))?;
    }
    Ok(())
}

pub(super) async fn injected_code(judge: &Judge) -> Verdict {
    let client = pkce_client(judge)?;
    // Two users of one client, each with a browser, a session there and a verifier in it.
    let victim = judge.browser().code(&Judge::request(client)).await?;
    let attacker = judge.browser().code(&Judge::request(client)).await?;
    let verifier = attacker.request.verifier.clone().unwrap_or_default();
    let injected = victim.redemption().with("code_verifier", &verifier);
    let when = "the code of one session with the verifier of another";
    judge.code_is_refused(client, &injected, when).await?;
    let own = judge.redeem(client, &attacker.redemption()).await?;
    Issued::of(own).map(|_| ())
}

pub(super) async fn logout_ends_refresh_tokens(judge: &Judge) -> Verdict {
    judge.supports("refresh_token")?;
    let client = judge.code_client(Role::Web)?;
    let url = judge.url(Endpoint::EndSession)?;
    let mut browser = judge.browser();
    let code = browser.code(&Judge::request(client)).await?;
    let issued = Issued::of(judge.redeem(client, &code.redemption()).await?)?;
    let Some(refresh_token) = issued.answer.refresh_token() else {
        let why = "[clients.web] gets no refresh token that is not for offline use";
        return Err(Finding::skipped(why));
    };
    let openid = browser.code(&Judge::openid_request(client)).await?;
    let signed_in = Issued::of(judge.redeem(client, &openid.redemption()).await?)?;
    let Some(hint) = signed_in.answer.text("id_token") else {
        return Err(Finding::skipped(
            "[clients.web] gets no ID token to sign out with",
        ));
    };
    let call = Call::get(&url).query(&[("id_token_hint", &hint)]);
    let stop = browser.open(call).await?;
    if let Stop::Page(page) = &stop
        && page.kind == Kind::SignOut
    {
        browser.sign_out(page, true).await?;
    }
    let when = "a refresh token that was not for offline use, after the logout";
    judge.is_refused(client, &refresh_token, when).await
}
