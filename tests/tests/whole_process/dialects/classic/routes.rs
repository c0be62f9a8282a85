//! Where the dialect is, and where it is not.

use countersign_tests::Home;

use super::{Classic, INTROSPECT, ON, PATHS, REVOKE, TOKEN};

#[test]
fn row_0_the_three_paths_take_post_only() {
    let classic = Classic::new();
    for path in PATHS {
        for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            let answer = classic.server.call(method, path).send();
            let told = (answer.status, answer.header("allow"));
            assert_eq!(told, (405, "POST".into()), "{method} {path}");
        }
        assert_ne!(classic.server.post(path).send().status, 405, "{path}");
    }
}

/// As at the standard endpoints: who introspects has a secret that no script keeps.
#[test]
fn scripts_of_other_origins_use_the_first_two() {
    let classic = Classic::new();
    for (path, expected) in [(TOKEN, "*"), (REVOKE, "*"), (INTROSPECT, "")] {
        let origin = "https://evil.example";
        let asked = classic.server.call("OPTIONS", path);
        let asked = asked
            .header("origin", origin)
            .header("access-control-request-method", "POST");
        let used = classic.server.post(path).header("origin", origin);
        for answer in [asked.send(), used.send()] {
            let allowed = answer.header("access-control-allow-origin");
            assert_eq!(allowed, expected, "{path}");
            assert_eq!(answer.header("access-control-allow-credentials"), "");
        }
    }
}

#[test]
fn they_lie_below_the_issuer() {
    let home = Home::with_keys();
    let client = home.add_client("app", &super::PROFILE);
    let server = home.serve_with(&["--issuer", "http://localhost/t"], &[ON]);
    let form = [("grant_type", "client_credentials")];
    for (path, status) in [("/t/token", 200), ("/token", 404)] {
        let answer = server.post(path).basic(&client).form(&form).send();
        assert_eq!(answer.status, status, "{path}");
    }
}

/// A client may have classic tokens all the same; then those who check them hold the secret.
#[test]
fn switched_off_it_has_no_route() {
    let home = Home::with_keys();
    let client = home.add_client("app", &super::PROFILE);
    let variables = [
        &[("COUNTERSIGN_CLASSIC__DEFAULT", "true")][..],
        &[("COUNTERSIGN_DIALECTS", "moov,wazo")],
    ];
    for variables in variables {
        let server = home.serve_with(&[], variables);
        for path in PATHS {
            assert_eq!(server.post(path).send().status, 404, "{path}");
            assert_eq!(server.get(path).status, 404, "{path}");
        }
        let token = server.issue(&client, &[]);
        assert_eq!(countersign_tests::jwt::parts(&token).0["typ"], "JWT");
        assert!(!server.is_active(&client, &token));
    }
}
