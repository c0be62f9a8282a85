//! RFC 8414: authorization server metadata.

use serde_json::Value;
use url::Url;

use crate::check::checks;
use crate::finding::{Finding, Verdict};
use crate::http::{Answer, Call};
use crate::judge::Judge;
use crate::metadata::well_known_url;

checks! {
    "RFC8414-01" "2" Must [Metadata]
        "The issuer is an https URL without query and fragment" => issuer_is_https;
    "RFC8414-02" "2" Must [Metadata]
        "The metadata names the endpoints and response types that its grants need"
        => required_members;
    "RFC8414-03" "2" Must [Metadata]
        "The URLs of endpoints and keys are https" => endpoints_are_https;
    "RFC8414-04" "2" Must [Metadata]
        "Where clients may authenticate by JWT, the algorithms are listed, without none"
        => signing_algorithms;
    "RFC8414-05" "2" Should [Metadata]
        "A server with an authorization endpoint tells that it supports PKCE with S256" => pkce;
    "RFC8414-06" "3" Must [Metadata]
        "For an issuer with a path, the well-known part goes between host and path"
        => path_insertion;
    "RFC8414-07" "3.2" Must [Metadata]
        "The metadata comes with 200 as application/json" => status_and_type;
    "RFC8414-08" "3.2" Must [Metadata]
        "Lists without elements are left out" => no_empty_lists;
    "RFC8414-09" "3.3" Must [Metadata]
        "The issuer in the metadata is the one that the URL was made from, byte for byte"
        => same_issuer;
    "RFC8414-10" "3.2" Should [Metadata]
        "A well-known URL for an issuer that does not exist gets an HTTP error" => bogus_issuer;
}

/// The document at the place where RFC 8414 puts it.
async fn document(judge: &Judge) -> Result<Answer, Finding> {
    judge.publishes_metadata()?;
    judge.send(&Call::get(judge.metadata_url())).await
}

async fn issuer_is_https(judge: &Judge) -> Verdict {
    judge.expects_tls()?;
    let answer = document(judge).await?;
    let issuer = answer.text("issuer").unwrap_or_default();
    let url = Url::parse(&issuer).ok();
    let holds = url.is_some_and(|url| {
        url.scheme() == "https" && url.query().is_none() && url.fragment().is_none()
    });
    answer.demand_or(holds, "an https URL without query and fragment", issuer)
}

async fn required_members(judge: &Judge) -> Verdict {
    let answer = document(judge).await?;
    let metadata = answer.json()?;
    let strings = |member: &str| -> Option<Vec<&str>> {
        Some(
            metadata
                .get(member)?
                .as_array()?
                .iter()
                .filter_map(Value::as_str)
                .collect(),
        )
    };
    // RFC 8414 §2: the default where the list is left out.
    let grants =
        strings("grant_types_supported").unwrap_or_else(|| vec!["authorization_code", "implicit"]);
    let authorizes = grants
        .iter()
        .any(|grant| matches!(*grant, "authorization_code" | "implicit"));
    let only_implicit = grants.iter().all(|grant| *grant == "implicit");
    let needed = [
        ("issuer", true),
        ("token_endpoint", !only_implicit),
        ("authorization_endpoint", authorizes),
        ("response_types_supported", authorizes),
    ];
    for (member, needed) in needed {
        let holds = !needed || metadata.contains_key(member);
        let expected = format!("{member}, with the grants {}", grants.join(", "));
        answer.demand_or(holds, expected, "none")?;
    }
    Ok(())
}

async fn endpoints_are_https(judge: &Judge) -> Verdict {
    judge.expects_tls()?;
    document(judge).await?;
    let metadata = judge.metadata()?;
    for (member, url) in metadata.urls() {
        let holds = url.starts_with("https://");
        metadata
            .answer
            .demand_or(holds, format!("{member} is an https URL"), url)?;
    }
    Ok(())
}

async fn signing_algorithms(judge: &Judge) -> Verdict {
    document(judge).await?;
    let metadata = judge.metadata()?;
    let mut offered = false;
    for endpoint in ["token", "revocation", "introspection"] {
        let methods = format!("{endpoint}_endpoint_auth_methods_supported");
        let algorithms = format!("{endpoint}_endpoint_auth_signing_alg_values_supported");
        let by_jwt = metadata.lists(&methods, "private_key_jwt")
            || metadata.lists(&methods, "client_secret_jwt");
        let listed = metadata.list(&algorithms);
        if by_jwt {
            offered = true;
            let some = listed.as_ref().is_some_and(|list| !list.is_empty());
            let expected = format!("{algorithms}, a list that is not empty");
            metadata.answer.demand_or(some, expected, "none")?;
        }
        let none = listed.is_some_and(|algorithms| algorithms.contains(&"none"));
        metadata
            .answer
            .demand_or(!none, format!("{algorithms} without none"), "none in it")?;
    }
    if offered {
        Ok(())
    } else {
        Err(Finding::skipped("no endpoint takes JWTs from clients"))
    }
}

async fn pkce(judge: &Judge) -> Verdict {
    document(judge).await?;
    let metadata = judge.metadata()?;
    if metadata.text("authorization_endpoint").is_none() {
        return Err(Finding::skipped("the target has no authorization_endpoint"));
    }
    let holds = metadata.lists("code_challenge_methods_supported", "S256");
    metadata.answer.demand_or(
        holds,
        "S256 in code_challenge_methods_supported",
        "not there",
    )
}

async fn path_insertion(judge: &Judge) -> Verdict {
    let issuer = judge
        .target
        .issuer_url()
        .map_err(|error| Finding::skipped(error.to_string()))?;
    if matches!(issuer.path(), "" | "/") {
        return Err(Finding::skipped("the issuer has no path"));
    }
    let answer = judge.send(&Call::get(&well_known_url(&issuer))).await?;
    let holds =
        answer.status == 200 && answer.text("issuer").as_deref() == Some(judge.target.issuer());
    answer.demand(holds, "the metadata of this issuer")
}

async fn status_and_type(judge: &Judge) -> Verdict {
    let answer = document(judge).await?;
    answer.demand(answer.status == 200, "HTTP 200")?;
    answer.demand(answer.is_json(), "Content-Type: application/json")?;
    answer.json().map(|_| ())
}

async fn no_empty_lists(judge: &Judge) -> Verdict {
    let answer = document(judge).await?;
    let metadata = answer.json()?;
    let empty = metadata
        .iter()
        .find(|(_, value)| value.as_array().is_some_and(Vec::is_empty));
    let saw = empty.map_or("", |(member, _)| member);
    answer.demand_or(empty.is_none(), "no empty list", saw)
}

async fn same_issuer(judge: &Judge) -> Verdict {
    let answer = document(judge).await?;
    let issuer = answer.text("issuer").unwrap_or_default();
    let expected = judge.target.issuer();
    answer.demand_or(
        issuer == expected,
        format!("the issuer '{expected}'"),
        issuer,
    )
}

async fn bogus_issuer(judge: &Judge) -> Verdict {
    judge.publishes_metadata()?;
    let mut url = judge.metadata_url().clone();
    url.set_path(&format!(
        "{}/no-such-issuer-4711",
        url.path().trim_end_matches('/')
    ));
    let answer = judge.send(&Call::get(&url)).await?;
    answer.demand(
        answer.is_client_error(),
        "an issuer that does not exist: 404",
    )
}
