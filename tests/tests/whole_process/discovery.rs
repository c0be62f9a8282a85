//! What the service says about itself, and that it is so: OpenID Connect Discovery, RFC 8414. And that there is a rule for
//! every door (attack class 72).

use countersign_tests::{Home, Request, jwt};
use serde_json::Value;

use crate::judge;
use crate::web::Web;

fn texts(document: &Value, name: &str) -> Vec<String> {
    let list = document[name].as_array().expect("a list").iter();
    list.map(|one| one.as_str().expect("a text").to_owned())
        .collect()
}

#[test]
fn oidc_discovery_both_documents_say_the_same_and_every_endpoint_answers() {
    for issuer in ["http://localhost", "https://login.example.com/tenant"] {
        let home = Home::with_keys();
        let server = home.serve_with(&["--issuer", issuer], &[]);
        let path = server.issuer_path();
        let configuration = server.get(&format!("{path}/.well-known/openid-configuration"));
        let metadata = server.get(&format!("/.well-known/oauth-authorization-server{path}"));
        assert_eq!(configuration.text(), metadata.text());
        let document = configuration.json();
        assert_eq!(document["issuer"], issuer);
        for (name, end, method, status) in [
            ("authorization_endpoint", "/oauth2/authorize", "GET", 400),
            ("token_endpoint", "/oauth2/token", "POST", 400),
            ("userinfo_endpoint", "/userinfo", "GET", 401),
            ("jwks_uri", "/oauth2/jwks", "GET", 200),
            ("end_session_endpoint", "/logout", "GET", 200),
            ("introspection_endpoint", "/oauth2/introspect", "POST", 400),
            ("revocation_endpoint", "/oauth2/revoke", "POST", 400),
        ] {
            let url = document[name].as_str().unwrap();
            assert_eq!(url, format!("{issuer}{end}"), "{name}");
            let local = url.strip_prefix(server.origin()).unwrap();
            assert_eq!(server.call(method, local).send().status, status, "{name}");
        }
        for (name, expected) in [
            (
                "response_modes_supported",
                &["query", "fragment", "form_post"][..],
            ),
            ("subject_types_supported", &["public", "pairwise"]),
            ("code_challenge_methods_supported", &["S256"]),
            ("acr_values_supported", &["1"]),
            (
                "prompt_values_supported",
                &["none", "login", "consent", "select_account"],
            ),
        ] {
            assert_eq!(texts(&document, name), expected, "{name}");
        }
        assert_eq!(texts(&document, "response_types_supported").len(), 7);
        let algorithms = texts(&document, "id_token_signing_alg_values_supported");
        assert!(algorithms.contains(&"RS256".to_owned()), "{algorithms:?}");
        assert!(!algorithms.contains(&"none".to_owned()), "{algorithms:?}");
        for scope in [
            "openid",
            "profile",
            "email",
            "address",
            "phone",
            "offline_access",
        ] {
            assert!(texts(&document, "scopes_supported").contains(&scope.to_owned()));
        }
        for (name, expected) in [
            ("claims_parameter_supported", true),
            ("request_parameter_supported", false),
            ("request_uri_parameter_supported", false),
            ("authorization_response_iss_parameter_supported", true),
        ] {
            assert_eq!(document[name], expected, "{name}");
        }
    }
}

/// Every algorithm that is advertised is one that a client can have, and its keys are published.
#[test]
fn oidc_core_id_tokens_are_verified_with_what_is_published() {
    let web = Web::new();
    let document = web.server.get("/.well-known/openid-configuration").json();
    let mut browser = web.signed_in();
    let jwks = web.server.get("/oauth2/jwks").json();
    for algorithm in texts(&document, "id_token_signing_alg_values_supported") {
        // That one is signed with a secret, which a client has to be given for it.
        if algorithm == "HS256" {
            continue;
        }
        let arguments = ["--id-token-alg", &algorithm];
        let client = web.home.add_web_client(&algorithm, &arguments);
        let code = browser.go(&Request::of(&algorithm), &web.user).code();
        let told = web.server.redeem(&client, &code);
        let token = told.id_token();
        assert_eq!(jwt::parts(&token).0["alg"], *algorithm);
        let required = ["iss", "sub", "aud", "exp"];
        let claims = judge::verify_claims(&token, &jwks, &algorithm, &required);
        let claims = claims.unwrap_or_else(|error| panic!("{algorithm}: {error}"));
        assert_eq!(claims["iss"], web.server.issuer);
        assert_eq!(claims["nonce"], "a nonce");
        let told = web.server.userinfo(&told.access_token()).json();
        assert_eq!(told["sub"], claims["sub"]);
    }
}

