//! What is left of a dialect that is switched off: nothing.

use countersign_tests::Home;
use serde_json::json;

use crate::scene::ISSUER;

/// The routes that only a dialect has, each with a request that it answers otherwise than with "there is nothing".
const ROUTES: [(&str, &str, &str); 25] = [
    ("classic", "POST", "/token"),
    ("classic", "POST", "/token/revoke"),
    ("classic", "POST", "/token/introspect"),
    ("wazo", "POST", "/0.1/token"),
    ("wazo", "GET", "/0.1/token/t"),
    ("wazo", "POST", "/0.1/token/t/scopes/check"),
    ("wazo", "GET", "/0.1/backends"),
    ("wazo", "GET", "/0.1/status"),
    ("wazo", "GET", "/0.1/users"),
    ("wazo", "GET", "/0.1/users/x/tokens"),
    ("wazo", "GET", "/0.1/tokens"),
    ("wazo", "GET", "/0.1/policies"),
    ("wazo", "PUT", "/0.1/policies/x/acl/y"),
    ("wazo", "GET", "/0.1/sessions"),
    ("wazo", "POST", "/api/auth/0.1/token"),
    ("wazo", "GET", "/api/auth/0.1/token/t"),
    ("wazo", "POST", "/api/auth/0.1/token/t/scopes/check"),
    ("wazo", "GET", "/api/auth/0.1/backends"),
    ("wazo", "GET", "/api/auth/0.1/status"),
    ("wazo", "GET", "/api/auth/0.1/users"),
    ("wazo", "GET", "/api/auth/0.1/users/x/tokens"),
    ("wazo", "GET", "/api/auth/0.1/tokens"),
    ("wazo", "GET", "/api/auth/0.1/policies"),
    ("wazo", "PUT", "/api/auth/0.1/policies/x/acl/y"),
    ("wazo", "GET", "/api/auth/0.1/sessions"),
];

#[test]
fn a_dialect_that_is_off_leaves_no_route_behind() {
    for on in [
        "",
        "moov",
        "classic",
        "wazo",
        "moov,classic",
        "moov,classic,wazo",
    ] {
        let home = Home::with_keys();
        let grants = [
            "--grant-type",
            "client_credentials",
            "--grant-type",
            "refresh_token",
        ];
        let client = home.add_client("bank", &[&grants[..], &["--scope", "read"]].concat());
        let server = home.serve_with(&ISSUER, &[("COUNTERSIGN_DIALECTS", on)]);
        let is_on = |dialect: &str| on.split(',').any(|it| it == dialect);
        for (dialect, method, path) in ROUTES {
            let answer = server.call(method, path).send();
            let nothing =
                answer.status == 404 && answer.text().contains("there is nothing at this path");
            assert_eq!(
                nothing,
                !is_on(dialect),
                "{on}: {method} {path}: {}",
                answer.text()
            );
        }
        // The moov dialect has no path of its own: a form is answered as ever, JSON only if it is on.
        let body = json!({ "grant_type": "client_credentials", "scope": "read" }).to_string();
        let post = server.post("/oauth2/token").basic(&client);
        let answer = post
            .header("content-type", "application/json")
            .body(body)
            .send();
        assert_eq!(answer.status, if is_on("moov") { 200 } else { 400 }, "{on}");
        assert_eq!(server.token(&client, &[]).status, 200, "{on}");
    }
}
