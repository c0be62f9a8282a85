//! The example APIs of `countersign-resource` beside the real service: one that checks tokens by its keys, and one that asks.

use countersign_tests::{Answer, Example, Home, PATIENCE, Server, TestClient, eventually};
use serde_json::{Value, json};

const API: &str = "https://api.example/v1";

/// A service, a client with tokens for the API, and what the API asks with.
struct Scene {
    home: Home,
    server: Server,
    client: TestClient,
    api: TestClient,
}

fn scene(format: &str) -> Scene {
    let home = Home::with_keys();
    let arguments = [
        "--scope",
        "accounts.read other",
        "--resource",
        API,
        "--resource",
        "https://other.example",
        "--access-token-format",
        format,
    ];
    let client = home.add_client("reader", &arguments);
    let api = home.add_client("api", &["--resource", API]);
    let server = home.serve();
    Scene {
        home,
        server,
        client,
        api,
    }
}

impl Scene {
    fn by_keys(&self) -> Example {
        Example::start("axum_api", &[&self.server.issuer, API], &[])
    }

    fn by_asking(&self) -> Example {
        let arguments = [&self.server.issuer, API, &self.api.id];
        let secret = [("CLIENT_SECRET", self.api.secret.as_str())];
        Example::start("axum_introspection", &arguments, &secret)
    }

    fn token(&self, resource: &str, scope: &str) -> String {
        let more = [("resource", resource), ("scope", scope)];
        self.server.issue(&self.client, &more)
    }
}

fn ask(api: &Example, path: &str, token: &str) -> (u16, String) {
    let answer = api.get(path).bearer(token).send();
    (answer.status, answer.text())
}

fn challenge(answer: &Answer) -> String {
    answer.header("www-authenticate")
}

#[test]
fn an_api_lets_in_whom_it_should_and_tells_all_others_why_not() {
    for (format, by_asking) in [("jwt", false), ("jwt", true), ("opaque", true)] {
        let scene = scene(format);
        let api = if by_asking {
            scene.by_asking()
        } else {
            scene.by_keys()
        };
        let token = scene.token(API, "accounts.read");
        assert_eq!(
            ask(&api, "/whoami", &token),
            (200, "reader by reader\n".into())
        );
        let accounts = (200, "the accounts, for accounts.read\n".into());
        assert_eq!(ask(&api, "/accounts", &token), accounts);

        // RFC 6750 §3.1, RFC 9728 §5.1.
        let without = api.get("/whoami").send();
        assert_eq!(without.status, 401);
        let metadata = "https://api.example/.well-known/oauth-protected-resource/v1";
        assert!(challenge(&without).contains(&format!("resource_metadata=\"{metadata}\"")));
        assert!(
            !challenge(&without).contains("error"),
            "{}",
            challenge(&without)
        );
        let narrow = scene.token(API, "other");
        let refused = api.get("/accounts").bearer(&narrow).send();
        assert_eq!(refused.status, 403);
        let told = challenge(&refused);
        assert!(
            told.contains("insufficient_scope") && told.contains("accounts.read"),
            "{told}"
        );
        assert_eq!(ask(&api, "/whoami", &narrow).0, 200);
        // RFC 9700 §4.9.3: what is meant for another API is of no use here.
        let elsewhere = scene.token("https://other.example", "accounts.read");
        for bad in [elsewhere.as_str(), "x", "a.b.c", &token[1..]] {
            let refused = api.get("/whoami").bearer(bad).send();
            assert_eq!(refused.status, 401, "{format} {bad}");
            assert!(
                challenge(&refused).contains("invalid_token"),
                "{}",
                challenge(&refused)
            );
        }

        let path = "/.well-known/oauth-protected-resource/v1";
        let told: Value = serde_json::from_str(&api.get(path).send().text()).unwrap();
        assert_eq!(told["resource"], API);
        assert_eq!(told["authorization_servers"], json!([scene.server.issuer]));
    }
}

#[test]
fn rule_a7_an_api_that_asks_sees_a_revocation_and_one_that_does_not_sees_the_end() {
    let scene = scene("jwt");
    let (by_keys, by_asking) = (scene.by_keys(), scene.by_asking());
    let token = scene.token(API, "accounts.read");
    assert_eq!(ask(&by_keys, "/whoami", &token).0, 200);
    assert_eq!(ask(&by_asking, "/whoami", &token).0, 200);
    assert_eq!(scene.server.revoke(&scene.client, &token).status, 200);
    assert_eq!(ask(&by_keys, "/whoami", &token).0, 200);
    assert_eq!(ask(&by_asking, "/whoami", &token).0, 401);
}

#[test]
fn an_api_starts_before_its_issuer_and_goes_on_after_it() {
    let scene = scene("jwt");
    let token = scene.token(API, "accounts.read");
    let address = scene.server.address.to_string();
    let (by_keys, by_asking) = (scene.by_keys(), scene.by_asking());
    assert_eq!(ask(&by_keys, "/whoami", &token).0, 200);
    assert_eq!(ask(&by_asking, "/whoami", &token).0, 200);
    let Scene { home, server, .. } = scene;
    let issuer = server.issuer.clone();
    server.stop();
    let late = Example::start("axum_api", &[&issuer, API], &[]);
    // What was fetched goes on serving; who has nothing can say nothing; who asks is not answered.
    assert_eq!(ask(&by_keys, "/whoami", &token).0, 200);
    for api in [&late, &by_asking] {
        let answer = api.get("/whoami").bearer(&token).send();
        assert_eq!(answer.status, 503, "it fails closed");
        assert!(!answer.header("retry-after").is_empty());
    }
    let _server = home.serve_with(&["--listen", &address, "--issuer", &issuer], &[]);
    for api in [&late, &by_asking] {
        let back = eventually(PATIENCE, || {
            (ask(api, "/whoami", &token).0 == 200).then_some(())
        });
        assert!(back.is_some());
    }
}
