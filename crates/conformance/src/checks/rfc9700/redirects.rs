//! RFC 9700 §2.1 and §4.11: redirects lead to registered places, and nowhere else.

use url::Url;

use crate::browser::{Browser, Kind, Stop};
use crate::checks::rfc6749::redirect_uris::{EVIL, all_refused, first_uri, parts};
use crate::finding::{Finding, Verdict, together};
use crate::http::Call;
use crate::judge::{Endpoint, Judge};
use crate::role::Role;

/// The redirect URI of the native client.
fn native_uri(judge: &Judge) -> Result<Url, Finding> {
    let client = judge.code_client(Role::Native)?;
    let uri = first_uri(client);
    Url::parse(uri).map_err(|error| Finding::skipped(format!("{uri}: {error}")))
}

pub(super) async fn exact_but_for_loopback_ports(judge: &Judge) -> Verdict {
    together([
        loopback_ports_differ(judge).await,
        nothing_else_differs(judge).await,
    ])
}

async fn loopback_ports_differ(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Native)?;
    let registered = native_uri(judge)?;
    let (scheme, path) = (registered.scheme(), registered.path());
    let host = registered.host_str().unwrap_or_default();
    for port in [49_152, 61_023] {
        let uri = format!("{scheme}://{host}:{port}{path}");
        let request = Judge::request(client).with("redirect_uri", &uri);
        let code = judge.browser().code(&request).await?;
        let answer = judge.redeem(client, &code.redemption()).await?;
        answer.demand(answer.status == 200, format!("a code at {uri}: 200"))?;
    }
    let others = [
        format!("{scheme}://{host}:49152{path}/more"),
        format!("{scheme}://{host}:49152/"),
        format!("{scheme}://{host}:49152{path}?x=1"),
        format!("https://{host}:49152{path}"),
        format!("{scheme}://user@{host}:49152{path}"),
    ];
    all_refused(judge, client, &others).await
}

async fn nothing_else_differs(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let (scheme, host, path) = parts(first_uri(client));
    let others = [
        format!("{scheme}://{host}:8443{path}"),
        format!("{scheme}://{host}{path}x"),
        format!("{scheme}://{host}{path}?x"),
    ];
    all_refused(judge, client, &others).await
}

pub(super) async fn http_is_for_loopback(judge: &Judge) -> Verdict {
    together([http_for_https(judge).await, beside_loopback(judge).await])
}

async fn http_for_https(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let Some(rest) = first_uri(client).strip_prefix("https://") else {
        let why = "the first redirect URI of [clients.web] is not https";
        return Err(Finding::skipped(why));
    };
    all_refused(judge, client, &[format!("http://{rest}")]).await
}

async fn beside_loopback(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Native)?;
    let registered = native_uri(judge)?;
    let host = registered.host_str().unwrap_or_default();
    let path = registered.path();
    let others = [
        format!("http://client.example{path}"),
        format!("http://{host}.evil.example{path}"),
        format!("http://{host}@evil.example{path}"),
        format!("http://128.0.0.1{path}"),
        format!("http://0.0.0.0{path}"),
        format!("http://2130706433{path}"),
        format!("http://127.1{path}"),
        format!("http://localhost.evil.example{path}"),
    ];
    all_refused(judge, client, &others).await
}

/// Parameters by which servers have been told where to go on after the sign-in.
const ONWARD: [&str; 8] = [
    "redirect_uri",
    "redirect",
    "return_to",
    "return_url",
    "next",
    "continue",
    "url",
    "target",
];

pub(super) async fn never_an_open_redirector(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let user = judge.user()?;
    let mut browser = judge.browser();
    let stop = browser.ask(&Judge::request(client)).await?;
    let page = stop.page()?.of(Kind::SignIn)?;
    let pages = &judge.target.pages;
    let (username, password) = user.credentials();
    let form = page.form()?;
    let filled = [
        (&*pages.username_field, username),
        (&*pages.password_field, password),
    ];
    let mut values = form.filled_in(&filled);
    values.extend(ONWARD.map(|name| (name.to_owned(), EVIL.to_owned())));
    let stop = browser.open(Browser::submission(&page, &values)?).await?;
    leads_nowhere(&stop, "a sign-in form with an address to go on to")?;
    let Ok(url) = judge.url(Endpoint::EndSession) else {
        return Ok(());
    };
    let uris = [("post_logout_redirect_uri", EVIL), ("state", "x")];
    let ours = [("client_id", client.client_id())];
    for query in [uris.to_vec(), [&uris[..], &ours].concat()] {
        let mut stop = browser.open(Call::get(&url).query(&query)).await?;
        if let Stop::Page(page) = &stop
            && page.kind == Kind::SignOut
        {
            stop = browser.sign_out(page, true).await?;
        }
        leads_nowhere(&stop, "a logout with an address to go on to")?;
    }
    Ok(())
}

/// Fails if the user is sent to the evil place.
fn leads_nowhere(stop: &Stop, when: &str) -> Verdict {
    let led = matches!(stop, Stop::Response(response) if response.is_at(EVIL));
    let expected = format!("{when}: no redirect there");
    stop.answer()
        .demand_or(!led, expected, format!("a redirect to {EVIL}"))
}

/// What an answer of the authorization endpoint may hold when it is an error (RFC 6749 §4.1.2.1, RFC 9207).
const OF_ERRORS: [&str; 7] = [
    "error",
    "error_description",
    "error_uri",
    "state",
    "iss",
    "session_state",
    "response",
];

pub(super) async fn errors_lead_to_trusted_places(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let good = Judge::request(client);
    let faulty = [
        good.clone().with("response_type", "no-such-type-4711"),
        good.clone().with("scope", "no-such-scope-4711"),
        good.clone().with("code_challenge_method", "no-such-method"),
    ];
    for request in faulty {
        // What a phisher would add, in the hope that it is handed on.
        let request = ONWARD[1..]
            .iter()
            .fold(request, |request, name| request.also(name, EVIL));
        let request = request.also("error_uri", EVIL).also("error", "x");
        let response = judge.browser().allow(&request).await?.response;
        let own = first_uri(client)
            .split_once('?')
            .map_or("", |(_, query)| query);
        let own: Vec<_> = form_urlencoded::parse(own.as_bytes()).collect();
        let strange = response.parameters.iter().find(|(name, value)| {
            let known =
                OF_ERRORS.contains(&name.as_str()) || own.iter().any(|(one, _)| one == name);
            (!known && response.error().is_some()) || value.contains("evil.example")
        });
        let saw = strange.map_or_else(String::new, |(name, _)| format!("the parameter {name}"));
        let expected = "an answer to the registered redirect URI that hands nothing on";
        response
            .answer
            .demand_or(strange.is_none(), expected, saw)?;
        // The same with a place that nobody registered: the user is told, and stays.
        let untrusted = request.with("redirect_uri", EVIL);
        let stop = judge.browser().ask(&untrusted).await?;
        leads_nowhere(&stop, "a bad redirect URI and another fault")?;
    }
    Ok(())
}
