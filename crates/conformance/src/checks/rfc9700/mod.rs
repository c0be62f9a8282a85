//! RFC 9700: best current practice.

use crate::check::checks;
use crate::checks::rfc6750;
use crate::client::AuthMethod;
use crate::finding::{Finding, Verdict};
use crate::http::{Answer, Call};
use crate::judge::{Endpoint, Judge, bearer, header};
use crate::jwt::Jwt;
use crate::metadata::{discovery_url, well_known_url};
use crate::role::Role;

mod code_flow;
mod pages;
mod redirects;
mod refresh;

checks! {
    "RFC9700-01" "2.1" Must [Bcp, Oauth2]
        "Redirect URIs match exactly, but for the port of a loopback address"
        => redirects::exact_but_for_loopback_ports;
    "RFC9700-02" "2.1" Must [Bcp, Oauth2]
        "The pages and the logout send nobody to an address that a request names"
        => redirects::never_an_open_redirector;
    "RFC9700-03" "2.1" Should [Bcp]
        "Answers of the authorization endpoint tell who answers, against mix-up"
        => code_flow::issuer_in_answers;
    "RFC9700-04" "2.6" Must [Bcp, Oauth2]
        "Plain http is a redirect URI on loopback only" => redirects::http_is_for_loopback;
    "RFC9700-05" "2.1.1" Must [Bcp, Pkce]
        "PKCE works, and a public client cannot leave it out" => code_flow::pkce_of_public_clients;
    "RFC9700-06" "2.1.1" Must [Bcp, Pkce]
        "Who sends a challenge has to send the verifier, also where PKCE is optional"
        => code_flow::challenge_is_enforced;
    "RFC9700-07" "2.1.1" Must [Bcp, Pkce]
        "A verifier for a code that was asked for without a challenge is refused"
        => code_flow::no_downgrade;
    "RFC9700-08" "2.1.1" Must [Bcp, Pkce]
        "The metadata tells that PKCE is supported" => code_flow::pkce_can_be_detected;
    "RFC9700-10" "2.1.2" Should [Bcp]
        "No access token comes from the authorization endpoint"
        => code_flow::no_token_from_authorization;
    "RFC9700-11" "2.2.1" Should [Bcp]
        "Tokens can be bound to a key of the client, by DPoP or mutual TLS" => sender_constrained;
    "RFC9700-12" "2.2.2" Must [Bcp, RefreshToken]
        "The refresh tokens of a public client change with each use, and the old ones are dead"
        => refresh::public_rotates;
    "RFC9700-13" "2.3" Should [Bcp]
        "A token holds no more scope and audience than was asked for" => minimal;
    "RFC9700-14" "2.4" Must [Bcp]
        "The password grant is not offered" => no_password_grant;
    "RFC9700-15" "2.5" Should [Bcp]
        "Clients can authenticate with a key of their own" => asymmetric;
    "RFC9700-16" "2.6" Should [Bcp, Metadata]
        "The server publishes metadata" => metadata_is_published;
    "RFC9700-17" "2.6" Must [Bcp]
        "The authorization endpoint cannot be read by scripts of other origins" => pages::no_cors;
    "RFC9700-18" "4.2.4" Should [Bcp]
        "The pages leak no referrer, and load nothing from elsewhere" => pages::no_referrer;
    "RFC9700-19" "4.5.3" Must [Bcp, Pkce]
        "A code that is planted in another session of the client is refused"
        => code_flow::injected_code;
    "RFC9700-20" "4.9.3" Should [Bcp, Bearer]
        "A token for one resource is refused at another" => useless_elsewhere;
    "RFC9700-21" "4.11.2" Must [Bcp]
        "A request that is made to fail leads to the registered place, and hands nothing on"
        => redirects::errors_lead_to_trusted_places;
    "RFC9700-22" "4.12" Must [Bcp]
        "A browser is not told to send the password on" => pages::credentials_are_not_sent_on;
    "RFC9700-23" "4.13" Must [Bcp]
        "Headers that a proxy would set have no effect when a client sets them" => proxy_headers;
    "RFC9700-24" "4.14.2" Must [Bcp, RefreshToken]
        "A refresh token that was used before, and whose successor was used, gets invalid_grant"
        => refresh::replay_is_refused;
    "RFC9700-25" "4.14.2" Should [Bcp, RefreshToken]
        "After the replay of a refresh token, its newest successor and the access tokens are dead"
        => refresh::replay_ends_the_grant;
    "RFC9700-26" "4.14.2" Must [Bcp, RefreshToken]
        "No refresh gives more scope or resources than the user granted" => refresh::never_widened;
    "RFC9700-27" "4.14.2" Should [Bcp, RefreshToken]
        "A refresh token that lies unused for long is dead" => refresh::idle;
    "RFC9700-28" "4.14.2" Should [Bcp]
        "A logout ends the refresh tokens that are not for offline use"
        => code_flow::logout_ends_refresh_tokens;
    "RFC9700-30" "4.16" Must [Bcp]
        "The pages cannot be framed, by policy and by X-Frame-Options" => pages::not_framed;
}

async fn sender_constrained(judge: &Judge) -> Verdict {
    let metadata = judge.metadata()?;
    let holds = metadata
        .list("dpop_signing_alg_values_supported")
        .is_some_and(|list| !list.is_empty())
        || metadata
            .members()
            .get("tls_client_certificate_bound_access_tokens")
            == Some(&true.into());
    metadata.answer.demand_or(
        holds,
        "DPoP or certificate-bound tokens in the metadata",
        "neither",
    )
}

