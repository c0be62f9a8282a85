//! Nobody is led to a place that no client has registered (attack class 8).

use countersign_tests::{Kind, REDIRECT_URI, Request};

use crate::web::{BYE, Web, assert_error_page};

/// What leads away after signing out is registered, and nothing else leads away at all.
#[test]
fn cve_2018_14658_cve_2024_39694_cve_2022_23527_cve_2019_20479_cve_2019_14857_attack_8_nothing_redirects_elsewhere()
 {
    let web = Web::new();
    let mut browser = web.signed_in();
    let code = browser.go(&Request::of("web"), &web.user).code();
    let hint = web.server.redeem(&web.client, &code).id_token();
    let hostile = [
        "https://evil.example/bye",
        "//evil.example/bye",
        "/\\evil.example/bye",
        "\\\\evil.example/bye",
        "/%09/evil.example",
        "/\t/evil.example",
        "\u{0}//evil.example",
        "https:evil.example",
        "https:///evil.example",
        "https://app.example/bye?x",
        "https://app.example/bye/",
        "https://app.example/bye#x",
        "https://app.example/BYE",
        "https://app.example/bye/../x",
        "https://app.example/%62ye",
        "https://app.example@evil.example/bye",
        "https://app.example.evil.example/bye",
        "https://app.example/bye\r\nSet-Cookie: x=y",
        "javascript:alert(1)",
        "data:text/html,x",
        // Good for authorization responses only.
        REDIRECT_URI,
    ];
    for uri in hostile {
        let then = form_urlencoded::byte_serialize(uri.as_bytes()).collect::<String>();
        for who in ["client_id=web".to_owned(), format!("id_token_hint={hint}")] {
            let query = format!("{who}&post_logout_redirect_uri={then}");
            let answer = browser.get(&format!("/logout?{query}"));
            assert_error_page(&answer, 400, &query);
            let post = web.server.post("/logout").form_bytes(query.clone());
            let answer = browser.send(post);
            assert_error_page(&answer, 400, &format!("POST {query}"));
        }
        // Nobody has registered anything for nobody.
        let answer = browser.get(&format!("/logout?post_logout_redirect_uri={then}"));
        assert_eq!(answer.kind(), Kind::ConfirmSignOut, "{uri}");
    }
    assert!(web.is_signed_in(&browser), "nothing was changed");

    // Parameters in which other programs look for a way back.
    let mut other = web.server.browser();
    let page = other.authorize(&Request::of("web")).page();
    let names = [
        "next",
        "redirect",
        "return_to",
        "returnUrl",
        "goto",
        "continue",
        "redirect_uri",
    ];
    let mut fields = page.form().fields();
    for name in names {
        fields.push((name.to_owned(), "https://evil.example".to_owned()));
    }
    for (name, value) in &mut fields {
        match &**name {
            "username" => value.clone_from(&web.user.name),
            "password" => value.clone_from(&web.user.password),
            _ => {}
        }
    }
    let fields: Vec<_> = fields.iter().map(|(n, v)| (&**n, &**v)).collect();
    let post = web.server.post("/sign-in").form(&fields);
    let answer = other.send(post.header("origin", web.server.origin()));
    assert_eq!(answer.kind(), Kind::Response, "{}", answer.text());
    assert_eq!(answer.response().redirect_uri, REDIRECT_URI);

    // Paths that some programs complete or shorten by a redirect.
    for path in [
        "//evil.example",
        "//evil.example/oauth2/authorize",
        "/\\evil.example",
        "/%09/evil.example",
        "/%2f%2fevil.example",
        "/oauth2/authorize/",
        "/logout/",
        "/logout//evil.example",
        "/sign-in/..//evil.example",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = web.server.raw(request.as_bytes());
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(["400", "404"].contains(&status), "{path}: {answer}");
        assert!(!answer.to_lowercase().contains("\r\nlocation:"), "{path}");
    }
    let bye = format!("/logout?id_token_hint={hint}&post_logout_redirect_uri={BYE}&state=s");
    let answer = browser.get(&bye);
    assert_eq!(answer.header("location"), format!("{BYE}?state=s"));
}
