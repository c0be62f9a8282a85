//! RFC 6749 §3.1.2 and §10.15: where users are sent, and where never.

use reqwest::header::CONTENT_TYPE;

use crate::authorization::Request;
use crate::browser::{Browser, Kind, Page, Stop};
use crate::client::Client;
use crate::finding::{Finding, Verdict};
use crate::judge::Judge;
use crate::role::Role;

/// Where nobody may be sent.
pub(in crate::checks) const EVIL: &str = "https://evil.example/callback";

/// A browser whose user has signed in and allowed the client's own request, so that nothing but a fault of the next
/// one stands in its way.
pub(in crate::checks) async fn familiar<'a>(
    judge: &'a Judge,
    client: &Client,
) -> Result<Browser<'a>, Finding> {
    let mut browser = judge.browser();
    browser.code(&Judge::request(client)).await?;
    Ok(browser)
}

/// The error page that the request gets; fails if the user is sent anywhere, or asked anything.
pub(in crate::checks) async fn error_page(
    browser: &mut Browser<'_>,
    request: &Request,
    when: &str,
) -> Result<Page, Finding> {
    let expected = format!("{when}: an error page with 4xx, and no redirect");
    match browser.ask(request).await? {
        Stop::Page(page) if page.kind == Kind::Other && page.answer.is_client_error() => Ok(*page),
        stop => Err(stop.answer().fails(expected, stop.summary())),
    }
}

/// Fails unless each of these redirect URIs gets an error page.
pub(in crate::checks) async fn all_refused(
    judge: &Judge,
    client: &Client,
    uris: &[String],
) -> Verdict {
    let mut browser = familiar(judge, client).await?;
    for uri in uris
        .iter()
        .filter(|uri| !client.redirect_uris.contains(uri))
    {
        let request = Judge::request(client).with("redirect_uri", uri);
        error_page(&mut browser, &request, &format!("the redirect URI {uri}")).await?;
    }
    Ok(())
}

/// The first redirect URI of a client.
pub(in crate::checks) fn first_uri(client: &Client) -> &str {
    client.redirect_uris.first().map_or("", String::as_str)
}

/// Scheme, authority and path of a redirect URI.
pub(in crate::checks) fn parts(uri: &str) -> (&str, &str, &str) {
    let (scheme, rest) = uri.split_once("://").unwrap_or(("", uri));
    let path = rest.find('/').unwrap_or(rest.len());
    (scheme, &rest[..path], &rest[path..])
}

pub(super) async fn absolute_without_fragment(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let uri = first_uri(client);
    let (_, host, path) = parts(uri);
    let uris = [
        format!("{uri}#fragment"),
        format!("{uri}#"),
        path.to_owned(),
        format!("//{host}{path}"),
    ];
    all_refused(judge, client, &uris).await
}

pub(super) async fn query_is_kept(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let mut uris = client.redirect_uris.iter();
    let Some(uri) = uris.find(|uri| uri.contains('?')) else {
        let why = "no redirect URI of [clients.web] has a query";
        return Err(Finding::skipped(why));
    };
    let request = Judge::request(client).with("redirect_uri", uri);
    // That the query is there, as it was, is what makes it an answer to this redirect URI.
    judge.browser().code(&request).await.map(|_| ())
}

pub(super) async fn unregistered_of_public(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Spa)?;
    all_refused(judge, client, &[EVIL.to_owned()]).await
}

pub(super) async fn unregistered_of_confidential(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    all_refused(judge, client, &[EVIL.to_owned()]).await
}

pub(super) async fn one_of_several(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    if client.redirect_uris.len() < 2 {
        let why = "[clients.web] has fewer than two redirect_uris";
        return Err(Finding::skipped(why));
    }
    let mut browser = familiar(judge, client).await?;
    let request = Judge::request(client).without("redirect_uri");
    let when = "no redirect_uri, and several are registered";
    error_page(&mut browser, &request, when).await.map(|_| ())
}

