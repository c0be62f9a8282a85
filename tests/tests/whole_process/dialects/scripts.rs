//! What scripts of other origins may send to the dialects, and read of their answers (Fetch §3.3).

use countersign_tests::Home;

use crate::scene::ISSUER;

/// Method, path, a header that a script sends, a header that it reads; with no header, none of it is open.
const DOORS: [(&str, &str, &str, &str); 8] = [
    ("POST", "/oauth2/token", "X-Moov-Version", "X-Request-Id"),
    ("POST", "/oauth2/revoke", "X-Moov-Version", "X-Request-Id"),
    ("POST", "/token", "Authorization", "Retry-After"),
    ("POST", "/token/revoke", "Authorization", "Retry-After"),
    // Who asks there has a secret that no script keeps.
    ("POST", "/token/introspect", "", ""),
    ("POST", "/0.1/token", "Wazo-Session-Type", "Retry-After"),
    ("GET", "/api/auth/0.1/users", "X-Auth-Token", "Retry-After"),
    ("DELETE", "/0.1/sessions/x", "Wazo-Tenant", "Retry-After"),
];

#[test]
fn scripts_of_other_origins_use_the_dialects_and_never_with_cookies() {
    let home = Home::with_keys();
    let dialects = [("COUNTERSIGN_DIALECTS", "moov,classic,wazo")];
    let server = home.serve_with(&ISSUER, &dialects);
    for (method, path, sent, read) in DOORS {
        let from_elsewhere = |method| {
            server
                .call(method, path)
                .header("origin", "https://elsewhere.example")
        };
        let preflight = from_elsewhere("OPTIONS")
            .header("access-control-request-method", method)
            .send();
        let answer = from_elsewhere(method).send();
        for answer in [&preflight, &answer] {
            let origin = answer.header("access-control-allow-origin");
            assert_eq!(origin, if sent.is_empty() { "" } else { "*" }, "{path}");
            assert_eq!(
                answer.header("access-control-allow-credentials"),
                "",
                "{path}"
            );
        }
        let names = |header: &str| header.contains(sent);
        assert!(
            names(&preflight.header("access-control-allow-headers")),
            "{path}"
        );
        assert!(
            preflight
                .header("access-control-allow-methods")
                .contains(if sent.is_empty() { "" } else { method }),
            "{path}"
        );
        assert!(
            answer
                .header("access-control-expose-headers")
                .contains(read),
            "{path}"
        );
    }
}
