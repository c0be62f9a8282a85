//! Metadata cannot lie: what is advertised works, and what works is advertised.

use serde_json::Value;
use url::Url;

use crate::check::checks;
use crate::client::{AuthMethod, Client};
use crate::finding::{Finding, Verdict};
use crate::http::Call;
use crate::judge::{Endpoint, Judge};
use crate::role::Role;

mod authorization;

checks! {
    "META-01" "RFC 8414 2" Must [Metadata]
        "Every endpoint that is advertised is there" => endpoints_answer;
    "META-02" "RFC 7517 5" Must [Metadata, JwtAccessToken]
        "The key set at jwks_uri holds public keys only, each with a kid of its own" => public_keys;
    "META-03" "RFC 8414 2" Must [Metadata, ClientCredentials]
        "client_secret_basic works at the token endpoint if it is advertised there" => token_basic;
    "META-04" "RFC 8414 2" Must [Metadata, ClientCredentials]
        "client_secret_post works at the token endpoint if it is advertised there" => token_post;
    "META-05" "RFC 8414 2" Must [Metadata, ClientCredentials]
        "A way of authenticating that is not advertised is not accepted" => unadvertised_method;
    "META-06" "RFC 8414 2" Must [Metadata, ClientCredentials]
        "Every grant type that is advertised is known to the token endpoint" => advertised_grants;
    "META-07" "RFC 8414 2" Must [Metadata, ClientCredentials]
        "Every grant type that is known to the token endpoint is advertised" => unadvertised_grants;
    "META-08" "RFC 8414 2" Must [Metadata, Introspection]
        "The ways of authenticating that introspection advertises work there"
        => introspection_methods;
    "META-09" "RFC 8414 2" Must [Metadata, Revocation]
        "The ways of authenticating that revocation advertises work there" => revocation_methods;
    "META-10" "RFC 8414 2" Must [Metadata]
        "The members of the metadata are of their types" => member_types;
    "META-11" "RFC 8414 2" Must [Metadata, Oauth2]
        "The response types that are advertised work, and no others" => authorization::response_types;
    "META-12" "RFC 8414 2" Must [Metadata, Oauth2]
        "The response modes that are advertised work" => authorization::response_modes;
    "META-13" "RFC 8414 2" Must [Metadata, Pkce]
        "The challenge methods that are advertised work, and no others"
        => authorization::challenge_methods;
    "META-14" "RFC 7591 2.1" Should [Metadata, Oauth2]
        "The grant types and the response types that are advertised fit together"
        => authorization::grants_fit;
    "META-15" "OpenID Connect Prompt Create 1.0" Must [Metadata, OidcConfig]
        "The values of prompt that are advertised work" => authorization::prompts;
}

const TOKEN_METHODS: &str = "token_endpoint_auth_methods_supported";

async fn endpoints_answer(judge: &Judge) -> Verdict {
    for (member, url) in judge.metadata()?.urls() {
        let Ok(url) = Url::parse(url) else {
            let expected = format!("{member} is an absolute URL");
            return Err(judge.metadata()?.answer.fails(expected, url));
        };
        let mut answer = judge.send(&Call::get(&url)).await?;
        if matches!(answer.status, 404 | 405) {
            answer = judge.send(&Call::post(&url).form(&[])).await?;
        }
        let holds = answer.status < 500 && !matches!(answer.status, 404 | 405 | 410);
        answer.demand(holds, format!("something that answers at {member}"))?;
    }
    Ok(())
}

async fn public_keys(judge: &Judge) -> Verdict {
    let answer = judge.jwks().await?;
    answer.demand(answer.status == 200, "HTTP 200")?;
    let set = answer.json()?;
    let keys = set.get("keys").and_then(Value::as_array);
    let Some(keys) = keys.filter(|keys| !keys.is_empty()) else {
        return Err(answer.fails("keys, a list that is not empty", "none"));
    };
    let mut kids = Vec::new();
    for key in keys {
        // RFC 7518 §6: the private members of each kind of key, and `k` of a secret one.
        for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"] {
            if key.get(member).is_some() {
                // The evidence must not print the key.
                let expected = "public keys only";
                return Err(Finding::failed(
                    expected,
                    format!("a key with the member {member}"),
                ));
            }
        }
        let kid = key.get("kid").and_then(Value::as_str).unwrap_or_default();
        answer.demand_or(
            !kid.is_empty() && !kids.contains(&kid),
            "a kid that no other key has",
            kid,
        )?;
        kids.push(kid);
    }
    Ok(())
}

/// A client among these that may use the method.
fn client_for<'a>(judge: &'a Judge, roles: &[Role], method: AuthMethod) -> Option<&'a Client> {
    let clients = roles.iter().filter_map(|role| judge.target.client(*role));
    clients
        .filter(|client| client.auth_method != AuthMethod::None)
        .find(|client| client.may_use(method))
}

/// Ways of sending a secret.
const METHODS: [(&str, AuthMethod); 2] = [
    ("client_secret_basic", AuthMethod::ClientSecretBasic),
    ("client_secret_post", AuthMethod::ClientSecretPost),
];

/// The way of proving to have a key (OpenID Connect Core §9).
const BY_KEY: (&str, AuthMethod) = ("private_key_jwt", AuthMethod::PrivateKeyJwt);

