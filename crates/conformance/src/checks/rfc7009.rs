//! RFC 7009: token revocation. Whether a token lives is seen through introspection.

use crate::check::checks;
use crate::client::AuthMethod;
use crate::finding::{Finding, Verdict, together};
use crate::http::{Answer, Call};
use crate::judge::{Endpoint, Judge, WRONG_SECRET};
use crate::role::Role;

checks! {
    "RFC7009-01" "2" Must [Revocation]
        "The revocation endpoint is an https URL and is published in the metadata"
        => published_and_https;
    "RFC7009-02" "2" Must [Revocation, RefreshToken]
        "A refresh token can be revoked" => refresh_token;
    "RFC7009-03" "2" Should [Revocation]
        "An access token can be revoked" => access_token;
    "RFC7009-04" "2.1" Must [Revocation]
        "A revocation request is a POSTed form with a token" => post_form_with_token;
    "RFC7009-05" "2.1" Must [Revocation]
        "The client is authenticated before anything is revoked" => authenticated_first;
    "RFC7009-06" "2.1" Must [Revocation]
        "Only the client that a token was issued to revokes it" => only_the_owner;
    "RFC7009-07" "2.1" Must [Revocation]
        "A wrong or unknown token_type_hint does not keep a token from being revoked" => wrong_hint;
    "RFC7009-08" "2.1" Must [Revocation]
        "A revoked token is dead at once" => immediate;
    "RFC7009-09" "2.1" Should [Revocation, RefreshToken]
        "With a refresh token the access tokens of its grant end" => access_tokens_end_too;
    "RFC7009-10" "2.1" Must [Revocation]
        "A public client may revoke by naming itself" => public_client;
    "RFC7009-11" "2.2" Must [Revocation]
        "A token that the server does not know gets 200" => unknown_token;
    "RFC7009-12" "2.2" Must [Revocation]
        "Revoking a token again gets 200" => twice;
    "RFC7009-13" "2.2.1" Must [Revocation]
        "A kind of token that cannot be revoked gets unsupported_token_type"
        => unsupported_token_type;
}

const UNKNOWN: &str = "no-such-token-4711";

fn supports_access_tokens(answer: &Answer) -> Verdict {
    match answer.error().as_deref() {
        Some("unsupported_token_type") => {
            Err(Finding::skipped("the target does not revoke access tokens"))
        }
        _ => Ok(()),
    }
}

async fn published_and_https(judge: &Judge) -> Verdict {
    judge.expects_tls()?;
    let url = judge.url(Endpoint::Revocation)?;
    let metadata = judge.metadata()?;
    let published = metadata.text("revocation_endpoint");
    metadata.answer.demand_or(
        published.is_some(),
        "revocation_endpoint in the metadata",
        "none",
    )?;
    let https = url.scheme() == "https";
    metadata
        .answer
        .demand_or(https, "an https URL", url.as_str())
}

async fn refresh_token(judge: &Judge) -> Verdict {
    ends_with(judge, Role::Password, &[]).await
}

/// The client of a role revokes its refresh token, with these further parameters.
async fn ends_with(judge: &Judge, role: Role, more: &[(&str, &str)]) -> Verdict {
    judge.url(Endpoint::Revocation)?;
    let client = judge.refreshing_client(role)?;
    let grant = judge.live_grant(client).await?;
    let mut form = vec![("token", grant.refresh_token.as_str())];
    form.extend_from_slice(more);
    let answer = judge.ask(Endpoint::Revocation, client, &form).await?;
    let hint = more
        .iter()
        .map(|(_, hint)| format!(" with the hint {hint}"));
    let when = format!(
        "[clients.{role}] revokes its refresh token{}",
        hint.collect::<String>()
    );
    answer.demand(answer.status == 200, format!("{when}: 200"))?;
    let dead = judge.is_refused(client, &grant.refresh_token, &when).await;
    dead.map_err(|finding| finding.after(&answer.exchange))
}

async fn access_token(judge: &Judge) -> Verdict {
    let (client, issued) = judge.issue_visible().await?;
    judge.is_active(&issued.token, "just issued").await?;
    let answer = judge.revoke(client, &issued.token).await?;
    answer.demand(
        answer.status == 200,
        "the owner revokes its access token: 200",
    )?;
    judge
        .is_inactive(&issued.token, "after revocation")
        .await
        .map_err(|f| f.after(&answer.exchange))
}

async fn post_form_with_token(judge: &Judge) -> Verdict {
    let (client, issued) = judge.issue_visible().await?;
    let url = judge.url(Endpoint::Revocation)?;
    let call = Call::get(&url)
        .query(&[("token", &issued.token)])
        .basic(&client.basic_pair());
    let answer = judge.send(&call).await?;
    answer.demand(answer.is_client_error(), "GET: refused with 4xx")?;
    judge
        .is_active(&issued.token, "after GET")
        .await
        .map_err(|f| f.after(&answer.exchange))?;
    let answer = judge.ask(Endpoint::Revocation, client, &[]).await?;
    answer.refused(&[400], &["invalid_request"], "no token")
}