/// What each door answers to whoever comes with nothing. A door that is not in this table does not exist.
#[test]
fn cve_2024_42490_attack_72_there_is_a_rule_for_every_door() {
    let web = Web::new();
    let methods = ["GET", "POST", "PUT", "DELETE", "PATCH"];
    for (path, answers) in [
        ("/healthz", [200, 405, 405, 405, 405]),
        ("/readyz", [200, 405, 405, 405, 405]),
        (
            "/.well-known/openid-configuration",
            [200, 405, 405, 405, 405],
        ),
        (
            "/.well-known/oauth-authorization-server",
            [200, 405, 405, 405, 405],
        ),
        ("/oauth2/jwks", [200, 405, 405, 405, 405]),
        ("/oauth2/token", [405, 400, 405, 405, 405]),
        ("/oauth2/introspect", [405, 400, 405, 405, 405]),
        ("/oauth2/revoke", [405, 400, 405, 405, 405]),
        ("/oauth2/authorize", [400, 400, 405, 405, 405]),
        ("/userinfo", [401, 401, 405, 405, 405]),
        ("/logout", [200, 400, 405, 405, 405]),
        ("/logout/confirm", [405, 400, 405, 405, 405]),
        ("/sign-in", [405, 400, 405, 405, 405]),
        ("/select-account", [405, 400, 405, 405, 405]),
        ("/consent", [405, 400, 405, 405, 405]),
    ] {
        for (method, status) in methods.into_iter().zip(answers) {
            let answer = web.server.call(method, path).send();
            assert_eq!(answer.status, status, "{method} {path}");
            // To take a cookie back costs nothing.
            let cookies = answer.headers("set-cookie");
            let given = cookies.iter().filter(|one| !one.contains("Max-Age=0"));
            assert_eq!(given.count(), 0, "{method} {path}");
            if status == 405 {
                let allowed = answer.header("allow");
                assert!(
                    !allowed.is_empty() && !allowed.contains(method),
                    "{method} {path}"
                );
            }
        }
    }
    // With an empty form, and with one that proves nothing.
    for (path, empty, nobody) in [
        ("/oauth2/token", 400, 401),
        ("/oauth2/introspect", 400, 401),
        ("/oauth2/revoke", 400, 401),
        ("/userinfo", 401, 401),
        ("/logout/confirm", 400, 400),
        ("/sign-in", 400, 400),
        ("/select-account", 400, 400),
        ("/consent", 400, 400),
    ] {
        let answer = web.server.post(path).form(&[]).send();
        assert_eq!(answer.status, empty, "{path}: {}", answer.text());
        let form = [
            ("client_id", "web"),
            ("client_secret", "x"),
            ("grant_type", "authorization_code"),
            ("code", "x"),
            ("token", "x"),
            ("access_token", "x"),
        ];
        let answer = web.server.post(path).form(&form).send();
        assert_eq!(answer.status, nobody, "{path}: {}", answer.text());
    }
    for path in [
        "/admin",
        "/api",
        "/api/v1/users",
        "/clients",
        "/users",
        "/sessions",
        "/grants",
        "/keys",
        "/register",
        "/oauth2/register",
        "/oauth2/par",
        "/oauth2/device",
        "/metrics",
        "/debug",
        "/static",
        "/.well-known/webfinger",
        "/.well-known/change-password",
    ] {
        for method in methods {
            let answer = web.server.call(method, path).send();
            assert_eq!(
                answer.refusal(),
                (404, "not_found".into()),
                "{method} {path}"
            );
        }
    }
}
