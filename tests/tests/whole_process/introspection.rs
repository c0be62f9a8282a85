//! The introspection endpoint, asked by clients: RFC 7662, RULES A2, I1, R10.

use countersign_tests::{Home, SECOND, eventually, jwt};

#[test]
fn rule_i1_who_may_know_about_which_token() {
    let home = Home::with_keys();
    let (api, other_api) = ("https://api.example", "https://other.example");
    let app = home.add_client(
        "app",
        &[
            "--scope",
            "read",
            "--resource",
            api,
            "--resource",
            other_api,
        ],
    );
    let caller = |id: &str, reach: &str, resource: &str| {
        home.add_client(id, &["--introspect", reach, "--resource", resource])
    };
    let own = caller("own", "own", api);
    let audience = caller("audience", "audience", api);
    let default = home.add_client("default", &["--resource", api]);
    let elsewhere = caller("elsewhere", "audience", "https://api.example/");
    let any = home.add_client("any", &["--introspect", "any"]);
    let nothing = home.add_client("nothing", &[]);
    let server = home.serve();

    let for_api = server.issue(&app, &[("resource", api)]);
    let for_other = server.issue(&app, &[("resource", other_api)]);
    let for_both = server.issue(&app, &[("resource", other_api), ("resource", api)]);
    // (caller, whether it may know of each of the three)
    let matrix = [
        (&app, [true, true, true]),
        (&own, [false, false, false]),
        (&audience, [true, false, true]),
        (&default, [true, false, true]),
        (&elsewhere, [false, false, false]),
        (&any, [true, true, true]),
        (&nothing, [false, false, false]),
    ];
    // Attack 32: an answer to one caller is not kept for another, so twice, in turns.
    for round in 0..2 {
        for (caller, expected) in matrix {
            let told =
                [&for_api, &for_other, &for_both].map(|token| server.is_active(caller, token));
            assert_eq!(told, expected, "{} in round {round}", caller.id);
        }
    }
    for (caller, _) in matrix {
        let its_own = server.issue(caller, &[]);
        assert!(server.is_active(caller, &its_own), "{}", caller.id);
    }
}

#[test]
fn rfc7662_2_2_an_active_answer_repeats_the_token() {
    let home = Home::with_keys();
    for format in ["jwt", "opaque"] {
        let (api, other) = ("https://api.example", "urn:other");
        let arguments = [
            "--scope",
            "read write",
            "--resource",
            api,
            "--resource",
            other,
            "--access-token-format",
            format,
        ];
        let client = home.add_client(format, &arguments);
        let server = home.serve();
        let token = server.issue(&client, &[("resource", other), ("resource", api)]);
        let answer = server.introspect(&client, &token);
        answer.assert_not_kept();
        let told = answer.json();
        let names: Vec<&str> = told
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(
            names,
            [
                "active",
                "aud",
                "client_id",
                "exp",
                "iat",
                "iss",
                "jti",
                "nbf",
                "scope",
                "sub",
                "token_type"
            ]
        );
        assert_eq!(
            (&told["active"], &told["token_type"]),
            (&true.into(), &"Bearer".into())
        );
        assert_eq!(told["aud"], serde_json::json!([other, api]));
        assert_eq!(told["iss"], server.issuer);
        assert_eq!(
            (&told["client_id"], &told["sub"]),
            (&format.into(), &format.into())
        );
        assert_eq!(
            told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(),
            600
        );
        if format == "jwt" {
            let claims = jwt::claims(&token);
            for (name, value) in claims.as_object().unwrap() {
                assert_eq!(told[name], *value, "{name}");
            }
        }
        // A hint never changes the answer (RFC 7662 §2.1).
        for hint in ["access_token", "refresh_token", "nonsense"] {
            let form = [("token", &*token), ("token_type_hint", hint)];
            let answer = server
                .post("/oauth2/introspect")
                .basic(&client)
                .form(&form)
                .send();
            assert_eq!(answer.json(), told, "{hint}");
        }
        let form = [
            ("token", &*token),
            ("client_id", &*client.id),
            ("client_secret", &*client.secret),
        ];
        let by_body = server.post("/oauth2/introspect").form(&form).send();
        assert_eq!(by_body.json(), told);
    }
}

