//! Which scope and which audience a token gets: RFC 6749 §3.3, RFC 8707 §2.

use std::collections::BTreeSet;

use countersign_tests::{Answer, Home, jwt};

fn words(text: &str) -> BTreeSet<&str> {
    text.split(' ').filter(|word| !word.is_empty()).collect()
}

/// The scope that is told, and that it is the one in the token.
fn granted(answer: &Answer) -> Result<String, (u16, String)> {
    if answer.status != 200 {
        return Err(answer.refusal());
    }
    let body = answer.json();
    let scope = body["scope"].as_str().expect("a text").to_owned();
    let claims = jwt::claims(&answer.access_token());
    assert_eq!(
        words(claims["scope"].as_str().unwrap_or_default()),
        words(&scope)
    );
    Ok(scope)
}

#[test]
fn rfc6749_3_3_a_subset_of_what_the_client_may_have() {
    let home = Home::with_keys();
    let plain = home.add_client("plain", &["--scope", "read write", "--scope", "a.b"]);
    let default = home.add_client(
        "default",
        &[
            "--scope",
            "read write admin",
            "--default-scope",
            "read",
            "--default-scope",
            "write",
        ],
    );
    let openid = home.add_client("openid", &["--scope", "openid profile offline_access read"]);
    let openid_only = home.add_client("openid-only", &["--scope", "openid"]);
    let none = home.add_client("none", &[]);
    let paths = "/accounts/{id}/wallets.read /ping.read https://api.example/read a:b a!b #x ~";
    let odd = home.add_client("odd", &["--scope", paths]);
    let server = home.serve();

    let too_many = (0..300)
        .map(|n| n.to_string())
        .collect::<Vec<_>>()
        .join(" ");
    let too_long = "x".repeat(300);
    let invalid = Err("invalid_scope");
    let cases = [
        (&plain, None, Ok("read write a.b")),
        (&plain, Some(""), Ok("read write a.b")),
        (&plain, Some("read"), Ok("read")),
        (&plain, Some("a.b read"), Ok("read a.b")),
        (&plain, Some("read read"), Ok("read")),
        (&plain, Some("admin"), invalid),
        (&plain, Some("read admin"), invalid),
        (&plain, Some("READ"), invalid),
        (&plain, Some("rea"), invalid),
        (&plain, Some("openid"), invalid),
        (&plain, Some("read  write"), invalid),
        (&plain, Some(" read"), invalid),
        (&plain, Some("read\twrite"), invalid),
        (&plain, Some("read,write"), invalid),
        (&plain, Some("\"read\""), invalid),
        (&plain, Some("re\\ad"), invalid),
        (&plain, Some("r\u{e9}ad"), invalid),
        (&plain, Some("read\0"), invalid),
        (&plain, Some("*"), invalid),
        (&plain, Some(&*too_many), invalid),
        (&plain, Some(&*too_long), invalid),
        (&default, None, Ok("read write")),
        (&default, Some("admin"), Ok("admin")),
        (&default, Some("admin read write"), Ok("read write admin")),
        (&openid, None, Ok("read")),
        (&openid, Some("openid read"), Ok("read")),
        (&openid, Some("openid email"), invalid),
        (&openid_only, Some("openid"), Ok("")),
        (&none, None, Ok("")),
        (&none, Some("read"), invalid),
        (&odd, None, Ok(paths)),
        (
            &odd,
            Some("/accounts/{id}/wallets.read"),
            Ok("/accounts/{id}/wallets.read"),
        ),
        (&odd, Some("/accounts/{id}/wallets"), invalid),
    ];
    for (client, asked, expected) in cases {
        let more: Vec<_> = asked.iter().map(|scope| ("scope", *scope)).collect();
        let told = granted(&server.token(client, &more));
        let expected = expected.map_err(|error| (400, error.to_owned()));
        let context = format!("{} asks for {asked:?}", client.id);
        match (&told, expected) {
            (Ok(told), Ok(expected)) => assert_eq!(words(told), words(expected), "{context}"),
            (Err(told), Err(expected)) => assert_eq!(*told, expected, "{context}"),
            (_, expected) => panic!("{context}: {told:?} instead of {expected:?}"),
        }
    }
}

type Audience<'a> = Result<Vec<&'a str>, (u16, String)>;

#[test]
fn rfc8707_2_resources_narrow_the_audience() {
    let home = Home::with_keys();
    let (a, b) = ("https://api.example/v1", "urn:example:b");
    let two = home.add_client("two", &["--resource", a, "--resource", b]);
    let none = home.add_client("none", &[]);
    let server = home.serve();
    let issuer = &*server.issuer;

    let target = Err((400, "invalid_target".to_owned()));
    let cases: Vec<(_, Vec<&str>, Audience<'_>)> = vec![
        (&two, vec![], Ok(vec![a])),
        (&two, vec![""], Ok(vec![a])),
        (&two, vec![a], Ok(vec![a])),
        (&two, vec![b], Ok(vec![b])),
        (&two, vec![b, a], Ok(vec![b, a])),
        (&two, vec![b, b, b], Ok(vec![b])),
        (&two, vec!["urn:example:c"], target.clone()),
        (&two, vec![a, "urn:example:c"], target.clone()),
        (&two, vec!["https://api.example/v1/"], target.clone()),
        (&two, vec!["https://API.example/v1"], target.clone()),
        (&two, vec!["https://api.example:443/v1"], target.clone()),
        (&two, vec!["https://api.example/v1#x"], target.clone()),
        (&two, vec!["/v1"], target.clone()),
        (&two, vec!["https://api.example/ v1"], target.clone()),
        (&two, vec![issuer], target.clone()),
        (&none, vec![], Ok(vec![issuer])),
        (&none, vec![a], target),
    ];
    for (client, asked, expected) in cases {
        let more: Vec<_> = asked.iter().map(|one| ("resource", *one)).collect();
        let answer = server.token(client, &more);
        let told = if answer.status == 200 {
            let claims = jwt::claims(&answer.access_token());
            let audience = match &claims["aud"] {
                serde_json::Value::Array(several) => several.clone(),
                one => vec![one.clone()],
            };
            Ok(audience)
        } else {
            Err(answer.refusal())
        };
        let expected = expected.map(|list| list.into_iter().map(Into::into).collect());
        assert_eq!(told, expected, "{} asks for {asked:?}", client.id);
    }
}

#[test]
fn rfc6749_3_2_only_resource_may_be_repeated() {
    let home = Home::with_keys();
    let client = home.add_client("c", &["--scope", "read", "--resource", "urn:a"]);
    let server = home.serve();
    for repeated in [
        "scope=read&scope=read",
        "scope=&scope=read",
        "sc%6Fpe=read&scope=read",
        "grant_type=client_credentials",
        "client_id=c&client_id=c",
        "unknown=1&unknown=2",
    ] {
        let body = format!("grant_type=client_credentials&{repeated}");
        let answer = server
            .post("/oauth2/token")
            .basic(&client)
            .form_bytes(body)
            .send();
        assert_eq!(
            answer.refusal(),
            (400, "invalid_request".into()),
            "{repeated}"
        );
    }
    let body = "grant_type=client_credentials&unknown=1&resource=urn:a&resource=urn:a";
    let answer = server
        .post("/oauth2/token")
        .basic(&client)
        .form_bytes(body)
        .send();
    assert_eq!(answer.status, 200, "unknown parameters are ignored");
}
