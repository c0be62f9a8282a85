//! What bad input gets: a clear, typed refusal, never a 500, and nothing issued.

use countersign_tests::{Answer, Home, Server, TestClient};

const GRANT: &str = "grant_type=client_credentials";

fn start() -> (Home, Server, TestClient) {
    let home = Home::with_keys();
    let client = home.add_client("c", &["--scope", "read"]);
    let server = home.serve();
    (home, server, client)
}

fn assert_well(server: &Server, client: &TestClient) {
    let token = server.issue(client, &[]);
    assert!(server.is_active(client, &token));
    let log = server.stderr();
    assert!(!log.contains("panicked"), "{log}");
}

fn refuse(answer: &Answer, expected: (u16, &str), what: &str) {
    assert_eq!(
        answer.refusal(),
        (expected.0, expected.1.to_owned()),
        "{what}"
    );
}

#[test]
fn rfc6749_appendix_b_only_forms_are_read() {
    let (_home, server, client) = start();
    let json = r#"{"grant_type":"client_credentials","token":"x"}"#;
    let form = "grant_type=client_credentials&token=x";
    let form_type = "application/x-www-form-urlencoded";
    let long_type = "x".repeat(10_000);
    let refused: [(&[&[u8]], &str); 9] = [
        (&[b"application/json"], json),
        (&[b"application/json"], form),
        (&[b"multipart/form-data; boundary=x"], form),
        (&[b"text/plain"], form),
        (&[b"application/x-www-form-urlencoded-not"], form),
        (&[b"\xff"], form),
        (&[long_type.as_bytes()], form),
        (&[form_type.as_bytes(), b"application/json"], form),
        (&[], form),
    ];
    for path in ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"] {
        for (types, body) in refused {
            let mut call = server.post(path).basic(&client);
            for value in types {
                call = call.header("content-type", value);
            }
            refuse(
                &call.body(body).send(),
                (400, "invalid_request"),
                &format!("{path} {types:?}"),
            );
        }
        for good in [
            "application/x-www-form-urlencoded; charset=utf-8",
            "Application/X-WWW-Form-Urlencoded",
        ] {
            let call = server
                .post(path)
                .basic(&client)
                .header("content-type", good);
            assert_eq!(call.body(form).send().status, 200, "{path} {good}");
        }
    }
    assert_well(&server, &client);
}

#[test]
fn bodies_that_are_no_utf8_form_are_refused() {
    let (_home, server, client) = start();
    let many = (0..100)
        .map(|n| format!("&p{n}=1"))
        .collect::<Vec<_>>()
        .concat();
    let cases: [(&str, Vec<u8>, (u16, &str)); 9] = [
        ("empty", Vec::new(), (400, "invalid_request")),
        (
            "separators only",
            b"&&&=&=".to_vec(),
            (400, "invalid_request"),
        ),
        (
            "percent-encoded bytes that are no UTF-8",
            format!("{GRANT}&scope=%ff").into(),
            (400, "invalid_request"),
        ),
        (
            "overlong UTF-8",
            format!("{GRANT}&scope=%c0%af").into(),
            (400, "invalid_request"),
        ),
        (
            "a lone surrogate",
            format!("{GRANT}&scope=%ed%a0%80").into(),
            (400, "invalid_request"),
        ),
        (
            "raw bytes that are no UTF-8",
            [GRANT.as_bytes(), b"&scope=\xff"].concat(),
            (400, "invalid_request"),
        ),
        (
            "NUL in a value",
            format!("{GRANT}&scope=read%00").into(),
            (400, "invalid_scope"),
        ),
        (
            "NUL in a name",
            format!("%00{GRANT}").into(),
            (400, "invalid_request"),
        ),
        (
            "a hundred parameters",
            format!("{GRANT}{many}").into(),
            (400, "invalid_request"),
        ),
    ];
    for (what, body, expected) in cases {
        let answer = server
            .post("/oauth2/token")
            .basic(&client)
            .form_bytes(body)
            .send();
        refuse(&answer, expected, what);
    }
    let nul = [("client_id", "c\0"), ("client_secret", &*client.secret)];
    let form = [&nul[..], &[("grant_type", "client_credentials")]].concat();
    refuse(
        &server.post("/oauth2/token").form(&form).send(),
        (401, "invalid_client"),
        "NUL in client_id",
    );
    assert_well(&server, &client);
}

