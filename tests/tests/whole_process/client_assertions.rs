//! Clients that authenticate by `private_key_jwt` and `client_secret_jwt`: RFC 7523, attack classes 36 to 38, seen from
//! outside.

use std::sync::Barrier;

use aws_lc_rs::hmac;
use countersign_tests::{Answer, Home, TestClient, jwt};
use serde_json::{Value, json};

use crate::machine::{AUDIENCE, Machine, add_client_with_keys, claims, now, post, signed, token};
use crate::own_key::OwnKey;
use crate::scene::ISSUER;

/// RFC 7521 §4.2.1: 400, and no challenge, which would ask for something else.
const REFUSED: (u16, &str) = (400, "invalid_client");

#[test]
fn a_client_without_a_secret_gets_asks_about_and_revokes_a_token() {
    let machine = Machine::new();
    let Machine { server, .. } = &machine;
    let access = token(server, &machine.assertion()).access_token();
    assert_eq!(jwt::claims(&access)["client_id"], "machine");
    let about = [("token", access.as_str())];
    let ask = || post(server, "/oauth2/introspect", &machine.assertion(), &about).json();
    assert_eq!(ask()["active"], true);
    let revoked = post(server, "/oauth2/revoke", &machine.assertion(), &about);
    assert_eq!(revoked.status, 200);
    assert_eq!(ask(), json!({ "active": false }));
}

#[test]
fn attack_36_cve_2020_5300_a_replayed_assertion_is_refused_at_every_door_and_after_a_restart() {
    let machine = Machine::new();
    let assertion = machine.assertion();
    let access = token(&machine.server, &assertion).access_token();
    let Machine { home, server, key } = machine;
    server.stop();
    let server = home.serve_with(&ISSUER, &[]);
    for (path, more) in [
        ("/oauth2/token", ("grant_type", "client_credentials")),
        ("/oauth2/introspect", ("token", access.as_str())),
        ("/oauth2/revoke", ("token", access.as_str())),
    ] {
        let answer = post(&server, path, &assertion, &[more]);
        assert_eq!(answer.refusal(), (400, "invalid_client".into()), "{path}");
        assert!(answer.text().contains("used before"), "{}", answer.text());
    }
    // The same jti in another assertion is a replay, too.
    let mut said = jwt::claims(&assertion);
    said["exp"] = json!(now() + 30);
    assert_eq!(token(&server, &signed(&key, "k1", &said)).status, 400);
    assert!(server.stderr().contains("assertion_replayed"));
}

#[test]
fn attack_36_cve_2020_15222_of_64_parallel_replays_one_wins() {
    let machine = Machine::new();
    for _ in 0..3 {
        let assertion = machine.assertion();
        let barrier = Barrier::new(64);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let asking: Vec<_> = (0..64)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        token(&machine.server, &assertion).status
                    })
                })
                .collect();
            let answered = asking.into_iter().map(std::thread::ScopedJoinHandle::join);
            answered.map(|status| status.unwrap()).collect()
        });
        let won = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!(won, 1, "{statuses:?}");
        assert!(
            statuses
                .iter()
                .all(|status| matches!(status, 200 | 400 | 429)),
            "{statuses:?}"
        );
    }
}

#[test]
fn attack_36_what_was_used_before_kill_9_stays_used() {
    let Machine {
        home,
        mut server,
        key,
    } = Machine::new();
    let assertions: Vec<_> = (0..5)
        .map(|_| signed(&key, "k1", &claims("machine")))
        .collect();
    for assertion in &assertions {
        assert_eq!(token(&server, assertion).status, 200);
    }
    server.kill();
    let server = home.serve_with(&ISSUER, &[]);
    for assertion in &assertions {
        assert_eq!(token(&server, assertion).status, 400);
    }
}

/// One change of a right assertion, and what the answer says about it.
type Case = (&'static str, fn(&mut Value), &'static str);

fn remove(said: &mut Value, name: &str) {
    said.as_object_mut().expect("an object").remove(name);
}