async fn minimal(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let Some(scope) = client.scopes.first() else {
        return Err(Finding::skipped("[clients.primary] has no scopes"));
    };
    let mut form = vec![("scope", scope.as_str())];
    form.extend(
        client
            .resources
            .first()
            .map(|resource| ("resource", resource.as_str())),
    );
    let issued = judge.issue(client, &form).await?;
    let granted = issued.answer.text("scope").unwrap_or_else(|| scope.clone());
    issued
        .answer
        .demand_or(granted == *scope, format!("the scope '{scope}'"), granted)?;
    let Some(jwt) = Jwt::read(&issued.token) else {
        return Ok(());
    };
    let claim = jwt.claim("scope").unwrap_or(scope);
    issued.answer.demand_or(
        claim == scope,
        format!("the scope '{scope}' in the token"),
        claim,
    )?;
    let audience = jwt.audience();
    let holds = client.resources.is_empty() || audience.len() == 1;
    issued.answer.demand_or(
        holds,
        "one audience, as asked for",
        format!("aud {audience:?}"),
    )
}

async fn no_password_grant(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let form = [
        ("grant_type", "password"),
        ("username", "nobody"),
        ("password", "made-up-4711"),
    ];
    let answer = judge.ask(Endpoint::Token, client, &form).await?;
    answer.refused(&[400], &["unsupported_grant_type"], "grant_type=password")
}

async fn asymmetric(judge: &Judge) -> Verdict {
    let metadata = judge.metadata()?;
    let holds = [
        "private_key_jwt",
        "tls_client_auth",
        "self_signed_tls_client_auth",
    ]
    .iter()
    .any(|method| metadata.lists("token_endpoint_auth_methods_supported", method));
    let expected = "private_key_jwt or mutual TLS in token_endpoint_auth_methods_supported";
    metadata.answer.demand_or(holds, expected, "neither")
}

async fn metadata_is_published(judge: &Judge) -> Verdict {
    let issuer = judge
        .target
        .issuer_url()
        .map_err(|error| Finding::skipped(error.to_string()))?;
    let answer = judge.send(&Call::get(&well_known_url(&issuer))).await?;
    if answer.is_success() {
        return Ok(());
    }
    let answer = judge.send(&Call::get(&discovery_url(&issuer))).await?;
    answer.demand(
        answer.is_success(),
        "metadata at one of the two well-known places",
    )
}

async fn useless_elsewhere(judge: &Judge) -> Verdict {
    let (endpoint, _) = rfc6750::taken(judge).await?;
    let client = judge
        .client(Role::Bearer)
        .or_else(|_| judge.client(Role::Primary))?;
    let other = client
        .resources
        .iter()
        .find(|one| Some(*one) != endpoint.resource.as_ref());
    let Some((other, _)) = other.zip(endpoint.resource.as_ref()) else {
        let why = "[bearer_endpoint] has no resource, or its client has no other one";
        return Err(Finding::skipped(why));
    };
    let mut form = vec![("resource", other.as_str())];
    form.extend(endpoint.scope.as_deref().map(|scope| ("scope", scope)));
    let issued = judge.issue(client, &form).await?;
    let answer = judge
        .send(&bearer(rfc6750::ask(endpoint, &[]), &issued.token))
        .await?;
    answer.demand(answer.status == 401, format!("a token for {other}: 401"))
}

/// What a proxy could tell the server about the request.
fn spoofed(call: Call) -> Call {
    [
        ("x-forwarded-host", "spoofed.example"),
        ("x-forwarded-proto", "gopher"),
        ("x-forwarded-prefix", "/spoofed.example"),
        ("x-original-host", "spoofed.example"),
        ("forwarded", "host=spoofed.example;proto=gopher"),
    ]
    .into_iter()
    .fold(call, |call, (name, value)| call.header(header(name), value))
}

fn is_untouched(answer: &Answer, what: &str) -> Verdict {
    let text = String::from_utf8_lossy(&answer.body);
    let headers = format!("{:?}", answer.headers);
    let holds = ![text.as_ref(), headers.as_str()]
        .iter()
        .any(|text| text.contains("spoofed.example") || text.contains("gopher:"));
    answer.demand_or(
        holds,
        format!("{what} as without these headers"),
        "what they say",
    )
}

async fn proxy_headers(judge: &Judge) -> Verdict {
    let answer = judge
        .send(&spoofed(Call::get(judge.metadata_url())))
        .await?;
    is_untouched(&answer, "the metadata")?;
    let client = judge.client(Role::Primary)?;
    let form = [("grant_type", "client_credentials")];
    let answer = judge
        .send(&spoofed(judge.call(Endpoint::Token, client, &form)?))
        .await?;
    is_untouched(&answer, "the token response")?;
    if let Some(jwt) = answer.access_token().as_deref().and_then(Jwt::read) {
        let issuer = jwt.claim("iss").unwrap_or_default();
        answer.demand_or(
            issuer == judge.target.issuer(),
            "the issuer in the token",
            issuer,
        )?;
    }
    let name = client.client_id();
    let call = judge.call(Endpoint::Token, &client.via(AuthMethod::None), &form)?;
    let claims_certificate = [
        "x-client-cert",
        "x-ssl-client-cert",
        "x-forwarded-client-cert",
        "ssl-client-s-dn",
    ]
    .into_iter()
    .fold(call, |call, header_name| {
        call.header(header(header_name), &format!("CN={name}"))
    })
    .header(header("x-ssl-client-verify"), "SUCCESS");
    judge
        .send(&claims_certificate)
        .await?
        .gives_nothing("a header that claims a client certificate")
}
