//! What others have written never becomes markup on a page, and never a header (attack class 7).

use countersign_tests::{Browser, Kind, Mode, Page, REDIRECT_URI, Request, TestUser};

use crate::web::{Web, assert_error_page, assert_leads_nowhere, page_of};

/// Texts that would be markup, attributes, entities, or headers.
const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "\" autofocus onfocus=\"alert(1)",
    "' onclick='alert(1)",
    "</form><form action=https://evil.example>",
    "</title></style></textarea><svg onload=alert(1)>",
    "<!--",
    "&lt;script&gt;&quot;&#34;&amp;",
    "{{7*7}}${7*7}<%= 7*7 %>{% x %}",
    "javascript:alert(1)//",
    "\u{202e}\u{ff1c}script\u{ff1e}",
];

/// The names of the elements of a page, in their order: what an injection would change.
fn shape(page: &Page) -> Vec<String> {
    page.elements.iter().map(|one| one.name.clone()).collect()
}

/// The page for a request.
fn shown(browser: &mut Browser<'_>, request: &Request, kind: Kind) -> Page {
    let answer = browser.authorize(request);
    let page = page_of(&answer, kind, "a page");
    assert_leads_nowhere(&page, "a page");
    page
}

#[test]
fn cve_2024_21637_attack_7_a_hostile_state_stays_a_value_in_every_mode() {
    let web = Web::new();
    let mut browser = web.signed_in();
    for (mode, name) in [
        (Mode::Query, "query"),
        (Mode::Fragment, "fragment"),
        (Mode::FormPost, "form_post"),
    ] {
        let request = Request::of("web").with("response_mode", name);
        let faulty = request.clone().with("scope", "nothing");
        let plain = browser.authorize(&request);
        let more = [
            "a\r\nSet-Cookie: x=y",
            "a\r\n\r\n<script>alert(1)</script>",
            "#&=?%00%0d%0a+ ",
            "\0",
            "&code=evil&iss=https://evil.example",
        ];
        // HTML has no NUL: a browser puts another character in its place.
        let in_page = mode == Mode::FormPost;
        let states = HOSTILE.iter().chain(&more);
        for state in states.filter(|state| !in_page || !state.contains('\0')) {
            let what = format!("{name} {state:?}");
            for (request, is_good) in [(&request, true), (&faulty, false)] {
                let answer = browser.authorize(&request.clone().with("state", state));
                let response = answer.response();
                assert_eq!(response.get("state"), *state, "{what}");
                assert_eq!(response.mode, mode, "{what}");
                assert_eq!(response.redirect_uri, REDIRECT_URI, "{what}");
                assert_eq!(response.get("iss"), web.server.issuer, "{what}");
                if is_good {
                    let _ = response.code();
                } else {
                    assert_eq!(response.error(), "invalid_scope", "{what}");
                }
                assert_eq!(answer.header("set-cookie"), "", "{what}");
                if mode == Mode::FormPost {
                    let page = answer.page();
                    assert_eq!(page.forms.len(), 1, "{what}");
                    let fields = page.form().fields().len();
                    assert_eq!(fields, response.parameters.len(), "{what}");
                    if is_good {
                        assert_eq!(shape(&page), shape(&plain.page()), "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn attack_7_the_name_of_a_client_is_text_on_every_page() {
    let web = Web::with(&["--name", "The shop"], &[]);
    let alice = &web.user;
    let change = |name: &str| {
        let _ = web.home.json(&["client", "update", "web", "--name", name]);
    };
    // The pages on which it stands: who are you, do you agree, is it still you.
    let look = |name: &str| {
        let request = Request::of("web").with("prompt", "consent");
        let mut browser = web.server.browser();
        let known = || {
            let page = browser.clone().authorize(&request).page();
            page.text.contains(&words(name)).then_some(())
        };
        let known = countersign_tests::eventually(countersign_tests::SECOND, known);
        assert_eq!(known, Some(()), "{name} is not shown");
        let sign_in = shown(&mut browser, &request, Kind::SignIn);
        let answer = browser.sign_in(&sign_in, alice);
        let consent = page_of(&answer, Kind::Consent, name);
        let request = Request::of("web").with("prompt", "select_account");
        let select = shown(&mut browser, &request, Kind::SelectAccount);
        let pages = [sign_in, consent, select];
        for page in &pages {
            assert!(page.text.contains(&words(name)), "{name}: {}", page.text);
            assert_leads_nowhere(page, name);
        }
        pages.map(|page| shape(&page))
    };
    let plain = look("The shop");
    // One that closes what it stands in, one that is an entity: each sign-in costs a hash.
    for name in [HOSTILE[6], HOSTILE[8]] {
        change(name);
        assert_eq!(look(name), plain, "{name}");
    }
}

/// As a page tells its words: with single spaces.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn attack_7_what_is_typed_in_stays_a_value() {
    let web = Web::new();
    let mut browser = web.server.browser();
    let plain = shown(&mut browser, &Request::of("web"), Kind::SignIn);
    for hint in HOSTILE {
        let request = Request::of("web").with("login_hint", hint);
        let page = shown(&mut browser, &request, Kind::SignIn);
        assert_eq!(page.form().field("username").as_deref(), Some(hint));
        assert_eq!(shape(&page), shape(&plain), "{hint}");
    }
    // What was typed as a name comes back on the page that says that it was wrong.
    let wrong = |name: &str| TestUser::new(name, "wrong");
    let first = browser.sign_in(&plain, &wrong("nobody"));
    let first = page_of(&first, Kind::SignIn, "nobody");
    for name in [HOSTILE[1], HOSTILE[3], HOSTILE[6]] {
        let answer = browser.sign_in(&plain, &wrong(name));
        let page = page_of(&answer, Kind::SignIn, name);
        assert_eq!(page.form().field("username").as_deref(), Some(name));
        assert_eq!(shape(&page), shape(&first), "{name}");
        assert_leads_nowhere(&page, name);
    }
}

#[test]
fn attack_7_an_error_page_repeats_nothing_of_the_request() {
    let web = Web::new();
    let mut browser = web.server.browser();
    let marked = "mArk-7261";
    for text in HOSTILE {
        let marked = format!("{text}{marked}");
        for request in [
            Request::of(&marked),
            Request::of("web").with("redirect_uri", &marked),
            Request::of("web").and("client_id", &marked),
            Request::of("web")
                .with("redirect_uri", "x")
                .with("state", &marked),
            Request::of("web")
                .with("redirect_uri", "x")
                .and(&marked, "x"),
        ] {
            let answer = browser.authorize(&request);
            assert_error_page(&answer, 400, text);
            assert!(!answer.text().contains("mArk-7261"), "{}", answer.text());
        }
    }
    // The name of a parameter that is given twice is told, as text.
    let repeated = format!("<script>{marked}</script>");
    let request = Request::of("web").and(&repeated, "1").and(&repeated, "2");
    let answer = browser.authorize(&request);
    let response = answer.response();
    assert_eq!(response.error(), "invalid_request");
    let query = format!("/logout?{0}=1&{0}=2", "%3Cscript%3E");
    let answer = browser.get(&query);
    assert_error_page(&answer, 400, &query);
}
