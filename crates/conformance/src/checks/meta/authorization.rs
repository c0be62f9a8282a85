//! What the metadata says of the authorization endpoint.

use crate::client::{Client, sorted_words};
use crate::finding::{Finding, Verdict};
use crate::judge::{Endpoint, Judge};
use crate::metadata::Metadata;
use crate::random::fresh;
use crate::response::Mode;
use crate::role::Role;

/// The response types that servers have (OAuth 2.0 Multiple Response Types §3 and §5).
const TYPES: [&str; 7] = [
    "code",
    "token",
    "id_token",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
];

/// The metadata of a target that has an authorization endpoint, or the reason to skip.
fn metadata(judge: &Judge) -> Result<&Metadata, Finding> {
    judge.url(Endpoint::Authorization)?;
    judge.metadata()
}

/// A client that may ask for the response type.
fn client_for<'a>(judge: &'a Judge, response_type: &str) -> Option<&'a Client> {
    let roles = [Role::Web, Role::Hybrid, Role::Implicit];
    let mut clients = roles
        .into_iter()
        .filter_map(|role| judge.authorized_client(role).ok());
    clients.find(|client| client.has_response_type(response_type))
}

pub(super) async fn response_types(judge: &Judge) -> Verdict {
    let listed = metadata(judge)?.list("response_types_supported");
    let Some(listed) = listed else {
        let why = "the target does not publish response_types_supported";
        return Err(Finding::skipped(why));
    };
    let web = judge.authorized_client(Role::Web)?;
    for response_type in TYPES {
        let advertised = listed
            .iter()
            .any(|one| sorted_words(one) == sorted_words(response_type));
        let able = client_for(judge, response_type);
        let request = Judge::openid_request(able.unwrap_or(web)).of_type(response_type);
        let response = judge.browser().allow(&request).await?.response;
        let unsupported = response.error() == Some("unsupported_response_type");
        if !advertised {
            let expected = format!("{response_type}, which is not advertised, gives nothing");
            response.demand(!response.gives_anything(), expected)?;
        } else if able.is_some() {
            let expected = format!("{response_type}, which is advertised, works");
            response.demand(response.gives_anything(), expected)?;
        } else {
            let expected = format!("{response_type}, which is advertised, is known");
            response.demand(!unsupported, expected)?;
        }
    }
    Ok(())
}

pub(super) async fn response_modes(judge: &Judge) -> Verdict {
    let listed = metadata(judge)?.list("response_modes_supported");
    // RFC 8414 §2: the default where the list is left out.
    let listed = listed.unwrap_or_else(|| vec!["query", "fragment"]);
    let client = judge.code_client(Role::Web)?;
    let modes = [
        ("query", Mode::Query),
        ("fragment", Mode::Fragment),
        ("form_post", Mode::FormPost),
    ];
    for (name, mode) in modes.into_iter().filter(|(name, _)| listed.contains(name)) {
        let request = Judge::request(client).with("response_mode", name);
        let response = judge.browser().code(&request).await?.response;
        let expected = format!("an answer by {name}, which is advertised");
        response.demand(response.mode == mode, expected)?;
    }
    Ok(())
}

pub(super) async fn challenge_methods(judge: &Judge) -> Verdict {
    let listed = metadata(judge)?.list("code_challenge_methods_supported");
    let listed = listed.unwrap_or_default();
    let client = judge.code_client(Role::Web)?;
    for method in ["S256", "plain"] {
        let mut request = Judge::request(client).with_verifier(&fresh());
        if method == "plain" {
            let verifier = request.verifier.clone().unwrap_or_default();
            request = request.with_all(&[
                ("code_challenge", &verifier),
                ("code_challenge_method", "plain"),
            ]);
        }
        if listed.contains(&method) {
            judge.sign_in(client, &request).await?;
        } else if !listed.is_empty() {
            let response = judge.browser().allow(&request).await?.response;
            let expected = format!("{method}, which is not advertised, is refused");
            response.demand(!response.gives_anything(), expected)?;
        }
    }
    if listed.is_empty() {
        let why = "the target does not publish code_challenge_methods_supported";
        return Err(Finding::skipped(why));
    }
    Ok(())
}

pub(super) async fn grants_fit(judge: &Judge) -> Verdict {
    let metadata = metadata(judge)?;
    let Some(types) = metadata.list("response_types_supported") else {
        let why = "the target does not publish response_types_supported";
        return Err(Finding::skipped(why));
    };
    // RFC 8414 §2: the default where the list is left out.
    let grants = metadata.list("grant_types_supported");
    let grants = grants.unwrap_or_else(|| vec!["authorization_code", "implicit"]);
    // RFC 7591 §2.1: which grant type belongs to which word.
    let belongs = [
        ("authorization_code", &["code"][..]),
        ("implicit", &["token", "id_token"]),
    ];
    for (grant, needed_by) in belongs {
        let mut used = types.iter().flat_map(|one| one.split(' '));
        let used = used.any(|word| needed_by.contains(&word));
        let expected = if used {
            format!("{grant} in grant_types_supported, as the response types need it")
        } else {
            format!("no {grant} in grant_types_supported, as no response type needs it")
        };
        let saw = grants.join(", ");
        metadata
            .answer
            .demand_or(used == grants.contains(&grant), expected, saw)?;
    }
    Ok(())
}

pub(super) async fn prompts(judge: &Judge) -> Verdict {
    let metadata = metadata(judge)?;
    let Some(listed) = metadata.list("prompt_values_supported") else {
        let why = "the target does not publish prompt_values_supported";
        return Err(Finding::skipped(why));
    };
    let client = judge.code_client(Role::Web)?;
    let mut browser = judge.browser();
    browser.code(&Judge::openid_request(client)).await?;
    for prompt in ["none", "login", "consent", "select_account"] {
        let request = Judge::openid_request(client).with("prompt", prompt);
        if listed.contains(&prompt) {
            browser.code(&request).await?;
        }
    }
    Ok(())
}
