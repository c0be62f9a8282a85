//! What is told about tokens (row 3.5, as its newer version has it).

use countersign_tests::{TestClient, jwt};
use serde_json::json;

use super::{Classic, INTROSPECT, SCOPE, assert_refusal, names, refusal};

const INACTIVE: &str = r#"{"active":false}"#;

#[test]
fn row_3_5_an_access_token_is_told_with_its_claims() {
    let classic = Classic::new();
    for (answer, with_user) in [(classic.sign_in(&[]), true), (classic.own(&[]), false)] {
        let token = answer.access_token();
        for hint in [None, Some("access_token"), Some("refresh_token")] {
            let hint = hint.map(|hint| ("token_type_hint", hint));
            let form: Vec<_> = [("token", &*token)].into_iter().chain(hint).collect();
            let answer = classic.introspect(&classic.client, &form);
            assert_eq!(answer.status, 200);
            answer.assert_not_kept();
            let told = answer.json();
            assert_eq!(told["active"], true);
            assert_eq!(
                (&told["token_type"], &told["client_id"], &told["scope"]),
                (&"access_token".into(), &"app".into(), &SCOPE.into())
            );
            let claims = jwt::claims(&token);
            for name in ["sub", "exp", "nbf", "iat", "jti", "scope", "cid"] {
                assert_eq!(told.get(name), claims.get(name), "{name}");
            }
            // Row 3.3: "`sub` absent for client credentials".
            assert_eq!(told.get("sub").is_some(), with_user);
        }
    }
}

#[test]
fn row_3_5_a_refresh_token_is_told_without_a_hint() {
    let classic = Classic::new();
    let token = classic.sign_in(&[]).tokens().refresh;
    let claims = jwt::claims(&token);
    for hint in [None, Some("access_token"), Some("refresh_token")] {
        let hint = hint.map(|hint| ("token_type_hint", hint));
        let form: Vec<_> = [("token", &*token)].into_iter().chain(hint).collect();
        let told = classic.introspect(&classic.client, &form).json();
        assert_eq!(told["active"], true, "{hint:?}");
        assert_eq!(told["token_type"], "refresh_token");
        for name in ["client_id", "scope", "user_id", "expire_time", "iat"] {
            assert_eq!(told[name], claims[name], "{name}");
        }
    }
}

#[test]
fn row_3_5_whatever_is_no_live_token_is_inactive_and_no_more() {
    let classic = Classic::new();
    let tokens = classic.sign_in(&[]).tokens();
    let renewed = classic.renewed(&tokens.refresh);
    let (signed, signature) = tokens.access.rsplit_once('.').unwrap();
    // Another first letter: other bits for certain, as only the last one has bits that do not count.
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let altered = format!("{signed}.{first}{}", &signature[1..]);
    let revoked = classic.own(&[]).access_token();
    classic.revoke(&classic.client, &[("token", &revoked)]);
    for (what, token) in [
        ("garbage", "x"),
        ("no JWT", "a.b.c"),
        ("a bad signature", &altered),
        ("revoked", &revoked),
        ("a refresh token that was used", &tokens.refresh),
        ("a code", "cs_ac_AAAA"),
    ] {
        let answer = classic.introspect(&classic.client, &[("token", token)]);
        assert_eq!((answer.status, &*answer.text()), (200, INACTIVE), "{what}");
    }
    // "`auth_code` hint is accepted and inactive", whatever the token is.
    for token in [&renewed.access, &renewed.refresh] {
        let form = [("token", &**token), ("token_type_hint", "auth_code")];
        let answer = classic.introspect(&classic.client, &form);
        assert_eq!((answer.status, &*answer.text()), (200, INACTIVE));
        assert!(classic.is_active(token));
    }
}

#[test]
fn row_3_5_what_is_asked_wrongly_is_refused() {
    let classic = Classic::new();
    let token = classic.own(&[]).access_token();
    let form = [("token", &*token)];
    let missing = (400, "invalid_request", "Check the `token` parameter");
    let hint = (400, "unsupported_token_type", "Unsupported token_type_hint");
    let client = &classic.client;
    for (what, form, expected) in [
        ("no token", &[][..], missing),
        ("an empty token", &[("token", "")], missing),
        (
            "an unknown hint",
            &[form[0], ("token_type_hint", "id_token")],
            hint,
        ),
        (
            "a hint in capitals",
            &[form[0], ("token_type_hint", "ACCESS_TOKEN")],
            hint,
        ),
        (
            "an unknown hint for nothing",
            &[("token", "x"), ("token_type_hint", "")],
            (200, "", ""),
        ),
    ] {
        let answer = classic.introspect(client, form);
        match expected {
            (200, ..) => assert_eq!(answer.text(), INACTIVE, "{what}"),
            expected => assert_refusal(&answer, expected, what),
        }
    }
}

