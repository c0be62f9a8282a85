//! RFC 6749 §4.1.2 and §4.1.3: what a code is good for, for whom, and how long.

use std::time::Duration;

use crate::authorization::Code;
use crate::client::{AuthMethod, Client};
use crate::finding::{Finding, Verdict};
use crate::http::{Answer, Call};
use crate::judge::{Endpoint, Issued, Judge, WRONG_SECRET, bearer};
use crate::jwt::with_broken_signature;
use crate::random::fresh;
use crate::role::Role;

/// RFC 6749 §4.1.2: what is recommended at most, in seconds.
const LONGEST: u64 = 600;

/// A client of the role, and a code that it has just been given.
async fn given(judge: &Judge, role: Role) -> Result<(&Client, Code), Finding> {
    let client = judge.code_client(role)?;
    let code = judge.browser().code(&Judge::request(client)).await?;
    Ok((client, code))
}

/// Fails unless the code still works: else a refusal before would show nothing.
async fn works(judge: &Judge, client: &Client, code: &Code) -> Verdict {
    let answer = judge.redeem(client, &code.redemption()).await?;
    answer.demand(
        answer.status == 200,
        "the code works for its own client: 200",
    )
}

pub(super) async fn not_for_a_public_client(judge: &Judge) -> Verdict {
    let spa = judge.code_client(Role::Spa)?;
    let (_, code) = given(judge, Role::Web).await?;
    let when = "a public client presents the code of another client";
    judge.code_is_refused(spa, &code.redemption(), when).await?;
    Ok(())
}

pub(super) async fn not_for_another_client(judge: &Judge) -> Verdict {
    let second = judge.code_client(Role::Second)?;
    let (client, code) = given(judge, Role::Web).await?;
    let when = "another client presents the code";
    judge
        .code_is_refused(second, &code.redemption(), when)
        .await?;
    let (_, fresh_one) = given(judge, Role::Web).await?;
    works(judge, client, &fresh_one).await
}

pub(super) async fn client_names_itself(judge: &Judge) -> Verdict {
    let (_, code) = given(judge, Role::Spa).await?;
    let call = Call::post(&judge.url(Endpoint::Token)?).form(&code.redemption().pairs());
    let answer = judge.send(&call).await?;
    let errors = ["invalid_request", "invalid_client"];
    answer.refused(&[400, 401], &errors, "a public client without client_id")
}

pub(super) async fn expire(judge: &Judge) -> Verdict {
    let Some(seconds) = judge.target.code_lifetime_seconds else {
        let why = "the target description has no code_lifetime_seconds";
        return Err(Finding::skipped(why));
    };
    let (client, code) = given(judge, Role::Web).await?;
    let answer = &code.response.answer;
    let saw = format!("{seconds} seconds, as described");
    answer.demand_or(
        seconds <= LONGEST,
        "a code that lives ten minutes at most",
        saw,
    )?;
    tokio::time::sleep(Duration::from_millis(seconds * 1000 + 1100)).await;
    let when = format!("a code after {seconds} seconds");
    judge
        .code_is_refused(client, &code.redemption(), &when)
        .await?;
    Ok(())
}

pub(super) async fn single_use(judge: &Judge) -> Verdict {
    let (client, code) = given(judge, Role::Web).await?;
    works(judge, client, &code).await?;
    let when = "a code for the second time";
    judge
        .code_is_refused(client, &code.redemption(), when)
        .await?;
    Ok(())
}

/// The status that the userinfo endpoint gives the token.
async fn at_userinfo(judge: &Judge, token: &str) -> Result<Answer, Finding> {
    let call = Call::get(&judge.url(Endpoint::Userinfo)?);
    judge.send(&bearer(call, token)).await
}

