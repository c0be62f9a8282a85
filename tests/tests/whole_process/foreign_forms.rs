//! A form counts for the browser, the page and the request that it was shown for, and for nothing else: attack classes 13
//! and 16.

use countersign_tests::{Answer, Browser, Call, Cookies, Kind, Page, Request, TestUser};

use crate::web::{BYE, Web, assert_error_page, page_of};

/// What a form can come with that shows that another site has sent it.
const FOREIGN: [(&str, &str); 6] = [
    ("origin", "https://evil.example"),
    ("origin", "null"),
    ("origin", "http://localhost.evil.example"),
    ("origin", "http://localhost:1"),
    ("origin", "https://localhost"),
    ("origin", ""),
];

/// The same form, without any header of a browser.
fn bare(web: &Web, page: &Page, fields: &[(&str, &str)], button: Option<&str>) -> Call {
    let form = page.form();
    let fields = form.filled_in(fields, button);
    let fields: Vec<_> = fields.iter().map(|(n, v)| (&**n, &**v)).collect();
    web.server.post(&form.action).form(&fields)
}

/// A form that was shown to `owner` is refused from elsewhere; in the end `owner` sends it, with this result.
fn assert_bound(
    web: &Web,
    owner: &mut Browser<'_>,
    page: &Page,
    fields: &[(&str, &str)],
    button: Option<&str>,
) -> Answer {
    let call = || bare(web, page, fields, button);
    for (name, value) in FOREIGN {
        let answer = owner.clone().send(call().header(name, value));
        assert_error_page(&answer, 403, &format!("{name}: {value}"));
    }
    for site in ["cross-site", "same-site"] {
        let call = call().header("origin", web.server.origin());
        let answer = owner.clone().send(call.header("sec-fetch-site", site));
        assert_error_page(&answer, 403, site);
    }
    let mut stranger = web.server.browser();
    let _ = stranger.authorize(&Request::of("web"));
    let strangers = stranger.cookies.clone();
    let mut swapped = owner.cookies.clone();
    swapped.set(
        "countersign_browser",
        strangers.browser().expect("it was given one"),
    );
    let session = owner.cookies.session().unwrap_or("x").to_owned();
    let mut mixed = owner.cookies.without_browser();
    mixed.set("countersign_browser", &session);
    for (what, cookies) in [
        ("cookies off", Cookies::default()),
        ("another browser", strangers),
        ("the session alone", owner.cookies.without_browser()),
        ("the session, in another browser", swapped),
        ("one cookie in the place of the other", mixed),
    ] {
        let mut browser = web.server.browser_with(cookies);
        let call = call().header("origin", web.server.origin());
        assert_error_page(&browser.send(call), 403, what);
    }
    let ticket = page.ticket();
    let origin = web.server.origin();
    let path = &page.form().action;
    let damaged = damage(&ticket);
    // Whole groups of base64url.
    let half = &ticket[..ticket.len() / 8 * 4];
    for (what, body, status) in [
        ("no ticket", "x=1".to_owned(), 400),
        ("an empty ticket", "ticket=".to_owned(), 400),
        ("no ticket at all", "ticket=x".to_owned(), 400),
        (
            "two tickets",
            format!("ticket={ticket}&ticket={ticket}"),
            400,
        ),
        ("half a ticket", format!("ticket={half}"), 403),
        ("a damaged ticket", format!("ticket={damaged}"), 403),
    ] {
        let body = format!("{body}&decision=allow&account=current&username=x&password=x");
        let call = web.server.post(path).header("origin", origin);
        let answer = owner.clone().send(call.form_bytes(body));
        assert_error_page(&answer, status, what);
    }
    owner.send(call().header("origin", origin))
}

/// The text with one character near its end changed.
fn damage(ticket: &str) -> String {
    let (begin, end) = ticket.split_at(ticket.len() - 9);
    let other = if end.starts_with('A') { 'B' } else { 'A' };
    format!("{begin}{other}{}", &end[1..])
}