/// Row 3.5: "introspection needs a confidential client"; who it is, is asked first.
#[test]
fn row_3_5_the_caller_proves_who_it_is() {
    let classic = Classic::new();
    let grants = ["--public", "--grant-type", "password"];
    let add = [&["client", "add", "public"], &grants[..], &super::PROFILE].concat();
    let _ = classic.home.json(&add);
    let token = classic.own(&[]).access_token();
    let form = [("token", &*token), ("token_type_hint", "nonsense")];
    let post = || classic.server.post(INTROSPECT);
    for (what, call) in [
        ("nobody", post().form(&form)),
        (
            "a secret only",
            post().form(&[form[0], ("client_secret", "x")]),
        ),
        (
            "a public client",
            classic.calling(&TestClient::public("public"), INTROSPECT, &form),
        ),
        (
            "a client that only names itself",
            classic.calling(&TestClient::public("app"), INTROSPECT, &form),
        ),
        (
            "a wrong secret",
            classic.calling(&classic.client.with_secret("x"), INTROSPECT, &form),
        ),
        (
            "an unknown client",
            classic.calling(&TestClient::new("x", "x"), INTROSPECT, &form),
        ),
    ] {
        let (status, error, _) = refusal(&call.send());
        assert_eq!((status, &*error), (401, "invalid_client"), "{what}");
    }
    // A bearer token opens the endpoint as it opens the standard one, and a classic one opens neither (RULES D1).
    for bearer in ["x", &token] {
        let (status, error, _) = refusal(&post().bearer(bearer).form(&form).send());
        assert_eq!((status, &*error), (401, "invalid_token"));
    }
    assert_eq!(
        post().basic(&classic.client).form(&form[..1]).send().json()["active"],
        true
    );
}

/// RFC 7662 §2.1: as at the standard endpoint.
#[test]
fn an_access_token_with_the_scope_introspect_opens_it() {
    let classic = Classic::new();
    let token = classic.own(&[]).access_token();
    let caller = |id, scope| {
        let arguments = ["--scope", scope, "--introspect", "any"];
        classic.home.add_client(id, &arguments)
    };
    let ask = |bearer: &str| {
        let call = classic.server.post(INTROSPECT).bearer(bearer);
        call.form(&[("token", &token)]).send()
    };
    let bearer = classic.server.issue(&caller("opener", "introspect"), &[]);
    let told = ask(&bearer).json();
    assert_eq!(
        (&told["active"], &told["client_id"]),
        (&true.into(), &"app".into())
    );
    let bearer = classic.server.issue(&caller("reader", "read"), &[]);
    let (status, error, _) = refusal(&ask(&bearer));
    assert_eq!((status, &*error), (403, "insufficient_scope"));
}

/// Row 3.5: "other client's token: introspection allowed". Here only to whom it concerns (RULES I1).
#[test]
fn row_3_5_rule_i1_another_clients_token_is_told_to_whom_it_concerns() {
    let api = "https://api.example";
    let classic = Classic::with(&["--resource", api], &[]);
    let add = |id: &str, more: &[&str]| classic.home.add_client(id, more);
    let tokens = classic.sign_in(&[]).tokens();
    for (caller, may_know) in [
        (add("stranger", &[]), false),
        (add("api", &["--resource", api]), true),
        (add("any", &["--introspect", "any"]), true),
        (
            add("own", &["--resource", api, "--introspect", "own"]),
            false,
        ),
    ] {
        let told = classic.introspect(&caller, &[("token", &tokens.access)]);
        assert_eq!(told.json()["active"], json!(may_know), "{}", caller.id);
        if may_know {
            assert_eq!(told.json()["client_id"], "app");
        } else {
            assert_eq!(names(&told.json()), ["active"]);
        }
        let told = classic.introspect(&caller, &[("token", &tokens.refresh)]);
        assert_eq!(
            told.text(),
            INACTIVE,
            "a refresh token is its client's alone"
        );
    }
}

/// RULES D1: "accepted only at introspection and revocation there".
#[test]
fn rule_d1_no_other_door_accepts_a_classic_access_token() {
    let classic = Classic::with(&["--scope", "openid contacts.read contacts.write"], &[]);
    let (server, client) = (&classic.server, &classic.client);
    let scope = [("scope", "openid contacts.read")];
    for answer in [classic.sign_in(&scope), classic.own(&[])] {
        let token = answer.access_token();
        assert!(!server.is_active(client, &token));
        assert_eq!(server.userinfo(&token).status, 401);
        let refused = server.revoke(client, &token).refusal();
        assert_eq!(refused, (400, "unsupported_token_type".into()));
        assert!(classic.is_active(&token), "it lives on");
    }
    let refresh = classic.sign_in(&scope).tokens().refresh;
    assert!(
        server.is_active(client, &refresh),
        "and its refresh token is one of the client's"
    );
}
