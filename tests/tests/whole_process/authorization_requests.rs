//! What bad authorization requests get: a page if nobody is sure who asks, else an answer to the client. Attack classes
//! 10 and 18; for class 9, see `repeated_parameters.rs`.

use countersign_tests::{Home, Kind, Mode, Request, jwt};
use serde_json::json;

use crate::web::{Web, assert_error_page, error_of};

/// Every response type that is not `code`.
const OTHER_TYPES: [&str; 6] = [
    "id_token",
    "token",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
];

#[test]
fn cve_2026_7571_attack_10_what_is_off_is_off_until_it_is_switched_on() {
    let web = Web::new();
    let mut browser = web.signed_in();
    for response_type in OTHER_TYPES {
        let request = Request::of("web").with("response_type", response_type);
        let answer = browser.authorize(&request);
        assert_eq!(error_of(&answer), "unauthorized_client", "{response_type}");
        assert_eq!(answer.response().mode, Mode::Fragment, "{response_type}");
    }
    for response_type in [
        "none",
        "code none",
        "code  id_token",
        "CODE",
        "code\u{a0}token",
        "id",
    ] {
        let request = Request::of("web").with("response_type", response_type);
        let answer = browser.authorize(&request);
        assert_eq!(
            error_of(&answer),
            "unsupported_response_type",
            "{response_type}"
        );
    }
    // One that may not use the endpoint at all, and one that may not redeem.
    let _ = web.home.add_client("machine", &[]);
    let answer = browser.authorize(&Request::of("machine"));
    assert_error_page(&answer, 400, "nothing is registered");
    let described = json!({ "grant_types": ["client_credentials"] });
    let machine = web.home.add_described_client("machine2", described);
    let answer = browser.authorize(&Request::of("machine2"));
    assert_eq!(error_of(&answer), "unauthorized_client");
    let refused = web.server.redeem(&machine, "cs_ac_x").refusal();
    assert_eq!(refused, (400, "unauthorized_client".into()));

    let implicit = json!({
        "grant_types": ["implicit"],
        "response_types": ["id_token"],
    });
    let implicit = web.home.add_described_client("implicit", implicit);
    let answer = browser.authorize(&Request::of("implicit"));
    assert_eq!(error_of(&answer), "unauthorized_client");
    let request = Request::of("implicit").with("response_type", "id_token");
    let response = browser.go(&request, &web.user);
    assert_eq!(response.mode, Mode::Fragment);
    assert_eq!(jwt::claims(response.get("id_token"))["nonce"], "a nonce");
    // OAuth 2.0 Multiple Response Types §3: not in a query, whatever is asked for.
    let in_query = request.clone().with("response_mode", "query");
    let answer = browser.authorize(&in_query);
    assert_eq!(error_of(&answer), "invalid_request");
    assert_eq!(answer.response().mode, Mode::Fragment);
    let without_nonce = request.without("nonce");
    assert_eq!(
        error_of(&browser.authorize(&without_nonce)),
        "invalid_request"
    );
    for grant in ["implicit", "id_token", "password", "client_credentials"] {
        let form = [
            ("grant_type", grant),
            ("username", "alice"),
            ("password", "x"),
        ];
        let answer = web
            .server
            .post("/oauth2/token")
            .basic(&implicit)
            .form(&form)
            .send();
        assert_ne!(answer.status, 200, "{grant}");
    }
}

#[test]
fn rfc9207_attack_18_every_response_names_its_issuer() {
    let web = Web::new();
    let metadata = web.server.get("/.well-known/openid-configuration").json();
    assert_eq!(
        metadata["authorization_response_iss_parameter_supported"],
        true
    );
    let mut browser = web.signed_in();
    for (name, mode) in [
        ("query", Mode::Query),
        ("fragment", Mode::Fragment),
        ("form_post", Mode::FormPost),
    ] {
        let request = Request::of("web").with("response_mode", name);
        for request in [
            request.clone(),
            request.clone().with("prompt", "none login"),
            request.clone().with("scope", "nothing"),
            request.clone().with("response_type", "token"),
            request.clone().with("iss", "https://evil.example"),
        ] {
            let response = browser.authorize(&request).response();
            // What has to do with tokens never goes into a query.
            let in_query = request.encoded().contains("response_type=token") && name == "query";
            let mode = if in_query { Mode::Fragment } else { mode };
            assert_eq!(response.mode, mode, "{request:?}");
            assert_eq!(response.get("iss"), web.server.issuer, "{request:?}");
            assert_eq!(metadata["issuer"], response.get("iss"));
            assert_eq!(response.get("state"), "a state");
        }
        let page = browser
            .authorize(&request.clone().with("prompt", "consent"))
            .page();
        let denied = browser.press(&page, "deny").response();
        assert_eq!((denied.mode, &*denied.error()), (mode, "access_denied"));
        assert_eq!(denied.get("iss"), web.server.issuer);
    }
}