#[test]
fn attack_33_nobody_introspects_without_proof() {
    let home = Home::with_keys();
    let client = home.add_client("c", &[]);
    let redirect = ["--public", "--redirect-uri", "https://app.example/cb"];
    let _ = home.json(&[&["client", "add", "public"], &redirect[..]].concat());
    let server = home.serve();
    let token = server.issue(&client, &[]);
    let post = || server.post("/oauth2/introspect");
    let cases = [
        ("no credentials", post().form(&[("token", &token)])),
        (
            "only a name",
            post().form(&[("token", &*token), ("client_id", "c")]),
        ),
        (
            "a public client",
            post().form(&[("token", &*token), ("client_id", "public")]),
        ),
        (
            "a wrong secret",
            post()
                .basic(&client.with_secret("x"))
                .form(&[("token", &token)]),
        ),
        (
            "an unknown client",
            post().form(&[
                ("token", &*token),
                ("client_id", "x"),
                ("client_secret", "y"),
            ]),
        ),
    ];
    for (what, call) in cases {
        let answer = call.send();
        assert_eq!(answer.refusal(), (401, "invalid_client".into()), "{what}");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.contains("Basic realm=\""), "{what}: {challenge}");
        // RFC 6750 §3.1: no error code for whoever sent no bearer token.
        assert!(challenge.contains("Bearer realm=\""), "{what}: {challenge}");
        assert!(!challenge.contains("error="), "{what}: {challenge}");
    }
}

#[test]
fn what_is_no_token_of_ours_is_inactive_and_what_is_no_request_is_refused() {
    let home = Home::with_keys();
    let client = home.add_client("c", &["--introspect", "any"]);
    let server = home.serve();
    let token = server.issue(&client, &[]);
    for garbage in [
        "x",
        ".",
        "..",
        "...",
        "a.b.c",
        "cs_at_",
        "cs_at_AAAA",
        "cs_rt_AAAA",
        "Bearer",
        "\0",
        "null",
        "e30.e30.",
        "eyJhbGciOiJub25lIn0.e30.",
        "' OR 1=1 --",
        "\u{1f980}",
        &"A".repeat(16_000),
    ] {
        assert!(!server.is_active(&client, garbage), "{garbage:?}");
    }
    let post = |form: &[(&str, &str)]| {
        server
            .post("/oauth2/introspect")
            .basic(&client)
            .form(form)
            .send()
    };
    for form in [
        &[][..],
        &[("token", "")],
        &[("token_type_hint", "access_token")],
    ] {
        assert_eq!(
            post(form).refusal(),
            (400, "invalid_request".into()),
            "{form:?}"
        );
    }
    let twice = post(&[("token", &token), ("token", &token)]);
    assert_eq!(twice.refusal(), (400, "invalid_request".into()));
    // RFC 7662 §2.1 wants POST: a token in a URL ends up in logs.
    let in_query = server.post(&format!("/oauth2/introspect?token={token}"));
    let in_query = in_query.basic(&client).form(&[("token", &token)]).send();
    assert_eq!(in_query.refusal(), (400, "invalid_request".into()));
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        let answer = server
            .call(method, "/oauth2/introspect")
            .basic(&client)
            .send();
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, "POST".into()),
            "{method}"
        );
    }
    assert!(server.is_active(&client, &token));
}

#[test]
fn rule_a2_an_expired_token_is_inactive_to_the_second() {
    let home = Home::with_keys();
    let jwt = home.add_client("jwt", &[]);
    let opaque = home.add_client("opaque", &["--access-token-format", "opaque"]);
    let server = home.serve_with(&[], &[("COUNTERSIGN_LIFETIMES__ACCESS_TOKEN", "2")]);
    let tokens = [&jwt, &opaque].map(|client| (client, server.issue(client, &[])));
    for (client, token) in &tokens {
        assert!(server.is_active(client, token), "{}", client.id);
    }
    for (client, token) in &tokens {
        let ended = eventually(3 * SECOND, || {
            (!server.is_active(client, token)).then_some(())
        });
        assert!(ended.is_some(), "{}", client.id);
    }
}

#[test]
fn rule_r10_tokens_of_a_removed_client_do_not_come_back_with_its_name() {
    let home = Home::with_keys();
    let add = |format: &str| {
        let arguments = ["--scope", "read", "--access-token-format", format];
        home.add_client(format, &arguments)
    };
    let any = home.add_client("any", &["--introspect", "any"]);
    let server = home.serve();
    for format in ["jwt", "opaque"] {
        let first = add(format);
        let token = server.issue(&first, &[]);
        assert!(server.is_active(&any, &token));
        let _ = home.json(&["client", "remove", format]);
        // Attack 31: liveness is read from storage, so at once.
        assert!(!server.is_active(&any, &token), "{format}");
        let second = add(format);
        assert_ne!(first.secret, second.secret);
        // The new client is known within a second, the old token never again.
        let known = eventually(SECOND, || {
            (server.token(&second, &[]).status == 200).then_some(())
        });
        assert!(known.is_some(), "{format}");
        assert!(!server.is_active(&any, &token), "{format}, by another");
        assert!(
            !server.is_active(&second, &token),
            "{format}, by its namesake"
        );
        assert!(server.is_active(&second, &server.issue(&second, &[])));
        assert_eq!(server.token(&first, &[]).status, 401);
    }
}