/// RFC 8414 §2: without a list, the token and revocation endpoints take `client_secret_basic`.
fn advertised(judge: &Judge, member: &str, method: &str) -> Result<bool, Finding> {
    let list = judge.metadata()?.list(member);
    Ok(list.map_or(method == "client_secret_basic", |list| {
        list.contains(&method)
    }))
}

async fn token_basic(judge: &Judge) -> Verdict {
    token_method(judge, METHODS[0], Role::BasicOnly).await
}

async fn token_post(judge: &Judge) -> Verdict {
    token_method(judge, METHODS[1], Role::PostOnly).await
}

async fn token_method(judge: &Judge, (name, method): (&str, AuthMethod), role: Role) -> Verdict {
    if !advertised(judge, TOKEN_METHODS, name)? {
        return Err(Finding::skipped(format!(
            "the target does not advertise {name}"
        )));
    }
    let client = client_for(judge, &[role, Role::Primary], method)
        .ok_or_else(|| Finding::skipped(format!("no client of the target may use {name}")))?;
    judge.issue(&client.via(method), &[]).await.map(|_| ())
}

async fn unadvertised_method(judge: &Judge) -> Verdict {
    let mut tried = false;
    for (name, method) in METHODS {
        if advertised(judge, TOKEN_METHODS, name)? {
            continue;
        }
        tried = true;
        let answer = judge
            .token(&judge.client(Role::Primary)?.via(method), &[])
            .await?;
        answer.gives_nothing(&format!("{name}, which is not advertised"))?;
    }
    if tried {
        Ok(())
    } else {
        Err(Finding::skipped(
            "client_secret_basic and _post are advertised",
        ))
    }
}

/// RFC 8414 §2: the grants where the list is left out.
fn grants(judge: &Judge) -> Result<Vec<&str>, Finding> {
    let list = judge.metadata()?.list("grant_types_supported");
    Ok(list.unwrap_or_else(|| vec!["authorization_code", "implicit"]))
}

async fn advertised_grants(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    // Implicit tokens do not come from the token endpoint.
    for grant in grants(judge)?
        .into_iter()
        .filter(|grant| *grant != "implicit")
    {
        let answer = judge
            .ask(Endpoint::Token, client, &[("grant_type", grant)])
            .await?;
        let known =
            answer.status < 500 && answer.error().as_deref() != Some("unsupported_grant_type");
        answer.demand(known, format!("{grant}, which is advertised, is supported"))?;
    }
    Ok(())
}

async fn unadvertised_grants(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let advertised = grants(judge)?;
    let common = [
        "client_credentials",
        "authorization_code",
        "refresh_token",
        "password",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "urn:openid:params:grant-type:ciba",
    ];
    for grant in common
        .into_iter()
        .filter(|grant| !advertised.contains(grant))
    {
        let answer = judge
            .ask(Endpoint::Token, client, &[("grant_type", grant)])
            .await?;
        let errors = ["unsupported_grant_type", "unauthorized_client"];
        answer.refused(
            &[400],
            &errors,
            &format!("{grant}, which is not advertised"),
        )?;
    }
    Ok(())
}

async fn introspection_methods(judge: &Judge) -> Verdict {
    let member = "introspection_endpoint_auth_methods_supported";
    methods_work(judge, Endpoint::Introspection, member, Role::ResourceServer).await
}

async fn revocation_methods(judge: &Judge) -> Verdict {
    let member = "revocation_endpoint_auth_methods_supported";
    methods_work(judge, Endpoint::Revocation, member, Role::Primary).await
}

async fn methods_work(judge: &Judge, endpoint: Endpoint, member: &str, role: Role) -> Verdict {
    let Some(listed) = judge.metadata()?.list(member) else {
        return Err(Finding::skipped(format!(
            "the target does not publish {member}"
        )));
    };
    let mut left_out = Vec::new();
    let roles = [role, Role::PostOnly, Role::BasicOnly, Role::PrivateKey];
    for (name, method) in METHODS
        .into_iter()
        .chain([BY_KEY])
        .filter(|(name, _)| listed.contains(name))
    {
        let Some(client) = client_for(judge, &roles, method) else {
            left_out.push(name);
            continue;
        };
        let form = [("token", "no-such-token-4711")];
        let answer = judge.ask(endpoint, &client.via(method), &form).await?;
        answer.demand(
            answer.status == 200,
            format!("{name}, which is advertised, works"),
        )?;
    }
    if left_out.is_empty() {
        return Ok(());
    }
    Err(Finding::skipped(format!(
        "no client of the target may use {}",
        left_out.join(", ")
    )))
}

async fn member_types(judge: &Judge) -> Verdict {
    let metadata = judge.metadata()?;
    for (member, value) in metadata.members() {
        let (holds, expected) =
            if member == "issuer" || member.ends_with("_endpoint") || member.ends_with("_uri") {
                (value.is_string(), "a string")
            } else if member.ends_with("_supported") && !value.is_boolean() {
                let strings = value
                    .as_array()
                    .is_some_and(|list| list.iter().all(Value::is_string));
                (strings, "an array of strings, or a boolean")
            } else {
                (true, "")
            };
        metadata
            .answer
            .demand_or(holds, format!("{member}: {expected}"), value.to_string())?;
    }
    Ok(())
}
