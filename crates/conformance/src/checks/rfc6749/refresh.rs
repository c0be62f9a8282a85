//! RFC 6749 §6: what a refresh token is good for, and for whom.

use crate::client::AuthMethod;
use crate::finding::{Verdict, together};
use crate::grant::scopes;
use crate::http::Call;
use crate::judge::{Endpoint, Judge, WRONG_SECRET};
use crate::jwt::with_broken_signature;
use crate::role::Role;

/// A client that may not refresh asks to, with a refresh token of its own if it was given one.
pub(super) async fn not_allowed(judge: &Judge) -> Verdict {
    let client = judge.refreshing_client(Role::NoRefreshToken)?;
    let given = judge.log_in(client, &[]).await?.answer.refresh_token();
    let token = given.unwrap_or_else(|| "made-up-4711".to_owned());
    let answer = judge.refresh(client, &token, &[]).await?;
    let when = "a client without the refresh token grant asks with it";
    answer.refused(&[400], &["unauthorized_client"], when)
}

pub(super) async fn missing_token(judge: &Judge) -> Verdict {
    let client = judge.refreshing_client(Role::Password)?;
    let form = [("grant_type", "refresh_token")];
    let answer = judge.ask(Endpoint::Token, client, &form).await?;
    answer.refused(
        &[400],
        &["invalid_request"],
        "a refresh request without refresh_token",
    )
}

/// What is nearly a refresh token is none, and neither is an access token.
pub(super) async fn altered(judge: &Judge) -> Verdict {
    let client = judge.refreshing_client(Role::Password)?;
    let grant = judge.live_grant(client).await?;
    let token = &grant.refresh_token;
    let half = &token[..token.floor_char_boundary(token.len() / 2)];
    let altered = [
        (with_broken_signature(token), "with one character changed"),
        (half.to_owned(), "that is cut in half"),
        (format!("{token}A"), "with one character more"),
    ];
    for (altered, how) in &altered {
        let when = format!("a refresh token {how}");
        judge.is_refused(client, altered, &when).await?;
    }
    let when = "an access token in place of a refresh token";
    judge.is_refused(client, &grant.issued.token, when).await
}

pub(super) async fn authenticated(judge: &Judge) -> Verdict {
    let client = judge.refreshing_client(Role::Password)?;
    let grant = judge.live_grant(client).await?;
    let token = grant.refresh_token.as_str();
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let anonymous = Call::post(&judge.url(Endpoint::Token)?).form(&form);
    let bare = client.via(AuthMethod::None);
    let wrong = client.with_secret(WRONG_SECRET);
    for (call, when) in [
        (
            judge.call(Endpoint::Token, &bare, &form)?,
            "client_id alone",
        ),
        (anonymous, "no client at all"),
        (
            judge.call(Endpoint::Token, &wrong, &form)?,
            "a wrong secret",
        ),
    ] {
        let answer = judge.send(&call).await?;
        let when = format!("a refresh with {when}");
        answer.refused(&[401, 400], &["invalid_client"], &when)?;
    }
    Ok(())
}

pub(super) async fn bound_to_client(judge: &Judge) -> Verdict {
    together([
        useless_to(judge, Role::OtherPassword).await,
        useless_to(judge, Role::PublicPassword).await,
    ])
}

async fn useless_to(judge: &Judge, role: Role) -> Verdict {
    let client = judge.refreshing_client(Role::Password)?;
    let other = judge.client(role)?;
    let grant = judge.live_grant(client).await?;
    let when = format!("a refresh token of another client, used by [clients.{role}]");
    judge.is_refused(other, &grant.refresh_token, &when).await
}

pub(super) async fn more_scope(judge: &Judge) -> Verdict {
    let client = judge.refreshing_client(Role::Password)?;
    let [first, second] = client.two_scopes()?;
    let grant = judge.open_grant(client, &[("scope", first)]).await?;
    let both = format!("{first} {second}");
    let answer = judge
        .refresh(client, &grant.refresh_token, &[("scope", &both)])
        .await?;
    let when = format!("'{first}' granted, '{both}' asked for at refresh");
    answer.refused(&[400], &["invalid_scope"], &when)
}

pub(super) async fn same_scope(judge: &Judge) -> Verdict {
    let client = judge.refreshing_client(Role::Password)?;
    let [first, second] = client.two_scopes()?;
    for asked in [first, &format!("{first} {second}")] {
        let grant = judge.open_grant(client, &[("scope", asked)]).await?;
        let granted = scopes(&grant.issued, asked);
        let renewed = judge.renew(client, &grant, &[]).await?;
        let got = scopes(&renewed.issued, asked);
        renewed.issued.answer.demand_or(
            got == granted,
            format!("a refresh without scope: the scopes {granted:?}, as granted"),
            format!("{got:?}"),
        )?;
    }
    Ok(())
}

pub(super) async fn narrowed_for_once(judge: &Judge) -> Verdict {
    let client = judge.refreshing_client(Role::Password)?;
    let [first, second] = client.two_scopes()?;
    let both = format!("{first} {second}");
    let mut grant = judge.open_grant(client, &[("scope", &both)]).await?;
    let granted = scopes(&grant.issued, &both);
    for more in [vec![("scope", both.as_str())], Vec::new()] {
        let narrowed = judge.renew(client, &grant, &[("scope", first)]).await?;
        let answer = judge
            .refresh(client, &narrowed.refresh_token, &more)
            .await?;
        answer
            .demand(
                answer.status == 200,
                "all scopes again after a narrower refresh: 200",
            )
            .map_err(|finding| finding.after(&narrowed.issued.answer.exchange))?;
        grant = narrowed.after(answer)?;
        let got = scopes(&grant.issued, &both);
        grant.issued.answer.demand_or(
            got == granted,
            format!("all scopes again after a narrower refresh: {granted:?}"),
            format!("{got:?}"),
        )?;
    }
    Ok(())
}