#[test]
fn cve_2022_39222_cve_2020_10734_cve_2017_12159_attack_13_16_forms_are_bound_to_browser_and_request()
 {
    let web = Web::new();
    let mut browser = web.server.browser();
    let request = Request::of("web").with("prompt", "select_account consent");
    let sign_in = page_of(&browser.authorize(&request), Kind::SignIn, "anonymous");
    let credentials = [
        ("username", &*web.user.name),
        ("password", &*web.user.password),
    ];
    let answer = assert_bound(&web, &mut browser, &sign_in, &credentials, None);
    let consent = page_of(&answer, Kind::Consent, "signed in");
    assert!(browser.cookies.session().is_some());
    let answer = assert_bound(&web, &mut browser, &consent, &[], Some("allow"));
    let _ = answer.response().code();
    assert_eq!(web.grants(), 1, "one, by the one good form");

    let select = page_of(
        &browser.authorize(&request),
        Kind::SelectAccount,
        "signed in",
    );
    let answer = assert_bound(&web, &mut browser, &select, &[], Some("current"));
    page_of(&answer, Kind::Consent, "the same account");

    let confirm = page_of(&browser.get("/logout"), Kind::ConfirmSignOut, "no hint");
    let answer = assert_bound(&web, &mut browser, &confirm, &[], Some("sign_out"));
    assert_eq!(answer.kind(), Kind::Message, "{}", answer.text());
    assert_eq!(browser.cookies.session(), None);

    // The ticket of one page is none for another.
    let mut browser = web.signed_in();
    let pages = [
        browser.authorize(&Request::of("web").with("prompt", "login")),
        browser.authorize(&Request::of("web").with("prompt", "select_account")),
        browser.authorize(&Request::of("web").with("prompt", "consent")),
        browser.get("/logout"),
    ]
    .map(|answer| answer.page());
    for page in &pages {
        for other in &pages {
            let (action, ticket) = (&page.form().action, other.ticket());
            if action == &other.form().action {
                continue;
            }
            for decision in ["allow", "sign_out"] {
                let call = web.server.post(action).form(&[
                    ("ticket", &*ticket),
                    ("username", &*web.user.name),
                    ("password", &*web.user.password),
                    ("account", "current"),
                    ("decision", decision),
                ]);
                let what = format!("{} at {action}", other.form().action);
                let call = call.header("origin", web.server.origin());
                assert_error_page(&browser.send(call), 403, &what);
            }
        }
    }
    assert!(web.is_signed_in(&browser));
}

/// What stands beside the ticket changes nothing: the request is in it.
#[test]
fn cve_2022_39222_attack_13_what_was_shown_is_what_is_agreed_to() {
    let web = Web::new();
    let thief = web
        .home
        .add_web_client("thief", &["--redirect-uri", "https://evil.example/cb"]);
    let mut browser = web.signed_in();
    let request = Request::of("web").with("scope", "openid read");
    let page = page_of(&browser.authorize(&request), Kind::Consent, "more");
    let more = [
        ("ticket", &*page.ticket()),
        ("decision", "allow"),
        ("client_id", "thief"),
        ("redirect_uri", "https://evil.example/cb"),
        ("scope", "openid read write offline_access"),
        ("state", "evil"),
        ("response_mode", "fragment"),
        (
            "code_challenge",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ),
    ];
    let call = web.server.post("/consent").form(&more);
    let answer = browser.send(call.header("origin", web.server.origin()));
    let response = answer.response();
    assert_eq!(response.redirect_uri, countersign_tests::REDIRECT_URI);
    assert_eq!(response.get("state"), "a state");
    let code = response.code();
    assert_eq!(
        web.server.redeem(&thief, &code).refusal().1,
        "invalid_grant"
    );
    let tokens = web.server.redeem(&web.client, &code);
    assert_eq!(tokens.json()["scope"], "openid read");
}

/// RFC 6749 §10.12: whoever signs out signs out of this browser only, and by a page of ours.
#[test]
fn attack_16_nobody_is_signed_out_by_another_site() {
    let web = Web::new();
    let mut browser = web.signed_in();
    let bob = web.home.add_user("bob");
    let mut bobs = web.server.browser();
    let code = bobs.go(&Request::of("web"), &bob).code();
    let bobs_hint = web.server.redeem(&web.client, &code).id_token();
    // What an image, a link or a form of another site can send.
    let then = format!("client_id=web&post_logout_redirect_uri={BYE}");
    for query in [
        String::new(),
        then.clone(),
        format!("id_token_hint={bobs_hint}&{then}"),
    ] {
        let answer = browser.get(&format!("/logout?{query}"));
        assert_eq!(answer.kind(), Kind::ConfirmSignOut, "{query}");
        let post = web
            .server
            .post("/logout")
            .header("origin", "https://evil.example");
        let answer = browser.send(post.form_bytes(query.clone()));
        assert_eq!(answer.kind(), Kind::ConfirmSignOut, "POST {query}");
        assert!(web.is_signed_in(&browser));
    }
    let stranger = TestUser::new("nobody", "x");
    let page = web.server.browser().authorize(&Request::of("web")).page();
    let answer = browser.clone().sign_in(&page, &stranger);
    assert_error_page(&answer, 403, "the ticket of another browser");
    assert!(web.is_signed_in(&bobs) && web.is_signed_in(&browser));
}
