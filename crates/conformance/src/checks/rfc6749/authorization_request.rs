//! RFC 6749 §3.1 and §4.1.2.1: what an authorization request may look like, and what a faulty one gets.

use crate::browser::{Kind, Policy, Stop};
use crate::finding::{Finding, Verdict};
use crate::judge::Judge;
use crate::response::{Mode, Response};
use crate::role::Role;

/// A response type that no server has.
const UNKNOWN_TYPE: &str = "no-such-type-4711";
/// A scope that no server grants.
const UNKNOWN_SCOPE: &str = "no-such-scope-4711";

pub(super) async fn needs_user(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let stop = judge.browser().ask(&Judge::request(client)).await?;
    stop.page()?.of(Kind::SignIn).map(|_| ())
}

pub(super) async fn get(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let visit = judge.browser().allow(&Judge::request(client)).await?;
    visit.response.code().map(|_| ())
}

/// What comes of a request, as far as two of them can be compared.
fn outcome(response: &Response) -> (Option<&str>, bool) {
    (response.error(), response.get("code").is_some())
}

pub(super) async fn empty_is_absent(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let mut browser = judge.browser();
    let absent = Judge::request(client).without("scope").without("state");
    let empty = Judge::request(client).with("scope", "").with("state", "");
    let absent = browser.allow(&absent).await?.response;
    let empty = browser.allow(&empty).await?.response;
    empty
        .demand(
            outcome(&absent) == outcome(&empty),
            format!("empty scope and state as absent ones: {}", absent.summary()),
        )
        .map_err(|finding| finding.after(&absent.answer.exchange))?;
    for response in [absent, empty] {
        let silent = response.count("state") == 0;
        response.demand(silent, "no state where none was sent")?;
    }
    Ok(())
}

pub(super) async fn unknown_is_ignored(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let request = Judge::request(client).also("no_such_parameter_4711", "1");
    judge.browser().code(&request).await.map(|_| ())
}

/// Fails unless the target refuses: by a page with a 4xx, or by one of these errors to the client.
fn is_refused(stop: &Stop, errors: &[&str], when: &str) -> Verdict {
    match stop {
        Stop::Response(response) => response.refused(errors, when),
        Stop::Page(page) => {
            let holds = page.kind == Kind::Other && page.answer.is_client_error();
            let expected = format!("{when}: refused");
            page.answer.demand_or(holds, expected, page.summary())
        }
    }
}

pub(super) async fn repeated(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let mut browser = judge.browser();
    let request = Judge::request(client);
    // The user has signed in and allowed, so that nothing but the fault stands in the way.
    browser.code(&request).await?;
    for (name, value) in request.pairs() {
        let stop = browser.ask(&request.clone().also(name, value)).await?;
        let when = format!("{name} given twice");
        is_refused(&stop, &["invalid_request"], &when)?;
    }
    Ok(())
}

pub(super) async fn response_type(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let mut browser = judge.browser();
    let request = Judge::request(client);
    let missing = request.clone().without("response_type");
    let response = browser.allow(&missing).await?.response;
    response.refused(&["invalid_request"], "no response_type")?;
    let unknown = request.with("response_type", UNKNOWN_TYPE);
    let response = browser.allow(&unknown).await?.response;
    let errors = ["unsupported_response_type"];
    response.refused(&errors, "a response_type that does not exist")
}

pub(super) async fn word_order(judge: &Judge) -> Verdict {
    let clients = [Role::Hybrid, Role::Implicit].map(|role| judge.authorized_client(role));
    let composite = clients.iter().flatten().find_map(|client| {
        let mut types = client.response_types.iter();
        Some((*client, types.find(|one| one.contains(' '))?))
    });
    let Some((client, words)) = composite else {
        let why = "no client of the target has a response type of several words";
        return Err(Finding::skipped(why));
    };
    let reversed: Vec<_> = words.split(' ').rev().collect();
    let mut browser = judge.browser();
    let mut got = Vec::new();
    for words in [words.as_str(), &reversed.join(" ")] {
        let request = Judge::openid_request(client).of_type(words);
        let response = browser.allow(&request).await?.response;
        response.demand(
            response.gives_anything(),
            format!("'{words}' gives something"),
        )?;
        let given = ["code", "access_token", "id_token"].map(|name| response.count(name));
        got.push((given, response));
    }
    let holds = got[0].0 == got[1].0;
    got[1]
        .1
        .demand(holds, format!("the same for '{words}' in reverse order"))
}