/// What a lenient comparison would take for the registered redirect URI.
fn nearly(uri: &str) -> Vec<String> {
    let (scheme, host, path) = parts(uri);
    let last = path.rfind('/').map_or(0, |at| at + 1);
    let (folder, name) = path.split_at(last);
    let mut letters = name.chars();
    let encoded = letters.next().map_or_else(String::new, |first| {
        format!("%{:02X}{}", u32::from(first), letters.as_str())
    });
    vec![
        format!("{scheme}://{host}{path}/"),
        format!("{scheme}://{host}{}", path.to_ascii_uppercase()),
        format!("{scheme}://{}{path}", host.to_ascii_uppercase()),
        format!("{}://{host}{path}", scheme.to_ascii_uppercase()),
        format!("{scheme}://{host}:443{path}"),
        format!("{scheme}://{host}:8443{path}"),
        format!("{scheme}://{host}/.{path}"),
        format!("{scheme}://{host}/x/..{path}"),
        format!("{scheme}://{host}{folder}{encoded}"),
        format!("{scheme}://user@{host}{path}"),
        format!("{scheme}://{host}{path}?x=1"),
        format!("{scheme}://{host}{path}/more"),
        format!("{scheme}://{host}/"),
        format!("{uri} "),
    ]
}

pub(super) async fn compared_as_strings(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    all_refused(judge, client, &nearly(first_uri(client))).await
}

/// What leads elsewhere, and may be mistaken for the registered redirect URI.
fn elsewhere(uri: &str) -> Vec<String> {
    let (scheme, host, path) = parts(uri);
    vec![
        EVIL.to_owned(),
        format!("{scheme}://{host}.evil.example{path}"),
        format!("{scheme}://{host}@evil.example{path}"),
        format!("{scheme}://{host}:x@evil.example{path}"),
        format!("https://evil.example/?{uri}"),
        format!("https://evil.example/#{uri}"),
        format!("https://evil.example\\@{host}{path}"),
        format!("https://evil.example%2F@{host}{path}"),
        format!("{scheme}://sub.{host}{path}"),
        "//evil.example/callback".to_owned(),
        "/\\evil.example/callback".to_owned(),
        "javascript:alert(1)//".to_owned(),
        "data:text/html,hello".to_owned(),
        format!("{uri}\r\nLocation: https://evil.example/"),
    ]
}

pub(super) async fn never_to_an_invalid_one(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    all_refused(judge, client, &elsewhere(first_uri(client))).await
}

pub(super) async fn told_in_words(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let request = Judge::request(client).with("redirect_uri", EVIL);
    let page = error_page(&mut judge.browser(), &request, "a bad redirect URI").await?;
    let media_type = page.answer.header(&CONTENT_TYPE).to_ascii_lowercase();
    let words = page.html.text.split_whitespace().count();
    page.answer.demand_or(
        media_type.starts_with("text/html") && words >= 5,
        "an HTML page that says in words what is wrong",
        format!("{media_type} with {words} words"),
    )
}

pub(super) async fn unknown_client(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let mut browser = familiar(judge, client).await?;
    let request = Judge::request(client);
    let unknown = request.clone().with("client_id", "no-such-client-4711");
    error_page(&mut browser, &unknown, "an unknown client").await?;
    let none = request.without("client_id");
    error_page(&mut browser, &none, "no client_id").await?;
    Ok(())
}

pub(super) async fn no_open_redirect(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let evil = Judge::request(client).with("redirect_uri", EVIL);
    let faulty = [
        evil.clone().with("prompt", "none"),
        evil.clone().with("response_type", "no-such-type-4711"),
        evil.clone().without("response_type"),
        evil.clone().with("scope", "no-such-scope-4711"),
        evil.clone().with("response_mode", "fragment"),
        evil.clone().with("response_mode", "form_post"),
        evil.clone().also("scope", "twice"),
        evil.without_pkce(),
    ];
    for mut browser in [judge.browser(), familiar(judge, client).await?] {
        for request in &faulty {
            let when = "a bad redirect URI and another fault";
            error_page(&mut browser, request, when).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_variant_is_the_redirect_uri_itself() {
        let uri = "https://site.example/a/callback";
        for variant in nearly(uri).iter().chain(&elsewhere(uri)) {
            assert_ne!(variant, uri);
        }
        assert!(nearly(uri).contains(&"https://site.example/a/%63allback".to_owned()));
    }
}
