//! Guessing is slowed down. These checks come last: what they arouse would colour the others.

use std::time::Duration;

use crate::check::checks;
use crate::finding::{Finding, Verdict};
use crate::http::Answer;
use crate::judge::{Endpoint, Judge};
use crate::role::Role;

checks! {
    "RFC7662-12" "4" Should [Introspection]
        "Trying one token after the other at introspection is slowed down" => token_scanning;
    "RFC6749-47" "4.3.2" Must [Password]
        "Guessing a user's password is slowed down" => password_guessing;
    "RFC6749-07" "2.3.1" Must [ClientCredentials]
        "Guessing a client's secret is slowed down" => secret_guessing;
}

/// How often something wrong is tried in a row.
const TRIES: usize = 50;

/// Refused for a while, or answered more and more slowly.
fn is_slowed(answers: &[Answer]) -> bool {
    let refused =
        |answer: &Answer| answer.status == 429 || answer.headers.contains_key("retry-after");
    let slowest = |answers: &[Answer]| answers.iter().map(|a| a.elapsed).max().unwrap_or_default();
    let (early, late) = (
        &answers[..5.min(answers.len())],
        &answers[answers.len().saturating_sub(5)..],
    );
    let fastest_late = late
        .iter()
        .map(|answer| answer.elapsed)
        .min()
        .unwrap_or_default();
    answers.iter().any(refused)
        || (fastest_late > 3 * slowest(early) && fastest_late > Duration::from_millis(250))
}

fn demand_slowed(answers: &[Answer], what: &str) -> Verdict {
    let Some(last) = answers.last() else {
        return Ok(());
    };
    let took: Duration = answers.iter().map(|answer| answer.elapsed).sum();
    let saw = format!(
        "{TRIES} answers in {} ms, the last with {}",
        took.as_millis(),
        last.summary()
    );
    last.demand_or(
        is_slowed(answers),
        format!("429, Retry-After or growing delay: {what}"),
        saw,
    )
}

fn is_throttled(judge: &Judge) -> Verdict {
    let why = "the target description does not say throttled = true";
    if judge.target.throttled {
        Ok(())
    } else {
        Err(Finding::skipped(why))
    }
}

async fn password_guessing(judge: &Judge) -> Verdict {
    is_throttled(judge)?;
    judge.supports("password")?;
    let client = judge.client(Role::Password)?;
    let missing = || Finding::skipped("the target description has no [users.guessed]");
    let user = judge.target.users.guessed.as_ref().ok_or_else(missing)?;
    // The account is there, and no throttle is aroused yet.
    let answer = judge.password(client, user.credentials(), &[]).await?;
    answer.demand(
        answer.status == 200,
        "[users.guessed] with its password: 200",
    )?;
    let mut answers = Vec::with_capacity(TRIES);
    for guess in 0..TRIES {
        let wrong = (user.username.as_str(), format!("guess-number-{guess}"));
        let answer = judge.password(client, (wrong.0, &wrong.1), &[]).await?;
        answer.gives_nothing("a wrong password")?;
        answers.push(answer);
    }
    demand_slowed(&answers, "fifty wrong passwords in a row")
}

async fn secret_guessing(judge: &Judge) -> Verdict {
    is_throttled(judge)?;
    let client = judge.client(Role::Guessed)?;
    let mut answers = Vec::with_capacity(TRIES);
    for guess in 0..TRIES {
        let wrong = client.with_secret(&format!("guess-number-{guess}"));
        let answer = judge.token(&wrong, &[]).await?;
        answer.gives_nothing("a wrong secret")?;
        answers.push(answer);
    }
    demand_slowed(&answers, "fifty wrong secrets in a row")
}

async fn token_scanning(judge: &Judge) -> Verdict {
    if !judge.target.introspection_throttled {
        let why = "the target description does not say introspection_throttled = true";
        return Err(Finding::skipped(why));
    }
    let server = judge.client(Role::ResourceServer)?;
    let mut answers = Vec::with_capacity(TRIES);
    for guess in 0..TRIES {
        let token = format!("guess-number-{guess}");
        let answer = judge
            .ask(Endpoint::Introspection, server, &[("token", &token)])
            .await?;
        answers.push(answer);
    }
    demand_slowed(&answers, "fifty unknown tokens in a row")
}