#[test]
fn empty_and_unknown_parameters_are_as_good_as_none() {
    let web = Web::new();
    let mut browser = web.signed_in();
    let empty = [
        "prompt",
        "max_age",
        "response_mode",
        "login_hint",
        "id_token_hint",
        "claims",
    ];
    let unknown = [
        "x",
        "",
        "Client_ID",
        "display",
        "ui_locales",
        "acr_values",
        "claims_locales",
    ];
    let mut request = Request::of("web");
    for name in empty {
        request = request.with(name, "");
    }
    for name in unknown {
        request = request.with(name, "\u{1f511} x");
    }
    let code = browser.authorize(&request).response().code();
    assert_eq!(web.server.redeem(&web.client, &code).status, 200);
    for (name, page) in [
        ("client_id", true),
        ("redirect_uri", true),
        ("response_type", false),
        ("code_challenge", false),
    ] {
        for request in [
            Request::of("web").with(name, ""),
            Request::of("web").without(name),
        ] {
            let answer = browser.authorize(&request);
            if page {
                assert_error_page(&answer, 400, name);
            } else {
                assert_eq!(error_of(&answer), "invalid_request", "{name}");
            }
        }
    }
    // Nothing at all.
    for path in [
        "/oauth2/authorize",
        "/oauth2/authorize?",
        "/oauth2/authorize?&&",
    ] {
        assert_error_page(&browser.get(path), 400, path);
        let answer = web.post(&mut browser, "/oauth2/authorize", "");
        assert_error_page(&answer, 400, path);
    }
}

#[test]
fn oversize_and_malformed_requests_get_a_page() {
    let web = Web::new();
    let mut browser = web.signed_in();
    let path = Request::of("web").path();
    let fits = format!("{path}&x={}", "x".repeat(15_000));
    assert_eq!(browser.get(&fits).kind(), Kind::Response);
    let many: Vec<String> = (0..100).map(|number| format!("&p{number}=1")).collect();
    let many = many.concat();
    for (what, query) in [
        ("17 KiB", format!("{path}&x={}", "x".repeat(17 * 1024))),
        (
            "a state of 17 KiB",
            format!("{path}&x={}", "%20".repeat(6_000)),
        ),
        ("a hundred parameters", format!("{path}{many}")),
        ("no UTF-8", format!("{path}&x=%ff")),
        ("overlong UTF-8", format!("{path}&x=%c0%af")),
        ("half a surrogate", format!("{path}&x=%ed%a0%80")),
    ] {
        let answer = browser.get(&query);
        assert!(
            (400..=414).contains(&answer.status),
            "{what}: {}",
            answer.status
        );
        assert_error_page(&answer, answer.status, what);
        let (_, body) = query.split_once('?').unwrap();
        let answer = web.post(&mut browser, "/oauth2/authorize", body);
        assert!(
            (400..=414).contains(&answer.status),
            "{what}: {}",
            answer.status
        );
        assert_error_page(&answer, answer.status, what);
    }
    let forms = [
        "/oauth2/authorize",
        "/sign-in",
        "/select-account",
        "/consent",
        "/logout",
    ];
    for path in forms.iter().chain(&["/logout/confirm"]) {
        for (what, body, status) in [
            ("64 KiB and one", "x".repeat(64 * 1024 + 1), 413),
            ("10 MB", format!("ticket={}", "x".repeat(10_000_000)), 413),
        ] {
            let answer = web.post(&mut browser, path, &body);
            assert_error_page(&answer, status, &format!("{path}: {what}"));
        }
        for kind in [
            "application/json",
            "text/plain",
            "multipart/form-data; boundary=x",
        ] {
            let call = web.server.post(path).header("content-type", kind);
            let answer = browser.send(call.body("ticket=x&client_id=web"));
            assert_error_page(&answer, 400, &format!("{path}: {kind}"));
        }
    }
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    for header in [
        format!("Cookie: countersign_session={}\r\n", "x".repeat(1_000_000)),
        format!("Cookie: {}\r\n", "a=b; ".repeat(100_000)),
        "X: y\r\n".repeat(5_000),
    ] {
        let answer = web.server.raw(format!("{head}{header}\r\n").as_bytes());
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(["400", "413", "431"].contains(&status), "{answer:?}");
    }
    // Cookies that are none of ours do not hurt.
    for cookies in [
        "x",
        "=",
        ";;;",
        "countersign_session",
        "countersign_browser=\"x\"; a=b",
        "\u{e9}=\u{e9}",
    ] {
        let call = web.server.call("GET", &path).header("cookie", cookies);
        assert_eq!(call.send().kind(), Kind::SignIn, "{cookies}");
    }
    assert!(web.is_signed_in(&browser));
}

