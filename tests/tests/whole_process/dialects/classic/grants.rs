//! What is presented for tokens (rows 3.2 and 3.8), but for codes and refresh tokens.

use countersign_tests::{Answer, TestClient, TestUser, jwt};
use serde_json::json;

use super::{Classic, SCOPE, TOKEN, assert_refusal, refusal};

/// Row 3.8: the assertion that all successes share.
fn assert_success(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 200, "{what}: {}", answer.text());
    answer.assert_not_kept();
    let told = answer.json();
    assert_eq!(told["token_type"], "Bearer", "{what}");
    assert_eq!(told["expires_in"], 3_600, "{what}");
    let claims = jwt::claims(&answer.access_token());
    assert!(claims["exp"].as_i64() > Some(0) && claims["jti"].is_string());
}

#[test]
fn row_3_2_client_credentials_by_header_and_by_body_and_without_a_refresh_token() {
    let classic = Classic::new();
    let grant = [("grant_type", "client_credentials")];
    for scope in [&[][..], &[("scope", "contacts.read")]] {
        let form = [&grant, scope].concat();
        for (what, answer) in [
            ("body", classic.token(&form)),
            (
                "header",
                classic
                    .server
                    .post(TOKEN)
                    .basic(&classic.client)
                    .form(&form)
                    .send(),
            ),
        ] {
            assert_success(&answer, what);
            let told = answer.json();
            assert_eq!(told.get("refresh_token"), None, "{what}");
            let granted = scope.first().map_or(SCOPE, |(_, value)| value);
            assert_eq!(told["scope"], granted, "{what}");
            let claims = jwt::claims(&answer.access_token());
            assert_eq!(claims.get("sub"), None, "{what}");
        }
    }
}

/// Row 3.8: "no OIDC auto-scopes", and none at all of those that are about a user.
#[test]
fn row_3_8_client_credentials_drop_openid() {
    let classic = Classic::with(&["--scope", "openid profile"], &[]);
    let some = "openid profile contacts.read";
    for (more, granted) in [(&[][..], SCOPE), (&[("scope", some)], "contacts.read")] {
        let answer = classic.own(more);
        assert_success(&answer, "openid");
        let told = answer.json();
        assert_eq!(told["scope"], granted, "{more:?}");
        assert_eq!(told.get("id_token"), None, "{more:?}");
        let claims = jwt::claims(&answer.access_token());
        assert_eq!(claims["scope"], granted, "{more:?}");
    }
}

