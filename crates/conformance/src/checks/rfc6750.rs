//! RFC 6750: bearer tokens at a protected resource. Most need `[bearer_endpoint]`.

use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use serde_json::json;

use crate::check::checks;
use crate::finding::{Finding, Verdict};
use crate::http::Call;
use crate::judge::{Issued, Judge, bearer};
use crate::jwt::with_broken_signature;
use crate::role::Role;
use crate::target::BearerEndpoint;

checks! {
    "RFC6750-01" "2" Must [Bearer]
        "A token that is sent in two ways at once is refused" => two_ways;
    "RFC6750-02" "2.1" Must [Bearer]
        "A token in the Authorization header is taken, the scheme in any case"
        => header_in_any_case;
    "RFC6750-03" "2.2" Must [Bearer]
        "A token in the body counts only in a form, and only where the method has a body"
        => body_only_as_form;
    "RFC6750-04" "2.3" Should [Bearer]
        "A token in the query is not taken" => not_in_query;
    "RFC6750-05" "3" Must [Bearer]
        "Without a good token the answer is 401 with a Bearer challenge" => challenged;
    "RFC6750-06" "3" Must [Bearer]
        "An attribute stands in a challenge at most once" => attributes_once;
    "RFC6750-07" "3.1" Should [Bearer]
        "Without credentials the challenge names no error" => no_error_without_credentials;
    "RFC6750-08" "3.1" Must [Bearer]
        "A token that is forged, unknown or revoked gets 401 invalid_token" => invalid_token;
    "RFC6750-09" "3.1" Must [Bearer]
        "A malformed request gets 400 invalid_request" => invalid_request;
    "RFC6750-10" "3.1" Should [Bearer]
        "A token that lacks the scope gets 403 insufficient_scope" => insufficient_scope;
    "RFC6750-11" "5.3" Should [Bearer, ClientCredentials]
        "An access token lives for an hour at most" => short_lived;
}

/// The protected resource, or the reason to skip.
pub(in crate::checks) fn resource(judge: &Judge) -> Result<&BearerEndpoint, Finding> {
    let missing = || Finding::skipped("the target description has no [bearer_endpoint]");
    judge.target.bearer_endpoint.as_ref().ok_or_else(missing)
}

/// A request that the resource serves, once it carries a token. `more` are further parameters of a form.
pub(in crate::checks) fn ask(endpoint: &BearerEndpoint, more: &[(&str, &str)]) -> Call {
    let form = endpoint
        .form
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let form: Vec<_> = form.chain(more.iter().copied()).collect();
    if form.is_empty() {
        Call::get(&endpoint.url)
    } else {
        Call::post(&endpoint.url).form(&form)
    }
}

/// A token for it, with `scope` in place of the one that it wants.
pub(in crate::checks) async fn issue_for(
    judge: &Judge,
    endpoint: &BearerEndpoint,
    scope: Option<&str>,
) -> Result<Issued, Finding> {
    let client = judge
        .client(Role::Bearer)
        .or_else(|_| judge.client(Role::Primary))?;
    let mut form = Vec::new();
    form.extend(
        scope
            .or(endpoint.scope.as_deref())
            .map(|scope| ("scope", scope)),
    );
    form.extend(
        endpoint
            .resource
            .as_deref()
            .map(|resource| ("resource", resource)),
    );
    judge.issue(client, &form).await
}

/// Fails unless the resource serves a good token: else a refusal elsewhere would show nothing.
pub(in crate::checks) async fn taken(judge: &Judge) -> Result<(&BearerEndpoint, Issued), Finding> {
    let endpoint = resource(judge)?;
    let issued = issue_for(judge, endpoint, None).await?;
    let answer = judge
        .send(&bearer(ask(endpoint, &[]), &issued.token))
        .await?;
    answer.demand(answer.is_success(), "a good token is taken")?;
    Ok((endpoint, issued))
}

async fn two_ways(judge: &Judge) -> Verdict {
    let (endpoint, issued) = taken(judge).await?;
    let form = [("access_token", issued.token.as_str())];
    let both = bearer(ask(endpoint, &form), &issued.token);
    let answer = judge.send(&both).await?;
    answer.demand(answer.status == 400, "token in header and body: 400")?;
    let both = bearer(ask(endpoint, &[]).query(&form), &issued.token);
    let answer = judge.send(&both).await?;
    answer.demand(answer.status == 400, "token in header and query: 400")
}

async fn header_in_any_case(judge: &Judge) -> Verdict {
    let (endpoint, issued) = taken(judge).await?;
    for scheme in ["bearer", "BEARER"] {
        let call = ask(endpoint, &[]);
        let call = call.header(AUTHORIZATION, &format!("{scheme} {}", issued.token));
        let answer = judge.send(&call).await?;
        answer.demand(
            answer.is_success(),
            format!("'Authorization: {scheme}' is taken"),
        )?;
    }
    Ok(())
}

async fn body_only_as_form(judge: &Judge) -> Verdict {
    let (endpoint, issued) = taken(judge).await?;
    let form = [("access_token", issued.token.as_str())];
    let answer = judge.send(&Call::get(&endpoint.url).form(&form)).await?;
    answer.demand(
        answer.is_client_error(),
        "a token in the body of a GET is not taken",
    )?;
    let json = json!({ "access_token": issued.token }).to_string();
    let answer = judge
        .send(&Call::post(&endpoint.url).body("application/json", json))
        .await?;
    answer.demand(
        answer.is_client_error(),
        "a token in a JSON body is not taken",
    )
}

