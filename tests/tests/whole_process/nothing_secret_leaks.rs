//! Attack 78: what is secret is in no log, however much is logged.

use std::fs;

use countersign_tests::{Home, Input, TestClient};

#[test]
fn attack_78_no_secret_and_no_token_is_in_the_log_at_any_level() {
    let home = Home::with_keys();
    let generated = home.add_client(
        "generated",
        &["--scope", "introspect", "--introspect", "any"],
    );
    let opaque = home.add_client("opaque", &["--access-token-format", "opaque"]);
    let given = home.add_client_with_secret("given", "gH7!s\u{e9}cret kept+by%41 nobody", &[]);
    let server = home.serve_with(&[], &[("COUNTERSIGN_LOG", "trace")]);
    let clients = [&generated, &opaque, &given];
    let mut secrets: Vec<String> = Vec::new();
    let form_encoded =
        |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();

    for client in clients {
        let guess = TestClient::new(&client.id, "wRong-gUess-8121");
        let nobody = TestClient::new("nobody", "wRong-gUess-8122");
        for one in [client, &guess, &nobody] {
            let token = server.token(one, &[]);
            if token.status == 200 {
                secrets.push(token.access_token());
            }
            let form = [
                ("grant_type", "client_credentials"),
                ("client_id", &one.id),
                ("client_secret", &one.secret),
            ];
            assert_eq!(
                server.post("/oauth2/token").form(&form).send().status,
                token.status
            );
            // Refusals for other reasons: a repeated parameter, a wrong scope, a wrong type, the URL.
            let _ = server
                .post("/oauth2/token")
                .form(&[&form[..], &[form[2]]].concat())
                .send();
            let _ = server.token(one, &[("scope", "nothing")]);
            let _ = server.post("/oauth2/token").basic(one).body("{}").send();
            let query = format!("client_id=x&client_secret={}", form_encoded(&one.secret));
            let _ = server.post(&format!("/oauth2/token?{query}")).send();
            let _ = server.post(&format!("/nothing/here?{query}")).send();
            secrets.extend([one.secret.clone(), form_encoded(&one.secret), one.base64()]);
        }
    }
    let jwt = server.issue(&generated, &[]);
    let (signed, _) = jwt.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", "A".repeat(86));
    let tokens: Vec<String> = secrets
        .iter()
        .filter(|one| one.contains('.') || one.starts_with("cs_at_"))
        .cloned()
        .collect();
    for token in tokens.iter().chain([&jwt, &forged]) {
        for client in clients {
            let _ = server.introspect(client, token);
            let _ = server.revoke(client, token);
        }
        let _ = server
            .post("/oauth2/introspect")
            .bearer(token)
            .form(&[("token", token)])
            .send();
        let _ = server
            .post(&format!("/oauth2/introspect?token={token}"))
            .basic(&generated)
            .form(&[])
            .send();
    }
    // What others must not see is not only the whole token: its signature alone makes it whole again.
    secrets.extend([jwt.clone(), forged]);
    secrets.extend(jwt.split('.').nth(2).map(str::to_owned));
    for file in ["master.key", "demo-client.secret"] {
        secrets.push(
            fs::read_to_string(home.data_dir().join(file))
                .unwrap()
                .trim()
                .to_owned(),
        );
    }

    let log = server.stderr();
    assert!(
        log.contains("DEBUG") || log.contains("TRACE"),
        "nothing to look at: {log}"
    );
    assert!(secrets.len() > 25);
    assert_absent(&log, &secrets);
}

fn assert_absent(log: &str, secrets: &[String]) {
    for secret in secrets {
        assert!(secret.len() > 8, "{secret:?} proves nothing");
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret:?} is in the log");
    }
}

/// A dialect that is switched off, or a wrong base URL, must not fill the log with tokens (RULES D2: "paths that hold
/// tokens are redacted in logs").
#[test]
fn attack_78_a_token_in_a_path_that_is_not_there_is_not_logged() {
    let home = Home::with_keys();
    let client = home.add_client("c", &["--access-token-format", "opaque"]);
    let server = home.serve_with(&[], &[("COUNTERSIGN_LOG", "trace")]);
    let token = server.issue(&client, &[]);
    for method in ["GET", "DELETE"] {
        for path in ["/0.1/token", "/api/auth/0.1/token", "/oauth2/revoke"] {
            let answer = server.call(method, &format!("{path}/{token}")).send();
            assert_eq!(answer.status, 404);
            assert!(!answer.text().contains(&token));
        }
    }
    assert_absent(&server.stderr(), &[token]);
}

#[test]
fn attack_78_commands_do_not_repeat_what_they_are_given() {
    let home = Home::with_keys();
    let secret = b"sEcret-7261\0that is not good\xff";
    let variables = &[("COUNTERSIGN_LOG", "trace"), ("RUST_LOG", "trace")];
    let stdin = Some(&secret[..]);
    let done = home.run_with(
        &["client", "add", "c", "--secret-stdin"],
        Input { stdin, variables },
    );
    assert_eq!(done.code, Some(1));
    assert!(!done.stderr.contains("sEcret-7261"), "{}", done.stderr);
    let token = "tOken-5512.tOken-5513.tOken-5514";
    let stdin = Some(token.as_bytes());
    let done = home.run_with(&["token", "inspect"], Input { stdin, variables });
    assert_eq!(done.code, Some(1));
    assert!(!done.stderr.contains("tOken-55"), "{}", done.stderr);
}

#[test]
fn errors_on_the_wire_do_not_repeat_what_was_sent() {
    let home = Home::with_keys();
    let client = home.add_client("c", &[]);
    let server = home.serve();
    let marked = client.with_secret("<script>sEcret-9921</script>");
    for answer in [
        server.token(&marked, &[]),
        server
            .post("/oauth2/token")
            .form(&[("client_secret", "sEcret-9921")])
            .send(),
        server
            .post("/oauth2/token")
            .header("authorization", "sEcret-9921 x")
            .form(&[])
            .send(),
        server
            .post("/oauth2/introspect")
            .bearer("sEcret-9921")
            .form(&[("token", "x")])
            .send(),
        server.get("/sEcret-9921?sEcret-9921"),
    ] {
        assert!(answer.status >= 400);
        assert!(!answer.text().contains("sEcret-9921"), "{}", answer.text());
        assert!(!answer.header("www-authenticate").contains("sEcret-9921"));
    }
}
