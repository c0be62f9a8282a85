//! Who is refused, and how (rows 3.4 and 3.9).

use countersign_tests::{Call, SECOND, TestClient, eventually};
use serde_json::json;

use super::{Classic, REVOKED, STANDARD_ERRORS, TOKEN, assert_refusal, refusal};

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

#[test]
fn row_3_4_the_client_is_refused_in_the_words_of_that_server() {
    let classic = Classic::new();
    let post = || classic.server.post(TOKEN);
    let (id, secret) = (&*classic.client.id, &*classic.client.secret);
    let basic = |client: &TestClient| post().basic(client).form(&[GRANT]);
    let unknown = TestClient::new("unknown", "x");
    let nobody = (400, "invalid_request", "Check the `client_id` parameter");
    let no_secret = (
        401,
        "invalid_client",
        "Confidential clients require client_secret.",
    );
    for (what, call, expected) in [
        ("no client_id anywhere", post().form(&[GRANT]), nobody),
        (
            "a secret only",
            post().form(&[GRANT, ("client_secret", secret)]),
            nobody,
        ),
        ("a bearer token", post().bearer("x").form(&[GRANT]), nobody),
        (
            "no secret",
            post().form(&[GRANT, ("client_id", id)]),
            no_secret,
        ),
        ("an empty secret", basic(&TestClient::public(id)), no_secret),
        (
            "a wrong secret",
            basic(&classic.client.with_secret("x")),
            REVOKED,
        ),
        (
            "a wrong secret in the body",
            classic.calling(&classic.client.with_secret("x"), TOKEN, &[GRANT]),
            REVOKED,
        ),
        // We do not tell an unknown client from a wrong secret.
        ("an unknown client", basic(&unknown), REVOKED),
        (
            "an unknown client that only names itself",
            post().form(&[GRANT, ("client_id", "unknown")]),
            no_secret,
        ),
    ] {
        assert_refusal(&call.send(), expected, what);
    }
    let disabled = classic.home.add_client("disabled", &super::PROFILE);
    let _ = classic.home.json(&["client", "remove", "disabled"]);
    let gone = eventually(SECOND, || {
        let answer = classic.ask(&disabled, TOKEN, &[GRANT]);
        (answer.status == 401).then(|| refusal(&answer))
    });
    assert_eq!(
        gone.map(|(_, error, _)| error).as_deref(),
        Some("invalid_client")
    );
}

/// Row 3.4: "body `client_id`/`client_secret` override the header independently".
#[test]
fn row_3_4_the_body_overrides_the_header_field_by_field() {
    let classic = Classic::new();
    let post = |header: &TestClient, body: &[(&str, &str)]| {
        let call = classic.server.post(TOKEN).basic(header);
        call.form(&[&[GRANT], body].concat()).send().status
    };
    let right = &classic.client;
    let (id, secret) = (("client_id", &*right.id), ("client_secret", &*right.secret));
    let other = TestClient::new("other", "x");
    for (what, status, expected) in [
        ("all of it in both", post(right, &[id, secret]), 200),
        ("the body is right", post(&other, &[id, secret]), 200),
        (
            "the secret of the body",
            post(&right.with_secret("x"), &[secret]),
            200,
        ),
        (
            "the id of the body",
            post(&TestClient::new("other", &right.secret), &[id]),
            200,
        ),
        (
            "a wrong secret in the body",
            post(right, &[("client_secret", "x")]),
            401,
        ),
        (
            "a wrong id in the body",
            post(right, &[("client_id", "other")]),
            401,
        ),
        (
            "empty ones are none",
            post(right, &[("client_id", ""), ("client_secret", "")]),
            200,
        ),
    ] {
        assert_eq!(status, expected, "{what}");
    }
    // The standards have none of that (RFC 6749 §2.3).
    let both = classic.server.post("/oauth2/token").basic(right);
    let answer = both.form(&[GRANT, id, secret]).send();
    assert_eq!(answer.refusal(), (400, "invalid_request".into()));
}

#[test]
fn row_3_4_the_grant_type_is_read_in_the_body_only() {
    let classic = Classic::new();
    let form = [("scope", "contacts.read")];
    let query = format!("{TOKEN}?grant_type=client_credentials");
    let unsupported = (400, "unsupported_grant_type", "Unsupported grant_type");
    for (what, answer) in [
        ("missing", classic.token(&form)),
        ("unknown", classic.token(&[("grant_type", "x")])),
        ("in the query", classic.ask(&classic.client, &query, &form)),
        ("in both", classic.ask(&classic.client, &query, &[GRANT])),
    ] {
        assert_refusal(&answer, unsupported, what);
    }
    // Nothing else is read there either, and secrets do not belong there.
    for query in ["audience=urn:a", "client_id=app", "client_secret=x"] {
        let answer = classic.ask(&classic.client, &format!("{TOKEN}?{query}"), &[GRANT]);
        let (status, error, _) = refusal(&answer);
        assert_eq!((status, &*error), (400, "invalid_request"), "{query}");
    }
}

