//! What the OpenID Foundation's conformance suite looks at besides: it leaves PKCE out, changes the way of
//! authenticating, and warns of what the standards only advise.

use crate::authorization::Request;
use crate::check::checks;
use crate::checks::oidc::flow::{self, IdToken, userinfo};
use crate::client::{AuthMethod, Client};
use crate::finding::{Finding, Verdict, together};
use crate::http::Call;
use crate::judge::{Endpoint, Judge};
use crate::role::Role;

checks! {
    "PLUS-20" "OpenID Connect Core 3.1" Must [OidcBasic]
        "A client that may leave PKCE and the nonce out gets its tokens, by Basic and with the secret in the body"
        => bare_code_flow;
    "PLUS-21" "RFC 6749 6" Must [OidcBasic, RefreshToken]
        "A refresh token that came for a code is of no use to another client" => foreign_refresh_token;
    "PLUS-22" "OpenID Connect Core 3.1.2.1" Should [OidcBasic]
        "A class of acr_values_supported that is asked for comes back as acr" => acr;
    "PLUS-23" "RFC 6750 2.2" Should [OidcBasic]
        "Userinfo takes the token in the body of a POST" => token_in_the_body;
    "PLUS-24" "OpenID Connect Core 5.4" Should [OidcBasic, OidcImplicit]
        "The claims of a scope come in userinfo, and in the ID token only where there is no access token"
        => claims_are_where_they_belong;
}

async fn bare_code_flow(judge: &Judge) -> Verdict {
    let client = flow::openid_client(judge, Role::OptionalPkce)?;
    let mut parts = Vec::new();
    for method in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
        parts.push(if client.may_use(method) {
            bare(judge, &client.via(method)).await
        } else {
            Err(Finding::skipped(
                "[clients.optional_pkce] may use one way of authenticating only",
            ))
        });
    }
    together(parts)
}

async fn bare(judge: &Judge, client: &Client) -> Verdict {
    let request = flow::request(client, &[]).without_pkce().without("nonce");
    let code = judge.browser().code(&request).await?;
    let tokens = flow::redeem(judge, client, &code).await?;
    let answer = userinfo(judge, &tokens.access_token).await?;
    answer.demand(answer.status == 200, "userinfo for the access token")
}

async fn foreign_refresh_token(judge: &Judge) -> Verdict {
    let other = flow::openid_client(judge, Role::Second)?;
    let tokens = flow::with_offline_access(judge).await?;
    let when = "the refresh token of another client";
    judge
        .is_refused(other, &tokens.refresh_token()?, when)
        .await
}

async fn acr(judge: &Judge) -> Verdict {
    let classes = judge
        .metadata()?
        .list("acr_values_supported")
        .unwrap_or_default();
    let Some(class) = classes.first() else {
        return Err(Finding::skipped(
            "the target does not publish acr_values_supported",
        ));
    };
    let tokens = flow::sign_in(judge, Role::Web, &[("acr_values", class)]).await?;
    let met = tokens.id_token.claim("acr") == Some(class);
    tokens.demand(met, "acr", &format!("'{class}', as asked"))
}

async fn token_in_the_body(judge: &Judge) -> Verdict {
    let tokens = flow::sign_in(judge, Role::Web, &[]).await?;
    let form = [("access_token", tokens.access_token.as_str())];
    let call = Call::post(&judge.url(Endpoint::Userinfo)?).form(&form);
    let answer = judge.send(&call).await?;
    let same = answer.text("sub").as_deref() == tokens.id_token.claim("sub");
    answer.demand(answer.status == 200 && same, "HTTP 200 with the user's sub")
}

async fn claims_are_where_they_belong(judge: &Judge) -> Verdict {
    together([
        not_with_a_code(judge).await,
        in_an_id_token_alone(judge).await,
    ])
}

const EMAIL: (&str, &str) = ("scope", "openid email");

async fn not_with_a_code(judge: &Judge) -> Verdict {
    let client = flow::openid_client(judge, Role::Web)?;
    flow::may_ask(client, "email")?;
    let tokens = flow::sign_in(judge, Role::Web, &[EMAIL]).await?;
    let none = tokens.id_token.value("email").is_none();
    tokens.demand(none, "email", "in userinfo, and not in the ID token")
}

async fn in_an_id_token_alone(judge: &Judge) -> Verdict {
    let (client, request): (&Client, Request) =
        flow::front_channel(judge, Role::Implicit, "id_token")?;
    flow::may_ask(client, "email")?;
    let missing = || Finding::skipped("[users.primary] has no claim email");
    let email = judge.user()?.claims.get("email").ok_or_else(missing)?;
    let (name, value) = EMAIL;
    let request = request.with(name, value);
    let response = judge.browser().allow(&request).await?.response;
    let id_token = IdToken::read(&response.answer, response.get("id_token"))?;
    let there = id_token.value("email") == Some(email);
    let expected = format!("email in an ID token that comes without an access token: {email}");
    response
        .answer
        .demand_or(there, expected, id_token.shown("email"))
}
