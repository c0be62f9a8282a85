//! What the token endpoint gives: RFC 6749 §5.1, RFC 9068 §2, RULES A1, A7, T3.

use std::collections::BTreeSet;

use countersign_tests::{Home, jwt};
use serde_json::Value;

use crate::judge;

fn names(object: &Value) -> Vec<&str> {
    object
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn rfc6749_5_1_members_types_and_headers() {
    let home = Home::with_keys();
    let client = home.add_client("c", &["--scope", "read write"]);
    let server = home.serve();
    for asked in [None, Some("read"), Some("write read")] {
        let more: Vec<_> = asked.iter().map(|scope| ("scope", *scope)).collect();
        let answer = server.token(&client, &more);
        assert_eq!(answer.status, 200);
        answer.assert_not_kept();
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let body = answer.json();
        assert_eq!(
            names(&body),
            ["access_token", "expires_in", "scope", "token_type"]
        );
        assert_eq!(body["token_type"], "Bearer");
        // RULES A7.
        assert_eq!(body["expires_in"].as_u64(), Some(600));
        let granted: BTreeSet<&str> = body["scope"].as_str().unwrap().split(' ').collect();
        let expected: BTreeSet<&str> = asked.unwrap_or("read write").split(' ').collect();
        assert_eq!(granted, expected);
    }
}

type Form<'a> = &'a [(&'a str, &'a str)];

#[test]
fn rfc6749_5_2_errors_have_the_registered_code_and_are_not_kept() {
    let home = Home::with_keys();
    let client = home.add_client("c", &["--scope", "read"]);
    let redirect = ["--redirect-uri", "https://app.example/cb"];
    let code_only = home.add_client("code-only", &redirect);
    let server = home.serve();
    let cases: [(Form<'_>, (u16, &str)); 10] = [
        (&[], (400, "invalid_request")),
        (&[("grant_type", "")], (400, "invalid_request")),
        (&[("grant_type", "foo")], (400, "unsupported_grant_type")),
        (
            &[("grant_type", "CLIENT_CREDENTIALS")],
            (400, "unsupported_grant_type"),
        ),
        // What a client can be registered for, and is no grant of this endpoint.
        (
            &[("grant_type", "implicit")],
            (400, "unsupported_grant_type"),
        ),
        (
            &[("grant_type", "authorization_code"), ("code", "x")],
            (400, "unauthorized_client"),
        ),
        (
            &[("grant_type", "password"), ("username", "u")],
            (400, "invalid_request"),
        ),
        (
            &[("grant_type", "client_credentials"), ("scope", "admin")],
            (400, "invalid_scope"),
        ),
        (
            &[("grant_type", "client_credentials"), ("resource", "urn:x")],
            (400, "invalid_target"),
        ),
        (
            &[("grant_type", "client_credentials"), ("grant_type", "foo")],
            (400, "invalid_request"),
        ),
    ];
    for (form, (status, error)) in cases {
        let answer = server
            .post("/oauth2/token")
            .basic(&client)
            .form(form)
            .send();
        assert_eq!(answer.refusal(), (status, error.to_owned()), "{form:?}");
    }
    let answer = server.token(&code_only, &[]);
    assert_eq!(answer.refusal(), (400, "unauthorized_client".into()));
}

#[test]
fn rfc9068_jwt_access_tokens_of_every_algorithm_stand_before_a_foreign_judge() {
    let home = Home::with_keys();
    let algorithms = ["ES256", "ES384", "RS256", "PS256", "EdDSA"];
    let clients = algorithms
        .map(|alg| home.add_client(alg, &["--scope", "read write", "--access-token-alg", alg]));
    let default = home.add_client("default", &[]);
    let server = home.serve();
    let jwks = server.get("/oauth2/jwks").json();
    for (client, alg) in clients.iter().zip(algorithms).chain([(&default, "ES256")]) {
        let token = server.issue(client, &[]);
        let (header, claims) = jwt::parts(&token);
        assert_eq!(names(&header), ["alg", "kid", "typ"]);
        assert_eq!(
            (&header["alg"], &header["typ"]),
            (&alg.into(), &"at+jwt".into())
        );

        let mut expected = vec![
            "aud",
            "client_id",
            "exp",
            "iat",
            "iss",
            "jti",
            "nbf",
            "scope",
            "sub",
        ];
        if client == &default {
            // It has no scope, so there is nothing to tell.
            expected.retain(|name| *name != "scope");
        } else {
            assert_eq!(claims["scope"], "read write");
        }
        assert_eq!(names(&claims), expected);
        assert_eq!(claims["iss"], server.issuer);
        assert_eq!(claims["aud"], server.issuer);
        assert_eq!(
            (&claims["sub"], &claims["client_id"]),
            (&(*client.id).into(), &(*client.id).into())
        );
        let at = |name: &str| claims[name].as_i64().unwrap();
        assert_eq!(at("exp") - at("iat"), 600);
        assert_eq!(at("nbf"), at("iat"));

        let judged = judge::verify(&token, &jwks, &server.issuer);
        assert_eq!(judged.unwrap(), claims, "{alg}");
        assert!(judge::verify(&token, &jwks, "https://other.example").is_err());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let other = server.issue(client, &[]);
        let (_, other) = other.rsplit_once('.').unwrap();
        assert_ne!(signature, other);
        assert!(judge::verify(&format!("{signed}.{other}"), &jwks, &server.issuer).is_err());
    }
}

#[test]
fn rule_t1_the_jwks_has_public_signing_keys_only_each_for_one_algorithm() {
    let home = Home::with_keys();
    let server = home.serve();
    let answer = server.get("/oauth2/jwks");
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let set = answer.json();
    let keys = set["keys"].as_array().unwrap();
    let mut algorithms = Vec::new();
    let mut kids = BTreeSet::new();
    for key in keys {
        for secret in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(secret).is_none(), "{secret} in {key}");
        }
        assert_ne!(key["kty"], "oct");
        assert_eq!(key["use"], "sig");
        algorithms.push(key["alg"].as_str().unwrap());
        assert!(kids.insert(key["kid"].as_str().unwrap()));
    }
    algorithms.sort_unstable();
    assert_eq!(algorithms, ["ES256", "ES384", "EdDSA", "PS256", "RS256"]);
}

