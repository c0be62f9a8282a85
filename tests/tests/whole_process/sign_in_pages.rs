//! What users do with the pages: go back, press twice, open two tabs, switch cookies off, and meet changes that an operator
//! makes meanwhile. Each has a defined answer.

use std::thread;

use countersign_tests::{
    Answer, Cookies, Kind, REDIRECT_URI, Request, SECOND, TestUser, eventually, jwt,
};

use crate::web::{Web, assert_error_page, error_of, page_of};

#[test]
fn a_user_signs_in_agrees_and_comes_back() {
    let web = Web::with(&["--name", "The shop"], &[]);
    let mut browser = web.server.browser();
    let request = Request::of("web").with("scope", "openid email read");
    let sign_in = page_of(&browser.authorize(&request), Kind::SignIn, "anonymous");
    assert!(sign_in.text.contains("The shop"), "{}", sign_in.text);
    let consent = page_of(
        &browser.sign_in(&sign_in, &web.user),
        Kind::Consent,
        "first time",
    );
    for words in ["The shop", "app.example", "alice"] {
        assert!(consent.text.contains(words), "{words}: {}", consent.text);
    }
    let buttons = consent.form().buttons();
    assert_eq!(buttons.len(), 2, "{buttons:?}");
    let denied = browser.press(&consent, "deny");
    assert_eq!(error_of(&denied), "access_denied");
    let again = page_of(
        &browser.authorize(&request),
        Kind::Consent,
        "not remembered",
    );
    let response = browser.press(&again, "allow").response();
    assert_eq!(response.get("state"), "a state");
    let told = web.server.redeem(&web.client, &response.code());
    let claims = jwt::claims(&told.id_token());
    assert_eq!(claims["nonce"], "a nonce");
    assert_eq!(claims["amr"], serde_json::json!(["pwd"]));
    assert_eq!(told.json()["scope"], "openid email read");
    // Single sign-on, and a consent that is remembered.
    let _ = browser.authorize(&request).response().code();
    let more = request.with("scope", "openid profile");
    page_of(&browser.authorize(&more), Kind::Consent, "more is asked");
    let select = Request::of("web").with("prompt", "select_account");
    let select = page_of(
        &browser.authorize(&select),
        Kind::SelectAccount,
        "asked for",
    );
    assert!(select.text.contains("alice"), "{}", select.text);
    let _ = browser.press(&select, "current").response().code();
    page_of(
        &browser.press(&select, "other"),
        Kind::SignIn,
        "another account",
    );
    assert!(web.is_signed_in(&browser), "until somebody else signs in");
}

#[test]
fn a_wrong_password_gets_the_page_again() {
    let variables = [("COUNTERSIGN_THROTTLE__ACCOUNT_FAILURES", "4")];
    let web = Web::with(&[], &variables);
    let mut browser = web.server.browser();
    let mut page = browser.authorize(&Request::of("web")).page();
    let long = "x".repeat(30_000);
    for (name, password) in [
        ("alice", "wrong"),
        ("nobody", "wrong"),
        ("", ""),
        ("alice", ""),
        ("alice", &*long),
    ] {
        let answer = browser.sign_in(&page, &TestUser::new(name, password));
        assert_eq!(answer.status, 400, "{name:?}");
        let again = page_of(&answer, Kind::SignIn, name);
        assert_eq!(again.form().field("username").as_deref(), Some(name));
        assert_eq!(again.form().field("password").as_deref(), Some(""));
        assert!(!answer.text().contains("wrong\""), "{}", answer.text());
        assert_eq!(browser.cookies.session(), None);
        page = again;
    }
    // An unknown name and a wrong password look the same.
    let told = |browser: &mut countersign_tests::Browser<'_>, name: &str| {
        let answer = browser.sign_in(&page, &TestUser::new(name, "wrong"));
        (answer.status, answer.page().text)
    };
    assert_eq!(told(&mut browser, "aliceX"), told(&mut browser, "bobX"));
    let answer = eventually(SECOND, || {
        let answer = browser.sign_in(&page, &web.user.with_password("wrong"));
        (answer.status != 400).then_some(answer)
    });
    let answer = answer.expect("it is slowed down");
    assert_eq!(answer.status, 429);
    let seconds: u32 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    page_of(&answer, Kind::SignIn, "too many");
    assert_eq!(browser.cookies.session(), None);
}

