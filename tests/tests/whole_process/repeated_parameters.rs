//! What is said twice, or in two places, can be read in two ways, and is not read at all (attack class 9).

use countersign_tests::{REDIRECT_URI, Request, VERIFIER};

use crate::web::{Web, assert_error_page, error_of};

#[test]
fn cve_2026_9689_attack_9_no_parameter_is_given_twice() {
    let web = Web::new();
    let mut browser = web.signed_in();
    let request = Request::of("web");
    for (name, value) in [
        ("client_id", "web"),
        ("client_id", "evil"),
        ("client_id", ""),
        ("redirect_uri", REDIRECT_URI),
        ("redirect_uri", "https://evil.example/cb"),
        ("redirect_uri", ""),
    ] {
        let answer = browser.authorize(&request.clone().and(name, value));
        assert_error_page(&answer, 400, &format!("{name}={value}"));
    }
    // Spelled otherwise, it is the same.
    for more in [
        "%63lient_id=evil",
        "client%5Fid=evil",
        "redirect%5furi=https://evil.example",
    ] {
        let answer = browser.get(&format!("{}&{more}", request.path()));
        assert_error_page(&answer, 400, more);
    }
    for (name, value) in [
        ("response_type", "code"),
        ("response_type", "token"),
        ("response_mode", "query"),
        ("scope", "openid"),
        ("scope", ""),
        ("state", "evil"),
        ("nonce", "evil"),
        ("prompt", "none"),
        ("max_age", "1"),
        ("code_challenge", "x"),
        ("code_challenge_method", "plain"),
        ("id_token_hint", "x"),
        ("login_hint", "x"),
        ("claims", "{}"),
        ("unknown", "x"),
    ] {
        let twice = request.clone().with(name, value).and(name, value);
        let answer = browser.authorize(&twice);
        assert_eq!(error_of(&answer), "invalid_request", "{name}={value}");
        let state = answer.response().get("state").to_owned();
        let expected = if name == "state" { "" } else { "a state" };
        assert_eq!(state, expected, "{name}");
    }
    // RFC 8707 §2: several resources may be named.
    let answer = browser.authorize(
        &request
            .clone()
            .and("resource", "x:y")
            .and("resource", "x:z"),
    );
    assert_eq!(error_of(&answer), "invalid_target");
}

/// What stands in the URL of a POST is not mixed with its body.
#[test]
fn cve_2026_9689_attack_9_query_and_body_are_not_mixed() {
    let web = Web::new();
    let mut browser = web.signed_in();
    let good = Request::of("web");
    let evil = good.clone().with("redirect_uri", "https://evil.example/cb");
    for (query, body) in [
        (evil.encoded(), good.encoded()),
        (good.encoded(), evil.encoded()),
        (good.encoded(), good.encoded()),
        (
            "state=evil".to_owned(),
            good.clone().without("state").encoded(),
        ),
        ("prompt=none".to_owned(), good.encoded()),
        (good.encoded(), String::new()),
    ] {
        let path = format!("/oauth2/authorize?{query}");
        let answer = web.post(&mut browser, &path, &body);
        assert_error_page(&answer, 400, &format!("{query} {body}"));
    }
    for path in ["/sign-in", "/select-account", "/consent", "/logout/confirm"] {
        let login = good.clone().with("prompt", "login");
        let ticket = browser.authorize(&login).page().ticket();
        let path = format!("{path}?decision=allow&account=current&username=x&password=x");
        let answer = web.post(&mut browser, &path, &format!("ticket={ticket}"));
        assert_error_page(&answer, 400, &path);
    }
    assert!(web.is_signed_in(&browser));
}

#[test]
fn cve_2026_9689_attack_9_a_code_is_redeemed_by_a_request_that_can_be_read_in_one_way() {
    let web = Web::new();
    let code = web.signed_in().go(&Request::of("web"), &web.user).code();
    let once = [("redirect_uri", REDIRECT_URI), ("code_verifier", VERIFIER)];
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
        ("code_verifier", ""),
    ] {
        let twice = [&once[..], &[(name, value)]].concat();
        let answer = web.server.redeeming(&web.client, &code, &twice).send();
        assert_eq!(answer.refusal(), (400, "invalid_request".into()), "{name}");
    }
    let post = web.server.post(&format!("/oauth2/token?code={code}"));
    let form = [&[("grant_type", "authorization_code")], &once[..]].concat();
    let answer = post.basic(&web.client).form(&form).send();
    assert_eq!(answer.refusal(), (400, "invalid_request".into()));
    assert_eq!(
        web.server.redeem(&web.client, &code).status,
        200,
        "it was not consumed"
    );
}
