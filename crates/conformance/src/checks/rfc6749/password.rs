//! RFC 6749 §4.3: the password grant, as far as it is offered.

use crate::finding::{Finding, Verdict};
use crate::judge::{Endpoint, Judge, WRONG_SECRET};
use crate::role::Role;

/// A client that may not use the grant asks with it, and with the right password.
pub(super) async fn not_allowed(judge: &Judge) -> Verdict {
    judge.password_client(Role::Password)?;
    let client = judge.client(Role::Primary)?;
    if client.has_grant("password") {
        return Err(Finding::skipped("[clients.primary] has the password grant"));
    }
    let credentials = judge.user()?.credentials();
    let answer = judge.password(client, credentials, &[]).await?;
    let when = "a client without the password grant asks with it";
    answer.refused(&[400], &["unauthorized_client"], when)
}

pub(super) async fn wrong_password(judge: &Judge) -> Verdict {
    let client = judge.password_client(Role::Password)?;
    judge.log_in(client, &[]).await?;
    let username = judge.user()?.username.as_str();
    for (username, when) in [
        (username, "a wrong password"),
        ("no-such-user-4711", "an unknown user"),
    ] {
        let answer = judge
            .password(client, (username, WRONG_SECRET), &[])
            .await?;
        answer.refused(&[400], &["invalid_grant"], when)?;
    }
    Ok(())
}

pub(super) async fn missing_parameters(judge: &Judge) -> Verdict {
    let client = judge.password_client(Role::Password)?;
    let (username, password) = judge.user()?.credentials();
    for (given, when) in [
        (
            ("username", username),
            "a password request without password",
        ),
        (
            ("password", password),
            "a password request without username",
        ),
    ] {
        let form = [("grant_type", "password"), given];
        let answer = judge.ask(Endpoint::Token, client, &form).await?;
        answer.refused(&[400], &["invalid_request"], when)?;
    }
    Ok(())
}
