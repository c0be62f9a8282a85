//! Tokens for a name and a password.

use countersign_tests::{TestClient, TestUser};
use serde_json::{Value, json};

use super::{
    PASSWORD, Wazo, assert_failed, assert_legacy, assert_names, data, legacy, lifetime, names,
    offline, text,
};

#[test]
fn row_4_1_post_token_takes_a_username_or_a_confirmed_email_in_any_letter_case() {
    let wazo = Wazo::new();
    let confirmed = ["--email", "bob@example.com", "--email-verified"];
    let bob = wazo.add("bob", &confirmed);
    let _ = wazo.add("carol", &["--email", "carol@example.com"]);
    let uuid = wazo.home.json(&["user", "show", "bob"])["sub"].clone();
    for name in ["bob", "BOB", "bob@example.com", "Bob@Example.COM"] {
        let told = data(&wazo.sign_in_as(&TestUser::new(name, &bob.password), &json!({})));
        assert_eq!(told["metadata"]["uuid"], uuid, "{name}");
    }
    for name in ["carol@example.com", "nobody@example.com"] {
        let answer = wazo.sign_in_as(&TestUser::new(name, PASSWORD), &json!({}));
        assert_failed(&answer, name);
    }
}

#[test]
fn row_4_1_a_body_is_needed_and_null_counts_as_an_empty_object() {
    let wazo = Wazo::new();
    let named = TestClient::new(&wazo.user.name, &wazo.user.password);
    let send = |body: &str, kind: Option<&str>| {
        let call = wazo.server.post("/0.1/token").basic(&named).body(body);
        match kind {
            Some(kind) => call.header("content-type", kind).send(),
            None => call.send(),
        }
    };
    for body in ["{}", "null", " null\n", "\t{ }"] {
        for kind in [
            None,
            Some("application/json"),
            Some("text/plain"),
            Some("x"),
        ] {
            assert_eq!(send(body, kind).status, 200, "{body} as {kind:?}");
        }
    }
    for body in [
        "",
        " ",
        "[]",
        "\"x\"",
        "0",
        "true",
        "{",
        "nul",
        "{} {}",
        "backend=wazo_user",
        r#"{"expiration": 1, "expiration": 2}"#,
        r#"{"expiration": 1e400}"#,
    ] {
        assert_eq!(legacy(&send(body, None)).0, 400, "{body}");
    }
    let long = format!(r#"{{"x": "{}"}}"#, "x".repeat(70_000));
    assert_eq!(legacy(&send(&long, None)).0, 413);
}

#[test]
fn row_4_1_there_is_one_backend() {
    let wazo = Wazo::new();
    let with = |backend: Value| wazo.sign_in(&json!({ "backend": backend }));
    assert_eq!(with(json!("wazo_user")).status, 200);
    for backend in ["mock", "ldap_user", "WAZO_USER", ""] {
        assert_failed(&with(json!(backend)), backend);
    }
    for backend in [json!(null), json!(1), json!(["wazo_user"])] {
        assert_names(&with(backend.clone()), "backend", &backend.to_string());
    }
    let told = wazo.server.get("/0.1/backends");
    assert_eq!(told.status, 200);
    assert_eq!(told.json(), json!({ "data": ["wazo_user"] }));
}

#[test]
fn row_4_1_expiration_is_a_whole_number_from_1_to_ten_years() {
    let wazo = Wazo::new();
    for expiration in [1, 2, 3_600, 315_360_000_u64] {
        let told = wazo.data(&json!({ "expiration": expiration }));
        assert_eq!(lifetime(&told), expiration);
    }
    assert_eq!(lifetime(&wazo.data(&json!({}))), 7_200, "the default");
    for expiration in [
        json!(null),
        json!(true),
        json!("3600"),
        json!(3600.5),
        json!(0),
        json!(-1),
        json!(315_360_001),
        json!(u64::MAX),
        json!(i64::MIN),
        json!([3600]),
        json!({}),
    ] {
        let answer = wazo.sign_in(&json!({ "expiration": expiration }));
        assert_names(&answer, "expiration", &expiration.to_string());
    }
}

#[test]
fn row_4_1_offline_access_needs_a_client_id() {
    let wazo = Wazo::new();
    let longest = "é".repeat(1_024);
    for client_id in ["x", "com.example/app", &longest] {
        assert_eq!(wazo.sign_in(&offline(client_id)).status, 200);
    }
    let access = |access_type: Value| wazo.sign_in(&json!({ "access_type": access_type }));
    assert_eq!(access(json!("online")).status, 200);
    assert_names(&access(json!("offline")), "client_id", "offline without");
    for wrong in [
        json!(null),
        json!("OFFLINE"),
        json!(""),
        json!(1),
        json!(false),
    ] {
        assert_names(&access(wrong.clone()), "access_type", &wrong.to_string());
    }
    let too_long = "é".repeat(1_025);
    for client_id in [
        json!(""),
        json!(too_long),
        json!(null),
        json!(7),
        json!("a\0b"),
    ] {
        for access_type in ["online", "offline"] {
            let body = json!({ "access_type": access_type, "client_id": client_id });
            assert_names(&wazo.sign_in(&body), "client_id", access_type);
        }
    }
}

#[test]
fn row_4_1_members_that_exclude_each_other_are_refused() {
    let wazo = Wazo::new();
    let token = wazo.refresh_token();
    for (body, field) in [
        (json!({ "refresh_token": token }), "client_id"),
        (
            json!({ "refresh_token": token, "client_id": "example", "access_type": "offline" }),
            "access_type",
        ),
        (
            json!({ "refresh_token": null, "client_id": "example" }),
            "refresh_token",
        ),
        (
            json!({ "tenant_id": "x", "domain_name": "example.com" }),
            "domain_name",
        ),
        (json!({ "tenant_id": 1 }), "tenant_id"),
        (json!({ "domain_name": null }), "domain_name"),
        (json!({ "saml_session_id": "x" }), "saml_session_id"),
    ] {
        assert_names(&wazo.sign_in(&body), field, &body.to_string());
        // A body that cannot be meant is told before a password that is wrong.
        let wrong = wazo.user.with_password("wrong");
        assert_names(&wazo.sign_in_as(&wrong, &body), field, &body.to_string());
    }
    for body in [
        json!({ "tenant_id": "x" }),
        json!({ "domain_name": "x" }),
        json!({ "tenant_id": "x", "domain_name": "" }),
        json!({ "refresh_token": "" }),
        json!({ "x": null }),
    ] {
        assert_eq!(wazo.sign_in(&body).status, 200, "{body}");
    }
}

#[test]
fn row_4_1_bad_or_missing_credentials_are_a_legacy_401() {
    let wazo = Wazo::new();
    let _ = wazo.home.add_user("disabled");
    let _ = wazo.home.json(&["user", "disable", "disabled"]);
    let _ = wazo
        .home
        .json(&["user", "add", "passwordless", "--no-password"]);
    for (what, user) in [
        ("a wrong password", wazo.user.with_password("wrong")),
        ("an unknown user", TestUser::new("nobody", PASSWORD)),
        (
            "what cannot be a name",
            TestUser::new("no\u{0}body", PASSWORD),
        ),
        ("a disabled user", TestUser::new("disabled", PASSWORD)),
        (
            "a user without a password",
            TestUser::new("passwordless", "x"),
        ),
        ("no user", TestUser::new("", PASSWORD)),
        ("no password", wazo.user.with_password("")),
        ("neither", TestUser::new("", "")),
        (
            "a long password",
            wazo.user.with_password(&"x".repeat(10_000)),
        ),
    ] {
        assert_failed(&wazo.sign_in_as(&user, &json!({})), what);
    }
    let right = TestClient::new(&wazo.user.name, &wazo.user.password).base64();
    let twice = wazo
        .asking(&json!({}))
        .header("authorization", format!("Basic {right}"));
    assert_failed(
        &twice
            .header("authorization", format!("Basic {right}"))
            .send(),
        "twice",
    );
    assert_failed(&wazo.asking(&json!({})).send(), "no header");
    for header in [
        "",
        "Basic",
        "Basic !",
        "Basic YWxpY2U=",
        "Basic Og==",
        "Digest x",
        "Bearer x",
        "\u{e9}",
        &format!("Token {right}"),
        &format!("Basic {right} {right}"),
    ] {
        let call = wazo.asking(&json!({})).header("authorization", header);
        assert_failed(&call.send(), header);
    }
    for scheme in ["Basic", "basic", "BASIC"] {
        let call = wazo.asking(&json!({}));
        let answer = call
            .header("authorization", format!("{scheme} {right}"))
            .send();
        assert_eq!(answer.status, 200, "{scheme}");
    }
}

#[test]
fn row_4_1_basic_is_utf_8_or_latin_1_and_the_first_colon_parts_it() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    let wazo = Wazo::new();
    let _ = wazo.add_with_password("zoé", "pässwörd:with é", &[]);
    let _ = wazo.add_with_password("percent", "a%41+b is literal", &[]);
    let send = |bytes: &[u8]| {
        let value = format!("Basic {}", STANDARD.encode(bytes));
        wazo.asking(&json!({}))
            .header("authorization", value)
            .send()
    };
    let latin_1 = |text: &str| -> Vec<u8> {
        text.chars()
            .map(|it| u8::try_from(u32::from(it)).unwrap())
            .collect()
    };
    for text in ["zoé:pässwörd:with é", "percent:a%41+b is literal"] {
        assert_eq!(send(text.as_bytes()).status, 200, "{text} in UTF-8");
        assert_eq!(send(&latin_1(text)).status, 200, "{text} in Latin-1");
    }
    for form_encoded in ["percent:a%2541%2Bb+is+literal", "percent:aA b is literal"] {
        assert_failed(&send(form_encoded.as_bytes()), form_encoded);
    }
}

