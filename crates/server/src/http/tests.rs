//! The routes, without a socket: which methods they have, who may read their answers, and which headers guard them.

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use countersign_core::Secret;
use countersign_protocol::AuthorizationParameters;
use countersign_provider::{Host, MasterKey, Settings};
use countersign_storage::MemoryStore;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;
use crate::host::{SystemClock, SystemRandom};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const EVIL: &str = "https://evil.example";

type Headers<'all> = &'all [(&'all str, &'all str)];

async fn routes(issuer: &str) -> Router {
    let host = Host {
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        master_key: MasterKey::new(Secret::new([7; 32])),
        key_sets: None,
    };
    let settings = Settings::new(issuer.parse().unwrap());
    let provider = Provider::start(Arc::new(MemoryStore::new()), settings, host).await;
    let service = Service {
        provider: Arc::new(provider.unwrap()),
        dialects: Arc::default(),
        trusted_proxies: Arc::new([]),
    };
    router(service, Router::new())
}

/// Sends a request: method and path, headers, body.
async fn send(routes: &Router, line: &str, headers: Headers<'_>, body: &str) -> Response<Body> {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    routes.clone().oneshot(request).await.unwrap()
}

fn header<'response>(response: &'response Response<Body>, name: &str) -> &'response str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn rfc9110_each_route_has_its_methods_and_says_which() {
    let routes = routes("https://as.example").await;
    for (path, methods) in [
        (paths::TOKEN, "POST"),
        (paths::REVOKE, "POST"),
        (paths::INTROSPECT, "POST"),
        (paths::USERINFO, "GET, HEAD, POST"),
        (paths::JWKS, "GET, HEAD"),
        (paths::OPENID_CONFIGURATION, "GET, HEAD"),
        ("/.well-known/oauth-authorization-server", "GET, HEAD"),
        ("/healthz", "GET, HEAD"),
        ("/readyz", "GET, HEAD"),
        (paths::AUTHORIZE, "GET, POST"),
        (paths::LOGOUT, "GET, POST"),
        (paths::SIGN_IN, "POST"),
        (paths::SELECT_ACCOUNT, "POST"),
        (paths::CONSENT, "POST"),
        (paths::CONFIRM_SIGN_OUT, "POST"),
    ] {
        for method in [
            "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE",
        ] {
            let response = send(&routes, &format!("{method} {path}"), &[], "").await;
            let refused = response.status() == StatusCode::METHOD_NOT_ALLOWED;
            let is_there = methods.split(", ").any(|one| one == method);
            assert_eq!(refused, !is_there, "{method} {path}: {}", response.status());
            if refused {
                assert_eq!(header(&response, "allow"), methods, "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn rfc9700_17_scripts_of_other_origins_use_the_endpoints_of_programs_only() {
    let routes = routes("https://as.example").await;
    let preflight = [
        ("origin", EVIL),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization"),
    ];
    for (method, path, methods) in [
        ("POST", paths::TOKEN, Some("POST")),
        ("POST", paths::REVOKE, Some("POST")),
        ("GET", paths::USERINFO, Some("GET, HEAD, POST")),
        ("POST", paths::USERINFO, Some("GET, HEAD, POST")),
        ("GET", paths::JWKS, Some("GET, HEAD")),
        ("GET", paths::OPENID_CONFIGURATION, Some("GET, HEAD")),
        (
            "GET",
            "/.well-known/oauth-authorization-server",
            Some("GET, HEAD"),
        ),
        ("POST", paths::INTROSPECT, None),
        ("GET", paths::AUTHORIZE, None),
        ("POST", paths::AUTHORIZE, None),
        ("GET", paths::LOGOUT, None),
        ("POST", paths::LOGOUT, None),
        ("POST", paths::SIGN_IN, None),
        ("POST", paths::SELECT_ACCOUNT, None),
        ("POST", paths::CONSENT, None),
        ("POST", paths::CONFIRM_SIGN_OUT, None),
        ("GET", "/healthz", None),
        ("GET", "/nothing", None),
    ] {
        let asked = send(&routes, &format!("OPTIONS {path}"), &preflight, "").await;
        let used = send(
            &routes,
            &format!("{method} {path}"),
            &[("origin", EVIL)],
            "",
        )
        .await;
        let expected = if methods.is_some() { "*" } else { "" };
        for response in [&asked, &used] {
            let allowed = header(response, "access-control-allow-origin");
            assert_eq!(allowed, expected, "{method} {path}");
            assert_eq!(header(response, "access-control-allow-credentials"), "");
        }
        assert_eq!(asked.status().is_success(), methods.is_some(), "{path}");
        let allowed = header(&asked, "access-control-allow-methods");
        assert_eq!(allowed, methods.unwrap_or_default(), "{path}");
        if methods.is_some() {
            let allowed = header(&asked, "access-control-allow-headers");
            assert_eq!(allowed, "Authorization, Content-Type", "{path}");
        }
    }
}

/// What guards each page and each redirect.
fn assert_guarded(response: &Response<Body>, referrer_policy: &str, what: &str) {
    for (name, expected) in [
        ("cache-control", "no-store"),
        ("pragma", "no-cache"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", referrer_policy),
        ("cross-origin-opener-policy", ""),
    ] {
        assert_eq!(header(response, name), expected, "{what}: {name}");
    }
}

async fn assert_page(response: Response<Body>, status: u16, what: &str) {
    assert_eq!(header(&response, "x-frame-options"), "DENY", "{what}");
    assert_eq!(response.status().as_u16(), status, "{what}");
    assert_guarded(&response, "same-origin", what);
    assert_eq!(
        header(&response, "content-type"),
        "text/html; charset=utf-8"
    );
    let policy = header(&response, "content-security-policy").to_owned();
    assert!(
        policy.contains("frame-ancestors 'none'"),
        "{what}: {policy}"
    );
    let html = text(response).await;
    assert!(html.ends_with("</html>"), "{what}: {html}");
}

#[tokio::test]
async fn rfc9700_30_whatever_a_browser_is_answered_is_guarded() {
    let routes = routes("https://as.example").await;
    let long = "a".repeat(AuthorizationParameters::MAX_LEN);
    let cookie = ("cookie", "__Host-countersign_session=x");
    let own = ("origin", "https://as.example");
    let too_large = "a".repeat(countersign_protocol::MAX_BODY_BYTES + 1);
    let cases: [(&str, Headers<'_>, &str, u16); 14] = [
        ("GET /oauth2/authorize", &[], "", 400),
        (&format!("GET /oauth2/authorize?x={long}"), &[], "", 400),
        (&format!("GET /logout?x={long}"), &[], "", 400),
        ("GET /logout", &[], "", 200),
        ("POST /logout", &[FORM, cookie], "", 200),
        ("POST /oauth2/authorize", &[FORM, cookie], "x=1", 400),
        ("POST /oauth2/authorize", &[cookie], "x=1", 400),
        ("POST /oauth2/authorize?client_id=x", &[FORM], "", 400),
        ("POST /oauth2/authorize", &[FORM], &too_large, 413),
        ("POST /sign-in", &[FORM, own], "", 400),
        ("POST /sign-in", &[FORM, ("origin", "null")], "", 403),
        ("POST /consent", &[FORM, ("origin", EVIL)], "", 403),
        (
            "POST /logout/confirm",
            &[FORM, ("sec-fetch-site", "cross-site")],
            "",
            403,
        ),
        ("GET /sign-in", &[], "", 405),
    ];
    for (line, headers, body, status) in cases {
        let shown = line.get(..60).unwrap_or(line);
        let response = send(&routes, line, headers, body).await;
        assert_page(response, status, shown).await;
    }
}

#[tokio::test]
async fn oidc_core_07_a_post_from_another_site_comes_again_with_its_cookies() {
    let routes = routes("https://as.example/t").await;
    for path in ["/t/oauth2/authorize", "/t/logout"] {
        let line = format!("POST {path}");
        let response = send(&routes, &line, &[FORM, ("origin", EVIL)], "a=b&c=%20").await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{path}");
        let location = header(&response, "location");
        assert_eq!(location, format!("{path}?a=b&c=%20"));
        assert_guarded(&response, "same-origin", path);
    }
}

/// What does not fit into a URL cannot come again with its cookies, and "You have signed out" would be a lie.
#[tokio::test]
async fn a_post_from_another_site_that_is_too_long_signs_nobody_out() {
    let routes = routes("https://as.example").await;
    let long = format!("state={}", "x".repeat(7 * 1024));
    let response = send(&routes, "POST /logout", &[FORM, ("origin", EVIL)], &long).await;
    assert_eq!(header(&response, "set-cookie"), "");
    assert_page(response, 400, "too long to come again").await;
    let own = ("cookie", "__Host-countersign_session=x");
    let response = send(&routes, "POST /logout", &[FORM, own], &long).await;
    assert_page(response, 200, "with its cookie").await;
}

#[tokio::test]
async fn oidc_core_31_userinfo_takes_a_token_in_one_of_two_ways() {
    let routes = routes("https://as.example").await;
    let (bearer, json) = (
        ("authorization", "Bearer t"),
        ("content-type", "application/json"),
    );
    let bare = r#"Bearer realm="https://as.example", scope="openid""#;
    let cases: [(&str, Headers<'_>, &str, u16, &str); 11] = [
        ("GET /userinfo", &[], "", 401, ""),
        ("GET /userinfo?access_token=", &[], "", 401, ""),
        (
            "GET /userinfo?schema=openid",
            &[bearer],
            "",
            401,
            "invalid_token",
        ),
        ("POST /userinfo", &[bearer], "", 401, "invalid_token"),
        (
            "POST /userinfo",
            &[FORM],
            "access_token=t",
            401,
            "invalid_token",
        ),
        ("POST /userinfo", &[json], "access_token=t", 401, ""),
        ("GET /userinfo", &[FORM], "access_token=t", 401, ""),
        (
            "GET /userinfo?access_token=t",
            &[],
            "",
            400,
            "invalid_request",
        ),
        (
            "POST /userinfo?access_token=t",
            &[bearer],
            "",
            400,
            "invalid_request",
        ),
        (
            "POST /userinfo",
            &[FORM, bearer],
            "access_token=t",
            400,
            "invalid_request",
        ),
        ("POST /userinfo", &[FORM], "a=1&a=2", 400, "invalid_request"),
    ];
    for (line, headers, body, status, error) in cases {
        let response = send(&routes, line, headers, body).await;
        assert_eq!(response.status().as_u16(), status, "{line} {body}");
        let challenge = header(&response, "www-authenticate");
        match error {
            "" => assert_eq!(challenge, bare, "{line} {body}"),
            _ => assert!(
                challenge.starts_with(&format!(r#"{bare}, error="{error}""#)),
                "{line} {body}: {challenge}"
            ),
        }
        assert_eq!(header(&response, "cache-control"), "no-store");
    }
}

#[tokio::test]
async fn oidc_discovery_08_the_document_stands_at_both_of_its_places() {
    for (issuer, openid, oauth) in [
        (
            "https://as.example",
            "/.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server",
        ),
        (
            "https://as.example/t/",
            "/t/.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server/t",
        ),
    ] {
        let routes = routes(issuer).await;
        let mut documents = Vec::new();
        for path in [openid, oauth] {
            let response = send(&routes, &format!("GET {path}"), &[], "").await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(header(&response, "cache-control"), "public, max-age=300");
            documents.push(text(response).await);
        }
        assert_eq!(documents[0], documents[1]);
        assert!(documents[0].contains(&format!(r#""issuer":"{issuer}""#)));
    }
}