pub(super) async fn reuse_ends_the_grant(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let by_introspection = judge.visibly(client);
    let by_userinfo = judge.url(Endpoint::Userinfo);
    let (request, introspects) = match (&by_introspection, by_userinfo) {
        (Ok(more), _) => (Judge::request(client).with_all(more), true),
        (_, Ok(_)) => (Judge::openid_request(client), false),
        (Err(_), Err(_)) => {
            let why = "nothing at the target tells whether an access token of [clients.web] lives";
            return Err(Finding::skipped(why));
        }
    };
    let code = judge.browser().code(&request).await?;
    let issued = Issued::of(judge.redeem(client, &code.redemption()).await?)?;
    let token = &issued.token;
    if introspects {
        judge
            .is_active(token, "before the code is used again")
            .await?;
    } else {
        let answer = at_userinfo(judge, token).await?;
        answer.demand(answer.status == 200, "a good token at userinfo: 200")?;
    }
    let replay = judge.redeem(client, &code.redemption()).await?;
    let shown = |finding: Finding| finding.after(&replay.exchange);
    if introspects {
        let when = "after the code was used again";
        judge.is_inactive(token, when).await.map_err(shown)?;
    } else {
        let answer = at_userinfo(judge, token).await?;
        let expected = "the access token is dead after the code was used again: 401";
        answer
            .demand(answer.status == 401, expected)
            .map_err(shown)?;
    }
    if let Some(refresh_token) = issued.answer.refresh_token() {
        let when = "the refresh token, after the code was used again";
        let refused = judge.is_refused(client, &refresh_token, when).await;
        refused.map_err(shown)?;
    }
    Ok(())
}

pub(super) async fn same_redirect_uri(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let errors = ["invalid_grant", "invalid_request"];
    let mut browser = judge.browser();
    let code = browser.code(&Judge::request(client)).await?;
    let answer = judge
        .redeem(client, &code.redemption().without("redirect_uri"))
        .await?;
    answer.refused(&[400], &errors, "a code without its redirect_uri")?;
    let uri = code.request.get("redirect_uri").unwrap_or_default();
    let others = client.redirect_uris.iter().filter(|one| *one != uri);
    let changed = format!("{uri}/");
    for other in others.take(1).chain([&changed]) {
        let code = browser.code(&Judge::request(client)).await?;
        let form = code.redemption().with("redirect_uri", other);
        let answer = judge.redeem(client, &form).await?;
        let when = format!("a code with the redirect_uri {other}");
        answer.refused(&[400], &errors, &when)?;
    }
    let code = browser.code(&Judge::request(client)).await?;
    works(judge, client, &code).await
}

pub(super) async fn unknown(judge: &Judge) -> Verdict {
    let (client, code) = given(judge, Role::Web).await?;
    let text = &code.code;
    let half = &text[..text.floor_char_boundary(text.len() / 2)];
    let altered = [
        (fresh(), "a code that was never issued"),
        (
            with_broken_signature(text),
            "a code with one character changed",
        ),
        (half.to_owned(), "a code that is cut in half"),
        (format!("{text}A"), "a code with one character more"),
    ];
    for (altered, when) in &altered {
        let form = code.redemption().with("code", altered);
        judge.code_is_refused(client, &form, when).await?;
    }
    let missing = code.redemption().without("code");
    let answer = judge.redeem(client, &missing).await?;
    answer.refused(
        &[400],
        &["invalid_request"],
        "a token request without its code",
    )
}

/// A confidential client has to authenticate for its code, by the right secret.
pub(super) async fn needs_authentication(judge: &Judge) -> Verdict {
    let (client, code) = given(judge, Role::Web).await?;
    let form = code.redemption();
    let bare = client.via(AuthMethod::None);
    let wrong = client.with_secret(WRONG_SECRET);
    for (client, when) in [(bare, "client_id alone"), (wrong, "a wrong secret")] {
        let answer = judge.redeem(&client, &form).await?;
        let when = format!("a code with {when}");
        answer.refused(&[401, 400], &["invalid_client"], &when)?;
    }
    Ok(())
}

/// A client without the grant type asks with it.
pub(super) async fn not_allowed(judge: &Judge) -> Verdict {
    let (_, code) = given(judge, Role::Web).await?;
    let client = judge.client(Role::Primary)?;
    if client.has_grant("authorization_code") {
        return Err(Finding::skipped("[clients.primary] has the code grant"));
    }
    let answer = judge.redeem(client, &code.redemption()).await?;
    let when = "a client without the code grant asks with it";
    answer.refused(&[400], &["unauthorized_client"], when)
}
