//! RFC 6749 §2.3 and §3.2.1: who may ask.

use super::codes;
use crate::client::AuthMethod;
use crate::finding::{Finding, Verdict, together};
use crate::http::{Call, encode};
use crate::judge::{Endpoint, Judge, WRONG_SECRET};
use crate::plain::refuses_plain_http;
use crate::role::Role;

const GRANT: (&str, &str) = ("grant_type", "client_credentials");
const NOT_AUTHENTICATED: [u16; 2] = [401, 400];

pub(super) async fn client_id_alone(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?.via(AuthMethod::None);
    let answer = judge.token(&client, &[]).await?;
    answer.refused(
        &NOT_AUTHENTICATED,
        &["invalid_client"],
        "client_id and no secret",
    )
}

pub(super) async fn no_credentials(judge: &Judge) -> Verdict {
    together([
        without_any(judge).await,
        codes::needs_authentication(judge).await,
    ])
}

async fn without_any(judge: &Judge) -> Verdict {
    judge.client(Role::Primary)?;
    let call = Call::post(&judge.url(Endpoint::Token)?).form(&[GRANT]);
    let answer = judge.send(&call).await?;
    answer.refused(
        &NOT_AUTHENTICATED,
        &["invalid_client"],
        "no credentials at all",
    )
}

pub(super) async fn two_methods(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let in_body = judge.call(
        Endpoint::Token,
        &client.via(AuthMethod::ClientSecretPost),
        &[GRANT],
    )?;
    let answer = judge.send(&in_body.basic(&client.basic_pair())).await?;
    let errors = ["invalid_request", "invalid_client"];
    answer.refused(
        &[400, 401],
        &errors,
        "Basic, and the secret in the body, both right",
    )
}

pub(super) async fn basic(judge: &Judge) -> Verdict {
    let basic = AuthMethod::ClientSecretBasic;
    let client = [Role::BasicOnly, Role::Primary]
        .into_iter()
        .filter_map(|role| judge.target.client(role))
        .find(|client| client.may_use(basic))
        .ok_or_else(|| Finding::skipped("no client of the target may use client_secret_basic"))?;
    // RFC 9110 §11.1: the name of the scheme is not case-sensitive; the judge's own spelling is `Basic`.
    judge.issue(&client.via(basic), &[]).await.map(|_| ())
}

pub(super) async fn basic_is_form_decoded(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Special)?;
    judge
        .issue(&client.via(AuthMethod::ClientSecretBasic), &[])
        .await?;
    let (id, secret) = (client.client_id(), client.secret().unwrap_or_default());
    let (encoded_id, encoded_secret) = client
        .basic_pair()
        .split_once(':')
        .map(|(id, secret)| (id.to_owned(), secret.to_owned()))
        .unwrap_or_default();
    if encoded_secret == secret {
        return Err(Finding::skipped(
            "the secret of [clients.special] needs no encoding",
        ));
    }
    let raw = [format!("{encoded_id}:{secret}"), format!("{id}:{secret}")];
    for pair in raw
        .iter()
        .filter(|pair| **pair != format!("{encoded_id}:{encoded_secret}"))
    {
        let answer = judge
            .send(
                &Call::post(&judge.url(Endpoint::Token)?)
                    .form(&[GRANT])
                    .basic(pair),
            )
            .await?;
        answer.refused(
            &[401],
            &["invalid_client"],
            "Basic with a secret that is not form-encoded",
        )?;
    }
    Ok(())
}

pub(super) async fn secret_in_uri(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let credentials = [
        ("client_id", client.client_id()),
        ("client_secret", client.secret().unwrap_or_default()),
    ];
    let call = Call::post(&judge.url(Endpoint::Token)?)
        .query(&credentials)
        .form(&[GRANT]);
    judge
        .send(&call)
        .await?
        .gives_nothing("client_id and client_secret in the request URI")
}

pub(super) async fn plain_http(judge: &Judge) -> Verdict {
    judge.expects_tls()?;
    let client = judge.client(Role::Primary)?.with_secret(WRONG_SECRET);
    refuses_plain_http(judge, Endpoint::Token, &client, &encode(&[GRANT])).await
}

pub(super) async fn verified_first(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?.with_secret(WRONG_SECRET);
    let requests: [&[(&str, &str)]; 2] = [
        &[
            ("grant_type", "authorization_code"),
            ("code", "made-up"),
            ("redirect_uri", "https://a.example/"),
        ],
        &[
            ("grant_type", "refresh_token"),
            ("refresh_token", "made-up"),
        ],
    ];
    for form in requests {
        let answer = judge.ask(Endpoint::Token, &client, form).await?;
        if answer.error().as_deref() == Some("unsupported_grant_type") {
            // Says nothing about the client or the grant.
            continue;
        }
        let when = format!("a wrong secret with {}", encode(&form[..1]));
        answer.refused(&NOT_AUTHENTICATED, &["invalid_client"], &when)?;
    }
    Ok(())
}

pub(super) async fn failed_basic(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let client = client
        .with_secret(WRONG_SECRET)
        .via(AuthMethod::ClientSecretBasic);
    let answer = judge.token(&client, &[]).await?;
    answer.refused(&[401], &["invalid_client"], "Basic with a wrong secret")?;
    answer.demand(
        answer.challenges("basic"),
        "a WWW-Authenticate header with the scheme Basic",
    )
}
