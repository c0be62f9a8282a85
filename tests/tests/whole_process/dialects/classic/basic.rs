//! HTTP Basic (rows 0.1, 3.4 and 3.9): how it is read, and what is none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_tests::{Answer, TestClient};

use super::{
    Classic, INTROSPECT, PATHS, PROFILE, REVOKE, REVOKED, STANDARD_ERRORS, TOKEN, assert_refusal,
    refusal,
};

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

/// The answer to a request with this `Authorization` header.
fn ask(classic: &Classic, path: &str, value: &str, form: &[(&str, &str)]) -> Answer {
    let call = classic.server.post(path).header("authorization", value);
    call.form(form).send()
}

fn basic(pair: impl AsRef<[u8]>) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

/// As at the standard endpoint, and not only as Latin-1, as in that server.
#[test]
fn row_0_1_every_encoding_of_basic() {
    let classic = Classic::new();
    let (id, secret) = ("my app 100%", "s:\u{e9} c+%41");
    let client = classic.home.add_client_with_secret(id, secret, &PROFILE);
    let token = classic.ask(&client, TOKEN, &[GRANT]).access_token();
    let cases: [(&str, &[u8]); 7] = [
        ("raw UTF-8", "my app 100%:s:\u{e9} c+%41".as_bytes()),
        ("raw Latin-1", b"my app 100%:s:\xe9 c+%41"),
        ("form-encoded", b"my+app+100%25:s%3A%C3%A9+c%2B%2541"),
        (
            "form-encoded, space as %20",
            b"my%20app%20100%25:s%3a%c3%a9%20c%2b%2541",
        ),
        ("form-encoded Latin-1", b"my+app+100%25:s%3A%E9+c%2B%2541"),
        (
            "only the id encoded",
            "my+app+100%25:s:\u{e9} c+%41".as_bytes(),
        ),
        (
            "only the secret encoded",
            b"my app 100%:s%3A%C3%A9+c%2B%2541",
        ),
    ];
    for (what, pair) in cases {
        let value = basic(pair);
        let answer = ask(&classic, TOKEN, &value, &[GRANT]);
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        let told = ask(&classic, INTROSPECT, &value, &[("token", &token)]);
        assert_eq!(told.json()["active"], true, "{what}");
        let ended = ask(&classic, REVOKE, &value, &[("token", "x")]);
        assert_eq!(ended.text(), "{}", "{what}");
    }
    let wrong: [(&str, &[u8]); 4] = [
        ("split at every colon", b"my app 100%:s"),
        ("decoded twice", "my app 100%:s:\u{e9} cA".as_bytes()),
        (
            "a plus is no space in the raw form",
            "my app 100%:s:\u{e9}+c+%41".as_bytes(),
        ),
        ("one more byte", "my app 100%:s:\u{e9} c+%41 ".as_bytes()),
    ];
    for (what, pair) in wrong {
        let answer = ask(&classic, TOKEN, &basic(pair), &[GRANT]);
        assert_refusal(&answer, REVOKED, what);
    }
    // With the secret in the body, the id is read as it stands.
    let body = [GRANT, ("client_secret", &*client.secret)];
    for (what, user, status) in [
        ("raw", "my app 100%:", 200),
        ("form-encoded", "my+app+100%25:", 401),
    ] {
        let answer = ask(&classic, TOKEN, &basic(user), &body);
        assert_eq!(answer.status, status, "{what}");
    }
}

/// Row 3.9: "the colon-splitting Basic bug; scheme case sensitivity". We copy neither.
#[test]
fn row_3_9_basic_is_split_at_the_first_colon_and_its_scheme_has_no_case() {
    let classic = Classic::new();
    let arguments = &PROFILE;
    let secret = "s:with:colons and \u{e9}";
    let client = classic
        .home
        .add_client_with_secret("colons", secret, arguments);
    for scheme in ["Basic", "basic", "BASIC"] {
        let value = format!("{scheme} {}", client.base64());
        let call = classic.server.post(TOKEN).header("authorization", value);
        assert_eq!(call.form(&[GRANT]).send().status, 200, "{scheme}");
    }
    assert_eq!(
        classic.ask(&client, TOKEN, &[GRANT]).status,
        200,
        "in the body"
    );
    let first = TestClient::new("colons", "s");
    let answer = classic
        .server
        .post(TOKEN)
        .basic(&first)
        .form(&[GRANT])
        .send();
    assert_refusal(&answer, REVOKED, "the piece before the next colon");
}

/// Row 3.4: "header must start exactly `Basic `", and whatever else it is, is passed over there. Here it is refused, also if
/// the body has good credentials.
#[test]
fn row_3_4_a_header_that_cannot_be_read_is_refused() {
    let own = Classic::new();
    let standard = Classic::with(&[], &[STANDARD_ERRORS]);
    let invalid_client = (401, "invalid_client");
    let invalid_request = (400, "invalid_request");
    for (value, (status, error), says) in [
        // As the seed prints it, which is no base64.
        (
            "Basic Y4NmE4MzFhZGFkNzU2YWRhN",
            invalid_client,
            "base64(client_id:client_secret)",
        ),
        ("Basic", invalid_client, "base64(client_id:client_secret)"),
        (
            "Basic !!!",
            invalid_client,
            "base64(client_id:client_secret)",
        ),
        // No colon.
        (
            "Basic YXBw",
            invalid_client,
            "base64(client_id:client_secret)",
        ),
        ("Digest x", invalid_request, "scheme"),
        ("app", invalid_request, "scheme"),
    ] {
        for path in PATHS {
            for in_body in [false, true] {
                let what = format!("{value} {path} {in_body}");
                let ask = |classic: &Classic| {
                    let credentials = [
                        ("client_id", &*classic.client.id),
                        ("client_secret", &*classic.client.secret),
                    ];
                    let credentials = if in_body { &credentials[..] } else { &[] };
                    let form = [&[GRANT, ("token", "x")], credentials].concat();
                    ask(classic, path, value, &form)
                };
                let (told, code, text) = refusal(&ask(&own));
                assert_eq!((told, &*code), (status, error), "{what}");
                assert!(text.contains(says), "{what}: {text}");

                let answer = ask(&standard);
                assert_eq!(answer.refusal(), (status, error.to_owned()), "{what}");
                let text = answer.json()["error_description"].clone();
                let text = text.as_str().expect("a text");
                assert!(text.contains(says), "{what}: {text}");
                // RFC 6749 §5.2.
                let challenged = answer.header("www-authenticate").contains("Basic");
                assert_eq!(challenged, status == 401, "{what}");
            }
        }
    }
}