#[test]
fn with_cookies_off_a_user_is_told_so_and_nothing_happens() {
    let web = Web::new();
    let page = page_of(
        &web.server.browser().authorize(&Request::of("web")),
        Kind::SignIn,
        "x",
    );
    // The browser has thrown away what it was given.
    let mut browser = web.server.browser_with(Cookies::default());
    let answer = browser.sign_in(&page, &web.user);
    assert_error_page(&answer, 403, "cookies off");
    let text = answer.page().text.to_lowercase();
    assert!(text.contains("cookies"), "{text}");
    assert_eq!(web.home.json(&["session", "list"]), serde_json::json!([]));
}

#[test]
fn whoever_goes_back_or_presses_twice_gets_an_answer_each_time() {
    let web = Web::new();
    let mut browser = web.server.browser();
    let request = Request::of("web").with("scope", "openid read");
    let sign_in = browser.authorize(&request).page();
    // Twice at once, on both pages: with the cookies that the browser has when it sends them.
    let at_once =
        |browser: &countersign_tests::Browser<'_>,
         send: &(dyn Fn(&mut countersign_tests::Browser<'_>) -> Answer + Sync)| {
            let cookies = &browser.cookies;
            thread::scope(|scope| {
                let sending: Vec<_> = (0..4)
                    .map(|_| {
                        scope.spawn(|| {
                            let mut browser = web.server.browser_with(cookies.clone());
                            let answer = send(&mut browser);
                            (answer, browser.cookies)
                        })
                    })
                    .collect();
                sending
                    .into_iter()
                    .map(|one| one.join().unwrap())
                    .collect::<Vec<_>>()
            })
        };
    let answers = at_once(&browser, &|browser| browser.sign_in(&sign_in, &web.user));
    for (answer, _) in &answers {
        page_of(answer, Kind::Consent, "pressed twice");
    }
    let (last, cookies) = &answers[answers.len() - 1];
    browser.cookies = cookies.clone();
    let consent = last.page();
    let answers = at_once(&browser, &|browser| browser.press(&consent, "allow"));
    let mut codes: Vec<String> = answers
        .iter()
        .map(|(answer, _)| answer.response().code())
        .collect();
    // Back to the consent page, and back to the sign-in page.
    codes.push(browser.press(&consent, "allow").response().code());
    assert_eq!(error_of(&browser.press(&consent, "deny")), "access_denied");
    let answer = browser.sign_in(&sign_in, &web.user);
    codes.push(answer.response().code());
    for code in &codes {
        let told = web.server.redeem(&web.client, code);
        assert_eq!(told.status, 200, "a code each: {}", told.text());
    }
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 6);
    // The old page of a user who has signed out since.
    let confirm = browser.get("/logout").page();
    let _ = browser.press(&confirm, "sign_out");
    assert_error_page(
        &browser.press(&consent, "allow"),
        403,
        "nobody is signed in",
    );
    assert_error_page(
        &browser.press(&confirm, "sign_out"),
        403,
        "signed out already",
    );
}

