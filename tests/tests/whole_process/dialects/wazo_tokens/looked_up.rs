//! What is told of a token, and how it ends.

use std::fs;

use countersign_tests::{PATIENCE, eventually};
use serde_json::json;

use super::{NOBODYS, Wazo, assert_legacy, data, legacy, text};

#[test]
fn row_4_1_get_token_tells_what_the_sign_in_told() {
    let wazo = Wazo::new();
    let told = wazo.data(&json!({ "expiration": 60 }));
    let token = text(&told, "token");
    // Whoever knows it may ask: no `X-Auth-Token` is needed.
    let answer = wazo.ask("GET", &token);
    assert_eq!(data(&answer), told);
    let behind_the_proxy = format!("/api/auth/0.1/token/{token}");
    assert_eq!(data(&wazo.server.get(&behind_the_proxy)), told);
}

#[test]
fn row_4_1_get_and_head_token_check_that_it_is_there_then_the_scope_then_the_tenant() {
    let wazo = Wazo::with(&[("COUNTERSIGN_WAZO__DEFAULT_ACL", "auth.users.me.#,foo.*")]);
    let told = wazo.data(&json!({}));
    let (live, tenant) = (text(&told, "token"), text(&told["metadata"], "tenant_uuid"));
    let upper_tenant = tenant.to_uppercase();
    let user = text(&told, "auth_id");
    let no_such_token = (404, "No such token".to_owned());
    let no_scope = |scope: &str| (403, format!("Unauthorized for {scope}"));
    let no_tenant = (403, format!("Unauthorized for tenant {NOBODYS}"));
    for (token, query, expected) in [
        (&*live, String::new(), None),
        (&live, "?scope=foo.bar".into(), None),
        (&live, "?scope=".into(), None),
        (&live, format!("?scope=auth.users.{user}.read"), None),
        (&live, format!("?tenant={tenant}"), None),
        (&live, format!("?tenant={upper_tenant}&scope=foo.x"), None),
        (&live, "?unknown=x".into(), None),
        (&live, "?scope=foo".into(), Some(no_scope("foo"))),
        (
            &live,
            "?scope=%C3%A9t%C3%A9.x".into(),
            Some(no_scope("ete.x")),
        ),
        (&live, "?scope=a%20b".into(), Some(no_scope("a b"))),
        (&live, format!("?tenant={NOBODYS}"), Some(no_tenant.clone())),
        (
            &live,
            format!("?scope=foo.x&tenant={NOBODYS}"),
            Some(no_tenant),
        ),
        (
            &live,
            format!("?scope=foo&tenant={NOBODYS}"),
            Some(no_scope("foo")),
        ),
        (
            NOBODYS,
            format!("?scope=foo&tenant={NOBODYS}"),
            Some(no_such_token.clone()),
        ),
        (NOBODYS, String::new(), Some(no_such_token.clone())),
        (
            &live.to_uppercase(),
            String::new(),
            Some(no_such_token.clone()),
        ),
        (
            &live.replace('-', ""),
            String::new(),
            Some(no_such_token.clone()),
        ),
        ("x", String::new(), Some(no_such_token.clone())),
        ("%ff", String::new(), Some(no_such_token.clone())),
        ("%00", String::new(), Some(no_such_token)),
    ] {
        let what = format!("{token}{query}");
        let told = wazo.ask("GET", &what);
        let checked = wazo.ask("HEAD", &what);
        assert_eq!(checked.text(), "", "{what}");
        match expected {
            None => {
                assert_eq!(told.status, 200, "{what}: {}", told.text());
                assert_eq!(checked.status, 204, "{what}");
            }
            Some(expected) => {
                assert_eq!(checked.status, expected.0, "{what}");
                assert_eq!(legacy(&told), expected, "{what}");
            }
        }
    }
}