async fn not_in_query(judge: &Judge) -> Verdict {
    let (endpoint, issued) = taken(judge).await?;
    let query = [("access_token", issued.token.as_str())];
    let answer = judge.send(&ask(endpoint, &[]).query(&query)).await?;
    answer.demand(
        answer.is_client_error(),
        "a token in the query is not taken",
    )
}

async fn challenged(judge: &Judge) -> Verdict {
    let endpoint = resource(judge)?;
    let bare = ask(endpoint, &[]);
    for (call, what) in [
        (bare.clone(), "no token"),
        (bearer(bare, "made-up"), "a bad token"),
    ] {
        let answer = judge.send(&call).await?;
        let holds = answer.status == 401 && answer.challenges("bearer");
        answer.demand(holds, format!("{what}: 401 with WWW-Authenticate: Bearer"))?;
    }
    Ok(())
}

/// The names of the attributes of a challenge, in lower case.
fn attributes(challenge: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut name, mut quoted, mut escaped) = (String::new(), false, false);
    for c in challenge.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '=' => names.push(std::mem::take(&mut name).to_ascii_lowercase()),
            ',' | ' ' => name.clear(),
            _ => name.push(c),
        }
    }
    names
}

async fn attributes_once(judge: &Judge) -> Verdict {
    let endpoint = resource(judge)?;
    let answer = judge.send(&bearer(ask(endpoint, &[]), "made-up")).await?;
    for value in answer.headers.get_all(WWW_AUTHENTICATE) {
        let mut names = attributes(&String::from_utf8_lossy(value.as_bytes()));
        names.sort();
        let repeated = names.windows(2).find(|pair| pair[0] == pair[1]);
        let saw = repeated.map_or_else(String::new, |pair| format!("{} twice", pair[0]));
        answer.demand_or(repeated.is_none(), "each attribute once", saw)?;
    }
    answer.demand(answer.challenges("bearer"), "a challenge")
}

async fn no_error_without_credentials(judge: &Judge) -> Verdict {
    let answer = judge.send(&ask(resource(judge)?, &[])).await?;
    answer.demand(answer.challenges("bearer"), "a challenge")?;
    let names = attributes(&answer.header(&WWW_AUTHENTICATE));
    answer.demand_or(
        !names.iter().any(|name| name == "error"),
        "no error in it",
        "one",
    )
}

async fn invalid_token(judge: &Judge) -> Verdict {
    let (endpoint, issued) = taken(judge).await?;
    let mut bad = vec![
        ("made-up".to_owned(), "an unknown token"),
        (
            with_broken_signature(&issued.token),
            "a token with a broken signature",
        ),
    ];
    let client = judge
        .client(Role::Bearer)
        .or_else(|_| judge.client(Role::Primary))?;
    if judge
        .revoke(client, &issued.token)
        .await
        .is_ok_and(|answer| answer.status == 200)
    {
        bad.push((issued.token, "a revoked token"));
    }
    for (token, what) in bad {
        let answer = judge.send(&bearer(ask(endpoint, &[]), &token)).await?;
        let challenge = answer.header(&WWW_AUTHENTICATE);
        let holds = answer.status == 401 && challenge.contains("invalid_token");
        answer.demand(
            holds,
            format!("{what}: 401 with invalid_token in the challenge"),
        )?;
    }
    Ok(())
}

async fn invalid_request(judge: &Judge) -> Verdict {
    let (endpoint, issued) = taken(judge).await?;
    let form = [("access_token", issued.token.as_str())];
    let both = bearer(ask(endpoint, &form), &issued.token);
    let answer = judge.send(&both).await?;
    let told = answer.header(&WWW_AUTHENTICATE).contains("invalid_request")
        || answer.error().as_deref() == Some("invalid_request");
    answer.demand(
        answer.status == 400 && told,
        "two tokens: 400 invalid_request",
    )
}

async fn insufficient_scope(judge: &Judge) -> Verdict {
    let (endpoint, _) = taken(judge).await?;
    let scope = endpoint
        .insufficient_scope
        .as_deref()
        .ok_or_else(|| Finding::skipped("[bearer_endpoint] names no insufficient_scope"))?;
    let issued = issue_for(judge, endpoint, Some(scope)).await?;
    let answer = judge
        .send(&bearer(ask(endpoint, &[]), &issued.token))
        .await?;
    let told = answer
        .header(&WWW_AUTHENTICATE)
        .contains("insufficient_scope");
    answer.demand(
        answer.status == 403 && told,
        "403 with insufficient_scope in the challenge",
    )
}

async fn short_lived(judge: &Judge) -> Verdict {
    let answer = judge.issue(judge.client(Role::Primary)?, &[]).await?.answer;
    let seconds = answer
        .json()?
        .get("expires_in")
        .and_then(serde_json::Value::as_u64);
    let saw = seconds.map_or_else(|| "no expires_in".to_owned(), |seconds| seconds.to_string());
    answer.demand_or(
        seconds.is_some_and(|s| s <= 3600),
        "expires_in of at most 3600",
        saw,
    )
}

#[cfg(test)]
mod tests {
    use super::attributes;

    #[test]
    fn attributes_of_a_challenge_are_told_from_their_values() {
        let table: [(&str, &[&str]); 4] = [
            ("Bearer", &[]),
            (r#"Bearer realm="a, error=b""#, &["realm"]),
            (r#"Bearer realm="a\"b=c", error="x""#, &["realm", "error"]),
            ("Bearer error=a,ERROR=b", &["error", "error"]),
        ];
        for (challenge, names) in table {
            assert_eq!(attributes(challenge), names, "{challenge}");
        }
    }
}
