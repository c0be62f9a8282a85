//! The demo application of a development set-up: the whole flow from the link that `serve` prints, and what it believes.

use std::fs;

use countersign_tests::{Answer, Browser, Home, Kind, Server, TestUser};

use crate::web::page_of;

/// Goes where the answer leads, which is a place of this very server.
fn follow(server: &Server, browser: &mut Browser<'_>, answer: &Answer) -> Answer {
    assert_eq!(answer.status, 303, "{}", answer.text());
    let location = answer.header("location");
    let path = location.strip_prefix(server.origin()).unwrap_or(&location);
    browser.send(server.call("GET", path))
}

/// The link on a page with this text behind its path.
fn link(server: &Server, answer: &Answer, text: &str) -> String {
    let page = answer.page();
    let links = page.named("a").into_iter();
    let mut links = links.filter_map(|link| link.attribute("href"));
    let link = links.find(|link| link.contains(text)).expect("a link");
    link.strip_prefix(server.origin())
        .unwrap_or(link)
        .to_owned()
}

#[test]
fn a_newcomer_signs_in_sees_tokens_and_signs_out() {
    let home = Home::empty();
    let server = home.serve();
    let password = fs::read_to_string(home.data_dir().join("demo-user.password")).unwrap();
    let user = TestUser::new("demo", password.trim());
    let mut browser = server.browser();
    let welcome = browser.get("/demo");
    let start = link(&server, &welcome, "/demo/start");
    let asked = browser.get(&start);
    let answer = follow(&server, &mut browser, &asked);
    let sign_in = page_of(&answer, Kind::SignIn, "a newcomer");
    let answer = browser.sign_in(&sign_in, &user);
    let consent = page_of(&answer, Kind::Consent, "a newcomer");
    assert!(
        consent.text.contains("Demo application"),
        "{}",
        consent.text
    );
    let answer = browser.press(&consent, "allow");
    let tokens = follow(&server, &mut browser, &answer);
    assert_eq!(tokens.status, 200, "{}", tokens.text());
    let text = tokens.page().text;
    for told in ["\"sub\"", "Demo User", "demo@example.com", "cs_rt_"] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert_eq!(tokens.header("cache-control"), "no-store");
    // The answer a second time: the code was used.
    let again = follow(&server, &mut browser, &answer);
    assert_eq!(again.status, 400);
    assert!(
        again.text().contains("has not begun here"),
        "{}",
        again.text()
    );
    let out = browser.get(&link(&server, &tokens, "/logout"));
    let home_again = follow(&server, &mut browser, &out);
    assert_eq!(home_again.text(), welcome.text());
    assert_eq!(browser.cookies.session(), None);
}

#[test]
fn rfc6749_10_12_it_believes_only_the_answer_that_it_has_asked_for() {
    let home = Home::empty();
    let server = home.serve();
    let mut browser = server.browser();
    let state = |browser: &mut Browser<'_>| {
        let location = browser.get("/demo/start?prompt=none").header("location");
        let (_, query) = location.split_once('?').unwrap();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(name, _)| name == "state")
            .unwrap()
            .1
            .into_owned()
    };
    let issuer = &server.issuer;
    for (query, expected) in [
        (
            format!("state=STATE&iss={issuer}&code=cs_ac_x"),
            "invalid_grant",
        ),
        (format!("state=x&iss={issuer}&code=cs_ac_x"), "state"),
        (format!("iss={issuer}&code=cs_ac_x"), "state"),
        ("state=STATE&code=cs_ac_x".to_owned(), "issuer"),
        (
            "state=STATE&iss=https://evil.example&code=x".to_owned(),
            "issuer",
        ),
        (format!("state=STATE&iss={issuer}"), "neither"),
        (
            format!("state=STATE&iss={issuer}&error=<script>&error_description=</p>"),
            "<script>: </p>",
        ),
        (
            format!("state=STATE&state=STATE&iss={issuer}&code=x"),
            "more than once",
        ),
        (String::new(), "state"),
    ] {
        let query = query.replace("STATE", &state(&mut browser));
        let answer = browser.get(&format!("/demo/callback?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        let page = answer.page();
        assert!(page.text.contains(expected), "{query}: {}", page.text);
        assert!(page.named("script").is_empty(), "{query}");
    }
    let mut stranger = server.browser();
    let state = state(&mut browser);
    let answer = stranger.get(&format!("/demo/callback?state={state}&iss={issuer}&code=x"));
    assert!(
        answer.text().contains("has not begun here"),
        "{}",
        answer.text()
    );
}

/// RULES O3.
#[test]
fn rule_o3_there_is_no_demo_in_production() {
    let home = Home::with_keys();
    let server = home.serve_with(&["--issuer", "https://login.example.com"], &[]);
    for path in ["/demo", "/demo/start", "/demo/callback"] {
        assert_eq!(
            server.get(path).refusal(),
            (404, "not_found".into()),
            "{path}"
        );
    }
    assert_eq!(home.json(&["client", "list"]), serde_json::json!([]));
    assert_eq!(home.json(&["user", "list"]), serde_json::json!([]));
}