#[test]
fn row_4_1_a_query_that_cannot_be_meant_is_refused() {
    let wazo = Wazo::new();
    let token = wazo.token();
    let long = "x".repeat(1_025);
    for query in [
        "scope=a&scope=b".to_owned(),
        "tenant=a&tenant=a".to_owned(),
        "scope=%ff".to_owned(),
        format!("scope={long}"),
        format!("tenant={long}"),
        "&a=".repeat(70),
    ] {
        let answer = wazo.ask("GET", &format!("{token}?{query}"));
        assert_eq!(legacy(&answer).0, 400, "{query}");
        let checked = wazo.ask("HEAD", &format!("{token}?{query}"));
        assert_eq!(checked.status, 400, "{query}");
    }
}

/// Section 4.7 says the same as a surprise.
#[test]
fn row_4_7_4_delete_token_needs_the_token_only_and_always_succeeds() {
    let wazo = Wazo::new();
    let (token, other) = (wazo.token(), wazo.token());
    for token in [
        &*token,
        &token,
        NOBODYS,
        "x",
        "%ff",
        "%00",
        &"x".repeat(10_000),
    ] {
        let answer = wazo.ask("DELETE", token);
        assert_eq!(answer.status, 200, "{token}");
        assert_eq!(answer.json(), json!({ "data": { "message": "success" } }));
        answer.assert_not_kept();
    }
    assert_legacy(&wazo.ask("GET", &token), 404, "No such token", "ended");
    assert!(wazo.is_live(&other));
}

#[test]
fn row_4_1_delete_token_ends_its_session() {
    let wazo = Wazo::with(&[("COUNTERSIGN_WAZO__MAX_SESSIONS", "1")]);
    let token = wazo.token();
    assert_eq!(wazo.sign_in(&json!({})).status, 429);
    assert_eq!(wazo.ask("DELETE", &token).status, 200);
    assert_eq!(wazo.sign_in(&json!({})).status, 200);
}

#[test]
fn row_4_1_a_token_expires() {
    let wazo = Wazo::new();
    let told = wazo.data(&json!({ "expiration": 1 }));
    let token = text(&told, "token");
    assert_eq!(wazo.data(&json!({}))["auth_id"], told["auth_id"]);
    let gone = eventually(PATIENCE, || (!wazo.is_live(&token)).then_some(()));
    assert_eq!(gone, Some(()), "it never expires");
    assert_legacy(&wazo.ask("GET", &token), 404, "No such token", "expired");
}

#[test]
fn row_4_4_backends_and_status_are_for_everybody() {
    let wazo = Wazo::new();
    for base in ["/0.1", "/api/auth/0.1"] {
        for method in ["HEAD", "GET"] {
            let answer = wazo.server.call(method, &format!("{base}/status")).send();
            assert_eq!(answer.status, 200, "{method} {base}");
            assert_eq!(answer.text().is_empty(), method == "HEAD");
        }
        let told = wazo.server.get(&format!("{base}/backends"));
        assert_eq!(told.json(), json!({ "data": ["wazo_user"] }));
    }
}

/// A full disk does not count: what is there can still be read.
#[test]
fn row_4_4_status_is_503_while_the_database_cannot_be_read() {
    let wazo = Wazo::new();
    let refresh_token = wazo.refresh_token();
    let status = |method| {
        let answer = wazo.server.call(method, "/0.1/status").send();
        assert_eq!(answer.text().is_empty(), method == "HEAD");
        answer.status
    };
    assert_eq!((status("GET"), status("HEAD")), (200, 200));
    for name in ["countersign.db", "countersign.db-wal"] {
        let file = wazo.home.data_dir().join(name);
        let size = usize::try_from(fs::metadata(&file).unwrap().len()).unwrap();
        fs::write(&file, vec![0xa5; size]).unwrap();
    }
    // What is written now makes the server forget what it has in memory of the file.
    let away = eventually(PATIENCE, || {
        let _ = wazo.refresh(&refresh_token, "example");
        ((status("GET"), status("HEAD")) == (503, 503)).then_some(())
    });
    assert_eq!(away, Some(()), "it still works");
}
