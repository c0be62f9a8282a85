//! The revocation endpoint: RFC 7009, RULES A2.

use countersign_tests::{Home, TestClient};

#[test]
fn rfc7009_2_2_an_own_token_ends_at_once_and_asking_again_is_no_error() {
    let home = Home::with_keys();
    for format in ["jwt", "opaque"] {
        let client = home.add_client(format, &["--access-token-format", format]);
        let server = home.serve();
        let (token, other) = (server.issue(&client, &[]), server.issue(&client, &[]));
        for time in ["first", "second"] {
            let answer = server.revoke(&client, &token);
            assert_eq!(answer.status, 200, "{time}");
            answer.assert_not_kept();
            assert!(!server.is_active(&client, &token), "{format}, {time}");
        }
        assert!(server.is_active(&client, &other), "only that token");
        assert_eq!(server.token(&client, &[]).status, 200, "and not the client");
    }
}

#[test]
fn rfc7009_2_1_each_request_is_judged_by_who_sends_it() {
    let home = Home::with_keys();
    let owner = home.add_client("owner", &["--resource", "https://api.example"]);
    // Whoever may see a token may not end it.
    let reach = ["--introspect", "any", "--resource", "https://api.example"];
    let other = home.add_client("other", &reach);
    let redirect = ["--public", "--redirect-uri", "https://app.example/cb"];
    let _ = home.json(&[&["client", "add", "public"], &redirect[..]].concat());
    let server = home.serve();
    let token = server.issue(&owner, &[]);
    let post = || server.post("/oauth2/revoke");
    let of = |client: &TestClient| post().basic(client);
    let form = [("token", &*token)];
    let (wrong, unknown) = (owner.with_secret("x"), TestClient::new("unknown", "x"));

    #[rustfmt::skip]
    let cases = [
        ("another client", of(&other).form(&form), 400, "invalid_grant"),
        ("a public client", post().form(&[form[0], ("client_id", "public")]), 400, "invalid_grant"),
        ("a wrong secret", of(&wrong).form(&form), 401, "invalid_client"),
        ("an unknown client", of(&unknown).form(&form), 401, "invalid_client"),
        ("nobody", post().form(&form), 401, "invalid_client"),
        ("a confidential client that only names itself", post().form(&[form[0], ("client_id", "owner")]), 401, "invalid_client"),
        ("no token", of(&owner).form(&[("token_type_hint", "access_token")]), 400, "invalid_request"),
        ("an empty token", of(&owner).form(&[("token", "")]), 400, "invalid_request"),
        ("two tokens", of(&owner).form(&[form[0], form[0]]), 400, "invalid_request"),
        ("the token in the URL", server.post(&format!("/oauth2/revoke?token={token}")).basic(&owner).form(&[]), 400, "invalid_request"),
    ];
    for (what, call, status, error) in cases {
        let answer = call.send();
        assert_eq!(answer.refusal(), (status, error.to_owned()), "{what}");
        assert_eq!(
            answer.header("www-authenticate").contains("Basic"),
            status == 401,
            "{what}"
        );
        assert!(server.is_active(&owner, &token), "{what}");
    }

    // RFC 7009 §2.2: "invalid tokens do not cause an error response".
    for garbage in [
        "x",
        "a.b.c",
        "cs_at_AAAA",
        "\0",
        &token[..token.len() - 2],
        &"A".repeat(20_000),
    ] {
        assert_eq!(
            of(&owner).form(&[("token", garbage)]).send().status,
            200,
            "{garbage:?}"
        );
        let named = [("token", garbage), ("client_id", "public")];
        assert_eq!(post().form(&named).send().status, 200, "{garbage:?}");
    }
    assert!(server.is_active(&owner, &token));

    // RFC 7009 §2.1: a wrong hint costs nothing.
    let hinted = [form[0], ("token_type_hint", "refresh_token")];
    assert_eq!(of(&owner).form(&hinted).send().status, 200);
    assert!(!server.is_active(&owner, &token));
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let answer = server.call(method, "/oauth2/revoke").basic(&owner).send();
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, "POST".into()),
            "{method}"
        );
    }
}

#[test]
fn client_secret_post_revokes_as_well() {
    let home = Home::with_keys();
    let owner = home.add_client("owner", &["--auth-method", "client_secret_post"]);
    let watcher = home.add_client("watcher", &["--introspect", "any"]);
    let server = home.serve();
    let body = [("client_id", &*owner.id), ("client_secret", &*owner.secret)];
    let form = [&body[..], &[("grant_type", "client_credentials")]].concat();
    let issued = server.post("/oauth2/token").form(&form).send().json();
    let token = issued["access_token"].as_str().unwrap();
    assert!(server.is_active(&watcher, token));
    assert_eq!(
        server.revoke(&owner, token).refusal().0,
        401,
        "not by Basic"
    );
    assert!(server.is_active(&watcher, token));
    let form = [&body[..], &[("token", token)]].concat();
    assert_eq!(server.post("/oauth2/revoke").form(&form).send().status, 200);
    assert!(!server.is_active(&watcher, token));
}
