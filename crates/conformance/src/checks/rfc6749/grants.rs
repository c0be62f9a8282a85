//! RFC 6749 §4.4 to §5.2: which grants are given to whom.

use super::{codes, password, refresh};
use crate::finding::{Finding, Verdict, together};
use crate::judge::{Endpoint, Judge};
use crate::role::Role;

pub(super) async fn public_client(judge: &Judge) -> Verdict {
    let answer = judge.token(judge.client(Role::Public)?, &[]).await?;
    let errors = ["unauthorized_client", "invalid_client"];
    answer.refused(
        &[400, 401],
        &errors,
        "a public client asks with client_credentials",
    )
}

pub(super) async fn unknown(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let form = [("grant_type", "urn:example:no-such-grant-type")];
    let answer = judge.ask(Endpoint::Token, client, &form).await?;
    answer.refused(&[400], &["unsupported_grant_type"], "an unknown grant type")
}

pub(super) async fn missing(judge: &Judge) -> Verdict {
    together([
        missing_grant_type(judge).await,
        password::missing_parameters(judge).await,
        refresh::missing_token(judge).await,
    ])
}

async fn missing_grant_type(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let answer = judge.ask(Endpoint::Token, client, &[]).await?;
    answer.refused(&[400], &["invalid_request"], "no grant_type")?;
    answer.demand(answer.is_json(), "Content-Type: application/json")
}

pub(super) async fn not_allowed(judge: &Judge) -> Verdict {
    together([
        no_client_credentials(judge).await,
        codes::not_allowed(judge).await,
        password::not_allowed(judge).await,
        refresh::not_allowed(judge).await,
    ])
}

async fn no_client_credentials(judge: &Judge) -> Verdict {
    let client = judge.client(Role::NoClientCredentials)?;
    let answer = judge.token(client, &[]).await?;
    let when = "a client without the client credentials grant asks with it";
    answer.refused(&[400], &["unauthorized_client"], when)
}

pub(super) async fn garbage(judge: &Judge) -> Verdict {
    together([
        never_issued(judge).await,
        password::wrong_password(judge).await,
        refresh::altered(judge).await,
    ])
}

async fn never_issued(judge: &Judge) -> Verdict {
    let requests: [&[(&str, &str)]; 2] = [
        &[
            ("grant_type", "refresh_token"),
            ("refresh_token", "made-up-4711"),
        ],
        &[
            ("grant_type", "authorization_code"),
            ("code", "made-up-4711"),
            ("redirect_uri", "https://client.example/callback"),
        ],
    ];
    let mut asked = false;
    for form in requests {
        let grant_type = form[0].1;
        let supported = judge.metadata()?.lists("grant_types_supported", grant_type);
        let client = judge.target.clients().find(|client| {
            client.secret().is_some() && client.grant_types.iter().any(|one| one == grant_type)
        });
        let Some(client) = client.filter(|_| supported) else {
            continue;
        };
        let answer = judge.ask(Endpoint::Token, client, form).await?;
        answer.refused(
            &[400],
            &["invalid_grant"],
            &format!("{grant_type} that was never issued"),
        )?;
        asked = true;
    }
    if asked {
        return Ok(());
    }
    let why =
        "no confidential client has an advertised grant of refresh_token or authorization_code";
    Err(Finding::skipped(why))
}
