//! RFC 8707: resource indicators. They need `resources` of `[clients.primary]`, and of `[clients.password]` at
//! refresh.

use crate::check::checks;
use crate::client::Client;
use crate::finding::{Finding, Verdict};
use crate::judge::{Issued, Judge};
use crate::jwt::{Jwt, strings};
use crate::role::Role;

checks! {
    "RFC8707-01" "2" Must [ResourceIndicators]
        "A resource that is no absolute URI, or has a fragment, gets invalid_target" => malformed;
    "RFC8707-02" "2" Must [ResourceIndicators]
        "The parameter resource may be given more than once" => repeated;
    "RFC8707-03" "2" Must [ResourceIndicators]
        "A resource that the client may not use gets invalid_target" => unknown;
    "RFC8707-04" "2.1" Should [ResourceIndicators, RefreshToken]
        "A refresh for a resource that was not granted gets invalid_target" => bound_to_granted;
    "RFC8707-05" "2.2" Must [ResourceIndicators]
        "Asking for one of several resources gives a token for that one alone" => narrowed;
    "RFC8707-06" "2.2" Should [ResourceIndicators]
        "The audience of the token is the resource that was asked for" => reflected;
    "RFC8707-07" "2.2" Should [ResourceIndicators, RefreshToken]
        "A refresh for one of the granted resources gives a token for that one alone" => picked_at_refresh;
}

fn client_of_resources(judge: &Judge, number: usize) -> Result<&Client, Finding> {
    let client = judge.client(Role::Primary)?;
    if client.resources.len() < number {
        let has = client.resources.len();
        let why = format!("[clients.primary] has {has} resources; this needs {number}");
        return Err(Finding::skipped(why));
    }
    Ok(client)
}

/// The audience as the token says, or as the resource server is told.
pub(super) async fn audience(judge: &Judge, issued: &Issued) -> Result<Vec<String>, Finding> {
    let owned = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
    if let Some(jwt) = Jwt::read(&issued.token) {
        return Ok(owned(jwt.audience()));
    }
    let answer = judge.introspect(&issued.token).await?;
    Ok(owned(strings(answer.json()?.get("aud"))))
}

async fn malformed(judge: &Judge) -> Verdict {
    let client = client_of_resources(judge, 1)?;
    let with_fragment = format!("{}#fragment", client.resources[0]);
    for resource in ["not a uri", "/relative/path", "//host/path", &with_fragment] {
        let answer = judge.token(client, &[("resource", resource)]).await?;
        answer.refused(
            &[400],
            &["invalid_target"],
            &format!("resource '{resource}'"),
        )?;
    }
    Ok(())
}

async fn repeated(judge: &Judge) -> Verdict {
    let client = client_of_resources(judge, 2)?;
    let (first, second) = (&client.resources[0], &client.resources[1]);
    let issued = judge
        .issue(client, &[("resource", first), ("resource", second)])
        .await?;
    let audience = audience(judge, &issued).await?;
    let holds = audience.contains(first) && audience.contains(second);
    issued
        .answer
        .demand_or(holds, "a token for both", format!("aud {audience:?}"))
}

async fn unknown(judge: &Judge) -> Verdict {
    let client = client_of_resources(judge, 1)?;
    let unknown = "https://no-such-resource-4711.example/";
    let answer = judge.token(client, &[("resource", unknown)]).await?;
    answer.refused(
        &[400],
        &["invalid_target"],
        "a resource that the client may not use",
    )?;
    let both = [
        ("resource", client.resources[0].as_str()),
        ("resource", unknown),
    ];
    let answer = judge.token(client, &both).await?;
    answer.refused(
        &[400],
        &["invalid_target"],
        "the same, after one that it may use",
    )
}

async fn narrowed(judge: &Judge) -> Verdict {
    let client = client_of_resources(judge, 2)?;
    for resource in &client.resources[..2] {
        let issued = judge.issue(client, &[("resource", resource)]).await?;
        let audience = audience(judge, &issued).await?;
        let other = client
            .resources
            .iter()
            .find(|one| *one != resource && audience.contains(one));
        let expected = format!("a token for {resource} alone");
        issued
            .answer
            .demand_or(other.is_none(), expected, format!("aud {audience:?}"))?;
    }
    Ok(())
}

async fn reflected(judge: &Judge) -> Verdict {
    let client = client_of_resources(judge, 1)?;
    let resource = &client.resources[0];
    let issued = judge.issue(client, &[("resource", resource)]).await?;
    let audience = audience(judge, &issued).await?;
    let holds = audience.contains(resource);
    issued.answer.demand_or(
        holds,
        format!("{resource} in aud"),
        format!("aud {audience:?}"),
    )
}

async fn bound_to_granted(judge: &Judge) -> Verdict {
    let client = judge.refreshing_client(Role::Password)?;
    let [first, second] = client.two_resources()?;
    let grant = judge.open_grant(client, &[("resource", first)]).await?;
    let answer = judge
        .refresh(client, &grant.refresh_token, &[("resource", second)])
        .await?;
    let when = format!("{first} granted, {second} asked for at refresh");
    answer.refused(&[400], &["invalid_target"], &when)
}

async fn picked_at_refresh(judge: &Judge) -> Verdict {
    let client = judge.refreshing_client(Role::Password)?;
    let [first, second] = client.two_resources()?;
    let both = [("resource", first), ("resource", second)];
    let mut grant = judge.open_grant(client, &both).await?;
    for (resource, other) in [(first, second), (second, first)] {
        grant = judge
            .renew(client, &grant, &[("resource", resource)])
            .await?;
        let audience = audience(judge, &grant.issued).await?;
        let holds = |one: &str| audience.iter().any(|audience| audience == one);
        grant.issued.answer.demand_or(
            holds(resource) && !holds(other),
            format!("a token for {resource} alone"),
            format!("aud {audience:?}"),
        )?;
    }
    Ok(())
}
