//! RFC 6749 §10.12 to §10.14: pages that nobody else can work, frame, or write into.

use reqwest::header::{CONTENT_SECURITY_POLICY, SET_COOKIE, X_FRAME_OPTIONS};

use super::redirect_uris::EVIL;
use crate::authorization::AtConsent;
use crate::browser::{Browser, Kind, Page, Stop};
use crate::finding::{Finding, Verdict};
use crate::http::Answer;
use crate::judge::Judge;
use crate::role::Role;

/// An element that no page has by itself.
const MARK: &str = "judge4711";

/// Fails if a form that was sent by somebody else brought anything to the client.
fn brings_nothing(stop: &Stop, when: &str) -> Verdict {
    let given = matches!(stop, Stop::Response(response) if response.gives_anything());
    let expected = format!("{when}: refused, or asked again");
    stop.answer().demand_or(!given, expected, stop.summary())
}

/// Fails if a forged sign-in form brought anything, or signed somebody in, who is then asked for more.
fn signs_nobody_in(stop: &Stop, when: &str) -> Verdict {
    brings_nothing(stop, when)?;
    let signed_in = matches!(
        stop,
        Stop::Page(page) if matches!(page.kind, Kind::Consent | Kind::SelectAccount)
    );
    let expected = format!("{when}: refused, or asked again");
    stop.answer()
        .demand_or(!signed_in, expected, stop.summary())
}

pub(super) async fn forged_posts(judge: &Judge) -> Verdict {
    forged_sign_in(judge).await?;
    forged_consent(judge).await
}

/// The sign-in form of one browser, sent by another one, and without what was hidden in it.
async fn forged_sign_in(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let user = judge.user()?;
    let mut browser = judge.browser();
    let stop = browser.ask(&Judge::request(client)).await?;
    let page = stop.page()?.of(Kind::SignIn)?;
    let by_another = judge.browser().sign_in(&page, user).await?;
    signs_nobody_in(&by_another, "the sign-in form of another browser")?;
    let pages = &judge.target.pages;
    let (username, password) = user.credentials();
    let visible = [
        (&pages.username_field, username),
        (&pages.password_field, password),
    ];
    let visible = visible.map(|(name, value)| (name.clone(), value.to_owned()));
    let bare = judge
        .browser()
        .open(Browser::submission(&page, &visible)?)
        .await?;
    signs_nobody_in(&bare, "a sign-in form made up elsewhere")?;
    let own = browser.sign_in(&page, user).await?;
    let holds = !matches!(&own, Stop::Page(page) if page.kind == Kind::SignIn);
    let expected = "the form works in its own browser";
    own.answer().demand_or(holds, expected, own.summary())
}

async fn forged_consent(judge: &Judge) -> Verdict {
    let AtConsent {
        mut browser, page, ..
    } = match judge.at_consent(Role::Web).await {
        Err(Finding::Skipped(_)) => return Ok(()),
        other => other?,
    };
    // Who is signed in there as well, so that nothing but the form is foreign.
    let mut another = judge.at_consent(Role::Web).await?.browser;
    let by_another = another.consent(&page, true).await?;
    brings_nothing(&by_another, "the consent form of another browser")?;
    let pages = &judge.target.pages;
    let visible = [(pages.consent_field.clone(), pages.allow.clone())];
    let bare = browser.open(Browser::submission(&page, &visible)?).await?;
    brings_nothing(&bare, "a consent form without what was hidden in it")
}

/// A page of each kind that can be come by: sign-in, error, and consent where it is asked for.
pub(in crate::checks) async fn each_kind(
    judge: &Judge,
) -> Result<Vec<(&'static str, Page)>, Finding> {
    let client = judge.code_client(Role::Web)?;
    let request = Judge::request(client);
    let sign_in = judge.browser().ask(&request).await?.page()?;
    let bad = request.with("redirect_uri", EVIL);
    let error = judge.browser().ask(&bad).await?.page()?;
    let mut pages = vec![("the sign-in page", sign_in), ("the error page", error)];
    match judge.at_consent(Role::Web).await {
        Ok(asked) => pages.push(("the consent page", asked.page)),
        Err(Finding::Skipped(_)) => {}
        Err(failed) => return Err(failed),
    }
    Ok(pages)
}

/// Whether `X-Frame-Options` forbids frames.
pub(in crate::checks) fn forbids_frames_by_option(answer: &Answer) -> bool {
    let option = answer.header(&X_FRAME_OPTIONS).to_ascii_uppercase();
    matches!(option.as_str(), "DENY" | "SAMEORIGIN")
}

/// Whether the Content Security Policy forbids frames.
pub(in crate::checks) fn forbids_frames_by_policy(answer: &Answer) -> bool {
    let policy = answer.header(&CONTENT_SECURITY_POLICY).to_ascii_lowercase();
    let mut directives = policy.split([';', ',']).map(str::split_whitespace);
    directives.any(|mut words| {
        words.next() == Some("frame-ancestors")
            && matches!(words.collect::<Vec<_>>()[..], ["'none'" | "'self'"])
    })
}

pub(super) async fn not_framed(judge: &Judge) -> Verdict {
    for (what, page) in each_kind(judge).await? {
        let answer = &page.answer;
        let holds = forbids_frames_by_option(answer) || forbids_frames_by_policy(answer);
        let expected = format!("X-Frame-Options or frame-ancestors on {what}");
        answer.demand_or(holds, expected, "neither")?;
    }
    Ok(())
}

/// Fails if the mark became a part of the page, or if the page broke.
fn is_unhurt(page: &Page, what: &str) -> Verdict {
    let broken = page.answer.status >= 500;
    let written =
        page.html.elements.iter().any(|element| {
            element.name == MARK || element.attributes.keys().any(|name| name == MARK)
        });
    let header = page.answer.header(&SET_COOKIE).contains(MARK);
    let expected = format!("a page that shows {what} as text, or not at all");
    let saw = if broken {
        page.summary()
    } else {
        "markup of the judge".to_owned()
    };
    page.answer
        .demand_or(!broken && !written && !header, expected, saw)
}

pub(super) async fn input_is_escaped(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Web)?;
    let hostile = [
        format!("\"><{MARK}>"),
        format!("'><{MARK}>"),
        format!("\" {MARK}=\"1"),
        format!("' {MARK}='1"),
        format!("</script></title></textarea><{MARK}>"),
        format!("x\r\nSet-Cookie: {MARK}=1"),
    ];
    let names = [
        "state",
        "login_hint",
        "scope",
        "client_id",
        "redirect_uri",
        "response_type",
        "response_mode",
        "ui_locales",
        "nonce",
    ];
    for name in names {
        for value in &hostile {
            let request = Judge::openid_request(client).with(name, value);
            let stop = judge.browser().ask(&request).await?;
            if let Stop::Page(page) = stop {
                is_unhurt(&page, name)?;
            }
        }
    }
    let mut browser = judge.browser();
    let stop = browser.ask(&Judge::request(client)).await?;
    let page = stop.page()?.of(Kind::SignIn)?;
    // A wrong username is a failed sign-in, of which a server suffers only so many.
    for value in [&hostile[0], &hostile[2]] {
        let pages = &judge.target.pages;
        let filled = [
            (&*pages.username_field, value.as_str()),
            (&*pages.password_field, ""),
        ];
        let call = Browser::submission(&page, &page.form()?.filled_in(&filled))?;
        if let Stop::Page(again) = browser.open(call).await? {
            is_unhurt(&again, "the username")?;
        }
    }
    Ok(())
}