#[test]
fn row_4_1_the_answer_has_every_member_of_that_wire() {
    let wazo = Wazo::new();
    let named = TestClient::new(&wazo.user.name, &wazo.user.password);
    let call = wazo.asking(&json!({})).basic(&named);
    let answer = call.header("user-agent", "phone/1.0 (\u{e9})").send();
    let told = data(&answer);
    assert_eq!(answer.header("wazo-sessions-revoked"), "0");
    assert_eq!(names(&answer.json()), ["data"]);
    assert_eq!(
        names(&told),
        [
            "acl",
            "auth_id",
            "expires_at",
            "issued_at",
            "metadata",
            "remote_addr",
            "session_uuid",
            "token",
            "user_agent",
            "utc_expires_at",
            "utc_issued_at",
            "xivo_user_uuid",
            "xivo_uuid",
        ]
    );
    let metadata = &told["metadata"];
    assert_eq!(
        names(metadata),
        [
            "auth_id",
            "pbx_user_uuid",
            "purpose",
            "tenant_uuid",
            "uuid",
            "xivo_uuid"
        ]
    );
    let user = &wazo.home.json(&["user", "show", &wazo.user.name])["sub"];
    for member in [
        &told["auth_id"],
        &told["xivo_user_uuid"],
        &metadata["uuid"],
        &metadata["auth_id"],
        &metadata["pbx_user_uuid"],
    ] {
        assert_eq!(member, user);
    }
    assert_eq!(told["xivo_uuid"], metadata["xivo_uuid"]);
    assert_eq!(metadata["purpose"], "user");
    assert_eq!(told["acl"], json!(["auth.users.me.#"]));
    assert_eq!(told["remote_addr"], "127.0.0.1");
    assert_eq!(told["user_agent"], "phone/1.0 (\u{e9})");
    assert_eq!(told["issued_at"], told["utc_issued_at"]);
    assert_eq!(told["expires_at"], told["utc_expires_at"]);
    assert_eq!(lifetime(&told), 7_200);
    let ids = ["token", "session_uuid", "xivo_uuid"].map(|name| text(&told, name));
    for id in ids.iter().chain([&text(metadata, "tenant_uuid")]) {
        let parts: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
    }
    // RFC 9562 §5.4: nothing but randomness.
    assert_eq!(&text(&told, "token")[14..15], "4");
}

#[test]
fn row_4_4_a_purpose_decides_on_pbx_user_uuid() {
    let wazo = Wazo::new();
    for purpose in ["internal", "external_api"] {
        let user = wazo.add(purpose, &["--claim", &format!("purpose=\"{purpose}\"")]);
        let told = data(&wazo.sign_in_as(&user, &json!({})));
        assert_eq!(told["metadata"]["purpose"], purpose);
        assert_eq!(told["metadata"]["pbx_user_uuid"], Value::Null);
    }
}

#[test]
fn row_4_1_a_disabled_user_gets_in_by_nothing() {
    let wazo = Wazo::new();
    let told = wazo.data(&offline("example"));
    let (token, refresh_token) = (text(&told, "token"), text(&told, "refresh_token"));
    let _ = wazo.home.json(&["user", "disable", &wazo.user.name]);
    assert_failed(&wazo.sign_in(&json!({})), "a password");
    assert_failed(&wazo.refresh(&refresh_token, "example"), "a refresh token");
    assert_legacy(&wazo.ask("GET", &token), 404, "No such token", "a token");
}