/// Row 3.4: "unknown scope(s)". One that there is, and that the client may not have, is told like one that there is not:
/// `unauthorized_scope` is never sent.
#[test]
fn row_3_4_a_scope_is_invalid_whether_it_exists_or_not() {
    let classic = Classic::new();
    let _ = classic
        .home
        .json(&["scope", "add", "admin", "--description", "Everything"]);
    for (scope, listed) in [
        ("unknown", "unknown"),
        ("admin", "admin"),
        ("admin unknown", "admin, unknown"),
        ("\"contacts.read", "\"contacts.read"),
        // Row 3.1: the delimiter is one space.
        (
            "contacts.read,contacts.write",
            "contacts.read,contacts.write",
        ),
    ] {
        let text = format!("Check the `{listed}` scope(s)");
        for answer in [
            classic.own(&[("scope", scope)]),
            classic.sign_in(&[("scope", scope)]),
        ] {
            assert_refusal(&answer, (400, "invalid_scope", &text), scope);
        }
    }
    // An empty one is none, and gives what the client has.
    let answer = classic.own(&[("scope", "")]);
    assert_eq!(answer.json()["scope"], super::SCOPE);
}

/// What nobody could decide, or not now, has the status that it has everywhere.
#[test]
fn row_3_4_whoever_guesses_is_slowed_down() {
    let classic = Classic::with(&[], &[("COUNTERSIGN_THROTTLE__ACCOUNT_FAILURES", "1")]);
    let wrong = classic.user.with_password("wrong");
    let _ = classic.token(&wrong.form());
    let _ = classic.token(&wrong.form());
    let answer = classic.token(&wrong.form());
    let (status, error, _) = refusal(&answer);
    assert_eq!((status, &*error), (429, "temporarily_unavailable"));
    assert_ne!(answer.header("retry-after"), "");
    let large = classic.token(&[("grant_type", &"x".repeat(70_000))]);
    let (status, error, _) = refusal(&large);
    assert_eq!((status, &*error), (413, "invalid_request"));
}

/// Row 3.9: "a compat switch or a documented choice is needed".
#[test]
fn row_3_9_the_errors_of_the_standards_unless_the_others_are_asked_for() {
    let classic = Classic::with(&[], &[STANDARD_ERRORS]);
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let code = [("grant_type", "authorization_code"), ("code", "x")];
    let wrong = classic.user.with_password("x");
    let client = &classic.client;
    let web = classic.home.add_web_client("web", &super::PROFILE);
    let may_not = classic.home.add_client("machine", &super::PROFILE);
    let cases: [(&str, Call, u16, &str); 9] = [
        (
            "nobody",
            classic.server.post(TOKEN).form(&[GRANT]),
            401,
            "invalid_client",
        ),
        (
            "no grant_type",
            classic.calling(client, TOKEN, &[]),
            400,
            "invalid_request",
        ),
        (
            "unknown grant_type",
            classic.calling(client, TOKEN, &[("grant_type", "x")]),
            400,
            "unsupported_grant_type",
        ),
        (
            "a refresh token",
            classic.calling(client, TOKEN, &refresh),
            400,
            "invalid_grant",
        ),
        (
            "a code",
            classic.calling(&web, TOKEN, &code),
            400,
            "invalid_grant",
        ),
        (
            "a password",
            classic.calling(client, TOKEN, &wrong.form()),
            400,
            "invalid_grant",
        ),
        (
            "a scope",
            classic.calling(client, TOKEN, &[GRANT, ("scope", "x")]),
            400,
            "invalid_scope",
        ),
        (
            "a grant type",
            classic.calling(&may_not, TOKEN, &refresh),
            400,
            "unauthorized_client",
        ),
        (
            "a hint",
            classic.calling(
                client,
                super::INTROSPECT,
                &[("token", "x"), ("token_type_hint", "x")],
            ),
            400,
            "unsupported_token_type",
        ),
    ];
    for (what, call, status, error) in cases {
        let answer = call.send();
        assert_eq!(answer.refusal(), (status, error.to_owned()), "{what}");
        let challenged = answer.header("www-authenticate").contains("Basic");
        assert_eq!(challenged, status == 401, "{what}");
    }
    // The rest is the same.
    assert_eq!(classic.own(&[]).status, 200);
    classic.revoke(client, &[("token", "x")]);
    let told = classic.introspect(client, &[("token", "x")]);
    assert_eq!(told.json(), json!({"active": false}));
}
