//! RFC 9207: who answers is told in every answer of the authorization endpoint.

use crate::authorization::Request;
use crate::check::checks;
use crate::client::Client;
use crate::finding::{Finding, Verdict};
use crate::judge::Judge;
use crate::response::{Mode, Response};
use crate::role::Role;

checks! {
    "RFC9207-01" "2" Must [Oauth2, Bcp]
        "A code comes with iss" => with_codes;
    "RFC9207-02" "2" Must [Oauth2, Bcp]
        "An error comes with iss" => with_errors;
    "RFC9207-03" "2" Must [Oauth2, Bcp]
        "iss is the issuer of the metadata, byte for byte" => same_issuer;
    "RFC9207-04" "2.3" Must [Oauth2, Bcp]
        "A server that sends iss says so in its metadata, and the reverse" => flag;
    "RFC9207-05" "2" Must [Oauth2]
        "iss stands where the other parameters stand, whatever the response mode" => follows_mode;
    "RFC9207-06" "2" Must [Oauth2]
        "iss is there once, also where the redirect URI has a query" => once;
}

const FLAG: &str = "authorization_response_iss_parameter_supported";

/// Whether the metadata says that `iss` is sent.
fn announced(judge: &Judge) -> bool {
    let metadata = judge.metadata();
    metadata.is_ok_and(|metadata| metadata.members().get(FLAG) == Some(&true.into()))
}

/// Fails unless the response has `iss`, or is skipped where neither it nor the metadata speaks of it.
fn has_issuer(judge: &Judge, response: &Response) -> Verdict {
    if response.get("iss").is_none() && !announced(judge) {
        let why = format!("the target sends no iss, and does not claim to ({FLAG})");
        return Err(Finding::skipped(why));
    }
    response.demand(response.get("iss").is_some(), "the parameter iss")
}

/// The answer to a good request of the client.
async fn answered(judge: &Judge, request: &Request) -> Result<Response, Finding> {
    Ok(judge.browser().code(request).await?.response)
}

/// The answer to a faulty one.
async fn refused(judge: &Judge, client: &Client) -> Result<Response, Finding> {
    let request = Judge::request(client).with("response_type", "no-such-type-4711");
    let response = judge.browser().allow(&request).await?.response;
    let expected = "an error (needed to begin this check)";
    response.demand(response.error().is_some(), expected)?;
    Ok(response)
}

async fn with_codes(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    has_issuer(judge, &answered(judge, &Judge::request(client)).await?)
}

async fn with_errors(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    has_issuer(judge, &refused(judge, client).await?)
}

async fn same_issuer(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let published = judge.metadata().ok();
    let published = published.and_then(|metadata| metadata.text("issuer"));
    let expected = published.unwrap_or(judge.target.issuer());
    let good = answered(judge, &Judge::request(client)).await?;
    for response in [good, refused(judge, client).await?] {
        has_issuer(judge, &response)?;
        let issuer = response.get("iss").unwrap_or_default();
        let holds = issuer == expected;
        let expected = format!("iss '{expected}'");
        response.answer.demand_or(holds, expected, issuer)?;
    }
    Ok(())
}

async fn flag(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let metadata = judge.metadata()?;
    let response = answered(judge, &Judge::request(client)).await?;
    let sent = response.get("iss").is_some();
    if !sent && !announced(judge) {
        return has_issuer(judge, &response);
    }
    let expected = format!("{FLAG} true, and iss in the answer");
    let saw = format!("{FLAG} {}, iss sent: {sent}", announced(judge));
    metadata
        .answer
        .demand_or(sent && announced(judge), expected, saw)
}

async fn follows_mode(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let modes = [("fragment", Mode::Fragment), ("form_post", Mode::FormPost)];
    let mut seen = false;
    for (name, mode) in modes {
        let metadata = judge.metadata()?;
        if !metadata.lists("response_modes_supported", name) {
            continue;
        }
        seen = true;
        let request = Judge::request(client).with("response_mode", name);
        let good = answered(judge, &request).await?;
        let bad = request.with("scope", "no-such-scope-4711");
        let bad = judge.browser().allow(&bad).await?.response;
        for response in [good, bad] {
            response.demand(response.mode == mode, format!("an answer by {name}"))?;
            has_issuer(judge, &response)?;
            let strayed = mode == Mode::Fragment
                && response
                    .url
                    .query()
                    .is_some_and(|query| query.contains("iss="));
            response.demand(!strayed, "iss in the fragment, and not in the query")?;
        }
    }
    if seen {
        return Ok(());
    }
    Err(Finding::skipped(
        "the target advertises neither fragment nor form_post",
    ))
}

async fn once(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let state = "x&iss=https://evil.example";
    for uri in &client.redirect_uris {
        let request = Judge::request(client).with("redirect_uri", uri);
        let response = answered(judge, &request.with("state", state)).await?;
        has_issuer(judge, &response)?;
        let expected = "the parameter iss, once";
        let saw = format!("{} times", response.count("iss"));
        response
            .answer
            .demand_or(response.count("iss") == 1, expected, saw)?;
    }
    Ok(())
}