#[test]
fn two_tabs_do_not_disturb_each_other() {
    let web = Web::new();
    let bob = web.home.add_user("bob");
    let mut browser = web.server.browser();
    let [first, second] = ["first", "second"].map(|state| Request::of("web").with("state", state));
    let [one, two] = [&first, &second].map(|request| browser.authorize(request).page());
    let one = page_of(
        &browser.sign_in(&one, &web.user),
        Kind::Consent,
        "first tab",
    );
    // The other tab still shows the sign-in page.
    let two = page_of(
        &browser.sign_in(&two, &web.user),
        Kind::Consent,
        "second tab",
    );
    let response = browser.press(&one, "allow").response();
    assert_eq!(response.get("state"), "first");
    let _ = response.code();
    let response = browser.press(&two, "allow").response();
    assert_eq!(response.get("state"), "second");
    // One tab changes who is signed in; what the other shows is asked again.
    let more = Request::of("web").with("scope", "openid read");
    let alices = page_of(&browser.authorize(&more), Kind::Consent, "alice");
    let login = browser
        .authorize(&Request::of("web").with("prompt", "login"))
        .page();
    let answer = browser.sign_in(&login, &bob);
    let _ = browser.finish(answer, &bob).code();
    let bobs = page_of(
        &browser.press(&alices, "allow"),
        Kind::Consent,
        "bob is asked",
    );
    assert!(bobs.text.contains("bob"), "{}", bobs.text);
    let _ = browser.press(&bobs, "allow").response().code();
    let consents = web.home.json(&["consent", "list", "--user", "alice"]);
    assert_eq!(
        consents[0]["scope"], "openid",
        "alice has not agreed: {consents}"
    );
    // One tab signs out.
    let more = Request::of("web").with("scope", "openid write");
    let consent = page_of(&browser.authorize(&more), Kind::Consent, "bob");
    let confirm = browser.get("/logout").page();
    let _ = browser.press(&confirm, "sign_out");
    assert_error_page(
        &browser.press(&consent, "allow"),
        403,
        "signed out meanwhile",
    );
}

#[test]
fn cve_2026_9798_attack_25_a_user_who_is_disabled_while_signing_in_gets_nothing() {
    let web = Web::new();
    let mut browser = web.server.browser();
    let set = |what: &str| {
        let _ = web.home.json(&["user", what, &web.user.name]);
    };
    let request = Request::of("web");
    let sign_in = browser.authorize(&request).page();
    set("disable");
    let answer = browser.sign_in(&sign_in, &web.user);
    assert_eq!(answer.status, 400);
    let told = page_of(&answer, Kind::SignIn, "disabled").text;
    let wrong = browser.sign_in(&sign_in, &web.user.with_password("wrong"));
    assert_eq!(told, wrong.page().text, "nobody learns who is disabled");
    assert_eq!(browser.cookies.session(), None);
    set("enable");
    let consent = page_of(
        &browser.sign_in(&sign_in, &web.user),
        Kind::Consent,
        "enabled",
    );
    set("disable");
    page_of(
        &browser.press(&consent, "allow"),
        Kind::SignIn,
        "disabled at consent",
    );
    set("enable");
    let answer = browser.press(&consent, "allow");
    page_of(&answer, Kind::SignIn, "enabled again, and signed out");
    assert_eq!(web.grants(), 0);
    // With a new password, the old one is none.
    let input = countersign_tests::Input {
        stdin: Some(b"another battery staple of horses"),
        ..countersign_tests::Input::default()
    };
    let arguments = [
        "--json",
        "user",
        "set-password",
        "alice",
        "--password-stdin",
    ];
    let _ = web.home.run_with(&arguments, input).json();
    assert_eq!(browser.sign_in(&sign_in, &web.user).status, 400);
    let new = web.user.with_password("another battery staple of horses");
    let answer = browser.sign_in(&sign_in, &new);
    let _ = browser.finish(answer, &new).code();
    // Signed in, and then disabled: single sign-on is over at once.
    set("disable");
    page_of(
        &browser.authorize(&request),
        Kind::SignIn,
        "no single sign-on",
    );
}

