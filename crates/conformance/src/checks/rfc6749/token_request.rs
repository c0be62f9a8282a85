//! RFC 6749 §3.2 and §3.3: what a token request may look like.

use serde_json::{Map, Value};

use super::authorization_request;
use crate::client::AuthMethod;
use crate::finding::{Finding, Verdict, together};
use crate::http::Call;
use crate::judge::{Endpoint, Judge};
use crate::jwt::Jwt;
use crate::role::Role;

/// A scope that no server grants.
const UNKNOWN_SCOPE: &str = "no-such-scope-4711";

pub(super) async fn get(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let query = [("grant_type", "client_credentials")];
    let call = Call::get(&judge.url(Endpoint::Token)?)
        .query(&query)
        .basic(&client.basic_pair());
    judge
        .send(&call)
        .await?
        .gives_nothing("GET with good credentials and parameters")
}

pub(super) async fn parameters(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let plain = judge.issue(client, &[]).await?;
    let extra = [
        ("no_such_parameter_4711", "1"),
        ("no_such_parameter_4712", "2"),
    ];
    let answer = judge.issue(client, &extra).await?.answer;
    answer.demand(
        answer.status == plain.answer.status,
        "unknown parameters change nothing",
    )?;
    // `issue` would name scopes: an absent scope and an empty one are compared.
    let absent = judge.token(client, &[]).await?;
    let empty = judge.token(client, &[("scope", "")]).await?;
    let same = (absent.status, absent.error(), absent.text("scope"))
        == (empty.status, empty.error(), empty.text("scope"));
    if !same {
        let expected = format!(
            "an empty scope is treated as an absent one: {}",
            absent.summary()
        );
        return Err(empty
            .fails(expected, empty.summary())
            .after(&absent.exchange));
    }
    let scope = client.scopes.first().map_or(UNKNOWN_SCOPE, String::as_str);
    let repeated: [&[(&str, &str)]; 2] = [
        &[
            ("grant_type", "client_credentials"),
            ("grant_type", "client_credentials"),
        ],
        &[
            ("grant_type", "client_credentials"),
            ("scope", scope),
            ("scope", scope),
        ],
    ];
    for form in repeated {
        let answer = judge.ask(Endpoint::Token, client, form).await?;
        let when = format!("{} given twice", form[form.len() - 1].0);
        answer.refused(&[400], &["invalid_request"], &when)?;
    }
    Ok(())
}

pub(super) async fn json_body(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let mut body = Map::new();
    body.insert("grant_type".to_owned(), "client_credentials".into());
    let mut call = Call::post(&judge.url(Endpoint::Token)?);
    if client.may_use(AuthMethod::ClientSecretBasic) {
        call = call.basic(&client.basic_pair());
    } else {
        body.insert("client_id".to_owned(), client.client_id().into());
        body.insert(
            "client_secret".to_owned(),
            client.secret().unwrap_or_default().into(),
        );
    }
    let call = call.body("application/json", Value::from(body).to_string());
    judge
        .send(&call)
        .await?
        .gives_nothing("the parameters as JSON")
}

pub(super) async fn scope_order_and_case(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let [first, second, ..] = client.scopes.as_slice() else {
        return Err(Finding::skipped(
            "[clients.primary] has fewer than two scopes",
        ));
    };
    let mut granted = Vec::new();
    for asked in [format!("{first} {second}"), format!("{second} {first}")] {
        let answer = judge.issue(client, &[("scope", &asked)]).await?.answer;
        // RFC 6749 §5.1: without `scope` in the response, all that was asked for is granted.
        let mut scopes: Vec<_> = answer
            .text("scope")
            .unwrap_or(asked)
            .split(' ')
            .map(str::to_owned)
            .collect();
        scopes.sort();
        granted.push((scopes, answer));
    }
    let (left, right) = (&granted[0], &granted[1]);
    let expected = "the same scopes, in whichever order they are asked for";
    right.1.demand(left.0 == right.0, expected)?;
    let swapped: String = first.chars().map(swap_case).collect();
    if swapped == *first || client.scopes.contains(&swapped) {
        return Ok(());
    }
    let answer = judge.token(client, &[("scope", &swapped)]).await?;
    if answer.is_success() {
        let granted = answer.text("scope").unwrap_or_else(|| swapped.clone());
        let holds = !granted
            .split(' ')
            .any(|scope| scope == first || scope == swapped);
        return answer.demand_or(
            holds,
            format!("'{swapped}' is not '{first}'"),
            "it is granted",
        );
    }
    answer.refused(&[400], &["invalid_scope"], "a scope in the wrong case")
}

