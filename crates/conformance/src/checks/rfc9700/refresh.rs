//! RFC 9700 §2.2.2 and §4.14: stolen refresh tokens are found out, and give no more than the user granted.

use std::time::Duration;

use crate::checks::rfc8707;
use crate::client::Client;
use crate::finding::{Finding, Verdict, together};
use crate::grant::{Grant, scopes};
use crate::judge::Judge;
use crate::role::Role;

/// A grant that was refreshed twice: its first state, and its last.
///
/// A server may answer the refresh token before the newest one again, for clients that lost the answer. Of the first
/// one of three the successor was used, so that nobody can be waiting for it.
struct RefreshedTwice {
    first: Grant,
    last: Grant,
}

async fn refreshed_twice(
    judge: &Judge,
    client: &Client,
    more: &[(&str, &str)],
) -> Result<RefreshedTwice, Finding> {
    let first = judge.open_grant(client, more).await?;
    let second = judge.renew(client, &first, more).await?;
    if second.refresh_token == first.refresh_token {
        let id = client.client_id();
        let why = format!("the refresh tokens of the client '{id}' do not change with use");
        return Err(Finding::skipped(why));
    }
    let last = judge.renew(client, &second, more).await?;
    Ok(RefreshedTwice { first, last })
}

pub(super) async fn public_rotates(judge: &Judge) -> Verdict {
    let client = judge.refreshing_client(Role::PublicPassword)?;
    let first = judge.open_grant(client, &[]).await?;
    let second = judge.renew(client, &first, &[]).await?;
    second.issued.answer.demand_or(
        second.refresh_token != first.refresh_token,
        "another refresh token at each refresh of a public client",
        "the same, or none",
    )?;
    judge.renew(client, &second, &[]).await?;
    let when = "the first of three refresh tokens of a public client";
    judge.is_refused(client, &first.refresh_token, when).await
}

pub(super) async fn replay_is_refused(judge: &Judge) -> Verdict {
    let replay = async |role| {
        let client = judge.refreshing_client(role)?;
        let grant = refreshed_twice(judge, client, &[]).await?;
        let when = format!("the first of three refresh tokens of [clients.{role}]");
        let old = &grant.first.refresh_token;
        judge.is_refused(client, old, &when).await
    };
    together([
        replay(Role::Password).await,
        replay(Role::PublicPassword).await,
    ])
}

pub(super) async fn replay_ends_the_grant(judge: &Judge) -> Verdict {
    together([
        ends_after_replay(judge, Role::Password).await,
        ends_after_replay(judge, Role::PublicPassword).await,
    ])
}

async fn ends_after_replay(judge: &Judge, role: Role) -> Verdict {
    let client = judge.refreshing_client(role)?;
    let visibly = judge.visibly(client).ok();
    let more = visibly.clone().unwrap_or_default();
    let RefreshedTwice { first, last } = refreshed_twice(judge, client, &more).await?;
    let access_tokens = [&last.issued.token, &first.issued.token];
    if visibly.is_some() {
        judge
            .is_active(access_tokens[0], "before the replay")
            .await?;
    }
    let replay = judge.refresh(client, &first.refresh_token, &[]).await?;
    let shown = |finding: Finding| finding.after(&replay.exchange);
    let when = "the newest refresh token, after the first of three was replayed";
    let newest = judge.is_refused(client, &last.refresh_token, when).await;
    newest.map_err(shown)?;
    if visibly.is_some() {
        for token in access_tokens {
            let dead = judge.is_inactive(token, "after the replay").await;
            dead.map_err(shown)?;
        }
    }
    Ok(())
}

pub(super) async fn never_widened(judge: &Judge) -> Verdict {
    together([more_scope(judge).await, more_resources(judge).await])
}

async fn more_scope(judge: &Judge) -> Verdict {
    let client = judge.refreshing_client(Role::Password)?;
    let [first, second] = client.two_scopes()?;
    let grant = judge.open_grant(client, &[("scope", first)]).await?;
    let granted = scopes(&grant.issued, first);
    let both = format!("{first} {second}");
    // Whether the wider request is refused is the duty of RFC6749-60.
    let wider = judge
        .refresh(client, &grant.refresh_token, &[("scope", &both)])
        .await?;
    let wider = grant.after(wider).ok();
    let then = judge
        .renew(client, wider.as_ref().unwrap_or(&grant), &[])
        .await?;
    for grant in wider.iter().chain([&then]) {
        let got = scopes(&grant.issued, first);
        grant.issued.answer.demand_or(
            got.is_subset(&granted),
            format!("no scope but {granted:?}, whatever is asked for at refresh"),
            format!("{got:?}"),
        )?;
    }
    Ok(())
}

async fn more_resources(judge: &Judge) -> Verdict {
    let client = judge.refreshing_client(Role::Password)?;
    let [first, second] = client.two_resources()?;
    let grant = judge.open_grant(client, &[("resource", first)]).await?;
    let wider = judge
        .refresh(client, &grant.refresh_token, &[("resource", second)])
        .await?;
    let wider = grant.after(wider).ok();
    let then = judge
        .renew(client, wider.as_ref().unwrap_or(&grant), &[])
        .await?;
    for grant in wider.iter().chain([&then]) {
        let audience = rfc8707::audience(judge, &grant.issued).await?;
        grant.issued.answer.demand_or(
            !audience.iter().any(|one| one == second),
            format!("no token for {second}, which was not granted"),
            format!("aud {audience:?}"),
        )?;
    }
    Ok(())
}

pub(super) async fn idle(judge: &Judge) -> Verdict {
    let client = judge.refreshing_client(Role::ShortIdle)?;
    let Some(seconds) = client.idle_seconds else {
        return Err(Finding::skipped("[clients.short_idle] has no idle_seconds"));
    };
    let grant = judge.live_grant(client).await?;
    tokio::time::sleep(Duration::from_millis(seconds * 1000 + 1100)).await;
    let when = format!("a refresh token that was not used for {seconds} seconds");
    judge.is_refused(client, &grant.refresh_token, &when).await
}
