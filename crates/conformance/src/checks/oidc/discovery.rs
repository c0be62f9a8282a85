//! OpenID Connect Discovery 1.0: what an OpenID provider tells of itself.

use reqwest::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, ORIGIN};
use serde_json::Value;
use url::Url;

use crate::check::checks;
use crate::checks::oidc::flow;
use crate::finding::{Finding, Verdict};
use crate::http::{Answer, Call};
use crate::judge::{Endpoint, Judge};
use crate::jwt;
use crate::metadata::{Metadata, discovery_url};
use crate::role::Role;

checks! {
    "OIDC-Discovery-01" "3" Must [OidcConfig]
        "The document names the issuer, where to authorize and get keys, and which response types, subject types \
         and ID token algorithms there are" => required_members;
    "OIDC-Discovery-02" "3" Must [OidcConfig]
        "RS256 is among the algorithms of ID tokens" => rs256_is_listed;
    "OIDC-Discovery-03" "3" Must [OidcConfig]
        "none is not among the algorithms by which clients may sign to authenticate" => none_is_not_listed;
    "OIDC-Discovery-05" "3" Must [OidcConfig]
        "If the scopes are listed, openid is among them" => openid_is_listed;
    "OIDC-Discovery-06" "3" Must [OidcConfig]
        "The keys at jwks_uri are public, can be read, and can be told apart by kid or use" => keys;
    "OIDC-Discovery-07" "3" Should [OidcConfig]
        "The document tells where userinfo is, and which claims and grant types there are"
        => recommended_members;
    "OIDC-Discovery-08" "4" Must [OidcConfig]
        "The document lies at /.well-known/openid-configuration behind the issuer" => place;
    "OIDC-Discovery-09" "4.2" Must [OidcConfig]
        "The document comes with 200 as application/json, and leaves lists without elements out"
        => status_and_form;
    "OIDC-Discovery-10" "4.3" Must [OidcConfig]
        "The issuer in the document and in ID tokens is the one that the URL was made from, byte for byte"
        => same_issuer;
    "OIDC-Discovery-11" "7.1" Must [OidcConfig]
        "The URLs of endpoints and keys are https" => endpoints_are_https;
    "OIDC-Discovery-12" "4" Should [OidcConfig]
        "The document and the keys may be cached, and be read by scripts of any origin" => open_to_scripts;
}

fn place_of(judge: &Judge) -> Result<Url, Finding> {
    let issuer = judge.target.issuer_url();
    let issuer = issuer.map_err(|error| Finding::skipped(error.to_string()))?;
    Ok(discovery_url(&issuer))
}

/// What is at the place of the document, whatever it is, if the target is an OpenID provider at all.
async fn fetch(judge: &Judge) -> Result<Answer, Finding> {
    let answer = judge.send(&Call::get(&place_of(judge)?)).await?;
    if answer.status == 404 && !flow::is_provider(judge) {
        return Err(Finding::skipped("the target is no OpenID provider"));
    }
    Ok(answer)
}

/// The document, or the reason to skip.
async fn document(judge: &Judge) -> Result<Metadata, Finding> {
    let answer = fetch(judge).await?;
    Metadata::read(answer)
        .ok_or_else(|| Finding::skipped("there is no document (OIDC-Discovery-08)"))
}

async fn required_members(judge: &Judge) -> Verdict {
    let document = document(judge).await?;
    let demand = |holds: bool, member: &str, what: &str| {
        let saw = document.members().get(member);
        let saw = saw.map_or_else(|| "none".to_owned(), Value::to_string);
        document
            .answer
            .demand_or(holds, format!("{member}, {what}"), saw)
    };
    demand(document.text("issuer").is_some(), "issuer", "a string")?;
    for member in ["authorization_endpoint", "jwks_uri"] {
        demand(document.url(member).is_some(), member, "a URL")?;
    }
    for member in [
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
    ] {
        let filled = document.list(member).is_some_and(|list| !list.is_empty());
        demand(filled, member, "a list that is not empty")?;
    }
    let types = document.list("subject_types_supported").unwrap_or_default();
    let known = types
        .iter()
        .all(|kind| ["public", "pairwise"].contains(kind));
    demand(known, "subject_types_supported", "of public and pairwise")?;
    // All response types but id_token and id_token token have something to do there.
    let responses = document
        .list("response_types_supported")
        .unwrap_or_default();
    let redeems = responses
        .iter()
        .any(|one| one.split(' ').any(|word| word == "code"));
    let holds = !redeems || document.url("token_endpoint").is_some();
    demand(holds, "token_endpoint", "a URL")
}

async fn rs256_is_listed(judge: &Judge) -> Verdict {
    let document = document(judge).await?;
    let member = "id_token_signing_alg_values_supported";
    let saw = document.list(member).unwrap_or_default().join(", ");
    let holds = document.lists(member, "RS256");
    document
        .answer
        .demand_or(holds, format!("RS256 in {member}"), saw)
}

async fn none_is_not_listed(judge: &Judge) -> Verdict {
    let document = document(judge).await?;
    let member = "token_endpoint_auth_signing_alg_values_supported";
    let Some(listed) = document.list(member) else {
        return Err(Finding::skipped(format!(
            "the target does not publish {member}"
        )));
    };
    let holds = !listed.contains(&"none");
    document
        .answer
        .demand_or(holds, format!("{member} without none"), "none in it")
}