#[test]
fn attack_37_attack_38_cve_2025_27370_cve_2026_55669_what_is_wrong_is_refused_and_told() {
    let machine = Machine::new();
    let aud = "aud";
    let cases: [Case; 20] = [
        (
            "token endpoint",
            |it| it["aud"] = json!(format!("{AUDIENCE}/oauth2/token")),
            aud,
        ),
        (
            "with a slash",
            |it| it["aud"] = json!(format!("{AUDIENCE}/")),
            aud,
        ),
        (
            "another issuer",
            |it| it["aud"] = json!("https://other.example"),
            aud,
        ),
        ("array of it", |it| it["aud"] = json!([AUDIENCE]), aud),
        (
            "array with it",
            |it| it["aud"] = json!([AUDIENCE, "https://other.example"]),
            aud,
        ),
        ("number", |it| it["aud"] = json!(1), aud),
        ("null", |it| it["aud"] = Value::Null, aud),
        ("no aud", |it| remove(it, "aud"), aud),
        ("iss", |it| it["iss"] = json!("other"), "iss"),
        ("sub", |it| it["sub"] = json!("other"), "iss"),
        ("no sub", |it| remove(it, "sub"), "sub"),
        ("no jti", |it| remove(it, "jti"), "jti"),
        ("jti a number", |it| it["jti"] = json!(1), "jti"),
        ("no exp", |it| remove(it, "exp"), "exp"),
        ("exp a text", |it| it["exp"] = json!("soon"), "exp"),
        ("exp a fraction", |it| it["exp"] = json!(4e9), "exp"),
        (
            "over",
            |it| {
                it["exp"] = json!(now() - 61);
                it["iat"] = json!(now() - 90);
            },
            "exp is past",
        ),
        ("for an hour", |it| it["exp"] = json!(now() + 3_600), "600"),
        (
            "to come",
            |it| it["iat"] = json!(now() + 90),
            "iat is in the future",
        ),
        (
            "not yet",
            |it| it["nbf"] = json!(now() + 90),
            "nbf is in the future",
        ),
    ];
    for (what, change, told) in cases {
        let answer = token(&machine.server, &machine.with(change));
        assert_eq!(answer.refusal(), (REFUSED.0, REFUSED.1.into()), "{what}");
        assert!(answer.text().contains(told), "{what}: {}", answer.text());
    }
    for tolerated in [
        machine.with(|it| it["iat"] = json!(now() + 8)),
        machine.with(|it| it["nbf"] = json!(now() + 8)),
        machine.with(|it| remove(it, "iat")),
        machine.with(|it| it["exp"] = json!(now() + 590)),
    ] {
        let answer = token(&machine.server, &tolerated);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

/// A JWT of this header and these claims, with a MAC under `secret`.
fn with_mac(header: &str, claims: &Value, secret: &[u8]) -> String {
    let signed = format!(
        "{}.{}",
        jwt::encode(header),
        jwt::encode(claims.to_string())
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    format!(
        "{signed}.{}",
        jwt::encode(hmac::sign(&key, signed.as_bytes()))
    )
}

/// A right assertion passes whatever the throttle says, so 429 hides no acceptance.
fn assert_refused(answer: &Answer, what: &str) {
    let (status, _) = answer.refusal();
    assert!(matches!(status, 400 | 429), "{what}: {}", answer.text());
}

#[test]
fn rows_47_to_67_a_header_chooses_nothing() {
    let machine = Machine::new();
    let Machine { server, key, .. } = &machine;
    let huge = json!({ "alg": "ES256", "kid": "k1", "x": "x".repeat(9_000) }).to_string();
    for (what, header) in [
        (
            "48 algorithm of another key type",
            r#"{"alg":"RS256","kid":"k1"}"#,
        ),
        (
            "48 algorithm of another curve",
            r#"{"alg":"ES384","kid":"k1"}"#,
        ),
        ("50 kid as a path", r#"{"alg":"ES256","kid":"../k1"}"#),
        ("50 kid as SQL", r#"{"alg":"ES256","kid":"' OR 1=1 --"}"#),
        (
            "51 crit",
            r#"{"alg":"ES256","kid":"k1","crit":["x"],"x":1}"#,
        ),
        (
            "51 b64",
            r#"{"alg":"ES256","kid":"k1","crit":["b64"],"b64":false}"#,
        ),
        ("65 huge header", &huge),
        (
            "66 duplicate member",
            r#"{"alg":"ES256","alg":"ES256","kid":"k1"}"#,
        ),
        (
            "67 an access token",
            r#"{"alg":"ES256","kid":"k1","typ":"at+jwt"}"#,
        ),
        (
            "67 a proof",
            r#"{"alg":"ES256","kid":"k1","typ":"dpop+jwt"}"#,
        ),
    ] {
        let assertion = key.sign(header, &claims("machine").to_string());
        assert_refused(&token(server, &assertion), what);
    }
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = json!({ "alg": alg, "kid": "k1" }).to_string();
        let said = claims("machine").to_string();
        let unsigned = format!("{}.{}.", jwt::encode(header), jwt::encode(said));
        assert_refused(&token(server, &unsigned), alg);
    }
    assert_eq!(token(server, &machine.assertion()).status, 200);
    // OpenID Connect Core §10.1: where there is one key, it need not be named. And the type may say what it is.
    for header in [
        r#"{"alg":"ES256"}"#,
        r#"{"alg":"ES256","typ":"client-authentication+jwt"}"#,
    ] {
        let assertion = key.sign(header, &claims("machine").to_string());
        assert_eq!(token(server, &assertion).status, 200, "{header}");
    }
}

#[test]
fn rows_46_to_66_what_is_not_signed_by_the_client_proves_nothing() {
    let machine = Machine::new();
    let Machine { server, key, .. } = &machine;
    let said = || claims("machine").to_string();
    let stranger = OwnKey::new();
    let jwk = key.jwk();
    let hs256 = |secret: &[u8]| {
        let header = r#"{"alg":"HS256","typ":"JWT","kid":"k1"}"#;
        with_mac(header, &claims("machine"), secret)
    };
    let embedded = json!({ "alg": "ES256", "kid": "k1", "jwk": stranger.jwk() }).to_string();
    let jku = r#"{"alg":"ES256","kid":"k1","jku":"http://127.0.0.1:1/"}"#;
    let plain = r#"{"alg":"ES256","kid":"k1"}"#;
    let twice = said().replacen('{', r#"{"iss":"machine","#, 1);
    let good = machine.assertion();
    let (head, _) = good.rsplit_once('.').unwrap();
    for (what, assertion) in [
        ("46 public key as secret", hs256(jwk.to_string().as_bytes())),
        (
            "46 x as secret",
            hs256(&jwt::decode(jwk["x"].as_str().unwrap())),
        ),
        ("49 embedded key", stranger.sign(&embedded, &said())),
        ("49 key elsewhere", stranger.sign(jku, &said())),
        ("52 JWE", "eyJhbGciOiJkaXIifQ....".to_owned()),
        ("57 zeros", format!("{head}.{}", jwt::encode([0; 64]))),
        ("64 dots", ".".repeat(16_000)),
        ("66 duplicate claim", key.sign(plain, &twice)),
        ("key of somebody else", stranger.sign(plain, &said())),
    ] {
        assert_refused(&token(server, &assertion), what);
    }
    assert_eq!(token(server, &good).status, 200);
}

#[test]
fn an_access_token_of_ours_is_no_assertion() {
    let machine = Machine::new();
    let access = token(&machine.server, &machine.assertion()).access_token();
    assert_eq!(token(&machine.server, &access).refusal().0, 400);
}

#[test]
fn one_method_per_request_and_both_parameters() {
    let machine = Machine::new();
    let Machine { server, home, .. } = &machine;
    let with_secret = home.add_client("with-secret", &[]);
    let grant = ("grant_type", "client_credentials");
    let kind = ("client_assertion_type", crate::machine::JWT_BEARER);
    let assertion = machine.assertion();
    let assertion = ("client_assertion", assertion.as_str());
    let secret = ("client_secret", with_secret.secret.as_str());
    let refused = |form: &[(&str, &str)]| server.post("/oauth2/token").form(form).send().refusal();
    let invalid_request = (400, "invalid_request".to_owned());
    assert_eq!(refused(&[grant, kind]), invalid_request);
    assert_eq!(refused(&[grant, assertion]), invalid_request);
    assert_eq!(refused(&[grant, kind, assertion, secret]), invalid_request);
    let both = server.post("/oauth2/token").basic(&with_secret);
    let both = both.form(&[grant, kind, assertion]).send();
    assert_eq!(both.refusal(), invalid_request);
    let saml = (
        "client_assertion_type",
        "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
    );
    assert_eq!(
        refused(&[grant, saml, assertion]),
        (400, "invalid_client".into())
    );
    let other = ("client_id", "with-secret");
    assert_eq!(
        refused(&[grant, kind, assertion, other]),
        (400, "invalid_client".into())
    );
    // Nothing of it was consumed.
    let own = ("client_id", "machine");
    let answer = server
        .post("/oauth2/token")
        .form(&[grant, kind, assertion, own])
        .send();
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// An assertion under the secret of a client.
fn with_secret(client: &TestClient) -> String {
    let header = r#"{"alg":"HS256","typ":"JWT"}"#;
    with_mac(header, &claims(&client.id), client.secret.as_bytes())
}

#[test]
fn client_secret_jwt_is_neither_offered_nor_taken_unless_it_is_switched_on() {
    let home = Home::with_keys();
    let off = home.run(&[
        "--json",
        "client",
        "add",
        "c",
        "--auth-method",
        "client_secret_jwt",
    ]);
    let (_, message) = off.refusal(1);
    assert!(message.contains("client_auth_methods"), "{message}");
    let all = "client_secret_basic,client_secret_post,client_secret_jwt,private_key_jwt,none";
    let on = [("COUNTERSIGN_CLIENT_AUTH_METHODS", all)];
    let input = countersign_tests::Input {
        variables: &on,
        ..Default::default()
    };
    let added = home
        .run_with(
            &[
                "--json",
                "client",
                "add",
                "c",
                "--auth-method",
                "client_secret_jwt",
            ],
            input,
        )
        .json();
    let client = TestClient::new("c", added["client_secret"].as_str().unwrap());
    let server = home.serve_with(&ISSUER, &on);
    let offered = server.get("/.well-known/openid-configuration").json();
    for endpoint in ["token", "revocation", "introspection"] {
        let methods = offered[format!("{endpoint}_endpoint_auth_methods_supported")].to_string();
        assert!(methods.contains("client_secret_jwt"), "{methods}");
        let algorithms = &offered[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")];
        let algorithms = algorithms.to_string();
        assert!(
            algorithms.contains("HS256") && algorithms.contains("ES256"),
            "{algorithms}"
        );
    }
    let assertion = with_secret(&client);
    assert_eq!(token(&server, &assertion).status, 200);
    assert_eq!(token(&server, &assertion).status, 400, "once");
    assert_eq!(
        token(&server, &with_secret(&client.with_secret(&"x".repeat(50)))).status,
        400
    );
    assert_eq!(
        server.token(&client, &[]).status,
        401,
        "the secret itself is not the method"
    );
    drop(server);
    let server = home.serve_with(&ISSUER, &[]);
    let answer = token(&server, &with_secret(&client));
    assert_eq!(answer.refusal().0, 400);
    assert!(answer.text().contains("not offered"), "{}", answer.text());
    let offered = server.get("/.well-known/openid-configuration").text();
    assert!(!offered.contains("client_secret_jwt"), "{offered}");
}

#[test]
fn attack_78_no_assertion_is_in_the_log_at_any_level() {
    let home = Home::with_keys();
    let key = OwnKey::new();
    add_client_with_keys(&home, "machine", &[key.jwk_named("k1")], &[]);
    let server = home.serve_with(&ISSUER, &[("COUNTERSIGN_LOG", "trace")]);
    let good = signed(&key, "k1", &claims("machine"));
    let forged = signed(&OwnKey::new(), "k1", &claims("machine"));
    let mut late = claims("machine");
    late["exp"] = json!(now() - 1_000);
    let late = signed(&key, "k1", &late);
    for (assertion, status) in [(&good, 200), (&good, 400), (&forged, 400), (&late, 400)] {
        assert_eq!(token(&server, assertion).status, status);
    }
    let log = server.stderr();
    assert!(log.contains("DEBUG"), "nothing to look at: {log}");
    for assertion in [good, forged, late] {
        for part in assertion.split('.').skip(1) {
            assert!(!log.contains(part), "{part} is in the log");
        }
    }
}

#[test]
fn every_algorithm_that_is_advertised_is_taken() {
    let home = Home::with_keys();
    let server = home.serve_with(&ISSUER, &[]);
    let offered = server.get("/.well-known/openid-configuration").json();
    let offered = &offered["token_endpoint_auth_signing_alg_values_supported"];
    let names: Vec<&str> = offered
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 10);
    for name in names {
        let client_id = format!("by-{name}");
        let (jwk, assertion) = crate::foreign_signer::signed(name, &claims(&client_id));
        add_client_with_keys(&home, &client_id, &[jwk], &[]);
        let answer = token(&server, &assertion);
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    }
}

#[test]
fn an_unknown_client_and_a_wrong_key_are_told_the_same() {
    let machine = Machine::new();
    let stranger = OwnKey::new();
    let wrong_key = token(
        &machine.server,
        &signed(&stranger, "k1", &claims("machine")),
    );
    let nobody = token(&machine.server, &signed(&stranger, "k1", &claims("nobody")));
    assert_eq!(wrong_key.text(), nobody.text());
    assert_eq!((wrong_key.status, nobody.status), (400, 400));
    assert_eq!(wrong_key.header("www-authenticate"), "");
}

#[test]
fn rule_o1_a_right_secret_that_comes_in_the_wrong_way_is_told_to_the_operator() {
    let home = Home::with_keys();
    let client = home.add_client("c", &["--auth-method", "client_secret_post"]);
    let server = home.serve();
    assert_eq!(server.token(&client, &[]).refusal().0, 401);
    let logged = countersign_tests::eventually(countersign_tests::PATIENCE, || {
        let log = server.stderr();
        let told = log.contains("client_refused")
            && log.contains("registered for another authentication method");
        told.then_some(())
    });
    assert!(logged.is_some(), "{}", server.stderr());
}