fn swap_case(c: char) -> char {
    if c.is_ascii_lowercase() {
        c.to_ascii_uppercase()
    } else {
        c.to_ascii_lowercase()
    }
}

pub(super) async fn narrowed_scope(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let known = client
        .scopes
        .first()
        .ok_or_else(|| Finding::skipped("[clients.primary] has no scopes"))?;
    let answer = judge
        .token(client, &[("scope", &format!("{known} {UNKNOWN_SCOPE}"))])
        .await?;
    if !answer.is_success() {
        return answer.refused(
            &[400],
            &["invalid_scope"],
            "one known scope and one unknown",
        );
    }
    let granted = answer.text("scope");
    let holds = granted.is_some_and(|scope| !scope.split(' ').any(|one| one == UNKNOWN_SCOPE));
    answer.demand_or(
        holds,
        "a known scope and an unknown one: invalid_scope, or the response tells the difference",
        "a token, and no word of what was left out",
    )
}

pub(super) async fn no_scope(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let first = judge.token(client, &[]).await?;
    let second = judge.token(client, &[]).await?;
    if !first.is_success() {
        return first.refused(&[400], &["invalid_scope"], "no scope asked for");
    }
    let same = second.is_success() && first.text("scope") == second.text("scope");
    second.demand(same, "the same default scope each time")?;
    let claimed = first
        .access_token()
        .and_then(|token| Jwt::read(&token)?.claim("scope").map(str::to_owned))
        .unwrap_or_default();
    let told = first.text("scope").unwrap_or_default();
    // Nothing was asked for, so whatever is granted differs from it and has to be told.
    first.demand_or(
        told.split(' ').collect::<Vec<_>>() == claimed.split(' ').collect::<Vec<_>>()
            || claimed.is_empty(),
        "the response tells the scope of the token",
        format!("scope '{told}' in the response, '{claimed}' in the token"),
    )
}

pub(super) async fn error_characters(judge: &Judge) -> Verdict {
    together([
        error_characters_of_tokens(judge).await,
        authorization_request::error_characters(judge).await,
    ])
}

async fn error_characters_of_tokens(judge: &Judge) -> Verdict {
    let client = judge.client(Role::Primary)?;
    let hostile = "a\"b\\c\r\nSet-Cookie: d=e\u{e9}\u{1}<script>";
    let requests: [&[(&str, &str)]; 4] = [
        &[("grant_type", hostile)],
        &[("grant_type", "client_credentials"), ("scope", hostile)],
        &[("grant_type", "client_credentials"), ("resource", hostile)],
        &[
            ("grant_type", "client_credentials"),
            (hostile, "1"),
            (hostile, "2"),
        ],
    ];
    for form in requests {
        let answer = judge.ask(Endpoint::Token, client, form).await?;
        let when = "a hostile parameter gives no server error";
        answer.demand(answer.status < 500, when)?;
        for member in ["error", "error_description"] {
            let value = answer.text(member).unwrap_or_default();
            // RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
            let allowed = |c: char| matches!(c, '\u{20}'..='\u{7e}') && c != '"' && c != '\\';
            answer.demand_or(
                value.chars().all(allowed),
                format!("{member} in printable ASCII without quote and backslash"),
                format!("{value:?}"),
            )?;
        }
        let injected = answer.headers.contains_key("set-cookie");
        answer.demand_or(
            !injected,
            "no header from a parameter",
            "a Set-Cookie header",
        )?;
    }
    Ok(())
}
