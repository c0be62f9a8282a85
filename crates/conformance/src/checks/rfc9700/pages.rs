//! RFC 9700 §2.6, §4.2, §4.12 and §4.16: pages that tell nobody anything, and that nobody can frame.

use reqwest::header::{ACCESS_CONTROL_ALLOW_ORIGIN, LOCATION, ORIGIN, REFERRER_POLICY};
use url::Url;

use crate::browser::{Kind, Page};
use crate::checks::rfc6749::pages::{
    each_kind, forbids_frames_by_option, forbids_frames_by_policy,
};
use crate::finding::Verdict;
use crate::http::Call;
use crate::judge::{Endpoint, Judge};
use crate::role::Role;

pub(super) async fn no_cors(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let url = judge.url(Endpoint::Authorization)?;
    let request = Judge::request(client);
    let mut browser = judge.browser();
    browser.code(&request).await?;
    for origin in ["https://evil.example", "null"] {
        let call = Call::get(&url)
            .query(&request.pairs())
            .header(ORIGIN, origin);
        let fresh = judge.browser().send(call.clone()).await?;
        let known = browser.send(call).await?;
        for answer in [fresh, known] {
            let allowed = answer.header(&ACCESS_CONTROL_ALLOW_ORIGIN);
            let expected = "no Access-Control-Allow-Origin at the authorization endpoint";
            answer.demand_or(allowed.is_empty(), expected, allowed)?;
        }
    }
    Ok(())
}

/// Attributes that make a browser fetch something.
const FETCHES: [&str; 4] = ["src", "srcset", "data", "poster"];

/// Where a page makes a browser fetch something from.
fn fetched(page: &Page) -> impl Iterator<Item = Url> {
    page.html.elements.iter().flat_map(|element| {
        let attributes = FETCHES.iter().filter_map(|name| element.attribute(name));
        let links = element.attribute("href").filter(|_| element.name == "link");
        attributes
            .chain(links)
            .filter_map(|address| page.url.join(address).ok())
    })
}

pub(super) async fn no_referrer(judge: &Judge) -> Verdict {
    for (what, page) in each_kind(judge).await? {
        let policy = page.answer.header(&REFERRER_POLICY).to_ascii_lowercase();
        let last = policy.rsplit(',').next().unwrap_or_default().trim();
        let holds = matches!(last, "no-referrer" | "same-origin");
        let expected = format!("Referrer-Policy no-referrer or same-origin on {what}");
        page.answer.demand_or(holds, expected, &*policy)?;
        let mut fetched = fetched(&page);
        let foreign = fetched.find(|url| url.has_host() && url.origin() != page.url.origin());
        let saw = foreign.as_ref().map_or("", Url::as_str);
        let expected = format!("nothing of another origin on {what}");
        page.answer.demand_or(foreign.is_none(), expected, saw)?;
    }
    Ok(())
}

pub(super) async fn credentials_are_not_sent_on(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let user = judge.user()?;
    // With consent given before, the answer to the password may well be the redirect to the client.
    judge.browser().code(&Judge::request(client)).await?;
    let mut browser = judge.browser();
    let stop = browser.ask(&Judge::request(client)).await?;
    let page = stop.page()?.of(Kind::SignIn)?;
    let call = browser.credentials(&page, user)?;
    let answer = browser.send(call).await?;
    let expected = "the answer to a sign-in form: 303, or at least not 307 or 308";
    let to = answer.header(&LOCATION);
    let resends = matches!(answer.status, 307 | 308) && !to.is_empty();
    answer.demand_or(!resends, expected, answer.summary())
}

pub(super) async fn not_framed(judge: &Judge) -> Verdict {
    for (what, page) in each_kind(judge).await? {
        let answer = &page.answer;
        let expected = format!("frame-ancestors 'none' in the policy of {what}");
        answer.demand_or(forbids_frames_by_policy(answer), expected, "not there")?;
        let expected = format!("X-Frame-Options on {what}, for older browsers");
        answer.demand_or(forbids_frames_by_option(answer), expected, "not there")?;
    }
    Ok(())
}
