//! What guards the pages: headers, cookies, and the HTML itself. And which answers the scripts of other sites may read.

use std::collections::BTreeMap;

use countersign_tests::{Answer, Home, Kind, Page, REDIRECT_URI, Request};
use serde_json::json;

use crate::web::{BYE, Web, page_of};

/// The directives of a Content-Security-Policy.
fn policy(answer: &Answer) -> BTreeMap<String, String> {
    let policies = answer.headers("content-security-policy");
    assert_eq!(policies.len(), 1, "{answer:?}");
    let directives = policies[0].split(';').map(str::trim);
    let directives = directives.filter(|directive| !directive.is_empty());
    directives
        .map(|directive| {
            let (name, sources) = directive.split_once(' ').unwrap_or((directive, ""));
            (name.to_owned(), sources.to_owned())
        })
        .collect()
}

/// The headers of a page, whose form may lead to these places; to all of them if it leads to a client.
fn assert_guarded(answer: &Answer, form_action: Option<&str>, what: &str) {
    assert!(answer.is_page(), "{what}: {answer:?}");
    for (name, value) in [
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("access-control-allow-origin", ""),
    ] {
        assert_eq!(answer.header(name), value, "{what}: {name}");
    }
    let policy = policy(answer);
    for (name, sources) in [
        ("default-src", Some("'none'")),
        ("frame-ancestors", Some("'none'")),
        ("base-uri", Some("'none'")),
        ("form-action", form_action),
    ] {
        assert_eq!(
            policy.get(name).map(String::as_str),
            sources,
            "{what}: {policy:?}"
        );
    }
    // What is on the page itself, by its hash. One page has a script, which presses its button.
    let scripts = answer.page().named("script").len();
    for (name, sources) in &policy {
        let known = ["default-src", "frame-ancestors", "base-uri", "form-action"];
        let by_hash = sources.starts_with("'sha256-") && !sources.contains(' ');
        let of_the_page = ["style-src", "script-src"].contains(&&**name) && by_hash;
        assert!(
            known.contains(&&**name) || of_the_page,
            "{what}: {name} {sources}"
        );
    }
    assert_eq!(policy.contains_key("script-src"), scripts == 1, "{what}");
    assert_eq!(scripts == 1, what == "form post", "{what}");
}

#[test]
fn every_page_is_guarded_and_leads_only_where_it_must() {
    let web = Web::new();
    let native = ["http://127.0.0.1/cb", "com.example.app:/cb"];
    let described = json!({ "application_type": "native", "redirect_uris": native });
    let _ = web.home.add_described_client("native", described);
    let mut browser = web.server.browser();
    // Chromium applies `form-action` to redirects as well, those of the client included.
    let own = None;
    for uri in ["http://127.0.0.1:51004/cb", "com.example.app:/cb"] {
        let request = Request::of("native").with("redirect_uri", uri);
        assert_guarded(&browser.authorize(&request), own, uri);
    }
    let answer = browser.authorize(&Request::of("web"));
    assert_guarded(&answer, own, "sign in");
    let page = answer.page();
    let wrong = browser.sign_in(&page, &web.user.with_password("wrong"));
    assert_guarded(&wrong, own, "a wrong password");
    let answer = browser.sign_in(&page, &web.user);
    assert_guarded(&answer, own, "consent");
    let response = browser.press(&answer.page(), "allow");
    let code = response.response().code();
    let select = Request::of("web").with("prompt", "select_account");
    assert_guarded(&browser.authorize(&select), own, "select account");
    let posted = Request::of("web").with("response_mode", "form_post");
    let answer = browser.authorize(&posted);
    assert_eq!(answer.kind(), Kind::Response);
    assert_guarded(&answer, own, "form post");

    assert_guarded(&browser.get("/logout"), Some("'self'"), "confirm");
    let then = format!("/logout?client_id=web&post_logout_redirect_uri={BYE}");
    assert_guarded(&browser.get(&then), own, "confirm, and leave");
    for (what, answer) in [
        ("no client", browser.get("/oauth2/authorize")),
        ("no address of a page", browser.get("/consent")),
        (
            "no ticket",
            browser.send(web.server.post("/consent").form(&[])),
        ),
        (
            "another origin",
            browser.send(web.server.post("/consent").header("origin", "null")),
        ),
        ("a bad wish", browser.get("/logout?client_id=nobody")),
    ] {
        assert_eq!(answer.kind(), Kind::Error, "{what}");
        assert_guarded(&answer, Some("'none'"), what);
    }
    let page = browser.get("/logout").page();
    assert_guarded(&browser.press(&page, "stay"), Some("'none'"), "stays");
    // RFC 9700 §4.12 and §4.2.4: a redirect by 303, and the client is not told from where.
    let hint = web.server.redeem(&web.client, &code).id_token();
    let bye = format!("/logout?id_token_hint={hint}&post_logout_redirect_uri={BYE}");
    for answer in [response, browser.get(&bye)] {
        assert_eq!(answer.status, 303);
        assert_eq!(answer.text(), "");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(answer.header(name), value, "{name}");
        }
    }
    assert_guarded(&browser.get("/logout"), Some("'none'"), "signed out");
}