#[test]
fn oidc_core_what_cannot_be_asked_for_is_told_to_the_client() {
    let web = Web::new();
    let mut browser = web.signed_in();
    let mut nobody = web.server.browser();
    for (name, value, expected) in [
        ("prompt", "none login", "invalid_request"),
        ("prompt", "none consent", "invalid_request"),
        ("prompt", "none select_account", "invalid_request"),
        ("prompt", "login  consent", "invalid_request"),
        ("prompt", "create", "invalid_request"),
        ("prompt", "login create", "invalid_request"),
        ("prompt", "NONE", "invalid_request"),
        ("prompt", "now", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("max_age", "x", "invalid_request"),
        ("max_age", "+1", "invalid_request"),
        ("claims", "x", "invalid_request"),
        ("claims", "[]", "invalid_request"),
        ("id_token_hint", "x", "invalid_request"),
        ("request", "x", "request_not_supported"),
        (
            "request_uri",
            "https://app.example/r",
            "request_uri_not_supported",
        ),
        ("registration", "{}", "registration_not_supported"),
        ("resource", "https://api.example", "invalid_target"),
        ("resource", "no uri", "invalid_target"),
        ("response_mode", "x", "invalid_request"),
        (
            "claims",
            r#"{"id_token":{"acr":{"essential":true,"value":"9"}}}"#,
            "unmet_authentication_requirements",
        ),
    ] {
        let request = Request::of("web").with(name, value);
        for browser in [&mut browser, &mut nobody] {
            let answer = browser.authorize(&request);
            assert_eq!(error_of(&answer), expected, "{name}={value}");
        }
    }
    let both = Request::of("web")
        .with("request", "x")
        .with("request_uri", "x");
    assert_eq!(error_of(&browser.authorize(&both)), "invalid_request");
    // Without a page.
    let silent = Request::of("web").with("prompt", "none");
    assert_eq!(error_of(&nobody.authorize(&silent)), "login_required");
    let more = silent.clone().with("scope", "openid email");
    assert_eq!(error_of(&browser.authorize(&more)), "consent_required");
    let now = silent.clone().with("max_age", "0");
    assert_eq!(error_of(&browser.authorize(&now)), "login_required");
    let _ = browser.authorize(&silent).response().code();
}

/// OpenID Connect Core §3.1.2.1: "Authorization Servers MUST support the use of the HTTP GET and POST methods".
#[test]
fn oidc_core_a_request_may_be_posted() {
    let web = Web::new();
    let mut browser = web.server.browser();
    let request = Request::of("web");
    let answer = web.post(&mut browser, "/oauth2/authorize", &request.encoded());
    let answer = browser.follow(answer);
    let response = browser.finish(answer, &web.user);
    let code = response.code();
    assert_eq!(web.server.redeem(&web.client, &code).status, 200);
    // From another site, browsers send no cookie with it: single sign-on works all the same.
    let call = web
        .server
        .post("/oauth2/authorize")
        .form_bytes(request.encoded());
    let answer = call.header("origin", "https://app.example").send();
    let answer = browser.follow(answer);
    let _ = answer.response().code();
    // One that fits into no URL is answered where it is.
    let long = request.with("login_hint", &"x".repeat(10_000));
    let mut stranger = web.server.browser();
    let answer = web.post(&mut stranger, "/oauth2/authorize", &long.encoded());
    assert_eq!(answer.kind(), Kind::SignIn);
    let _ = stranger.finish(answer, &web.user).code();
}

#[test]
fn a_public_client_is_not_served_where_none_is_not_offered() {
    let home = Home::with_keys();
    let _ = home.add_public_web_client("spa", &[]);
    let confidential = home.add_web_client("web", &[]);
    let methods = [("COUNTERSIGN_CLIENT_AUTH_METHODS", "client_secret_basic")];
    let server = home.serve_with(&[], &methods);
    let mut browser = server.browser();
    let answer = browser.authorize(&Request::of("spa"));
    assert_error_page(&answer, 400, "not offered");
    let answer = browser.authorize(&Request::of(&confidential.id));
    assert_eq!(answer.kind(), Kind::SignIn);
}