async fn authenticated_first(judge: &Judge) -> Verdict {
    let (client, issued) = judge.issue_visible().await?;
    let wrong = client.with_secret(WRONG_SECRET);
    let answer = judge.revoke(&wrong, &issued.token).await?;
    let statuses: &[u16] = if wrong.auth_method == AuthMethod::ClientSecretPost {
        &[401, 400]
    } else {
        &[401]
    };
    answer.refused(statuses, &["invalid_client"], "a wrong secret")?;
    let bare = Call::post(&judge.url(Endpoint::Revocation)?).form(&[("token", &issued.token)]);
    let bare = judge.send(&bare).await?;
    bare.demand(bare.is_client_error(), "no client: refused with 4xx")?;
    let after = "after refused revocations";
    judge
        .is_active(&issued.token, after)
        .await
        .map_err(|f| f.after(&bare.exchange).after(&answer.exchange))
}

async fn only_the_owner(judge: &Judge) -> Verdict {
    together([
        access_token_of_another(judge).await,
        refresh_token_of_another(judge).await,
    ])
}

async fn refresh_token_of_another(judge: &Judge) -> Verdict {
    let other = judge.client(Role::Secondary)?;
    let client = judge.refreshing_client(Role::Password)?;
    let grant = judge.live_grant(client).await?;
    let answer = judge.revoke(other, &grant.refresh_token).await?;
    let after = judge.refresh(client, &grant.refresh_token, &[]).await?;
    after
        .demand(
            after.status == 200,
            "a refresh after another client's revocation: 200",
        )
        .map_err(|finding| finding.after(&answer.exchange))
}

async fn access_token_of_another(judge: &Judge) -> Verdict {
    let other = judge.client(Role::Secondary)?;
    let (_, issued) = judge.issue_visible().await?;
    let answer = judge.revoke(other, &issued.token).await?;
    let holds = answer.status == 200 || answer.is_client_error();
    answer.demand(
        holds,
        "another client: 200 without effect, or refused with 4xx",
    )?;
    let after = "after another client's revocation";
    judge
        .is_active(&issued.token, after)
        .await
        .map_err(|f| f.after(&answer.exchange))
}

async fn wrong_hint(judge: &Judge) -> Verdict {
    let refresh_token =
        async |hint| ends_with(judge, Role::Password, &[("token_type_hint", hint)]).await;
    together([
        wrong_hint_for_access_token(judge).await,
        refresh_token("access_token").await,
        refresh_token("no-such-kind-of-token").await,
    ])
}

async fn wrong_hint_for_access_token(judge: &Judge) -> Verdict {
    for hint in ["refresh_token", "no-such-kind-of-token"] {
        let (client, issued) = judge.issue_visible().await?;
        let form = [("token", issued.token.as_str()), ("token_type_hint", hint)];
        let answer = judge.ask(Endpoint::Revocation, client, &form).await?;
        supports_access_tokens(&answer)?;
        let when = format!("revoked with the hint {hint}");
        answer.demand(answer.status == 200, format!("{when}: 200"))?;
        judge
            .is_inactive(&issued.token, &when)
            .await
            .map_err(|f| f.after(&answer.exchange))?;
    }
    Ok(())
}

async fn immediate(judge: &Judge) -> Verdict {
    // One after the other, so that a revocation which takes a moment is met.
    for _ in 0..5 {
        let (client, issued) = judge.issue_visible().await?;
        // A cache, if there is one, knows it as active now.
        judge.is_active(&issued.token, "just issued").await?;
        let answer = judge.revoke(client, &issued.token).await?;
        supports_access_tokens(&answer)?;
        let dead = judge
            .is_inactive(&issued.token, "straight after revocation")
            .await;
        dead.map_err(|f| f.after(&answer.exchange))?;
    }
    Ok(())
}

async fn access_tokens_end_too(judge: &Judge) -> Verdict {
    judge.url(Endpoint::Revocation)?;
    let client = judge.refreshing_client(Role::Password)?;
    let visibly = judge.visibly(client)?;
    let first = judge.open_grant(client, &visibly).await?;
    let last = judge.renew(client, &first, &visibly).await?;
    let before = "before its refresh token is revoked";
    judge.is_active(&last.issued.token, before).await?;
    let answer = judge.revoke(client, &last.refresh_token).await?;
    for grant in [first, last] {
        let when = "after its refresh token was revoked";
        let dead = judge.is_inactive(&grant.issued.token, when).await;
        dead.map_err(|finding| finding.after(&answer.exchange))?;
    }
    Ok(())
}

async fn public_client(judge: &Judge) -> Verdict {
    together([
        unknown_token_of_public(judge).await,
        ends_with(judge, Role::PublicPassword, &[]).await,
    ])
}

async fn unknown_token_of_public(judge: &Judge) -> Verdict {
    // This client has no token that this suite could obtain; an unknown one shows that it is let in.
    let answer = judge.revoke(judge.client(Role::Public)?, UNKNOWN).await?;
    answer.demand(
        answer.status == 200,
        "a public client with its client_id: 200",
    )
}

async fn unknown_token(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    for token in [UNKNOWN, "a.b.c", "\"\\<%2e>"] {
        let answer = judge.revoke(client, token).await?;
        answer.demand(answer.status == 200, "a token that was never issued: 200")?;
    }
    Ok(())
}

async fn twice(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let issued = judge.issue(client, &[]).await?;
    for time in ["first", "second"] {
        let answer = judge.revoke(client, &issued.token).await?;
        supports_access_tokens(&answer)?;
        answer.demand(answer.status == 200, format!("{time} revocation: 200"))?;
    }
    Ok(())
}

async fn unsupported_token_type(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let issued = judge.issue(client, &[]).await?;
    let answer = judge.revoke(client, &issued.token).await?;
    if answer.status == 200 {
        return Ok(());
    }
    let when = "an access token that is not revoked";
    answer.refused(&[400], &["unsupported_token_type"], when)
}
