//! OpenID Connect Core §3.1.2.1: what an authentication request may say.

use reqwest::header::LOCATION;

use crate::authorization::Request;
use crate::browser::{Kind, Policy};
use crate::check::checks;
use crate::checks::oidc::flow::{self, Session};
use crate::client::Client;
use crate::finding::{Finding, Verdict, together};
use crate::judge::{Issued, Judge};
use crate::role::Role;

checks! {
    "OIDC-Core-07" "3.1.2.1" Must [OidcBasic]
        "An authentication request may come by GET and by POST" => get_and_post;
    "OIDC-Core-08" "3.1.2.1" Must [OidcBasic]
        "A request without the scope openid brings no ID token" => without_openid;
    "OIDC-Core-09" "3.1.2.1" Must [OidcBasic]
        "A request without redirect_uri, or with one that is not registered exactly, gets an error page"
        => redirect_uri;
    "OIDC-Core-21" "3.1.2.6" Must [OidcBasic]
        "request, request_uri and registration are refused by their own errors where they are not supported"
        => unsupported_parameters;
    "OIDC-Core-42" "6.1" Must [OidcBasic]
        "A request with both request and request_uri is refused" => request_and_request_uri;
    "OIDC-Core-58" "15.1" Must [OidcBasic]
        "display, ui_locales, claims_locales, acr_values and login_hint never make a request fail"
        => harmless_parameters;
}

/// A request object that says nothing, unsigned.
const REQUEST_OBJECT: &str = "eyJhbGciOiJub25lIn0.e30.";
const REQUEST_URI: &str = "https://client.example/request.jwt#1";

async fn get_and_post(judge: &Judge) -> Verdict {
    let client = flow::openid_client(judge, Role::Web)?;
    judge.browser().code(&flow::request(client, &[])).await?;
    let request = flow::request(client, &[]);
    let mut browser = judge.browser();
    let stop = browser.ask_by_post(&request).await?;
    let visit = browser.finish(stop, &Policy::allow(judge.user()?)).await?;
    visit.response.code().map(|_| ())
}

async fn without_openid(judge: &Judge) -> Verdict {
    let client = flow::openid_client(judge, Role::Web)?;
    let Some(scope) = client.plain_scopes().next() else {
        let why = "[clients.web] has no scope besides those of OpenID Connect";
        return Err(Finding::skipped(why));
    };
    let request = flow::request(client, &[("scope", scope)]);
    let Issued { answer, .. } = judge.sign_in(client, &request).await?;
    let none = answer.text("id_token").is_none();
    answer.demand_or(none, "no ID token, since openid was not asked for", "one")
}

/// A client that registered one redirect URI only, so that it would be no riddle which one is meant.
fn client_of_one_uri(judge: &Judge) -> Result<&Client, Finding> {
    let roles = [
        Role::Second,
        Role::OptionalPkce,
        Role::FirstParty,
        Role::Web,
    ];
    let mut clients = roles
        .iter()
        .filter_map(|role| flow::openid_client(judge, *role).ok());
    let sole = clients.find(|client| client.redirect_uris.len() == 1);
    sole.map_or_else(|| flow::openid_client(judge, Role::Web), Ok)
}

async fn gets_an_error_page(judge: &Judge, request: &Request, when: &str) -> Verdict {
    let page = judge.browser().ask(request).await?.page()?;
    let holds = page.kind == Kind::Other && page.answer.is_client_error();
    let stays = page.answer.header(&LOCATION).is_empty();
    let expected = format!("{when}: an error page with 4xx");
    page.answer
        .demand_or(holds && stays, expected, page.summary())
}

async fn redirect_uri(judge: &Judge) -> Verdict {
    let client = client_of_one_uri(judge)?;
    let request = flow::request(client, &[]).without("redirect_uri");
    gets_an_error_page(judge, &request, "no redirect_uri").await?;
    let registered = client.redirect_uris.first().map_or("", String::as_str);
    let behind = if registered.contains('?') {
        "&x=1"
    } else {
        "?x=1"
    };
    for altered in [format!("{registered}{behind}"), format!("{registered}/x")] {
        let request = flow::request(client, &[("redirect_uri", &altered)]);
        gets_an_error_page(judge, &request, &altered).await?;
    }
    Ok(())
}

/// Fails unless a request with these parameters is refused by one of these errors, at the client.
async fn is_refused(judge: &Judge, more: &[(&str, &str)], errors: &[&str]) -> Verdict {
    let client = flow::openid_client(judge, Role::Web)?;
    let visit = judge.browser().allow(&flow::request(client, more)).await?;
    let names: Vec<_> = more.iter().map(|(name, _)| *name).collect();
    visit.response.refused(errors, &names.join(" with "))
}

async fn unsupported_parameters(judge: &Judge) -> Verdict {
    let off = |member: &str, default: bool| {
        let members = judge.metadata()?.members();
        let supported = members
            .get(member)
            .map_or(Some(default), serde_json::Value::as_bool);
        if supported == Some(true) {
            return Err(Finding::skipped(format!(
                "the target says {member}, or the standard does"
            )));
        }
        Ok(())
    };
    // OpenID Connect Discovery §3: what is meant where the metadata is silent.
    let table = [
        (
            "request",
            REQUEST_OBJECT,
            off("request_parameter_supported", false),
        ),
        (
            "request_uri",
            REQUEST_URI,
            off("request_uri_parameter_supported", true),
        ),
        ("registration", "{}", Ok(())),
    ];
    let mut parts = Vec::new();
    for (name, value, off) in table {
        parts.push(match off {
            Ok(()) => {
                is_refused(judge, &[(name, value)], &[&format!("{name}_not_supported")]).await
            }
            Err(reason) => Err(reason),
        });
    }
    together(parts)
}

async fn request_and_request_uri(judge: &Judge) -> Verdict {
    let both = [("request", REQUEST_OBJECT), ("request_uri", REQUEST_URI)];
    let errors = [
        "invalid_request",
        "request_not_supported",
        "request_uri_not_supported",
    ];
    is_refused(judge, &both, &errors).await
}

async fn harmless_parameters(judge: &Judge) -> Verdict {
    let mut session = Session::open(judge, Role::Web, &[]).await?;
    for (name, value) in [
        ("display", "page"),
        ("display", "popup"),
        ("display", "touch"),
        ("display", "wap"),
        ("ui_locales", "se fr-CA x-nobody"),
        ("claims_locales", "se"),
        ("acr_values", "1 2 urn:example:nobody"),
        ("login_hint", "somebody@example.com"),
    ] {
        let when = format!("{name}={value}");
        let request = flow::request(session.client, &[(name, value)]);
        let page = judge.browser().ask(&request).await?.page()?;
        let expected = format!("{when}: the page to sign in");
        page.answer
            .demand_or(page.kind == Kind::SignIn, expected, page.summary())?;
        session.allow(&[(name, value)]).await?;
    }
    Ok(())
}
