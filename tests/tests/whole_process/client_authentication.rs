//! RFC 6749 §2.3 and what real clients make of it (seed systems §0.1).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use countersign_tests::{Answer, Home, Server, TestClient};

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

fn basic(pair: impl AsRef<[u8]>) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

fn ask(server: &Server, headers: &[&str], body: &[(&str, &str)]) -> Answer {
    let mut call = server.post("/oauth2/token");
    for value in headers {
        call = call.header("authorization", value);
    }
    call.form(&[&[GRANT], body].concat()).send()
}

/// `200`, or the status and the code of the refusal.
fn outcome(answer: &Answer) -> (u16, String) {
    if answer.status == 200 {
        (200, String::new())
    } else {
        answer.refusal()
    }
}

#[test]
fn seed_0_1_every_encoding_of_real_clients_is_accepted() {
    let home = Home::with_keys();
    let client = home.add_client_with_secret("my app 100%", "s:\u{e9} c+%41", &[]);
    let server = home.serve();
    // The id and the secret, as each client library writes them.
    let cases: [(&str, &[u8]); 9] = [
        (
            "raw UTF-8 (PayPal)",
            "my app 100%:s:\u{e9} c+%41".as_bytes(),
        ),
        ("raw Latin-1 (python-requests)", b"my app 100%:s:\xe9 c+%41"),
        (
            "form-encoded UTF-8 (openid-client)",
            b"my+app+100%25:s%3A%C3%A9+c%2B%2541",
        ),
        (
            "form-encoded, space as %20",
            b"my%20app%20100%25:s%3A%C3%A9%20c%2B%2541",
        ),
        (
            "form-encoded, lower case",
            b"my+app+100%25:s%3a%c3%a9+c%2b%2541",
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
        (
            "colon left raw, rest encoded",
            b"my+app+100%25:s:%C3%A9+c%2B%2541",
        ),
    ];
    for (who, pair) in cases {
        let answer = ask(&server, &[&basic(pair)], &[]);
        assert_eq!(answer.status, 200, "{who}: {}", answer.text());
    }
    let body = [
        ("client_id", &*client.id),
        ("client_secret", &*client.secret),
    ];
    assert_eq!(ask(&server, &[], &body).status, 200, "client_secret_post");
    let wrong: [(&str, &[u8]); 5] = [
        ("split at every colon", b"my app 100%:s"),
        ("decoded twice", "my app 100%:s:\u{e9} cA".as_bytes()),
        (
            "a plus is no space in the raw form",
            "my app 100%:s:\u{e9}+c+%41".as_bytes(),
        ),
        ("accent taken off", b"my app 100%:s:e c+%41"),
        ("one more byte", "my app 100%:s:\u{e9} c+%41 ".as_bytes()),
    ];
    for (how, pair) in wrong {
        let answer = ask(&server, &[&basic(pair)], &[]);
        assert_eq!(outcome(&answer), (401, "invalid_client".into()), "{how}");
    }
}

#[test]
fn a_client_id_with_a_colon_works_in_the_encoded_form() {
    let home = Home::with_keys();
    let client = home.add_client("cl:i d", &[]);
    let server = home.serve();
    let pair = format!("cl%3Ai+d:{}", client.secret);
    assert_eq!(ask(&server, &[&basic(pair)], &[]).status, 200);
    assert_eq!(
        ask(&server, &[&basic(format!("cl:i d:{}", client.secret))], &[]).status,
        401
    );
}

/// What is tried; the `Authorization` headers; the body; the status and the error code.
type Case<'a> = (
    &'a str,
    Vec<&'a str>,
    Vec<(&'a str, &'a str)>,
    (u16, &'a str),
);

#[test]
fn rfc6749_2_3_1_one_method_per_request_and_the_registered_one() {
    let home = Home::with_keys();
    let add = |id: &str, more: &[&str]| home.add_client(id, more).secret;
    let any = add("any", &[]);
    let by_basic = add("by-basic", &["--auth-method", "client_secret_basic"]);
    let by_post = add("by-post", &["--auth-method", "client_secret_post"]);
    let redirect = "https://app.example/cb";
    let _ = home.json(&[
        "client",
        "add",
        "public",
        "--public",
        "--redirect-uri",
        redirect,
    ]);
    let server = home.serve();

    let header = |id: &str, secret: &str| basic(format!("{id}:{secret}"));
    let [any_h, basic_h, post_h] = [
        header("any", &any),
        header("by-basic", &by_basic),
        header("by-post", &by_post),
    ];
    let credentials = any_h.strip_prefix("Basic ").unwrap();
    let mixed_case = format!("bAsIc {credentials}");
    let spaces = format!("Basic   {credentials}");
    let no_padding = format!("Basic {}", STANDARD_NO_PAD.encode(format!("any:{any}")));
    let ok = (200, "");
    let refused = (401, "invalid_client");
    let invalid = (400, "invalid_request");

    #[rustfmt::skip]
    let cases: Vec<Case<'_>> = vec![
        ("Basic", vec![&any_h], vec![], ok),
        ("scheme in any case", vec![&mixed_case], vec![], ok),
        ("more than one space", vec![&spaces], vec![], ok),
        ("base64 without padding", vec![&no_padding], vec![], ok),
        ("body", vec![], vec![("client_id", "any"), ("client_secret", &any)], ok),
        ("Basic and the same client_id", vec![&any_h], vec![("client_id", "any")], ok),
        ("Basic and an empty client_secret", vec![&any_h], vec![("client_secret", "")], ok),
        ("Basic and another client_id", vec![&any_h], vec![("client_id", "by-post")], invalid),
        ("Basic and client_secret", vec![&any_h], vec![("client_secret", &any)], invalid),
        ("both in full", vec![&any_h], vec![("client_id", "any"), ("client_secret", &any)], invalid),
        ("client_secret without client_id", vec![], vec![("client_secret", &any)], invalid),
        ("two headers", vec![&any_h, &any_h], vec![], invalid),
        ("Basic and Bearer", vec![&any_h, "Bearer x"], vec![], invalid),
        ("Bearer", vec!["Bearer x"], vec![("client_id", "any"), ("client_secret", &any)], invalid),
        ("unknown scheme", vec!["Digest username=any"], vec![], invalid),
        ("registered for Basic: Basic", vec![&basic_h], vec![], ok),
        ("registered for Basic: body", vec![], vec![("client_id", "by-basic"), ("client_secret", &by_basic)], refused),
        ("registered for body: body", vec![], vec![("client_id", "by-post"), ("client_secret", &by_post)], ok),
        ("registered for body: Basic", vec![&post_h], vec![], refused),
        ("nobody", vec![], vec![], refused),
        ("only a name", vec![], vec![("client_id", "any")], refused),
        ("an empty secret", vec![], vec![("client_id", "any"), ("client_secret", "")], refused),
        ("public client", vec![], vec![("client_id", "public")], (400, "unauthorized_client")),
        ("public client with a secret", vec![], vec![("client_id", "public"), ("client_secret", "x")], refused),
        ("public client, Basic without secret", vec!["Basic cHVibGljOg=="], vec![], refused),
        ("Basic without credentials", vec!["Basic"], vec![], refused),
        ("Basic without base64", vec!["Basic !!!"], vec![], refused),
        ("Basic without colon", vec!["Basic YW55"], vec![], refused),
        ("Basic with a colon only", vec!["Basic Og=="], vec![], refused),
        ("Basic with base64url", vec!["Basic Pz8_Pz8-"], vec![], refused),
        ("Basic with more behind", vec!["Basic YTpi YTpi"], vec![], refused),
    ];
    for (what, headers, body, (status, error)) in cases {
        let answer = ask(&server, &headers, &body);
        assert_eq!(outcome(&answer), (status, error.to_owned()), "{what}");
        let challenge = answer.header("www-authenticate");
        if status == 401 {
            // RFC 6749 §5.2, RFC 9110 §15.5.2.
            assert!(
                challenge.starts_with("Basic realm=\""),
                "{what}: {challenge:?}"
            );
        } else {
            assert_eq!(challenge, "", "{what}");
        }
    }
}