/// What a page needs so that everybody can use it, and nothing that a browser has to fetch elsewhere.
fn assert_plain(page: &Page, what: &str) {
    let named = |name: &str| page.named(name).into_iter();
    let html = named("html").next().expect("an html element");
    assert_eq!(html.attribute("lang"), Some("en"), "{what}");
    for (name, least) in [("title", 1), ("h1", 1), ("main", 1)] {
        assert_eq!(named(name).count(), least, "{what}: {name}");
    }
    assert!(
        named("meta").any(|one| one.attribute("name") == Some("viewport")),
        "{what}"
    );
    let scripts = usize::from(what == "form post");
    assert_eq!(named("script").count(), scripts, "{what}");
    for name in ["img", "iframe", "object", "base", "link"] {
        assert_eq!(named(name).count(), 0, "{what}: {name}");
    }
    for element in &page.elements {
        for (name, value) in &element.attributes {
            assert!(
                !name.starts_with("on") && name != "style",
                "{what}: {element:?}"
            );
            if ["href", "src"].contains(&&**name) {
                assert!(value.starts_with('/'), "{what}: {element:?}");
            }
            if name == "tabindex" {
                // The order of the page is the order of the keyboard.
                assert_eq!(value, "-1", "{what}: {element:?}");
            }
        }
    }
    for input in named("input").filter(|one| one.attribute("type") != Some("hidden")) {
        let id = input.attribute("id");
        let has_label = named("label").any(|one| id.is_some() && one.attribute("for") == id);
        assert!(has_label, "{what}: {input:?}");
    }
    for button in named("button") {
        assert_ne!(
            button.attribute("type"),
            Some("button"),
            "{what}: it needs JavaScript"
        );
    }
}