#[test]
fn attack_64_65_68_oversize_input_is_refused_before_it_is_looked_at() {
    let (_home, server, client) = start();
    let dots = ".".repeat(1_000_000);
    let secret = "s".repeat(1_000_000);
    let large: [(&str, Vec<u8>); 5] = [
        (
            "10 MB of a parameter",
            format!("{GRANT}&x={}", "x".repeat(10_000_000)).into(),
        ),
        (
            "10 MB of parameters",
            format!("{GRANT}{}", "&a=b".repeat(2_500_000)).into(),
        ),
        (
            "a secret of 1 MB",
            format!("{GRANT}&client_id=c&client_secret={secret}").into(),
        ),
        (
            "a token of a million dots",
            format!("client_id=c&token={dots}").into(),
        ),
        ("10 MB of zeros", vec![0; 10_000_000]),
    ];
    for path in ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"] {
        for (what, body) in &large {
            let answer = server.post(path).form_bytes(body.clone()).send();
            refuse(
                &answer,
                (413, "invalid_request"),
                &format!("{path}: {what}"),
            );
        }
    }
    // Just under the limit of a body, so it is the token that is judged.
    for length in [16_000, 17_000, 60_000] {
        assert!(
            !server.is_active(&client, &".".repeat(length)),
            "{length} dots"
        );
        let lookalike = format!("eyJhbGciOiJFUzI1NiJ9.{}.AAAA", "A".repeat(length));
        assert!(
            !server.is_active(&client, &lookalike),
            "{length} characters"
        );
        let opaque = format!("cs_at_{}", "A".repeat(length));
        assert!(
            !server.is_active(&client, &opaque),
            "{length} characters, opaque"
        );
        let bearer = server
            .post("/oauth2/introspect")
            .bearer(&".".repeat(length));
        refuse(
            &bearer.form(&[("token", "x")]).send(),
            (401, "invalid_token"),
            "bearer",
        );
    }
    let long = server.token(&client.with_secret(&"s".repeat(30_000)), &[]);
    refuse(&long, (401, "invalid_client"), "a secret of 30 kB");
    assert_well(&server, &client);
}

#[test]
fn attack_65_headers_without_end_are_refused() {
    let (_home, server, client) = start();
    let big = "x".repeat(1_000_000);
    for header in [
        format!("Authorization: Basic {big}"),
        format!("Authorization: Bearer {big}"),
        format!("X-Anything: {big}"),
        "X: y\r\n".repeat(5_000).trim_end().to_owned(),
    ] {
        let request = format!(
            "POST /oauth2/token HTTP/1.1\r\nHost: x\r\n{header}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let answer = server.raw(request.as_bytes());
        let status = answer.split(' ').nth(1).unwrap_or_default();
        let kind = header
            .split(' ')
            .take(2)
            .map(|word| word.chars().take(20).collect::<String>())
            .collect::<Vec<_>>();
        assert!(
            ["400", "413", "431"].contains(&status),
            "{kind:?}: {answer:?}"
        );
    }
    assert_well(&server, &client);
}

#[test]
fn attack_78_credentials_in_the_url_are_refused_and_issue_nothing() {
    let (_home, server, client) = start();
    let credentials = format!("client_id=c&client_secret={}", client.secret);
    let post = |query: &str| server.post(&format!("/oauth2/token?{query}"));
    let form = [("grant_type", "client_credentials")];
    let cases = [
        (
            "all in the URL",
            post(&format!("{GRANT}&{credentials}")).form(&[]),
        ),
        ("credentials in the URL", post(&credentials).form(&form)),
        ("the grant in the URL", post(GRANT).basic(&client).form(&[])),
        ("anything in the URL", post("x").basic(&client).form(&form)),
    ];
    for (what, call) in cases {
        let answer = call.send();
        refuse(&answer, (400, "invalid_request"), what);
        assert!(!answer.text().contains("access_token"), "{what}");
    }
    assert_eq!(
        post("").basic(&client).form(&form).send().status,
        200,
        "an empty query is none"
    );
}

#[test]
fn rfc9110_methods_and_paths_that_are_not_there() {
    let (_home, server, client) = start();
    for path in ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"] {
        for method in [
            "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND",
        ] {
            let answer = server.call(method, path).basic(&client).send();
            assert_eq!(
                (answer.status, answer.header("allow")),
                (405, "POST".into()),
                "{method} {path}"
            );
            assert_eq!(
                answer.text().is_empty(),
                method == "HEAD",
                "{method} {path}"
            );
            answer.assert_not_kept();
        }
    }
    for path in [
        "/oauth2/jwks",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/healthz",
        "/readyz",
    ] {
        let head = server.call("HEAD", path).send();
        assert_eq!((head.status, &*head.text()), (200, ""), "{path}");
        assert_eq!(server.get(path).status, 200, "{path}");
        for method in ["POST", "PUT", "DELETE"] {
            let answer = server.call(method, path).send();
            assert_eq!(
                (answer.status, answer.header("allow")),
                (405, "GET, HEAD".into()),
                "{method} {path}"
            );
        }
    }
    for path in [
        "/oauth2",
        "/oauth2/",
        "/oauth2/token/",
        "/oauth2/tokenx",
        "/OAUTH2/TOKEN",
        "/oauth2/%74oken",
        "/token",
        "/.well-known/",
        "/.well-known/oauth-authorization-server/x",
        "/.well-known/openid-configuration/x",
        "/oauth2/authorize/",
        "/metrics",
        "/admin",
        "/favicon.ico",
        "/%00",
        "/%ff",
        "/;/oauth2/token",
    ] {
        for method in ["GET", "POST"] {
            let answer = server.call(method, path).send();
            assert_eq!(
                answer.refusal(),
                (404, "not_found".into()),
                "{method} {path}"
            );
        }
    }
    assert_well(&server, &client);
}
