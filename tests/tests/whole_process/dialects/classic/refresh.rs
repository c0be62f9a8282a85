//! Refresh tokens (rows 3.2 and 3.8). They are rotated as all others are (RULES R), wherever they are presented.

use std::thread;

use countersign_tests::{SECOND, TestClient, jwt};
use serde_json::json;

use super::{BAD_REFRESH_TOKEN, Classic, SCOPE, assert_refusal, forge};

#[test]
fn row_3_2_a_refresh_gives_a_new_pair() {
    let classic = Classic::new();
    let first = classic.sign_in(&[]).tokens();
    let answer = classic.refresh(&classic.client, &first.refresh, &[]);
    let second = answer.tokens();
    // "omitted scope = old scopes"
    assert_eq!(answer.json()["scope"], SCOPE);
    assert_ne!(first.access, second.access);
    assert_ne!(first.refresh, second.refresh);
    let (old, new) = (jwt::claims(&first.refresh), jwt::claims(&second.refresh));
    assert_ne!(old["refresh_token_id"], new["refresh_token_id"]);
    assert_eq!(new["access_token_id"], jwt::claims(&second.access)["jti"]);
    for name in ["client_id", "user_id", "scope"] {
        assert_eq!(old[name], new[name], "{name}");
    }
    // That server ends the old access token, too; ours lives on until it ends.
    assert!(classic.is_active(&first.access) && classic.is_active(&second.access));
}

#[test]
fn row_3_2_a_refresh_may_ask_for_less_and_never_for_more() {
    let classic = Classic::new();
    let first = classic.sign_in(&[("scope", "contacts.read")]).tokens();
    for scope in [SCOPE, "contacts.write", "admin"] {
        let answer = classic.refresh(&classic.client, &first.refresh, &[("scope", scope)]);
        let text = format!("Check the `{}` scope(s)", scope.replace(' ', ", "));
        assert_refusal(&answer, (400, "invalid_scope", &text), scope);
    }
    let whole = classic.sign_in(&[]).tokens();
    let less = [("scope", "contacts.read")];
    let answer = classic.refresh(&classic.client, &whole.refresh, &less);
    assert_eq!(answer.json()["scope"], "contacts.read");
    let tokens = answer.tokens();
    assert_eq!(jwt::claims(&tokens.access)["scope"], "contacts.read");
    // RULES R8: it does not shrink the grant.
    let again = classic.refresh(&classic.client, &tokens.refresh, &[]);
    assert_eq!(again.json()["scope"], SCOPE);
}

#[test]
fn row_3_2_whatever_is_wrong_with_a_refresh_token_is_said_in_the_same_words() {
    let classic = Classic::new();
    let other = [&super::PROFILE[..], &["--scope", SCOPE]].concat();
    let other = classic.home.add_password_client("other", &other);
    let tokens = classic.sign_in(&[]).tokens();
    let (signed, _) = tokens.refresh.rsplit_once('.').unwrap();
    let (_, signature) = tokens.access.rsplit_once('.').unwrap();
    let claims = jwt::claims(&tokens.refresh);
    let mut wider = claims.clone();
    wider["scope"] = "admin".into();
    let of_another_key = forge(&tokens.refresh, &claims, "another key");
    let of_the_shared_secret = forge(&tokens.refresh, &wider, &classic.secret(None));
    let under_the_other_kid = forge(&tokens.access, &wider, &classic.secret(None));
    for (what, client, token) in [
        ("other client", &other, &*tokens.refresh),
        ("an access token", &classic.client, &tokens.access),
        ("garbage", &classic.client, "x"),
        ("no JWT", &classic.client, "a.b.c"),
        (
            "another signature",
            &classic.client,
            &format!("{signed}.{signature}"),
        ),
        ("re-signed", &classic.client, &of_another_key),
        (
            "signed with the shared secret",
            &classic.client,
            &of_the_shared_secret,
        ),
        (
            "signed with it under its kid",
            &classic.client,
            &under_the_other_kid,
        ),
        ("unsigned", &classic.client, &format!("{signed}.")),
        ("missing", &classic.client, ""),
    ] {
        let answer = classic.refresh(client, token, &[]);
        assert_refusal(&answer, BAD_REFRESH_TOKEN, what);
    }
    // RULES R3: none of that has ended anything.
    let _ = classic.renewed(&tokens.refresh);
}

