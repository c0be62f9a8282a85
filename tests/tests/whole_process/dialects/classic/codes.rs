//! Codes, and what else comes of the authorization endpoint (rows 3.1, 3.2, 3.6 and 3.8). That endpoint is the one of the
//! standards, under its own path.

use std::thread;

use countersign_tests::{
    Answer, Browser, Kind, Mode, REDIRECT_URI, Request, SECOND, TestClient, VERIFIER, jwt,
};

use super::{Classic, TOKEN, assert_refusal, refusal};
use crate::web::{assert_error_page, error_of};

const BAD_CODE: (u16, &str, &str) = (400, "invalid_request", "Check the `code` parameter");
/// A verifier that is well-formed, and of nobody.
const OTHER_VERIFIER: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// The dialect with a client that sends its users to the authorization endpoint.
struct Codes {
    classic: Classic,
    web: TestClient,
}

impl Codes {
    fn new() -> Self {
        Self::with(&[])
    }

    /// With variables for the server.
    fn with(variables: &[(&str, &str)]) -> Self {
        let classic = Classic::with(&[], variables);
        let web = classic.home.add_web_client("web", &super::PROFILE);
        Self { classic, web }
    }

    fn browser(&self) -> Browser<'_> {
        self.classic.server.browser()
    }

    fn code(&self, browser: &mut Browser<'_>) -> String {
        let request = Request::of("web").with("scope", "read write");
        browser.go(&request, &self.classic.user).code()
    }

    fn redeem(&self, client: &TestClient, code: &str, more: &[(&str, &str)]) -> Answer {
        let form = [("grant_type", "authorization_code"), ("code", code)];
        self.classic.ask(client, TOKEN, &[&form, more].concat())
    }
}

const WHOLE: [(&str, &str); 2] = [("redirect_uri", REDIRECT_URI), ("code_verifier", VERIFIER)];

#[test]
fn row_3_2_a_code_gives_classic_tokens_and_a_refresh_token() {
    let codes = Codes::new();
    let code = codes.code(&mut codes.browser());
    let answer = codes.redeem(&codes.web, &code, &WHOLE);
    let tokens = answer.tokens();
    let (header, claims) = jwt::parts(&tokens.access);
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&"HS256".into(), &"JWT".into())
    );
    assert_eq!(
        (&claims["cid"], &claims["scope"]),
        (&"web".into(), &"read write".into())
    );
    let sub = codes.classic.home.json(&["user", "show", "alice"])["sub"].clone();
    assert_eq!(claims["sub"], sub);
    assert!(codes.classic.judged(&tokens.access, None).is_ok());
    let renewed = codes
        .classic
        .refresh(&codes.web, &tokens.refresh, &[])
        .tokens();
    assert_eq!(jwt::claims(&renewed.access)["scope"], "read write");
    // With `openid` there is an ID token beside them.
    let request = Request::of("web").with("scope", "openid offline_access read");
    let code = codes.browser().go(&request, &codes.classic.user).code();
    let answer = codes.redeem(&codes.web, &code, &WHOLE);
    assert_eq!(jwt::claims(&answer.id_token())["sub"], sub);
    assert_eq!(jwt::parts(&answer.access_token()).0["typ"], "JWT");
}