#[test]
fn rule_a1_every_token_has_its_own_jti_with_the_grant_in_it() {
    let home = Home::with_keys();
    let client = home.add_client("c", &[]);
    let server = home.serve();
    let mut seen = BTreeSet::new();
    for _ in 0..20 {
        let claims = jwt::claims(&server.issue(&client, &[]));
        let jti = jwt::decode(claims["jti"].as_str().unwrap());
        assert_eq!(jti.len(), 36);
        assert_eq!(jti[..16], [0; 16], "client_credentials has no grant");
        assert!(seen.insert(jti[24..].to_vec()), "96 random bits");
    }
}

#[test]
fn rule_t3_opaque_tokens_have_a_prefix_hide_their_claims_and_can_be_introspected() {
    let home = Home::with_keys();
    let format = ["--scope", "read", "--access-token-format", "opaque"];
    let client = home.add_client("opaque-client", &format);
    let by_server = home.add_client("c", &["--scope", "read"]);
    let jwt_client = home.add_client("j", &["--access-token-format", "jwt"]);
    let server = home.serve_with(&[], &[("COUNTERSIGN_ACCESS_TOKEN__FORMAT", "opaque")]);
    for client in [&client, &by_server] {
        let token = server.issue(client, &[]);
        let sealed = token
            .strip_prefix("cs_at_")
            .expect("the prefix for secret scanners");
        assert!(token.len() <= 4_096);
        let bytes = jwt::decode(sealed);
        assert!(
            !bytes
                .windows(client.id.len())
                .any(|part| part == client.id.as_bytes())
                || client.id.len() < 4
        );
        assert!(!bytes.windows(6).any(|part| part == b"\"scope"));
        let told = server.introspect(client, &token).json();
        assert_eq!(told["active"], true);
        assert_eq!(
            (&told["client_id"], &told["scope"]),
            (&(*client.id).into(), &"read".into())
        );
        assert_ne!(server.issue(client, &[]), token);
    }
    assert_eq!(server.issue(&jwt_client, &[]).split('.').count(), 3);
}

#[test]
fn the_algorithm_and_the_lifetime_of_the_server_are_those_that_are_configured() {
    let home = Home::with_keys();
    let client = home.add_client("c", &[]);
    for alg in ["RS256", "PS256", "ES384", "EdDSA"] {
        let variables = [
            ("COUNTERSIGN_ACCESS_TOKEN__ALGORITHM", alg),
            ("COUNTERSIGN_LIFETIMES__ACCESS_TOKEN", "86400"),
        ];
        let server = home.serve_with(&[], &variables);
        let answer = server.token(&client, &[]).json();
        assert_eq!(answer["expires_in"], 86_400);
        let (header, claims) = jwt::parts(answer["access_token"].as_str().unwrap());
        assert_eq!(header["alg"], alg);
        assert_eq!(
            claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
            86_400
        );
    }
}

#[test]
fn the_lifetime_of_a_client_beats_that_of_the_server() {
    let home = Home::with_keys();
    for format in ["jwt", "opaque"] {
        let arguments = [
            "--access-token-lifetime",
            "77",
            "--access-token-format",
            format,
        ];
        let client = home.add_client(format, &arguments);
        let server = home.serve_with(&[], &[("COUNTERSIGN_LIFETIMES__ACCESS_TOKEN", "99")]);
        let answer = server.token(&client, &[]);
        assert_eq!(answer.json()["expires_in"], 77);
        let told = server.introspect(&client, &answer.access_token()).json();
        let at = |name: &str| told[name].as_i64().unwrap();
        assert_eq!(at("exp") - at("iat"), 77, "{format}");
    }
}

/// A token that its own server calls inactive, or does not end when asked to, must not be given out.
#[test]
fn rule_a5_a_token_that_is_given_out_is_taken_back_however_long_it_is() {
    let home = Home::with_keys();
    // 12, 24 and 50 kB of scope; an opaque token of the first is over 4,096 characters already.
    for (count, format) in [(60, "jwt"), (120, "jwt"), (250, "jwt"), (60, "opaque")] {
        let scope: Vec<String> = (0..count).map(|n| format!("{n:0>199}")).collect();
        let id = format!("{format}-{count}");
        let arguments = ["--scope", &scope.join(" "), "--access-token-format", format];
        let client = home.add_client(&id, &arguments);
        let server = home.serve();
        let answer = server.token(&client, &[]);
        if answer.status == 200 {
            let token = answer.access_token();
            assert!(
                server.is_active(&client, &token),
                "{id}: {} characters",
                token.len()
            );
            assert_eq!(server.revoke(&client, &token).status, 200, "{id}");
            assert!(!server.is_active(&client, &token), "{id}");
        } else {
            assert!(
                answer.json()["error"].is_string(),
                "{id}: {}",
                answer.text()
            );
        }
        // A narrower scope always works.
        assert_eq!(
            server.token(&client, &[("scope", &scope[0])]).status,
            200,
            "{id}"
        );
    }
}
