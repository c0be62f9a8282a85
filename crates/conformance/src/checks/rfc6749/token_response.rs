//! RFC 6749 §5.1 and §10.10: what a token response holds.

use reqwest::header::{CACHE_CONTROL, PRAGMA};

use crate::finding::{Finding, Verdict, together};
use crate::http::Answer;
use crate::judge::{Endpoint, Judge, Sample};
use crate::role::Role;
use crate::variety;

pub(super) async fn success(judge: &Judge) -> Verdict {
    let by_client = async || {
        let answer = judge.issue(judge.client(Role::Primary)?, &[]).await?.answer;
        is_token_response(&answer)
    };
    let by_user = async || {
        let client = judge.password_client(Role::Password)?;
        is_token_response(&judge.log_in(client, &[]).await?.answer)
    };
    let by_refresh = async || {
        let client = judge.refreshing_client(Role::Password)?;
        is_token_response(&judge.live_grant(client).await?.issued.answer)
    };
    let by_code = async || {
        let client = judge.code_client(Role::Web)?;
        is_token_response(&judge.sign_in(client, &Judge::request(client)).await?.answer)
    };
    together([
        by_client().await,
        by_user().await,
        by_refresh().await,
        by_code().await,
    ])
}

fn is_token_response(answer: &Answer) -> Verdict {
    answer.demand(answer.is_json(), "Content-Type: application/json")?;
    let typed = answer
        .text("token_type")
        .is_some_and(|kind| !kind.is_empty());
    answer.demand_or(typed, "a string token_type", "none")
}

pub(super) async fn no_refresh_token(judge: &Judge) -> Verdict {
    let primary = judge.client(Role::Primary)?;
    // The one to be tempted: it gets refresh tokens when a user logs in.
    let refreshing = judge.target.client(Role::Password).filter(|client| {
        let mut grants = client.grant_types.iter();
        grants.any(|grant| grant == "client_credentials")
    });
    for client in std::iter::once(primary).chain(refreshing) {
        let answer = judge.issue(client, &[]).await?.answer;
        let absent = !answer.json()?.contains_key("refresh_token");
        answer.demand_or(absent, "no refresh token", "one")?;
    }
    Ok(())
}

pub(super) async fn expires_in(judge: &Judge) -> Verdict {
    let answer = judge.issue(judge.client(Role::Primary)?, &[]).await?.answer;
    let seconds = answer
        .json()?
        .get("expires_in")
        .cloned()
        .unwrap_or_default();
    let holds = seconds.as_u64().is_some_and(|seconds| seconds > 0);
    answer.demand_or(
        holds,
        "expires_in, a positive integer",
        format!("{seconds}"),
    )
}

pub(super) async fn not_cached(judge: &Judge) -> Verdict {
    let of_clients = async || {
        let client = judge.client(Role::Primary)?;
        forbids_caching(&judge.issue(client, &[]).await?.answer, "success")?;
        forbids_caching(&judge.ask(Endpoint::Token, client, &[]).await?, "error")
    };
    let of_users = async || {
        let client = judge.refreshing_client(Role::Password)?;
        let grant = judge.open_grant(client, &[]).await?;
        forbids_caching(&grant.issued.answer, "a login")?;
        let renewed = judge.renew(client, &grant, &[]).await?;
        forbids_caching(&renewed.issued.answer, "a refresh")
    };
    let of_codes = async || {
        let client = judge.code_client(Role::Web)?;
        let issued = judge.sign_in(client, &Judge::request(client)).await?;
        forbids_caching(&issued.answer, "a code that was redeemed")
    };
    together([of_clients().await, of_users().await, of_codes().await])
}

fn forbids_caching(answer: &Answer, what: &str) -> Verdict {
    let holds = answer.header_has(&CACHE_CONTROL, "no-store");
    answer.demand_or(holds, format!("Cache-Control: no-store on {what}"), "none")?;
    let holds = answer.header_has(&PRAGMA, "no-cache");
    answer.demand_or(holds, format!("Pragma: no-cache on {what}"), "none")
}

pub(super) async fn hard_to_guess(judge: &Judge) -> Verdict {
    for Sample { kind, tokens } in judge.samples().await? {
        if variety::repeated(tokens).is_some() {
            let expected = format!("{} {kind} (or their jti), all different", tokens.len());
            return Err(Finding::failed(expected, "one of them twice"));
        }
    }
    varies_by(judge, 128).await
}

pub(super) async fn harder_to_guess(judge: &Judge) -> Verdict {
    varies_by(judge, 160).await
}

async fn varies_by(judge: &Judge, bits: u32) -> Verdict {
    for Sample { kind, tokens } in judge.samples().await? {
        let seen = variety::varying_bits(tokens);
        if seen < bits {
            let expected = format!("at least {bits} bits that vary from token to token");
            let saw = format!(
                "{seen} bits over {} {kind} (of JWTs: their signatures)",
                tokens.len()
            );
            return Err(Finding::failed(expected, saw));
        }
    }
    Ok(())
}