/// Row 3.2, step 2: "verifier missing, redirect missing/different, other client, expired/used code: all 400 `invalid_request`".
/// We say the same of a wrong verifier, too: whoever holds a code that is not good is told nothing about it.
#[test]
fn row_3_2_whatever_is_wrong_with_a_code_is_said_in_the_same_words() {
    let codes = Codes::new();
    let thief = codes.classic.home.add_web_client("thief", &super::PROFILE);
    let mut browser = codes.browser();
    let code = codes.code(&mut browser);
    let redirect = ("redirect_uri", REDIRECT_URI);
    for (what, client, more) in [
        ("verifier missing", &codes.web, &[redirect][..]),
        (
            "verifier wrong",
            &codes.web,
            &[redirect, ("code_verifier", OTHER_VERIFIER)],
        ),
        ("redirect missing", &codes.web, &WHOLE[1..]),
        (
            "redirect different",
            &codes.web,
            &[("redirect_uri", "https://app.example:8443/cb"), WHOLE[1]],
        ),
        ("other client", &thief, &WHOLE),
    ] {
        assert_refusal(&codes.redeem(client, &code, more), BAD_CODE, what);
    }
    for garbage in ["x", "a.b.c", &code[..code.len() - 1]] {
        assert_refusal(
            &codes.redeem(&codes.web, garbage, &WHOLE),
            BAD_CODE,
            garbage,
        );
    }
    assert_refusal(&codes.redeem(&codes.web, "", &WHOLE), BAD_CODE, "missing");
    // Row 3.2: "bad verifier syntax (not 43..128 of A-Za-z0-9-._~)".
    for verifier in ["short", &"a".repeat(129), &format!("{VERIFIER}=")] {
        let more = [redirect, ("code_verifier", verifier)];
        let (status, error, _) = refusal(&codes.redeem(&codes.web, &code, &more));
        assert_eq!((status, &*error), (400, "invalid_request"), "{verifier}");
    }
    assert_eq!(
        codes.redeem(&codes.web, &code, &WHOLE).status,
        200,
        "it was not consumed"
    );
}

#[test]
fn row_3_2_an_expired_code_is_refused() {
    let codes = Codes::with(&[("COUNTERSIGN_LIFETIMES__AUTHORIZATION_CODE", "1")]);
    let code = codes.code(&mut codes.browser());
    // Counted in whole seconds.
    thread::sleep(SECOND);
    let answer = codes.redeem(&codes.web, &code, &WHOLE);
    assert_refusal(&answer, BAD_CODE, "expired");
}

/// Row 3.5: "revoke auth code", which we do not have.
#[test]
fn row_3_5_no_code_is_revoked() {
    let codes = Codes::new();
    let code = codes.code(&mut codes.browser());
    for form in [
        &[("token", &*code)][..],
        &[("token", &code), ("token_type_hint", "auth_code")],
    ] {
        codes.classic.revoke(&codes.web, form);
    }
    let _ = codes.redeem(&codes.web, &code, &WHOLE).tokens();
}

