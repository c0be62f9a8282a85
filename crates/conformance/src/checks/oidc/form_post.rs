//! OAuth 2.0 Form Post Response Mode: answers of the authorization endpoint as a form.

use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE};
use url::Url;

use crate::authorization::Request;
use crate::check::checks;
use crate::checks::oidc::flow;
use crate::client::Client;
use crate::finding::{Finding, Verdict};
use crate::html::Html;
use crate::judge::Judge;
use crate::response::{Mode, Response};
use crate::role::Role;

checks! {
    "OIDC-FormPost-01" "2" Must [OidcFormPost]
        "The answer is a page with a form that posts all parameters to the redirect URI, and none in the URL"
        => answer_is_a_form;
    "OIDC-FormPost-02" "2" Must [OidcFormPost]
        "The page with the answer must not be stored" => must_not_be_stored;
    "OIDC-FormPost-03" "2" Should [OidcFormPost]
        "The page sends its form by itself where scripts run" => sends_itself;
    "OIDC-FormPost-04" "2" Must [OidcFormPost]
        "Errors come by form_post as well" => errors_by_form;
}

const FORM_POST: (&str, &str) = ("response_mode", "form_post");

/// A client of the target, if `form_post` is advertised; else the reason to skip.
fn client(judge: &Judge) -> Result<&Client, Finding> {
    if !judge
        .metadata()?
        .lists("response_modes_supported", "form_post")
    {
        return Err(Finding::skipped("the target does not advertise form_post"));
    }
    flow::openid_client(judge, Role::Web)
}

/// A request of the client, and the page that brings a code for it.
async fn answer(judge: &Judge) -> Result<(Request, Response), Finding> {
    let request = flow::request(client(judge)?, &[FORM_POST]);
    let response = judge.browser().allow(&request).await?.response;
    is_a_form(&response)?;
    Ok((request, response))
}

fn is_a_form(response: &Response) -> Verdict {
    let holds = response.mode == Mode::FormPost;
    response.demand(holds, "a page with a form to the redirect URI")
}

async fn answer_is_a_form(judge: &Judge) -> Verdict {
    let (request, response) = answer(judge).await?;
    let page = &response.answer;
    let media_type = page.header(&CONTENT_TYPE).to_ascii_lowercase();
    let holds = page.status == 200 && media_type.starts_with("text/html");
    page.demand_or(holds, "HTTP 200 with text/html", media_type)?;
    let asked = request
        .get("redirect_uri")
        .and_then(|uri| Url::parse(uri).ok());
    let exact = asked.as_ref() == Some(&response.url);
    let expected = "a form whose action is the redirect URI, as it was sent";
    page.demand_or(exact, expected, response.url.as_str())?;
    let same = response.get("state") == request.get("state");
    response.demand(same, "the state as it was sent")?;
    let code = flow::code(request, response)?;
    flow::redeem(judge, client(judge)?, &code).await.map(|_| ())
}

async fn must_not_be_stored(judge: &Judge) -> Verdict {
    let page = answer(judge).await?.1.answer;
    let holds = page.header_has(&CACHE_CONTROL, "no-store");
    page.demand_or(
        holds,
        "Cache-Control: no-store",
        page.header(&CACHE_CONTROL),
    )
}

async fn sends_itself(judge: &Judge) -> Verdict {
    let page = answer(judge).await?.1.answer;
    let elements = Html::read(&page.body).elements;
    let mut elements = elements.iter();
    let runs = elements.any(|one| one.name == "script" || one.attribute("onload").is_some());
    page.demand_or(runs, "a script that submits the form", "none")
}

async fn errors_by_form(judge: &Judge) -> Verdict {
    let request = flow::request(client(judge)?, &[FORM_POST, ("prompt", "none")]);
    let response = judge.browser().ask(&request).await?.response()?;
    is_a_form(&response)?;
    response.refused(&flow::MUST_ASK, "prompt=none without a session")?;
    let same = response.get("state") == request.get("state");
    response.demand(same, "the state as it was sent")
}