async fn openid_is_listed(judge: &Judge) -> Verdict {
    let document = document(judge).await?;
    let Some(listed) = document.list("scopes_supported") else {
        return Err(Finding::skipped(
            "the target does not publish scopes_supported",
        ));
    };
    let holds = listed.contains(&"openid");
    document
        .answer
        .demand_or(holds, "openid in scopes_supported", listed.join(", "))
}

async fn keys(judge: &Judge) -> Verdict {
    document(judge).await?;
    let (answer, _) = jwt::keys(judge).await?;
    let set = answer.json()?;
    let keys = set.get("keys").and_then(Value::as_array);
    let keys = keys.map(Vec::as_slice).unwrap_or_default();
    answer.demand_or(!keys.is_empty(), "at least one key", "none")?;
    // RFC 7518 §6: the private members of each kind of key, and `k` of a secret one.
    let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    if let Some(member) = private
        .iter()
        .find(|one| keys.iter().any(|key| key.get(**one).is_some()))
    {
        // The evidence must not print the key.
        let saw = format!("a key with the member {member}");
        return Err(Finding::failed("public keys only", saw));
    }
    can_be_told_apart(answer, keys)
}

/// OpenID Connect Discovery §3: with signing and encryption keys in one set, each has a `use`; Core §10.1: with several
/// keys, tokens name theirs by `kid`.
fn can_be_told_apart(answer: &Answer, keys: &[Value]) -> Verdict {
    let texts = |member: &str| -> Vec<_> {
        keys.iter()
            .filter_map(|key| key.get(member)?.as_str())
            .collect()
    };
    let uses = texts("use");
    let mixed = uses.contains(&"enc") && (uses.contains(&"sig") || uses.len() < keys.len());
    let holds = !mixed || uses.len() == keys.len();
    answer.demand_or(
        holds,
        "a use in each key, since some are to encrypt",
        "a key without",
    )?;
    let mut kids = texts("kid");
    let named = keys.len() == 1 || kids.len() == keys.len();
    answer.demand_or(named, "a kid in each of several keys", "a key without")?;
    kids.sort_unstable();
    let twice = kids.windows(2).find(|pair| pair[0] == pair[1]);
    let saw = twice.map_or("", |pair| pair[0]);
    answer.demand_or(twice.is_none(), "no kid that stands twice", saw)
}

async fn recommended_members(judge: &Judge) -> Verdict {
    let document = document(judge).await?;
    for member in [
        "userinfo_endpoint",
        "claims_supported",
        "grant_types_supported",
    ] {
        let holds = document.members().contains_key(member);
        document.answer.demand_or(holds, member, "none")?;
    }
    Ok(())
}

async fn place(judge: &Judge) -> Verdict {
    let answer = fetch(judge).await?;
    let holds = answer.is_success() && answer.object().is_some();
    answer.demand(
        holds,
        "a JSON document at the place of OpenID Connect Discovery",
    )
}

async fn status_and_form(judge: &Judge) -> Verdict {
    let document = document(judge).await?;
    let answer = &document.answer;
    answer.demand(answer.status == 200, "HTTP 200")?;
    answer.demand(answer.is_json(), "Content-Type: application/json")?;
    let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    let empty = document.members().iter().find(|(_, value)| is_empty(value));
    let saw = empty.map_or("", |(member, _)| member);
    answer.demand_or(empty.is_none(), "no empty list", saw)
}

async fn same_issuer(judge: &Judge) -> Verdict {
    let document = document(judge).await?;
    let issuer = document.text("issuer").unwrap_or_default();
    let expected = judge.target.issuer();
    let wanted = format!("the issuer '{expected}'");
    document
        .answer
        .demand_or(issuer == expected, wanted, issuer)?;
    // Without somebody to sign in the document alone is compared.
    if flow::openid_client(judge, Role::Web).is_err() {
        return Ok(());
    }
    let tokens = flow::sign_in(judge, Role::Web, &[]).await?;
    let iss = tokens.id_token.claim("iss").unwrap_or_default();
    let wanted = format!("the issuer '{expected}' in the ID token");
    tokens.answer.demand_or(iss == expected, wanted, iss)
}

async fn endpoints_are_https(judge: &Judge) -> Verdict {
    judge.expects_tls()?;
    let document = document(judge).await?;
    for (member, url) in document.urls() {
        let holds = url.starts_with("https://");
        document
            .answer
            .demand_or(holds, format!("{member} is an https URL"), url)?;
    }
    Ok(())
}

async fn open_to_scripts(judge: &Judge) -> Verdict {
    document(judge).await?;
    for url in [place_of(judge)?, judge.url(Endpoint::Jwks)?] {
        let answer = judge
            .send(&Call::get(&url).header(ORIGIN, flow::ORIGIN))
            .await?;
        let allowed = answer.header(&ACCESS_CONTROL_ALLOW_ORIGIN);
        let holds = allowed == "*" || allowed == flow::ORIGIN;
        answer.demand_or(holds, "Access-Control-Allow-Origin for any origin", allowed)?;
        let holds = !answer.header_has(&CACHE_CONTROL, "no-store");
        answer.demand_or(holds, "Cache-Control without no-store", "no-store")?;
    }
    Ok(())
}
