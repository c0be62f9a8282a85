//! Requests that no HTTP library sends.

use std::io::{Read as _, Write as _};

use countersign_tests::{Home, Server, TestClient};

fn start() -> (Home, Server, TestClient) {
    let home = Home::with_keys();
    let client = home.add_client("c", &[]);
    let server = home.serve();
    (home, server, client)
}

/// The status codes of everything that came back on one connection.
fn statuses(answer: &str) -> Vec<&str> {
    answer
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|rest| rest.split(' ').next().unwrap_or_default())
        .collect()
}

#[test]
fn malformed_requests_get_400_or_a_closed_door() {
    let (_home, server, client) = start();
    let head = "POST /oauth2/token HTTP/1.1\r\nHost: x\r\n";
    let cases = [
        "GARBAGE\r\n\r\n".to_owned(),
        "\0\0\0\0\r\n\r\n".to_owned(),
        "\x16\x03\x01\x02\x00\x01\x00\x01\u{fc}\x03\x03".to_owned() + "\r\n\r\n",
        "GET\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        "GET /oauth2/jwks HTTP/1.1\r\nHost: x\r\nA\0B: c\r\n\r\n".to_owned(),
        "GET /oauth2/jwks HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n".to_owned(),
        format!("{head}Content-Length: -1\r\n\r\n"),
        format!("{head}Content-Length: 99999999999999999999999\r\n\r\n"),
        format!("{head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        format!("{head}Transfer-Encoding: x\r\n\r\n"),
    ];
    for request in cases {
        let answer = server.raw(request.as_bytes());
        let told = statuses(&answer);
        assert!(
            told.is_empty() || told == ["400"] || told == ["505"],
            "{request:?}: {answer}"
        );
    }
    let body = "grant_type=client_credentials";
    // What is well-formed but broken on the way is refused in the words of the protocol, or not at all.
    for (what, request) in [
        (
            "a broken chunk",
            format!(
                "{head}Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n{body}\r\n0\r\n\r\n"
            ),
        ),
        (
            "bytes of Latin-1 in Authorization",
            format!(
                "{head}Authorization: Basic \u{e9}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            ),
        ),
    ] {
        let answer = server.raw(request.as_bytes());
        let told = statuses(&answer);
        assert!(told.is_empty() || told == ["400"], "{what}: {answer}");
    }
    assert_eq!(server.token(&client, &[]).status, 200);
}

#[test]
fn a_length_that_can_be_read_in_two_ways_smuggles_nothing() {
    let (_home, server, client) = start();
    let inner = format!(
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 29\r\nConnection: close\r\n\r\ngrant_type=client_credentials",
        client.base64()
    );
    let request = format!(
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}",
        inner.len() + 5
    );
    let answer = server.raw(request.as_bytes());
    assert!(!answer.contains("access_token"), "{answer}");
    // The same without the trick, so that the above can fail.
    assert!(server.raw(inner.as_bytes()).contains("access_token"));
}

#[test]
fn a_chunked_body_is_a_body() {
    let (_home, server, client) = start();
    let request = format!(
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {}\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nb\r\ngrant_type=\r\n12\r\nclient_credentials\r\n0\r\n\r\n",
        client.base64()
    );
    let answer = server.raw(request.as_bytes());
    assert_eq!(statuses(&answer), ["200"], "{answer}");
}

#[test]
fn rule_s4_the_issuer_comes_from_configuration_never_from_host() {
    let (_home, server, _client) = start();
    let path = "/.well-known/oauth-authorization-server";
    let expected = format!("\"issuer\":\"{}\"", server.issuer);
    for request in [
        format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
        format!("GET {path} HTTP/1.0\r\n\r\n"),
        format!(
            "GET {path} HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nForwarded: host=evil.example\r\nConnection: close\r\n\r\n"
        ),
        format!(
            "GET http://evil.example{path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
        ),
    ] {
        let answer = server.raw(request.as_bytes());
        if answer.contains(" 200 OK") {
            assert!(answer.contains(&expected), "{request}: {answer}");
        }
        assert!(!answer.contains("evil.example"), "{request}: {answer}");
    }
    let document = server.get(path).json();
    assert_eq!(document["issuer"], server.issuer);
    assert_eq!(
        document["token_endpoint"],
        format!("{}/oauth2/token", server.issuer)
    );
}

#[test]
fn one_connection_carries_many_requests_and_survives_refusals() {
    let (_home, server, client) = start();
    let mut stream = server.connect();
    let request = |credentials: &str, close: &str| {
        format!(
            "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {credentials}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 29\r\n{close}\r\ngrant_type=client_credentials"
        )
    };
    let (good, bad) = (client.base64(), client.with_secret("x").base64());
    let pipelined = [
        request(&good, ""),
        request(&bad, ""),
        "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        request(&good, "Connection: close\r\n"),
    ];
    stream.write_all(pipelined.concat().as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(statuses(&answer), ["200", "401", "404", "200"], "{answer}");
}