pub(super) async fn state_comes_back(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let mut browser = judge.browser();
    let states = [
        "a b",
        "a+b%20c%2Bd",
        "\"'<>&=#;",
        "\u{e9}\u{4e2d}\u{1f511}",
        &"x".repeat(300),
    ];
    for state in states {
        let request = Judge::request(client).with("state", state);
        let response = browser.allow(&request).await?.response;
        response.code()?;
        let back = response.get("state").unwrap_or_default();
        let expected = format!("the state {state:?}, once");
        let holds = back == state && response.count("state") == 1;
        response
            .answer
            .demand_or(holds, expected, format!("{back:?}"))?;
    }
    Ok(())
}

pub(super) async fn code_in_query(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let response = judge
        .browser()
        .code(&Judge::request(client))
        .await?
        .response;
    let holds = response.mode == Mode::Query && response.url.fragment().is_none();
    response.demand(holds, "the code in the query, and no fragment")
}

pub(super) async fn faults_go_to_the_client(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let mut browser = judge.browser();
    let request = Judge::request(client);
    let state = request.get("state").unwrap_or_default().to_owned();
    let faulty = [
        request.clone().without("response_type"),
        request.clone().with("response_type", UNKNOWN_TYPE),
        request.with("scope", UNKNOWN_SCOPE),
    ];
    for (at, request) in faulty.iter().enumerate() {
        let response = browser.allow(request).await?.response;
        let unknown_scope = at == 2;
        if unknown_scope && response.get("code").is_some() {
            // RFC 6749 §3.3: a server may leave out what it does not know.
            continue;
        }
        response.demand(
            response.error().is_some() && response.get("state") == Some(&state),
            "an error for the client, with its state",
        )?;
        if unknown_scope {
            response.refused(&["invalid_scope"], "a scope that does not exist")?;
        }
    }
    Ok(())
}

pub(super) async fn denied(judge: &Judge) -> Verdict {
    let mut asked = judge.at_consent(Role::Web).await?;
    let stop = asked.browser.consent(&asked.page, false).await?;
    let policy = Policy::deny(judge.user()?);
    let response = asked.browser.finish(stop, &policy).await?.response;
    response.refused(&["access_denied"], "the user denies")?;
    let state = asked.request.get("state");
    response.demand(response.get("state") == state, "the error with the state")
}

pub(super) async fn forbidden_type(judge: &Judge) -> Verdict {
    let client = judge.authorized_client(Role::Implicit)?;
    if client.response_types.iter().any(|one| one == "code") {
        return Err(Finding::skipped("[clients.implicit] may ask for codes"));
    }
    let response = judge
        .browser()
        .allow(&Judge::request(client))
        .await?
        .response;
    let when = "a client asks for a code that may not have any";
    response.refused(&["unauthorized_client"], when)
}

pub(super) async fn implicit_without_refresh_token(judge: &Judge) -> Verdict {
    let client = judge.authorized_client(Role::Implicit)?;
    let mut types = client.response_types.iter();
    let Some(words) = types.find(|one| one.split(' ').any(|word| word == "token")) else {
        let why = "[clients.implicit] has no response type with token";
        return Err(Finding::skipped(why));
    };
    let scope = client.scopes.join(" ");
    let request = Judge::openid_request(client).with("scope", &scope);
    let request = request.of_type(words);
    let response = judge.browser().allow(&request).await?.response;
    let given = response.get("access_token").is_some();
    response.demand(given, "an access token (needed to begin this check)")?;
    response.demand(response.count("refresh_token") == 0, "no refresh token")
}

/// The errors of the authorization endpoint keep within the characters of RFC 6749 §4.1.2.1.
pub(super) async fn error_characters(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let mut browser = judge.browser();
    let hostile = "a\"b\\c\r\nSet-Cookie: d=e\u{e9}\u{1}<script>";
    for name in [
        "scope",
        "response_type",
        "response_mode",
        "code_challenge_method",
    ] {
        let request = Judge::request(client).with(name, hostile);
        let stop = browser.ask(&request).await?;
        let answer = stop.answer();
        answer.demand(
            answer.status < 500,
            format!("no server error for a hostile {name}"),
        )?;
        let Stop::Response(response) = stop else {
            continue;
        };
        for member in ["error", "error_description"] {
            let value = response.get(member).unwrap_or_default();
            let allowed = |c: char| matches!(c, '\u{20}'..='\u{7e}') && c != '"' && c != '\\';
            response.answer.demand_or(
                value.chars().all(allowed),
                format!("{member} in printable ASCII without quote and backslash"),
                format!("{value:?}"),
            )?;
        }
        let injected = response
            .answer
            .header(&reqwest::header::SET_COOKIE)
            .contains("d=e");
        let saw = "a Set-Cookie header";
        response
            .answer
            .demand_or(!injected, "no header from a parameter", saw)?;
    }
    Ok(())
}