#[test]
fn row_3_2_an_expired_refresh_token_is_refused() {
    let classic = Classic::with(&["--refresh-idle-lifetime", "1"], &[]);
    let tokens = classic.sign_in(&[]).tokens();
    let claims = jwt::claims(&tokens.refresh);
    let at = |name: &str| claims[name].as_i64().unwrap();
    assert_eq!(at("expire_time"), at("iat") + 1);
    // Counted in whole seconds.
    thread::sleep(SECOND);
    let answer = classic.refresh(&classic.client, &tokens.refresh, &[]);
    assert_refusal(&answer, BAD_REFRESH_TOKEN, "expired");
}

/// Row 3.2: "replay 400 `invalid_request`". Within a moment it is a retry, whose answer may have been lost.
#[test]
fn rule_r2_a_retry_gets_the_same_successor_at_either_endpoint() {
    let classic = Classic::new();
    let first = classic.sign_in(&[]).tokens();
    let second = classic.renewed(&first.refresh);
    for time in 0..2 {
        let again = classic.renewed(&first.refresh);
        assert_eq!(again.refresh, second.refresh, "{time}");
        assert_ne!(again.access, second.access, "{time}");
        let elsewhere = classic.server.refresh(&classic.client, &first.refresh);
        let elsewhere = elsewhere.tokens();
        assert_eq!(elsewhere.refresh, second.refresh, "{time}");
        assert!(classic.is_active(&elsewhere.access));
    }
    let third = classic
        .server
        .refresh(&classic.client, &second.refresh)
        .tokens();
    let fourth = classic.renewed(&third.refresh);
    assert!(fourth.refresh != third.refresh && classic.is_active(&fourth.refresh));
}

#[test]
fn rule_r2_r10_reuse_ends_the_grant_and_no_other_at_either_endpoint() {
    for standard in [false, true] {
        let classic = Classic::with(&["--refresh-retry-window", "0"], &[]);
        let (first, other) = (classic.sign_in(&[]).tokens(), classic.sign_in(&[]).tokens());
        let second = classic.renewed(&first.refresh);
        if standard {
            let answer = classic.server.refresh(&classic.client, &first.refresh);
            assert_eq!(answer.refusal(), (400, "invalid_grant".into()));
        } else {
            let answer = classic.refresh(&classic.client, &first.refresh, &[]);
            assert_refusal(&answer, BAD_REFRESH_TOKEN, "used again");
        }
        for token in [
            &first.access,
            &second.access,
            &first.refresh,
            &second.refresh,
        ] {
            assert!(!classic.is_active(token));
        }
        let answer = classic.refresh(&classic.client, &second.refresh, &[]);
        assert_refusal(&answer, BAD_REFRESH_TOKEN, "its successor");
        assert!(classic.is_active(&other.access));
        let _ = classic.renewed(&other.refresh);
    }
}

/// A client of the standard profile may come here, too, and gets its own tokens: in that server's words, opaque ones.
#[test]
fn row_3_1_opaque_refresh_tokens_are_those_of_the_standard_profile() {
    let classic = Classic::new();
    let standard = ["--scope", SCOPE, "--token-profile", "standard"];
    let client = classic.home.add_password_client("standard", &standard);
    let first = classic
        .ask(&client, super::TOKEN, &classic.user.form())
        .tokens();
    assert!(first.refresh.starts_with("cs_rt_"));
    let second = classic.refresh(&client, &first.refresh, &[]).tokens();
    let tell = |form: &[(&str, &str)]| classic.introspect(&client, form).json();
    for (token, kind) in [
        (&second.access, "access_token"),
        (&second.refresh, "refresh_token"),
    ] {
        for hint in [None, Some("access_token"), Some("refresh_token")] {
            let hint = hint.map(|hint| ("token_type_hint", hint));
            let form: Vec<_> = [("token", &**token)].into_iter().chain(hint).collect();
            let told = tell(&form);
            assert_eq!(
                (&told["active"], &told["token_type"]),
                (&json!(true), &kind.into())
            );
        }
    }
    classic.revoke(&client, &[("token", &second.refresh)]);
    assert_eq!(tell(&[("token", &second.access)]), json!({"active": false}));
}

/// Row 3.4: "known scope the client may not have" and the like leave the token as it is (RULES R3).
#[test]
fn rule_r3_a_refusal_leaves_the_refresh_token_as_it_is() {
    let classic = Classic::with(&["--refresh-retry-window", "0"], &[]);
    let tokens = classic.sign_in(&[]).tokens();
    let wrong = classic.client.with_secret("x");
    let nobody = TestClient::public("app");
    for (client, more) in [
        (&wrong, &[][..]),
        (&nobody, &[]),
        (&classic.client, &[("scope", "admin")]),
        (&classic.client, &[("audience", "https://unknown.example")]),
    ] {
        assert_ne!(classic.refresh(client, &tokens.refresh, more).status, 200);
    }
    let _ = classic.renewed(&tokens.refresh);
}
