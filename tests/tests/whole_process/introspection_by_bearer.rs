//! The introspection endpoint, asked with an access token: RFC 7662 §2.1, RFC 6750 §3.

use countersign_tests::{Answer, Home, SECOND, Server, eventually};

fn ask(server: &Server, bearer: &str, more: &[(&str, &str)]) -> Answer {
    server
        .post("/oauth2/introspect")
        .bearer(bearer)
        .form(more)
        .send()
}

#[test]
fn rfc6750_3_1_each_fault_of_a_bearer_token_has_its_answer() {
    let home = Home::with_keys();
    let arguments = ["--scope", "introspect read", "--introspect", "any"];
    let caller = home.add_client("caller", &arguments);
    let opaque = home.add_client(
        "opaque",
        &[&arguments[..], &["--access-token-format", "opaque"]].concat(),
    );
    let elsewhere = home.add_client(
        "elsewhere",
        &[&arguments[..], &["--resource", "https://api.example"]].concat(),
    );
    let app = home.add_client("app", &[]);
    let server = home.serve();
    let subject = server.issue(&app, &[]);
    let form = [("token", &*subject)];

    for client in [&caller, &opaque] {
        let good = server.issue(client, &[]);
        let answer = ask(&server, &good, &form);
        assert_eq!(
            (answer.status, &answer.json()["active"]),
            (200, &true.into())
        );
        assert_eq!(
            ask(&server, &good, &[("token", "x")]).text(),
            r#"{"active":false}"#
        );
        let lower = server
            .post("/oauth2/introspect")
            .header("authorization", format!("bearer {good}"));
        assert_eq!(
            lower.form(&form).send().status,
            200,
            "the scheme has no case"
        );
    }
    let good = server.issue(&caller, &[]);
    let unscoped = server.issue(&caller, &[("scope", "read")]);
    let revoked = server.issue(&caller, &[]);
    assert_eq!(server.revoke(&caller, &revoked).status, 200);
    let (signed, _) = good.rsplit_once('.').unwrap();

    // Attack 38: a token for somebody else's audience does not open this door.
    let misdirected = server.issue(&elsewhere, &[]);
    let cases = [
        ("without the scope", &*unscoped, 403, "insufficient_scope"),
        ("garbage", "garbage", 401, "invalid_token"),
        ("unsigned", signed, 401, "invalid_token"),
        ("revoked", &revoked, 401, "invalid_token"),
        ("for another audience", &misdirected, 401, "invalid_token"),
    ];
    for (what, bearer, status, error) in cases {
        let answer = ask(&server, bearer, &form);
        assert_eq!(answer.refusal(), (status, error.to_owned()), "{what}");
        let challenge = answer.header("www-authenticate");
        assert!(
            challenge.starts_with("Bearer realm=\""),
            "{what}: {challenge}"
        );
        assert!(
            challenge.contains(&format!("error=\"{error}\"")),
            "{what}: {challenge}"
        );
        assert!(
            challenge.contains("scope=\"introspect\""),
            "{what}: {challenge}"
        );
    }
    // RFC 6750 §2: one way of sending it.
    for twice in [("client_secret", &*caller.secret), ("access_token", &*good)] {
        let answer = ask(&server, &good, &[("token", &subject), twice]);
        assert_eq!(
            answer.refusal(),
            (400, "invalid_request".into()),
            "{twice:?}"
        );
    }
    let query = server.post(&format!("/oauth2/introspect?access_token={good}"));
    assert_eq!(
        query.form(&form).send().refusal(),
        (400, "invalid_request".into())
    );
    let body = server.post("/oauth2/introspect");
    let body = body
        .form(&[("token", &*subject), ("access_token", &*good)])
        .send();
    assert_eq!(body.refusal(), (401, "invalid_client".into()));
    assert_eq!(
        ask(&server, &good, &[]).refusal(),
        (400, "invalid_request".into())
    );
}

#[test]
fn rule_i1_a_bearer_sees_no_more_than_its_client() {
    let home = Home::with_keys();
    let api = "https://api.example";
    let app = home.add_client("app", &["--resource", api]);
    let outsider = home.add_client("outsider", &["--scope", "introspect"]);
    let server = home.serve();
    let subject = server.issue(&app, &[]);
    let bearer = server.issue(&outsider, &[]);
    let answer = ask(&server, &bearer, &[("token", &subject)]);
    assert_eq!(
        (answer.status, &*answer.text()),
        (200, r#"{"active":false}"#)
    );
    let answer = ask(&server, &bearer, &[("token", &bearer)]);
    assert_eq!(answer.json()["active"], true, "its own");
}

#[test]
fn attack_26_the_bearer_token_of_a_removed_client_opens_nothing() {
    let home = Home::with_keys();
    let add = || home.add_client("caller", &["--scope", "introspect", "--introspect", "any"]);
    let caller = add();
    let app = home.add_client("app", &[]);
    let server = home.serve();
    let subject = server.issue(&app, &[]);
    let bearer = server.issue(&caller, &[]);
    assert_eq!(ask(&server, &bearer, &[("token", &subject)]).status, 200);
    let _ = home.json(&["client", "remove", "caller"]);
    let refused = || ask(&server, &bearer, &[("token", &subject)]).refusal();
    assert_eq!(refused(), (401, "invalid_token".into()));
    let namesake = add();
    let known = eventually(SECOND, || {
        (server.token(&namesake, &[]).status == 200).then_some(())
    });
    assert!(known.is_some());
    assert_eq!(refused(), (401, "invalid_token".into()));
}

#[test]
fn a_bearer_token_authenticates_no_client_elsewhere() {
    let home = Home::with_keys();
    let caller = home.add_client("caller", &["--scope", "introspect", "--introspect", "any"]);
    let server = home.serve();
    let bearer = server.issue(&caller, &[]);
    let cases = [
        ("/oauth2/token", ("grant_type", "client_credentials")),
        ("/oauth2/revoke", ("token", &*bearer)),
    ];
    for (path, parameter) in cases {
        let answer = server.post(path).bearer(&bearer).form(&[parameter]).send();
        assert_eq!(answer.refusal(), (400, "invalid_request".into()), "{path}");
    }
    assert!(server.is_active(&caller, &bearer));
}