#[test]
fn every_page_is_plain_html_that_works_without_scripts() {
    let web = Web::new();
    let mut browser = web.server.browser();
    let answer = browser.authorize(&Request::of("web"));
    let page = page_of(&answer, Kind::SignIn, "sign in");
    assert_plain(&page, "sign in");
    let input = |name: &str| {
        let mut controls = page.form().controls.iter();
        controls
            .find(|one| one.attribute("name") == Some(name))
            .unwrap()
    };
    assert_eq!(
        input("username").attribute("autocomplete"),
        Some("username")
    );
    assert_eq!(
        input("password").attribute("autocomplete"),
        Some("current-password")
    );
    assert_eq!(input("password").attribute("type"), Some("password"));
    let names: Vec<_> = page
        .form()
        .fields()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["ticket", "username", "password"]);
    let answer = browser.sign_in(&page, &web.user.with_password("wrong"));
    let wrong = answer.page();
    assert_plain(&wrong, "wrong");
    let alert = wrong
        .elements
        .iter()
        .any(|one| one.attribute("role") == Some("alert"));
    assert!(alert, "who cannot see it is told: {}", answer.text());
    let answer = browser.sign_in(&page, &web.user);
    let consent = page_of(&answer, Kind::Consent, "consent");
    assert_plain(&consent, "consent");
    assert_eq!(consent.form().buttons(), ["allow", "deny"]);
    let _ = browser.press(&consent, "allow");
    let select = Request::of("web").with("prompt", "select_account");
    let select = browser.authorize(&select).page();
    assert_plain(&select, "select account");
    assert_eq!(select.form().buttons(), ["current", "other"]);
    let posted = Request::of("web").with("response_mode", "form_post");
    let posted = browser.authorize(&posted).page();
    assert_plain(&posted, "form post");
    assert_eq!(posted.form().action, REDIRECT_URI);
    let confirm = browser.get("/logout").page();
    assert_plain(&confirm, "confirm");
    assert_eq!(confirm.form().buttons(), ["sign_out", "stay"]);
    assert_plain(&browser.press(&confirm, "stay").page(), "stays");
    assert_plain(&browser.press(&confirm, "sign_out").page(), "signed out");
    assert_plain(&browser.get("/oauth2/authorize").page(), "error");
}

/// The cookies that an answer sets: name, and attributes in lower case.
fn cookies(answer: &Answer) -> BTreeMap<String, Vec<String>> {
    let cookies = answer.headers("set-cookie").into_iter();
    cookies
        .map(|cookie| {
            let mut parts = cookie.split(';').map(|part| part.trim().to_lowercase());
            let pair = parts.next().expect("a first part");
            let (name, _) = pair.split_once('=').expect("a cookie");
            let mut attributes: Vec<String> = parts.collect();
            attributes.sort();
            (name.to_owned(), attributes)
        })
        .collect()
}

#[test]
fn rfc6265bis_cookies_are_bound_to_the_host_and_out_of_reach_of_scripts() {
    for (issuer, prefix, secure) in [
        ("http://localhost", "", &[][..]),
        ("http://localhost/tenant", "", &[]),
        ("https://login.example.com", "__host-", &["secure"]),
        ("https://login.example.com/tenant/", "__host-", &["secure"]),
    ] {
        let home = Home::with_keys();
        let client = home.add_web_client("web", &[]);
        let user = home.add_user("alice");
        let server = home.serve_with(&["--issuer", issuer], &[]);
        let mut browser = server.browser();
        let of_all = [&["httponly", "path=/", "samesite=lax"][..], secure].concat();
        let answer = browser.authorize(&Request::of("web"));
        let set = cookies(&answer);
        let names: Vec<_> = set.keys().map(String::as_str).collect();
        assert_eq!(names, [format!("{prefix}countersign_browser")], "{issuer}");
        // It ends when the browser is closed.
        assert_eq!(set[names[0]], of_all, "{issuer}");
        let page = answer.page();
        let path = server.issuer_path();
        assert_eq!(page.form().action, format!("{path}/sign-in"));
        let answer = browser.sign_in(&page, &user);
        let set = cookies(&answer);
        let names: Vec<_> = set.keys().map(String::as_str).collect();
        assert_eq!(names, [format!("{prefix}countersign_session")], "{issuer}");
        let attributes = &set[names[0]];
        let lifetime = format!("max-age={}", 14 * 86_400);
        let mut expected = of_all.clone();
        expected.insert(1, &lifetime);
        assert_eq!(*attributes, expected, "{issuer}");
        let response = browser.press(&answer.page(), "allow").response();
        assert_eq!(response.get("iss"), issuer);
        // Everything goes on below the path of the issuer.
        let again = browser.authorize(&Request::of("web").with("prompt", "login"));
        assert_eq!(again.page().form().action, format!("{path}/sign-in"));
        assert_eq!(again.header("set-cookie"), "", "it has one already");
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &*response.code()),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", countersign_tests::VERIFIER),
        ];
        let post = server.post(&format!("{path}/oauth2/token")).basic(&client);
        let told = post.form(&form).send();
        let userinfo = server.call("GET", &format!("{path}/userinfo"));
        let userinfo = userinfo.bearer(&told.access_token()).send();
        assert_eq!(userinfo.status, 200, "{}", userinfo.text());
        let confirm = browser.get("/logout").page();
        assert_eq!(confirm.form().action, format!("{path}/logout/confirm"));
        let answer = browser.press(&confirm, "sign_out");
        let cleared = &cookies(&answer)[&format!("{prefix}countersign_session")];
        let mut expected = of_all.clone();
        expected.insert(1, "max-age=0");
        assert_eq!(*cleared, expected, "{issuer}");
        // What the other kind of issuer would believe is believed by nobody.
        let other = if secure.is_empty() {
            "__Host-countersign_browser"
        } else {
            "countersign_browser"
        };
        let mut planted = server.browser();
        planted
            .cookies
            .set(other, browser.cookies.browser().unwrap());
        let answer = planted.authorize(&Request::of("web"));
        assert_eq!(
            cookies(&answer).len(),
            1,
            "{issuer}: it gets one of its own"
        );
        if !path.is_empty() {
            assert_eq!(server.get("/oauth2/authorize").status, 404, "{issuer}");
            assert_eq!(server.get("/sign-in").status, 404, "{issuer}");
        }
    }
}