#[test]
fn attack_43_an_unknown_client_is_answered_like_a_wrong_secret() {
    let home = Home::with_keys();
    let generated = home.add_client("generated", &[]);
    let given = home.add_client_with_secret("given", "a secret that somebody chose", &[]);
    let server = home.serve();
    let told = |client: &TestClient| {
        let answer = server.token(client, &[]);
        let text = answer.text();
        (answer.status, answer.header("www-authenticate"), text)
    };
    let unknown = told(&TestClient::new("nobody", "x"));
    assert_eq!(unknown.0, 401);
    for client in [&generated, &given] {
        for wrong in ["x", "", &client.secret[..client.secret.len() - 1]] {
            assert_eq!(
                told(&client.with_secret(wrong)),
                unknown,
                "{} {wrong}",
                client.id
            );
        }
        assert_eq!(told(client).0, 200);
    }
    assert_eq!(told(&generated.with_secret(&given.secret)), unknown);
}

#[test]
fn rule_s1_given_secrets_of_any_length_work_from_the_first_request() {
    let home = Home::with_keys();
    let long = "\u{e9}0".repeat(2_500);
    for (id, secret) in [("short", "x"), ("spaces", "  two  "), ("long", &long)] {
        let client = home.add_client_with_secret(id, secret, &[]);
        let server = home.serve();
        assert_eq!(server.token(&client, &[]).status, 200, "{id}");
        assert_eq!(server.token(&client, &[]).status, 200, "{id}, remembered");
        let other = client.with_secret(&secret[..secret.len() - 1]);
        assert_eq!(server.token(&other, &[]).status, 401, "{id}, one byte less");
    }
}
