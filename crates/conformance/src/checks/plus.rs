//! Demands of this suite, where the standards leave room and servers have been broken or integrators stuck.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::AUTHORIZATION;

use crate::check::checks;
use crate::client::AuthMethod;
use crate::finding::{Finding, Verdict};
use crate::http::{Call, encode};
use crate::judge::{Endpoint, Judge, WRONG_SECRET};
use crate::role::Role;

checks! {
    "PLUS-01" "RFC 7662 2.2" Should [Introspection]
        "An active answer says scope, client_id, exp, iss, sub and token_type"
        => telling_introspection;
    "PLUS-02" "RFC 6749 2.3.1" Must [ClientCredentials]
        "An id and secret of any printable characters work, by Basic form-encoded, and in the body"
        => special_characters;
    "PLUS-03" "RFC 7591 2" Must [ClientCredentials]
        "A client that is registered for one way of authenticating cannot use another"
        => registered_method;
    "PLUS-04" "RFC 9110 11.1" Must [ClientCredentials]
        "The name of the Basic scheme is taken in any case" => basic_in_any_case;
    "PLUS-05" "RFC 9110 5.3" Must [ClientCredentials]
        "Several Authorization headers are refused" => several_authorizations;
    "PLUS-06" "RFC 6749 3.2" Should [ClientCredentials]
        "A form that does not claim to be one is refused" => unlabelled_form;
    "PLUS-07" "RFC 6749 2.3.1" Should [ClientCredentials]
        "A wrong secret and an unknown client get the same answer" => no_oracle;
    "PLUS-08" "RFC 6749 3.2" Must [ClientCredentials]
        "A body of 10 MB is refused, and the server goes on" => huge_body;
    "PLUS-09" "RFC 6749 4.3" Should [Password]
        "A wrong password and an unknown user get the same answer" => no_user_oracle;
}

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

async fn telling_introspection(judge: &Judge) -> Verdict {
    let (_, issued) = judge.issue_visible().await?;
    let answer = judge.introspect(&issued.token).await?;
    let body = answer.json()?;
    let missing: Vec<_> = ["scope", "client_id", "exp", "iss", "sub", "token_type"]
        .into_iter()
        .filter(|member| !body.contains_key(*member))
        .collect();
    let saw = format!("without {}", missing.join(", "));
    answer.demand_or(
        missing.is_empty(),
        "scope, client_id, exp, iss, sub and token_type",
        saw,
    )
}

async fn special_characters(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Special)?;
    for method in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
        if client.may_use(method) {
            judge.issue(&client.via(method), &[]).await?;
        }
    }
    Ok(())
}

async fn registered_method(judge: &Judge) -> Verdict {
    let mut tried = false;
    for (role, other) in [
        (Role::PostOnly, AuthMethod::ClientSecretBasic),
        (Role::BasicOnly, AuthMethod::ClientSecretPost),
    ] {
        let Some(client) = judge.target.client(role) else {
            continue;
        };
        judge.issue(client, &[]).await?;
        let answer = judge.token(&client.via(other), &[]).await?;
        answer.gives_nothing(&format!("[clients.{role}] with the other method"))?;
        tried = true;
    }
    let missing = "the target description has neither [clients.post_only] nor [clients.basic_only]";
    if tried {
        Ok(())
    } else {
        Err(Finding::skipped(missing))
    }
}

async fn basic_in_any_case(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    if !client.may_use(AuthMethod::ClientSecretBasic) {
        return Err(Finding::skipped(
            "[clients.primary] may not use client_secret_basic",
        ));
    }
    let pair = STANDARD.encode(client.basic_pair());
    for scheme in ["basic", "BASIC"] {
        let call = Call::post(&judge.url(Endpoint::Token)?).form(&[GRANT]);
        let answer = judge
            .send(&call.header(AUTHORIZATION, &format!("{scheme} {pair}")))
            .await?;
        let holds = answer.is_success() || answer.error().as_deref() == Some("invalid_scope");
        answer.demand(holds, format!("'Authorization: {scheme}' authenticates"))?;
    }
    Ok(())
}

async fn several_authorizations(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let wrong = client.with_secret(WRONG_SECRET);
    for [first, second] in [[client, &wrong], [&wrong, client], [client, client]] {
        let call = Call::post(&judge.url(Endpoint::Token)?).form(&[GRANT]);
        let call = call.basic(&first.basic_pair()).basic(&second.basic_pair());
        judge
            .send(&call)
            .await?
            .gives_nothing("two Authorization headers")?;
    }
    Ok(())
}

async fn unlabelled_form(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let mut form = vec![GRANT];
    if !client.may_use(AuthMethod::ClientSecretBasic) {
        form.push(("client_id", client.client_id()));
        form.push(("client_secret", client.secret().unwrap_or_default()));
    }
    for content_type in [
        "text/plain",
        "application/octet-stream",
        "multipart/form-data",
    ] {
        let mut call = Call::post(&judge.url(Endpoint::Token)?).body(content_type, encode(&form));
        if client.may_use(AuthMethod::ClientSecretBasic) {
            call = call.basic(&client.basic_pair());
        }
        judge
            .send(&call)
            .await?
            .gives_nothing(&format!("a form as {content_type}"))?;
    }
    Ok(())
}

async fn no_oracle(judge: &Judge) -> Verdict {
    let known = judge.client(Role::Primary)?.with_secret(WRONG_SECRET);
    let wrong_secret = judge.token(&known, &[]).await?;
    let mut call = Call::post(&judge.url(Endpoint::Token)?);
    let unknown = [
        GRANT,
        ("client_id", "no-such-client-4711"),
        ("client_secret", WRONG_SECRET),
    ];
    call = if known.may_use(AuthMethod::ClientSecretBasic) {
        call.form(&unknown[..1])
            .basic(&format!("{}:{WRONG_SECRET}", unknown[1].1))
    } else {
        call.form(&unknown)
    };
    let unknown_client = judge.send(&call).await?;
    let same =
        (wrong_secret.status, &wrong_secret.body) == (unknown_client.status, &unknown_client.body);
    unknown_client
        .demand(
            same,
            "an unknown client gets the answer that a wrong secret gets",
        )
        .map_err(|finding| finding.after(&wrong_secret.exchange))
}

async fn huge_body(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let padding = "x".repeat(10 << 20);
    let form = [GRANT, ("padding", padding.as_str())];
    let call = judge.call(Endpoint::Token, client, &form)?;
    // A server may close the connection before it has read all: that is a refusal as well.
    if let Some(answer) = judge.send_if_answered(&call).await
        && !(answer.is_client_error() && answer.access_token().is_none())
    {
        // Without the exchange, which is 10 MB.
        return Err(Finding::failed(
            "a body of 10 MB: refused with 4xx",
            answer.summary(),
        ));
    }
    judge.issue(client, &[]).await.map(|_| ())
}

async fn no_user_oracle(judge: &Judge) -> Verdict {
    let client = judge.password_client(Role::Password)?;
    let known = judge.user()?.username.as_str();
    let ask = async |username| judge.password(client, (username, WRONG_SECRET), &[]).await;
    let wrong_password = ask(known).await?;
    let unknown_user = ask("no-such-user-4711").await?;
    let same =
        (wrong_password.status, &wrong_password.body) == (unknown_user.status, &unknown_user.body);
    unknown_user
        .demand(
            same,
            "an unknown user gets the answer that a wrong password gets",
        )
        .map_err(|finding| finding.after(&wrong_password.exchange))
}