#[test]
fn row_0_a_request_is_a_form_or_a_json_object() {
    let classic = Classic::new();
    let (client, user) = (&classic.client, &classic.user);
    let json = |path: &str, body: &serde_json::Value| {
        let call = classic.server.post(path);
        call.header("content-type", "application/json; charset=utf-8")
            .body(body.to_string())
            .send()
    };
    let whole = json!({
        "grant_type": "password",
        "client_id": client.id,
        "client_secret": client.secret,
        "username": user.name,
        "password": user.password,
        "scope": null,
        "unknown": {"nested": 1},
    });
    let answer = json(TOKEN, &whole);
    assert_success(&answer, "JSON");
    let tokens = answer.tokens();
    let credentials = json!({"client_id": client.id, "client_secret": client.secret});
    let with = |members: serde_json::Value| {
        let mut body = credentials.clone();
        let members = members.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(members);
        body
    };
    let refresh = with(json!({"grant_type": "refresh_token", "refresh_token": tokens.refresh}));
    let renewed = json(TOKEN, &refresh).tokens();
    let asked = with(json!({"token": renewed.access}));
    assert_eq!(json(super::INTROSPECT, &asked).json()["active"], true);
    assert_eq!(json(super::REVOKE, &asked).text(), "{}");
    assert_eq!(
        json(super::INTROSPECT, &asked).text(),
        r#"{"active":false}"#
    );

    // Row 3.4 has "array values use their first element"; we take no value in two ways.
    let list = with(json!({"grant_type": ["client_credentials"]}));
    let (status, error, text) = refusal(&json(TOKEN, &list));
    assert_eq!((status, &*error), (400, "invalid_request"));
    assert_eq!(text, "'grant_type' must be a string");
    let call = || classic.server.post(TOKEN);
    for (what, call) in [
        (
            "a list",
            call().header("content-type", "application/json").body("[]"),
        ),
        (
            "a member twice",
            call()
                .header("content-type", "application/json")
                .body(r#"{"scope":"a","scope":"b"}"#),
        ),
        (
            "text",
            call()
                .header("content-type", "text/plain")
                .body(whole.to_string()),
        ),
        (
            "a repeated parameter",
            classic.calling(
                client,
                TOKEN,
                &[("grant_type", "password"), ("grant_type", "password")],
            ),
        ),
    ] {
        let (status, error, _) = refusal(&call.send());
        assert_eq!((status, &*error), (400, "invalid_request"), "{what}");
    }
}

/// As in the second request of the seed (`sample.rs`), at the other endpoints as well.
#[test]
fn row_0_what_does_not_say_its_type_is_a_form() {
    let classic = Classic::new();
    let post = |path, form: &str| {
        let call = classic.server.post(path).basic(&classic.client);
        call.body(form).send()
    };
    let granted = post(TOKEN, "grant_type=client_credentials&scope=contacts.read");
    assert_success(&granted, TOKEN);
    let form = format!("token={}", granted.access_token());
    assert_eq!(post(super::INTROSPECT, &form).json()["active"], true);
    assert_eq!(post(super::REVOKE, &form).text(), "{}");
    assert_eq!(post(super::INTROSPECT, &form).json()["active"], false);
    // Nobody looks whether it might be JSON.
    let unsupported = (400, "unsupported_grant_type", "Unsupported grant_type");
    let json = r#"{"grant_type":"client_credentials"}"#;
    assert_refusal(&post(TOKEN, json), unsupported, "JSON without its type");
}

#[test]
fn row_3_2_password_gives_a_refresh_token_and_the_user_is_the_subject() {
    let classic = Classic::new();
    let sub = classic.home.json(&["user", "show", "alice"])["sub"].clone();
    for (more, scope) in [
        (&[][..], SCOPE),
        (&[("scope", "contacts.read")], "contacts.read"),
    ] {
        let answer = classic.sign_in(more);
        assert_success(&answer, scope);
        assert_eq!(answer.json()["scope"], scope);
        let claims = jwt::claims(&answer.access_token());
        assert_eq!((&claims["sub"], &claims["scope"]), (&sub, &scope.into()));
        let tokens = answer.tokens();
        assert_eq!(jwt::claims(&tokens.refresh)["user_id"], sub);
    }
}

#[test]
fn row_3_2_password_what_is_missing_is_told_and_what_is_wrong_is_not() {
    let classic = Classic::new();
    let whole = classic.user.form();
    for absent in ["username", "password"] {
        let rest: Vec<_> = whole
            .into_iter()
            .filter(|(name, _)| *name != absent)
            .collect();
        let text = format!("Check the `{absent}` parameter");
        for form in [rest.clone(), [&rest[..], &[(absent, "")]].concat()] {
            assert_refusal(
                &classic.token(&form),
                (400, "invalid_request", &text),
                absent,
            );
        }
    }
    let rest = &whole[1..];
    let unsupported = (400, "unsupported_grant_type", "Unsupported grant_type");
    assert_refusal(&classic.token(rest), unsupported, "no grant_type");

    let wrong = classic.user.with_password("wrong");
    let nobody = TestUser::new("nobody", "x");
    let answers = [&wrong, &nobody].map(|user| classic.token(&user.form()));
    for answer in &answers {
        let (status, error, text) = refusal(answer);
        assert_eq!((status, &*error), (400, "invalid_grant"));
        assert!(
            text.starts_with("The provided authorization grant"),
            "{text}"
        );
        assert_eq!(
            answer.text(),
            answers[0].text(),
            "who there is stays unsaid"
        );
    }
}

#[test]
fn row_3_2_a_client_without_the_grant_type_is_invalid_there() {
    let classic = Classic::new();
    let machine = classic.home.add_client("machine", &super::PROFILE);
    let told = (
        401,
        "invalid_client",
        "Client has been revoked or is invalid.",
    );
    let grants = [
        classic.user.form().to_vec(),
        vec![("grant_type", "refresh_token"), ("refresh_token", "x")],
        vec![("grant_type", "authorization_code"), ("code", "x")],
    ];
    for form in grants {
        let answer = classic.ask(&machine, TOKEN, &form);
        assert_refusal(&answer, told, form[0].1);
    }
}

/// Rows 3.2 and 3.8: the token endpoint never handles `implicit`, and what we do not have is not there.
#[test]
fn row_3_2_other_grant_types_are_unsupported() {
    let classic = Classic::new();
    for grant_type in [
        "implicit",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "custom:magic",
        "PASSWORD",
        "",
    ] {
        let form = [("grant_type", grant_type), ("subject_token", "x")];
        let unsupported = (400, "unsupported_grant_type", "Unsupported grant_type");
        assert_refusal(&classic.token(&form), unsupported, grant_type);
    }
    let strict = Classic::with(&[], &[("COUNTERSIGN_STRICT", "true")]);
    let (_, error, _) = refusal(&strict.sign_in(&[]));
    assert_eq!(error, "unsupported_grant_type");
}

/// Row 3.8: "empty-string secret treated as public"; "public client ok".
#[test]
fn row_3_8_a_public_client_names_itself_in_the_body_or_in_a_header_with_an_empty_secret() {
    let classic = Classic::new();
    let grants = [
        "--public",
        "--grant-type",
        "password",
        "--grant-type",
        "refresh_token",
    ];
    let add = [&["client", "add", "public"], &grants[..], &super::PROFILE].concat();
    let _ = classic.home.json(&add);
    let public = TestClient::public("public");
    let form = classic.user.form();
    let witness = classic.home.add_client("any", &["--introspect", "any"]);
    let is_active = |token: &str| {
        let told = classic.introspect(&witness, &[("token", token)]);
        told.json()["active"] == true
    };
    let post = || classic.server.post(TOKEN);
    let named = [("client_id", "public")];
    let empty = [("client_id", "public"), ("client_secret", "")];
    for (what, call) in [
        ("named", post().form(&[&named[..], &form].concat())),
        (
            "empty in the body",
            post().form(&[&empty[..], &form].concat()),
        ),
        ("empty in the header", post().basic(&public).form(&form)),
    ] {
        let tokens = call.send().tokens();
        let renewed = classic.refresh(&public, &tokens.refresh, &[]).tokens();
        // Row 3.5: "public clients may revoke their own tokens".
        assert!(is_active(&tokens.access) && is_active(&renewed.access));
        classic.revoke(&public, &[("token", &renewed.access)]);
        assert!(is_active(&tokens.access) && !is_active(&renewed.access));
        classic.revoke(&public, &[("token", &renewed.refresh)]);
        let refused = classic.refresh(&public, &renewed.refresh, &[]);
        assert_refusal(&refused, super::BAD_REFRESH_TOKEN, what);
    }
}

/// A client that does not say has what the server says; one that says how its tokens look has those.
#[test]
fn classic_default_is_for_clients_that_do_not_say() {
    let classic = Classic::with(&[], &[("COUNTERSIGN_CLASSIC__DEFAULT", "true")]);
    let grant = [("grant_type", "client_credentials")];
    for (id, arguments, typ) in [
        ("silent", &[][..], "JWT"),
        ("standard", &["--token-profile", "standard"], "at+jwt"),
        ("format", &["--access-token-format", "jwt"], "at+jwt"),
    ] {
        let client = classic.home.add_client(id, arguments);
        for path in [TOKEN, "/oauth2/token"] {
            let token = classic.ask(&client, path, &grant).access_token();
            assert_eq!(jwt::parts(&token).0["typ"], typ, "{id} {path}");
        }
    }
}