#[test]
fn row_3_2_a_replayed_code_takes_with_it_what_came_of_it() {
    let codes = Codes::new();
    let mut browser = codes.browser();
    let code = codes.code(&mut browser);
    let tokens = codes.redeem(&codes.web, &code, &WHOLE).tokens();
    let refused = codes.redeem(&codes.web, &code, &WHOLE);
    assert_refusal(&refused, BAD_CODE, "again");
    let token = [("token", &*tokens.access)];
    let told = codes.classic.introspect(&codes.web, &token);
    assert_eq!(told.text(), r#"{"active":false}"#);
    let refused = codes.classic.refresh(&codes.web, &tokens.refresh, &[]);
    assert_refusal(&refused, super::BAD_REFRESH_TOKEN, "it has ended");
}

/// Row 3.2, step 1, and row 3.1: `requiresPKCE` and `requiresS256`.
#[test]
fn row_3_1_a_code_needs_a_challenge_and_s256() {
    let codes = Codes::new();
    let mut browser = codes.browser();
    let good = Request::of("web").with("scope", "read");
    let bare = good.clone().without("code_challenge_method");
    for request in [
        bare.clone().without("code_challenge"),
        bare,
        good.clone().with("code_challenge_method", "plain"),
    ] {
        let answer = browser.authorize(&request);
        assert_eq!(error_of(&answer), "invalid_request", "{request:?}");
    }
    let request = good.with("response_type", "magic");
    let answer = browser.authorize(&request);
    assert_eq!(error_of(&answer), "unsupported_response_type");
}

/// Row 3.6, where we are as strict as its newer version, or more: byte for byte, and nobody is redirected.
#[test]
fn row_3_6_redirect_uris_are_exact() {
    let codes = Codes::new();
    for uri in [
        "https://app.example:8443/cb",
        "https://app.example/cb?x=1",
        "https://app.example/cb#",
        "https://app.example/cb#x",
        "https://app.example/cb/",
        "https://evil.example/cb",
        "/cb",
        "https:///cb",
        "",
    ] {
        let request = Request::of("web").with("redirect_uri", uri);
        assert_error_page(&codes.browser().authorize(&request), 400, uri);
    }
    // "only if exactly one is registered, else 400"
    let none = Request::of("web").without("redirect_uri");
    let plain = none.clone().with("scope", "read");
    assert_eq!(codes.browser().authorize(&plain).kind(), Kind::SignIn);
    assert_error_page(&codes.browser().authorize(&none), 400, "with openid");
    let unknown = Request::of("unknown");
    assert_error_page(&codes.browser().authorize(&unknown), 400, "unknown client");
}

/// Rows 3.2 and 3.6: "params appended with `&` if the URI already has `?`", "any `#` refused, even bare".
#[test]
fn row_3_6_redirect_uris_may_be_several_and_have_a_query_and_no_fragment() {
    let codes = Codes::new();
    let home = &codes.classic.home;
    let with_query = format!("{REDIRECT_URI}?x=1");
    let arguments = [&super::PROFILE[..], &["--redirect-uri", &with_query]].concat();
    let several = home.add_web_client("several", &arguments);
    let named = Request::of("several").with("scope", "read");
    // Row 3.8: "missing redirect with several registered".
    let omitted = named.clone().without("redirect_uri");
    assert_error_page(&codes.browser().authorize(&omitted), 400, "omitted");

    let named = named.with("redirect_uri", &with_query);
    let mut browser = codes.browser();
    let _ = browser.go(&named, &codes.classic.user);
    // Signed in and agreed to: the answer is the way back.
    let location = browser.authorize(&named).header("location");
    let rest = location.strip_prefix(&with_query);
    let rest = rest.unwrap_or_else(|| panic!("elsewhere: {location}"));
    assert!(rest.starts_with("&code="), "{location}");
    let code = rest["&code=".len()..].split('&').next().unwrap();
    let answer = codes.redeem(&several, code, &WHOLE);
    assert_refusal(&answer, BAD_CODE, "redeemed without the query");
    let whole = [("redirect_uri", &*with_query), WHOLE[1]];
    let _ = codes.redeem(&several, code, &whole).tokens();

    for fragment in ["#", "#x", "?x=1#"] {
        let uri = format!("{REDIRECT_URI}{fragment}");
        let refused = home.run(&["--json", "client", "add", "hash", "--redirect-uri", &uri]);
        let (_, message) = refused.refusal(2);
        assert!(message.contains("fragment"), "{uri}: {message}");
    }
}

/// Rows 3.1, 3.2 and 3.8: in the fragment, and never with a refresh token.
#[test]
fn row_3_2_implicit_is_answered_in_the_fragment() {
    let codes = Codes::new();
    let home = &codes.classic.home;
    let arguments = [&super::PROFILE[..], &["--response-type", "token"]].concat();
    let _ = home.add_web_client("implicit", &arguments);
    let request = Request::of("implicit")
        .with("response_type", "token")
        .with("scope", "read");
    let response = codes.browser().go(&request, &codes.classic.user);
    assert_eq!(response.mode, Mode::Fragment);
    assert_eq!(
        (response.get("token_type"), response.get("expires_in")),
        ("Bearer", "3600")
    );
    assert_eq!(response.get("state"), "a state");
    // Row 3.2 has "no scope" here; RFC 6749 §4.2.2 wants it where it is not what was asked for, and ours always tells it.
    assert_eq!(response.get("scope"), "read");
    assert_eq!(response.get("refresh_token"), "");
    let token = response.get("access_token");
    assert_eq!(jwt::parts(token).0["typ"], "JWT");
    assert!(codes.classic.judged(token, None).is_ok());
    // Row 3.8: "client not allowed".
    let request = request.with("client_id", "web");
    let answer = codes.browser().authorize(&request);
    assert_eq!(error_of(&answer), "unauthorized_client");
}
