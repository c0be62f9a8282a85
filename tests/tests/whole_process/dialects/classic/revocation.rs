//! The end of tokens (rows 3.5 and 3.8).

use std::thread;

use countersign_tests::{SECOND, TestClient, jwt};

use super::{Classic, REVOKE, SCOPE, assert_refusal, refusal};

#[test]
fn row_3_5_an_access_token_ends_and_that_is_answered_with_an_empty_object() {
    let classic = Classic::new();
    for hint in ["access_token", "refresh_token", "auth_code", "nonsense", ""] {
        let tokens = classic.sign_in(&[]).tokens();
        let form = [("token", &*tokens.access), ("token_type_hint", hint)];
        for _ in 0..2 {
            classic.revoke(&classic.client, &form);
            assert!(!classic.is_active(&tokens.access), "{hint}");
        }
        // That server ends the refresh token of the same row as well; ours ends what it was asked to end.
        let _ = classic.renewed(&tokens.refresh);
    }
    let own = classic.own(&[]).access_token();
    classic.revoke(&classic.client, &[("token", &own)]);
    assert!(!classic.is_active(&own));
    assert!(
        classic.is_active(&classic.own(&[]).access_token()),
        "and not the client"
    );
}

#[test]
fn row_3_5_a_refresh_token_ends_with_all_that_came_of_it() {
    for cid in ["id", "name"] {
        let cid = ("COUNTERSIGN_CLASSIC__CID", cid);
        let classic = Classic::with(&["--name", "The app"], &[cid]);
        let first = classic.sign_in(&[]).tokens();
        let second = classic.renewed(&first.refresh);
        let other = classic.sign_in(&[]).tokens();
        // Any refresh token of the grant does, an old one too.
        classic.revoke(&classic.client, &[("token", &first.refresh)]);
        for token in [&first.access, &second.access, &second.refresh] {
            assert!(!classic.is_active(token), "{cid:?}");
        }
        let refused = classic.refresh(&classic.client, &second.refresh, &[]);
        assert_refusal(&refused, super::BAD_REFRESH_TOKEN, "ended");
        assert!(classic.is_active(&other.access), "{cid:?}");
    }
}

/// Row 3.5: "unknown/garbage/expired/bad signature/revoked" and "expired token revoke".
#[test]
fn row_3_5_an_expired_access_token_is_inactive_and_may_be_revoked() {
    let classic = Classic::with(&["--access-token-lifetime", "1"], &[]);
    let tokens = classic.sign_in(&[]).tokens();
    let own = classic.own(&[]).access_token();
    for token in [&tokens.access, &own] {
        let claims = jwt::claims(token);
        assert_eq!(
            claims["exp"].as_i64(),
            claims["iat"].as_i64().map(|at| at + 1)
        );
    }
    // Counted in whole seconds.
    thread::sleep(SECOND);
    for token in [&tokens.access, &own] {
        assert!(!classic.is_active(token));
        classic.revoke(&classic.client, &[("token", token)]);
        assert!(!classic.is_active(token));
    }
    let _ = classic.renewed(&tokens.refresh);
}

/// Row 3.8: "invalid, missing, malformed token -> 200".
#[test]
fn row_3_8_a_token_that_is_none_is_no_error() {
    let classic = Classic::new();
    for token in ["x", "a.b.c", "cs_ac_AAAA", "", "\0"] {
        classic.revoke(&classic.client, &[("token", token)]);
    }
    classic.revoke(&classic.client, &[]);
    classic.revoke(&classic.client, &[("token_type_hint", "auth_code")]);
}

/// Rows 3.5 and 3.8: "foreign token -> 200 without effect".
#[test]
fn row_3_8_another_clients_token_is_left_alone() {
    let classic = Classic::new();
    let arguments = [&super::PROFILE[..], &["--scope", SCOPE]].concat();
    let other = classic.home.add_client("other", &arguments);
    let grants = ["--public", "--grant-type", "password"];
    let add = [&["client", "add", "public"], &grants[..]].concat();
    let _ = classic.home.json(&add);
    let tokens = classic.sign_in(&[]).tokens();
    for client in [&other, &TestClient::public("public")] {
        for token in [&tokens.access, &tokens.refresh] {
            classic.revoke(client, &[("token", token)]);
            assert!(classic.is_active(token), "{}", client.id);
        }
    }
    assert!(
        classic
            .server
            .stderr()
            .contains("revocation_of_another_clients_token")
    );
}

/// Rows 3.5 and 3.8: the client proves who it is, as in the newer version, and need not hold any grant type for it.
#[test]
fn row_3_8_a_client_that_is_refused_ends_nothing() {
    let classic = Classic::new();
    let token = classic.own(&[]).access_token();
    let form = [("token", &*token)];
    let post = || classic.server.post(REVOKE);
    for (what, call) in [
        ("nobody", post().form(&form)),
        (
            "a secret only",
            post().form(&[form[0], ("client_secret", "x")]),
        ),
        ("no secret", post().form(&[form[0], ("client_id", "app")])),
        (
            "a wrong secret",
            post().basic(&classic.client.with_secret("x")).form(&form),
        ),
        (
            "an unknown client",
            post().basic(&TestClient::new("x", "x")).form(&form),
        ),
        (
            "a wrong secret, and no token",
            post().basic(&classic.client.with_secret("x")).form(&[]),
        ),
    ] {
        let (status, error, _) = refusal(&call.send());
        assert_eq!((status, &*error), (401, "invalid_client"), "{what}");
        assert!(classic.is_active(&token), "{what}");
    }
    let arguments = [&super::PROFILE[..], &["--grant-type", "password"]].concat();
    let client = classic.home.add_client("password-only", &arguments);
    let token = classic
        .ask(&client, super::TOKEN, &classic.user.form())
        .access_token();
    classic.revoke(&client, &[("token", &token)]);
    let told = classic.introspect(&client, &[("token", &token)]);
    assert_eq!(told.text(), r#"{"active":false}"#);
}