#[test]
fn a_client_that_changes_while_its_page_is_open_is_asked_again_or_refused() {
    let web = Web::new();
    let mut browser = web.signed_in();
    let request = Request::of("web").with("scope", "openid read");
    let consent = page_of(&browser.authorize(&request), Kind::Consent, "more");
    let change = |arguments: &[&str]| {
        let _ = web
            .home
            .json(&[&["client", "update", "web"], arguments].concat());
    };
    let until = |send: &mut dyn FnMut() -> Answer, is_so: &dyn Fn(&Answer) -> bool| {
        let seen = eventually(SECOND, || Some(send()).filter(is_so));
        seen.expect("a change is seen within a second")
    };
    change(&["--scope", "openid"]);
    let refused = |answer: &Answer| answer.kind() == Kind::Response;
    until(&mut || browser.authorize(&request), &refused);
    assert_eq!(error_of(&browser.press(&consent, "allow")), "invalid_scope");
    change(&[
        "--scope",
        "openid read",
        "--redirect-uri",
        "https://app.example/new",
    ]);
    let refused = |answer: &Answer| answer.kind() == Kind::Error;
    until(&mut || browser.authorize(&Request::of("web")), &refused);
    let answer = browser.press(&consent, "allow");
    assert_error_page(&answer, 400, "its redirect URI is none any more");
    change(&["--redirect-uri", REDIRECT_URI]);
    let good = |answer: &Answer| answer.kind() == Kind::Response;
    until(&mut || browser.authorize(&Request::of("web")), &good);
    let _ = browser.press(&consent, "allow").response().code();
    let _ = web.home.json(&["client", "remove", "web"]);
    let answer = browser.press(&consent, "allow");
    assert_error_page(&answer, 400, "there is no such client");
}

#[test]
fn a_form_that_says_nothing_or_too_much_changes_nothing() {
    let web = Web::new();
    let mut browser = web.signed_in();
    let login = Request::of("web").with("prompt", "login");
    let select = Request::of("web").with("prompt", "select_account");
    let consent = Request::of("web").with("prompt", "consent");
    let pages = [
        (
            browser.authorize(&select).page(),
            "account",
            ["current", "other"],
        ),
        (
            browser.authorize(&consent).page(),
            "decision",
            ["allow", "deny"],
        ),
        (
            browser.get("/logout").page(),
            "decision",
            ["sign_out", "stay"],
        ),
    ];
    for (page, name, values) in &pages {
        let ticket = page.ticket();
        let action = &page.form().action;
        for (what, body) in [
            ("no button", String::new()),
            ("an unknown button", format!("{name}=perhaps")),
            ("an empty button", format!("{name}=")),
            (
                "another case",
                format!("{name}={}", values[0].to_uppercase()),
            ),
            (
                "both buttons",
                format!("{name}={}&{name}={}", values[0], values[1]),
            ),
            (
                "one button twice",
                format!("{name}={}&{name}={}", values[0], values[0]),
            ),
        ] {
            let call = web
                .server
                .post(action)
                .header("origin", web.server.origin());
            let answer = browser.send(call.form_bytes(format!("ticket={ticket}&{body}")));
            assert_error_page(&answer, 400, &format!("{action}: {what}"));
        }
    }
    let page = browser.authorize(&login).page();
    let ticket = page.ticket();
    for body in [
        "username=alice&username=bob&password=x".to_owned(),
        "username=alice&password=x&password=y".to_owned(),
        format!("username=alice&password=x&ticket={ticket}"),
        "username=%ff&password=x".to_owned(),
    ] {
        let call = web
            .server
            .post("/sign-in")
            .header("origin", web.server.origin());
        let answer = browser.send(call.form_bytes(format!("ticket={ticket}&{body}")));
        assert_error_page(&answer, 400, &body);
    }
    // Other methods are for people who have kept the address of a form.
    for path in ["/sign-in", "/select-account", "/consent", "/logout/confirm"] {
        let answer = browser.get(path);
        assert_eq!(answer.header("allow"), "POST", "{path}");
        assert_error_page(&answer, 405, path);
    }
    assert!(web.is_signed_in(&browser));
}