#[test]
fn only_what_reads_no_cookie_is_open_to_the_scripts_of_other_sites() {
    let web = Web::new();
    let browser = web.signed_in();
    let ask = |method: &str, path: &str| {
        let call = web
            .server
            .call(method, path)
            .header("origin", "https://app.example");
        call.header("cookie", browser.cookies.header())
    };
    let preflight = |path: &str, method: &str| {
        let call = ask("OPTIONS", path).header("access-control-request-method", method);
        call.header("access-control-request-headers", "authorization")
            .send()
    };
    for (path, method) in [
        ("/oauth2/token", "POST"),
        ("/oauth2/revoke", "POST"),
        ("/userinfo", "GET"),
        ("/userinfo", "POST"),
        ("/oauth2/jwks", "GET"),
        ("/.well-known/openid-configuration", "GET"),
        ("/.well-known/oauth-authorization-server", "GET"),
    ] {
        let answer = ask(method, path).send();
        assert_eq!(
            answer.headers("access-control-allow-origin"),
            ["*"],
            "{path}"
        );
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            "",
            "{path}"
        );
        let answer = preflight(path, method);
        assert_eq!((answer.status, &*answer.text()), (204, ""), "{path}");
        assert_eq!(
            answer.headers("access-control-allow-origin"),
            ["*"],
            "{path}"
        );
        assert!(
            answer
                .header("access-control-allow-methods")
                .contains(method),
            "{path}"
        );
        let headers = answer.header("access-control-allow-headers").to_lowercase();
        assert!(headers.contains("authorization"), "{path}: {headers}");
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            "",
            "{path}"
        );
    }
    for (path, method) in [
        ("/oauth2/authorize", "GET"),
        ("/oauth2/authorize", "POST"),
        ("/oauth2/introspect", "POST"),
        ("/logout", "GET"),
        ("/logout/confirm", "POST"),
        ("/sign-in", "POST"),
        ("/select-account", "POST"),
        ("/consent", "POST"),
        ("/healthz", "GET"),
        ("/readyz", "GET"),
        ("/nothing", "GET"),
    ] {
        for answer in [ask(method, path).send(), preflight(path, method)] {
            for name in ["origin", "methods", "headers", "credentials"] {
                let name = format!("access-control-allow-{name}");
                assert_eq!(answer.header(&name), "", "{method} {path}");
            }
        }
    }
}
