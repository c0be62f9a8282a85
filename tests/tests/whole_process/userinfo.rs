//! The userinfo endpoint: OpenID Connect Core §5.3, RFC 6750.

use countersign_tests::{Answer, Home, Request, jwt};
use serde_json::json;

use crate::judge;
use crate::scene::ISSUER;
use crate::web::Web;

/// The status, and the error in the challenge; none if the caller has brought nothing.
fn challenge(answer: &Answer) -> (u16, Option<String>) {
    let header = answer.header("www-authenticate");
    assert!(header.starts_with("Bearer "), "{header}");
    assert!(header.contains("scope=\"openid\""), "{header}");
    let error = header.split("error=\"").nth(1);
    let error = error.and_then(|rest| rest.split('"').next());
    (answer.status, error.map(str::to_owned))
}

/// How a caller is refused: the status, and the error in the challenge.
type Refusal = (u16, Option<&'static str>);

const MALFORMED: Refusal = (400, Some("invalid_request"));
const NOTHING: Refusal = (401, None);
const INVALID: Refusal = (401, Some("invalid_token"));
const INSUFFICIENT: Refusal = (403, Some("insufficient_scope"));

fn assert_refused(answer: &Answer, expected: Refusal, what: &str) {
    let expected = (expected.0, expected.1.map(str::to_owned));
    assert_eq!(challenge(answer), expected, "{what}: {}", answer.text());
    assert!(!answer.text().contains("sub"), "{what}");
}

#[test]
fn oidc_core_5_3_the_token_comes_in_the_header_or_in_a_form() {
    let web = Web::new();
    let code = web.signed_in().go(&Request::of("web"), &web.user).code();
    let told = web.server.redeem(&web.client, &code);
    let token = told.access_token();
    let sub = jwt::claims(&told.id_token())["sub"].clone();
    let get = || web.server.call("GET", "/userinfo");
    let post = || web.server.post("/userinfo");
    let spelled = format!("bEARER {token}");
    for (what, call) in [
        ("GET", get().bearer(&token)),
        ("POST", post().bearer(&token)),
        ("POST with an empty form", post().bearer(&token).form(&[])),
        ("POST with another body", post().bearer(&token).body("{}")),
        ("a form", post().form(&[("access_token", &token)])),
        ("in another case", get().header("authorization", spelled)),
    ] {
        let answer = call.send();
        assert_eq!(answer.json(), json!({ "sub": sub }), "{what}");
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    }
}

#[test]
fn rfc6750_2_a_token_in_the_url_in_two_places_or_of_another_kind_is_refused() {
    let web = Web::new();
    let mut browser = web.signed_in();
    let code = browser.go(&Request::of("web"), &web.user).code();
    let told = web.server.redeem(&web.client, &code);
    let (token, id_token) = (told.access_token(), told.id_token());
    let get = || web.server.call("GET", "/userinfo");
    let post = || web.server.post("/userinfo");
    let path = format!("/userinfo?access_token={token}");
    let url = |method: &str| web.server.call(method, &path);
    let form = [("access_token", &*token)];
    let twice = [form[0], form[0]];
    let cookies = browser.cookies.header();
    let json = format!("access_token={token}");
    for (what, call, expected) in [
        ("in the URL", url("GET"), MALFORMED),
        ("in the URL of a POST", url("POST"), MALFORMED),
        ("in the URL, too", url("GET").bearer(&token), MALFORMED),
        ("twice", post().bearer(&token).form(&form), MALFORMED),
        (
            "two headers",
            get().bearer(&token).bearer(&token),
            MALFORMED,
        ),
        ("twice in a form", post().form(&twice), MALFORMED),
        ("nothing", get(), NOTHING),
        ("nothing posted", post().form(&[]), NOTHING),
        ("an empty one", get().bearer(""), NOTHING),
        ("a password", get().basic(&web.client), NOTHING),
        ("cookies", get().header("cookie", cookies), NOTHING),
        ("a form of a GET", get().form(&form), NOTHING),
        ("a form that is none", post().body(json), NOTHING),
        ("no token", get().bearer("x"), INVALID),
        ("a damaged one", get().bearer(&token[1..]), INVALID),
        ("an ID token", get().bearer(&id_token), INVALID),
        ("a code", get().bearer(&code), INVALID),
    ] {
        assert_refused(&call.send(), expected, what);
    }
    for method in ["PUT", "DELETE", "OPTIONS", "PATCH"] {
        let answer = web.server.call(method, "/userinfo").bearer(&token).send();
        assert_eq!(answer.status, 405, "{method}");
    }
}

#[test]
fn rfc6750_3_1_a_token_without_openid_or_that_has_ended_is_refused() {
    let web = Web::new();
    let mut browser = web.signed_in();
    let machine = web.home.add_client("machine", &["--scope", "read"]);
    let of_machine = web.server.issue(&machine, &[]);
    let mut token = |scope: &str| {
        let request = Request::of("web").with("scope", scope);
        let code = browser.go(&request, &web.user).code();
        web.server.redeem(&web.client, &code).access_token()
    };
    for lacking in [of_machine, token("read")] {
        let answer = web.server.userinfo(&lacking);
        assert_refused(&answer, INSUFFICIENT, "no openid");
    }
    // RULES A2: what has ended is good for nothing.
    let ended = token("openid");
    assert_eq!(web.server.userinfo(&ended).status, 200);
    assert_eq!(web.server.revoke(&web.client, &ended).status, 200);
    assert_refused(&web.server.userinfo(&ended), INVALID, "revoked");
}

#[test]
fn oidc_core_5_4_scopes_release_claims() {
    let home = Home::with_keys();
    let client = home.add_web_client("web", &[]);
    let user = home.add_user("zoe");
    let profile = [
        "--name",
        "Zoë \"Z\" Example",
        "--email",
        "zoe@example.com",
        "--email-verified",
        "true",
    ];
    let done = home.run(&[&["--json", "user", "update", "zoe"], &profile[..]].concat());
    let _ = done.json();
    let signed = home.add_web_client("signed", &["--userinfo-alg", "ES256"]);
    let server = home.serve_with(&ISSUER, &[]);
    let mut browser = server.browser();
    let mut token = |id: &str, scope: &str| {
        let request = Request::of(id).with("scope", scope);
        let code = browser.go(&request, &user).code();
        let client = if id == "web" { &client } else { &signed };
        server.redeem(client, &code).access_token()
    };
    for (scope, expected) in [
        ("openid", "sub"),
        ("openid email", "email email_verified sub"),
        ("openid profile", "name preferred_username sub"),
        ("openid email read", "email email_verified sub"),
    ] {
        let told = server.userinfo(&token("web", scope)).json();
        let names: Vec<_> = told
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(names.join(" "), expected, "{scope}");
        if scope.contains("profile") {
            assert_eq!(told["name"], "Zoë \"Z\" Example");
        }
    }
    let answer = server.userinfo(&token("signed", "openid email"));
    assert_eq!(answer.header("content-type"), "application/jwt");
    let jwks = server.get("/oauth2/jwks").json();
    let (header, claims) = jwt::parts(&answer.text());
    assert_eq!(header["alg"], "ES256");
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!(ISSUER[1]), &json!("signed"))
    );
    assert_eq!(claims["email"], "zoe@example.com");
    judge::verify_claims(&answer.text(), &jwks, "signed", &["iss", "sub", "aud"])
        .expect("a signature of ours");
}
