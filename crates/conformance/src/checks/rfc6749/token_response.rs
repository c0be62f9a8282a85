//! RFC 6749 §5.1 and §10.10: what a token response holds.

use reqwest::header::{CACHE_CONTROL, PRAGMA};

use crate::finding::{Finding, Verdict};
use crate::judge::{Endpoint, Judge};
use crate::target::Role;
use crate::variety;

pub(super) async fn success(judge: &Judge) -> Verdict {
    let answer = judge.issue(judge.client(Role::Primary)?, &[]).await?.answer;
    answer.demand(answer.is_json(), "Content-Type: application/json")?;
    let typed = answer
        .text("token_type")
        .is_some_and(|kind| !kind.is_empty());
    answer.demand_or(typed, "a string token_type", "none")
}

pub(super) async fn no_refresh_token(judge: &Judge) -> Verdict {
    let answer = judge.issue(judge.client(Role::Primary)?, &[]).await?.answer;
    let absent = !answer.json()?.contains_key("refresh_token");
    answer.demand_or(absent, "no refresh token", "one")
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
    let client = judge.client(Role::Primary)?;
    let success = judge.issue(client, &[]).await?.answer;
    let error = judge.ask(Endpoint::Token, client, &[]).await?;
    for (answer, what) in [(success, "success"), (error, "error")] {
        let holds = answer.header_has(&CACHE_CONTROL, "no-store");
        answer.demand_or(holds, format!("Cache-Control: no-store on {what}"), "none")?;
        let holds = answer.header_has(&PRAGMA, "no-cache");
        answer.demand_or(holds, format!("Pragma: no-cache on {what}"), "none")?;
    }
    Ok(())
}

pub(super) async fn hard_to_guess(judge: &Judge) -> Verdict {
    for tokens in judge.samples().await? {
        if variety::repeated(tokens).is_some() {
            let expected = format!("{} tokens (or their jti), all different", tokens.len());
            return Err(Finding::failed(expected, "one of them twice"));
        }
    }
    varies_by(judge, 128).await
}

pub(super) async fn harder_to_guess(judge: &Judge) -> Verdict {
    varies_by(judge, 160).await
}

async fn varies_by(judge: &Judge, bits: u32) -> Verdict {
    for tokens in judge.samples().await? {
        let seen = variety::varying_bits(tokens);
        if seen < bits {
            let expected = format!("at least {bits} bits that vary from token to token");
            let saw = format!(
                "{seen} bits over {} tokens (of JWTs: their signatures)",
                tokens.len()
            );
            return Err(Finding::failed(expected, saw));
        }
    }
    Ok(())
}
